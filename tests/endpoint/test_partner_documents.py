"""What a partner may send: documents of its own that are live, by id, by hash or in full. CASES 38."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from graphql import build_client_schema, get_introspection_query

from adapters.sandbox.personas import CMS, partners
from adapters.store.entries import Organisation
from adapters.store.registering import Registrar
from adapters.store.registry_records import Partner, PublishedDocument
from adapters.store.roles import Role
from tests.running import RunningGateway

CHILD = (
    "query Child($number: ID!) { child(number: $number) { number address { postcode } enrolments { school { urn } } } }"
)
VIEWER = "query Who { viewer { organisation actingRole } }"
OTHERS = "query Others($number: ID!) { child(number: $number) { birthDate } }"
REVOKED = "query Revoked($number: ID!) { child(number: $number) { gender } }"
UNPUBLISHED = "query Unpublished($number: ID!) { child(number: $number) { name { family } } }"

OTHER = Organisation("partner-other", "Another", "PARTNER", None, frozenset({"CHILD_WELFARE"}))

# What no request for a document may change: a refusal is recorded, and that is all.
UNTOUCHED = (
    "children",
    "shields",
    "overrides",
    "broker_references",
    "documents",
    "document_usage",
    "guessing",
    "outbox",
)


def hash_of(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def hex_of(text: str) -> str:
    return hash_of(text).removeprefix("sha256:")


def persisted(sha256: Any, **changes: Any) -> dict[str, Any]:
    """As Apollo's clients send a hash."""
    return {"persistedQuery": {"version": 1, "sha256Hash": sha256} | changes}


@dataclass(frozen=True)
class Answer:
    """What came back, byte by byte, without what is each answer's own."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        return msgspec.json.decode(self.body)["data"]

    @property
    def code(self) -> str:
        return str(msgspec.json.decode(self.body)["errors"][0]["extensions"]["code"])


@dataclass(frozen=True)
class Partners:
    """The gateway, and two partners' documents in its store."""

    gateway: RunningGateway
    registrar: Registrar

    async def publish(self, partner: str, *texts: str) -> None:
        named = [PublishedDocument(partner, hash_of(text), text, text.split()[1].split("(")[0]) for text in texts]
        await self.registrar.publish(named, "keeper")

    async def send(self, body: Mapping[str, Any], *, viewer: str = "partner-cms", **headers: str) -> Answer:
        """Send a body as it is."""
        sent = self._headers(viewer) | headers
        async with self.gateway.session.post(f"{self.gateway.url}/graphql", json=body, headers=sent) as answer:
            kept = {
                name: value for name, value in answer.headers.items() if name not in {"Date", "Contactpoint-Record"}
            }
            return Answer(answer.status, kept, await answer.read())

    async def get(self, **parameters: str) -> Answer:
        headers = self._headers("partner-cms")
        async with self.gateway.session.get(
            f"{self.gateway.url}/graphql", params=parameters, headers=headers
        ) as answer:
            return Answer(answer.status, {}, await answer.read())

    @property
    def about(self) -> dict[str, str]:
        """Variables that name a child."""
        return {"number": self.gateway.child("open").number}

    def _headers(self, viewer: str) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.gateway.token(viewer)}",
            "Contactpoint-Purpose": "CHILD_WELFARE",
            "Accept": "application/graphql-response+json",
        }


@pytest.fixture
async def two_partners(gateway: RunningGateway) -> AsyncIterator[Partners]:
    async with await Registrar.connect(gateway.database.dsn(Role.REGISTRY)) as registrar:
        await registrar.put([OTHER], [Partner(OTHER.id, frozenset({"IDENTITY"}), frozenset({"child"}))], ())
        made = Partners(gateway, registrar)
        await made.publish(CMS.id, CHILD, VIEWER, REVOKED)
        await made.publish(OTHER.id, OTHERS)
        await registrar.revoke(CMS.id, hash_of(REVOKED), "keeper")
        yield made


async def test_its_own_document_is_answered_however_it_is_named(two_partners: Partners) -> None:
    """By GraphQL over HTTP's id, by Apollo's hash, by both text and hash, or by the text alone: one answer."""
    about = {"variables": two_partners.about}
    by_id = await two_partners.send({"documentId": hash_of(CHILD), **about})
    assert by_id.status == 200, by_id.body
    assert by_id.data["child"]["enrolments"][0]["school"]["urn"] == two_partners.gateway.child("open").school_urn
    for body in (
        {"extensions": persisted(hex_of(CHILD))},
        {"extensions": persisted(hex_of(CHILD)), "query": CHILD},
        {"query": CHILD},
        {"documentId": hash_of(CHILD), "operationName": "Child"},
    ):
        assert await two_partners.send({**body, **about}) == by_id
    recorded = {(seen.document, seen.outcome) for seen in await two_partners.gateway.ledger()}
    assert recorded == {(hash_of(CHILD), "ANSWERED")}


async def test_every_other_id_is_answered_with_the_same_bytes(two_partners: Partners) -> None:
    """CASES 38: unknown, another's, revoked, of another text, malformed; and nothing but the record is written."""
    before = await _untouched(two_partners.gateway)
    about = {"variables": two_partners.about}
    bodies: list[dict[str, Any]] = [
        {"documentId": hash_of(UNPUBLISHED)},
        {"documentId": hash_of(OTHERS)},
        {"documentId": hash_of(REVOKED)},
        {"documentId": hash_of(CHILD).upper()},
        {"documentId": hex_of(CHILD)},
        {"documentId": hash_of(CHILD) + "0"},
        {"documentId": ""},
        {"documentId": "sha256:"},
        {"documentId": "Child"},
        {"documentId": "sha256:" + "\u0661" * 64},
        {"documentId": hash_of(CHILD), "operationName": "Another"},
        {"extensions": persisted(hex_of(OTHERS))},
        {"extensions": persisted(hex_of(REVOKED))},
        {"extensions": persisted("0" * 64)},
        {"extensions": persisted(hex_of(CHILD)), "query": OTHERS},
        {"extensions": persisted(hex_of(OTHERS)), "query": CHILD},
    ]
    answers = [await two_partners.send({**body, **about}) for body in bodies]
    for body, answer in zip(bodies, answers, strict=True):
        assert answer == answers[0], body
    assert (answers[0].status, answers[0].code) == (400, "UNKNOWN_DOCUMENT")
    recorded = [(seen.outcome, seen.code, seen.children) for seen in await two_partners.gateway.ledger()]
    assert recorded == [("REFUSED", "UNKNOWN_DOCUMENT", ())] * len(bodies)
    assert await _untouched(two_partners.gateway) == before
    assert two_partners.gateway.calls == dict.fromkeys(two_partners.gateway.calls, 0)


async def test_it_is_400_in_either_media_type(two_partners: Partners) -> None:
    """An id that is not known is no document with an error, but none."""
    answer = await two_partners.send({"documentId": "sha256:" + "0" * 64}, Accept="application/json")
    assert (answer.status, answer.code) == (400, "UNKNOWN_DOCUMENT")


async def test_a_text_that_it_has_not_published_is_refused(two_partners: Partners) -> None:
    """Though it be valid, another partner's, or its own of yesterday."""
    for text in (UNPUBLISHED, OTHERS, REVOKED, f"{CHILD} "):
        answer = await two_partners.send({"query": text, "variables": two_partners.about})
        assert (answer.status, answer.code) == (403, "FORBIDDEN")
    assert two_partners.gateway.calls == dict.fromkeys(two_partners.gateway.calls, 0)


async def test_what_selects_types_alone_needs_no_publication(two_partners: Partners) -> None:
    """The schema of its class: without acts, lists of officers, or counts. CASES 21."""
    answer = await two_partners.send({"query": get_introspection_query()})
    schema = build_client_schema(answer.data)
    assert schema.mutation_type is None
    assert schema.query_type is not None
    assert "child" in schema.query_type.fields
    assert not {"shields", "quarantine", "statistics"} & set(schema.query_type.fields)
    mixed = await two_partners.send({"query": "query Q { __typename viewer { organisation } }"})
    assert mixed.code == "FORBIDDEN"


@pytest.mark.parametrize(
    "body",
    [
        {"documentId": hash_of(CHILD), "query": CHILD},
        {"documentId": hash_of(CHILD), "extensions": persisted(hex_of(CHILD))},
        {"documentId": 7},
        {"variables": {}},
        {"extensions": persisted(hex_of(CHILD), version=2)},
        {"extensions": {"persistedQuery": {"version": 1}}},
        {"extensions": {"persistedQuery": "abc"}},
    ],
)
async def test_a_body_that_says_two_things_or_none_is_no_request(two_partners: Partners, body: dict[str, Any]) -> None:
    """Nobody need guess which of them was meant."""
    answer = await two_partners.send(body)
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")


async def test_by_get_it_may_ask_what_touches_no_child(two_partners: Partners) -> None:
    """An id says nothing in a proxy's log; a child's number in the variables would."""
    by_get = await two_partners.get(documentId=hash_of(VIEWER))
    assert by_get.data == {"viewer": {"organisation": CMS.id, "actingRole": "PARTNER"}}
    assert (await two_partners.get(documentId=hash_of(CHILD))).status == 405
    assert (await two_partners.get(documentId=hash_of(OTHERS))).code == "UNKNOWN_DOCUMENT"


async def test_what_it_is_no_longer_registered_for_is_withheld(two_partners: Partners) -> None:
    """The document stays; the answer has nothing of that category from the next request on."""
    [registered] = partners()
    narrowed = msgspec.structs.replace(registered, categories=registered.categories - {"ADDRESS"})
    body = {"documentId": hash_of(CHILD), "variables": two_partners.about}
    assert (await two_partners.send(body)).data["child"]["address"] is not None
    await two_partners.registrar.put((), [narrowed], ())
    assert (await two_partners.send(body)).data["child"]["address"] is None


async def test_a_root_field_it_is_no_longer_registered_for_is_refused(two_partners: Partners) -> None:
    """By the document's id and by its text, from the next request on; what asks others is answered as before."""
    [registered] = partners()
    narrowed = msgspec.structs.replace(registered, roots=registered.roots - {"child"})
    about = {"variables": two_partners.about}
    assert (await two_partners.send({"documentId": hash_of(CHILD), **about})).status == 200
    await two_partners.registrar.put((), [narrowed], ())
    for body in ({"documentId": hash_of(CHILD)}, {"query": CHILD}, {"extensions": persisted(hex_of(CHILD))}):
        answer = await two_partners.send({**body, **about})
        assert (answer.status, answer.code) == (403, "FORBIDDEN")
    assert (await two_partners.send({"documentId": hash_of(VIEWER)})).status == 200


async def test_a_shield_holds_for_a_document_as_for_any_text(two_partners: Partners) -> None:
    """Being published widens nothing."""
    shielded = two_partners.gateway.child("shielded").number
    answer = await two_partners.send({"documentId": hash_of(CHILD), "variables": {"number": shielded}})
    assert answer.data["child"] == {"number": shielded, "address": None, "enrolments": None}
    sealed = two_partners.gateway.child("sealed").number
    assert (await two_partners.send({"documentId": hash_of(CHILD), "variables": {"number": sealed}})).data == {
        "child": None
    }


async def test_another_organisations_people_cannot_use_it(two_partners: Partners) -> None:
    """A front end that knows the id learns no more than from any other."""
    answer = await two_partners.send({"documentId": hash_of(CHILD), "variables": two_partners.about}, viewer="teacher")
    unknown = await two_partners.send({"documentId": hash_of(UNPUBLISHED)}, viewer="teacher")
    assert answer == unknown
    assert answer.code == "UNKNOWN_DOCUMENT"


async def test_publication_and_revocation_hold_for_the_next_request(two_partners: Partners) -> None:
    """Without a restart, and whether or not word of it has come."""
    body = {"documentId": hash_of(UNPUBLISHED), "variables": two_partners.about}
    for _ in range(3):
        assert (await two_partners.send(body)).code == "UNKNOWN_DOCUMENT"
        await two_partners.publish(CMS.id, UNPUBLISHED)
        assert (await two_partners.send(body)).data["child"] is not None
        await two_partners.registrar.revoke(CMS.id, hash_of(UNPUBLISHED), "keeper")


async def _untouched(gateway: RunningGateway) -> dict[str, Any]:
    whole = "SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM"
    return {table: await gateway.rows(f"{whole} {table} t") for table in UNTOUCHED}
