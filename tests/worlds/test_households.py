"""Worlds in which a protected child shares home, parents, practice and school with others (case 9).

The two worlds are one store and one set of acts: only where the household lives, and all that its agencies hold of it,
is moved between them. While it is covered, nothing that an ordinary viewer asks about any of its children may move with
it. What a covered household gives away all the same stands below, each with its test: `docs/non-interference.md`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final

import pytest

from adapters.identity import Decided, Decision, IdentityEntry, LikenessReason, QuarantineOutcome
from adapters.records import Gender, Keys, Name, PostalAddress
from adapters.sandbox.population import NOTABLE, SyntheticChild, child_at
from adapters.store.feeding import FeedStore
from adapters.store.roles import Role
from adapters.store.search import name_key
from gateway.settings import Settings
from tests.endpoint.test_officers_acts import OFFICER, SECOND, act, change, state
from tests.endpoint.test_quarantine import RESOLVE, a_doubt
from tests.running import Reply, RunningGateway

HOME: Final = ("open", "open-sibling")  # who lives together, and shares both parents and the practice
ELSEWHERE: Final = child_at(NOTABLE["home-educated"])  # where they live in the other world, in the same authority
WHOLE: Final = """
  number name { given family } shield { brokerReference } formerNames { family }
  address { status lines postcode uprn } enrolments { start school { urn name phone } } practice { odsCode name }
  parents { name { family } phone email address { postcode } } services { kind organisation phone } keys { nhsNumber }
"""
CHILD: Final = f"query($n: ID!) {{ child(number: $n) {{ {WHOLE} }} }}"
BY_KEY: Final = f"query($k: ID!) {{ childByKey(key: {{nhsNumber: $k}}) {{ {WHOLE} }} }}"
SEARCH: Final = f"query($by: ChildCriteria!) {{ findChildren(by: $by) {{ tooMany children {{ {WHOLE} }} }} }}"
ORDINARY: Final = (
    ("teacher", "SAFEGUARDING"),
    ("teacher", "EDUCATION"),
    ("gp", "HEALTH"),
    ("social-worker", "SAFEGUARDING"),
    ("social-worker", "SERVICE_COORDINATION"),
)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, guess_burst=10_000, beat=0.0)


async def live(gateway: RunningGateway, home: SyntheticChild | None, names: Sequence[str] = HOME) -> None:
    """Have them live where that child lives, with its practice, school and services, and their own parents there."""
    moved = {NOTABLE[name]: _living(gateway.child(name), home or gateway.child(name)) for name in names}
    gateway.sandbox.known.know(moved)
    for child in moved.values():
        lives = child.address
        await gateway.execute(
            "UPDATE children SET address_lines = $2, postcode = $3, uprn = $4 WHERE number = $1",
            *(child.number, list(lives.lines), lives.postcode, lives.uprn),
        )


def _living(child: SyntheticChild, home: SyntheticChild) -> SyntheticChild:
    if home.index == child.index:
        return child
    parents = tuple(
        replace(parent, phone=there.phone, email=there.email, address=there.address)
        for parent, there in zip(child.parents, home.parents, strict=True)
    )
    return replace(
        child,
        address=home.address,
        practice_ods=home.practice_ods,
        school_urn="100213",
        parents=parents,
        services=home.services,
    )


async def told(gateway: RunningGateway, names: Sequence[str]) -> list[Any]:
    """What ordinary viewers are told of these children, by every door, and what agencies are asked for it."""
    found: list[Any] = []
    for viewer, purpose in ORDINARY:
        for name in names:
            child, before = gateway.child(name), gateway.calls
            by = {"family": child.name.family, "birthYear": child.birth_date.year}
            postcodes = [{}, *({"postcode": home.address.postcode} for home in (child, ELSEWHERE))]
            replies = [
                await gateway.ask(CHILD, {"n": child.number}, viewer=viewer, purpose=purpose),
                await gateway.ask(BY_KEY, {"k": _nhs(child)}, viewer=viewer, purpose=purpose),
                *[await gateway.ask(SEARCH, {"by": by | more}, viewer=viewer, purpose=purpose) for more in postcodes],
            ]
            found.append([(reply.status, reply.body) for reply in replies])
            found.append({agency: count - before[agency] for agency, count in gateway.calls.items()})
    return found


def _nhs(child: SyntheticChild) -> str:
    assert child.keys.nhs_number is not None
    return child.keys.nhs_number.value


async def both_worlds(gateway: RunningGateway, names: Sequence[str], moved: Sequence[str] = HOME) -> list[list[Any]]:
    """What is told of `names` where those who are `moved` live, and where they might live as well."""
    found = []
    for home in (None, ELSEWHERE):
        await live(gateway, home, moved)
        await told(gateway, names)  # whatever is made once, as a broker's reference is, is made
        found.append(await told(gateway, names))
    await live(gateway, None, moved)
    return found


async def hides(gateway: RunningGateway, *names: str, moved: Sequence[str] = HOME) -> bool:
    """Whether the two worlds are one, as far as these children tell."""
    one, other = await both_worlds(gateway, names, moved)
    return one == other


async def by_two(gateway: RunningGateway, name: str, number: str) -> Reply:
    assert state(await act(gateway, name, number)) == "PROPOSED"
    return await act(gateway, name, number, viewer=SECOND)


async def test_the_story_of_a_household(gateway: RunningGateway) -> None:
    """Covered from the first officer's word on; a release by two gives away the home of whom they released."""
    number, sibling = (gateway.child(name).number for name in HOME)
    assert not await hides(gateway, "open")  # so that all below can fail
    assert not await hides(gateway, "open-sibling")
    await act(gateway, "raiseShield", number)
    assert await hides(gateway, *HOME)
    await act(gateway, "confirmShield", number, viewer=SECOND)
    assert state(await change(gateway, number, release=[sibling])) == "PROPOSED"
    assert await hides(gateway, *HOME)
    assert state(await change(gateway, number, tier="SEALED")) == "DONE"
    assert await hides(gateway, *HOME)
    assert state(await change(gateway, number, release=[sibling])) == "PROPOSED"
    assert state(await change(gateway, number, SECOND, release=[sibling])) == "DONE"
    assert await hides(gateway, "open")
    assert not await hides(gateway, "open-sibling")


@pytest.mark.parametrize("name", ["transferShield", "giveNewIdentity", "liftShield"])
async def test_what_becomes_of_the_child_leaves_the_household_covered(gateway: RunningGateway, name: str) -> None:
    """Another authority's, gone, or open again: who was covered with the child keeps a shield of their own."""
    number = gateway.child("open").number
    await act(gateway, "raiseShield", number)
    await act(gateway, "confirmShield", number, viewer=SECOND)
    assert state(await by_two(gateway, name, number)) == "DONE"
    assert await hides(gateway, "open-sibling")
    assert await hides(gateway, "open") is (name != "liftShield")


async def arrives(gateway: RunningGateway, address: PostalAddress, parents: tuple[bytes, ...] = ()) -> str:
    """A feed brings a child that nobody knew, living there; its number."""
    entry = IdentityEntry(
        line=1,
        name=Name(("Nova",), "Newcomer"),
        birth_date=date(2014, 5, 6),
        gender=Gender.FEMALE,
        address=address,
        keys=Keys(),
        as_of=datetime(2026, 1, 1, tzinfo=UTC),
        digest=bytes(32),
        parents=parents,
    )
    feed = await FeedStore.connect(gateway.database.dsn(Role.FEED))
    try:
        async with feed.batch("a-source") as batch:
            await batch.apply([(entry, Decision(Decided.CREATE))])
    finally:
        await feed.close()
    [row] = await gateway.rows("SELECT number FROM children WHERE family = 'Newcomer'")
    return str(row["number"])


async def newcomer(gateway: RunningGateway) -> Mapping[str, Any]:
    by = {"family": "Newcomer", "birthYear": 2014}
    reply = await gateway.ask(SEARCH, {"by": by}, viewer="social-worker", purpose="SAFEGUARDING")
    [child] = reply.data["findChildren"]["children"]
    found: Mapping[str, Any] = child
    return found


async def test_who_arrives_later_tells_nothing_of_the_home(gateway: RunningGateway) -> None:
    """Held from the first moment: the home that the newcomer shares is in no answer about them."""
    await act(gateway, "raiseShield", gateway.child("open").number)
    number = await arrives(gateway, gateway.child("open").address)
    seen = []
    for home in (gateway.child("open"), ELSEWHERE):
        await gateway.execute(
            "UPDATE children SET address_lines = $2, postcode = $3, uprn = $4 WHERE number = $1",
            *(number, list(home.address.lines), home.address.postcode, home.address.uprn),
        )
        seen.append(await newcomer(gateway))
    assert seen[0] == seen[1]
    assert await hides(gateway, *HOME)


async def test_a_merge_leaves_the_household_covered(gateway: RunningGateway) -> None:
    """Two records of the child become one, by two officers' word on an entry with keys of both."""
    number = gateway.child("open").number
    await act(gateway, "raiseShield", number)
    await act(gateway, "confirmShield", number, viewer=SECOND)
    entry = await a_doubt(
        gateway, "open", "renamed", outcome=QuarantineOutcome.KEYS_OF_TWO, reasons=(LikenessReason.SAME_KEY,)
    )
    said = {"e": entry, "as": "SAME", "n": number, "merge": True, "r": "a reason of some length"}
    for viewer, expected in ((OFFICER, "PROPOSED"), (SECOND, "DONE")):
        assert state(await gateway.ask(RESOLVE, said, viewer=viewer)) == expected
    assert await hides(gateway, *HOME)
    gone = gateway.child("renamed").number
    assert (await gateway.ask(CHILD, {"n": gone})).data == {"child": None}


# --- What a covered household gives away all the same. Each is a finding that was left; see docs/non-interference.md.


async def test_left_a_sibling_elsewhere_whose_parent_no_feed_has_named(gateway: RunningGateway) -> None:
    """Only agencies know that they share a parent: the open one's parents are told with their home, where they live."""
    await act(gateway, "raiseShield", gateway.child("open").number)
    parents = [child.parents for child in map(gateway.child, HOME)]
    half = gateway.child("one-parent")
    seen = []
    for home in (gateway.child("open"), ELSEWHERE):
        mother = replace(parents[0][0], phone=home.parents[0].phone, address=home.address)
        gateway.sandbox.known.know({half.index: replace(half, parents=(mother,))})
        seen.append((await gateway.ask(CHILD, {"n": half.number}, purpose="SAFEGUARDING")).data["child"]["parents"])
    assert [parent["address"]["postcode"] for [parent] in seen] == [
        home.address.postcode for home in (gateway.child("open"), ELSEWHERE)
    ]


async def test_a_sibling_elsewhere_whose_parent_a_feed_has_named_is_covered(gateway: RunningGateway) -> None:
    """The remedy for the above: a source that names parents."""
    mother = b"m" * 32
    half = gateway.child("one-parent")
    for name in ("open", "one-parent"):
        await gateway.execute("INSERT INTO parent_links VALUES ($1, $2)", mother, await gateway.id_of(name))
    await act(gateway, "raiseShield", gateway.child("open").number)
    seen = []
    for home in (gateway.child("open"), ELSEWHERE):
        moved = replace(half.parents[0], phone=home.parents[0].phone, address=home.address)
        gateway.sandbox.known.know({half.index: replace(half, parents=(moved,))})
        seen.append((await gateway.ask(CHILD, {"n": half.number}, purpose="SAFEGUARDING")).body)
    assert seen[0] == seen[1]


async def test_left_who_arrives_is_seen_to_be_protected(gateway: RunningGateway) -> None:
    """Whoever knows where the newcomer lives, as the source that sent them does, learns of a shield at that home."""
    await act(gateway, "raiseShield", gateway.child("open").number)
    seen = []
    for home in (None, ELSEWHERE):
        await live(gateway, home)
        await gateway.execute(
            "UPDATE children SET family = 'Earlier', name_key = 'earlier', birth_date = '2010-01-01'"
            " WHERE family = 'Newcomer'"  # whoever came in the other world is like nobody who comes in this one
        )
        await arrives(gateway, gateway.child("open").address)
        seen.append((await newcomer(gateway))["shield"])
    assert seen[0] is not None
    assert seen[1] is None


async def test_left_a_home_written_otherwise_is_another_home(gateway: RunningGateway) -> None:
    """Without a property's number, a house name in one source and a number in another bring nobody together."""
    await gateway.execute(
        "UPDATE children SET uprn = NULL, address_lines = '{Rose Cottage}' WHERE id = $1",
        await gateway.id_of("open-sibling"),
    )
    await act(gateway, "raiseShield", gateway.child("open").number)
    reply = await gateway.ask(CHILD, {"n": gateway.child("open-sibling").number}, purpose="SAFEGUARDING")
    assert reply.data["child"]["address"]["postcode"] == gateway.child("open").address.postcode


async def test_left_lifting_one_shield_tells_the_home_that_others_are_covered_for(gateway: RunningGateway) -> None:
    """The siblings keep shields of their own, and the child's address is theirs: officers lift all, or it is told."""
    number = gateway.child("open").number
    await act(gateway, "raiseShield", number)
    await act(gateway, "confirmShield", number, viewer=SECOND)
    await by_two(gateway, "liftShield", number)
    reply = await gateway.ask(CHILD, {"n": number}, purpose="SAFEGUARDING")
    assert reply.data["child"]["address"]["postcode"] == gateway.child("open-sibling").address.postcode


async def test_left_an_institution_is_no_household(gateway: RunningGateway) -> None:
    """More than twenty at one address: nobody is covered but those who share a named parent, and the home is told."""
    home = gateway.child("open").address
    for serial in range(21):
        await gateway.execute(
            "INSERT INTO children (number, given, family, name_key, birth_date, gender, address_status, address_lines,"
            " postcode, uprn, authority) SELECT lpad($1, 13, '0'), '{Some}', 'Body', $2, birth_date, gender,"
            " address_status, address_lines, postcode, uprn, authority FROM children WHERE number = $3",
            *(f"Z{serial}", name_key("Body"), gateway.child("open").number),
        )
    await act(gateway, "raiseShield", gateway.child("open").number)
    reply = await gateway.ask(CHILD, {"n": gateway.child("open-sibling").number}, purpose="SAFEGUARDING")
    assert reply.data["child"]["address"]["postcode"] == home.postcode
