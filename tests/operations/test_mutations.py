"""Mutations on the plan: one after another, each to its end, and no more of them than one operation may carry out."""

import asyncio
from typing import Any

import pytest
import strawberry

from gateway.errors import LimitExceeded
from gateway.events import Observer
from gateway.operations.executor import Executor
from gateway.operations.limits import Limits
from gateway.operations.twin import Twin
from gateway.purpose import Purpose
from tests.operations.test_batches import World
from tests.operations.test_plan_and_twin import EXECUTOR, TWIN, ran
from tests.operations.whole import ANYBODY, whole_documents
from tests.operations.world import Context

ACTS = """
mutation($number: ID!, $reason: String!) {
  raiseShield(number: $number, ground: "a threat", reviewOn: "2027-01-01", reason: $reason) { state reference }
  second: confirmShield(number: $number, reason: $reason) { state }
  giveNewIdentity(
    number: $number, reason: $reason, identity: {given: ["Ada"], birthDate: "2015-01-02", gender: FEMALE}
  ) { number }
}
"""

DRAWN = """\
raiseShield resolver
  state .state
  reference .reference
second: confirmShield call
  state .state
giveNewIdentity resolver
  number .number"""


@strawberry.type
class Query:
    idle: bool = True


@strawberry.type
class Slow:
    """Steps that overlap unless each is awaited to its end, the fields below it included."""

    @strawberry.field
    async def step(self, info: strawberry.Info) -> str:
        return await taken(info.context, "below")


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def first(self, info: strawberry.Info, name: str) -> Slow:
        await taken(info.context, name)
        return Slow()

    @strawberry.mutation
    async def fails(self, info: strawberry.Info) -> Slow | None:
        await taken(info.context, "fails")
        raise ValueError

    @strawberry.mutation
    async def then(self, info: strawberry.Info, name: str = "then") -> Slow | None:
        await taken(info.context, name)
        return Slow()


async def taken(context: Any, name: str) -> str:
    context.steps.append(f"{name} begins")
    for _ in range(3):
        await asyncio.sleep(0)
    context.steps.append(f"{name} ends")
    return name


class Steps(Context):
    """Keeps when each step began and ended."""

    def __init__(self) -> None:
        super().__init__([], {})
        self.steps: list[str] = []


slow = strawberry.Schema(Query, Mutation)._schema
SLOW = whole_documents(slow, {})


@pytest.mark.parametrize("how", [Executor(Observer()), Twin(Observer())], ids=["plan", "twin"])
def test_each_mutation_ends_before_the_next_begins(how: Executor | Twin) -> None:
    """All that hangs below it too; and one that fails keeps the next from nothing."""
    text = """mutation($n: String!) {
      a: first(name: $n) { step } fails { step } b: first(name: "b") { step } then { step } }"""
    context = Steps()
    executed = asyncio.run(how.run(SLOW.operation(text, None, ANYBODY), {"n": "a"}, context))  # type: ignore[arg-type]
    assert executed.data == {
        "a": {"step": "below"},
        "fails": None,
        "b": {"step": "below"},
        "then": {"step": "below"},
    }
    each = ["a", "below", "fails", "b", "below", "then", "below"]
    assert context.steps == [f"{name} {when}" for name in each for when in ("begins", "ends")]


def test_plan_and_twin_push_in_the_same_order() -> None:
    """Aliases of one mutation are as many mutations, and what they answer depends on their order."""
    text = "mutation { a: push(number: 3) pushed b: push(number: 1) again: pushed a: push(number: 3) }"
    plan, twin = Context([], {}), Context([], {})
    assert ran(EXECUTOR, text, {}, plan) == ran(TWIN, text, {}, twin)
    assert plan.pushed == twin.pushed == [3, 1]


def test_the_plan_of_acts_is_drawn_as_it_is_run() -> None:
    """Plain arguments are handed over straight; inputs, enums and defaults go by the schema's own resolver."""
    operation = whole_documents().operation(ACTS, None, ANYBODY)
    assert operation.plan.serial
    assert str(operation.plan) == DRAWN


def test_an_operation_carries_out_so_many_acts_and_no_more() -> None:
    """Refused before the first of them, in whatever fragments they stand; what a condition leaves out is no act."""
    library, limits = whole_documents(), Limits()
    confirm = 'a{n}: confirmShield(number: "x", reason: "y") {{ state }}'
    allowed = [confirm.format(n=n) for n in range(limits.acts)]
    library.operation(f"mutation {{ __typename {' '.join(allowed)} }}", None, ANYBODY).cost.check({}, limits)
    hidden = f"... @include(if: $too) {{ {confirm.format(n='more')} }}"
    cost = library.operation(f"mutation($too: Boolean!) {{ {' '.join(allowed)} {hidden} }}", None, ANYBODY).cost
    cost.check({"too": False}, limits)
    with pytest.raises(LimitExceeded) as refused:
        cost.check({"too": True}, limits)
    assert refused.value.code == "LIMIT_ACTS"


async def test_without_a_desk_every_act_and_list_is_unavailable() -> None:
    """Where no address of the officers' store is set, a gateway answers for children and carries out nothing."""
    world = World(1)
    act = f'mutation {{ liftShield(number: "{world.children[0].number}", reason: "{"x" * 10}") {{ state }} }}'
    for text in (act, "{ shields { endCursor } }", "{ quarantine { endCursor } }"):
        executed = await world.ask(text, Purpose.SAFEGUARDING)
        assert [error.extensions for error in executed.errors] == [{"code": "UNAVAILABLE"}]


@pytest.mark.parametrize(
    ("text", "for_desk"),
    [
        ('mutation { liftShield(number: "x", reason: "y") { state } }', True),
        ("{ waiting: quarantine { hasNextPage } }", True),
        ("{ ...some } fragment some on Query { shields { hasNextPage } }", True),
        ('{ child(number: "x") { number } viewer { subject } }', False),
    ],
)
def test_only_what_acts_or_lists_is_for_the_desk(text: str, for_desk: bool) -> None:
    """Every other request is spared the making of what it would not use."""
    operation = whole_documents().operation(text, None, ANYBODY)
    assert operation.for_desk is for_desk
    assert not operation.touches_no_child
