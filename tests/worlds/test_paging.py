"""Searches and lists are of what is left when hidden values are deleted first (cases 3 to 6 and 20).

The twin takes out of a world, by the design's words, what a viewing may not see; then it searches and pages what is
left, plainly. The store must give the same rows, in the same order, cut at the same place.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, NamedTuple

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from adapters.records import Gender, Tier
from adapters.store.postgres import QUERIES, Store
from adapters.store.roles import Role
from adapters.store.search import Criteria, name_key
from gateway.capability import capability
from gateway.purpose import Purpose
from gateway.viewer import Role as ActingRole
from resolvers.disclosure import Category
from tests.builders import ELSEWHERE, HERE
from tests.databases import Database
from tests.shield.twin import ANOTHERS, ME, MY_PRINT, OTHER, Asker, Facts, may_be_told
from tests.store.rows import Rows

EMPTY: Final = ";".join(
    f"DELETE FROM {table}"  # noqa: S608 - words of this file
    for table in ("former_names", "holds", "circles", "overrides", "shields", "children")
)
several = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
async def rows(database: Database) -> AsyncIterator[Rows]:
    """A pen for the test's own database."""
    owner = await database.connect(Role.OWNER)
    yield Rows(owner)
    await owner.close()


@dataclass(frozen=True)
class Somebody:
    """A child and its protection; `former` is a family name from before."""

    given: str
    family: str
    born: date
    gender: str
    postcode: str | None
    former: str | None
    facts: Facts
    mine: bool  # the viewer's own child
    closed: bool


class Left(NamedTuple):
    """What a viewing may match a child by, in the order of matches: names first, then birth date and number."""

    family: str
    given: str
    born: date
    number: str
    gender: str
    postcode: str | None


dates = st.sampled_from([date(2015, 1, 1), date(2015, 12, 31), date(2016, 1, 1)])
facts = st.builds(
    Facts,
    tier=st.sampled_from(Tier),
    held=st.booleans(),
    withheld=st.sampled_from(["", "KEY"]),
    overridden=st.booleans(),
    circle=st.sampled_from(["", "", "ADDRESS", "SCHOOL", "SCHOOL ADDRESS"]),
    mine_by_authority=st.sampled_from([True, True, False]),
    raised_by=st.sampled_from([None, None, ME, OTHER]),
).map(lambda of: replace(of, raised_by=None) if of.tier is Tier.OPEN else of)  # nobody raised what is not there
somebody = st.builds(
    Somebody,
    given=st.sampled_from(["Ada", "Bea"]),
    family=st.sampled_from(["Example", "EXAMPLÉ", "Sample"]),
    born=dates,
    gender=st.sampled_from(["FEMALE", "MALE"]),
    postcode=st.sampled_from(["LS1 1AA", "LS1 1AB", None]),
    former=st.sampled_from([None, "Example", "Sample"]),
    facts=facts,
    mine=st.sampled_from([False] * 5 + [True]),
    closed=st.sampled_from([False] * 5 + [True]),
)
criteria = st.builds(
    Criteria,
    family=st.sampled_from(["example", "sample"]),
    given=st.sampled_from([None, None, "Ada"]),
    birth_year=st.sampled_from([2015, 2016]),
    birth_date=st.sampled_from([None, date(2015, 12, 31)]),
    gender=st.sampled_from([None, None, Gender.FEMALE]),
    postcode=st.sampled_from([None, "LS1 1AA", "ls11aa", "LS1 1AB"]),
)
ASKERS: Final = [
    *(Asker(ActingRole.PRACTITIONER, purpose, scopes, None) for purpose in Purpose for scopes in ("", "override")),
    *(Asker(ActingRole.SHIELD_OFFICER, Purpose.SHIELD_MANAGEMENT, scopes, None) for scopes in ("", "sealed")),
    Asker(ActingRole.SHIELD_OFFICER, Purpose.SAFEGUARDING, "sealed sensitive", None),
    Asker(ActingRole.STEWARD, Purpose.DATA_QUALITY, "", None),
    *(
        Asker(ActingRole.PARTNER, Purpose.CHILD_WELFARE, "", frozenset({Category.IDENTITY, *more}))
        for more in ([], [Category.ADDRESS])
    ),
]
askers = st.sampled_from([asker for asker in ASKERS if capability(asker.viewer(), asker.purpose)])
searches = st.lists(st.tuples(criteria, askers, st.integers(1, 4)), min_size=8, max_size=16)

WORKER: Final = Asker(ActingRole.PRACTITIONER, Purpose.SAFEGUARDING, "override", None)
STEWARD: Final = Asker(ActingRole.STEWARD, Purpose.DATA_QUALITY, "", None)
OPEN: Final = Facts(Tier.OPEN, False, "", False, "", True, None)
ADA: Final = Somebody("Ada", "Example", date(2015, 1, 1), "FEMALE", "LS1 1AA", None, OPEN, mine=False, closed=False)
HIDDEN: Final = replace(ADA, facts=replace(OPEN, tier=Tier.SEALED))
BY_NAME: Final = Criteria("Example", birth_year=2015)
RIGHT, WRONG = [Criteria("Example", birth_year=2015, postcode=postcode) for postcode in ("LS1 1AA", "ZZ99 3VZ")]


def left_of(asker: Asker, world: Sequence[Somebody]) -> list[Left]:
    """The world without what this viewing may not see."""
    return [
        Left(
            name_key(child.family),
            name_key(child.given),
            child.born,
            number_of(place),
            child.gender,
            child.postcode if may_be_told(Category.ADDRESS, asker, child.facts) else None,
        )
        for place, child in enumerate(world)
        if is_told_of(asker, child)
    ]


def is_told_of(asker: Asker, child: Somebody) -> bool:
    return not child.mine and not child.closed and may_be_told(Category.IDENTITY, asker, child.facts)


def number_of(place: int) -> str:
    return f"{place:013}"


def matches(left: Left, by: Criteria) -> bool:
    assert by.birth_year is not None
    return (
        left.family == name_key(by.family)
        and by.given in (None, left.given.title())
        and left.born.year == by.birth_year
        and by.birth_date in (None, left.born)
        and (by.gender is None or by.gender.value == left.gender)
        and (by.postcode is None or left.postcode in (by.postcode, "LS1 1AA" if by.postcode == "ls11aa" else ""))
    )


async def lay(rows: Rows, world: Sequence[Somebody | None]) -> None:
    """Have the store hold these children and no others; a place without one is a number of nobody's."""
    await rows.connection.execute(EMPTY)
    for place, child in enumerate(world):
        if child is not None:
            await lay_one(rows, place, child)


async def lay_one(rows: Rows, place: int, child: Somebody) -> None:
    of, here = child.facts, HERE if child.facts.mine_by_authority else ELSEWHERE
    id = await rows.child(  # noqa: A001 - its own word
        number_of(place),
        given=[child.given],
        family=child.family,
        born=child.born,
        gender=child.gender,
        postcode=child.postcode,
        authority=here,
    )
    if of.tier is not Tier.OPEN:
        await rows.shield(id, of.tier.value, here, of.withheld.split(), unconfirmed_by=of.raised_by)
    if of.held:
        await rows.hold(id)
    if of.circle:
        await rows.circle(id, "school-1", of.circle.split())
    if of.overridden:
        await rows.override(id, ME, "token-1")
    if child.former is not None:
        await rows.connection.execute(
            "INSERT INTO former_names (child_id, position, given, family) VALUES ($1, 0, '{Ada}', $2)", id, child.former
        )
    kin = ANOTHERS + MY_PRINT if child.mine else ANOTHERS
    await rows.connection.execute("UPDATE children SET kin = $2, closed = $3 WHERE id = $1", id, kin, child.closed)


async def found(store: Store, by: Criteria, asker: Asker, first: int) -> list[str]:
    """The numbers that the store gives whoever searches, one more than `first` where there are too many."""
    allowed = capability(asker.viewer(), asker.purpose)
    assert allowed is not None
    return [child.number for child in (await store.find_children(by, allowed.scope, first)).children]


@several
@given(world=st.lists(somebody, max_size=7), searched=searches)
@example(world=[HIDDEN] * 3 + [ADA] * 2, searched=[(BY_NAME, WORKER, 1)])
@example(world=[replace(HIDDEN, closed=True)] * 3 + [ADA] * 2, searched=[(BY_NAME, WORKER, 1)])
async def test_a_search_is_of_what_is_left_when_hidden_values_are_deleted(
    store: Store, rows: Rows, world: list[Somebody], searched: list[tuple[Criteria, Asker, int]]
) -> None:
    """Rows, their order, and where they are cut: by no value that the viewing may not see."""
    await lay(rows, world)
    for by, asker, first in searched:
        expected = sorted(left for left in left_of(asker, world) if matches(left, by))
        assert await found(store, by, asker, first) == [left.number for left in expected][: first + 1]


@several
@given(
    world=st.lists(somebody, max_size=6),
    others=st.lists(st.none() | somebody, min_size=6, max_size=6),
    asker=askers,
    by=st.lists(criteria, min_size=4, max_size=8),
    first=st.integers(1, 3),
)
async def test_two_worlds_apart_in_hidden_values_are_searched_alike(
    store: Store,
    rows: Rows,
    world: list[Somebody],
    others: list[Somebody | None],
    asker: Asker,
    by: list[Criteria],
    first: int,
) -> None:
    """Whoever is hidden is another, or nobody; whose address is hidden lives elsewhere; all have had other names."""
    told = []
    for twin in (world, [varied(asker, one, other) for one, other in zip(world, others, strict=False)]):
        await lay(rows, twin)
        told.append([await found(store, each, asker, first) for each in by])
    assert told[0] == told[1]


def varied(asker: Asker, one: Somebody, other: Somebody | None) -> Somebody | None:
    """The child as it might be otherwise without this viewing being able to see it."""
    if not is_told_of(asker, one):
        return other if other is None or not is_told_of(asker, other) else None
    hides_address = not may_be_told(Category.ADDRESS, asker, one.facts)
    return replace(
        one,
        former=None if other is None else other.former,
        postcode=(None if other is None else other.postcode) if hides_address else one.postcode,
    )


# --- What the server does for a search.


async def plan_of(store: Store, rows: Rows, by: Criteria, asker: Asker) -> list[tuple[Any, ...]]:
    """Each node of the plan that the server chose, with how many rows it took up and let go, how often."""
    asked: list[tuple[Any, ...]] = []
    plain = store._fetch

    async def overheard(query: str, *arguments: Any) -> Any:
        asked.append((QUERIES[query], *arguments))
        return await plain(query, *arguments)

    store._fetch = overheard  # type: ignore[method-assign]  # the statement and its values are asked for nowhere else
    try:
        await found(store, by, asker, 10)
    finally:
        store._fetch = plain  # type: ignore[method-assign]  # and it is as it was
    [(statement, *values)] = asked
    return await explained(rows, statement, *values)


async def explained(rows: Rows, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """The same of one statement."""
    [row] = await rows.connection.fetch(
        f"EXPLAIN (ANALYZE, TIMING OFF, BUFFERS OFF, SUMMARY OFF, FORMAT JSON) {statement}", *values
    )
    [whole] = msgspec.json.decode(row[0])
    return list(_nodes(whole["Plan"]))


COUNTED: Final = ("Node Type", "Index Name", "Actual Rows", "Actual Loops", "Rows Removed by Filter")


def _nodes(plan: Mapping[str, Any]) -> Any:
    yield tuple(plan.get(word) for word in COUNTED)
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


@pytest.mark.parametrize(
    ("facts", "asker"),
    [
        (replace(OPEN, tier=Tier.SHIELDED), WORKER),
        (replace(OPEN, held=True), WORKER),
        (replace(OPEN, tier=Tier.SEALED), WORKER),
        (replace(OPEN, tier=Tier.SHIELDED, circle="SCHOOL"), WORKER),
        (OPEN, STEWARD),
    ],
    ids=["shielded", "held", "sealed", "circle of another category", "a purpose that needs no address"],
)
async def test_the_server_takes_up_as_many_rows_whatever_the_hidden_postcode(
    store: Store, rows: Rows, facts: Facts, asker: Asker
) -> None:
    """CASES 17: no node of the plan does more or less for the right one, and none asks an index by postcode."""
    await lay(rows, [replace(ADA, facts=facts), *[replace(ADA, family="Other")] * 50])
    await rows.connection.execute("ANALYZE children")
    right, wrong = [await plan_of(store, rows, by, asker) for by in (RIGHT, WRONG)]
    assert right == wrong
    assert "children_by_postcode" not in {index for _, index, *_ in right}


async def test_a_visible_postcode_makes_a_difference_to_the_server(store: Store, rows: Rows) -> None:
    """So that the test above can fail."""
    await lay(rows, [ADA])
    right, wrong = [await plan_of(store, rows, by, WORKER) for by in (RIGHT, WRONG)]
    assert right != wrong


async def test_the_server_takes_up_as_many_rows_however_many_former_names(rows: Rows) -> None:
    """CASES 17: they are read before it is decided who may see them, so five must be no more work than none."""
    await rows.child(number_of(1))
    of_five = await rows.child(number_of(2))
    await rows.connection.executemany(
        "INSERT INTO former_names (child_id, position, given, family) VALUES ($1, $2, '{Ada}', 'Before')",
        [(of_five, position) for position in range(5)],
    )
    none, five = [await explained(rows, QUERIES["children_by_number"], [number_of(place)]) for place in (1, 2)]
    assert none == five
