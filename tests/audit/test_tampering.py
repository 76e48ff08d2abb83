"""CASES 59: what is done to the ledger as the database's owner, an independent verifier names, and where."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.store.entries import ChildAccess, Conditions, SealedEntry, packed
from adapters.store.ledger_months import drop_months
from adapters.store.postgres import Store
from adapters.store.registry_records import RECORDED
from adapters.store.roles import Connection, Role
from gateway.audit.checkpoint_format import Head, Signed, sign
from gateway.audit.checkpoints import Checkpoints
from gateway.audit.retention import Stub, sign_stub
from gateway.audit.scribe import Access, Scribe
from gateway.audit.verify import Kind
from gateway.audit.verifying import Verdict, verify_store
from gateway.events import Observer
from tests.auditing import scribe_for
from tests.databases import Database

OURS, SOMEBODYS = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()


@dataclass
class Written:
    """A ledger of two chains, ten records each, with a checkpoint after five and after ten of them."""

    database: Database
    store: Store
    scribe: Scribe
    owner: Connection
    kept: list[Signed]

    async def record(self, writer: int, count: int, authority: str | None = None) -> None:
        for _ in range(count):
            seen = ChildAccess("9990000018", frozenset({"IDENTITY"}), frozenset(), override=False, authority=authority)
            access = Access(
                secrets.token_hex(16), "viewer", "school", "PRACTITIONER", "EDUCATION", None, None, "ANSWERED",
                children=(seen,),
            )  # fmt: skip
            entry = await self.scribe.sealed(access)
            assert await self.store.record_accesses(writer, [(entry, Conditions())], 1, 1) == [RECORDED]

    async def checkpoint(self, key: Ed25519PrivateKey = OURS) -> Signed:
        signed = await Checkpoints(self.store, key, Observer(), every=60).take_turn()
        assert signed is not None
        self.kept.append(signed)
        return signed

    async def by_hand(self, *statements: str, values: tuple[object, ...] = ()) -> None:
        """As whoever owns the database, with its guards put out of the way."""
        for table in ("ledger", "ledger_keys", "ledger_checkpoints", "ledger_stubs"):
            await self.owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            await self.owner.execute(statement, *values)

    async def verdict(self, *kept: Signed) -> Verdict:
        dsn = self.database.dsn(Role.AUDIT)
        return await verify_store(dsn, OURS.public_key(), kept, lambda done, of_all: None)

    async def found(self, *kept: Signed) -> list[tuple[Kind, int | None, int]]:
        return [finding[:3] for finding in (await self.verdict(*kept)).findings]


@pytest.fixture
async def written(database: Database, store: Store) -> AsyncIterator[Written]:
    ledger = Written(database, store, scribe_for(store), await database.connect(), [])
    for _ in range(2):
        await ledger.record(1, 5)
        await ledger.record(2, 5)
        await ledger.checkpoint()
    yield ledger
    await ledger.owner.close()


async def test_nothing_is_wrong_with_what_was_written(written: Written) -> None:
    """Every record and checkpoint is looked at, the kept ones too; what was recorded since is no fault."""
    await written.record(1, 3)
    verdict = await written.verdict(*written.kept)
    assert (verdict.records, verdict.checkpoints, verdict.found) == (23, 2, 0)


SWAP = """
    WITH a AS (SELECT * FROM ledger WHERE chain = 1 AND position = 3),
         b AS (SELECT * FROM ledger WHERE chain = 1 AND position = 4)
    UPDATE ledger l SET reference = o.reference, sealed = o.sealed, link = o.link, at = o.at
      FROM (SELECT 4 AS position, a.reference, a.sealed, a.link, a.at FROM a UNION ALL
            SELECT 3, b.reference, b.sealed, b.link, b.at FROM b) AS o
     WHERE l.chain = 1 AND l.position = o.position
"""
FLIP = "UPDATE ledger SET sealed = set_byte(sealed, 20, 255 - get_byte(sealed, 20)) WHERE chain = 2 AND position = 9"
CUT = "DELETE FROM ledger WHERE chain = 2 AND position > 7"
SET_BACK = """
    UPDATE ledger_chains c SET position = 7, link = l.link FROM ledger l
     WHERE c.chain = 2 AND l.chain = 2 AND l.position = 7
"""
COLUMNS = "position, at, reference, key, viewer, children, sealed, link"
BY_HAND = [
    pytest.param(
        ["UPDATE ledger SET viewer = 'somebody else...' WHERE chain = 1 AND position = 3"],
        [(Kind.FLIPPED, 1, 3)],
        id="flipped",
    ),
    pytest.param(
        [FLIP],
        [(Kind.FLIPPED, 2, 9)],
        id="a byte",
    ),
    pytest.param(["DELETE FROM ledger WHERE chain = 1 AND position IN (3, 4)"], [(Kind.MISSING, 1, 3)], id="missing"),
    pytest.param([SWAP], [(Kind.REORDERED, 1, 3), (Kind.REORDERED, 1, 4)], id="reordered"),
    pytest.param([CUT], [(Kind.TRUNCATED, 2, 8)], id="cut"),
    pytest.param([CUT, SET_BACK], [(Kind.TRUNCATED, 2, 8)], id="cut, and the head set back"),
    pytest.param(["DELETE FROM ledger WHERE chain = 2"], [(Kind.TRUNCATED, 2, 10)], id="a chain gone"),
    pytest.param(
        ["DELETE FROM ledger_checkpoints WHERE number = 1"], [(Kind.MISSING, None, 1)], id="a checkpoint gone"
    ),
    pytest.param(
        ["UPDATE ledger_checkpoints SET text = replace(text, E'\\n1 5 ', E'\\n1 4 ') WHERE number = 1"],
        [(Kind.FOREIGN_KEY, None, 1), (Kind.FORKED, None, 2)],
        id="a checkpoint changed",
    ),
    pytest.param(
        ["UPDATE ledger_checkpoints SET number = 9 WHERE number = 2"],
        [(Kind.REORDERED, None, 9)],
        id="a checkpoint kept under another number",
    ),
    pytest.param(
        [f"INSERT INTO ledger SELECT 20, {COLUMNS} FROM ledger WHERE chain = 1 AND position = 1"],  # noqa: S608
        [(Kind.FLIPPED, 20, 1), (Kind.INVENTED, 20, 1), (Kind.REPEATED, 20, 1)],
        id="a chain invented",
    ),
    pytest.param(
        ["UPDATE ledger_chains c SET position = 0, link = sha256('') WHERE chain = 2"],
        [(Kind.INVENTED, 2, 1)],
        id="a head set back",
    ),
    pytest.param(
        ["UPDATE ledger_keys SET auditors = ARRAY['another']"],
        [(Kind.KEY_LOST, chain, position) for chain in (1, 2) for position in range(1, 11)],
        id="a data key's auditor renamed",
    ),
    pytest.param(
        ["UPDATE ledger_keys SET sealed = ARRAY['another'::bytea]"],
        [(Kind.KEY_LOST, chain, position) for chain in (1, 2) for position in range(1, 11)],
        id="a data key exchanged",
    ),
]


@pytest.mark.parametrize(("statements", "expected"), BY_HAND)
async def test_what_is_done_by_hand_is_named(
    written: Written, statements: list[str], expected: list[tuple[Kind, int | None, int]]
) -> None:
    """By the owner, who may do anything to the database."""
    await written.by_hand(*statements)
    assert await written.found() == expected


async def test_a_copied_record_is_named(written: Written) -> None:
    """Whoever owns the store may write a record's copy after it, and every link follows: what was done once, twice."""
    row = await written.owner.fetchrow(
        "SELECT reference, key, viewer, children, sealed FROM ledger WHERE chain = 2 AND position = 4"
    )
    assert row is not None
    await written.owner.execute(
        "SELECT record_accesses(1, ARRAY[$1::bytea], 1, 1)", packed(SealedEntry(*row), Conditions())
    )
    assert await written.found() == [(Kind.REPEATED, 1, 11)]


async def test_a_lost_key_of_a_protected_childs_part_is_named(written: Written) -> None:
    """What its authority's auditors alone could read is as much of the record as the rest."""
    await written.record(1, 1, authority="E08000035")
    assert await written.found() == []
    await written.by_hand("DELETE FROM ledger_keys WHERE authority IS NOT NULL")
    assert await written.found() == [(Kind.KEY_LOST, 1, 11)]


@pytest.mark.parametrize("last", ["of nobody's making", None])
async def test_checkpoints_go_on_after_what_is_none(written: Written, last: str | None) -> None:
    """Junk, or an older one again, kept by whoever may keep them: it is named, and ends nothing."""
    assert await written.store.keep_checkpoint(3, last or written.kept[0].text())
    await written.record(1, 1)
    signed = await written.checkpoint()
    assert signed.checkpoint.number == 4
    kinds = {(kind, number) for kind, _, number in await written.found()}
    assert (Kind.FLIPPED if last else Kind.REORDERED, 3) in kinds


async def test_a_month_is_known_by_its_times(written: Written) -> None:
    """Renamed as an older one, this month's table is not dropped for it: its stub would vouch for what is gone."""
    now = await written.owner.fetchval("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')")
    await written.by_hand(f"ALTER TABLE ledger_{now} RENAME TO ledger_2019_01")
    this_month = await written.owner.fetchval("SELECT date_trunc('month', now() AT TIME ZONE 'UTC')::date")
    assert await drop_months(written.database.dsn(Role.OWNER), this_month, lambda *_: "") == []


async def test_a_month_is_made_while_the_ledger_is_read_and_written(written: Written) -> None:
    """Whoever verifies reads for as long as it takes: neither waits for the other, and no answer for either."""
    name = await written.owner.fetchval(
        "SELECT 'ledger_' || to_char(now() AT TIME ZONE 'UTC' + interval '2 months', 'YYYY_MM')"
    )
    await written.by_hand(f"DROP TABLE {name}")
    async with written.owner.transaction():
        await written.owner.fetch("SELECT * FROM ledger")
        await written.record(1, 1)
        await written.store.make_ledger_months(2)
    assert await written.owner.fetchval("SELECT to_regclass($1) IS NOT NULL", name)


async def test_a_history_written_anew_is_a_fork(written: Written) -> None:
    """Every link follows, heads and all: only what the checkpoints saw is another."""
    await written.by_hand(
        "DELETE FROM ledger WHERE chain = 1",
        "UPDATE ledger_chains SET position = 0, link = sha256('') WHERE chain = 1",
    )
    await written.record(1, 10)
    assert await written.found() == [(Kind.FORKED, 1, 5), (Kind.FORKED, 1, 10)]


async def test_an_old_backup_is_named_by_a_kept_checkpoint(written: Written) -> None:
    """Put back whole, checkpoints too, it is whole in itself: only who kept the last checkpoint can tell."""
    await written.by_hand(
        "DELETE FROM ledger WHERE position > 5",
        "DELETE FROM ledger_checkpoints WHERE number > 1",
        "UPDATE ledger_chains c SET position = 5, link = l.link FROM ledger l"
        " WHERE l.chain = c.chain AND l.position = 5",
    )
    assert await written.found() == []
    assert await written.found(written.kept[-1]) == [
        (Kind.ROLLED_BACK, None, 2),
        (Kind.TRUNCATED, 1, 6),
        (Kind.TRUNCATED, 2, 6),
    ]


async def test_a_swapped_checkpoint_key_is_named(written: Written) -> None:
    """Signed anew by a key of one's own, checkpoints vouch for nothing."""
    anew = [sign(signed.checkpoint, SOMEBODYS) for signed in written.kept]
    texts = tuple(signed.text() for signed in anew)
    await written.by_hand("UPDATE ledger_checkpoints SET text = ($1::text[])[number]", values=(texts,))
    assert (Kind.FOREIGN_KEY, None, 1) in await written.found()
    assert (Kind.FOREIGN_KEY, None, 2) in await written.found()


async def test_the_guards_stand_in_the_owners_way(written: Written) -> None:
    """Whoever has not put them out of the way changes nothing, even the owner."""
    month = await written.owner.fetchval("SELECT 'ledger_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')")
    for statement in (
        "UPDATE ledger SET at = at",
        "DELETE FROM ledger_keys",
        "TRUNCATE ledger_checkpoints",
        f"DELETE FROM {month}",  # noqa: S608
        f"TRUNCATE {month}",
    ):
        with pytest.raises(Exception, match="the ledger is written once"):
            await written.owner.execute(statement)


async def test_a_month_that_is_dropped_leaves_a_stub_that_verifies(written: Written) -> None:
    """What is behind it still follows; a stub that somebody wrote themselves is not believed."""
    next_month = await written.owner.fetchval("SELECT date_trunc('month', now() AT TIME ZONE 'UTC' + '1 month')::date")
    dropped = await drop_months(
        written.database.dsn(Role.OWNER),
        next_month,
        lambda month, records, lasts: sign_stub(Stub(month, records, tuple(Head(*last) for last in lasts)), OURS),
    )
    assert [records for _, records in dropped] == [20]
    await written.store.make_ledger_months(0)
    await written.record(1, 2)
    assert await written.found(*written.kept) == []
    await written.by_hand("UPDATE ledger_stubs SET text = overlay(text PLACING 'A' FROM length(text) - 20)")
    assert (Kind.FOREIGN_KEY, None, 1) in await written.found()
