"""The synthetic people and practices as FHIR R4 bodies, in the words of PDS and ODS; only bodies, no manners.

Written apart from what reads them, so that a mistake made there is not made here too.
"""

from datetime import date
from typing import Any, TypeAlias

from adapters.records import AddressStatus, Gender, Name, NhsNumber, PostalAddress
from adapters.sandbox.population import SyntheticChild, SyntheticParent, SyntheticPractice, practice_at

Body: TypeAlias = dict[str, Any]

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
ODS_CODE = "https://fhir.nhs.uk/Id/ods-organization-code"
SPINE_CODE = "https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode"
UK_CORE = "https://fhir.hl7.org.uk"
NHS = "https://fhir.nhs.uk/R4"
ENGLAND = "https://fhir.nhs.uk/England"
DISPLAY = {"U": "unrestricted", "R": "restricted", "V": "very restricted"}

_PSEUDO = {  # what PDS writes where there is no address
    AddressStatus.NO_FIXED: ("NO FIXED ABODE", "ZZ99 3VZ"),
    AddressStatus.UNKNOWN: ("ADDRESS NOT KNOWN", "ZZ99 3WZ"),
    AddressStatus.LEFT_ENGLAND: ("LEFT ENGLAND", "ZZ99 3WZ"),
}
_TYPES = {"Mother": ("MTH", "mother"), "Father": ("FTH", "father"), "Parent": ("PRN", "parent")}
_STALE_PHONE = "07700 900999"


def spine_error(code: str, display: str, diagnostics: str | None = None, severity: str = "error") -> Body:
    """An OperationOutcome with its Spine code, which alone says what is meant."""
    coding = {"system": SPINE_CODE, "version": "1", "code": code, "display": display}
    issue: Body = {"severity": severity, "code": "structure", "details": {"coding": [coding]}}
    return {
        "resourceType": "OperationOutcome",
        "issue": [issue | ({"diagnostics": diagnostics} if diagnostics else {})],
    }


def patient_of_child(child: SyntheticChild, number: str, code: str) -> Body:
    """A child's Patient as far as `code` lets anybody see it: R hides where the child is, V all but the number."""
    bare = _bare_patient(number, code)
    if code == "V":
        return bare
    who = bare | _who(child.name, child.birth_date, child.gender)
    return who if code == "R" else who | {"address": [_home(child.address, child.birth_date)]} | _registered(child)


def patient_of_parent(parent: SyntheticParent, number: str, code: str) -> Body:
    """A parent's Patient, U or R."""
    gender = Gender.MALE if parent.relationship == "Father" else Gender.FEMALE
    who = _bare_patient(number, code) | _who(parent.name, parent.birth_date, gender)
    return who if code == "R" else who | _reached(parent, parent.birth_date)


def relatives(child: SyntheticChild, number: str, base: str) -> Body:
    """A child's relatives as a Bundle, which for nobody has no `entry` at all."""
    entries = [
        {"fullUrl": f"{base}/Patient/{number}/RelatedPerson/{relative['id']}", "resource": relative}
        for relative in _relatives(child)
    ]
    bundle: Body = {"resourceType": "Bundle", "type": "searchset", "timestamp": "2026-09-01T12:00:00+00:00"}
    return bundle | {"total": len(entries)} | ({"entry": entries} if entries else {})


def is_pointed_at(child: SyntheticChild, position: int) -> bool:
    """Whether PDS only points at this parent's own record; it does for one parent in four."""
    return (child.index + position) % 4 == 1 and child.parents[position].nhs_number is not None


def _relatives(child: SyntheticChild) -> list[Body]:
    found = []
    for position, parent in enumerate(child.parents):
        relative = _relative(parent.nhs_number, parent.relationship, f"{position:08X}", child.birth_date)
        if not is_pointed_at(child, position):
            relative |= {"name": [_name(parent.name, child.birth_date)]} | _reached(parent, child.birth_date)
        found.append(relative)
    if child.index % 10 == 3 and child.parents:
        # Somebody's old entry, never tidied away.
        stale = _relative(None, child.parents[0].relationship, "0000FFFF", child.birth_date)
        telecom = [{"system": "phone", "value": _STALE_PHONE, "use": "home"}]
        name = [_name(child.parents[0].name, child.birth_date)]
        found.append(stale | {"active": False, "name": name, "telecom": telecom})
    return found


def _relative(number: NhsNumber | None, relationship: str, identity: str, since: date) -> Body:
    code, display = _TYPES[relationship]
    roles = f"{NHS}/CodeSystem/UKCore-AdditionalRelatedPersonRole"
    return {
        "resourceType": "RelatedPerson",
        "id": identity,
        # The relative's own number, where plain FHIR would have the child's; nobody's where it is not known.
        "patient": {"identifier": {"system": NHS_NUMBER, "value": number.value}} if number else {},
        "active": True,
        "period": {"start": since.isoformat()},
        "relationship": [
            {
                "coding": [
                    {"system": roles, "code": "Personal", "display": "Personal relationship with the patient"},
                    {
                        "system": "http://hl7.org/fhir/ValueSet/relatedperson-relationshiptype",
                        "code": code,
                        "display": display,
                    },
                    {
                        "system": "http://hl7.org/fhir/ValueSet/relatedperson-relationshiptype",
                        "code": "N",
                        "display": "Next-of-Kin",
                    },
                ]
            }
        ],
        "extension": [
            {"url": f"{NHS}/StructureDefinition/Extension-UKCore-ContactRank", "valuePositiveInt": 1},
            {"url": f"{NHS}/StructureDefinition/Extension-UKCore-CopyCorrespondenceIndicator", "valueBoolean": True},
        ],
    }


def _bare_patient(number: str, code: str) -> Body:
    verified = {
        "url": f"{UK_CORE}/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus",
        "valueCodeableConcept": {"coding": [{"code": "01", "display": "Number present and verified"}]},
    }
    security = {
        "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
        "code": code,
        "display": DISPLAY[code],
    }
    return {
        "resourceType": "Patient",
        "id": number,
        "identifier": [{"system": NHS_NUMBER, "value": number, "extension": [verified]}],
        "meta": {"versionId": "2", "security": [security]},
    }


def _who(name: Name, born: date, gender: Gender) -> Body:
    return {"name": [_name(name, born)], "gender": gender.value.lower(), "birthDate": born.isoformat()}


def _name(name: Name, since: date) -> Body:
    written: Body = {"id": "N1", "use": "usual", "period": {"start": since.isoformat()}, "given": list(name.given)}
    return written | ({"family": name.family} if name.family else {})


def _reached(parent: SyntheticParent, since: date) -> Body:
    period = {"start": since.isoformat()}
    phone = [{"system": "phone", "value": parent.phone, "use": "mobile", "period": period}] if parent.phone else []
    email = [{"system": "email", "value": parent.email, "use": "home", "period": period}] if parent.email else []
    return {"telecom": phone + email} | ({"address": [_home(parent.address, since)]} if parent.address else {})


def _home(address: PostalAddress, since: date) -> Body:
    written: Body = {"id": "A1", "use": "home", "period": {"start": since.isoformat()}}
    if address.status in _PSEUDO:
        line, postcode = _PSEUDO[address.status]
        return written | {"line": [line], "postalCode": postcode}
    keys = [_address_key("PAF", "12345678")] + ([_address_key("UPRN", address.uprn)] if address.uprn else [])
    return written | {"line": list(address.lines), "postalCode": address.postcode, "extension": keys}


def _address_key(kind: str, value: str) -> Body:
    coding = {"system": f"{UK_CORE}/CodeSystem/UKCore-AddressKeyType", "code": kind}
    return {
        "url": f"{UK_CORE}/StructureDefinition/Extension-UKCore-AddressKey",
        "extension": [{"url": "type", "valueCoding": coding}, {"url": "value", "valueString": value}],
    }


def _registered(child: SyntheticChild) -> Body:
    """The practice; a child without one shows it in one of the three ways that PDS has for it."""
    start = child.birth_date.isoformat()
    if child.practice_ods is not None:
        return _practice(child.practice_ods, {"start": start})
    somewhere = "Y81001"  # a practice of the past; which one does not matter
    if child.index % 3 == 0:
        return _practice("V81997", {"start": start})
    if child.index % 3 == 1:
        return _practice(somewhere, {"start": start, "end": start})
    removal = {
        "url": "https://fhir.nhs.uk/StructureDefinition/Extension-PDS-RemovalFromRegistration",
        "extension": [
            {
                "url": "removalFromRegistrationCode",
                "valueCodeableConcept": {
                    "coding": [{"system": "https://fhir.nhs.uk/CodeSystem/PDS-RemovalReasonExitCode", "code": "ORR"}]
                },
            },
            {"url": "effectiveTime", "valuePeriod": {"start": f"{start}T00:00:00+00:00"}},
        ],
    }
    return _practice(somewhere, {"start": start}) | {"extension": [removal]}


def _practice(ods_code: str, period: Body) -> Body:
    identifier = {"system": ODS_CODE, "value": ods_code, "period": period}
    return {"generalPractitioner": [{"id": "G1", "type": "Organization", "identifier": identifier}]}


def organization(practice: SyntheticPractice) -> Body:
    """A practice as ODS has it: upper case throughout, and England's own extensions beside."""
    role = {
        "system": "https://digital.nhs.uk/services/organisation-data-service/CodeSystem/ODSOrganisationRole",
        "code": "RO177",
    }
    uprn = practice.address.uprn
    key = {
        "url": f"{UK_CORE}/StructureDefinition/Extension-UKCore-AddressKey",
        "extension": [
            {"url": "type", "valueCodeableConcept": {"coding": [{"code": "UPRN"}]}},
            {"url": "value", "valueString": uprn},
        ],
    }
    return {
        "resourceType": "Organization",
        "id": practice.ods_code,
        "meta": {"versionId": "4", "lastUpdated": "2026-01-23T13:37:16.122+00:00"},
        "extension": [
            {
                "url": f"{ENGLAND}/StructureDefinition/Extension-England-OrganisationRole",
                "extension": [
                    {"url": "instanceID", "valueInteger": 37525},
                    {"url": "roleCode", "valueCodeableConcept": {"coding": [role]}},
                    {"url": "active", "valueBoolean": True},
                ],
            }
        ],
        "identifier": [{"use": "official", "system": ODS_CODE, "value": practice.ods_code}],
        "active": int(practice.ods_code[1:]) % 20 != 0,  # one in twenty has closed, and ODS goes on saying who it was
        "name": practice.name.upper(),
        "telecom": [
            {"system": "phone", "value": practice.phone},
            {"system": "url", "value": f"HTTPS://{practice.ods_code}.EXAMPLE.ORG/"},
        ],
        "address": [
            {
                "extension": [key] if uprn else [],
                "line": [line.upper() for line in practice.address.lines[:-1]],
                "city": practice.address.lines[-1].upper(),
                "postalCode": practice.address.postcode,
                "country": "ENGLAND",
            }
        ],
    }


def organization_of(ods_code: str) -> Body | None:
    practice = practice_at(ods_code)
    return organization(practice) if practice else None
