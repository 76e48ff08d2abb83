"""Every published PDS sample, read in place: the right record, or the named error."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from adapters.agency import (
    AgencyBroken,
    AgencyFailure,
    AgencyMismatch,
    AgencyRefused,
    Failed,
    Found,
    Mark,
    NotRecorded,
    Restricted,
)
from adapters.pds_fhir import judge_patient, judge_relatives
from adapters.practice_pds import registration
from adapters.records import Name, NhsNumber
from tests.adapters.loopback import answered
from tests.shared_samples import needs_samples, sample, samples_in

pytestmark = needs_samples

THEN = datetime(2024, 6, 1, tzinfo=UTC)  # when most samples' periods were running

PATIENTS = {
    "pds-fhir/patients/Patient.json": ("9000000009", "Y12345"),
    "pds-fhir/patients/Patient-Jayne-Smyth.json": ("9000000017", "Y12345"),
    "pds-fhir/patients/Minimal_Patient.json": ("9000000033", None),
    "pds-fhir/patients/patient_5900057208.json": ("5900057208", None),
    "pds-fhir/patients/patient_9693632109.json": ("9693632109", "A20047"),
    "pds-fhir/patients/patient_9733162043.json": ("9733162043", "A20047"),
    "pds-fhir/patients/patient_9736363015.json": ("9736363015", "A20047"),
    "pds-fhir/search/search_patient_9000000009.json": ("9000000009", None),
    "mavis/pds/get-patient-response.json": ("9000000009", None),  # the registration had ended
}
RELATIVES = (
    "pds-fhir/patients/RelatedPersonBundle.json",
    "pds-fhir/patients/related_person_9000000009.json",
    "pds-fhir/patients/Personal_Details_RelatedPersonBundle.json",
)
SENSITIVE = "pds-fhir/patients/Sensitive_Patient.json"
SEARCHES = [
    path
    for path in [
        *samples_in("pds-fhir/search"),
        *samples_in("pds-fhir/patients", "PatientSearch*.json"),
        *samples_in("mavis/pds", "search-*.json"),
    ]
    if path not in PATIENTS and "TOO_MANY" not in path
]
ERRORS: dict[str, type[AgencyFailure] | Mark | None] = {
    "pds-fhir/errors/INVALID_RESOURCE_ID.json": AgencyRefused,
    "pds-fhir/errors/RESOURCE_NOT_FOUND.json": None,
    "pds-fhir/errors/UNSUPPORTED_SERVICE.json": AgencyRefused,
    "pds-fhir/errors/empty_authorization_header.json": AgencyRefused,
    "pds-fhir/errors/invalid_access_token.json": AgencyRefused,
    "pds-fhir/errors/invalid_x-request_id.json": AgencyRefused,
    "pds-fhir/errors/missing_authorization_header.json": AgencyRefused,
    "pds-fhir/errors/missing_x-request_id.json": AgencyRefused,
    "pds-fhir/search/TOO_MANY_MATCHES.json": AgencyBroken,
    "mavis/pds/invalid-nhs-number-response.json": AgencyRefused,
    "mavis/pds/invalid-patient-response.json": Mark.PDS_INVALIDATED,
    "mavis/pds/not-found-patient-response.json": None,
    "mavis/pds/too-many-matches.json": AgencyBroken,
}


def patients_in(path: str) -> list[dict[str, Any]]:
    body = msgspec.json.decode(sample(path))
    return [body] if body["resourceType"] == "Patient" else [entry["resource"] for entry in body.get("entry", [])]


@pytest.mark.parametrize(("path", "expected"), PATIENTS.items(), ids=PATIENTS)
def test_patients_are_read(path: str, expected: tuple[str, str | None]) -> None:
    """Each unrestricted Patient is found under its number, with the practice it was registered with at the time."""
    number, practice = expected
    answer = judge_patient(NhsNumber(number), answered(sample(path)))
    assert isinstance(answer, Found)
    registered = registration(answer.record, THEN)
    assert (registered.ods_code if registered else None) == practice


def test_a_practice_ends_with_its_period() -> None:
    """The fullest sample's registration ran out at the end of 2025, and from then on it is none."""
    answer = judge_patient(NhsNumber("9000000009"), answered(sample("pds-fhir/patients/Patient.json")))
    assert isinstance(answer, Found)
    assert registration(answer.record, datetime(2025, 12, 31, 12, tzinfo=UTC)) is not None
    assert registration(answer.record, datetime(2026, 1, 1, tzinfo=UTC)) is None


def test_a_removal_in_force_hides_the_practice() -> None:
    """In mid-2021 that practice's own dates ran, and so did the removal to Scotland."""
    answer = judge_patient(NhsNumber("9000000009"), answered(sample("mavis/pds/get-patient-response.json")))
    assert isinstance(answer, Found)
    assert registration(answer.record, datetime(2021, 6, 1, tzinfo=UTC)) is None


def test_the_sensitive_patient_is_restricted() -> None:
    """R is decided on the code; the name and birth date that are still there change nothing."""
    answer = judge_patient(NhsNumber("9000000025"), answered(sample(SENSITIVE)))
    assert answer == Restricted(Mark.PDS_RESTRICTED)


@pytest.mark.parametrize("path", [*PATIENTS, SENSITIVE])
def test_each_patient_is_refused_for_anybody_else(path: str) -> None:
    """Nothing of a sample is shown for another number than its own; the restricted one holds."""
    answer = judge_patient(NhsNumber("9990000018"), answered(sample(path)))
    if path == SENSITIVE:
        assert answer == Restricted(Mark.PDS_RESTRICTED)
    else:
        assert isinstance(answer, Failed)
        assert isinstance(answer.failure, AgencyMismatch)


@pytest.mark.parametrize("path", SEARCHES)
def test_searches_hold_patients_and_are_no_answer_to_a_read(path: str) -> None:
    """Each Patient found by a search reads alone; the Bundle around them is not what a read answers."""
    found = patients_in(path)
    for body in found:
        answer = judge_patient(NhsNumber(body["id"]), answered(msgspec.json.encode(body)))
        assert isinstance(answer, Found)
        assert answer.record.name
    whole = judge_patient(NhsNumber("9000000009"), answered(sample(path)))
    assert isinstance(whole, Failed)
    assert isinstance(whole.failure, AgencyBroken)
    assert bool(found) == ("no-match" not in path and "no_match" not in path and "no-results" not in path)


def test_every_published_patient_has_a_confidentiality_code() -> None:
    """The minimal Patient too: that is why one without a code is restricted, and not merely sparse."""
    everybody = [body for path in [*PATIENTS, SENSITIVE, *SEARCHES] for body in patients_in(path)]
    assert len(everybody) > 20
    assert {tuple(one["code"] for one in body["meta"]["security"]) for body in everybody} == {("U",), ("R",)}


@pytest.mark.parametrize(("path", "meaning"), ERRORS.items(), ids=ERRORS)
@pytest.mark.parametrize("status", [200, 400, 404])
def test_errors_mean_their_spine_code(path: str, meaning: type[AgencyFailure] | Mark | None, status: int) -> None:
    """Whatever status an error comes under, its code alone says what it is."""
    answer = judge_patient(NhsNumber("9000000009"), answered(sample(path), status))
    match meaning:
        case None:
            assert answer == NotRecorded()
        case Mark():
            assert answer == Restricted(meaning)
        case failure:
            assert isinstance(answer, Failed)
            assert type(answer.failure) is failure


@pytest.mark.parametrize("path", RELATIVES)
def test_relatives_are_read(path: str) -> None:
    """Named relatives, one with an empty `patient`, one only pointed at by the relative's own number."""
    number = "9000000017" if "Personal" in path else "9000000009"
    answer = judge_relatives(NhsNumber(number), answered(sample(path)))
    assert isinstance(answer, Found)
    first, *others = answer.record
    assert Name(first.name[0].given, first.name[0].family) == Name(("Jane",), "Smith")
    assert first.telecom[0].value == "01632960587"
    assert first.number == (None if "Personal" in path else NhsNumber("9000000009"))
    assert [other.name for other in others] == [()] * ("related_person" in path)
    assert isinstance(judge_relatives(NhsNumber("9990000018"), answered(sample(path))), Failed)


@pytest.mark.parametrize(
    "path", ["pds-fhir/search/sui-no_match-no-entry-key.json", "mavis/pds/search-patients-no-results-response.json"]
)
def test_nobody_is_read_with_and_without_entries(path: str) -> None:
    """An empty Bundle may have no `entry`, or an empty one."""
    assert judge_relatives(NhsNumber("9000000009"), answered(sample(path))) == Found(())


def test_no_sample_is_left_out() -> None:
    """A sample that is added to the folders is read here, or this fails."""
    folders = ("pds-fhir/patients", "pds-fhir/search", "pds-fhir/errors", "mavis/pds")
    there = {path for folder in folders for path in samples_in(folder)}
    assert there == {*PATIENTS, *RELATIVES, *SEARCHES, *ERRORS, SENSITIVE}
