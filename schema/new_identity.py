"""Who a child is from now on, as an officer writes it, and the entry that it becomes."""

import hashlib
import re
from datetime import UTC, date, datetime
from typing import Final

import msgspec
import strawberry

from adapters.identity import IdentityEntry
from adapters.records import AddressStatus, BirthEntry, Keys, Name, NhsNumber, PostalAddress, Upn
from adapters.store.search import postcode_key
from resolvers.acts import BadActError
from schema.values import Gender

_POSTCODE: Final = re.compile("[A-Z]{1,2}[0-9][0-9A-Z]? [0-9][A-Z]{2}", re.ASCII)
_UPRN: Final = re.compile("[0-9]{1,12}", re.ASCII)


@strawberry.input(description="An address; its lines leave out the postcode.")
class NewAddress:
    lines: list[str]
    postcode: str
    uprn: str | None = None


@strawberry.input(name="NewIdentity", description="Who the child is from now on, with keys that nobody has had.")
class NewIdentityInput:
    given: list[str]
    family: str | None = None
    birth_date: date
    gender: Gender
    nhs_number: strawberry.ID | None = None
    upn: strawberry.ID | None = None
    birth_entry: strawberry.ID | None = None
    address: NewAddress | None = None


def entry_of(identity: NewIdentityInput) -> IdentityEntry:
    """The entry; raises `BadActError` where it is no identity. Equal identities have equal digests."""
    name = Name(tuple(_text(given) for given in identity.given), _text_or_none(identity.family))
    if not name.given:
        raise BadActError("a new identity needs a given name")
    address = None if identity.address is None else _address(identity.address)
    keys = Keys(
        None if identity.nhs_number is None else NhsNumber(_key(identity.nhs_number)),
        None if identity.upn is None else Upn(_key(identity.upn)),
        None if identity.birth_entry is None else BirthEntry(_key(identity.birth_entry)),
    )
    said = msgspec.json.encode((name, identity.birth_date, identity.gender, address, keys))
    return IdentityEntry(
        line=0,
        name=name,
        birth_date=identity.birth_date,
        gender=identity.gender,
        address=address,
        keys=keys,
        as_of=datetime.now(UTC),
        digest=hashlib.sha256(said).digest(),
    )


def _address(address: NewAddress) -> PostalAddress:
    lines = tuple(_text(line) for line in address.lines)
    postcode, uprn = postcode_key(address.postcode), _text_or_none(address.uprn)
    if not lines or not _POSTCODE.fullmatch(postcode) or not (uprn is None or _UPRN.fullmatch(uprn)):
        raise BadActError("a new address has lines, a postcode, and a UPRN of digits if any")
    return PostalAddress(AddressStatus.CURRENT, lines, postcode, uprn)


def _key(text: str) -> str:
    """A key without the spaces and hyphens that people write into it."""
    return _text(text).replace(" ", "").replace("-", "").upper()


def _text_or_none(text: str | None) -> str | None:
    return None if text is None else _text(text)


def _text(text: str) -> str:
    stripped = text.strip()
    if not stripped or not stripped.isprintable():
        raise BadActError("a new identity is written in printable characters, and nothing of it is empty")
    return stripped
