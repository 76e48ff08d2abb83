"""What is and is not a request: methods, media types, bodies, limits. What a foreign form sends executes nothing."""

import gzip
import io
import json
from typing import Any

import pytest

from gateway.page import POLICY
from tests.running import RunningGateway

VIEWER = '{"query": "{ viewer { subject } }"}'
JSON = "application/json"
GRAPHQL = "application/graphql-response+json"


async def post(gateway: RunningGateway, body: str | bytes, **headers: str) -> tuple[int, dict[str, Any], Any]:
    """Send a body as it is; keyword names are headers with underscores for hyphens."""
    sent = {
        "Authorization": f"Bearer {gateway.token('teacher')}",
        "Contactpoint-Purpose": "SAFEGUARDING",
        "Content-Type": JSON,
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    content = io.BytesIO(body.encode() if isinstance(body, str) else body)
    async with gateway.session.post(f"{gateway.url}/graphql", data=content, headers=sent) as answer:
        return answer.status, await answer.json(content_type=None), answer.headers


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/html"]
)
async def test_a_body_that_a_form_could_send_executes_nothing(gateway: RunningGateway, media_type: str) -> None:
    """CASES 37: only a content type that a browser must ask leave for."""
    status, body, _ = await post(gateway, VIEWER, Content_Type=media_type)
    assert status == 415
    assert "data" not in body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'[{"query": "{ viewer { subject } }"}]',
        b'"query"',
        b"{",
        b"{}",
        b'{"query": null}',
        b'{"query": "{ viewer { subject } }", "variables": []}',
        b'{"query": "{ viewer { subject } }", "operationName": 1}',
        b'{"query": "\xff"}',
        b'{"query": "\xed\xa0\x80"}',
        b'\xef\xbb\xbf{"query": "{ viewer { subject } }"}',
        VIEWER.encode("utf-16"),
        b'{"query": "{ viewer { subject } }", "variables": {"a": ' + b"[" * 4_000 + b"]" * 4_000 + b"}}",
    ],
)
async def test_a_body_that_is_no_request_is_400(gateway: RunningGateway, body: bytes) -> None:
    """CASES 37, 40: arrays, broken JSON, broken UTF-8, endless depth: told so, and never a 500."""
    status, answer, _ = await post(gateway, body)
    assert status == 400
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_REQUEST"]


@pytest.mark.parametrize(
    "query",
    [
        '{ child(number: "\\ud800") { number } }',
        '{ child(number: "\\u0000") { number } }',
        "{ viewer { subject } } \x00",
    ],
)
async def test_odd_characters_are_no_servers_error(gateway: RunningGateway, query: str) -> None:
    """CASES 40: lone surrogates and NUL are answered like any other mistake."""
    status, answer, _ = await post(gateway, json.dumps({"query": query}))
    assert status in {200, 400}
    assert "errors" in answer


async def test_an_integer_of_five_thousand_digits_is_no_servers_error(gateway: RunningGateway) -> None:
    """CASES 40: too large for any of our arguments."""
    query = 'query($first: Int) { findChildren(by: {family: "A", birthYear: 2015}, first: $first) { tooMany } }'
    for digits in ("9" * 5_000, "9" * 20):
        status, answer, _ = await post(gateway, f'{{"query": {json.dumps(query)}, "variables": {{"first": {digits}}}}}')
        assert status in {200, 400}
        assert "errors" in answer


async def test_a_body_over_the_cap_is_refused_with_the_limits_name(gateway: RunningGateway) -> None:
    """CASES 36: 400 and `LIMIT_BODY`."""
    status, answer, _ = await post(gateway, json.dumps({"query": "#" * (1024 * 1024) + "{ viewer { subject } }"}))
    assert (status, answer["errors"][0]["extensions"]["code"]) == (400, "LIMIT_BODY")


@pytest.mark.parametrize(
    ("query", "limit"),
    [
        ("{ " + "viewer { subject } " * 700 + "}", "LIMIT_TOKENS"),
        ("{ " + " ".join(f"a{n}: child(number: 1) {{ number }}" for n in range(100)) + " }", None),
        (
            "query { child(number: 1) { ...a } } "
            + "".join(
                f"fragment {name} on Child {{ x{name}: parents {{ name {{ family }} }} ...{after} ...{after} }} "
                for name, after in zip("abcdefgh", "bcdefghi", strict=True)
            )
            + "fragment i on Child { number }",
            "LIMIT_ALIASES",
        ),
    ],
)
async def test_documents_are_bounded(gateway: RunningGateway, query: str, limit: str | None) -> None:
    """CASES 35, 36: what would make work without end is refused by name, what only looks like it is answered."""
    reply = await gateway.ask(query)
    assert reply.status in ({400} if limit else {200})
    if limit:
        assert reply.codes == [limit]


async def test_a_document_of_too_many_fields_is_refused(gateway: RunningGateway) -> None:
    """CASES 36: fragments spread at many places count at each of them."""
    spreads = " ".join(f"a{n}: child(number: 1) {{ ...f }}" for n in range(60))
    fields = "number gender birthDate name { family given } " * 6
    reply = await gateway.ask(f"{{ {spreads} }} fragment f on Child {{ {fields} }}")
    assert (reply.status, reply.codes) == (400, ["LIMIT_FIELDS"])


async def test_reading_by_get_is_for_what_touches_no_child(gateway: RunningGateway) -> None:
    """Addresses are kept in proxies' logs: a number must never be in one."""
    headers = {"Authorization": f"Bearer {gateway.token('teacher')}", "Contactpoint-Purpose": "SAFEGUARDING"}
    for query, status in (
        ("{ viewer { subject } }", 200),
        ("{ __typename }", 200),
        ('{ child(number: "F12R0749SBD38") { __typename } }', 405),
        ('{ findChildren(by: {family: "A", birthYear: 2015}) { tooMany } }', 405),
    ):
        async with gateway.session.get(f"{gateway.url}/graphql", params={"query": query}, headers=headers) as answer:
            assert answer.status == status, query


async def test_a_get_without_a_query_or_with_broken_variables_is_400(gateway: RunningGateway) -> None:
    """The parameters are JSON where the specification says so."""
    headers = {"Authorization": f"Bearer {gateway.token('teacher')}", "Contactpoint-Purpose": "SAFEGUARDING"}
    for params in ({}, {"query": "{ __typename }", "variables": "{"}, {"query": "{ __typename }", "variables": "[]"}):
        async with gateway.session.get(f"{gateway.url}/graphql", params=params, headers=headers) as answer:
            assert answer.status == 400


async def test_subscriptions_and_upgrades_are_refused(gateway: RunningGateway) -> None:
    """CASES 42: no other door than a request and its answer."""
    reply = await gateway.ask("subscription { child { number } }")
    assert reply.status == 400
    headers = {"Authorization": f"Bearer {gateway.token('teacher')}", "Connection": "Upgrade", "Upgrade": "websocket"}
    async with gateway.session.get(f"{gateway.url}/graphql", headers=headers) as answer:
        assert answer.status == 400


@pytest.mark.parametrize(
    ("accept", "media_type", "status"),
    [
        ("application/json", JSON, 200),
        (GRAPHQL, GRAPHQL, 400),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL, 400),
        (f"{GRAPHQL};q=0.5, {JSON}", JSON, 200),
        ("*/*", JSON, 200),
        ("application/*", JSON, 200),
        (f"{JSON};q=0, */*", GRAPHQL, 400),
        ("text/html;q=oops, application/json", JSON, 200),
    ],
)
async def test_the_media_type_accepted_decides_how_a_faulty_document_is_told(
    gateway: RunningGateway, accept: str, media_type: str, status: int
) -> None:
    """400 under GraphQL's own media type, 200 under plain JSON, as the specification has it."""
    told, body, headers = await post(gateway, '{"query": "{ nonsense }"}', Accept=accept)
    assert told == status
    assert headers["Content-Type"].startswith(media_type)
    assert "data" not in body


async def test_a_media_type_we_cannot_answer_in_is_406(gateway: RunningGateway) -> None:
    """Said in plain JSON, for want of anything better."""
    status, _, _ = await post(gateway, VIEWER, Accept="text/html")
    assert status == 406


async def test_variables_are_bounded(gateway: RunningGateway) -> None:
    """CASES 36: neither many values nor a long one is read one by one."""
    query = "query($n: [ID!]!) { children(numbers: $n) { number } }"
    for variables, limit in (
        ({"n": [""] * 2_001}, "LIMIT_VARIABLES"),
        ({"n": ["x" * 1_001]}, "LIMIT_VALUE"),
        ({"n": [], "unused": {"deep": [[1] * 2_000]}}, "LIMIT_VARIABLES"),
    ):
        reply = await gateway.ask(query, variables)
        assert (reply.status, reply.codes) == (400, [limit])


async def test_no_door_gives_more_children_than_another(gateway: RunningGateway) -> None:
    """CASES 32: lists, aliases and a router's entities are counted together; so are searches and keys."""
    numbers = [gateway.child("open").number] * 60
    query = "query($n: [ID!]!) { a: children(numbers: $n) { number } b: children(numbers: $n) { number } }"
    reply = await gateway.ask(query, {"n": numbers})
    assert (reply.status, reply.codes) == (400, ["LIMIT_CHILDREN"])
    entities = [{"__typename": "Child", "number": number} for number in numbers * 2]
    query = "query($r: [_Any!]!) { _entities(representations: $r) { ... on Child { number } } }"
    reply = await gateway.ask(query, {"r": entities})
    assert (reply.status, reply.codes) == (400, ["LIMIT_CHILDREN"])
    search = 'findChildren(by: {family: "A", birthYear: 2015}) { tooMany }'
    reply = await gateway.ask("{ " + " ".join(f"s{n}: {search}" for n in range(11)) + " }")
    assert (reply.status, reply.codes) == (400, ["LIMIT_SEARCHES"])


async def test_a_compressed_body_is_refused_and_not_inflated(gateway: RunningGateway) -> None:
    """CASES 36, 44: a small body could hold a large one."""
    status, _, _ = await post(gateway, gzip.compress(VIEWER.encode()), Content_Encoding="gzip")
    assert status == 415


async def test_a_header_that_says_who_or_why_is_said_once(gateway: RunningGateway) -> None:
    """A proxy may read the last where we read the first."""
    headers = [
        ("Authorization", f"Bearer {gateway.token('teacher')}"),
        ("Contactpoint-Purpose", "SAFEGUARDING"),
        ("Contactpoint-Purpose", "AUDIT"),
        ("Content-Type", JSON),
    ]
    async with gateway.session.post(f"{gateway.url}/graphql", data=VIEWER, headers=headers) as answer:
        assert answer.status == 400


async def test_odd_characters_in_keys_and_names_reach_no_statement(gateway: RunningGateway) -> None:
    """CASES 40: the store takes no NUL, so none is handed to it: the caller's mistake is no alarm of ours."""
    key = "query($k: ChildKey!) { childByKey(key: $k) { number } }"
    by = "query($by: ChildCriteria!) { findChildren(by: $by) { tooMany } }"
    for query, variables in (
        (key, {"k": {"upn": "A\x00"}}),
        (key, {"k": {"nhsNumber": "999\x00"}}),
        (by, {"by": {"family": "A\x00", "birthYear": 2015}}),
        (by, {"by": {"family": "A", "postcode": "\x00", "birthYear": 2015}}),
    ):
        reply = await gateway.ask(query, variables)
        assert (reply.status, reply.codes) == (200, ["BAD_CRITERIA"])


async def test_names_are_never_suggested(gateway: RunningGateway) -> None:
    """CASES 39: a guess is answered without a hint, in the document and in its variables."""
    for query, variables in (
        ("{ chil(number: 1) { number } }", {}),
        ("{ child(numbr: 1) { number } }", {}),
        ("{ child(number: 1) { addres { postcode } } }", {}),
        ("query($by: ChildCriteria!) { findChildren(by: $by) { tooMany } }", {"by": {"famly": "A"}}),
        ("query($k: ChildKey!) { childByKey(key: $k) { number } }", {"k": {"nhsNumbr": "1"}}),
    ):
        reply = await gateway.ask(query, variables)
        assert "Did you mean" not in json.dumps(reply.body)
        assert reply.status == 400


async def test_every_answer_forbids_keeping_and_guessing(gateway: RunningGateway) -> None:
    """No store, no sniffing, and no word of what we are built from."""
    for body in (VIEWER, "{"):
        _, _, headers = await post(gateway, body)
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "aiohttp" not in headers["Server"]


async def test_health_tells_life_from_readiness(gateway: RunningGateway) -> None:
    """Live while the process answers; ready while the store and the issuer's keys are there."""
    async with gateway.session.get(f"{gateway.url}/health/live") as live:
        assert live.status == 200
    async with gateway.session.get(f"{gateway.url}/health/ready") as ready:
        assert ready.status == 200
    await gateway.gateway.store.close()
    async with gateway.session.get(f"{gateway.url}/health/ready") as unready:
        assert unready.status == 503


async def test_the_explorers_page_comes_under_its_policy(gateway: RunningGateway) -> None:
    """Whether or not the page is built, nothing at its address may ask another host; the page itself the issuer's."""
    page = POLICY.replace("connect-src 'self'", f"connect-src 'self' {gateway.issuer.url}")
    for path in ("/", "/explorer/config", "/assets/nothing.js", "/assets/..%2findex.html"):
        async with gateway.session.get(f"{gateway.url}{path}") as answer:
            assert answer.headers["Content-Security-Policy"] == (page if path == "/" else POLICY)
            assert answer.headers["X-Frame-Options"] == "DENY"


async def test_the_demonstration_hands_out_personas_tokens_and_nobody_elses(gateway: RunningGateway) -> None:
    """To a preflighted request that names one."""
    url = f"{gateway.url}/explorer/token"
    async with gateway.session.post(url, json={"persona": "gp"}) as answer:
        granted = await answer.json()
        assert granted["expires_in"] > 0
    headers = {"Authorization": f"Bearer {granted['access_token']}"}
    reply = await gateway.ask("{ viewer { subject } }", viewer="gp", headers=headers)
    assert reply.data["viewer"]["subject"] == "persona-gp"
    async with gateway.session.post(url, json={"persona": "gp"}, headers={"Host": "evil.example"}) as answer:
        assert answer.status == 403
    for body, media_type, status in (
        ('{"persona": "nobody"}', JSON, 400),
        ("{}", JSON, 400),
        ('{"persona": "gp"}', "text/plain", 415),
    ):
        async with gateway.session.post(url, data=body, headers={"Content-Type": media_type}) as answer:
            assert answer.status == status


async def test_what_cannot_be_read_is_not_quoted_in_the_log(
    gateway: RunningGateway, caplog: pytest.LogCaptureFixture
) -> None:
    """CASES 16: a header too long to read is refused without a word of it in any log."""
    caplog.set_level("DEBUG")
    async with gateway.session.post(
        f"{gateway.url}/graphql", data=VIEWER, headers={"Authorization": "Bearer " + "canary" * 5_000}
    ) as answer:
        assert answer.status == 400
    assert caplog.records
    assert "canary" not in caplog.text
