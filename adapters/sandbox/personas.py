"""The people of the demonstration: who they are, which organisation sends them, and what they usually come for.

Each is a set of token claims; what a claim allows is the gateway's own business.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from adapters.records import NhsNumber
from adapters.sandbox.places import AUTHORITIES, practices, schools
from adapters.sandbox.population import NOTABLE, child_at
from adapters.store.entries import Organisation
from adapters.store.registry_records import Client, Partner

CLIENT: Final = "contactpoint-explorer"


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody to be. `purposes` are the usual ones, the first of them by default; `authority` is a GSS code.

    `nhs_number` is their own, where the issuer knows it.
    """

    name: str
    description: str
    acting_role: str
    organisation: str
    authority: str | None
    scopes: tuple[str, ...]
    purposes: tuple[str, ...]
    nhs_number: NhsNumber | None = None

    def claims(self) -> dict[str, object]:
        """The claims that are this persona's own; the issuer adds those of the token."""
        claims: dict[str, object] = {
            "sub": f"persona-{self.name}",
            "acting_role": self.acting_role,
            "organisation": self.organisation,
            "scope": " ".join(self.scopes),
            "acr": "urn:contactpoint:assurance:high",
            "amr": ["pwd", "hwk"],
        }
        if self.authority is not None:
            claims["authority"] = self.authority
        if self.nhs_number is not None:
            claims["nhs_number"] = self.nhs_number.value
        return claims


_OPEN = child_at(NOTABLE["open"])
_HOME = child_at(NOTABLE["shielded"]).authority
_ELSEWHERE = child_at(NOTABLE["shielded-elsewhere"]).authority
_OFFICER = ("SHIELD_MANAGEMENT", "SAFEGUARDING")

STEWARDS = Organisation("data-stewards", "Data Stewards", "OTHER", None, frozenset())
STATISTICIANS = Organisation("statistics-office", "Statistics Office", "OTHER", None, frozenset())
CMS = Organisation(
    "partner-cms",
    "Case Management for Children's Services",
    "PARTNER",
    _HOME,
    frozenset({"CHILD_WELFARE", "SAFEGUARDING", "SERVICE_COORDINATION"}),
)

PERSONAS: Mapping[str, Persona] = MappingProxyType(
    {
        persona.name: persona
        for persona in (
            Persona(
                "teacher",
                "teaches at the school of the child `open`; a parent of the child `own-child`",
                "PRACTITIONER",
                f"school-{_OPEN.school_urn}",
                _HOME,
                (),
                ("SAFEGUARDING", "CHILD_WELFARE", "EDUCATION"),
                child_at(NOTABLE["own-child"]).parents[0].nhs_number,
            ),
            Persona(
                "gp",
                "a doctor at the practice of the child `open`",
                "PRACTITIONER",
                f"practice-{_OPEN.practice_ods}",
                _HOME,
                (),
                ("HEALTH", "SAFEGUARDING", "CHILD_WELFARE"),
            ),
            Persona(
                "social-worker",
                "protects children in Leeds; may look behind a shield for fifteen minutes, and is reported",
                "PRACTITIONER",
                f"social-care-{_HOME}",
                _HOME,
                ("override",),
                ("SAFEGUARDING", "CHILD_WELFARE", "SERVICE_COORDINATION"),
            ),
            Persona(
                "shield-officer",
                "raises and keeps the shields of Leeds, sealed ones too",
                "SHIELD_OFFICER",
                f"authority-{_HOME}",
                _HOME,
                ("sealed", "sensitive"),
                _OFFICER,
            ),
            Persona(
                "shield-officer-second",
                "the second of the two officers that weakening a shield takes",
                "SHIELD_OFFICER",
                f"authority-{_HOME}",
                _HOME,
                ("sealed", "sensitive"),
                _OFFICER,
            ),
            Persona(
                "shield-officer-elsewhere",
                "keeps the shields of Bristol, and none of Leeds",
                "SHIELD_OFFICER",
                f"authority-{_ELSEWHERE}",
                _ELSEWHERE,
                ("sealed", "sensitive"),
                _OFFICER,
            ),
            Persona(
                "steward",
                "resolves doubtful updates; sees identity and keys",
                "STEWARD",
                STEWARDS.id,
                None,
                (),
                ("DATA_QUALITY",),
            ),
            Persona(
                "analyst",
                "counts children; can address none",
                "ANALYST",
                STATISTICIANS.id,
                None,
                (),
                ("STATISTICS",),
            ),
            Persona(
                "auditor",
                "reads the ledger for Leeds; sees no child",
                "AUDITOR",
                f"authority-{_HOME}",
                _HOME,
                (),
                ("AUDIT",),
            ),
            Persona(
                "partner-cms",
                "a case management system, through the documents it has published",
                "PARTNER",
                CMS.id,
                _HOME,
                (),
                ("CHILD_WELFARE", "SERVICE_COORDINATION", "SAFEGUARDING"),
            ),
        )
    }
)


def clients(issuer: str) -> tuple[Client, ...]:
    """The applications that bring the personas' tokens: the explorer everybody's, a partner its own."""
    return (
        Client(
            issuer=issuer,
            id=CLIENT,
            name="The explorer",
            roles=frozenset({persona.acting_role for persona in PERSONAS.values()} - {"PARTNER"}),
            purposes=None,
            scopes=frozenset({"override", "sealed", "sensitive"}),
            doors=frozenset({"AD_HOC", "DOCUMENTS"}),
            organisations=None,
            authorities=None,
        ),
        Client(
            issuer=issuer,
            id=CMS.id,
            name=CMS.name,
            roles=frozenset({"PARTNER"}),
            purposes=None,
            scopes=frozenset(),
            doors=frozenset({"DOCUMENTS"}),
            organisations=frozenset({CMS.id}),
            authorities=None,
        ),
    )


def partners() -> tuple[Partner, ...]:
    """What the partners among them are registered for."""
    return (
        Partner(
            organisation=CMS.id,
            categories=frozenset({"IDENTITY", "ADDRESS", "SCHOOL", "PRACTICE", "CONTACT", "SERVICES", "PARENT_NAMES"}),
            roots=frozenset({"viewer", "child", "children", "findChildren"}),
        ),
    )


def organisations() -> Iterator[Organisation]:
    """Every organisation that may send somebody: those of the personas, all authorities, all schools and practices."""
    yield from (STEWARDS, STATISTICIANS, CMS)
    nothing: frozenset[str] = frozenset()
    for authority in AUTHORITIES:
        yield Organisation(
            f"authority-{authority.gss}", f"{authority.name} Council", "LOCAL_AUTHORITY", authority.gss, nothing
        )
        yield Organisation(
            f"social-care-{authority.gss}",
            f"{authority.name} Children's Services",
            "SOCIAL_CARE",
            authority.gss,
            nothing,
        )
    for school in schools():
        yield Organisation(f"school-{school.urn}", school.name, "SCHOOL", school.authority.gss, nothing)
    for practice in practices():
        yield Organisation(f"practice-{practice.ods_code}", practice.name, "HEALTH", practice.authority.gss, nothing)
