"""Two records become one: the strictest of both protects the child, nothing of either is lost, one number retires."""

import itertools
from collections.abc import AsyncIterator, Mapping

import asyncpg
import pytest

from adapters.identity import LikenessReason
from adapters.records import Keys, NhsNumber, Tier, Upn
from adapters.shield_records import ActState
from adapters.store.postgres import Store
from adapters.store.roles import Role
from gateway.shield.acts import strictest
from resolvers.acts import BadActError
from tests.auditing import opened
from tests.databases import Database
from tests.officers import ANN, BOB, ELSE, REASON, Officers, an_entry, officers_of, put_in_quarantine
from tests.store.rows import Rows, act

Circle = Mapping[str, tuple[str, ...]]

TIERS = (Tier.OPEN, Tier.SHIELDED, Tier.SEALED)
WITHHELD: tuple[tuple[str, ...], ...] = ((), ("KEY",), ("PARENT_NAMES",))
CIRCLES: tuple[Circle, ...] = (
    {},
    {"school-1": ("ADDRESS", "SCHOOL"), "practice-1": ("CONTACT",)},
    {"school-1": ("SCHOOL",), "practice-1": ("HISTORY",)},
)
SHIELDS = [
    (tier, *more)
    for tier in TIERS
    for more in (zip(WITHHELD, CIRCLES, strict=True) if tier.value != "OPEN" else [((), {})])
]
KEYS = Keys(nhs_number=NhsNumber("9990000018"), upn=Upn("A801200005001"))
BY_KEY = [LikenessReason.SAME_KEY]


@pytest.fixture
async def officers(database: Database, store: Store) -> AsyncIterator[Officers]:
    """The officers' desk on this test's database."""
    async with officers_of(database, store) as desk:
        yield desk


async def two(rows: Rows) -> tuple[int, int]:
    """Two records of one child: each has one key of an entry that waits; the second is shielded."""
    one, other = await rows.child("0000000000001"), await rows.child("0000000000002", family="Exemple")
    await rows.connection.execute(
        "INSERT INTO keys VALUES ('NHS_NUMBER', '9990000018', $1), ('UPN', 'A801200005001', $2)", one, other
    )
    await rows.shield(other)
    entry = an_entry(given="Ada", family="Example", keys=KEYS)
    await put_in_quarantine(rows.connection, "entry", entry, {one: BY_KEY, other: BY_KEY})
    return one, other


async def test_strictest_of_both_stays(officers: Officers, rows: Rows) -> None:
    """For every two tiers, circles and things withheld, the survivor stands as `strictest` says."""
    for number, (kept, gone) in enumerate(itertools.product(SHIELDS, repeat=2)):
        children = []
        for at, (tier, withheld, circle) in enumerate((kept, gone)):
            child = await rows.child(f"{number:012d}{at}", postcode=None)
            children.append(child)
            if tier is not Tier.OPEN:
                await rows.shield(child, tier.value, withheld=withheld)
            for organisation, categories in circle.items():
                await rows.circle(child, organisation, categories, days=30 + at)
        one, other = [await officers.state(f"{number:012d}{at}") for at in (0, 1)]
        assert one is not None
        assert other is not None
        async with rows.connection.transaction():
            await act(rows.connection, children[0], "MERGED", second="officer-2")
            await rows.connection.execute("SELECT merge_children($1, $2)", *children)
        merged, expected = await officers.state(one.number), strictest(one, other)
        assert merged is not None
        assert (merged.tier, merged.withheld, merged.review_on) == (
            (expected.tier, expected.withheld, expected.review_on)
        )
        assert tuple(term for term in merged.circle if term.categories) == expected.circle
        assert await officers.state(other.number) is None
    assert await rows.connection.fetchval("SELECT sum(breaches) FROM law_breaches()") == 0


async def test_nothing_of_either_is_lost(rows: Rows) -> None:
    """Keys, names, holds, rows of sources and parents come along; the other number is retired and leads nowhere."""
    one, other = await rows.child("0000000000001"), await rows.child("0000000000002", family="Exemple")
    await rows.hold(other)
    await rows.connection.execute(
        f"""
        INSERT INTO keys VALUES ('NHS_NUMBER', '9990000018', {one});
        INSERT INTO keys VALUES ('UPN', 'A801200005001', {other}), ('NHS_NUMBER', '9990000026', {other});
        INSERT INTO former_names (child_id, position, given, family) VALUES
            ({one}, 0, '{{Ada}}', 'Before'), ({other}, 0, '{{Ada}}', 'Earlier');
        INSERT INTO source_rows VALUES ('roll', '\\x01', {other});
        INSERT INTO parent_links VALUES ('\\x02', {one}), ('\\x02', {other}), ('\\x03', {other});
        INSERT INTO broker_references VALUES ('handle', 'school-1', {other}, now());
        """  # noqa: S608 - two children's ids
    )
    async with rows.connection.transaction():
        await act(rows.connection, one, "MERGED", second="officer-2")
        await rows.connection.execute("SELECT merge_children($1, $2)", one, other)
    for query, expected in {
        "SELECT system || value FROM keys ORDER BY 1": ["NHS_NUMBER9990000018", "UPNA801200005001"],
        "SELECT system || value FROM former_keys": ["NHS_NUMBER9990000026"],
        "SELECT family FROM former_names ORDER BY position": ["Before", "Exemple", "Earlier"],
        "SELECT mark FROM holds WHERE cleared_at IS NULL": ["PDS_RESTRICTED"],
        "SELECT encode(fingerprint, 'hex') FROM parent_links ORDER BY 1": ["02", "03"],
        "SELECT child_id FROM source_rows": [one],
        "SELECT reference FROM broker_references": [],
        "SELECT number FROM merged_numbers": ["0000000000002"],
        "SELECT id FROM children": [one],
    }.items():
        assert [row[0] for row in await rows.connection.fetch(query)] == expected, query


async def test_one_officer_merges_nobody(rows: Rows, database: Database, officers: Officers) -> None:
    """The store itself refuses an act of one, whatever it is handed."""
    one, other = await two(rows)
    shield = await database.connect(Role.SHIELD)
    async with shield.transaction():
        await act(shield, one, "MERGED", second="officer-2")
        await shield.execute("SELECT merge_children($1, $2)", one, other)
    one, other = await rows.child("0000000000003"), await rows.child("0000000000004")
    await rows.shield(other)
    await shield.execute("BEGIN")
    await act(shield, one, "MERGED")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await shield.execute("SELECT merge_children($1, $2)", one, other)
    await shield.close()


@pytest.mark.parametrize("protected", ["survivor", "loser"])
async def test_feed_merges_no_protected_child(rows: Rows, database: Database, protected: str) -> None:
    """Neither into one nor out of one."""
    one, other = await rows.child(), await rows.child()
    await rows.shield(one if protected == "survivor" else other)
    feed = await database.connect(Role.FEED)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await feed.execute("SELECT merge_children($1, $2)", one, other)
    await feed.close()


async def test_officers_merge_what_an_entry_joins(rows: Rows, officers: Officers) -> None:
    """Two officers say that an entry's two records are one child, and which number lives on."""
    one, _ = await two(rows)
    results = []
    for viewer in (ANN, BOB):
        acts = officers.acts(viewer)
        results.append(await acts.resolve(("resolve",), "entry", "SAME", "0000000000001", True, REASON))
    assert [result and result.state for result in results] == [ActState.PROPOSED, ActState.DONE]
    merged = await officers.state("0000000000001")
    assert merged is not None
    assert merged.tier is Tier.SHIELDED
    assert await officers.state("0000000000002") is None
    resolved = await rows.connection.fetchrow("SELECT state, child_id, resolved_by, second FROM quarantine")
    assert resolved is not None
    assert tuple(resolved) == ("SAME", one, "ann", "bob")
    assert "0000000000002" in (await opened(rows.connection))[-1].numbers


async def test_merge_takes_two_records_that_keys_name(rows: Rows, officers: Officers) -> None:
    """Where likeness alone speaks for a second record, or it is closed, nothing is merged."""
    _, other = await two(rows)
    await rows.connection.execute("UPDATE quarantine_candidates SET reasons = '{SAME_NAME}' WHERE child_id = $1", other)
    with pytest.raises(BadActError):
        await officers.acts(ANN).resolve(("resolve",), "entry", "SAME", "0000000000001", True, REASON)
    await rows.connection.execute("UPDATE quarantine_candidates SET reasons = '{SAME_KEY}'")
    await rows.connection.execute("UPDATE children SET own_keys_alone = true WHERE id = $1", other)
    await officers.acts(ANN).resolve(("resolve",), "entry", "SAME", "0000000000001", True, REASON)
    with pytest.raises(BadActError):
        await officers.acts(BOB).resolve(("resolve",), "entry", "SAME", "0000000000001", True, REASON)
    assert await officers.acts(ELSE).resolve(("resolve",), "entry", "SAME", "0000000000001", True, REASON) is None
