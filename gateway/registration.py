"""Reads the file that says which organisations, partners and clients are registered (docs/partners.md).

Every word is checked before anything is registered. Nothing here reaches the store.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import msgspec

from adapters.store.entries import Organisation
from adapters.store.registry_records import Client, Partner
from gateway.purpose import Purpose
from gateway.viewer import Role
from resolvers.disclosure import Category

Kind = Literal["SCHOOL", "HEALTH", "SOCIAL_CARE", "LOCAL_AUTHORITY", "PARTNER", "OTHER"]
Root = Literal["viewer", "child", "childByKey", "children", "findChildren", "_entities", "_service"]
Door = Literal["AD_HOC", "DOCUMENTS"]

_AUTHORITY: Final = re.compile(r"[EWNS][0-9]{8}")  # as tokens' `authority` must be

DEFAULT_ROOTS: frozenset[Root] = frozenset({"viewer", "child", "childByKey", "children"})


class RegistrationError(Exception):
    """What is given cannot be registered; the text says where, and names the fix."""


@dataclass(frozen=True, slots=True)
class Registration:
    """What a file registers."""

    organisations: tuple[Organisation, ...]
    partners: tuple[Partner, ...]
    clients: tuple[Client, ...]


class _Organisation(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    name: str
    kind: Kind
    authority: str | None = None
    purposes: frozenset[Purpose] = frozenset()


class _Partner(msgspec.Struct, forbid_unknown_fields=True):
    organisation: str
    categories: frozenset[Category]
    roots: frozenset[Root] = DEFAULT_ROOTS
    purpose: Purpose | None = None
    reason: str | None = None


class _Client(msgspec.Struct, forbid_unknown_fields=True):
    issuer: str
    id: str
    name: str
    roles: frozenset[Role]
    doors: frozenset[Door]
    purposes: frozenset[Purpose] | None = None
    scopes: frozenset[str] = frozenset()
    organisations: frozenset[str] | None = None
    authorities: frozenset[str] | None = None
    bound: bool = False
    suspended: bool = False


class _File(msgspec.Struct, forbid_unknown_fields=True):
    organisation: tuple[_Organisation, ...] = ()
    partner: tuple[_Partner, ...] = ()
    client: tuple[_Client, ...] = ()


def read_registration(path: Path) -> Registration:
    """Read a file in TOML; raises `RegistrationError`."""
    try:
        read = msgspec.toml.decode(path.read_bytes(), type=_File)
    except OSError as error:
        raise RegistrationError(f"cannot read `{path}` ({error.strerror}): give a file that is yours to read") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RegistrationError(f"`{path}`: {str(error).splitlines()[0]}: correct it") from None
    for organisation in read.organisation:
        _check_organisation(organisation)
    for partner in read.partner:
        _check_partner(partner)
    for client in read.client:
        _check_client(client)
    _check_once("organisation", (one.id for one in read.organisation))
    _check_once("partner", (one.organisation for one in read.partner))
    _check_once("client", ((one.issuer, one.id) for one in read.client))
    return Registration(
        tuple(
            Organisation(one.id, one.name, one.kind, one.authority, frozenset(word.value for word in one.purposes))
            for one in read.organisation
        ),
        tuple(_partner(one) for one in read.partner),
        tuple(_client(one) for one in read.client),
    )


def _check_organisation(organisation: _Organisation) -> None:
    _check_words(f"organisation `{organisation.id}`", (organisation.id, organisation.name))
    _check_authorities(f"organisation `{organisation.id}`", (organisation.authority,))


def _check_partner(partner: _Partner) -> None:
    _check_words(f"partner `{partner.organisation}`", (partner.organisation, partner.reason))
    if Category.SENSITIVE_SERVICE in partner.categories:
        raise RegistrationError(
            f"partner `{partner.organisation}`: nobody registers for SENSITIVE_SERVICE: leave it out"
        )
    if partner.reason is not None and (partner.purpose is None or not 10 <= len(partner.reason) <= 255):
        raise RegistrationError(
            f"partner `{partner.organisation}`: `reason` has 10 to 255 characters and goes with `purpose`: correct it"
        )


def _check_client(client: _Client) -> None:
    _check_words(
        f"client `{client.id}`",
        (client.issuer, client.id, client.name, *client.scopes, *(client.organisations or ())),
    )
    _check_authorities(f"client `{client.id}`", client.authorities or ())
    if not client.roles or not client.doors:
        raise RegistrationError(f"client `{client.id}`: `roles` and `doors` name at least one each: correct it")
    partners = Role.PARTNER in client.roles
    if partners and (len(client.roles) > 1 or client.doors != {"DOCUMENTS"} or client.organisations is None):
        raise RegistrationError(
            f"client `{client.id}`: a partner's has no role but PARTNER, no door but DOCUMENTS, and `organisations`:"
            " correct it"
        )


def _check_words(whose: str, words: Iterable[str | None]) -> None:
    """What tokens are compared with to the letter: nobody sees a space at its end, and no store takes a NUL."""
    for word in words:
        if word is not None and (not word or word != word.strip() or not word.isprintable()):
            raise RegistrationError(f"{whose}: {word!r} is empty, or has what nobody sees: correct it")


def _check_authorities(whose: str, authorities: Iterable[str | None]) -> None:
    for authority in authorities:
        if authority is not None and not _AUTHORITY.fullmatch(authority):
            raise RegistrationError(f"{whose}: {authority!r} is no authority: give its GSS code, such as E08000035")


def _check_once(what: str, names: Iterable[object]) -> None:
    seen = set[object]()
    for name in names:
        if name in seen:
            raise RegistrationError(f"{what} `{name}` is there twice: leave one of them out")
        seen.add(name)


def _partner(one: _Partner) -> Partner:
    return Partner(
        one.organisation,
        frozenset(category.value for category in one.categories),
        frozenset(one.roots),
        one.purpose.value if one.purpose else None,
        one.reason,
    )


def _client(one: _Client) -> Client:
    return Client(
        issuer=one.issuer,
        id=one.id,
        name=one.name,
        roles=frozenset(role.value for role in one.roles),
        purposes=None if one.purposes is None else frozenset(purpose.value for purpose in one.purposes),
        scopes=one.scopes,
        doors=frozenset(one.doors),
        organisations=one.organisations,
        authorities=one.authorities,
        bound=one.bound,
        suspended=one.suspended,
    )
