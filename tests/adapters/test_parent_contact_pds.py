"""How to reach a child's relatives: who is listed, what is current, and what a restricted relative or child gives."""

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from stdnum.gb import nhs

from adapters.agency import (
    AgencyBroken,
    AgencyFailure,
    AgencyMismatch,
    AgencyName,
    AgencyOverloaded,
    Answer,
    Failed,
    Found,
    Mark,
    NotRecorded,
    Restricted,
)
from adapters.client import AgencyClient
from adapters.parent_contact_pds import PdsContacts
from adapters.pds_fhir import MOST_RELATIVES
from adapters.records import AddressStatus, Name, NhsNumber, Origin, ParentContactRecord, PostalAddress
from adapters.sandbox.faults import Fault
from adapters.sandbox.fhir_bodies import is_pointed_at
from adapters.sandbox.population import NOTABLE, child_at
from tests.adapters.bodies import (
    CHILD,
    MOTHER,
    OTHER_CHILD,
    Body,
    a_patient,
    a_relative,
    only_pointed_at,
    relatives_of,
    spine,
)
from tests.adapters.loopback import NOW, Health, Scripted, health_agencies, key_for_anything, scripted, soon

NUMBER = NhsNumber(CHILD)
OTHER = NhsNumber(OTHER_CHILD)
HOME = PostalAddress(AddressStatus.CURRENT, ("1 High Street", "Leeds"), "LS1 1AA")

Contacts = tuple[ParentContactRecord, ...]


@pytest.fixture
async def health() -> AsyncIterator[Health]:
    async with health_agencies() as agencies:
        yield agencies


@pytest.fixture
async def script() -> AsyncIterator[Scripted]:
    async with scripted() as agency:
        yield agency


async def asked(script: Scripted, *numbers: NhsNumber) -> dict[NhsNumber, Answer[Contacts]]:
    async with AgencyClient() as client:
        contacts = PdsContacts(client, pds_url=script.url, pds_credential=key_for_anything(), clock=lambda: NOW)
        return dict(await contacts.fetch(numbers or (NUMBER,), soon()))


async def answer_to(script: Scripted, body: object, status: int = 200) -> Answer[Contacts]:
    script.says(f"/Patient/{CHILD}/RelatedPerson", body, status)
    return (await asked(script))[NUMBER]


async def contacts_of(script: Scripted, *relatives: dict[str, object]) -> Contacts:
    answer = await answer_to(script, relatives_of(CHILD, *relatives))
    assert isinstance(answer, Found)
    return answer.record


async def test_a_relative_is_read_whole(script: Scripted) -> None:
    """Name, phone, e-mail address, home, and since when PDS has listed them."""
    origin = Origin("NHS Personal Demographics Service", datetime(2020, 1, 1, tzinfo=UTC))
    mary = ParentContactRecord(Name(("Mary",), "Smith"), "01632 960001", "mary@example.org", HOME, origin)
    assert await contacts_of(script, a_relative()) == (mary,)
    assert script.paths == [f"/Patient/{CHILD}/RelatedPerson"]


@pytest.mark.parametrize("body", [relatives_of(CHILD), relatives_of(CHILD) | {"entry": []}], ids=["absent", "empty"])
async def test_nobody_listed_is_nobody(script: Scripted, body: object) -> None:
    """An empty Bundle, with `entry` or without, is found and empty."""
    assert await answer_to(script, body) == Found(())


@pytest.mark.parametrize(
    "stale",
    [
        {"active": False},
        {"period": {"start": "2020-01-01", "end": "2026-09-30"}},
        {"period": {"start": "2026-10-02"}},
        {"name": [{"use": "usual", "given": ["Mary"], "family": "Smith", "period": {"end": "2021"}}]},
        {"name": [{"use": "usual", "given": ["Mary"]}]},
    ],
    ids=["inactive", "ended", "not-begun", "name-of-the-past", "no-family"],
)
async def test_the_past_is_dropped(script: Scripted, stale: dict[str, object]) -> None:
    """An inactive, ended or unnamed relative is no contact, and takes nobody else along."""
    assert [one.name.given for one in await contacts_of(script, a_relative() | stale, a_relative(given="Ann"))] == [
        ("Ann",)
    ]


async def test_only_what_is_in_use_is_given(script: Scripted) -> None:
    """Ended and old phones, temporary and work addresses, and other systems are passed over."""
    ended = {"end": "2021-12-31"}
    telecom = [
        {"system": "phone", "value": "01632 960010", "period": ended},
        {"system": "phone", "value": "01632 960011", "use": "old"},
        {"system": "other", "value": "01632 960012"},
        {"system": "phone", "value": "01632 960013"},
        {"system": "phone", "value": "01632 960014"},
        {"system": "email", "value": "old@example.org", "period": ended},
    ]
    address = [
        {"use": "home", "line": ["Old"], "period": ended},
        {"use": "temp", "line": ["Temporary"]},
        {"use": "home", "line": ["1 High Street", "Leeds"], "postalCode": "LS1 1AA"},
    ]
    (mary,) = await contacts_of(script, a_relative(telecom=telecom, address=address))
    assert (mary.phone, mary.email, mary.address) == ("01632 960013", None, HOME)


@pytest.mark.parametrize(
    ("postcode", "status"),
    [("ZZ99 3VZ", AddressStatus.NO_FIXED), ("ZZ993WZ", AddressStatus.UNKNOWN), ("zz99 3cz", AddressStatus.UNKNOWN)],
)
async def test_a_pseudo_postcode_is_no_address(script: Scripted, postcode: str, status: AddressStatus) -> None:
    """What stands in for an address becomes its status, and none of its lines is an address line."""
    home = [{"use": "home", "line": ["NO FIXED ABODE"], "postalCode": postcode}]
    (mary,) = await contacts_of(script, a_relative(address=home))
    assert mary.address == PostalAddress(status)


# --- Relatives of whom PDS gives the number alone.


async def test_a_relative_pointed_at_is_read_at_their_own_record(script: Scripted) -> None:
    """A second read, of the relative's number, gives what the list did not."""
    own = {"telecom": [{"system": "phone", "value": "01632 960020"}], "address": a_relative()["address"]}
    script.says(f"/Patient/{MOTHER}", a_patient(MOTHER, **own))
    (jane,) = await contacts_of(script, only_pointed_at(MOTHER))
    assert (jane.name, jane.phone, jane.address) == (Name(("Jane",), "Smith"), "01632 960020", HOME)
    assert jane.origin.as_of == datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("security", ["R", "V", "?"])
async def test_a_restricted_relative_has_no_contact(script: Scripted, security: str) -> None:
    """Nothing of theirs is given, the other relative is, and the child is not held for it."""
    own = {"telecom": [{"system": "phone", "value": "01632 960020"}]}
    script.says(f"/Patient/{MOTHER}", a_patient(MOTHER, security, **own))
    (ann,) = await contacts_of(script, only_pointed_at(MOTHER), a_relative(given="Ann"))
    assert ann.name.given == ("Ann",)


MARKS = [
    ([{"code": "R"}], Mark.PDS_RESTRICTED),
    ([{"code": "V"}], Mark.PDS_VERY_RESTRICTED),
    ([{"code": "REDACTED"}], Mark.PDS_INVALIDATED),
    ([{"code": "U"}, {"code": "R"}], Mark.PDS_RESTRICTED),
    ([{"code": "N"}], Mark.PDS_RESTRICTED),
    ([{"display": "unrestricted"}], Mark.PDS_RESTRICTED),
    ([], Mark.PDS_RESTRICTED),
]
ON_THE_ENTRY, ON_THE_RESOURCE = "entry", "resource"


def marked(place: str, security: object, *relatives: dict[str, object]) -> Body:
    """A list of relatives whose first one is marked, on the entry or on the relative."""
    body = relatives_of(CHILD, *relatives)
    entry = body["entry"][0]
    (entry if place == ON_THE_ENTRY else entry["resource"])["meta"] = {"security": security}
    return body


@pytest.mark.parametrize("place", [ON_THE_ENTRY, ON_THE_RESOURCE])
@pytest.mark.parametrize("security", [security for security, _ in MARKS])
async def test_a_marked_entry_gives_no_contact(script: Scripted, place: str, security: object) -> None:
    """A mother in hiding lives where the child does: nothing of her entry is given, nor her own record asked for."""
    for mother in (a_relative(), only_pointed_at(MOTHER)):
        answer = await answer_to(script, marked(place, security, mother, a_relative(OTHER_CHILD, "Ann")))
        assert isinstance(answer, Found)
        assert [one.name.given for one in answer.record] == [("Ann",)]
    assert set(script.paths) == {f"/Patient/{CHILD}/RelatedPerson"}


@pytest.mark.parametrize("place", [ON_THE_ENTRY, ON_THE_RESOURCE])
@pytest.mark.parametrize(("security", "mark"), MARKS)
async def test_a_marked_entry_that_names_the_child_holds_the_child(
    script: Scripted, place: str, security: object, mark: Mark
) -> None:
    """The mark of an entry that bears the child's own number may be the child's, and takes every contact along."""
    body = marked(place, security, a_relative(CHILD), a_relative(given="Ann"))
    assert await answer_to(script, body) == Restricted(mark)


@pytest.mark.parametrize(("security", "mark"), MARKS)
@pytest.mark.parametrize("relatives", [(), (a_relative(),)], ids=["nobody", "somebody"])
async def test_a_marked_list_holds_the_child(
    script: Scripted, security: object, mark: Mark, relatives: tuple[dict[str, object], ...]
) -> None:
    """A Bundle's mark may be the child's, also where nobody is listed in it."""
    body = relatives_of(CHILD, *relatives) | {"meta": {"security": security}}
    assert await answer_to(script, body) == Restricted(mark)


async def test_a_list_marked_unrestricted_is_given(script: Scripted) -> None:
    """U, wherever it stands, and a `meta` that says nothing of confidentiality hold back nobody."""
    plain: dict[str, object] = {"security": [{"code": "U"}]}
    for place in (ON_THE_ENTRY, ON_THE_RESOURCE):
        body = marked(place, plain["security"], a_relative(), a_relative(meta={"versionId": "2"}))
        answer = await answer_to(script, body | {"meta": plain})
        assert isinstance(answer, Found)
        assert len(answer.record) == 2


@pytest.mark.parametrize("security", ["R", None, ["R"], {"code": "R"}])
async def test_a_mark_that_cannot_be_read_gives_nothing(script: Scripted, security: object) -> None:
    """Neither the list nor a part of it is given where a mark is no mark as FHIR writes one."""
    for place in (ON_THE_ENTRY, ON_THE_RESOURCE):
        answer = await answer_to(script, marked(place, security, a_relative()))
        assert isinstance(answer, Failed)
        assert type(answer.failure) is AgencyBroken


async def test_a_list_longer_than_any_family_is_not_followed(script: Scripted) -> None:
    """Each relative pointed at is one more call at a rate that is everybody's: of too many none is made."""
    numbers = [number for number in map(str, range(9990000100, 9990001000)) if nhs.is_valid(number)][
        : MOST_RELATIVES + 1
    ]
    for number in numbers:
        script.says(f"/Patient/{number}", a_patient(number))
    assert len(await contacts_of(script, *map(only_pointed_at, numbers[1:]))) == MOST_RELATIVES
    script.asked.clear()
    answer = await answer_to(script, relatives_of(CHILD, *map(only_pointed_at, numbers)))
    assert isinstance(answer, Failed)
    assert type(answer.failure) is AgencyBroken
    assert len(script.asked) == 1


async def test_too_many_to_read_are_not_read(script: Scripted) -> None:
    """They are counted first, so that what stands in them costs nothing, and nothing in them holds anybody."""
    body = marked(ON_THE_RESOURCE, [{"code": "R"}], *[a_relative(CHILD)] * (MOST_RELATIVES + 1))
    answer = await answer_to(script, body)
    assert isinstance(answer, Failed)
    assert "more than" in str(answer.failure)


@pytest.mark.parametrize("part", ["name", "telecom", "address"])
async def test_a_relative_with_endless_parts_is_broken(script: Scripted, part: str) -> None:
    """Tens of thousands of phones, each looked at for whether it is in use, would hold up everybody."""
    for body in (a_relative(), a_relative() | {part: [*a_relative()[part]] * 101}):
        answer = await answer_to(script, relatives_of(CHILD, body))
    assert isinstance(answer, Failed)
    assert type(answer.failure) is AgencyBroken


@pytest.mark.parametrize("code", ["INVALIDATED_RESOURCE", "RESOURCE_NOT_FOUND"])
async def test_a_relative_pds_no_longer_has_is_no_contact(script: Scripted, code: str) -> None:
    """A withdrawn or unknown number of a relative gives nothing, and holds nobody."""
    script.says(f"/Patient/{MOTHER}", spine(code), 404)
    assert await contacts_of(script, only_pointed_at(MOTHER)) == ()


@pytest.mark.parametrize("number", [None, CHILD])
async def test_a_relative_pointed_at_nowhere_is_not_read(script: Scripted, number: str | None) -> None:
    """No number, or the child's own: there is nobody to read, and the child's own record is no relative's."""
    assert await contacts_of(script, only_pointed_at(MOTHER) | {"patient": a_relative(number)["patient"]}) == ()
    assert len(script.asked) == 1


@pytest.mark.parametrize(
    ("body", "status", "failure"),
    [
        (a_patient(OTHER_CHILD), 200, AgencyMismatch),
        ({}, 500, AgencyBroken),
        (spine("TOO_MANY_REQUESTS"), 429, AgencyOverloaded),
    ],
)
async def test_half_a_list_is_no_list(
    script: Scripted, body: object, status: int, failure: type[AgencyFailure]
) -> None:
    """When one relative cannot be read the contacts are unavailable: the others alone would pass for all."""
    script.says(f"/Patient/{MOTHER}", body, status)
    answer = await answer_to(script, relatives_of(CHILD, a_relative(given="Ann"), only_pointed_at(MOTHER)))
    assert isinstance(answer, Failed)
    assert type(answer.failure) is failure


# --- The child.


async def test_a_restricted_childs_list_is_empty_and_says_nothing(health: Health) -> None:
    """PDS empties it without a mark, so nothing is disclosed; the mark is on the child's own record alone."""
    number = child_at(NOTABLE["gp-restricted"]).keys.nhs_number
    assert number is not None
    assert await health.contacts.fetch([number], soon()) == {number: Found(())}
    assert await health.practices.fetch([number], soon()) == {number: Restricted(Mark.PDS_RESTRICTED)}


@pytest.mark.parametrize(
    ("code", "answer"),
    [("INVALIDATED_RESOURCE", Restricted(Mark.PDS_INVALIDATED)), ("RESOURCE_NOT_FOUND", NotRecorded())],
)
async def test_the_childs_own_errors_are_the_childs(script: Scripted, code: str, answer: Answer[Contacts]) -> None:
    """Withdrawn holds the child; unknown is not recorded."""
    assert await answer_to(script, spine(code), 404) == answer


@pytest.mark.parametrize("full_url", ["", f"https://example.org/Patient/{OTHER_CHILD}/RelatedPerson/1"])
async def test_relatives_must_be_tied_to_the_child(script: Scripted, full_url: str) -> None:
    """A list that is another child's, or nobody's, is not shown."""
    body = relatives_of(CHILD, a_relative())
    body["entry"][0]["fullUrl"] = full_url
    answer = await answer_to(script, body)
    assert isinstance(answer, Failed)
    assert isinstance(answer.failure, AgencyMismatch)


@pytest.mark.parametrize(
    "body", [a_patient(), {"resourceType": "Bundle", "entry": [{"fullUrl": "x"}]}, spine("NEW_CODE")]
)
async def test_what_is_no_list_is_broken(script: Scripted, body: object) -> None:
    """A Patient, an entry without its resource, an error without a meaning."""
    answer = await answer_to(script, body)
    assert isinstance(answer, Failed)
    assert type(answer.failure) is AgencyBroken


async def test_one_childs_failure_is_its_own(script: Scripted) -> None:
    """One list that cannot be read takes nobody else's."""
    script.says(f"/Patient/{CHILD}/RelatedPerson", {}, 500)
    script.says(f"/Patient/{OTHER_CHILD}/RelatedPerson", relatives_of(OTHER_CHILD, a_relative()))
    answers = await asked(script, NUMBER, OTHER)
    assert isinstance(answers[NUMBER], Failed)
    assert isinstance(answers[OTHER], Found)


# --- The sandbox's children.


async def test_the_sandbox_gives_each_childs_own_parents(health: Health) -> None:
    """Listed or pointed at, through PDS's words and back they are the parents that the synthetic child has."""
    children = [child_at(index) for index in range(60) if child_at(index).pds_code == "U"]
    assert any(is_pointed_at(child, place) for child in children for place in range(len(child.parents)))
    numbers = {child.keys.nhs_number: child for child in children if child.keys.nhs_number}
    for number, answer in (await health.contacts.fetch(list(numbers), soon(20))).items():
        assert isinstance(answer, Found)
        expected = [(p.name, p.phone, p.email, p.address and p.address.uprn) for p in numbers[number].parents]
        assert [(c.name, c.phone, c.email, c.address and c.address.uprn) for c in answer.record] == expected


async def test_reads_of_relatives_count_as_the_parents(health: Health) -> None:
    """A list is one call, and each relative pointed at one more; none of them is for a practice."""
    child = child_at(NOTABLE["open"])
    assert child.keys.nhs_number is not None
    pointed_at = sum(is_pointed_at(child, place) for place in range(len(child.parents)))
    await health.contacts.fetch([child.keys.nhs_number], soon())
    assert health.calls() == (0, 1 + pointed_at)


async def test_no_failure_or_log_line_says_who(health: Health, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the child's number nor a parent's, nor a name, is in a failure or a log line at any level."""
    caplog.set_level(logging.DEBUG)
    child = child_at(NOTABLE["open"])
    assert child.keys.nhs_number is not None
    told = ""
    for fault in (Fault.DOWN, Fault.OVERLOADED, Fault.MALFORMED, Fault.HTML_500, Fault.MISMATCH):
        health.conduct.fault(AgencyName.PARENTS, fault)
        answer = (await health.contacts.fetch([child.keys.nhs_number], soon()))[child.keys.nhs_number]
        assert isinstance(answer, Failed)
        told += repr(answer)
    told += caplog.text
    assert child.keys.nhs_number.value not in told
    assert not [parent for parent in child.parents if parent.name.given[0] in told]
    assert not [parent for parent in child.parents if parent.nhs_number and parent.nhs_number.value in told]
