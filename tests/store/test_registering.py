"""What whoever keeps the registry may do to it, and what its role may not."""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from adapters.store.entries import Organisation
from adapters.store.failures import StoreUnavailable
from adapters.store.registering import Registrar, UnknownOrganisation
from adapters.store.registry_records import Client, Partner, PublishedDocument
from adapters.store.roles import Role
from tests.databases import Database

CMS = Organisation("partner-1", "Case Management", "PARTNER", "E08000035", frozenset({"CHILD_WELFARE"}))
REGISTERED = Partner("partner-1", frozenset({"IDENTITY", "SCHOOL"}), frozenset({"viewer", "child"}), "CHILD_WELFARE")
FRONT_END = Client(
    issuer="https://issuer.example.org",
    id="front-end",
    name="Front End",
    roles=frozenset({"PRACTITIONER"}),
    purposes=None,
    scopes=frozenset({"override"}),
    doors=frozenset({"AD_HOC"}),
    organisations=None,
    authorities=frozenset({"E08000035"}),
)


@pytest.fixture
async def registrar(database: Database) -> AsyncIterator[Registrar]:
    async with await Registrar.connect(database.dsn(Role.REGISTRY)) as connected:
        yield connected


def a_document(text: str = "query One { viewer { subject } }", name: str = "One") -> PublishedDocument:
    return PublishedDocument("partner-1", f"sha256:{hashlib.sha256(text.encode()).hexdigest()}", text, name)


async def epoch(database: Database) -> int:
    connection = await database.connect(Role.REGISTRY)
    try:
        return int(await connection.fetchval("SELECT epoch FROM registry_epoch"))
    finally:
        await connection.close()


async def test_what_is_put_is_as_given_from_then_on(registrar: Registrar, database: Database) -> None:
    """A second time too: the record is replaced, sets and absences included."""
    await registrar.put([CMS], [REGISTERED], [FRONT_END])
    assert await registrar.partner("partner-1") == (CMS, REGISTERED)
    changed = Partner("partner-1", frozenset(), frozenset({"viewer"}))
    await registrar.put((), [changed], ())
    assert await registrar.partner("partner-1") == (CMS, changed)
    connection = await database.connect(Role.REGISTRY)
    try:
        client = await connection.fetchrow("SELECT * FROM clients")
    finally:
        await connection.close()
    assert client is not None
    assert (client["purposes"], client["scopes"], client["authorities"]) == (None, ["override"], ["E08000035"])


async def test_all_is_registered_or_nothing(registrar: Registrar) -> None:
    """A partner whose organisation nobody knows takes the rest down with it."""
    with pytest.raises(UnknownOrganisation, match="in the same file"):
        await registrar.put([CMS], [REGISTERED, Partner("nobody", frozenset(), frozenset())], ())
    assert await registrar.partner("partner-1") is None
    with pytest.raises(UnknownOrganisation):
        await registrar.name_staff("nobody", "nurse-1", b"p" * 16)


async def test_a_document_is_published_revoked_and_published_anew(registrar: Registrar, database: Database) -> None:
    """What is live already is no news; every change moves the registry's epoch."""
    await registrar.put([CMS], [REGISTERED], ())
    one, two = a_document(), a_document("query Two { viewer { organisation } }", "Two")
    assert await registrar.publish([one], "ada") == {one.hash}
    assert await registrar.publish([one, two], "ada") == {two.hash}
    assert list(await registrar.texts("partner-1")) == [one, two]
    before = await epoch(database)
    assert await registrar.revoke("partner-1", one.hash, "grace")
    assert await epoch(database) > before
    assert not await registrar.revoke("partner-1", one.hash, "grace")
    assert list(await registrar.texts()) == [two]
    listed = {document.name: document for document in await registrar.documents()}
    assert (listed["One"].revoked_at is None, listed["Two"].revoked_at is None) == (False, True)
    assert (listed["Two"].published_by, listed["Two"].uses, listed["Two"].last_used) == ("ada", 0, None)
    assert await registrar.publish([one], "grace") == {one.hash}
    assert {document.hash for document in await registrar.texts()} == {one.hash, two.hash}


async def test_uses_are_added_up_over_days(registrar: Registrar, database: Database) -> None:
    """Each worker tells what it counted; the list shows the sum and the last of them."""
    await registrar.put([CMS], [REGISTERED], ())
    one = a_document()
    await registrar.publish([one], "ada")
    gateway, owner = await database.connect(Role.GATEWAY), await database.connect()
    try:
        for count in (3, 4):
            await gateway.execute("SELECT documents_used($1, $2, $3)", ["partner-1"], [one.hash], [count])
        await owner.execute("UPDATE document_usage SET on_day = on_day - 1, last_used = last_used - interval '1 day'")
        await gateway.execute("SELECT documents_used($1, $2, $3)", ["partner-1"], [one.hash], [1])
    finally:
        await gateway.close()
        await owner.close()
    [listed] = await registrar.documents("partner-1")
    assert listed.uses == 8
    assert listed.last_used is not None
    assert datetime.now(UTC) - listed.last_used < timedelta(hours=1)
    assert await registrar.documents("partner-2") == []


async def test_a_text_that_is_not_what_its_hash_says_is_refused(registrar: Registrar) -> None:
    """By the table itself, whoever writes."""
    await registrar.put([CMS], [REGISTERED], ())
    with pytest.raises(StoreUnavailable, match="23514"):
        await registrar.publish([PublishedDocument("partner-1", a_document().hash, "query Two { a }", "Two")], "ada")


async def test_a_token_is_called_back_and_staff_are_named(registrar: Registrar, database: Database) -> None:
    """Both are there for the gateway to see; a name can be taken off again."""
    await registrar.put([CMS], (), ())
    await registrar.deny_token("https://issuer.example.org", "token-1", datetime.now(UTC) + timedelta(hours=1))
    await registrar.name_staff("partner-1", "nurse-1", b"p" * 16)
    gateway = await database.connect(Role.GATEWAY)
    try:
        assert await gateway.fetchval("SELECT token FROM denied_tokens") == "token-1"
        assert await gateway.fetchval("SELECT print FROM staff_prints WHERE subject = 'nurse-1'") == b"p" * 16
        await registrar.name_staff("partner-1", "nurse-1", None)
        assert await gateway.fetchval("SELECT count(*) FROM staff_prints") == 0
    finally:
        await gateway.close()


async def test_a_month_is_drafted_relieved_and_published_at_once(registrar: Registrar, database: Database) -> None:
    """Where anything fails on the way, nothing of it stands."""
    month = date(2026, 11, 1)

    async def fail_after_publishing() -> None:
        async with registrar.statistics_turn() as turn:
            assert await turn.draft(month) > 0
            await turn.publish()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_after_publishing()
    async with registrar.statistics_turn() as turn:
        await turn.draft(month)
        draft = await turn.shown()
        assert draft.carried == draft.withheld == draft.withheld_before == frozenset()
        assert draft.before == {}
        assert ("", "", "") in draft.shown
        await turn.withhold([("", "", "FEMALE"), ("", "UNDER_1", "MALE")])
        await turn.publish()
    async with registrar.statistics_turn() as turn:
        assert await turn.draft(month) == 0


@pytest.mark.parametrize("statement", ["DELETE FROM documents", "DELETE FROM clients", "SELECT * FROM children"])
async def test_the_role_takes_nothing_away_and_reads_no_child(database: Database, statement: str) -> None:
    """Who may delete from a table may lock it, and then nobody is answered."""
    connection = await database.connect(Role.REGISTRY)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()
