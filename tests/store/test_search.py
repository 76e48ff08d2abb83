"""Searching: what the viewer may not see is no key, and everything is decided before the page is cut."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.records import Gender
from adapters.store.postgres import Store
from adapters.store.search import Criteria, SearchScope, name_key, postcode_key
from tests.store.rows import Rows

PRACTITIONER = SearchScope(address=True, manages=None, sealed=False, organisation="school", viewer="v", token="t")
OFFICER = replace(PRACTITIONER, manages="E08000035")
BY_NAME = Criteria("Example", birth_year=2015)
BY_POSTCODE = replace(BY_NAME, postcode="LS1 1AA")


async def found(store: Store, criteria: Criteria, scope: SearchScope = PRACTITIONER, limit: int = 10) -> list[int]:
    return [child.id for child in (await store.find_children(criteria, scope, limit)).children]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("O'Brien-Núñez", "obriennunez"),
        ("O\N{RIGHT SINGLE QUOTATION MARK}BRIEN NUNEZ", "obriennunez"),
        ("Łukasz Sørensen", "lukaszsorensen"),
        ("Straße", "strasse"),
        ("van der Berg", "vanderberg"),
        ("李", "李"),
        ("\N{MATHEMATICAL BOLD CAPITAL A}da", "ada"),
        ("--", ""),
    ],
)
def test_name_key(text: str, key: str) -> None:
    """Case, accents, spaces and punctuation do not tell names apart."""
    assert name_key(text) == key


@given(st.text())
def test_name_key_of_a_key_is_itself(text: str) -> None:
    """Normalising twice changes nothing, so a key made by population and one made by a search can meet."""
    assert name_key(name_key(text)) == name_key(text)


def test_postcode_key() -> None:
    """However it is typed, as the store keeps it."""
    assert {postcode_key(text) for text in ("ls11aa", "LS1 1AA", " ls1  1aa ", "LS1-1AA\0")} == {"LS1 1AA"}


def test_search_needs_a_birth_date_or_year() -> None:
    """No open-ended search (law 11)."""
    with pytest.raises(ValueError, match="needs `birthDate` or `birthYear`"):
        Criteria("Example")


async def test_criteria(store: Store, rows: Rows) -> None:
    """Every criterion given must hold; a family or given name is compared whole."""
    child = await rows.child()
    for criteria, finds in (
        (Criteria("EXAMPLE", birth_date=date(2015, 6, 1)), True),
        (Criteria("éxample", birth_year=2015), True),
        (Criteria("Example", birth_date=date(2015, 6, 2)), False),
        (Criteria("Example", birth_year=2014), False),
        (Criteria("Example", birth_date=date(2015, 6, 1), birth_year=2015), True),
        (Criteria("Example", birth_date=date(2015, 6, 1), birth_year=2014), False),
        (Criteria("Example", birth_year=0), False),
        (Criteria("Example", birth_year=10**9), False),
        (Criteria("Exam", birth_year=2015), False),
        (Criteria("-", birth_year=2015), False),
        (Criteria("Example", given="ada", birth_year=2015), True),
        (Criteria("Example", given="Ad", birth_year=2015), False),
        (Criteria("Example", birth_year=2015, gender=Gender.FEMALE), True),
        (Criteria("Example", birth_year=2015, gender=Gender.MALE), False),
        (Criteria("Example", birth_year=2015, postcode="ls11aa"), True),
        (Criteria("Example", birth_year=2015, postcode="LS1 1AB"), False),
        (Criteria("Example", birth_year=2015, postcode=""), False),
    ):
        assert (criteria, await found(store, criteria)) == (criteria, [child] if finds else [])


async def test_nobody_found_brings_the_epoch(store: Store, rows: Rows) -> None:
    """Finding nobody is an answer too, recorded under an epoch."""
    for criteria in (BY_NAME, Criteria("-", birth_year=2015)):
        assert (await store.find_children(criteria, PRACTITIONER, 10)).epoch == await rows.epoch()


async def test_former_names_find_nobody(store: Store, rows: Rows) -> None:
    """A former name is HISTORY: it is how adoptions leaked."""
    child = await rows.child(family="Now")
    await rows.connection.execute("INSERT INTO former_names VALUES ($1, 0, '{Ada}', 'Example')", child)
    assert await found(store, BY_NAME) == []


async def test_order_is_of_visible_values(store: Store, rows: Rows) -> None:
    """Given name, then birth date, then number, whatever order they were written in, and wherever they live."""
    third = await rows.child("CCCCCCCCCCCCC", given=["Bea"], postcode="LS2 2AA")
    second = await rows.child("BBBBBBBBBBBBB", born=date(2015, 7, 1), postcode="LS3 3AA")
    first = await rows.child("DDDDDDDDDDDDD", born=date(2015, 6, 30), postcode="LS4 4AA")
    last = await rows.child("EEEEEEEEEEEEE", given=["Bea"], postcode="LS1 1AA")
    assert await found(store, BY_NAME) == [first, second, third, last]


async def test_one_more_than_the_limit(store: Store, rows: Rows) -> None:
    """One more than asked for, which says that there are too many, and no further."""
    for _ in range(4):
        await rows.child()
    assert len(await found(store, BY_NAME, limit=2)) == 3


async def test_hidden_children_do_not_fill_the_page(store: Store, rows: Rows) -> None:
    """Sealed children, and shielded ones at a postcode, are taken out before the page is cut, not after."""
    for _ in range(3):
        await rows.shield(await rows.child(), "SEALED")
    for _ in range(3):
        await rows.shield(await rows.child(), "SHIELDED")
    visible = [await rows.child() for _ in range(2)]
    assert await found(store, BY_POSTCODE, limit=1) == visible


# The same rule once more, in plain Python, over worlds and viewers made at random.


@dataclass(frozen=True)
class Somebody:
    family: str
    given: str
    born: date
    postcode: str | None
    authority: str | None
    tier: str | None
    shield_authority: str
    held: bool | None  # None: never; False: a hold that was cleared
    circle: tuple[str, tuple[str, ...], int] | None
    override: tuple[str, str, int] | None
    unconfirmed_by: str | None = None
    closed: bool = False


NOBODY = Somebody("Example", "Ada", date(2015, 6, 1), "LS1 1AA", "E08000035", None, "E08000035", None, None, None)
somebody = st.builds(
    Somebody,
    family=st.sampled_from(["Example", "EXAMPLÉ", "Sample"]),
    given=st.sampled_from(["Ada", "Bea"]),
    born=st.sampled_from([date(2015, 1, 1), date(2015, 12, 31), date(2016, 1, 1)]),
    postcode=st.sampled_from(["LS1 1AA", "LS1 1AB", None]),
    authority=st.sampled_from(["E08000035", "E06000001", None]),
    tier=st.sampled_from([None, "SHIELDED", "SEALED"]),
    shield_authority=st.sampled_from(["E08000035", "E06000001"]),
    held=st.sampled_from([None, None, False, True]),
    circle=st.none()
    | st.tuples(
        st.sampled_from(["school", "surgery"]),
        st.sampled_from([("ADDRESS",), ("SCHOOL",), ("SCHOOL", "ADDRESS")]),
        st.sampled_from([-2, 0, 30]),
    ),
    override=st.none() | st.tuples(st.sampled_from("vw"), st.sampled_from("tu"), st.sampled_from([-1, 15])),
    unconfirmed_by=st.sampled_from([None, None, "v", "w"]),
    closed=st.sampled_from([False, False, False, True]),
)
criterion = st.builds(
    Criteria,
    family=st.sampled_from(["example", "sample"]),
    given=st.sampled_from([None, "Ada"]),
    birth_year=st.sampled_from([2015, 2016]),
    birth_date=st.sampled_from([None, date(2015, 12, 31)]),
    gender=st.sampled_from([None, Gender.FEMALE]),
    postcode=st.sampled_from([None, "LS1 1AA", "LS1 1AA", "LS1 1AB"]),
)
scope = st.builds(
    SearchScope,
    address=st.booleans(),
    manages=st.sampled_from([None, None, "E08000035", "E06000001"]),
    sealed=st.booleans(),
    organisation=st.sampled_from(["school", "elsewhere"]),
    viewer=st.sampled_from("vw"),
    token=st.sampled_from("tu"),
)


def matches(child: Somebody, by: Criteria, viewer: SearchScope) -> bool:
    """Whether this viewer may find this child by these criteria."""
    as_asked = (
        name_key(child.family) == name_key(by.family)
        and child.born.year == by.birth_year
        and by.birth_date in (None, child.born)
        and by.given in (None, child.given)
    )
    if viewer.manages is not None:
        authority = child.shield_authority if child.tier else child.authority
        own_raise = child.tier is not None and child.unconfirmed_by == viewer.viewer
        findable = authority == viewer.manages and (child.tier != "SEALED" or viewer.sealed) and not own_raise
        sees_address = True
    else:
        findable = child.tier != "SEALED"
        protected = child.tier is not None or child.held is True
        in_circle = child.circle is not None and (
            child.circle[0] == viewer.organisation and "ADDRESS" in child.circle[1] and child.circle[2] >= 0
        )
        overrides = child.override is not None and (
            child.override[:2] == (viewer.viewer, viewer.token) and child.override[2] > 0
        )
        sees_address = viewer.address and (not protected or in_circle or overrides)
    lives_there = by.postcode is None or (sees_address and child.postcode == by.postcode)
    return as_asked and findable and lives_there and not child.closed


async def lay(rows: Rows, world: list[Somebody]) -> list[int]:
    """Replace the database's children by these; their ids."""
    await rows.connection.execute("TRUNCATE children, shields, holds, circles, overrides CASCADE")
    ids = []
    for child in world:
        child_id = await rows.child(
            given=[child.given],
            family=child.family,
            born=child.born,
            postcode=child.postcode,
            authority=child.authority,
        )
        ids.append(child_id)
        if child.tier is not None:
            await rows.shield(child_id, child.tier, child.shield_authority, unconfirmed_by=child.unconfirmed_by)
        if child.held is not None:
            await rows.hold(child_id, cleared=not child.held)
        if child.circle is not None:
            await rows.circle(child_id, *child.circle)
        if child.override is not None:
            await rows.override(child_id, *child.override)
        if child.closed:
            await rows.connection.execute("UPDATE children SET closed = true WHERE id = $1", child_id)
    return ids


SIGHT: list[tuple[dict[str, Any], SearchScope, bool]] = [
    ({}, PRACTITIONER, True),
    ({}, replace(PRACTITIONER, address=False), False),
    ({"tier": "SHIELDED"}, PRACTITIONER, False),
    ({"tier": "SEALED"}, PRACTITIONER, False),
    ({"held": True}, PRACTITIONER, False),
    ({"held": False}, PRACTITIONER, True),
    ({"tier": "SHIELDED", "circle": ("school", ("ADDRESS",), 0)}, PRACTITIONER, True),
    ({"tier": "SHIELDED", "circle": ("school", ("ADDRESS",), -2)}, PRACTITIONER, False),
    ({"tier": "SHIELDED", "circle": ("school", ("SCHOOL",), 30)}, PRACTITIONER, False),
    ({"tier": "SHIELDED", "circle": ("surgery", ("ADDRESS",), 30)}, PRACTITIONER, False),
    ({"tier": "SHIELDED", "circle": ("school", ("ADDRESS",), 30)}, replace(PRACTITIONER, address=False), False),
    ({"tier": "SEALED", "circle": ("school", ("ADDRESS",), 30)}, PRACTITIONER, False),
    ({"tier": "SHIELDED", "override": ("v", "t", 15)}, PRACTITIONER, True),
    ({"tier": "SHIELDED", "override": ("v", "t", -1)}, PRACTITIONER, False),
    ({"tier": "SHIELDED", "override": ("v", "u", 15)}, PRACTITIONER, False),
    ({"tier": "SHIELDED", "override": ("w", "t", 15)}, PRACTITIONER, False),
    ({"tier": "SEALED", "override": ("v", "t", 15)}, PRACTITIONER, False),
    ({"tier": "SHIELDED"}, OFFICER, True),
    ({"tier": "SHIELDED", "shield_authority": "E06000001"}, OFFICER, False),
    ({"tier": "SEALED"}, OFFICER, False),
    ({"tier": "SEALED"}, replace(OFFICER, sealed=True), True),
    ({"tier": "SEALED", "shield_authority": "E06000001"}, replace(OFFICER, sealed=True), False),
    ({"tier": "SEALED"}, replace(PRACTITIONER, sealed=True), False),
    ({"authority": "E06000001"}, OFFICER, False),
    ({"authority": None}, OFFICER, False),
    ({"held": True}, OFFICER, True),
    ({"tier": "SHIELDED", "unconfirmed_by": "v"}, OFFICER, False),
    ({"tier": "SHIELDED", "unconfirmed_by": "w"}, OFFICER, True),
    ({"closed": True}, PRACTITIONER, False),
    ({"tier": "SEALED", "closed": True}, replace(OFFICER, sealed=True), False),
]


async def test_a_postcode_finds_those_whose_address_the_viewer_sees(store: Store, rows: Rows) -> None:
    """The address of a protected child is a key only for its circle, a live override, and its authority's officer."""
    for protection, viewer, finds in SIGHT:
        world = [replace(NOBODY, **protection)]
        ids = await lay(rows, world)
        outcome = await found(store, BY_POSTCODE, viewer) == ids, matches(world[0], BY_POSTCODE, viewer)
        assert (protection, viewer, *outcome) == (protection, viewer, finds, finds)


several = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@several
@given(
    world=st.lists(somebody, max_size=8),
    searches=st.lists(st.tuples(criterion, scope, st.integers(1, 4)), min_size=6, max_size=12),
)
async def test_agrees_with_the_plain_rule(
    store: Store, rows: Rows, world: list[Somebody], searches: list[tuple[Criteria, SearchScope, int]]
) -> None:
    """Exactly those whom the plain rule lets be found, in the order of visible values, cut at one past the limit."""
    ids = await lay(rows, world)
    for by, viewer, limit in searches:
        expected = [
            (name_key(child.given), child.born, child_id)  # numbers rise with ids here
            for child_id, child in zip(ids, world, strict=True)
            if matches(child, by, viewer)
        ]
        assert await found(store, by, viewer, limit) == [child_id for *_, child_id in sorted(expected)][: limit + 1]


@several
@given(
    world=st.lists(somebody, min_size=1, max_size=5),
    other=st.sampled_from(["LS1 1AA", "LS1 1AB", None]),
    by=criterion,
    organisation=st.sampled_from(["school", "elsewhere"]),
)
async def test_a_hidden_postcode_makes_no_difference(
    store: Store, rows: Rows, world: list[Somebody], other: str | None, by: Criteria, organisation: str
) -> None:
    """Two worlds that differ in protected children's postcodes and in sealed children alone give the same rows."""
    viewer = replace(PRACTITIONER, organisation=organisation)

    def hidden(child: Somebody) -> bool:
        return (child.tier is not None or child.held is True) and child.circle is None and child.override is None

    seen = []
    for twin in (False, True):
        laid = [
            replace(child, postcode=other, family="Example" if child.tier == "SEALED" else child.family)
            if twin and hidden(child)
            else child
            for child in world
        ]
        ids = await lay(rows, laid)
        seen.append([ids.index(child_id) for child_id in await found(store, by, viewer)])
    assert seen[0] == seen[1]
