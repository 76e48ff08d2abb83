"""Children and viewers for tests: each names only what matters to it, the rest is plain."""

from dataclasses import dataclass, field, replace
from datetime import date

import msgspec

from adapters.number import with_check_character
from adapters.records import (
    AddressStatus,
    BirthEntry,
    ChildRecord,
    CircleMember,
    Gender,
    Keys,
    Name,
    NhsNumber,
    Override,
    PostalAddress,
    Protection,
    Tier,
    Upn,
)
from gateway.viewer import Role, Viewer
from resolvers.disclosure import Category

HERE = "E08000025"  # the authority most test children and officers belong to
ELSEWHERE = "E09000007"


@dataclass(frozen=True)
class ChildBuilder:
    """`a_child().shielded().build()`: an open child of `HERE`, changed step by step."""

    protection: Protection = field(default_factory=Protection)
    authority: str | None = HERE
    serial: int = 1
    kin: bytes = b""

    def shielded(self, *withheld: str) -> "ChildBuilder":
        return self._protected(tier=Tier.SHIELDED, withheld=frozenset(withheld))

    def sealed(self) -> "ChildBuilder":
        return self._protected(tier=Tier.SEALED)

    def held(self) -> "ChildBuilder":
        return self._protected(held=True)

    def raised_by(self, viewer: Viewer) -> "ChildBuilder":
        """A shield that this officer raised and nobody has confirmed."""
        return self._protected(unconfirmed_by=viewer.subject)

    def with_circle(self, organisation: str, *categories: str) -> "ChildBuilder":
        return self._protected(circle=(*self.protection.circle, CircleMember(organisation, frozenset(categories))))

    def overridden_by(self, viewer: Viewer) -> "ChildBuilder":
        return self._protected(overrides=(*self.protection.overrides, Override(viewer.subject, viewer.token)))

    def related_to(self, *prints: bytes) -> "ChildBuilder":
        """Fingerprints of the child and of its known parents."""
        return replace(self, kin=b"".join(prints))

    def of(self, authority: str | None) -> "ChildBuilder":
        return replace(self, authority=authority)

    def build(self) -> ChildRecord:
        return ChildRecord(
            id=self.serial,
            number=with_check_character(f"0000000000{self.serial:02d}"),
            name=Name(("Ada",), "Byron"),
            birth_date=date(2015, 12, 10),
            gender=Gender.FEMALE,
            address=PostalAddress(AddressStatus.CURRENT, ("1 Mill Lane",), "B1 1AA", "100"),
            former_names=(Name(("Ada",), "Gordon"),),
            keys=Keys(NhsNumber("9990000018"), Upn("B801200005001"), BirthEntry("900000001")),
            authority=self.authority,
            protection=self.protection,
            kin=self.kin,
        )

    def _protected(self, **changes: object) -> "ChildBuilder":
        return replace(self, protection=msgspec.structs.replace(self.protection, **changes))


def a_child(serial: int = 1) -> ChildBuilder:
    return ChildBuilder(serial=serial)


def a_viewer(
    role: Role = Role.PRACTITIONER,
    *,
    scopes: str = "",
    organisation: str = "school-1",
    authority: str | None = HERE,
    subject: str = "viewer-1",
    token: str = "token-1",
    prints: tuple[bytes, ...] = (),
    categories: frozenset[Category] | None = None,
) -> Viewer:
    return Viewer(
        subject=subject,
        client="front-end",
        token=token,
        role=role,
        organisation=organisation,
        authority=authority,
        scopes=frozenset(scopes.split()),
        prints=prints,
        categories=categories,
    )


def an_officer(scopes: str = "sealed sensitive", authority: str | None = HERE) -> Viewer:
    return a_viewer(Role.SHIELD_OFFICER, scopes=scopes, organisation="authority-1", authority=authority)
