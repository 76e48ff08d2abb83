"""The services that work with a synthetic child: invented teams of real authorities, some of them sensitive."""

from dataclasses import dataclass

from adapters.sandbox.arithmetic import scramble
from adapters.sandbox.names import HERITAGES, mailbox
from adapters.sandbox.notable import NOTABLE, NOTABLE_INDEXES
from adapters.sandbox.places import Authority, landline_in


@dataclass(frozen=True, slots=True)
class SyntheticService:
    """A service that works with a child.

    `sensitive`: sexual health, mental health, substance misuse. `consented`: consent stored with it covers the marker.
    """

    kind: str
    organisation: str
    practitioner: str
    phone: str
    email: str
    lead: bool
    sensitive: bool
    consented: bool


_KINDS = (
    ("Children's social care", "Children's Services", False),
    ("School nursing", "Community Health", False),
    ("Early help", "Early Help", False),
    ("Speech and language therapy", "Community Health", False),
    ("Educational psychology", "Educational Psychology Service", False),
    ("Youth justice", "Youth Justice Service", False),
    ("Child and adolescent mental health", "Mental Health Service", True),
    ("Sexual health", "Sexual Health Service", True),
    ("Substance misuse", "Substance Misuse Service", True),
    ("Health visiting", "Community Health", False),
)
_SOCIAL_CARE, _SCHOOL_NURSE, _MENTAL_HEALTH, _HEALTH_VISITOR = 0, 1, 6, 9
_CONSENTED = NOTABLE["sensitive-consented"]
_FIRST_SERVICES = {
    0: (_SOCIAL_CARE, _SCHOOL_NURSE),
    2: (_SOCIAL_CARE, _SCHOOL_NURSE),
    5: (_SOCIAL_CARE,),
    41: (_SCHOOL_NURSE, _MENTAL_HEALTH),
    42: (_SCHOOL_NURSE, _MENTAL_HEALTH),
}


def _kinds(index: int, age: int) -> tuple[int, ...]:
    """Positions in `_KINDS`: for three children in four none, for a few two; sensitive ones from eleven years on."""
    if index in NOTABLE_INDEXES:
        return _FIRST_SERVICES.get(index, ())
    dice = scramble(0x5E41CE << 36 | index)
    if dice & 3:
        return ()
    if age < 5:
        return (_HEALTH_VISITOR,)
    kind = (dice >> 2 & 0xFF) % _HEALTH_VISITOR
    if age < 11 and _KINDS[kind][2]:
        kind = _SCHOOL_NURSE
    return (kind,) if dice >> 10 & 3 or kind == _SOCIAL_CARE else (kind, _SOCIAL_CARE)


def services_of(index: int, age: int, authority: Authority) -> tuple[SyntheticService, ...]:
    """The services that work with a child of that age under that authority; social care leads where it is one."""
    kinds = _kinds(index, age)
    services = []
    for kind in kinds:
        name, organisation, sensitive = _KINDS[kind]
        dice = scramble(0xCA5E << 44 | kind << 32 | index)
        stock = HERITAGES[dice >> 60]
        practitioner = f"{stock.female[dice % len(stock.female)]} {stock.family[(dice >> 20) % len(stock.family)]}"
        services.append(
            SyntheticService(
                name,
                f"{authority.name} {organisation}",
                practitioner,
                landline_in(authority, dice >> 13),
                f"{mailbox(name)}.{mailbox(authority.name)}@example.org",
                kind == (_SOCIAL_CARE if _SOCIAL_CARE in kinds else kinds[0]),
                sensitive,
                sensitive and (dice >> 33 & 1 == 1 if index not in NOTABLE_INDEXES else index == _CONSENTED),
            )
        )
    return tuple(services)
