"""A look behind one shield (case 31): for one viewer, child and token, recorded first, reported, soon over."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import generate_latest

from adapters.number import new_number
from adapters.sandbox.population import NOTABLE
from adapters.store.authority_webhooks import point_webhooks
from adapters.store.roles import Role
from gateway.audit.opening import OpenedRecord
from tests.running import Reply, RunningGateway

OVERRIDE = "mutation($number: ID!, $reason: String!) { overrideShield(number: $number, reason: $reason) { until } }"
REASON = "sibling reports harm at home"
BEHIND = "formerNames { family } address { postcode } enrolments { school { urn } } practice { odsCode }"
HIDDEN = [["child", "address"], ["child", "enrolments"], ["child", "formerNames"], ["child", "practice"]]


async def acts(gateway: RunningGateway) -> list[OpenedRecord]:
    """The overrides that are recorded."""
    return [seen for seen in await gateway.ledger() if seen.act == "overrideShield"]


async def override(
    gateway: RunningGateway, child: str, *, viewer: str = "social-worker", reason: str = REASON, **how: Any
) -> Reply:
    """Ask to look behind the shield of a notable child, or of a number."""
    number = gateway.child(child).number if child in NOTABLE else child
    stated = {"purpose": "SAFEGUARDING", **how}
    return await gateway.ask(OVERRIDE, {"number": number, "reason": reason}, viewer=viewer, **stated)


async def hidden(gateway: RunningGateway, child: str = "shielded", **how: Any) -> list[list[str | int]]:
    """What the social worker, unless told otherwise, is not shown of the child."""
    stated = {"viewer": "social-worker", "purpose": "SAFEGUARDING", **how}
    return (await gateway.ask_child(child, BEHIND, **stated)).withheld


def metrics(gateway: RunningGateway) -> list[str]:
    return generate_latest(gateway.gateway.observer.registry).decode().splitlines()


async def count(gateway: RunningGateway, table: str) -> int:
    [row] = await gateway.rows(f"SELECT count(*) FROM {table}")  # noqa: S608 - a word of this file
    return int(row["count"])


async def test_it_shows_what_the_shield_hides_for_a_quarter_of_an_hour(gateway: RunningGateway) -> None:
    """Whereabouts and history, and the access says that it was by an override."""
    assert await hidden(gateway) == HIDDEN
    before = datetime.now(UTC)
    reply = await override(gateway, "shielded")
    until = datetime.fromisoformat(reply.data["overrideShield"]["until"])
    assert timedelta(minutes=15) <= until - before < timedelta(minutes=16)
    seen = await gateway.ask_child("shielded", BEHIND, viewer="social-worker", purpose="SAFEGUARDING")
    assert seen.withheld == []
    assert seen.data["child"]["address"]["postcode"] == gateway.child("shielded").address.postcode
    [record] = [entry for entry in await gateway.ledger() if entry.reference == seen.headers["Contactpoint-Record"]]
    [access] = record.children
    assert access.override is True


async def test_it_is_one_viewers_with_one_token_for_one_purpose_and_child(gateway: RunningGateway) -> None:
    """CASES 31: for anybody else, and for the same viewer with another token, purpose or child, nothing has changed."""
    others = await hidden(gateway, viewer="gp")
    await override(gateway, "shielded")
    assert await hidden(gateway) == []
    assert await hidden(gateway, viewer="gp") == others != []
    another = {"Authorization": f"Bearer {gateway.issuer.mint('social-worker')}"}
    assert await hidden(gateway, headers=another) == HIDDEN
    assert await hidden(gateway, purpose="CHILD_WELFARE") == HIDDEN
    assert await hidden(gateway, "shielded-sibling") == HIDDEN


async def test_a_token_without_the_right_does_not_inherit_it(gateway: RunningGateway) -> None:
    """The right is looked for at every use, not at the first alone."""
    token = gateway.token_id("social-worker")
    await override(gateway, "shielded")
    poorer = gateway.issuer.mint("social-worker", scope="", jti=token)
    assert await hidden(gateway, headers={"Authorization": f"Bearer {poorer}"}) == HIDDEN


async def test_it_is_recorded_and_reported_without_a_hidden_value(gateway: RunningGateway) -> None:
    """To the responsible authority, signed: who, of which child, why and until when."""
    child = gateway.child("shielded")
    desk = f"{gateway.sandbox.urls.reports}/{child.authority}"
    assert child.authority is not None
    await point_webhooks(gateway.database.dsn(Role.REGISTRY), {child.authority: desk})
    reply = await override(gateway, "shielded")
    [counted] = [line for line in metrics(gateway) if "override_begun" in line]
    assert counted.endswith(" 1.0")
    [act] = await acts(gateway)
    assert (act.part_of, act.outcome) == (reply.headers["Contactpoint-Record"], "ANSWERED")
    assert (act.purpose, act.reason) == ("SAFEGUARDING", REASON)
    assert act.numbers == [child.number]
    async with asyncio.timeout(30):
        [came] = await gateway.sandbox.reports.until_received(1)
    assert (came.genuine, came.authority, came.reference) == (True, child.authority, act.reference)
    assert came.report | {"at": "", "until": ""} == {
        "at": "",
        "until": "",
        "kind": "OVERRIDE",
        "authority": child.authority,
        "reference": act.reference,
        "number": child.number,
        "viewer": act.viewer,
        "organisation": "social-care-E08000035",
        "reason": REASON,
    }


async def test_asked_again_it_is_neither_longer_nor_told_twice(gateway: RunningGateway) -> None:
    """In a request of its own or under another name in one: one override, one report, and a record of each asking."""
    first = (await override(gateway, "shielded")).data["overrideShield"]
    assert (await override(gateway, "shielded")).data["overrideShield"] == first
    both = """mutation($n: ID!, $r: String!) {
        one: overrideShield(number: $n, reason: $r) { until } two: overrideShield(number: $n, reason: $r) { until }
    }"""
    asked = {"n": gateway.child("shielded").number, "r": REASON}
    twice = await gateway.ask(both, asked, viewer="social-worker", purpose="SAFEGUARDING")
    assert twice.data == {"one": first, "two": first}
    assert (await count(gateway, "overrides"), await count(gateway, "outbox")) == (1, 1)
    assert len(await acts(gateway)) == 4


async def test_sealed_unknown_open_and_held_cannot_be_told_apart(gateway: RunningGateway) -> None:
    """Paired worlds: the same answer to the byte and no call to any agency; afterwards each is what it was."""
    await gateway.execute(
        "INSERT INTO holds (child_id, agency, mark) VALUES ($1, 'practice', 'PDS_RESTRICTED')",
        await gateway.id_of("home-educated"),
    )
    calls = gateway.calls
    replies = [await override(gateway, child) for child in ("sealed", "open", "home-educated", new_number())]
    assert gateway.calls == calls
    assert [reply.body for reply in replies] == [{"data": {"overrideShield": None}}] * 4
    own = {"Contactpoint-Record", "Date"}
    heads = [{name: text for name, text in reply.headers.items() if name not in own} for reply in replies]
    assert heads[1:] == heads[:-1]
    assert (await count(gateway, "overrides"), await gateway.rows("SELECT * FROM outbox WHERE kind = 'OVERRIDE'")) == (
        0,
        [],
    )
    unseen = await gateway.ask_child("sealed", BEHIND, viewer="social-worker", purpose="SAFEGUARDING")
    assert unseen.body == {"data": {"child": None}}
    assert await hidden(gateway, "home-educated") != []


async def test_one_officers_raise_opens_no_hold(gateway: RunningGateway) -> None:
    """Law 1: any officer may raise; were a held child overridden by that, one officer alone would have weakened it."""
    raised = """mutation($n: ID!, $day: Date!) {
        raiseShield(number: $n, ground: "a threat", reviewOn: $day, reason: "a reason of some length") { state }
    }"""
    confirmed = 'mutation($n: ID!) { confirmShield(number: $n, reason: "a reason of some length") { state } }'
    child = gateway.child("open")
    day = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()
    hold = "INSERT INTO holds (child_id, agency, mark) VALUES ($1, 'practice', 'PDS_RESTRICTED')"
    search = """query($family: String!, $born: Date!, $postcode: String!) {
        findChildren(by: {family: $family, birthDate: $born, postcode: $postcode}) { children { number } }
    }"""
    by = {
        "family": child.name.family,
        "born": child.birth_date.isoformat(),
        "postcode": child.address.postcode,
    }

    async def found() -> bool:
        reply = await gateway.ask(search, by, viewer="social-worker", purpose="SAFEGUARDING")
        return {"number": child.number} in reply.data["findChildren"]["children"]

    await gateway.ask(raised, {"n": child.number, "day": day}, viewer="shield-officer-elsewhere")
    assert (await override(gateway, "open")).data["overrideShield"] is not None
    assert (await hidden(gateway, "open"), await found()) == ([], True)
    await gateway.execute(hold, await gateway.id_of("open"))
    assert (await hidden(gateway, "open"), await found()) == (HIDDEN, False)
    assert (await override(gateway, "open")).data["overrideShield"] is None
    await gateway.ask(confirmed, {"n": child.number}, viewer="shield-officer")
    assert (await override(gateway, "open")).data["overrideShield"] is not None
    assert (await hidden(gateway, "open"), await found()) == ([], True)


async def test_an_override_that_was_not_given_is_recorded_too(gateway: RunningGateway) -> None:
    """Who asked, of which number and why: of a sealed child as of an open one."""
    await override(gateway, "sealed")
    [act] = await acts(gateway)
    assert (act.outcome, act.reason) == ("REFUSED", REASON)
    assert act.numbers == [gateway.child("sealed").number]


async def test_it_ends_when_its_time_is_over(gateway: RunningGateway) -> None:
    """By the store's clock, at the next look."""
    await override(gateway, "shielded")
    assert await hidden(gateway) == []
    await gateway.execute("UPDATE overrides SET until = now()")
    assert await hidden(gateway) == HIDDEN


async def test_any_act_on_the_shield_ends_it(gateway: RunningGateway) -> None:
    """Even one that weakens nothing: whoever is to go on looking says again why."""
    await override(gateway, "shielded")
    assert await hidden(gateway) == []
    act = """mutation($n: ID!, $day: Date!) {
        changeShield(number: $n, change: {reviewOn: $day}, reason: "seen by the panel today") { state }
    }"""
    day = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()
    asked = {"n": gateway.child("shielded").number, "day": day}
    done = await gateway.ask(act, asked, viewer="shield-officer", purpose="SHIELD_MANAGEMENT")
    assert done.data["changeShield"]["state"] == "DONE"
    assert await hidden(gateway) == HIDDEN


@pytest.mark.parametrize(
    ("viewer", "purpose"),
    [
        ("teacher", "SAFEGUARDING"),
        ("gp", "SAFEGUARDING"),
        ("social-worker", "CHILD_WELFARE"),
    ],
)
async def test_nobody_else_may_ask_at_all(gateway: RunningGateway, viewer: str, purpose: str) -> None:
    """A practitioner with the right in the token, for safeguarding; anybody else is refused before any look."""
    replies = [await override(gateway, child, viewer=viewer, purpose=purpose) for child in ("shielded", "sealed")]
    assert [reply.codes for reply in replies] == [["FORBIDDEN"]] * 2
    assert replies[0].body == replies[1].body
    assert await count(gateway, "overrides") == 0


@pytest.mark.parametrize(
    ("viewer", "purpose"),
    [
        ("shield-officer", "SAFEGUARDING"),
        ("shield-officer", "SHIELD_MANAGEMENT"),
        ("steward", "DATA_QUALITY"),
        ("analyst", "STATISTICS"),
    ],
)
async def test_an_override_is_unknown_to_whoever_is_no_practitioner(
    gateway: RunningGateway, viewer: str, purpose: str
) -> None:
    """CASES 21: no field of theirs."""
    replies = [await override(gateway, child, viewer=viewer, purpose=purpose) for child in ("shielded", "sealed")]
    assert all(reply.unread for reply in replies)
    assert replies[0].body == replies[1].body
    assert await count(gateway, "overrides") == 0


@pytest.mark.parametrize("reason", ["", "too short", "x" * 256, "a line\nand another", "nul \x00 within it"])
async def test_a_reason_is_stated_in_words(gateway: RunningGateway, reason: str) -> None:
    """Ten to 255 printable characters; without one nothing is begun."""
    assert (await override(gateway, "shielded", reason=reason)).codes == ["BAD_REASON"]
    assert await count(gateway, "overrides") == 0


@pytest.mark.parametrize("reason", ["ten signs.", "ß" * 255])
async def test_the_shortest_and_the_longest_reason_will_do(gateway: RunningGateway, reason: str) -> None:
    assert (await override(gateway, "shielded", reason=reason)).data["overrideShield"]["until"]


@pytest.mark.parametrize("table", ["ledger", "overrides", "outbox"])
async def test_record_override_and_report_are_one(gateway: RunningGateway, table: str) -> None:
    """Where one of them cannot be written there is none of them, and no answer but that it failed."""
    await gateway.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'full'; END $$"
    )
    await gateway.execute(f"CREATE TRIGGER refuse BEFORE INSERT ON {table} EXECUTE FUNCTION refuse()")
    assert (await override(gateway, "shielded")).status == 503
    assert (await count(gateway, "overrides"), await count(gateway, "outbox"), await acts(gateway)) == (0, 0, [])
    await gateway.execute(f"DROP TRIGGER refuse ON {table}")
    assert await hidden(gateway) == HIDDEN


async def test_a_link_cannot_make_anybody_override(gateway: RunningGateway) -> None:
    """Nothing is begun by GET."""
    query = (
        f'mutation {{ overrideShield(number: "{gateway.child("shielded").number}", reason: "{REASON}") {{ until }} }}'
    )
    headers = {"Authorization": f"Bearer {gateway.token('social-worker')}", "Contactpoint-Purpose": "SAFEGUARDING"}
    async with gateway.session.get(f"{gateway.url}/graphql", params={"query": query}, headers=headers) as answer:
        assert answer.status == 405
    assert await count(gateway, "overrides") == 0


async def test_a_new_identity_is_as_any_open_child(gateway: RunningGateway) -> None:
    """Law 12: that a record has none but its own keys is told by no answer, this one either."""
    await gateway.execute("UPDATE children SET own_keys_alone = true WHERE id = $1", await gateway.id_of("twin"))
    new, open_ = [await override(gateway, child) for child in ("twin", "open")]
    assert new.body == open_.body == {"data": {"overrideShield": None}}
    assert (new.status, open_.status) == (200, 200)
