"""PDS and LEV bodies as a test needs one: complete and harmless, with what the test is about changed in it."""

from typing import Any

Body = dict[str, Any]

CHILD = "9990000018"
OTHER_CHILD = "9990000026"
MOTHER = "9990000034"


def a_patient(number: str = CHILD, security: str = "U", **changes: Any) -> Body:
    """An unrestricted Patient, registered with A81001 since 2020."""
    body: Body = {
        "resourceType": "Patient",
        "id": number,
        "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": number}],
        "meta": {"versionId": "2", "security": [{"code": security}]},
        "name": [{"use": "usual", "given": ["Jane"], "family": "Smith", "period": {"start": "2015-01-01"}}],
        "birthDate": "2015-01-01",
    }
    return body | registered_with("A81001", {"start": "2020-03-04"}) | changes


def registered_with(ods_code: str, period: Body | None = None) -> Body:
    identifier: Body = {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": ods_code}
    return {"generalPractitioner": [{"identifier": identifier | ({"period": period} if period else {})}]}


def removed(period: Body | None) -> Body:
    """The extension that says that somebody was taken off every list."""
    parts: list[Body] = [
        {"url": "removalFromRegistrationCode", "valueCodeableConcept": {"coding": [{"code": "SCT"}]}},
        *([{"url": "effectiveTime", "valuePeriod": period}] if period else []),
    ]
    return {
        "extension": [
            {"url": "https://fhir.nhs.uk/StructureDefinition/Extension-PDS-RemovalFromRegistration", "extension": parts}
        ]
    }


def an_organization(ods_code: str = "A81001", **changes: Any) -> Body:
    return {"resourceType": "Organization", "id": ods_code, "active": True, "name": "THE SURGERY"} | changes


def spine(code: str, severity: str = "error") -> Body:
    """An OperationOutcome with a Spine code."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": severity, "code": "structure", "details": {"coding": [{"code": code}]}}],
    }


def a_relative(number: str | None = MOTHER, given: str = "Mary", family: str = "Smith", **changes: Any) -> Body:
    """A relative with a name, a phone, an e-mail address and a home."""
    return {
        "resourceType": "RelatedPerson",
        "id": "507B7621",
        "patient": {"identifier": {"value": number}} if number else {},
        "active": True,
        "period": {"start": "2020-01-01"},
        "name": [{"use": "usual", "given": [given], "family": family}],
        "telecom": [
            {"system": "phone", "value": "01632 960001", "use": "home"},
            {"system": "email", "value": "mary@example.org"},
        ],
        "address": [{"use": "home", "line": ["1 High Street", "Leeds"], "postalCode": "ls11aa"}],
    } | changes


def only_pointed_at(number: str, **changes: Any) -> Body:
    """A relative of whom PDS gives nothing but the NHS number."""
    bare = {name: part for name, part in a_relative(number).items() if name not in ("name", "telecom", "address")}
    return bare | changes


def relatives_of(number: str, *relatives: Body) -> Body:
    bundle: Body = {"resourceType": "Bundle", "type": "searchset", "total": len(relatives)}
    root = f"https://api.service.nhs.uk/personal-demographics/FHIR/R4/Patient/{number}/RelatedPerson"
    entries = [{"fullUrl": f"{root}/{relative['id']}", "resource": relative} for relative in relatives]
    return bundle | ({"entry": entries} if entries else {})


ENTRY = "500000001"


def an_entry(number: int = int(ENTRY), status: Body | None = None, **changes: Any) -> Body:
    """A version-1 birth entry of Zack Howard, whose parents are Annabelle and Arron."""
    open_status = {
        "blocked": False,
        "cancelled": False,
        "correction": "None",
        "marginalNote": "None",
        "potentiallyFictitious": False,
        "praOrCourtOrder": None,
        "reregistration": "None",
    }
    return {
        "id": number,
        "date": "2012-10-17",
        "informant1": {"forenames": None, "surname": None, "qualification": "Mother"},
        "informant2": {"forenames": None, "surname": None, "qualification": None},
        "child": {"forenames": "Zack", "surname": "Howard", "dateOfBirth": "2012-10-10"},
        "mother": {"forenames": "Annabelle Jane", "surname": "LEE", "aliases": [{"forenames": None}] * 4},
        "father": {"forenames": "Arron", "surname": "HOWARD", "aliases": [{"forenames": None}] * 4},
        "status": open_status | (status or {}),
        "nextRegistration": None,
        "previousRegistration": None,
    } | changes


def a_blocked_entry(number: int = int(ENTRY)) -> Body:
    """An entry as LEV shows a blocked one: nothing but its number, and that it is blocked."""
    nobody = {"forenames": None, "surname": None}
    return {
        "id": number,
        "date": None,
        "child": nobody | {"dateOfBirth": None},
        "mother": nobody,
        "father": nobody,
        "status": {"blocked": True, "cancelled": None, "marginalNote": None, "reregistration": None},
        "nextRegistration": None,
        "previousRegistration": None,
    }
