"""Who comes in, by which door, and what becomes of everybody else: refused, recorded, and told nothing."""

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.records import ChildRecord
from gateway.capability import capability
from tests.running import RunningGateway

TEXT = "{ viewer { subject } }"
HASH = hashlib.sha256(TEXT.encode()).hexdigest()
PURPOSE = {"Contactpoint-Purpose": "SAFEGUARDING"}
NOT_IN_HERE = {"message": "this client may not come in here", "extensions": {"code": "FORBIDDEN"}}


async def test_a_role_that_there_is_not_is_no_token(gateway: RunningGateway) -> None:
    """CASES 29: nobody is known by it, so there is one body for it, and no record."""
    for role in ("ADMIN", "practitioner", ["PRACTITIONER", "SHIELD_OFFICER"], None):
        token = gateway.issuer.mint("teacher", acting_role=role)
        reply = await gateway.ask(TEXT, headers={"Authorization": f"Bearer {token}"})
        assert (reply.status, reply.codes) == (401, ["UNAUTHENTICATED"])
        assert "Contactpoint-Record" not in reply.headers


@pytest.mark.parametrize("purpose", ["READING", "AUDIT", "SHIELD_MANAGEMENT", "safeguarding"])
async def test_a_purpose_that_is_unknown_or_not_theirs_is_refused_and_recorded(
    gateway: RunningGateway, purpose: str
) -> None:
    """CASES 29: one and the same for both."""
    reply = await gateway.ask_child("open", "number", purpose=purpose)
    assert (reply.status, reply.codes) == (403, ["FORBIDDEN"])
    entry = await gateway.record_of(reply)
    assert (entry.outcome, entry.code, entry.children) == ("REFUSED", "FORBIDDEN", ())


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE clients SET id = 'another'",
        "UPDATE clients SET issuer = 'https://another.example.org'",
        "UPDATE clients SET suspended = true",
        "UPDATE clients SET roles = '{STEWARD}'",
        "UPDATE clients SET organisations = '{another}'",
        "UPDATE clients SET authorities = '{E09000001}'",
    ],
)
async def test_a_client_the_registry_does_not_let_in_is_refused_and_recorded(
    gateway: RunningGateway, change: str
) -> None:
    """CASES 29: unknown, of another issuer, suspended, or not for this role, organisation or authority: all alike."""
    assert (await gateway.ask(TEXT)).status == 200
    await gateway.execute(change + " WHERE id = 'contactpoint-explorer'")
    reply = await gateway.ask(TEXT)
    assert (reply.status, reply.body) == (403, {"errors": [NOT_IN_HERE]})
    entry = await gateway.record_of(reply)
    assert (entry.viewer, entry.outcome, entry.code) == ("persona-teacher", "REFUSED", "FORBIDDEN")


async def test_a_client_narrows_purposes_and_scopes(gateway: RunningGateway) -> None:
    """What the token says is the most there is; the registry may let less of it count."""
    asked = 'mutation($n: ID!) { overrideShield(number: $n, reason: "a reason of some length") { until } }'
    number = {"n": gateway.child("shielded").number}
    await gateway.execute("UPDATE clients SET purposes = '{SAFEGUARDING}', scopes = '{}'")
    assert (await gateway.ask(TEXT, viewer="social-worker", purpose="CHILD_WELFARE")).codes == ["FORBIDDEN"]
    assert (await gateway.ask(asked, number, viewer="social-worker")).codes == ["FORBIDDEN"]
    await gateway.execute("UPDATE clients SET scopes = '{override}'")
    assert (await gateway.ask(asked, number, viewer="social-worker")).data["overrideShield"]["until"]


async def test_a_client_without_the_door_for_any_text_may_ask_of_types_alone(gateway: RunningGateway) -> None:
    """Whoever sends it."""
    await gateway.execute("UPDATE clients SET doors = '{DOCUMENTS}'")
    assert (await gateway.ask(TEXT)).codes == ["FORBIDDEN"]
    assert (await gateway.ask_child("open", "number")).codes == ["FORBIDDEN"]
    assert (await gateway.ask("{ __typename __schema { queryType { name } } }")).status == 200


@pytest.mark.parametrize(
    "body",
    [
        {"documentId": f"sha256:{HASH}"},
        {"documentId": "nothing like one"},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": HASH}}},
        {"query": TEXT, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}},
    ],
)
async def test_an_id_of_no_document_is_one_error_for_every_cause(gateway: RunningGateway, body: dict[str, Any]) -> None:
    """CASES 38: nothing is kept of a text that came with a hash, and a hash that is not its text's names nothing."""
    reply = await gateway.post(body, headers=PURPOSE)
    assert reply.status == 400
    assert reply.body == {
        "errors": [{"message": "there is no such document", "extensions": {"code": "UNKNOWN_DOCUMENT"}}]
    }
    assert (await gateway.record_of(reply)).code == "UNKNOWN_DOCUMENT"


async def test_a_text_may_say_its_own_hash(gateway: RunningGateway) -> None:
    """As clients do that hope to leave out the text the next time; it is not kept for them."""
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": HASH}}
    assert (await gateway.post({"query": TEXT, "extensions": persisted}, headers=PURPOSE)).status == 200
    assert (await gateway.post({"extensions": persisted}, headers=PURPOSE)).codes == ["UNKNOWN_DOCUMENT"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": TEXT, "documentId": f"sha256:{HASH}"},
        {"documentId": "x", "extensions": {"persistedQuery": {"version": 1, "sha256Hash": HASH}}},
        {"documentId": 1},
        {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": HASH}}},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": 1}}},
        {"extensions": {"persistedQuery": "x"}},
    ],
)
async def test_an_operation_is_named_in_one_way(gateway: RunningGateway, body: dict[str, Any]) -> None:
    """A text, an id, or Apollo's hash as Apollo writes it: whatever else is no request."""
    reply = await gateway.post(body, headers=PURPOSE)
    assert (reply.status, reply.codes) == (400, ["BAD_REQUEST"])


async def test_an_auditor_says_why(gateway: RunningGateway) -> None:
    """Every look at who has looked has its reason, of some length."""
    for reason in (None, "", "short", " " * 20):
        headers = {"Contactpoint-Purpose": "AUDIT"} | ({} if reason is None else {"Contactpoint-Reason": reason})
        reply = await gateway.post({"query": TEXT}, viewer="auditor", headers=headers)
        assert (reply.status, reply.codes) == (400, ["REASON_REQUIRED"])
    assert (await gateway.ask(TEXT, viewer="auditor")).status == 200


async def test_a_viewer_of_whom_nobody_knows_who_they_are_is_flagged(gateway: RunningGateway) -> None:
    """They may have children of their own on record, and no rule could keep those from them; a system is nobody's."""
    assert (await gateway.record_of(await gateway.ask(TEXT, viewer="teacher"))).flags == ()
    assert (await gateway.record_of(await gateway.ask(TEXT, viewer="gp"))).flags == ("NO_PERSON",)
    partner = await gateway.ask("{ __typename }", viewer="partner-cms")
    assert (await gateway.record_of(partner)).flags == ()


@pytest.fixture
def broken_rule(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A policy that throws, whoever asks."""

    def decide(child: ChildRecord) -> None:
        raise ZeroDivisionError(child.name.family)

    monkeypatch.setattr("gateway.capability.decider", lambda viewer, purpose: decide)
    capability.cache_clear()
    yield
    capability.cache_clear()


@pytest.mark.usefixtures("broken_rule")
async def test_a_rule_that_throws_shows_nothing(gateway: RunningGateway) -> None:
    """CASES 29: no child, no agency, and not one word of what it threw; the answer is recorded all the same."""
    reply = await gateway.ask_child("open", "number enrolments { start }")
    assert reply.body["data"] == {"child": None}
    assert reply.codes == ["UNAVAILABLE"]
    assert gateway.child("open").name.family not in str(reply.body)
    assert not any(gateway.calls.values())
    assert (await gateway.record_of(reply)).outcome == "ANSWERED"


async def test_without_a_store_there_is_no_answer(gateway: RunningGateway) -> None:
    """CASES 29: not even of what needs no child, for none could be recorded."""
    assert (await gateway.ask(TEXT)).status == 200
    await gateway.gateway.store.close()
    for reply in (
        await gateway.ask(TEXT),
        await gateway.ask_child("open", "number"),
        await gateway.ask("{ nonsense }"),
    ):
        assert (reply.status, reply.codes) == (503, ["UNAVAILABLE"])
        assert int(reply.headers["Retry-After"]) >= 1
        assert "data" not in reply.body
