"""The GP practice: which registrations count, how PDS and ODS are joined, and what is asked of whom."""

import logging
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from joserfc.jwk import RSAKey

from adapters.agency import (
    AgencyBroken,
    AgencyFailure,
    AgencyMismatch,
    AgencyName,
    AgencyOverloaded,
    AgencyRefused,
    AgencyTimeout,
    AgencyUnreachable,
    Answer,
    Failed,
    Found,
    Mark,
    NotRecorded,
    Restricted,
)
from adapters.records import AddressStatus, NhsNumber, PostalAddress, PracticeRecord
from adapters.sandbox.faults import Fault
from adapters.sandbox.population import NOTABLE, child_at, practice_at
from tests.adapters.bodies import CHILD, OTHER_CHILD, a_patient, an_organization, registered_with, removed
from tests.adapters.loopback import NOW, Health, Scripted, health_agencies, number_of, practices_from, scripted, soon

NUMBER = NhsNumber(CHILD)
OTHER = NhsNumber(OTHER_CHILD)


@pytest.fixture
async def health() -> AsyncIterator[Health]:
    async with health_agencies() as agencies:
        yield agencies


@pytest.fixture
async def script() -> AsyncIterator[Scripted]:
    async with scripted() as agency:
        agency.says("/Organization/A81001", an_organization())
        yield agency


async def answer_to(script: Scripted, body: object, status: int = 200) -> Answer[PracticeRecord]:
    script.says(f"/Patient/{CHILD}", body, status)
    return (await practices_from(script, NUMBER))[NUMBER]


# --- A child's practice.


async def test_practice_is_joined_from_pds_and_ods(health: Health) -> None:
    """PDS says which practice, ODS says its name, phone and address, and the origin says since when PDS has said so."""
    child = child_at(NOTABLE["open"])
    known = practice_at(child.practice_ods or "")
    assert known is not None
    answer = (await health.practices.fetch([number_of("open")], soon()))[number_of("open")]
    assert isinstance(answer, Found)
    assert answer.record.ods_code == child.practice_ods
    assert answer.record.name == known.name
    assert answer.record.phone == known.phone
    assert answer.record.address is not None
    assert answer.record.address.postcode == known.address.postcode
    assert answer.record.address.uprn == known.address.uprn
    assert answer.record.address.lines == tuple(line.upper() for line in known.address.lines)
    assert answer.record.origin.agency == "NHS Personal Demographics Service"
    assert answer.record.origin.as_of.date() == child.birth_date


async def test_each_practice_is_asked_once_for_everyone_registered_there(health: Health) -> None:
    """Brothers and sisters share a practice: two PDS reads, one ODS read."""
    numbers = [number_of("open"), number_of("open-sibling")]
    answers = await health.practices.fetch(numbers, soon())
    assert all(isinstance(answers[number], Found) for number in numbers)
    assert health.calls() == (3, 0)


async def test_a_number_asked_for_twice_is_asked_once(health: Health) -> None:
    """The same key twice in one fetch is one call, and one answer."""
    answers = await health.practices.fetch([number_of("no-practice")] * 2, soon())
    assert list(answers) == [number_of("no-practice")]
    assert health.calls() == (1, 0)


async def test_a_closed_practice_is_still_the_practice(script: Scripted) -> None:
    """ODS goes on naming an organization that has closed, and so do we."""
    script.says("/Organization/A81001", an_organization(active=False))
    answer = await answer_to(script, a_patient())
    assert isinstance(answer, Found)
    assert answer.record.name == "THE SURGERY"


async def test_a_practice_ods_does_not_know_keeps_its_code_alone(script: Scripted) -> None:
    """A 404 OperationOutcome from ODS is an answer: the registration stands, its details do not."""
    script.says("/Organization/A81001", {"resourceType": "OperationOutcome", "issue": [{"diagnostics": "no"}]}, 404)
    answer = await answer_to(script, a_patient())
    assert isinstance(answer, Found)
    assert (answer.record.ods_code, answer.record.name, answer.record.address) == ("A81001", None, None)


async def test_ods_failing_fails_its_own_children_alone(script: Scripted) -> None:
    """One practice that ODS cannot give fails the children registered there, and nobody else."""
    script.says(f"/Patient/{CHILD}", a_patient())
    script.says(f"/Patient/{OTHER_CHILD}", a_patient(OTHER_CHILD, **registered_with("B81002")))
    script.says("/Organization/B81002", {}, 500)
    answers = await practices_from(script, NUMBER, OTHER)
    assert isinstance(answers[NUMBER], Found)
    assert isinstance(answers[OTHER], Failed)


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        (an_organization("B81002"), AgencyMismatch),
        ({"resourceType": "Parameters"}, AgencyBroken),
        ({"resourceType": "Organization", "name": "NO ID"}, AgencyMismatch),
    ],
)
async def test_ods_must_answer_about_the_practice_asked_for(
    script: Scripted, body: object, failure: type[AgencyFailure]
) -> None:
    """Another organization's details are never shown as this one's."""
    script.says("/Organization/A81001", body)
    answer = await answer_to(script, a_patient())
    assert isinstance(answer, Failed)
    assert isinstance(answer.failure, failure)


async def test_ods_with_a_wrong_key_is_refused() -> None:
    """ODS wants its API key, and says 401 without FHIR."""
    async with health_agencies(ods_key="wrong") as health:
        answer = (await health.practices.fetch([number_of("open")], soon()))[number_of("open")]
    assert isinstance(answer, Failed)
    assert isinstance(answer.failure, AgencyRefused)


# --- Registrations that are none.


@pytest.mark.parametrize(
    "body",
    [
        a_patient(generalPractitioner=[]),
        a_patient(generalPractitioner=[{}]),
        a_patient(generalPractitioner=[{"identifier": {"system": "x"}}]),
        a_patient(**registered_with("A81001", {"start": "2020-01-01", "end": "2026-09-30"})),
        a_patient(**registered_with("A81001", {"start": "2026-10-02"})),
        a_patient(**registered_with("A81001", {"end": "not a date"})),
        a_patient(**registered_with("V81997")),
        a_patient(**registered_with("V81998")),
        a_patient(**registered_with("v81999")),
        a_patient(**registered_with("../A81001")),
        a_patient(**removed({"start": "2026-01-01T00:00:00+00:00"})),
        a_patient(**removed({"start": "2026-01-01T00:00:00+00:00", "end": "2027-01-01T00:00:00+00:00"})),
        a_patient(**removed(None)),
    ],
    ids=[
        "none", "empty", "no-code", "ended", "not-begun", "unreadable-end", "no-practice", "not-applicable", "unknown",
        "not-a-code", "removed", "removed-for-a-while", "removed-undated",
    ],
)  # fmt: skip
async def test_a_registration_that_is_none_is_not_recorded(script: Scripted, body: object) -> None:
    """Ended, not begun, taken off the list, or a pseudo practice: not recorded, and ODS is not asked."""
    assert await answer_to(script, body) == NotRecorded()
    assert script.paths == [f"/Patient/{CHILD}"]


FROM_2020 = datetime(2020, 3, 4, tzinfo=UTC)
LAST_UPDATED = {"security": [{"code": "U"}], "lastUpdated": "2024-01-23T14:37:16.122+01:00"}


@pytest.mark.parametrize(
    ("body", "as_of"),
    [
        (a_patient(), FROM_2020),
        (a_patient(**registered_with("A81001", {"start": "2020-03-04", "end": "2026-10-01"})), FROM_2020),
        (a_patient(**registered_with("a81001 ")), NOW),
        (a_patient(**registered_with("A81001", {"start": "2020"})), NOW),
        (a_patient(deceasedDateTime="2024-10-22T00:00:00+00:00"), FROM_2020),
        (a_patient(**removed({"start": "2020-01-01T00:00:00+00:00", "end": "2021-12-31T00:00:00+00:00"})), FROM_2020),
        (a_patient(**removed({"start": "2027-01-01T00:00:00+00:00"})), FROM_2020),
        (
            a_patient(meta=LAST_UPDATED, **registered_with("A81001")),
            datetime(2024, 1, 23, 13, 37, 16, 122000, tzinfo=UTC),
        ),
    ],
    ids=["plain", "last-day", "undated", "year-alone", "deceased", "removal-over", "removal-to-come", "last-updated"],
)
async def test_a_registration_in_force_is_found_and_dated(script: Scripted, body: object, as_of: datetime) -> None:
    """The origin's date is the registration's own, else the record's, else the time of asking."""
    answer = await answer_to(script, body)
    assert isinstance(answer, Found)
    assert answer.record.ods_code == "A81001"
    assert answer.record.origin.as_of == as_of


async def test_children_without_a_practice_are_not_recorded(health: Health) -> None:
    """PDS has three ways of saying that there is no practice, and the sandbox uses each."""
    none = [child for child in map(child_at, range(1_500)) if child.practice_ods is None and child.pds_code == "U"]
    numbers = [child.keys.nhs_number for child in none if child.keys.nhs_number]
    assert {child.index % 3 for child in none} == {0, 1, 2}
    answers = await health.practices.fetch(numbers, soon())
    assert set(answers.values()) == {NotRecorded()}


# --- Manners.


async def test_pds_is_asked_with_the_headers_it_demands(script: Scripted) -> None:
    """A bearer token, a fresh UUID a call, and FHIR asked for; ODS gets its key and no token of PDS's."""
    await answer_to(script, a_patient())
    await answer_to(script, a_patient())
    first, ods, second = (request.headers for request in script.asked if request is not script.asked[3])
    assert first["Authorization"].startswith("Bearer ")
    assert first["Accept"] == "application/fhir+json"
    assert uuid.UUID(first["X-Request-ID"]) != uuid.UUID(second["X-Request-ID"])
    assert uuid.UUID(first["X-Correlation-ID"])
    assert ods["apikey"] == "key"
    assert "Authorization" not in ods


async def test_a_key_that_is_not_registered_gets_no_token() -> None:
    """PDS's tokens are for our registered key alone; without one nothing is asked of PDS."""
    async with health_agencies(key=RSAKey.generate_key(2048)) as health:
        answer = (await health.practices.fetch([number_of("open")], soon()))[number_of("open")]
        assert isinstance(answer, Failed)
        assert isinstance(answer.failure, AgencyRefused)
        assert health.calls() == (0, 0)


async def test_past_the_rate_pds_asks_to_slow_down() -> None:
    """An adapter that keeps to no rate is told 429, key by key; those within it are answered."""
    numbers = [child_at(index).keys.nhs_number for index in range(20)]
    wanted = [number for number in numbers if number is not None]
    async with health_agencies(rate=1) as health:
        answers = await health.practices.fetch(wanted, soon())
    overloaded = [a for a in answers.values() if isinstance(a, Failed) and isinstance(a.failure, AgencyOverloaded)]
    assert 0 < len(overloaded) < len(wanted)


async def test_kept_to_the_agreed_rate_everyone_is_answered() -> None:
    """At the rate agreed, calls wait their turn within the deadline, and none is refused."""
    numbers = [child_at(index).keys.nhs_number for index in range(30)]
    wanted = [number for number in numbers if number is not None]
    async with health_agencies(rate=20, agreed=20) as health:
        answers = await health.practices.fetch(wanted, soon(10))
    assert not [answer for answer in answers.values() if isinstance(answer, Failed)]


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
async def test_faults_fail_the_key_and_heal(health: Health, fault: Fault, failure: type[AgencyFailure]) -> None:
    """Each fault of the agency is its own failure, and is forgotten once the agency heals."""
    number = number_of("open")
    health.conduct.fault(AgencyName.PRACTICE, fault)
    answer = (await health.practices.fetch([number], soon()))[number]
    assert isinstance(answer, Failed)
    assert isinstance(answer.failure, failure)
    health.conduct.fault(AgencyName.PRACTICE, Fault.NONE)
    assert isinstance((await health.practices.fetch([number], soon()))[number], Found)


async def test_a_slow_agency_fails_by_the_deadline(health: Health) -> None:
    """Nothing is waited for past the deadline."""
    health.conduct.fault(AgencyName.PRACTICE, Fault.SLOW)
    answer = (await health.practices.fetch([number_of("open")], soon(0.3)))[number_of("open")]
    assert isinstance(answer, Failed)
    assert isinstance(answer.failure, AgencyTimeout)


async def test_a_record_newly_restricted_holds_the_child(health: Health) -> None:
    """The sandbox's `restricted` fault makes any child's record R, emptied of its practice."""
    health.conduct.fault(AgencyName.PRACTICE, Fault.RESTRICTED)
    answers = await health.practices.fetch([number_of("open")], soon())
    assert answers == {number_of("open"): Restricted(Mark.PDS_RESTRICTED)}


async def test_no_failure_or_log_line_holds_a_number(health: Health, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the text of a failure, nor its chain, nor a log line at any level repeats a number or a code."""
    caplog.set_level(logging.DEBUG)
    secrets = {number_of("open").value, child_at(NOTABLE["open"]).practice_ods or ""}
    for fault in (Fault.DOWN, Fault.OVERLOADED, Fault.MALFORMED, Fault.HTML_500, Fault.MISMATCH):
        health.conduct.fault(AgencyName.PRACTICE, fault)
        answer = (await health.practices.fetch([number_of("open")], soon()))[number_of("open")]
        assert isinstance(answer, Failed)
        told, error = "", answer.failure
        while error is not None:
            told, error = told + repr(error) + str(error), error.__cause__ or error.__context__
        assert not [secret for secret in secrets if secret in told]
    assert not [secret for secret in secrets if secret in caplog.text]


async def test_an_address_is_read_as_ods_writes_it(script: Scripted) -> None:
    """Lines, town, postcode and UPRN; country and web page are left where they are."""
    key = {
        "url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-AddressKey",
        "extension": [
            {"url": "type", "valueCodeableConcept": {"coding": [{"code": "UPRN"}]}},
            {"url": "value", "valueString": "72016246"},
        ],
    }
    address = {
        "line": ["BECKETT STREET"],
        "city": "LEEDS",
        "postalCode": "LS97TF",
        "country": "ENGLAND",
        "extension": [key],
    }
    telecom = [{"system": "url", "value": "HTTPS://EXAMPLE.ORG"}, {"system": "phone", "value": "0113 496 0001"}]
    script.says("/Organization/A81001", an_organization(address=[address], telecom=telecom))
    answer = await answer_to(script, a_patient())
    assert isinstance(answer, Found)
    assert answer.record.phone == "0113 496 0001"
    assert answer.record.address == PostalAddress(
        AddressStatus.CURRENT, ("BECKETT STREET", "LEEDS"), "LS9 7TF", "72016246"
    )
