"""Who looks, and what for; and what of a child that viewing may not see, in the twin's words and never the policy's."""

from dataclasses import dataclass
from typing import Final

from adapters.records import Tier
from adapters.sandbox.personas import PERSONAS, Persona, partners
from adapters.sandbox.population import SyntheticChild
from gateway.purpose import Purpose
from gateway.viewer import Role
from resolvers.disclosure import Category
from tests.shield.twin import ME, OTHER, Asker, Facts, may_be_told

EVERYTHING: Final = frozenset(category.value for category in Category)
_REGISTERED: Final = {
    partner.organisation: frozenset(Category(word) for word in partner.categories) for partner in partners()
}


@dataclass(frozen=True, slots=True)
class Protected:
    """A child's shield and all that hangs on it, as the core store has them; plain, it is open and nobody's matter.

    `raised_by` is who raised a shield that nobody has confirmed. `circle` is what each organisation is let see;
    `overrides` are the subjects and tokens that look behind it now.
    """

    tier: Tier = Tier.OPEN
    authority: str | None = None
    withheld: frozenset[str] = frozenset()
    ground: str = "domestic abuse"
    review_on: str = "2027-03-01"
    raised_by: str | None = None
    holds: tuple[tuple[str, str], ...] = ()
    circle: tuple[tuple[str, frozenset[str]], ...] = ()
    overrides: tuple[tuple[str, str], ...] = ()

    @property
    def held_alone(self) -> bool:
        return self.tier is Tier.OPEN and bool(self.holds)

    @property
    def protects(self) -> bool:
        return self.tier is not Tier.OPEN or bool(self.holds)


@dataclass(frozen=True, slots=True)
class Person:
    """A child in one world: as store and agencies have it, and its protection. Not `present`: no such child."""

    child: SyntheticChild
    protected: Protected = Protected()
    present: bool = True


@dataclass(frozen=True, slots=True)
class Viewing:
    """A persona and the purpose it states."""

    persona: Persona
    purpose: Purpose

    @classmethod
    def named(cls, name: str) -> "Viewing":
        """As it prints itself, such as `teacher:EDUCATION`; KeyError where there is none."""
        persona, _, purpose = name.partition(":")
        return cls(PERSONAS[persona], Purpose[purpose])

    def __str__(self) -> str:
        return f"{self.persona.name}:{self.purpose.value}"

    @property
    def role(self) -> Role:
        return Role(self.persona.acting_role)

    @property
    def subject(self) -> str:
        return f"persona-{self.persona.name}"

    @property
    def most(self) -> frozenset[str]:
        """The categories that it may be told of an open child of its own authority."""
        return frozenset(word for word in EVERYTHING if may_be_told(Category(word), self._asker, _OPEN))

    def hidden(self, person: Person, token: str) -> frozenset[str]:
        """The categories of this child that must not show, where the viewer comes with the token of this id."""
        if self.is_own(person.child):
            return EVERYTHING
        if self.purpose is Purpose.AUDIT:  # whose record was looked at is told of their own and of the unprotected
            return EVERYTHING if self._is_anothers(person) else EVERYTHING - {"IDENTITY"}
        if self.purpose is Purpose.STATISTICS:  # the protected are not counted
            return EVERYTHING if person.protected.protects else EVERYTHING - {"IDENTITY"}
        facts = self._facts(person, token)
        return frozenset(word for word in EVERYTHING if not may_be_told(Category(word), self._asker, facts))

    def is_own(self, child: SyntheticChild) -> bool:
        """Whether the viewer is the child, or its parent."""
        own = self.persona.nhs_number
        return own is not None and own in (child.keys.nhs_number, *(parent.nhs_number for parent in child.parents))

    def _is_anothers(self, person: Person) -> bool:
        protected = person.protected
        authority = person.child.authority if protected.tier is Tier.OPEN else protected.authority
        return protected.protects and authority != self.persona.authority

    @property
    def _asker(self) -> Asker:
        registered = _REGISTERED[self.persona.organisation] if self.role is Role.PARTNER else None
        return Asker(self.role, self.purpose, " ".join(self.persona.scopes), registered)

    def _facts(self, person: Person, token: str) -> Facts:
        protected = person.protected
        authority = person.child.authority if protected.tier is Tier.OPEN else protected.authority
        raised_by = None if protected.raised_by is None else ME if protected.raised_by == self.subject else OTHER
        return Facts(
            tier=protected.tier,
            held=bool(protected.holds),
            withheld=" ".join(protected.withheld),
            overridden=(self.subject, token) in protected.overrides,
            circle=" ".join(dict(protected.circle).get(self.persona.organisation, ())),
            mine_by_authority=authority is not None and authority == self.persona.authority,
            raised_by=raised_by,
        )


_OPEN: Final = Facts(Tier.OPEN, False, "", False, "", True, None)

VIEWINGS: Final = tuple(
    Viewing(persona, Purpose[purpose]) for persona in PERSONAS.values() for purpose in persona.purposes
)
