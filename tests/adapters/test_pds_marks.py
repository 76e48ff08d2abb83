"""What PDS holds back and what its errors mean, decided by its codes alone."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.agency import (
    AgencyBroken,
    AgencyFailure,
    AgencyMismatch,
    AgencyOverloaded,
    AgencyRefused,
    AgencyTimeout,
    Answer,
    Failed,
    Found,
    Mark,
    NotRecorded,
    Restricted,
)
from adapters.pds_fhir import judge_patient, judge_relatives
from adapters.records import NhsNumber, PracticeRecord
from tests.adapters.bodies import CHILD, OTHER_CHILD, a_patient, an_organization, spine
from tests.adapters.loopback import (
    Health,
    Scripted,
    answered,
    health_agencies,
    number_of,
    practices_from,
    scripted,
    soon,
)

NUMBER = NhsNumber(CHILD)


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


# --- What PDS holds back.


@pytest.mark.parametrize(
    ("security", "mark"),
    [
        ([{"code": "R"}], Mark.PDS_RESTRICTED),
        ([{"code": "V"}], Mark.PDS_VERY_RESTRICTED),
        ([{"code": "REDACTED"}], Mark.PDS_INVALIDATED),
        ([{"code": "U"}, {"code": "R"}], Mark.PDS_RESTRICTED),
        ([{"code": "U"}, {"code": "V"}], Mark.PDS_VERY_RESTRICTED),
        ([{"code": "N"}], Mark.PDS_RESTRICTED),
        ([{"code": "u"}], Mark.PDS_RESTRICTED),
        ([{"display": "unrestricted"}], Mark.PDS_RESTRICTED),
        ([], Mark.PDS_RESTRICTED),
    ],
    ids=["R", "V", "redacted", "U-and-R", "U-and-V", "unknown", "lower-case", "no-code", "none"],
)
async def test_only_the_code_u_alone_is_unrestricted(script: Scripted, security: object, mark: Mark) -> None:
    """Any other code, and no code at all, is restricted, although the practice is there to be read."""
    assert await answer_to(script, a_patient(meta={"security": security})) == Restricted(mark)
    assert script.paths == [f"/Patient/{CHILD}"]


async def test_a_record_without_meta_is_restricted(script: Scripted) -> None:
    """An absent field never means unrestricted."""
    body = {name: part for name, part in a_patient().items() if name != "meta"}
    assert await answer_to(script, body) == Restricted(Mark.PDS_RESTRICTED)


@pytest.mark.parametrize(
    ("name", "mark"),
    [("gp-restricted", Mark.PDS_RESTRICTED), ("gp-very-restricted", Mark.PDS_VERY_RESTRICTED)],
)
async def test_restricted_children_are_held(health: Health, name: str, mark: Mark) -> None:
    """R and V children are marked, and ODS is asked nothing about them."""
    assert await health.practices.fetch([number_of(name)], soon()) == {number_of(name): Restricted(mark)}
    assert health.calls() == (1, 0)


async def test_an_invalidated_number_holds_the_child(script: Scripted) -> None:
    """PDS has withdrawn the number: whoever it was may have a new identity, so the child is held."""
    assert await answer_to(script, spine("INVALIDATED_RESOURCE"), 404) == Restricted(Mark.PDS_INVALIDATED)


@pytest.mark.parametrize(
    "link",
    [
        {"identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": CHILD}]},
        {
            "link": [
                {
                    "type": "replaces",
                    "other": {"identifier": {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": CHILD}},
                }
            ]
        },
    ],
    ids=["identifier", "link"],
)
async def test_a_merged_number_holds_the_child(script: Scripted, link: dict[str, object]) -> None:
    """A record that names the number asked for as one it replaced is a superseded one; its own mark wins."""
    assert await answer_to(script, a_patient(OTHER_CHILD) | link) == Restricted(Mark.PDS_SUPERSEDED)
    assert await answer_to(script, a_patient(OTHER_CHILD, "V") | link) == Restricted(Mark.PDS_VERY_RESTRICTED)


async def test_an_answer_about_another_number_is_a_mismatch(script: Scripted) -> None:
    """Another number without a sign of a merger shows nothing and holds nobody; a missing one likewise."""
    for body in (a_patient(OTHER_CHILD), a_patient(id=None), {"resourceType": "Patient"}):
        answer = await answer_to(script, body)
        assert isinstance(answer, Failed)
        assert isinstance(answer.failure, AgencyMismatch)


async def test_a_restricted_record_under_another_number_holds_the_child(script: Scripted) -> None:
    """PDS answers a merged number with what took its place; when that is restricted, doubt closes."""
    assert await answer_to(script, a_patient(OTHER_CHILD, "R")) == Restricted(Mark.PDS_RESTRICTED)


# --- What PDS's errors mean.


@pytest.mark.parametrize("severity", ["information", "error"])
@pytest.mark.parametrize("status", [400, 404])
async def test_not_found_is_decided_by_its_code(script: Scripted, severity: str, status: int) -> None:
    """RESOURCE_NOT_FOUND is not recorded, whatever the HTTP status and severity around it."""
    assert await answer_to(script, spine("RESOURCE_NOT_FOUND", severity), status) == NotRecorded()


@pytest.mark.parametrize(
    ("status", "code", "failure"),
    [
        (200, "TOO_MANY_MATCHES", AgencyBroken),
        (200, "ACCESS_DENIED", AgencyRefused),
        (400, "INVALID_RESOURCE_ID", AgencyRefused),
        (400, "MISSING_VALUE", AgencyRefused),
        (400, "INVALID_VALUE", AgencyRefused),
        (400, "UNSUPPORTED_SERVICE", AgencyRefused),
        (401, "ACCESS_DENIED", AgencyRefused),
        (403, "ACCESS_DENIED", AgencyRefused),
        (404, "SOMETHING_NEW", AgencyBroken),
        (408, "UNABLE_TO_CALL_SERVICE", AgencyTimeout),
        (429, "TOO_MANY_REQUESTS", AgencyOverloaded),
        (500, "UNABLE_TO_CALL_SERVICE", AgencyBroken),
        (503, "TOO_MANY_REQUESTS", AgencyOverloaded),
    ],
)
async def test_errors_fail_as_what_they_are(
    script: Scripted, status: int, code: str, failure: type[AgencyFailure]
) -> None:
    """Every other error is a failure of its own branch; an OperationOutcome under 200 is an error too."""
    answer = await answer_to(script, spine(code), status)
    assert isinstance(answer, Failed)
    assert type(answer.failure) is failure


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"resourceType": "Bundle", "total": 1},
        {"resourceType": "Patient", "id": 5},
        [],
        {"resourceType": "OperationOutcome"},
    ],
)
async def test_what_is_not_a_patient_is_broken(script: Scripted, body: object) -> None:
    """A Bundle, a list, an empty error or a number for an id is not the protocol."""
    answer = await answer_to(script, body)
    assert isinstance(answer, Failed)
    assert type(answer.failure) is AgencyBroken


async def test_a_patient_under_an_error_status_is_broken(script: Scripted) -> None:
    """A body that says yes under a status that says no is believed in neither."""
    answer = await answer_to(script, a_patient(), 404)
    assert isinstance(answer, Failed)
    assert type(answer.failure) is AgencyBroken


async def test_a_mistyped_number_is_never_sent(script: Scripted) -> None:
    """A number that fails its check digit would cost a call and be refused, so it is refused here."""
    answers = await practices_from(script, NhsNumber("9990000019"))
    assert isinstance(answers[NhsNumber("9990000019")], Failed)
    assert script.asked == []


MEMBERS = [
    "id",
    "meta",
    "security",
    "code",
    "identifier",
    "link",
    "name",
    "generalPractitioner",
    "issue",
    "details",
    "entry",
]
json = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["U", "R", CHILD, "", "replaces"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=5),
    max_leaves=12,
)
changes = st.dictionaries(st.sampled_from(MEMBERS), json, max_size=3)
kinds = st.sampled_from(["Patient", "Bundle", "OperationOutcome"])


@settings(deadline=None)
@given(
    json | st.builds(lambda kind, some: a_patient(resourceType=kind) | some, kinds, changes),
    st.sampled_from([200, 404]),
)
def test_whatever_comes_nothing_is_found_but_the_unrestricted_child(body: Any, status: int) -> None:
    """No body makes judging fail, and none is believed unless it is the number asked for, marked U and nothing else."""
    answer = judge_patient(NUMBER, answered(msgspec.json.encode(body), status))
    if isinstance(answer, Found):
        assert (status, body["id"]) == (200, CHILD)
        assert {one["code"] for one in body["meta"]["security"]} == {"U"}
    judge_relatives(NUMBER, answered(msgspec.json.encode(body), status))
