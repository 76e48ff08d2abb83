"""Officers' acts over real HTTP: one officer protects, two weaken, and nobody else learns that there was an act."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.number import with_check_character
from adapters.sandbox.personas import PERSONAS
from tests.running import Reply, RunningGateway

OFFICER, SECOND, ELSEWHERE = "shield-officer", "shield-officer-second", "shield-officer-elsewhere"
REASON = "a reason of some length"
NOBODY = with_check_character("000000000000")
SOON = (datetime.now(UTC).date() + timedelta(days=90)).isoformat()

ACTS = {
    "raiseShield": f'(number: $n, ground: "a threat", reviewOn: "{SOON}", reason: $r) {{ state reference }}',
    "confirmShield": "(number: $n, reason: $r) { state reference }",
    "liftShield": "(number: $n, reason: $r) { state reference }",
    "clearHold": "(number: $n, reason: $r) { state reference }",
    "transferShield": f'(number: $n, authority: "{PERSONAS[ELSEWHERE].authority}", reason: $r) {{ state reference }}',
    "changeShield": "(number: $n, change: {tier: SEALED}, reason: $r) { state reference }",
    "giveNewIdentity": (
        '(number: $n, reason: $r, identity: {given: ["New"], family: "Name", birthDate: "2015-03-04", gender: FEMALE})'
        " { state reference number }"
    ),
}


async def act(
    gateway: RunningGateway, name: str, number: str, *, viewer: str = OFFICER, reason: str = REASON, **how: Any
) -> Reply:
    """Do one of `ACTS`."""
    text = f"mutation($n: ID!, $r: String!) {{ done: {name}{ACTS[name]} }}"
    return await gateway.ask(text, {"n": number, "r": reason}, viewer=viewer, **how)


async def change(gateway: RunningGateway, number: str, viewer: str = OFFICER, **change: Any) -> Reply:
    text = """mutation($n: ID!, $c: ShieldChange!, $r: String!) {
        done: changeShield(number: $n, change: $c, reason: $r) { state reference } }"""
    return await gateway.ask(text, {"n": number, "c": change, "r": REASON}, viewer=viewer)


def state(reply: Reply) -> Any:
    """What came of an act: its state, or None where there was nothing to act upon."""
    assert "errors" not in reply.body
    return reply.data["done"] and reply.data["done"]["state"]


async def postcode(gateway: RunningGateway, name: str, **how: Any) -> Any:
    """The child's postcode as a viewer sees it; "nobody" where there is no such child."""
    reply = await gateway.ask_child(name, "address { postcode }", **how)
    child = reply.data["child"]
    return "nobody" if child is None else child["address"] and child["address"]["postcode"]


async def cases(gateway: RunningGateway, listing: str, viewer: str = OFFICER) -> list[dict[str, Any]]:
    fields = "number tier confirmed household holds { agency mark } proposals { act change reason mine }"
    query = f"query($l: ShieldListing!) {{ shields(listing: $l) {{ nodes {{ {fields} }} }} }}"
    reply = await gateway.ask(query, {"l": listing}, viewer=viewer)
    nodes: list[dict[str, Any]] = reply.data["shields"]["nodes"]
    return nodes


async def numbers(gateway: RunningGateway, listing: str, viewer: str = OFFICER) -> set[str]:
    return {case["number"] for case in await cases(gateway, listing, viewer)}


async def test_the_story_of_two_officers(gateway: RunningGateway) -> None:
    """One raises, and reads nothing by it; another confirms; one would lift it; the other lifts it."""
    open_child, number = gateway.child("open"), gateway.child("open").number
    whereabouts = open_child.address.postcode
    assert await postcode(gateway, "open") == whereabouts

    assert state(await act(gateway, "raiseShield", number)) == "DONE"
    assert await postcode(gateway, "open") is None
    assert await postcode(gateway, "open", viewer=OFFICER) == "nobody"
    assert await postcode(gateway, "open", viewer=SECOND) == whereabouts
    assert number not in await numbers(gateway, "ALL")
    assert number in await numbers(gateway, "UNCONFIRMED", SECOND)

    assert state(await act(gateway, "confirmShield", number)) is None  # it is their own
    assert state(await act(gateway, "confirmShield", number, viewer=SECOND)) == "DONE"
    assert await postcode(gateway, "open", viewer=OFFICER) == whereabouts
    assert number not in await numbers(gateway, "UNCONFIRMED", SECOND)

    first = await act(gateway, "liftShield", number)
    again = await act(gateway, "liftShield", number)
    assert state(first) == state(again) == "PROPOSED"
    assert first.data["done"]["reference"] == again.data["done"]["reference"]
    assert await postcode(gateway, "open") is None
    [waiting] = await cases(gateway, "PROPOSED", SECOND)
    assert (waiting["number"], waiting["proposals"][0]["act"]) == (number, "LIFTED")
    assert (waiting["proposals"][0]["mine"], waiting["proposals"][0]["reason"]) == (False, REASON)

    assert state(await act(gateway, "liftShield", number, viewer=SECOND)) == "DONE"
    assert await postcode(gateway, "open") == whereabouts


async def test_raising_covers_the_household(gateway: RunningGateway) -> None:
    """CASES 9: whoever shares the home is shielded too, each by a shield of their own, and confirmed with the child."""
    number, sibling = gateway.child("open").number, gateway.child("open-sibling").number
    assert await postcode(gateway, "open-sibling") is not None
    await act(gateway, "raiseShield", number)
    assert await postcode(gateway, "open-sibling") is None
    await act(gateway, "confirmShield", number, viewer=SECOND)
    [case] = [case for case in await cases(gateway, "ALL") if case["number"] == number]
    assert case["household"] == [sibling]


async def test_a_release_from_the_household_takes_two(gateway: RunningGateway) -> None:
    """Until the second says the same, the sibling stays covered."""
    number, sibling = gateway.child("open").number, gateway.child("open-sibling").number
    await act(gateway, "raiseShield", number)
    await act(gateway, "confirmShield", number, viewer=SECOND)
    assert state(await change(gateway, number, release=[sibling])) == "PROPOSED"
    assert await postcode(gateway, "open-sibling") is None
    assert state(await change(gateway, number, SECOND, release=[sibling])) == "DONE"
    assert await postcode(gateway, "open-sibling") is not None
    assert await postcode(gateway, "open") is None


async def test_what_strengthens_is_done_at_once(gateway: RunningGateway) -> None:
    """By one officer: the names of parents withheld, then the child sealed."""
    number = gateway.child("shielded").number
    assert state(await change(gateway, number, withhold=["PARENT_NAMES"])) == "DONE"
    hidden = await gateway.ask_child("shielded", "parents { name { family } }")
    assert hidden.data["child"] == {"parents": None}
    assert state(await change(gateway, number, tier="SEALED")) == "DONE"
    assert await postcode(gateway, "shielded") == "nobody"


async def test_a_circle_takes_two_and_shows_what_it_names(gateway: RunningGateway) -> None:
    """The teacher's own school is let see the enrolment, and no address."""
    number = gateway.child("shielded").number
    circle = [{"organisation": PERSONAS["teacher"].organisation, "categories": ["SCHOOL"], "until": SOON}]
    for viewer, expected in ((OFFICER, "PROPOSED"), (SECOND, "DONE")):
        seen = await gateway.ask_child("shielded", "enrolments { start } address { postcode }")
        assert seen.data["child"] == {"enrolments": None, "address": None}
        assert state(await change(gateway, number, viewer, circle=circle)) == expected
    seen = await gateway.ask_child("shielded", "enrolments { start } address { postcode }")
    assert seen.data["child"]["enrolments"]
    assert seen.data["child"]["address"] is None


async def test_a_case_says_how_its_shield_stands(gateway: RunningGateway) -> None:
    """To the officers of its authority: tier, ground, review, what is withheld, and who is let in until when."""
    number = gateway.child("shielded").number
    circle = {"organisation": PERSONAS["gp"].organisation, "categories": ["PRACTICE", "ADDRESS"], "until": SOON}
    for viewer in (OFFICER, SECOND):
        await change(gateway, number, viewer, circle=[circle], withhold=["KEY"], ground="a threat", reviewOn=SOON)
    query = """{ shields { nodes { number tier confirmed ground reviewOn overdue withheld
        circle { organisation categories until } holds { agency placedAt } proposals { act } } } }"""
    cases = (await gateway.ask(query, viewer=OFFICER)).data["shields"]["nodes"]
    assert next(case for case in cases if case["number"] == number) == {
        "number": number,
        "tier": "SHIELDED",
        "confirmed": True,
        "ground": "a threat",
        "reviewOn": SOON,
        "overdue": False,
        "withheld": ["KEY"],
        "circle": [{**circle, "categories": ["ADDRESS", "PRACTICE"]}],
        "holds": [],
        "proposals": [],
    }


async def test_an_overdue_review_is_listed_and_nothing_lapses(gateway: RunningGateway) -> None:
    """The officers are told, and the child stays protected."""
    await gateway.execute("UPDATE shields SET review_on = '2099-01-01'")
    await gateway.execute(
        "UPDATE shields SET review_on = '2020-01-01' WHERE child_id = $1", await gateway.id_of("shielded")
    )
    assert await numbers(gateway, "OVERDUE") == {gateway.child("shielded").number}
    assert await postcode(gateway, "shielded") is None


async def test_two_officers_at_once_are_two(gateway: RunningGateway) -> None:
    """Whoever comes first proposes, and the other carries out; one who calls several times at once proposes once."""
    number = gateway.child("shielded").number
    twice = await asyncio.gather(*(act(gateway, "liftShield", number) for _ in range(4)))
    assert {state(reply) for reply in twice} == {"PROPOSED"}
    assert len({reply.data["done"]["reference"] for reply in twice}) == 1
    number = gateway.child("key-withheld").number
    both = await asyncio.gather(*(act(gateway, "liftShield", number, viewer=viewer) for viewer in (OFFICER, SECOND)))
    assert sorted(state(reply) for reply in both) == ["DONE", "PROPOSED"]


async def test_who_asks_after_the_officer_was_told_sees_no_whereabouts(gateway: RunningGateway) -> None:
    """Law 8, under steady reading: from the officer's answer on, no question is answered by what stood before."""
    told = asyncio.Event()
    seen: list[tuple[bool, Any]] = []

    async def read() -> None:
        for _ in range(15):
            after = told.is_set()
            seen.append((after, await postcode(gateway, "open")))

    async def protect() -> None:
        await asyncio.sleep(0.01)
        assert state(await act(gateway, "raiseShield", gateway.child("open").number)) == "DONE"
        told.set()

    await asyncio.gather(protect(), *(read() for _ in range(8)))
    assert {place for after, place in seen if after} == {None}


async def test_a_transfer_is_completed_by_the_receiving_authority(gateway: RunningGateway) -> None:
    """Leeds proposes, Bristol says the same; from then on the child is Bristol's to manage."""
    number = gateway.child("shielded").number
    assert state(await act(gateway, "transferShield", number)) == "PROPOSED"
    assert await postcode(gateway, "shielded", viewer=ELSEWHERE) == "nobody"
    assert state(await act(gateway, "transferShield", number, viewer=ELSEWHERE)) == "DONE"
    assert await postcode(gateway, "shielded", viewer=OFFICER) == "nobody"
    assert await postcode(gateway, "shielded", viewer=ELSEWHERE) == gateway.child("shielded").address.postcode


async def test_a_new_identity_has_no_past(gateway: RunningGateway) -> None:
    """Law 12: the second officer is told the new number, once; the old one answers as unknown to everybody."""
    number = gateway.child("shielded").number
    first = await act(gateway, "giveNewIdentity", number)
    assert (state(first), first.data["done"]["number"]) == ("PROPOSED", None)
    assert await postcode(gateway, "shielded", viewer=OFFICER) != "nobody"
    second = await act(gateway, "giveNewIdentity", number, viewer=SECOND)
    assert state(second) == "DONE"
    for viewer in ("teacher", OFFICER, SECOND):
        assert await postcode(gateway, "shielded", viewer=viewer) == "nobody"
        assert await postcode(gateway, "shielded", viewer=viewer, purpose="SAFEGUARDING") == "nobody"
    query = "query($n: ID!) { child(number: $n) { name { given } } }"
    new = {"n": second.data["done"]["number"]}
    assert (await gateway.ask(query, new, viewer=OFFICER)).data["child"] == {"name": {"given": ["New"]}}
    assert (await gateway.ask(query, new)).data["child"] is None


async def test_a_hold_is_cleared_by_an_officer(gateway: RunningGateway) -> None:
    """The agency's mark held the child; the officer finds it among the held, and clears it."""
    number = gateway.child("gp-restricted").number
    await gateway.ask_child("gp-restricted", "practice { odsCode }", viewer="gp")
    assert await postcode(gateway, "gp-restricted") is None
    [held] = await cases(gateway, "HELD")
    assert (held["number"], held["tier"], held["holds"][0]["agency"]) == (number, None, "practice")
    assert state(await act(gateway, "clearHold", number)) == "DONE"
    assert await postcode(gateway, "gp-restricted") is not None


@pytest.mark.parametrize("name", ["confirmShield", "liftShield", "transferShield", "changeShield", "giveNewIdentity"])
async def test_anothers_child_an_open_one_and_nobody_are_answered_alike(gateway: RunningGateway, name: str) -> None:
    """Same bytes: the acts of an authority tell no other which children it protects."""
    numbers = [gateway.child(child).number for child in ("shielded-elsewhere", "elsewhere")]
    replies = [await act(gateway, name, number) for number in (*numbers, NOBODY)]
    assert [reply.body for reply in replies] == [{"data": {"done": None}}] * 3


@pytest.mark.parametrize("name", sorted(ACTS))
async def test_a_sealed_child_is_nobody_to_an_officer_without_the_scope(gateway: RunningGateway, name: str) -> None:
    """Same bytes as for a number that nobody has; to see it sealed again would tell that it is."""
    headers = {"Authorization": f"Bearer {gateway.issuer.mint(OFFICER, scope='sensitive')}"}
    sealed = await act(gateway, name, gateway.child("sealed").number, headers=headers)
    nobody = await act(gateway, name, NOBODY, headers=headers)
    assert sealed.body == nobody.body


@pytest.mark.parametrize("name", sorted(ACTS))
async def test_no_household_is_looked_for_where_the_child_is_nobody(gateway: RunningGateway, name: str) -> None:
    """CASES 17: it would take time, by which a sealed number could be told from one that nobody has."""
    broken = "CREATE OR REPLACE FUNCTION household_of(child bigint) RETURNS TABLE (id bigint, by_parent boolean)"
    await gateway.execute(f"{broken} LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'asked'; END $$")
    without_scope = {"Authorization": f"Bearer {gateway.issuer.mint(OFFICER, scope='')}"}
    for viewer, headers in ((OFFICER, without_scope), (ELSEWHERE, {})):
        sealed = await act(gateway, name, gateway.child("sealed").number, viewer=viewer, headers=headers)
        assert sealed.status == 200


async def test_what_is_proposed_names_no_child_whom_the_reader_may_not_see(gateway: RunningGateway) -> None:
    """CASES 8: a custodian would release a sealed sibling: who is none reads neither its number nor the proposal."""
    number, sibling = gateway.child("open").number, gateway.child("open-sibling").number
    await act(gateway, "raiseShield", number)
    await act(gateway, "confirmShield", number, viewer=SECOND)
    assert state(await change(gateway, sibling, tier="SEALED")) == "DONE"
    assert state(await change(gateway, number, release=[sibling])) == "PROPOSED"
    query = "query($l: ShieldListing!) { shields(listing: $l) { nodes { number household proposals { change } } } }"
    without_scope = {"Authorization": f"Bearer {gateway.issuer.mint(SECOND, scope='')}"}
    for listing, cases_seen in (("ALL", 1), ("PROPOSED", 0)):
        reply = await gateway.ask(query, {"l": listing}, viewer=SECOND, headers=without_scope)
        seen = [case for case in reply.data["shields"]["nodes"] if case["number"] == number]
        assert seen == [{"number": number, "household": [], "proposals": []}] * cases_seen
    assert number in await numbers(gateway, "PROPOSED", SECOND)


async def test_who_is_no_custodian_reads_of_no_new_identity(gateway: RunningGateway) -> None:
    """That a child is to have one is for those to know who may give it."""
    number = gateway.child("shielded").number
    assert state(await act(gateway, "giveNewIdentity", number)) == "PROPOSED"
    without_scope = {"Authorization": f"Bearer {gateway.issuer.mint(SECOND, scope='')}"}
    query = "{ shields(listing: PROPOSED) { nodes { number } } }"
    assert (await gateway.ask(query, viewer=SECOND, headers=without_scope)).data == {"shields": {"nodes": []}}
    assert number in await numbers(gateway, "PROPOSED", SECOND)


@pytest.mark.parametrize("viewer", ["teacher", "social-worker", "steward", "auditor"])
async def test_acts_on_shields_are_unknown_to_whoever_is_no_officer(gateway: RunningGateway, viewer: str) -> None:
    """CASES 21: no field of theirs, so no number is so much as read."""
    for name in ACTS:
        known = await act(gateway, name, gateway.child("shielded").number, viewer=viewer)
        nobody = await act(gateway, name, NOBODY, viewer=viewer)
        assert known.unread
        assert known.body == nobody.body


async def test_an_officer_who_is_not_managing_shields_is_refused(gateway: RunningGateway) -> None:
    """Before anything is looked up: for every number the same."""
    for name in ACTS:
        known = await act(gateway, name, gateway.child("shielded").number, viewer=OFFICER, purpose="SAFEGUARDING")
        nobody = await act(gateway, name, NOBODY, viewer=OFFICER, purpose="SAFEGUARDING")
        assert known.codes == ["FORBIDDEN"]
        assert known.body == nobody.body


async def test_lists_of_shields_are_for_officers_managing_them(gateway: RunningGateway) -> None:
    """Each of their own authority, the sealed ones by scope."""
    query = "{ shields { nodes { number } } }"
    for viewer in ("teacher", "steward"):
        assert (await gateway.ask(query, viewer=viewer)).unread
    assert (await gateway.ask(query, viewer=OFFICER, purpose="SAFEGUARDING")).codes == ["FORBIDDEN"]
    here = await numbers(gateway, "ALL")
    assert {gateway.child(name).number for name in ("shielded", "sealed", "key-withheld")} <= here
    assert gateway.child("shielded-elsewhere").number not in here
    headers = {"Authorization": f"Bearer {gateway.issuer.mint(OFFICER, scope='')}"}
    without = await gateway.ask(query, viewer=OFFICER, headers=headers)
    assert gateway.child("sealed").number not in {case["number"] for case in without.data["shields"]["nodes"]}


async def test_lists_of_shields_are_given_by_pages(gateway: RunningGateway) -> None:
    """Each case once, whatever the length of the pages; a page is of one to fifty."""
    query = "query($a: String) { shields(first: 2, after: $a) { nodes { number } hasNextPage endCursor } }"
    found, after = [], None
    while True:
        page = (await gateway.ask(query, {"a": after}, viewer=OFFICER)).data["shields"]
        found += [case["number"] for case in page["nodes"]]
        after = page["endCursor"]
        if not page["hasNextPage"]:
            break
    assert len(found) == len(set(found))
    assert set(found) == await numbers(gateway, "ALL")
    for wrong in (0, 51):
        refused = await gateway.ask(f"{{ shields(first: {wrong}) {{ hasNextPage }} }}", viewer=OFFICER)
        assert (refused.status, refused.codes) == (400, ["LIMIT_FIRST"])


@pytest.mark.parametrize("reason", ["too short", "x" * 256, "with a line\nbreak"])
async def test_an_act_needs_a_reason_that_can_be_read(gateway: RunningGateway, reason: str) -> None:
    """Ten to 255 printable characters, and nothing is done without."""
    reply = await act(gateway, "raiseShield", gateway.child("open").number, reason=reason)
    assert reply.codes == ["BAD_REASON"]
    assert await postcode(gateway, "open") is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"reviewOn": "2020-01-01"},
        {"reviewOn": "2099-01-01"},
        {"circle": [{"organisation": "school-nobody-knows", "categories": ["SCHOOL"], "until": SOON}]},
        {"circle": [{"organisation": "social-care-E08000035", "categories": ["SCHOOL"], "until": SOON}]},
        {
            "circle": [
                {"organisation": PERSONAS["teacher"].organisation, "categories": ["SCHOOL"], "until": "2099-01-01"}
            ]
        },
        {},
    ],
    ids=str,
)
async def test_what_cannot_be_meant_is_refused(gateway: RunningGateway, wrong: dict[str, Any]) -> None:
    """A review past or too far off, a circle of who is no school or practice or for too long, a change of nothing."""
    reply = await change(gateway, gateway.child("shielded").number, **wrong)
    assert reply.codes == ["BAD_ACT"]
    assert reply.data == {"done": None}


@pytest.mark.parametrize("strange", ["\x00", "É", "2026-01-01T00:00:00+00:00 \x00", "0001-01-01T00:00:00+23:00 x"])
async def test_words_that_are_none_of_ours_are_told(gateway: RunningGateway, strange: str) -> None:
    """They reach no statement: the store would refuse some of them, and an answer would seem to be unavailable."""
    n, after = gateway.child("shielded").number, base64.urlsafe_b64encode(strange.encode()).decode()
    given = {"n": n, "w": strange, "r": REASON, "a": after}
    for text in (
        "mutation($n: ID!, $w: ID!, $r: String!) { transferShield(number: $n, authority: $w, reason: $r) { state } }",
        "mutation($w: ID!, $r: String!) { resolveQuarantine(reference: $w, resolution: REJECT, reason: $r) { state } }",
        "query($a: String!) { shields(after: $a) { endCursor } }",
        "query($a: String!) { quarantine(after: $a) { endCursor } }",
    ):
        reply = await gateway.ask(text, given, viewer=OFFICER)
        assert reply.status == 200
        assert set(reply.codes) <= {"BAD_ACT", "BAD_CRITERIA"}
    circle = [{"organisation": strange, "categories": ["SCHOOL"], "until": SOON}]
    assert (await change(gateway, n, circle=circle)).codes == ["BAD_ACT"]


async def test_a_mistyped_number_is_told(gateway: RunningGateway) -> None:
    """As everywhere; it is not repeated."""
    reply = await act(gateway, "raiseShield", "0000000000000")
    assert reply.codes == ["BAD_NUMBER"]


async def test_acts_of_one_operation_follow_one_another(gateway: RunningGateway) -> None:
    """The second sees what the first did; an error in between ends neither."""
    n = gateway.child("open").number
    text = f"""mutation($n: ID!, $r: String!) {{
        confirm: confirmShield(number: $n, reason: $r) {{ state }}
        raise: raiseShield(number: $n, ground: "a threat", reviewOn: "{SOON}", reason: $r) {{ state }}
        short: liftShield(number: $n, reason: "no") {{ state }}
        hide: changeShield(number: $n, reason: $r, change: {{withhold: [KEY]}}) {{ state }}
    }}"""
    reply = await gateway.ask(text, {"n": n, "r": REASON}, viewer=OFFICER)
    assert reply.codes == ["BAD_REASON"]
    assert {key: value and value["state"] for key, value in reply.data.items()} == {
        "confirm": None,
        "raise": "DONE",
        "short": None,
        "hide": None,  # a raiser manages nothing by what nobody has confirmed
    }


async def test_an_act_is_sent_by_post_alone(gateway: RunningGateway) -> None:
    """CASES 37: nothing that changes anything travels in an address."""
    text = f'mutation {{ liftShield(number: "{gateway.child("shielded").number}", reason: "{REASON}") {{ state }} }}'
    sent = {"Authorization": f"Bearer {gateway.token(OFFICER)}", "Contactpoint-Purpose": "SHIELD_MANAGEMENT"}
    async with gateway.session.get(f"{gateway.url}/graphql", params={"query": text}, headers=sent) as answer:
        assert answer.status == 405
    assert await gateway.rows("SELECT 1 FROM shield_proposals") == []


async def test_each_act_has_a_record_of_its_own_and_the_answer_has_one(gateway: RunningGateway) -> None:
    """The act's names the answer's; one that found nobody is recorded as refused, with no child."""
    number = gateway.child("shielded").number
    reply = await act(gateway, "liftShield", number)
    await act(gateway, "liftShield", NOBODY)
    records = await gateway.ledger()
    acts = [record for record in records if record.act is not None]
    assert [record.outcome for record in acts] == ["ANSWERED", "REFUSED"]
    assert {record.reason for record in acts} == {REASON}
    assert acts[0].part_of == reply.headers["Contactpoint-Record"]
    assert number in acts[0].numbers
    [answer] = [record for record in records if record.reference == acts[0].part_of]
    assert (answer.act, answer.outcome) == (None, "ANSWERED")
    assert number in answer.numbers
