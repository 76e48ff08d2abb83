"""How much one operation may ask, and what a document's text amounts to. All of it is known before a resolver runs.

What is measured is the text alone, with its fragments spread out: no schema has a part in it, and no variable.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, fields, replace
from functools import reduce
from typing import Final, Self

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from gateway.errors import LimitExceeded
from gateway.settings import Settings

# Deeper than whatever is allowed: a fragment that leads to itself has no depth.
ENDLESS: Final = 10**9

# Tools nest `ofType` nine deep below these, and how often they may be asked is limited elsewhere.
INTROSPECTION: Final = frozenset({"__schema", "__type"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The settings' `limit_…`, each the most that is allowed; what exceeds one is `LIMIT_` and its name, 400."""

    document: int = 32 * 1024  # characters of a text
    tokens: int = 1_200
    definitions: int = 20
    depth: int = 15
    aliases: int = 100  # fragments spread out
    directives: int = 100  # fragments spread out
    repeats: int = 50  # of one response key in one selection
    fields: int = 2_000  # fragments spread out
    variables: int = 2_000  # values in all of them
    value: int = 1_000  # characters of one
    children: int = 100  # asked for by number
    searches: int = 10
    acts: int = 10
    cost: int = 20_000

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the settings have them."""
        return cls(**{known.name: getattr(settings, f"limit_{known.name}") for known in fields(cls)})


@dataclass(frozen=True, slots=True)
class Measured:
    """The most that one operation of a document amounts to, fragments spread out: a cycle is deeper than anything.

    Whole numbers, however large. `repeats` is never less than a response key really stands in one selection: a fragment
    spread counts as though it repeated what is there already.
    """

    depth: int
    aliases: int
    directives: int
    repeats: int
    fields: int


_TOO_MUCH: Final[Mapping[str, Callable[[int], str]]] = {
    "depth": lambda most: f"an operation may be at most {most} levels deep, and no fragment may lead to itself",
    "aliases": lambda most: f"an operation may have at most {most} aliases, fragments spread out",
    "directives": lambda most: f"an operation may have at most {most} directives, fragments spread out",
    "repeats": lambda most: f"a selection may have at most {most} fields of one response key",
    "fields": lambda most: f"an operation may select at most {most} fields, fragments spread out",
}


def measured(document: DocumentNode) -> Measured:
    """Measure it before it is validated, in time linear in its text; fragments that are not defined weigh nothing."""
    measure = _Measure(document)
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    most = reduce(_Weight.most, map(measure.operation, operations), _Weight())
    return Measured(most.depth, most.aliases, most.directives, most.repeats, most.fields)


def check_document(document: DocumentNode, limits: Limits) -> Measured:
    """Measure it; raises `LimitExceeded` for the first limit exceeded, in the order of `Measured`."""
    try:
        found = measured(document)
    except RecursionError:  # fragments that are each as deep as can be parsed, one below the other
        found = Measured(ENDLESS, 0, 0, 0, 0)
    for name, words in _TOO_MUCH.items():
        most = getattr(limits, name)
        if getattr(found, name) > most:
            raise LimitExceeded(name.upper(), words(most))
    return found


@dataclass(frozen=True, slots=True)
class _Weight:
    """What a selection amounts to with all below it; `here` is the most that one response key stands on its top."""

    depth: int = 0
    aliases: int = 0
    directives: int = 0
    repeats: int = 0
    fields: int = 0
    here: int = 0

    def most(self, other: "_Weight") -> "_Weight":
        return _Weight(*(max(pair) for pair in zip(astuple(self), astuple(other), strict=True)))


class _Measure:
    """Weighs operations; each fragment once, wherever it is spread."""

    def __init__(self, document: DocumentNode) -> None:
        self._fragments: Mapping[str, FragmentDefinitionNode] = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }
        self._known: dict[str, _Weight] = {}

    def operation(self, node: OperationDefinitionNode) -> _Weight:
        of_variables = sum(len(one.directives or ()) for one in node.variable_definitions or ())
        return self._level(node.selection_set, of_variables + len(node.directives or ()))

    def _fragment(self, name: str) -> _Weight:
        known = self._known.get(name)
        if known is None:
            node = self._fragments.get(name)
            if node is None:
                return _Weight()
            self._known[name] = _Weight(depth=ENDLESS)  # what is found where it leads back to itself
            known = self._known[name] = self._level(node.selection_set, len(node.directives or ()))
        return known

    def _level(self, selections: SelectionSetNode, directives: int) -> _Weight:
        """What stands on one level, all fragments that are spread on it included, and all below."""
        keys: Counter[str] = Counter()
        spread = depth = aliases = repeats = fields = 0
        level = [selections]
        for one in level:
            for selection in one.selections:
                directives += len(selection.directives or ())
                match selection:
                    case FieldNode():
                        below = self._field(selection)
                        keys[selection.alias.value if selection.alias else selection.name.value] += 1
                        aliases += selection.alias is not None
                        fields += 1
                    case FragmentSpreadNode(name=name):
                        below = self._fragment(name.value)
                        spread += below.here
                    case InlineFragmentNode(selection_set=inner):
                        level.append(inner)
                        continue
                depth, repeats = max(depth, below.depth), max(repeats, below.repeats)
                aliases += below.aliases
                directives += below.directives
                fields += below.fields
        here = spread + max(keys.values(), default=0)
        return _Weight(depth, aliases, directives, max(repeats, here), fields, here)

    def _field(self, node: FieldNode) -> _Weight:
        """The field's own level of depth, and what stands below it."""
        if node.selection_set is None:
            return _Weight(depth=1)
        below = self._level(node.selection_set, 0)
        return replace(below, depth=1 if node.name.value in INTROSPECTION else below.depth + 1, here=0)
