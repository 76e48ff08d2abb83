"""Every published ODS sample, read in place: the right record, or the named error."""

import pytest

from adapters.agency import AgencyBroken, AgencyMismatch, Failed, Found, NotRecorded
from adapters.ods_fhir import OrganizationDetails, judge_organization
from adapters.records import AddressStatus, PostalAddress
from tests.adapters.loopback import answered
from tests.shared_samples import needs_samples, sample, samples_in

pytestmark = needs_samples


def test_an_organization_is_read() -> None:
    """Name, phone and address as ODS writes them; its web page is no phone."""
    answer = judge_organization("RR8", answered(sample("ods-fhir/Organization-RR8-read.json")))
    assert answer == Found(
        OrganizationDetails(
            "LEEDS TEACHING HOSPITALS NHS TRUST",
            "0113 243 3144",
            PostalAddress(
                AddressStatus.CURRENT,
                ("ST. JAMES'S UNIVERSITY HOSPITAL", "BECKETT STREET", "LEEDS"),
                "LS9 7TF",
                "72016246",
            ),
        )
    )


def test_an_organization_is_nobody_elses() -> None:
    """The code that comes back is compared with the code asked for."""
    answer = judge_organization("A81001", answered(sample("ods-fhir/Organization-RR8-read.json")))
    assert isinstance(answer, Failed)
    assert isinstance(answer.failure, AgencyMismatch)


@pytest.mark.parametrize("path", ["ods-fhir/Organization-404.json", "ods-fhir/OrganizationAffiliation-404.json"])
def test_an_unknown_organization_is_not_recorded(path: str) -> None:
    """ODS's 404 has diagnostics and no Spine code; under any other status it is no answer."""
    assert judge_organization("8J632648493", answered(sample(path), 404)) == NotRecorded()
    assert isinstance(judge_organization("8J632648493", answered(sample(path), 200)), Failed)


@pytest.mark.parametrize(
    "path", ["ods-fhir/CodeSystem-lookup-G81086-gp-practice.json", "ods-fhir/OrganizationAffiliation-read.json"]
)
def test_other_resources_are_no_organization(path: str) -> None:
    """A lookup's Parameters and an affiliation are not what is asked for."""
    answer = judge_organization("G81086", answered(sample(path)))
    assert isinstance(answer, Failed)
    assert isinstance(answer.failure, AgencyBroken)


def test_no_sample_is_left_out() -> None:
    """A sample that is added to the folder is read here, or this fails."""
    assert len(samples_in("ods-fhir")) == 5
