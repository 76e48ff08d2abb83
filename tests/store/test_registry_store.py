"""The registry in the store: whatever changes of it moves its epoch, once, and is read as of one moment."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import asyncpg
import pytest

from adapters.store.entries import Organisation
from adapters.store.postgres import Store, StoreUnavailable
from adapters.store.registry_records import Client, Partner, PublishedDocument
from adapters.store.roles import Connection, Role
from tests.databases import Database
from tests.store.rows import Rows

BODY = "query Child($number: ID!) { child(number: $number) { number } }"
HASH = "sha256:" + hashlib.sha256(BODY.encode()).hexdigest()
REGISTERED = """
INSERT INTO organisations (id, name, kind) VALUES ('cms', 'Case Systems', 'PARTNER'), ('school', 'School', 'SCHOOL');
INSERT INTO partners (organisation, categories) VALUES ('cms', '{IDENTITY}');
INSERT INTO clients (issuer, id, name, roles, doors)
VALUES ('https://i', 'front', 'Front end', '{ANALYST}', '{AD_HOC}');
"""
DOCUMENT = "INSERT INTO documents (partner, hash, body, name, published_by) VALUES ('cms', $1, $2, 'Child', 'me')"
# Every way of changing each table, one statement each.
CHANGES = (
    "INSERT INTO organisations (id, name, kind) VALUES ('a', 'A', 'SCHOOL'), ('b', 'B', 'SCHOOL')",
    "UPDATE organisations SET name = 'B'",
    "DELETE FROM organisations WHERE id = 'school'",
    "TRUNCATE organisations CASCADE",
    "INSERT INTO clients (issuer, id, name, roles, doors) VALUES ('https://i', 'c', 'C', '{AUDITOR}', '{AD_HOC}')",
    "UPDATE clients SET suspended = true",
    "DELETE FROM clients",
    "TRUNCATE clients",
    "INSERT INTO partners (organisation, categories) VALUES ('school', '{IDENTITY}')",
    "UPDATE partners SET purpose = 'SAFEGUARDING'",
    "DELETE FROM partners WHERE organisation = 'none'",
    "TRUNCATE partners CASCADE",
    "INSERT INTO denied_tokens (issuer, token, expires_at) VALUES ('https://i', 'j', now())",
    "UPDATE denied_tokens SET expires_at = now()",
    "DELETE FROM denied_tokens",
    "TRUNCATE denied_tokens",
    "INSERT INTO staff_prints (organisation, subject, print) VALUES ('school', 's', '0123456789abcdef')",
    "UPDATE staff_prints SET subject = 't'",
    "DELETE FROM staff_prints",
    "TRUNCATE staff_prints",
    "UPDATE documents SET revoked_at = now(), revoked_by = 'me'",
    "TRUNCATE documents CASCADE",
)


@pytest.fixture
async def registered(rows: Rows) -> Rows:
    """A partner with a document, a school, and a client that is no partner's."""
    await rows.connection.execute(REGISTERED)
    await rows.connection.execute(DOCUMENT, HASH, BODY)
    return rows


@pytest.fixture
async def registrar(database: Database) -> AsyncIterator[Connection]:
    """A connection as the role that keeps the registry."""
    connection = await database.connect(Role.REGISTRY)
    yield connection
    await connection.close()


@pytest.mark.parametrize("change", CHANGES)
async def test_every_change_moves_the_epoch_once(store: Store, registered: Rows, change: str) -> None:
    """By whichever statement, however many rows it touches; a cascade moves it once for each table."""
    before = await store.registry_epoch()
    await registered.connection.execute(change)
    after = await store.registry_epoch()
    assert after > before if "CASCADE" in change else after == before + 1


async def test_use_is_no_change(store: Store, registered: Rows) -> None:
    """That a document was used is told every few seconds, and moves nothing."""
    before = await store.registry_epoch()
    await store.documents_used({("cms", HASH): 3})
    assert await store.registry_epoch() == before


async def test_even_for_a_session_that_calls_itself_a_replica(
    database: Database, store: Store, registered: Rows
) -> None:
    """The triggers fire always, so that no restored row comes in unseen."""
    before = await store.registry_epoch()
    superuser = await asyncpg.connect(database.cluster.superuser_dsn(database.name))
    await superuser.execute("SET session_replication_role = replica; UPDATE clients SET suspended = true")
    await superuser.close()
    assert await store.registry_epoch() == before + 1


async def test_all_of_it_is_read_as_of_one_epoch(store: Store, registered: Rows, registrar: Connection) -> None:
    """Clients, partners, live documents and tokens called back, each by what it is asked by."""
    await registrar.execute("SELECT deny_token('https://i', 'jti', now() + interval '1 hour')")
    snapshot = await store.registry_snapshot()
    assert snapshot.epoch == await store.registry_epoch()
    assert snapshot.clients == {
        ("https://i", "front"): Client(
            issuer="https://i",
            id="front",
            name="Front end",
            roles=frozenset({"ANALYST"}),
            purposes=None,
            scopes=frozenset(),
            doors=frozenset({"AD_HOC"}),
            organisations=None,
            authorities=None,
        )
    }
    roots = frozenset({"viewer", "child", "childByKey", "children"})
    assert snapshot.partners == {"cms": Partner("cms", frozenset({"IDENTITY"}), roots)}
    assert snapshot.documents == {("cms", HASH): PublishedDocument("cms", HASH, BODY, "Child")}
    assert snapshot.denied == {("https://i", "jti")}


async def test_a_revoked_document_is_gone_from_it(store: Store, registered: Rows, registrar: Connection) -> None:
    """Revoked, and published anew: there again."""
    await registrar.execute("UPDATE documents SET revoked_at = now(), revoked_by = 'me'")
    assert (await store.registry_snapshot()).documents == {}
    await registrar.execute("UPDATE documents SET revoked_at = NULL, revoked_by = NULL")
    assert ("cms", HASH) in (await store.registry_snapshot()).documents


async def test_a_token_called_back_outlives_clocks_that_differ(
    store: Store, registered: Rows, registrar: Connection
) -> None:
    """It is kept a little past its own end, never shortened, and swept away an hour later."""
    for token, ends in (("just", "-1 minute"), ("long", "-10 minutes"), ("swept", "-2 hours")):
        await registrar.execute("SELECT deny_token('https://i', $1, now() + $2::text::interval)", token, ends)
    assert (await store.registry_snapshot()).denied == {("https://i", "just")}
    await registrar.execute("SELECT deny_token('https://i', 'long', now() + interval '1 hour')")
    await registrar.execute("SELECT deny_token('https://i', 'long', now())")
    assert (await store.registry_snapshot()).denied == {("https://i", "just"), ("https://i", "long")}
    assert await registrar.fetchval("SELECT count(*) FROM denied_tokens") == 2


async def test_an_organisation_comes_with_the_epoch(store: Store, registered: Rows) -> None:
    """So that whoever keeps it knows as of when; the same for one that is not there."""
    epoch = await store.registry_epoch()
    assert await store.organisation("school") == (epoch, Organisation("school", "School", "SCHOOL", None, frozenset()))
    assert await store.organisation("nobody") == (epoch, None)


async def test_a_member_of_staff_is_named_and_unnamed(store: Store, registered: Rows, registrar: Connection) -> None:
    """By the employer alone, as the ledger names the viewer."""
    assert await store.staff_print("school", "t-1") is None
    await registrar.execute("SELECT name_staff('school', 't-1', $1)", b"p" * 16)
    await registrar.execute("SELECT name_staff('school', 't-1', $1)", b"q" * 16)
    assert await store.staff_print("school", "t-1") == b"q" * 16
    assert await store.staff_print("cms", "t-1") is None
    await registrar.execute("SELECT name_staff('school', 't-1', NULL)")
    assert await store.staff_print("school", "t-1") is None


async def test_uses_of_documents_add_up(store: Store, registered: Rows) -> None:
    """By partner, hash and day; of a document that is not there nothing is kept."""
    await store.documents_used({("cms", HASH): 3, ("cms", "sha256:no"): 1})
    await store.documents_used({("cms", HASH): 2})
    usage = await registered.connection.fetch("SELECT partner, hash, on_day = current_date, uses FROM document_usage")
    assert [tuple(row) for row in usage] == [("cms", HASH, True, 5)]


async def test_counts_of_the_same_documents_never_wait_for_each_other(store: Store, registered: Rows) -> None:
    """Two workers tell the same two documents in opposite orders, many times over: no deadlock, and all is counted."""
    other = BODY + " "
    hashed = "sha256:" + hashlib.sha256(other.encode()).hexdigest()
    await registered.connection.execute(DOCUMENT, hashed, other)
    one, two = {("cms", HASH): 1, ("cms", hashed): 1}, {("cms", hashed): 1, ("cms", HASH): 1}
    await asyncio.gather(*(store.documents_used(told) for _ in range(20) for told in (one, two)))
    assert await registered.connection.fetchval("SELECT array_agg(uses) FROM document_usage") == [40, 40]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO documents (partner, hash, body, name, published_by) VALUES ('cms', 'sha256:00', 'x', 'X', 'me')",
        "INSERT INTO clients (issuer, id, name, roles, doors) VALUES ('i', 'p', 'P', '{PARTNER}', '{AD_HOC}')",
        "INSERT INTO clients VALUES ('i', 'p', 'P', '{PARTNER,ANALYST}', NULL, '{}', '{DOCUMENTS}', '{cms}')",
        "INSERT INTO clients (issuer, id, name, roles, doors) VALUES ('i', 'p', 'P', '{PARTNER}', '{DOCUMENTS}')",
        "INSERT INTO clients (issuer, id, name, roles, doors) VALUES ('i', 'p', 'P', '{KING}', '{AD_HOC}')",
        "INSERT INTO clients (issuer, id, name, roles, doors) VALUES ('i', 'p', 'P', '{}', '{AD_HOC}')",
        "INSERT INTO partners (organisation, categories) VALUES ('school', '{SENSITIVE_SERVICE}')",
        "UPDATE partners SET reason = 'a stated reason'",
    ],
)
async def test_the_tables_refuse_what_makes_no_sense(registered: Rows, registrar: Connection, statement: str) -> None:
    """A hash that is not the text's; a partner's client that may do more, or is anybody's; a word nobody knows."""
    with pytest.raises(asyncpg.CheckViolationError):
        await registrar.execute(statement)


@pytest.mark.parametrize(
    "statement", ["UPDATE documents SET body = 'x'", "UPDATE documents SET hash = 'x'", "DELETE FROM documents"]
)
async def test_a_published_text_stays(registered: Rows, statement: str) -> None:
    """Not even the owner changes it, or undoes in silence that it was published."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="revoked, never changed"):
        await registered.connection.execute(statement)


async def test_a_registry_that_cannot_be_understood_is_no_registry(store: Store, registered: Rows) -> None:
    """Nobody is let in by half of it, and without its epoch there is none."""
    await registered.connection.execute("ALTER TABLE clients ALTER name DROP NOT NULL; UPDATE clients SET name = NULL")
    with pytest.raises(StoreUnavailable, match="cannot be understood"):
        await store.registry_snapshot()
    await registered.connection.execute("DELETE FROM registry_epoch")
    with pytest.raises(StoreUnavailable, match="no registry epoch"):
        await store.registry_epoch()
    with pytest.raises(StoreUnavailable):
        await store.registry_snapshot()
    with pytest.raises(StoreUnavailable, match="no registry epoch"):
        await store.organisation("school")
