"""Birth entries as the Home Office's LEV writes them, in either version, read into what may be trusted of one.

An entry stands in a chain: a child registered again has an earlier and a later entry, and what the register holds back
about one of them it holds back about the child. LEV hides a blocked entry's fields and says so in one flag; anything
but a plain `false` there counts as blocked.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import msgspec

from adapters.agency import AgencyBroken, Mark
from adapters.client import Response
from adapters.records import Name

LEV = "Home Office birth registration"
LEV_SYSTEM = "lev"  # the name its contract (rate, certificate) goes by in the client

MOST_HITS = 100  # more than bear one name and birthday: a search that looks at neither

NOTHING = "None"  # LEV writes the word where a note is empty, and null only where it hides one
REREGISTERED = "Re-registered"
_NO_SUCH_ENTRY = frozenset({"ResourceNotFound", "NotFound"})
_HARMLESS_NOTES = frozenset({NOTHING, "Court order revoked", REREGISTERED})
_HARMLESS_REREGISTRATIONS = frozenset(
    {NOTHING, "Father added", "Father modified", "Replacement registration", "Subsequently married"}
)


class Person(msgspec.Struct, frozen=True):
    """Somebody named on an entry; every field null where nobody is, or where LEV hides them."""

    forenames: str | None = None
    surname: str | None = None
    qualification: str | None = None

    @property
    def name(self) -> Name | None:
        given = tuple((self.forenames or "").split())
        return Name(given, self.surname) if given or self.surname else None


class Child(msgspec.Struct, frozen=True, rename="camel"):
    """The child whose birth it is."""

    forenames: str | None = None
    surname: str | None = None
    date_of_birth: str | None = None


class Status(msgspec.Struct, frozen=True, rename="camel"):
    """What the register says about the entry itself."""

    blocked: bool | None = None
    cancelled: bool | None = None
    potentially_fictitious: bool | None = None
    potentially_fictitious_birth: bool | None = None  # the specification's word for the same
    marginal_note: str | None = None
    reregistration: str | None = None
    pra_or_court_order: str | None = None


class BirthRegistration(msgspec.Struct, frozen=True, rename="camel"):
    """One entry, with its earlier and later entries inside it.

    `unseen_link` is set where a version-0 body names an earlier entry without showing it.
    """

    id: int | str
    status: Status = Status()
    date: str | None = None
    child: Child = Child()
    mother: Person | None = None
    father: Person | None = None
    informant1: Person | None = None
    informant2: Person | None = None
    previous_registration: "BirthRegistration | None" = None
    next_registration: "BirthRegistration | None" = None
    unseen_link: bool = False

    @property
    def newest(self) -> "BirthRegistration":
        entry = self
        while entry.next_registration is not None:
            entry = entry.next_registration
        return entry

    @property
    def mark(self) -> Mark | None:
        """Why the register holds this child's birth back, at whichever link of the chain.

        A caution: a court order in place, a birth that may be fictitious, a note or a ground of re-registration that
        we have no meaning for, or a chain that we are not shown whole. An officer judges those, not we.
        """
        links = list(_chain(self))
        if any(link.status.blocked is not False for link in links):
            return Mark.BIRTH_BLOCKED
        return Mark.BIRTH_CAUTION if any(_cautions(link) for link in links) or not _whole(self) else None

    @property
    def as_of(self) -> datetime | None:
        """The day the entry was made, in UTC."""
        try:
            return datetime.combine(date.fromisoformat(self.date or ""), datetime.min.time(), UTC)
        except ValueError:
            return None

    @property
    def parents(self) -> tuple[tuple[Name, str], ...]:
        """Names and relationships in the entry's order: the mother, then the second parent if anybody is registered."""
        mother = self.mother.name if self.mother else None
        second = self.father.name if self.father else None
        named = ((mother, "Mother"), (second, self._second_parent_is()))
        return tuple((name, relationship) for name, relationship in named if name is not None)

    def _second_parent_is(self) -> str:
        """Say what the second parent is: a second female parent stands in the father's place, and signed as "Parent".

        Without the role `full-details` the informants' names are hidden and their qualifications are not.
        """
        second = self.father.name if self.father else None
        for informant in (self.informant1, self.informant2):
            if informant and informant.qualification == "Parent" and informant.name in (None, second):
                return "Parent"
        return "Father"


def _chain(entry: BirthRegistration) -> Iterator[BirthRegistration]:
    waiting = [entry]
    while waiting:
        link = waiting.pop()
        yield link
        waiting += [near for near in (link.previous_registration, link.next_registration) if near is not None]


def _cautions(entry: BirthRegistration) -> bool:
    status = entry.status
    return bool(
        status.potentially_fictitious
        or status.potentially_fictitious_birth
        or status.marginal_note not in _HARMLESS_NOTES
        or status.reregistration not in _HARMLESS_REREGISTRATIONS
        or status.pra_or_court_order not in (None, NOTHING)
    )


def _whole(entry: BirthRegistration) -> bool:
    """Say whether the chain is shown to its end: an entry that was made again has a later one."""
    return not entry.unseen_link and entry.newest.status.marginal_note != REREGISTERED


class _NameV0(msgspec.Struct, frozen=True, rename="camel"):
    given_name: str | None = None
    surname: str | None = None


class _PersonV0(msgspec.Struct, frozen=True, rename="camel"):
    name: _NameV0 = _NameV0()
    date_of_birth: str | None = None
    qualification: str | None = None


class _SubjectsV0(msgspec.Struct, frozen=True):
    child: _PersonV0 = _PersonV0()
    mother: _PersonV0 | None = None
    father: _PersonV0 | None = None
    informant: _PersonV0 | None = None


class _StatusV0(msgspec.Struct, frozen=True, rename="camel"):
    blocked_registration: bool | None = None
    cancelled: bool | None = None
    potentially_fictitious_birth: bool | None = None
    marginal_note: str | None = None
    re_registered: str | None = None


class _PreviousV0(msgspec.Struct, frozen=True, rename="camel"):
    system_number: int | str | None = None


class _BirthV0(msgspec.Struct, frozen=True, rename="camel"):
    """Version 0 of an entry. It shows no later entry at all, so it cannot show why a child is held back."""

    id: int | str
    subjects: _SubjectsV0
    status: _StatusV0 = _StatusV0()
    date: str | None = None
    previous_registration: _PreviousV0 = _PreviousV0()

    def as_v1(self) -> BirthRegistration:
        child, informant = self.subjects.child, self.subjects.informant
        qualifications = ((informant.qualification if informant else None) or "").split(",")
        informants = [Person(qualification=each.strip()) for each in qualifications if each.strip()]
        return BirthRegistration(
            id=self.id,
            status=Status(
                blocked=self.status.blocked_registration,
                cancelled=self.status.cancelled,
                potentially_fictitious=self.status.potentially_fictitious_birth,
                marginal_note=self.status.marginal_note,
                reregistration=self.status.re_registered,
            ),
            date=self.date,
            child=Child(child.name.given_name, child.name.surname, child.date_of_birth),
            mother=_as_v1(self.subjects.mother),
            father=_as_v1(self.subjects.father),
            informant1=informants[0] if informants else None,
            informant2=informants[1] if len(informants) > 1 else None,
            unseen_link=self.previous_registration.system_number is not None,
        )


def _as_v1(person: _PersonV0 | None) -> Person | None:
    return Person(person.name.given_name, person.name.surname) if person else None


class Refusal(msgspec.Struct, frozen=True):
    """LEV's own error body; a front proxy may answer with a page instead."""

    code: str = ""


class _Version(msgspec.Struct, frozen=True):
    """Version 0 alone has `subjects`."""

    subjects: msgspec.Raw = msgspec.Raw()


_REFUSAL = msgspec.json.Decoder(Refusal)
_VERSION = msgspec.json.Decoder(_Version)
_V0 = msgspec.json.Decoder(_BirthV0)
_V1 = msgspec.json.Decoder(BirthRegistration)
_MANY = msgspec.json.Decoder(tuple[msgspec.Raw, ...])


def read_entry(response: Response) -> BirthRegistration | None:
    """Read one entry, or None where LEV has none by that number; raises AgencyFailure."""
    if response.status == 404:
        if response.decoded(_REFUSAL).code not in _NO_SUCH_ENTRY:
            raise AgencyBroken(f"`{LEV_SYSTEM}` answered 404 without saying that it has no such entry")
        return None
    return _entry_in(response)


def read_search(response: Response) -> tuple[BirthRegistration, ...]:
    """Read the bare array that a search answers, of `MOST_HITS` at most; raises AgencyFailure."""
    bodies = response.decoded(_MANY)
    if len(bodies) > MOST_HITS:
        raise AgencyBroken(f"`{LEV_SYSTEM}` answered a search with more than {MOST_HITS} entries")
    return tuple(_entry_in(Response(response.system, response.status, response.lines, bytes(body))) for body in bodies)


def _entry_in(response: Response) -> BirthRegistration:
    if bytes(response.decoded(_VERSION).subjects):
        return response.decoded(_V0).as_v1()
    return response.decoded(_V1)
