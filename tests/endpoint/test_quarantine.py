"""What waits in quarantine, over real HTTP: who reads an entry, what of it, and that nobody else can tell of any."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from adapters.identity import Decided, Decision, IdentityEntry, Likeness, LikenessReason, QuarantineOutcome
from adapters.records import AddressStatus, Gender, Keys, Name, NhsNumber, PostalAddress, Upn
from adapters.shield_records import QuarantineRow
from adapters.store.feeding import FeedStore
from adapters.store.roles import Role
from tests.running import Reply, RunningGateway

OFFICER, SECOND, ELSEWHERE = "shield-officer", "shield-officer-second", "shield-officer-elsewhere"
REASON = "a reason of some length"

LIST = """
query($first: Int, $after: String) { quarantine(first: $first, after: $after) { hasNextPage endCursor nodes {
  reference receivedAt state source outcome
  incoming { name { given family } birthDate gender nhsNumber upn address { postcode } }
  candidates { reasons child { number name { family } address { postcode } shield { brokerReference } } }
} } }
"""
# Neither an address nor a UPN is a field of any steward's.
STEWARDS_LIST = LIST.replace(" upn address { postcode }", "").replace(" address { postcode }", "")
RESOLVE = """
mutation($e: ID!, $as: Resolution!, $n: ID, $merge: Boolean! = false, $r: String!) {
  done: resolveQuarantine(reference: $e, resolution: $as, number: $n, merge: $merge, reason: $r) { state reference }
}
"""
WAITS = {"source": None, "outcome": None, "incoming": None, "candidates": None, "state": "PENDING"}


async def a_doubt(
    gateway: RunningGateway,
    *like: str,
    outcome: QuarantineOutcome = QuarantineOutcome.DOUBTFUL,
    reasons: Sequence[LikenessReason] = (LikenessReason.NAME_ALIKE, LikenessReason.SAME_ADDRESS),
    serial: int = 1,
) -> str:
    """Have a feed put an entry aside that is like these children; its reference."""
    entry = IdentityEntry(
        line=serial,
        name=Name(("Incoming",), "Doubt"),
        birth_date=date(2014, 5, 6),
        gender=Gender.FEMALE,
        address=PostalAddress(AddressStatus.CURRENT, ("9 Nowhere Street",), "LS9 9ZZ"),
        keys=Keys(NhsNumber("9990009999"), Upn("Z801200005999")),
        as_of=datetime(2026, 1, 1, tzinfo=UTC),
        digest=serial.to_bytes(32, "big"),
    )
    likenesses = [Likeness(await gateway.id_of(name), 12.0 - place, tuple(reasons)) for place, name in enumerate(like)]
    decision = Decision(Decided.QUARANTINE, outcome=outcome, likenesses=tuple(likenesses))
    feed = await FeedStore.connect(gateway.database.dsn(Role.FEED))
    try:
        async with feed.batch("a-source") as batch:
            await batch.apply([(entry, decision)])
    finally:
        await feed.close()
    [row] = await gateway.rows("SELECT reference FROM quarantine WHERE digest = $1", entry.digest)
    return str(row["reference"])


async def entries(gateway: RunningGateway, viewer: str, **how: Any) -> list[dict[str, Any]]:
    reply = await gateway.ask(STEWARDS_LIST if viewer == "steward" else LIST, viewer=viewer, **how)
    assert "errors" not in reply.body
    nodes: list[dict[str, Any]] = reply.data["quarantine"]["nodes"]
    return nodes


async def resolve(
    gateway: RunningGateway,
    entry: str,
    resolution: str,
    name: str | None = None,
    *,
    viewer: str = "steward",
    **how: Any,
) -> Reply:
    variables = {"e": entry, "as": resolution, "n": gateway.child(name).number if name else None, "r": REASON}
    return await gateway.ask(RESOLVE, variables, viewer=viewer, **how)


def state(reply: Reply) -> Any:
    assert "errors" not in reply.body
    return reply.data["done"] and reply.data["done"]["state"]


async def test_a_steward_reads_an_entry_as_far_as_identity_and_keys_go(gateway: RunningGateway) -> None:
    """Not the address that came in, nor the word that one matches: that would confirm what a steward may not see."""
    reasons = list(LikenessReason)
    reference = await a_doubt(gateway, "open", reasons=reasons)
    assert (await gateway.ask(LIST, viewer="steward")).unread
    [entry] = await entries(gateway, "steward")
    assert (entry["reference"], entry["state"], entry["outcome"]) == (reference, "OPEN", "DOUBTFUL")
    assert entry["incoming"] == {
        "name": {"given": ["Incoming"], "family": "Doubt"},
        "birthDate": "2014-05-06",
        "gender": "FEMALE",
        "nhsNumber": "9990009999",
    }
    [candidate] = entry["candidates"]
    hidden = {"FORMER_NAME", "SAME_ADDRESS", "SAME_POSTCODE"}
    assert set(candidate["reasons"]) == {reason.value for reason in reasons} - hidden
    assert candidate["child"]["number"] == gateway.child("open").number


async def test_an_entry_like_a_protected_child_only_waits_for_a_steward(gateway: RunningGateway) -> None:
    """Paired worlds: the bytes do not depend on which protected child it is like, on tier, hold or authority."""
    reference = await a_doubt(gateway, "shielded", outcome=QuarantineOutcome.LIKE_PROTECTED)
    await gateway.execute(
        "INSERT INTO holds (child_id, agency, mark) VALUES ($1, 'practice', 'PDS_RESTRICTED')",
        await gateway.id_of("home-educated"),
    )
    bodies = []
    for name in ("shielded", "sealed", "shielded-elsewhere", "key-withheld", "home-educated"):
        await gateway.execute("UPDATE quarantine_candidates SET child_id = $1", await gateway.id_of(name))
        bodies.append((await gateway.ask(STEWARDS_LIST, viewer="steward")).body)
    assert all(body == bodies[0] for body in bodies)
    [entry] = bodies[0]["data"]["quarantine"]["nodes"]
    assert {key: entry[key] for key in WAITS} == WAITS
    assert entry["reference"] == reference


async def test_one_protected_child_among_several_hides_the_whole_entry(gateway: RunningGateway) -> None:
    """The open one too: what is left over would say what is missing."""
    await a_doubt(gateway, "open", "sealed")
    [entry] = await entries(gateway, "steward")
    assert {key: entry[key] for key in WAITS} == WAITS


async def test_an_officer_reads_what_is_most_like_a_child_of_theirs(gateway: RunningGateway) -> None:
    """With the candidates of their own authority alone; who keeps the less likely child reads nothing."""
    reference = await a_doubt(gateway, "shielded", "shielded-elsewhere", outcome=QuarantineOutcome.LIKE_PROTECTED)
    [entry] = await entries(gateway, OFFICER)
    assert (entry["reference"], entry["state"], entry["outcome"]) == (reference, "OPEN", "LIKE_PROTECTED")
    [candidate] = entry["candidates"]
    assert candidate["child"]["number"] == gateway.child("shielded").number
    assert candidate["child"]["address"]["postcode"] == gateway.child("shielded").address.postcode
    assert candidate["reasons"] == ["NAME_ALIKE", "SAME_ADDRESS"]
    assert await entries(gateway, ELSEWHERE) == []


@pytest.mark.parametrize(
    ("other", "held", "told"),
    [
        (None, False, True),
        ("elsewhere", False, True),
        ("elsewhere", True, False),
        ("shielded-elsewhere", False, False),
    ],
)
async def test_whereabouts_that_may_be_anothers_protected_childs_are_withheld(
    gateway: RunningGateway, other: str | None, held: bool, told: bool
) -> None:
    """The address and UPN that came in may say where a child is whom another authority hides from this one."""
    if other is not None and held:
        await gateway.execute(
            "INSERT INTO holds (child_id, agency, mark) VALUES ($1, 'practice', 'PDS_RESTRICTED')",
            await gateway.id_of(other),
        )
    await a_doubt(gateway, "shielded", *([] if other is None else [other]))
    reply = await gateway.ask(LIST, viewer=OFFICER)
    [entry] = reply.data["quarantine"]["nodes"]
    incoming = entry["incoming"]
    assert incoming["nhsNumber"] == "9990009999"
    assert (incoming["address"], incoming["upn"]) == (
        ({"postcode": "LS9 9ZZ"}, "Z801200005999") if told else (None, None)
    )
    withheld = [path[-1] for path in reply.withheld if "incoming" in path]
    assert withheld == ([] if told else ["address", "upn"])


async def test_an_entry_like_a_sealed_child_is_its_custodians_alone(gateway: RunningGateway) -> None:
    """However much more it is like another child: what came in may be the sealed child's own whereabouts."""
    await a_doubt(gateway, "shielded-elsewhere", "shielded", "sealed")
    assert await entries(gateway, ELSEWHERE) == []
    headers = {"Authorization": f"Bearer {gateway.issuer.mint(OFFICER, scope='sensitive')}"}
    assert await entries(gateway, OFFICER, headers=headers) == []
    [entry] = await entries(gateway, SECOND)
    numbers = [gateway.child(name).number for name in ("shielded", "sealed")]
    assert [candidate["child"]["number"] for candidate in entry["candidates"]] == numbers


@pytest.mark.parametrize("name", ["shielded-elsewhere", "open", "sealed"])
async def test_an_officer_cannot_tell_anothers_entry_from_none(gateway: RunningGateway, name: str) -> None:
    """Paired worlds: with it and without, for an officer of Leeds who keeps no sealed children."""
    headers = {"Authorization": f"Bearer {gateway.issuer.mint(OFFICER, scope='sensitive')}"}
    without = await gateway.ask(LIST, viewer=OFFICER, headers=headers)
    await a_doubt(gateway, name)
    assert (await gateway.ask(LIST, viewer=OFFICER, headers=headers)).body == without.body


async def test_who_raised_a_shield_reads_no_entry_by_it(gateway: RunningGateway) -> None:
    """Until another officer has confirmed it."""
    await a_doubt(gateway, "shielded")
    await gateway.execute(
        "UPDATE shields SET raised_by = 'persona-shield-officer', confirmed_at = NULL WHERE child_id = $1",
        await gateway.id_of("shielded"),
    )
    assert await entries(gateway, OFFICER) == []
    assert len(await entries(gateway, SECOND)) == 1


async def test_nobody_else_can_tell_whether_anything_waits(gateway: RunningGateway) -> None:
    """Paired worlds: refused alike, or unknown; and a child that an entry is like is answered and found as ever."""
    search = "query($by: ChildCriteria!) { findChildren(by: $by) { tooMany children { number } } }"
    child = gateway.child("shielded")
    incoming = {"family": "Doubt", "birthDate": "2014-05-06"}
    known = {"family": child.name.family, "birthDate": child.birth_date.isoformat()}

    async def world() -> list[Any]:
        asked = [
            await gateway.ask(LIST),
            await gateway.ask(LIST, viewer="auditor"),
            await gateway.ask(LIST, viewer=OFFICER, purpose="SAFEGUARDING"),
            await gateway.ask_child("shielded", "number name { family } shield { brokerReference }"),
            await gateway.ask(search, {"by": incoming}),
            await gateway.ask(search, {"by": known}),
        ]
        return [reply.body for reply in asked]

    without = await world()
    await a_doubt(gateway, "shielded")
    assert await world() == without
    assert [body["errors"][0].get("extensions") for body in without[:3]] == [None, None, {"code": "FORBIDDEN"}]


async def test_a_steward_resolves_what_is_open(gateway: RunningGateway) -> None:
    """The entry becomes the child's, spelt as the child is, and waits no more; said again, there is no such entry."""
    reference = await a_doubt(gateway, "open")
    assert state(await resolve(gateway, reference, "SAME", "open")) == "DONE"
    assert await entries(gateway, "steward") == []
    named = await gateway.ask_child("open", "name { family } address { postcode }")
    assert named.data["child"] == {
        "name": {"family": gateway.child("open").name.family},
        "address": {"postcode": "LS9 9ZZ"},
    }
    assert state(await resolve(gateway, reference, "SAME", "open")) is None


async def test_a_steward_finds_no_entry_that_is_an_officers(gateway: RunningGateway) -> None:
    """As a reference that nobody has given; and nothing has changed."""
    reference = await a_doubt(gateway, "shielded")
    for resolution, name in (("SAME", "shielded"), ("DIFFERENT", None), ("REJECT", None)):
        theirs = await resolve(gateway, reference, resolution, name)
        nobodys = await resolve(gateway, "0" * 32, resolution, name)
        assert theirs.body == nobodys.body == {"data": {"done": None}}
    assert len(await entries(gateway, OFFICER)) == 1


async def test_different_from_a_protected_child_takes_two_and_starts_shielded(gateway: RunningGateway) -> None:
    """Law 2: not even then is there a moment in which the new record stands open."""
    reference = await a_doubt(gateway, "shielded")
    assert state(await resolve(gateway, reference, "DIFFERENT", viewer=OFFICER)) == "PROPOSED"
    assert state(await resolve(gateway, reference, "DIFFERENT", viewer=OFFICER)) == "PROPOSED"
    assert await gateway.rows("SELECT 1 FROM children WHERE family = 'Doubt'") == []
    assert state(await resolve(gateway, reference, "DIFFERENT", viewer=SECOND)) == "DONE"
    [made] = await gateway.rows(
        "SELECT s.tier FROM children c LEFT JOIN shields s ON s.child_id = c.id WHERE c.family = 'Doubt'"
    )
    assert made == {"tier": "SHIELDED"}


async def test_an_officer_resolves_what_is_like_their_own(gateway: RunningGateway) -> None:
    """The name that was in doubt is taken, and the shield stands. An officer of elsewhere finds no such entry."""
    reference = await a_doubt(gateway, "shielded", outcome=QuarantineOutcome.PROTECTED_NAME_CHANGE)
    assert state(await resolve(gateway, reference, "SAME", "shielded", viewer=ELSEWHERE)) is None
    assert state(await resolve(gateway, reference, "SAME", "shielded", viewer=OFFICER)) == "DONE"
    named = await gateway.ask_child("shielded", "name { family } address { postcode }")
    assert named.data["child"] == {"name": {"family": "Doubt"}, "address": None}


@pytest.mark.parametrize(
    ("viewer", "purpose", "known"),
    [("teacher", None, False), ("auditor", None, False), (OFFICER, "SAFEGUARDING", True)],
)
async def test_nobody_else_resolves_anything(
    gateway: RunningGateway, viewer: str, purpose: str | None, known: bool
) -> None:
    """Refused before the entry is looked for; to most roles there is no such field."""
    reference = await a_doubt(gateway, "open")
    there = await resolve(gateway, reference, "REJECT", viewer=viewer, purpose=purpose)
    nowhere = await resolve(gateway, "0" * 32, "REJECT", viewer=viewer, purpose=purpose)
    assert there.codes == ["FORBIDDEN"] if known else there.unread
    assert there.body == nowhere.body


async def test_what_waits_is_given_by_pages_the_longest_waiting_first(gateway: RunningGateway) -> None:
    """Each entry once; a cursor says when an entry came and which it is, and nothing that is hidden."""
    given = [await a_doubt(gateway, name, serial=n) for n, name in enumerate(["open", "sealed", "open", "twin"], 1)]
    found, after = [], None
    while True:
        page = (await gateway.ask(STEWARDS_LIST, {"first": 3, "after": after}, viewer="steward")).data["quarantine"]
        found += [entry["reference"] for entry in page["nodes"]]
        after = page["endCursor"]
        if not page["hasNextPage"]:
            break
    assert found == given
    strange = await gateway.ask(STEWARDS_LIST, {"after": "no cursor of ours"}, viewer="steward")
    assert strange.codes == ["BAD_CRITERIA"]


async def test_a_shield_raised_while_the_list_is_made_has_it_made_again(gateway: RunningGateway) -> None:
    """Law 7: between the page and its children a shield moved, so what leaves is what may be told under it."""
    await a_doubt(gateway, "open")
    desk: Any = gateway.gateway.pipeline._desk
    desk._stewards = Overtaken(desk._stewards, gateway)
    [entry] = await entries(gateway, "steward")
    assert {key: entry[key] for key in WAITS} == WAITS


class Overtaken:
    """The stewards' store; once the first page has been read, a shield is raised over the child `open`."""

    def __init__(self, store: FeedStore, gateway: RunningGateway) -> None:
        self._store = store
        self._gateway = gateway
        self._raised = False

    async def stewards_page(self, after: tuple[datetime, str] | None, most: int) -> Sequence[QuarantineRow]:
        page = await self._store.stewards_page(after, most)
        if not self._raised:
            self._raised = True
            await self._gateway.execute(
                "INSERT INTO shields (child_id, tier, authority, ground, review_on)"
                " VALUES ($1, 'SHIELDED', 'E08000035', '', '2099-01-01')",
                await self._gateway.id_of("open"),
            )
        return page


async def test_an_outcome_does_not_tell_that_a_child_was_protected_once(gateway: RunningGateway) -> None:
    """A shield that two officers lifted leaves no word behind for stewards."""
    await a_doubt(gateway, "shielded", outcome=QuarantineOutcome.LIKE_PROTECTED)
    await gateway.execute("DELETE FROM circles WHERE child_id = $1", await gateway.id_of("shielded"))
    await gateway.execute("DELETE FROM shields WHERE child_id = $1", await gateway.id_of("shielded"))
    [entry] = await entries(gateway, "steward")
    assert (entry["state"], entry["outcome"]) == ("OPEN", "DOUBTFUL")


async def test_every_child_that_an_entry_may_be_is_in_the_record(gateway: RunningGateway) -> None:
    """The ledger says of whom a steward read, and what; a record kept back from them names nobody."""
    await a_doubt(gateway, "open", "twin")
    await a_doubt(gateway, "sealed", serial=2)
    reply = await gateway.ask(STEWARDS_LIST, viewer="steward")
    [record] = [seen for seen in await gateway.ledger() if seen.reference == reply.headers["Contactpoint-Record"]]
    assert all(gateway.child(name).number in record.numbers for name in ("open", "twin"))
    assert gateway.child("sealed").number not in record.numbers
