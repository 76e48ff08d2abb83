"""What is changed of who may come holds for the next answer of every worker, whether or not it has been told.

Two gateways on one store, as two workers or two replicas are. In all but the last test nothing is ever notified.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from adapters.sandbox.personas import CMS
from adapters.store.entries import Conditions, SealedEntry
from adapters.store.registering import Registrar
from adapters.store.registry_records import PublishedDocument
from adapters.store.roles import Role
from gateway.app import Gateway
from gateway.audit.ledger import Records
from tests.running import Reply, RunningGateway

SILENT = """
CREATE OR REPLACE FUNCTION registry_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS 'BEGIN UPDATE public.registry_epoch SET epoch = epoch + 1; RETURN NULL; END'
"""
FIELDS = "address { postcode } enrolments { school { urn } }"
CHANGES = {
    "a client is suspended": "UPDATE clients SET suspended = true",
    "a client is gone": "DELETE FROM clients",
    "a role is taken from it": "UPDATE clients SET roles = '{ANALYST}' WHERE NOT 'PARTNER' = ANY (roles)",
    "a purpose is taken from it": "UPDATE clients SET purposes = '{EDUCATION}'",
    "an organisation is taken from it": "UPDATE clients SET organisations = '{}'",
    "its ad hoc door is shut": "UPDATE clients SET doors = '{DOCUMENTS}'",
    "its tokens must be bound": "UPDATE clients SET bound = true",
}
# An act is on record at once; whoever keeps the registry changes it before the answer is.
MOVED_BY_AN_ACT = """
CREATE FUNCTION moved_by_an_act() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF (SELECT count(*) FROM public.ledger WHERE chain > 16) <= 1 THEN
        UPDATE public.clients SET name = name || '.';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER moved_by_an_act AFTER INSERT ON ledger FOR EACH ROW WHEN (NEW.chain > 16)
EXECUTE FUNCTION moved_by_an_act()
"""
OVERRIDE = 'mutation($n: ID!) { overrideShield(number: $n, reason: "a child is at risk tonight") { until } }'


@pytest.fixture
async def second(gateway: RunningGateway) -> AsyncIterator[str]:
    """The address of another worker on the same store."""
    async with await Gateway.start(gateway.gateway.settings, gateway.database.dsn(Role.GATEWAY)) as other:
        yield other.url


@pytest.fixture
async def silent(gateway: RunningGateway) -> None:
    """Nobody is told of any change."""
    await gateway.execute(SILENT)


@pytest.fixture
async def registrar(gateway: RunningGateway) -> AsyncIterator[Registrar]:
    async with await Registrar.connect(gateway.database.dsn(Role.REGISTRY)) as keeper:
        yield keeper


async def both(gateway: RunningGateway, second: str, **how: object) -> list[Reply]:
    """What each of the two says of a child."""
    return [await gateway.ask_child("open", FIELDS, url=url, **how) for url in (gateway.url, second)]


async def test_a_token_called_back_is_refused_by_every_worker(
    gateway: RunningGateway, second: str, silent: None, registrar: Registrar
) -> None:
    """Both have seen it good; from the command's end on neither answers it, or asks an agency for it. CASES 23."""
    assert [reply.status for reply in await both(gateway, second)] == [200, 200]
    calls = dict(gateway.calls)
    until = datetime.now(UTC) + timedelta(hours=1)
    await registrar.deny_token(gateway.issuer.url, gateway.token_id("teacher"), until)
    refused = await both(gateway, second)
    nobody = await gateway.ask_child("open", FIELDS, headers={"Authorization": "Bearer none"})
    assert [(reply.status, reply.body) for reply in refused] == [(401, nobody.body)] * 2
    assert gateway.calls == calls
    assert {reply.status for reply in await both(gateway, second, viewer="social-worker")} == {200}


@pytest.mark.parametrize("change", CHANGES)
async def test_what_a_client_may_no_longer_do_is_refused_by_every_worker(
    gateway: RunningGateway, second: str, silent: None, change: str
) -> None:
    """However it was changed; nothing is disclosed, and no agency asked."""
    assert [reply.status for reply in await both(gateway, second)] == [200, 200]
    calls = dict(gateway.calls)
    await gateway.execute(CHANGES[change])
    for reply in await both(gateway, second):
        assert reply.status in (401, 403)
        assert "data" not in reply.body
    assert gateway.calls == calls
    assert [seen.outcome for seen in await gateway.ledger()].count("ANSWERED") == 2


async def test_what_a_client_may_do_from_now_on_is_answered(gateway: RunningGateway, second: str, silent: None) -> None:
    """A refusal is no older than the registry either."""
    await gateway.execute("UPDATE clients SET suspended = true")
    assert {reply.status for reply in await both(gateway, second)} == {403}
    await gateway.execute("UPDATE clients SET suspended = false")
    assert {reply.status for reply in await both(gateway, second)} == {200}


async def test_a_revoked_document_is_refused_by_every_worker(
    gateway: RunningGateway, second: str, silent: None, registrar: Registrar
) -> None:
    """Both have it compiled and have answered by it; revoked, it is as if it had never been."""
    body = "query Child($n: ID!) { child(number: $n) { number } }"
    id_ = "sha256:" + hashlib.sha256(body.encode()).hexdigest()
    await registrar.publish([PublishedDocument(CMS.id, id_, body, "Child")], by="me")

    async def asked() -> list[tuple[int, object]]:
        seen = []
        for url in (gateway.url, second):
            headers = {"Authorization": f"Bearer {gateway.token(CMS.id)}", "Contactpoint-Purpose": "CHILD_WELFARE"}
            sent = {"documentId": id_, "variables": {"n": gateway.child("open").number}}
            async with gateway.session.post(f"{url}/graphql", json=sent, headers=headers) as answer:
                seen.append((answer.status, (await answer.json(content_type=None)).get("data")))
        return seen

    assert await asked() == [(200, {"child": {"number": gateway.child("open").number}})] * 2
    await registrar.revoke(CMS.id, id_, by="me")
    assert await asked() == [(400, None)] * 2
    await registrar.publish([PublishedDocument(CMS.id, id_, body, "Child")], by="me")
    assert [status for status, _ in await asked()] == [200, 200]


class _SuspendedBehindIt:
    """Records in whose way, between reading and record, the client is suspended."""

    def __init__(self, records: Records, gateway: RunningGateway) -> None:
        self._records = records
        self._gateway = gateway
        self.attempts = 0

    async def record(self, entry: SealedEntry, conditions: Conditions) -> int:
        self.attempts += 1
        if self.attempts == 1:
            await self._gateway.execute("UPDATE clients SET suspended = true")
        return await self._records.record(entry, conditions)


async def test_an_answer_in_the_making_is_not_let_out(
    gateway: RunningGateway, silent: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything was read and fetched already: the record is refused, and the viewer is told what holds now."""
    ledger = gateway.gateway.pipeline._ledger
    between = _SuspendedBehindIt(ledger._records, gateway)
    monkeypatch.setattr(ledger, "_records", between)
    reply = await gateway.ask_child("open", FIELDS)
    assert (reply.status, reply.codes) == (403, ["FORBIDDEN"])
    assert between.attempts == 2
    assert [seen.outcome for seen in await gateway.ledger()] == ["REFUSED"]


async def test_an_act_runs_once_though_its_answer_is_made_twice(gateway: RunningGateway, silent: None) -> None:
    """The registry moves between the act and the record of its answer: one override, one report, one answer."""
    await gateway.ask_child("open", "number")
    await gateway.execute(MOVED_BY_AN_ACT)
    reply = await gateway.ask(
        OVERRIDE, {"n": gateway.child("shielded").number}, viewer="social-worker", purpose="SAFEGUARDING"
    )
    assert reply.data["overrideShield"]["until"]
    assert len(await gateway.rows("SELECT FROM overrides")) == 1
    assert len(await gateway.rows("SELECT FROM outbox")) == 1
    acts = [seen for seen in await gateway.ledger() if seen.act == "overrideShield"]
    assert [act.part_of for act in acts] == [reply.headers["Contactpoint-Record"]]
    moved = await gateway.rows("SELECT FROM clients WHERE name LIKE '%.'")
    assert moved, "the registry did move"


async def test_whoever_listens_knows_before_anybody_asks(gateway: RunningGateway, registrar: Registrar) -> None:
    """A hint, and in time: the worker has read the registry anew although no request came."""
    registry = gateway.gateway.pipeline._registry
    before = registry.epoch
    await registrar.deny_token("https://elsewhere", "jti", datetime.now(UTC) + timedelta(hours=1))
    async with asyncio.timeout(20):
        while registry.epoch == before:
            await gateway.rows("SELECT")
