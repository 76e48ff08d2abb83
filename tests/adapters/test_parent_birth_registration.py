"""The parents on a birth entry: whose word counts, what the register holds back, and what is asked of it."""

import logging
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from adapters.agency import (
    AgencyBroken,
    AgencyFailure,
    AgencyMismatch,
    AgencyName,
    AgencyOverloaded,
    AgencyRefused,
    AgencyUnreachable,
    Answer,
    Failed,
    Found,
    Mark,
    NotRecorded,
    Restricted,
)
from adapters.lev_birth import read_entry
from adapters.parent_birth_registration import ParentsKey
from adapters.records import BirthEntry, Name, Origin, ParentRecord
from adapters.sandbox.faults import Fault
from adapters.sandbox.population import NOTABLE, SyntheticChild, child_at
from tests.adapters.bodies import ENTRY, a_blocked_entry, an_entry
from tests.adapters.loopback import NOW, Health, Scripted, answered, health_agencies, parents_from, scripted, soon

ZACK = ParentsKey(BirthEntry(ENTRY), Name(("Zack",), "Howard"), date(2012, 10, 10), open=True)
UNLINKED = replace(ZACK, birth_entry=None)
LATER, EARLIER = 500000002, 500000000
SEARCH = "/v1/registration/birth"
PARENTS = [("Mother", Name(("Annabelle", "Jane"), "LEE")), ("Father", Name(("Arron",), "HOWARD"))]

MEMBERS = ["id", "status", "blocked", "marginalNote", "nextRegistration", "previousRegistration", "father", "subjects"]

Parents = tuple[ParentRecord, ...]


def key_of(child: SyntheticChild, *, is_open: bool = True) -> ParentsKey:
    return ParentsKey(child.keys.birth_entry, child.name, child.birth_date, is_open)


def notable(name: str) -> ParentsKey:
    return key_of(child_at(NOTABLE[name]))


@pytest.fixture
async def health() -> AsyncIterator[Health]:
    async with health_agencies() as agencies:
        yield agencies


@pytest.fixture
async def script() -> AsyncIterator[Scripted]:
    async with scripted("application/json") as agency:
        yield agency


async def answer_to(script: Scripted, body: object, status: int = 200) -> Answer[Parents]:
    """What looking up Zack's entry gives when LEV answers this."""
    script.says(f"{SEARCH}/{ENTRY}", body, status)
    return (await parents_from(script, ZACK))[ZACK]


def named(answer: Answer[Parents]) -> list[tuple[str, Name]]:
    assert isinstance(answer, Found)
    return [(parent.relationship, parent.name) for parent in answer.record]


# --- An entry's parents.


async def test_parents_come_in_the_entrys_order(script: Scripted) -> None:
    """Mother, then father, with the given names apart; the origin says since when the register has said so."""
    origin = Origin("Home Office birth registration", datetime(2012, 10, 17, tzinfo=UTC))
    mother, father = (ParentRecord(name, relationship, origin) for relationship, name in PARENTS)
    assert await answer_to(script, an_entry()) == Found((mother, father))


@pytest.mark.parametrize("father", [None, {"forenames": None, "surname": None, "deceased": None}])
async def test_nobody_registered_is_nobody(script: Scripted, father: object) -> None:
    """A father of null, or of nulls, is one parent on the entry."""
    assert named(await answer_to(script, an_entry(father=father))) == PARENTS[:1]


@pytest.mark.parametrize(
    ("informant", "relationship"),
    [
        ({"forenames": "Arron", "surname": "HOWARD", "qualification": "Parent"}, "Parent"),
        ({"forenames": None, "surname": None, "qualification": "Parent"}, "Parent"),
        ({"forenames": "Somebody", "surname": "ELSE", "qualification": "Parent"}, "Father"),
        ({"forenames": None, "surname": None, "qualification": "Father"}, "Father"),
    ],
    ids=["signed-by-name", "name-censored", "another-parent", "father"],
)
async def test_a_second_female_parent_is_a_parent(script: Scripted, informant: object, relationship: str) -> None:
    """She stands in the father's place and signed as "Parent"; with the name censored, the word is enough."""
    answer = await answer_to(script, an_entry(informant2=informant))
    assert named(answer)[1] == (relationship, PARENTS[1][1])


async def test_an_undated_entry_is_as_of_now(script: Scripted) -> None:
    """Where the register gives no date, the origin's is the time of asking."""
    answer = await answer_to(script, an_entry(date=None))
    assert isinstance(answer, Found)
    assert answer.record[0].origin.as_of == NOW


@pytest.mark.parametrize("name", ["open", "large-family", "two-mothers", "one-parent", "compound-name", "mononym"])
async def test_the_sandbox_gives_each_childs_own_parents(health: Health, name: str) -> None:
    """Through LEV's words and back, they are the parents that the synthetic child has."""
    child = child_at(NOTABLE[name])
    answer = (await health.parents.fetch([key_of(child)], soon()))[key_of(child)]
    expected = [(p.relationship, Name(p.name.given, (p.name.family or "").upper())) for p in child.parents]
    assert named(answer) == [
        (relationship, Name(tuple(" ".join(name.given).split()), name.family)) for relationship, name in expected
    ]


async def test_an_unknown_entry_is_not_recorded(script: Scripted) -> None:
    """LEV says ResourceNotFound, and so it has nothing."""
    assert await answer_to(script, {"code": "ResourceNotFound", "message": "no"}, 404) == NotRecorded()


# --- The chain.


async def test_the_newest_entry_speaks(script: Scripted) -> None:
    """An entry made again gives the later one's parents, however many later ones there are."""
    mother = {"forenames": "Annabelle Jane", "surname": "HOWARD"}
    again = {"reregistration": "Subsequently married"}
    newest = an_entry(LATER + 1, again, mother=mother, date="2014-01-01")
    chain = an_entry(LATER, again, nextRegistration=newest)
    answer = await answer_to(script, an_entry(status={"marginalNote": "Re-registered"}, nextRegistration=chain))
    assert named(answer)[0] == ("Mother", Name(("Annabelle", "Jane"), "HOWARD"))
    assert isinstance(answer, Found)
    assert answer.record[0].origin.as_of == datetime(2014, 1, 1, tzinfo=UTC)


def deep(entry: dict[str, Any], link: str, times: int) -> dict[str, Any]:
    for step in range(times):
        entry = an_entry(600000000 + step, **{link: entry})
    return entry


@pytest.mark.parametrize("link", ["previousRegistration", "nextRegistration"])
@pytest.mark.parametrize("depth", [0, 1, 3])
async def test_a_block_at_any_link_holds_the_child(script: Scripted, link: str, depth: int) -> None:
    """Earlier or later, next or far: an adopted child's first entry looks as open as any."""
    body = an_entry(**{link: deep(a_blocked_entry(EARLIER), link, depth)})
    assert await answer_to(script, body) == Restricted(Mark.BIRTH_BLOCKED)


async def test_a_blocked_entry_holds_the_child(script: Scripted) -> None:
    """Every field null but the number and the flag."""
    assert await answer_to(script, a_blocked_entry()) == Restricted(Mark.BIRTH_BLOCKED)


@pytest.mark.parametrize("blocked", [True, None])
async def test_only_a_plain_false_is_not_blocked(script: Scripted, blocked: object) -> None:
    """Null and absent are blocked, although the parents are there to be read."""
    assert await answer_to(script, an_entry(status={"blocked": blocked})) == Restricted(Mark.BIRTH_BLOCKED)
    without = an_entry()
    del without["status"]["blocked"]
    assert await answer_to(script, without) == Restricted(Mark.BIRTH_BLOCKED)
    del without["status"]
    assert await answer_to(script, without) == Restricted(Mark.BIRTH_BLOCKED)


@pytest.mark.parametrize(
    "status",
    [
        {"marginalNote": "Court order in place"},
        {"marginalNote": "Other"},
        {"marginalNote": None},
        {"marginalNote": "Re-registered"},
        {"reregistration": "Other"},
        {"reregistration": None},
        {"potentiallyFictitious": True},
        {"potentiallyFictitiousBirth": True},
        {"praOrCourtOrder": "Court order"},
    ],
    ids=lambda status: "-".join(f"{name}-{value}" for name, value in status.items()),
)
async def test_a_caution_holds_the_child(script: Scripted, status: dict[str, Any]) -> None:
    """A court order, doubt of the birth itself, an unknown word, or a later entry that is not shown."""
    assert await answer_to(script, an_entry(status=status)) == Restricted(Mark.BIRTH_CAUTION)
    later = an_entry(LATER, status)
    assert await answer_to(script, an_entry(nextRegistration=later)) == Restricted(Mark.BIRTH_CAUTION)


@pytest.mark.parametrize(
    "status",
    [
        {"marginalNote": "Court order revoked"},
        {"reregistration": "Father added"},
        {"reregistration": "Father modified"},
        {"reregistration": "Replacement registration"},
        {"correction": "Typographical"},
        {"praOrCourtOrder": "None", "nameUpdate": "None"},
    ],
    ids=str,
)
async def test_ordinary_notes_hold_nobody(script: Scripted, status: dict[str, Any]) -> None:
    """What the register writes beside ordinary entries is no reason to hold a child."""
    assert named(await answer_to(script, an_entry(status=status))) == PARENTS


async def test_a_cancelled_entry_is_none(script: Scripted) -> None:
    """Parents of a cancelled entry are nobody's word; a cancelled one that was made again speaks through the later."""
    assert await answer_to(script, an_entry(status={"cancelled": True})) == NotRecorded()
    again = an_entry(status={"cancelled": True}, nextRegistration=an_entry(LATER))
    assert named(await answer_to(script, again)) == PARENTS


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("birth-blocked", Mark.BIRTH_BLOCKED),
        ("birth-link-blocked", Mark.BIRTH_BLOCKED),
        ("birth-caution", Mark.BIRTH_CAUTION),
    ],
)
async def test_the_sandboxs_marked_children_are_held(health: Health, name: str, mark: Mark) -> None:
    """Each of the notable children that the register holds back."""
    assert await health.parents.fetch([notable(name)], soon()) == {notable(name): Restricted(mark)}


# --- Failures and manners.


@pytest.mark.parametrize(
    ("body", "status", "failure"),
    [
        (an_entry(LATER), 200, AgencyMismatch),
        ({"message": "no id"}, 200, AgencyBroken),
        ([], 200, AgencyBroken),
        (an_entry(mother="Annabelle"), 200, AgencyBroken),
        ({"code": "BadRequest", "message": "no"}, 400, AgencyRefused),
        ({"code": "Unauthorized", "message": "no"}, 401, AgencyRefused),
        ({"code": "SomethingElse"}, 404, AgencyBroken),
        ({"code": "TooManyRequests"}, 429, AgencyOverloaded),
        ({}, 500, AgencyBroken),
    ],
)
async def test_failures_are_what_they_are(
    script: Scripted, body: object, status: int, failure: type[AgencyFailure]
) -> None:
    """Another entry is a mismatch, another shape is broken, and LEV's errors keep their branch."""
    answer = await answer_to(script, body, status)
    assert isinstance(answer, Failed)
    assert type(answer.failure) is failure


@pytest.mark.parametrize("value", ["", "../death/1", "/1", "12a", "१२३"])
async def test_a_number_that_is_none_is_never_sent(script: Scripted, value: str) -> None:
    """What is on file for an entry goes into an address, so it is digits or it is not sent."""
    key = replace(ZACK, birth_entry=BirthEntry(value))
    answer = (await parents_from(script, key))[key]
    assert isinstance(answer, Failed)
    assert type(answer.failure) is AgencyRefused
    assert script.asked == []


async def test_an_endless_chain_is_broken(script: Scripted) -> None:
    """Entries nested without end are not the protocol, and do no harm."""
    nested = b'{"id":1,"nextRegistration":' * 50_000 + b"{}" + b"}" * 50_000
    answer = await answer_to(script, msgspec.Raw(nested))
    assert isinstance(answer, Failed)
    assert type(answer.failure) is AgencyBroken


json = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("aU", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=5),
    max_leaves=12,
)


@settings(deadline=None)
@given(json | st.builds(lambda some: an_entry() | some, st.dictionaries(st.sampled_from(MEMBERS), json)))
def test_whatever_comes_is_an_entry_or_broken(body: Any) -> None:
    """No body makes reading fail in another way, and none is unmarked unless every link says it is not blocked."""
    try:
        entry = read_entry(answered(msgspec.json.encode(body), system="lev"))
    except AgencyBroken:
        return
    assert entry is not None
    if entry.mark is None:
        assert entry.status.blocked is False
        assert entry.newest.status.marginal_note in ("None", "Court order revoked")


async def test_one_keys_failure_is_its_own(script: Scripted) -> None:
    """One entry that cannot be read takes nobody else's answer."""
    other = replace(ZACK, birth_entry=BirthEntry(str(LATER)))
    script.says(f"{SEARCH}/{ENTRY}", {}, 500)
    script.says(f"{SEARCH}/{LATER}", an_entry(LATER))
    answers = await parents_from(script, ZACK, other)
    assert isinstance(answers[ZACK], Failed)
    assert named(answers[other]) == PARENTS


async def test_lev_is_told_who_asks(script: Scripted) -> None:
    """Its audit wants a user and a client on every call."""
    await answer_to(script, an_entry())
    headers = script.asked[0].headers
    assert (headers["X-Auth-Username"], headers["x-original-client"]) == ("gateway", "contactpoint")


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        (Fault.DOWN, AgencyUnreachable),
        (Fault.OVERLOADED, AgencyOverloaded),
        (Fault.MALFORMED, AgencyBroken),
        (Fault.HTML_500, AgencyBroken),
        (Fault.MISMATCH, AgencyMismatch),
    ],
)
async def test_faults_fail_the_key_and_hold_no_name(
    health: Health, fault: Fault, failure: type[AgencyFailure], caplog: pytest.LogCaptureFixture
) -> None:
    """Each fault is its own failure; neither it nor a log line repeats a name or an entry's number."""
    caplog.set_level(logging.DEBUG)
    child = child_at(NOTABLE["open"])
    health.conduct.fault(AgencyName.PARENTS, fault)
    answer = (await health.parents.fetch([key_of(child)], soon()))[key_of(child)]
    assert isinstance(answer, Failed)
    assert isinstance(answer.failure, failure)
    told = repr(answer) + caplog.text
    assert child.keys.birth_entry is not None
    assert child.keys.birth_entry.value not in told
    assert child.parents[0].name.given[0] not in told


async def test_an_entry_newly_blocked_holds_the_child(health: Health) -> None:
    """The sandbox's `restricted` fault blocks any entry."""
    health.conduct.fault(AgencyName.PARENTS, Fault.RESTRICTED)
    assert await health.parents.fetch([notable("open")], soon()) == {notable("open"): Restricted(Mark.BIRTH_BLOCKED)}


async def test_calls_count_as_the_parents(health: Health) -> None:
    """An entry is one call, and it is for the parents."""
    await health.parents.fetch([notable("open"), notable("renamed")], soon())
    assert health.calls() == (0, 2)
