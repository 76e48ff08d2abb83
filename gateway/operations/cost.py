"""What an operation costs at most: children x (fields + agency calls), found in its plan before anything runs.

The plan says what is asked of each child; the arguments of its root fields say how many children.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

from graphql import GraphQLError
from graphql.execution.values import VariableValues, get_argument_values

from gateway.errors import LimitExceeded
from gateway.operations.limits import Limits
from gateway.operations.plan import (
    Abstract,
    Becomes,
    Condition,
    Object,
    Plan,
    Planned,
    Question,
    Selection,
    Several,
    holds,
)
from gateway.operations.variables import Variables
from schema.roots import CHILDLESS, CHILDREN_OF

CALL: Final = 20  # what one call to an agency counts, in fields

# Root fields by what is counted of them besides: children named by number; whatever looks for children otherwise, and
# the counts of a month, of which each reads some thousand cells.
BY_NUMBER: Final = frozenset({"child", "children", "_entities"})
SEARCHES: Final = frozenset({"childByKey", "findChildren", "shields", "quarantine", "accesses", "statistics"})

ONE: Final = CHILDREN_OF["child"]  # looks at no argument

# How many children a root field's arguments ask for, the variables filled in.
Children: TypeAlias = Callable[[VariableValues], int]


class Amount(NamedTuple):
    """What one request comes to: children asked for by number, searches, acts, and the cost of it all."""

    children: int = 0
    searches: int = 0
    acts: int = 0
    cost: int = 0


@dataclass(frozen=True, slots=True)
class Term:
    """One root field: `children(variables)` of them, each with so many fields and so many questions to agencies.

    `one`: it is one child, or none at all, whatever the variables are.
    """

    root: str
    children: Children
    one: bool
    act: bool
    fields: int
    calls: int
    conditions: tuple[Condition, ...] | None

    def stands(self, variables: Mapping[str, Any]) -> bool:
        """Whether this run's answer has it."""
        return self.conditions is None or any(holds(condition, variables) for condition in self.conditions)

    def amount(self, children: int) -> Amount:
        """What it comes to with so many children."""
        return Amount(
            children=children if self.root in BY_NUMBER else 0,
            searches=int(self.root in SEARCHES),
            acts=int(self.act),
            cost=children * (self.fields + CALL * self.calls),
        )


@dataclass(frozen=True, slots=True)
class Cost:
    """An operation's terms. Kept with its plan; reckoned for every request."""

    terms: tuple[Term, ...]
    variables: Variables
    fixed: Amount | None  # where no variable has a part in it

    def of(self, variables: Mapping[str, Any]) -> int:
        """Sum over the terms that stand of children x (fields + CALL x calls)."""
        return self._amount(variables).cost

    def check(self, variables: Mapping[str, Any], limits: Limits) -> None:
        """Raise `LimitExceeded`: CHILDREN, SEARCHES, ACTS or COST, in that order."""
        children, searches, acts, cost = self.fixed or self._amount(variables)
        if children > limits.children:
            raise LimitExceeded("CHILDREN", f"at most {limits.children} children can be asked for at once")
        if searches > limits.searches:
            raise LimitExceeded("SEARCHES", f"at most {limits.searches} searches can be made at once")
        if acts > limits.acts:
            raise LimitExceeded("ACTS", f"an operation may carry out at most {limits.acts} acts")
        if cost > limits.cost:
            raise LimitExceeded(
                "COST", f"an operation may cost at most {limits.cost}: ask for fewer children or fields"
            )

    def at_most(self, limits: Limits) -> int:
        """What it can cost with any variables that these limits let through."""
        numbers = range(limits.children)
        given = {"numbers": numbers, "representations": numbers}
        return sum(term.amount(_children_of(term.root)(given)).cost for term in self.terms)

    def _amount(self, variables: Mapping[str, Any]) -> Amount:
        if self.fixed is not None:
            return self.fixed
        read = self.variables.read(variables)
        if not isinstance(read, VariableValues):
            return Amount()  # they do not fit, so nothing will run
        return _sum([term.amount(term.children(read)) for term in self.terms if term.stands(read.coerced)])


def cost_of(plan: Plan, variables: Variables) -> Cost:
    """The plan's cost."""
    terms = tuple(_term(planned, act=plan.serial) for planned in plan.root.fields if not planned.name.startswith("__"))
    fixed = all(term.one and term.conditions is None for term in terms)
    return Cost(terms, variables, _sum([term.amount(1) for term in terms]) if fixed else None)


def _sum(amounts: Sequence[Amount]) -> Amount:
    return Amount(*map(sum, zip(*amounts, strict=True))) if amounts else Amount()


def _children_of(name: str) -> Callable[[Mapping[str, Any]], int]:
    """Of a schema without children every field is like one that leads to none."""
    return ONE if name in CHILDLESS else CHILDREN_OF.get(name, ONE)


def _term(planned: Planned, *, act: bool) -> Term:
    wanted = _children_of(planned.name)
    node = planned.occurrences[0][0]  # validation has seen to it that all of one key have the same arguments

    def children(variables: VariableValues) -> int:
        try:
            return wanted(get_argument_values(planned.definition, node, variables))
        except GraphQLError:
            return 0  # an argument that is not there: the field ends in an error before anything is asked

    fields, questions = _of_becomes(planned.becomes)
    return Term(
        root=planned.name,
        children=children,
        one=wanted is ONE,
        act=act,
        fields=fields,
        calls=len(questions),
        conditions=planned.conditions,
    )


_Asks: TypeAlias = tuple[int, frozenset[Any]]  # fields, and the questions to agencies among them


def _of_becomes(becomes: Becomes) -> _Asks:
    match becomes:
        case Object(selection=selection):
            return _of_selection(selection)
        case Abstract(possible=possible):
            return max(map(_of_selection, possible.values()), key=lambda asks: asks[0] + CALL * len(asks[1]))
        case Several(item=item):
            return _of_becomes(item)
    return 0, frozenset()


def _of_selection(selection: Selection) -> _Asks:
    fields, questions = 0, set[Any]()
    for planned in selection.fields:
        below, asked = _of_becomes(planned.becomes)
        fields += 1 + below
        questions |= asked
        if isinstance(planned.source, Question):
            questions.add(planned.source.question)
    return fields, frozenset(questions)
