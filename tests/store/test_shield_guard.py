"""The store itself refuses: no shield changes without an officer's act, and none weakens without a second officer.

Whatever the gateway's own rules were to let through, these statements are tried as the roles that could send them.
"""

import itertools
from collections.abc import AsyncIterator

import asyncpg
import pytest

from adapters.store.roles import Connection, Role
from tests.databases import Database
from tests.store.rows import Rows, act

# Child 1 is shielded, withholds its key and waits to be confirmed; child 2 is open; both are held. Acts are on child 1.
RAISE = """
    INSERT INTO shields (child_id, tier, authority, ground, review_on, raised_by, confirmed_at)
    VALUES (2, 'SHIELDED', 'E08000035', '', now(), 'officer-1', NULL)
"""
BY_ONE = (
    RAISE,
    "UPDATE shields SET tier = 'SEALED'",
    "UPDATE shields SET withheld = '{KEY,PARENT_NAMES}'",
    "UPDATE shields SET review_on = review_on + 30, ground = 'another'",
    "UPDATE shields SET confirmed_at = now(), confirmed_by = 'officer-1'",
    "UPDATE circles SET until = until - 1",
    "UPDATE circles SET categories = '{ADDRESS}'",
    "DELETE FROM circles",
    "UPDATE holds SET cleared_at = now(), cleared_by = 'officer-1', cleared_for = 'a reason' WHERE child_id = 1",
)
BY_TWO = (
    "DELETE FROM shields",
    "UPDATE shields SET withheld = '{}'",
    "UPDATE shields SET withheld = '{PARENT_NAMES}'",
    "UPDATE shields SET authority = 'E06000001'",
    "INSERT INTO circles VALUES (1, 'school-2', '{ADDRESS}', current_date + 1)",
    "UPDATE circles SET until = until + 1",
    "UPDATE circles SET categories = categories || '{PRACTICE}'",
    "UPDATE circles SET organisation = 'school-2'",
    "INSERT INTO household_releases SELECT 2, 1, current_setting('contactpoint.act')",
)


@pytest.fixture
async def officer(database: Database, rows: Rows) -> AsyncIterator[Connection]:
    """A connection that changes shields, in a world with a shielded child, its circle, and an open child on hold."""
    child, other = await rows.child(), await rows.child(given=["Bob"])
    assert (child, other) == (1, 2)
    await rows.shield(child, withheld=["KEY"], unconfirmed_by="officer-0")
    await rows.circle(child, "school-1", ["ADDRESS", "SCHOOL"])
    for held in (child, other):
        await rows.hold(held)
    connection = await database.connect(Role.SHIELD)
    yield connection
    await connection.close()


async def allowed(officer: Connection, statement: str, *, second: str | None = None, acts: bool = True) -> bool:
    """Whether the statement is carried out within an act, or without any."""
    try:
        async with officer.transaction():
            if acts:
                await act(officer, 1, second=second)
            else:
                await officer.execute("SELECT set_config('contactpoint.act', '', true)")
            assert not (await officer.execute(statement)).endswith(" 0")
    except asyncpg.InsufficientPrivilegeError:
        return False
    except asyncpg.ForeignKeyViolationError:  # a release that names no act
        return False
    return True


@pytest.mark.parametrize("statement", [*BY_ONE, *BY_TWO])
async def test_nothing_without_an_act(officer: Connection, rows: Rows, statement: str) -> None:
    """Not even what strengthens: somebody must have said why."""
    before = await rows.epoch()
    assert await allowed(officer, statement, acts=False) is False
    assert await rows.epoch() == before


@pytest.mark.parametrize("statement", BY_ONE)
async def test_one_officer_strengthens(officer: Connection, statement: str) -> None:
    """At once, and alone."""
    assert await allowed(officer, statement) is True


@pytest.mark.parametrize("statement", BY_TWO)
async def test_two_officers_weaken(officer: Connection, statement: str) -> None:
    """One is refused, whatever the act is called; with a second it is done."""
    assert await allowed(officer, statement) is False
    assert await allowed(officer, statement, second="officer-2") is True


async def test_a_seal_comes_off_by_two(officer: Connection, rows: Rows) -> None:
    """The stricter tier is as hard to leave as the shield itself."""
    await rows.connection.execute("UPDATE shields SET tier = 'SEALED'")
    lowered = "UPDATE shields SET tier = 'SHIELDED'"
    assert await allowed(officer, lowered) is False
    assert await allowed(officer, lowered, second="officer-2") is True


async def test_nobody_is_their_own_second(officer: Connection) -> None:
    """The act itself is refused, and nobody confirms what they raised."""
    with pytest.raises(asyncpg.CheckViolationError):
        await allowed(officer, "DELETE FROM shields", second="officer-1")
    with pytest.raises(asyncpg.CheckViolationError):
        await allowed(officer, "UPDATE shields SET confirmed_at = now(), confirmed_by = 'officer-0'")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE shields SET raised_by = 'somebody'",
        "UPDATE shields SET confirmed_at = now()",
        RAISE.replace("NULL", "now()"),
        RAISE.replace("officer-1", "somebody"),
    ],
    ids=["another raiser", "confirmed by nobody", "raised confirmed", "raised by somebody else"],
)
async def test_whoever_raises_is_named_and_confirms_nothing(officer: Connection, statement: str) -> None:
    """Who raised a shield reads nothing by it until somebody else confirms: neither half can be written around."""
    assert await allowed(officer, statement) is False


ON_ANOTHER = (
    "DELETE FROM shields WHERE child_id = 2",
    "UPDATE shields SET withheld = '{}' WHERE child_id = 2",
    "INSERT INTO circles VALUES (2, 'school-2', '{ADDRESS}', current_date + 1)",
    "UPDATE holds SET cleared_at = now() WHERE child_id = 2",
    "INSERT INTO household_releases SELECT 1, 2, current_setting('contactpoint.act')",
)


@pytest.mark.parametrize("statement", ON_ANOTHER)
async def test_an_act_weakens_no_other_child(officer: Connection, rows: Rows, statement: str) -> None:
    """Two officers spoke of one child: no other loses anything by it."""
    await rows.shield(2, withheld=["KEY"])
    assert await allowed(officer, statement, second="officer-2") is False


async def test_an_older_snapshot_changes_nothing(officer: Connection) -> None:
    """Under REPEATABLE READ what others committed meanwhile would not be seen: refused outright."""
    transaction = officer.transaction(isolation="repeatable_read")
    await transaction.start()
    with pytest.raises(asyncpg.RaiseError, match="READ COMMITTED alone"):
        await act(officer, 1)
    await transaction.rollback()


async def test_an_act_ends_with_its_transaction(officer: Connection) -> None:
    """Named again in a later transaction, even the same session's, it is no act in hand."""
    async with officer.transaction():
        reference = await act(officer, 1, second="officer-2")
    await officer.execute("SELECT set_config('contactpoint.act', $1, false)", reference)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="by an officer's act alone"):
        await officer.execute("DELETE FROM shields")


async def test_a_weakening_hides_behind_no_strengthening(officer: Connection) -> None:
    """A shield made stricter in one way and looser in another takes its second officer for the looser."""
    both = "UPDATE shields SET tier = 'SEALED', withheld = '{PARENT_NAMES}'"
    assert await allowed(officer, both) is False
    assert await allowed(officer, both, second="officer-2") is True


@pytest.mark.parametrize(
    ("role", "statement"),
    list(
        itertools.product(
            (Role.GATEWAY, Role.FEED, Role.REGISTRY),
            (*BY_ONE, *BY_TWO, "INSERT INTO shield_acts DEFAULT VALUES", "SELECT act_turn()"),
        )
    ),
)
async def test_no_other_role_changes_a_shield(
    database: Database, officer: Connection, role: Role, statement: str
) -> None:
    """However it is put: whoever answers, loads or registers has no hand on a shield."""
    connection = await database.connect(role)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement)
    await connection.close()


async def test_history_says_what_stood_by_whom(officer: Connection, rows: Rows) -> None:
    """Every change leaves a line: what then stood, whether it weakened, and the act with its second officer."""
    await allowed(officer, "UPDATE shields SET tier = 'SEALED'")
    await allowed(officer, "DELETE FROM shields", second="officer-2")
    history = await rows.connection.fetch(
        "SELECT h.change, h.tier, h.weakens, a.officer, h.second FROM shield_history h"
        " LEFT JOIN shield_acts a ON a.reference = h.act ORDER BY h.id"
    )
    assert [tuple(row) for row in history] == [
        ("INSERT", "SHIELDED", False, None, None),  # by the owner's hand
        ("UPDATE", "SEALED", False, "officer-1", None),
        ("DELETE", "SEALED", True, "officer-1", "officer-2"),
    ]


@pytest.mark.parametrize("table", ["shield_history", "shield_acts"])
async def test_history_is_written_once(officer: Connection, rows: Rows, table: str) -> None:
    """Not even the owner edits it, as long as the guards stand."""
    await allowed(officer, "UPDATE shields SET tier = 'SEALED'")
    for statement in (f"UPDATE {table} SET second = 'x'", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):  # noqa: S608
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="history is written once"):
            await rows.connection.execute(statement)


async def test_any_act_ends_looks_behind_the_shield(officer: Connection, rows: Rows) -> None:
    """An override ends with the act, and answers decided under it are decided again."""
    await rows.override(1, "viewer", "token")
    before = await rows.epoch()
    assert await allowed(officer, "UPDATE shields SET ground = 'another'")
    assert await rows.connection.fetchval("SELECT count(*) FROM overrides WHERE until > now()") == 0
    assert await rows.epoch() > before


async def test_closing_a_record_moves_the_epoch(rows: Rows) -> None:
    """What was decided before the child had a new identity is not answered after."""
    await rows.child()
    before = await rows.epoch()
    await rows.connection.execute("UPDATE children SET closed = true")
    assert await rows.epoch() == before + 1


async def test_a_feed_in_the_middle_of_a_batch_makes_an_act_wait(database: Database, officer: Connection) -> None:
    """No shield moves between what a batch matched and what it writes."""
    feed = await database.connect(Role.FEED)
    async with feed.transaction():
        await feed.execute("SELECT feed_turn()")
        await officer.execute("SET lock_timeout = '20ms'")
        with pytest.raises(asyncpg.LockNotAvailableError):
            await officer.execute("SELECT act_turn()")
    await officer.execute("SET lock_timeout = 0")
    await officer.execute("SELECT act_turn()")
    await feed.close()
