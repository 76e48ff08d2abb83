"""What lives as long as one attempt to answer: what was withheld, what was noticed, and where each child stands.

A later attempt (a shield moved, an agency marked its record) starts from an empty one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from graphql.pyutils import Path

from adapters.agency import AgencyFailure, AgencyName, Mark
from adapters.store.entries import ChildAccess
from adapters.store.registry_records import RegistryMoved
from resolvers.disclosure import Category, Disclosure

ResponsePath: TypeAlias = tuple[str | int, ...]

_SERVICES: Final = Category.SERVICES  # to ask an enum for a member costs more than to look for it in a set

# Every set of categories that has been noted, in words; there are few, and answers in plenty.
_WORDS: dict[frozenset[Category], frozenset[str]] = {}


@dataclass(frozen=True, slots=True)
class Withheld:
    """A field that is null because this viewer may not have it now, and how contact may be arranged instead."""

    path: ResponsePath
    broker_reference: str | None


@dataclass(frozen=True, slots=True)
class AgencyMark:
    """An agency marked its record of this child restricted; `held` says whether a hold was known already."""

    child_id: int
    held: bool
    agency: AgencyName
    mark: Mark


@dataclass(slots=True)
class _Noted:
    """Which categories of one child were shown and withheld; what the ledger keeps instead of values."""

    shown: set[Category] = field(default_factory=set)
    withheld: set[Category] = field(default_factory=set)
    override: bool = False
    authority: str | None = None


class Answering:
    """Gathers, while one attempt runs, everything that must be said of it afterwards.

    `registered` is the registry's epoch that whoever asks was let in under.
    """

    def __init__(self, registered: int) -> None:
        self._registered = registered
        self._missed: set[str] = set()
        self._guessed = 0
        self.asked_for = 0  # children, whether or not there are any such: a search or list may be for any number
        self._withheld: dict[ResponsePath, Withheld] = {}
        self._noted: dict[str, _Noted] = {}
        self.marks: list[AgencyMark] = []
        self.failures: list[tuple[AgencyName, AgencyFailure]] = []
        self.epochs: set[int] = set()
        self.own_family = False  # a child of the viewer's own was asked for, by its number or key
        self.homes: set[str] = set()  # authorities where children live whose address was there to be shown
        self.disclosures: dict[ResponsePath, Disclosure] = {}

    def read_under(self, epoch: int, registered: int) -> None:
        """Children were read while shields and registry stood at these epochs.

        Raises `RegistryMoved`, before anything is decided, where whoever asks was let in under another.
        """
        if registered != self._registered:
            raise RegistryMoved
        self.epochs.add(epoch)

    def missed(self, numbers: Iterable[str]) -> None:
        """These numbers came to nobody: each is a guess, however often it is asked."""
        self._missed.update(numbers)

    def guessed(self) -> None:
        """A key came to nobody, or a search was made: a guess too."""
        self._guessed += 1

    @property
    def guesses(self) -> int:
        """How much of the attempt may have been guessing at who is on record."""
        return len(self._missed) + self._guessed

    def matched(self, number: str, *, override: bool = False, authority: str | None = "") -> None:
        """A child was matched, whether or not anything of it will be shown.

        `authority` is as in ChildAccess; where nothing was read of the child, it is as secret as any.
        """
        noted = self._of(number)
        noted.override |= override
        noted.authority = noted.authority or authority

    def stands_at(self, path: ResponsePath, disclosure: Disclosure) -> None:
        """The child decided by `disclosure` is answered at `path`."""
        self.disclosures[path] = disclosure

    def shown(self, disclosure: Disclosure, categories: frozenset[Category]) -> None:
        """Fields of these categories were answered."""
        shown = self._of(disclosure.number).shown
        shown |= categories
        if _SERVICES in categories and disclosure.shows(Category.SENSITIVE_SERVICE):
            shown.add(Category.SENSITIVE_SERVICE)  # they came with the others

    def withhold(self, disclosure: Disclosure, category: Category, path: ResponsePath) -> None:
        """The field at `path` is null because its category is not shown."""
        self._of(disclosure.number).withheld.add(category)
        self._withheld[path] = Withheld(path, disclosure.broker_reference)

    def _of(self, number: str) -> _Noted:
        noted = self._noted.get(number)
        if noted is None:
            noted = self._noted[number] = _Noted()
        return noted

    def withheld(self) -> list[Withheld]:
        """Everything withheld, in the order of paths, which depends on nothing hidden."""
        return [self._withheld[path] for path in sorted(self._withheld, key=_by_position)]

    def accesses(self) -> tuple[ChildAccess, ...]:
        """What the ledger says of each child matched, in the order of numbers."""
        return tuple(
            ChildAccess(number, _words(noted.shown), _words(noted.withheld), noted.override, noted.authority)
            for number, noted in sorted(self._noted.items())
        )


def _words(categories: set[Category]) -> frozenset[str]:
    key = frozenset(categories)
    words = _WORDS.get(key)
    if words is None:
        words = _WORDS[key] = frozenset(category.value for category in categories)
    return words


def response_path(path: Path) -> ResponsePath:
    """GraphQL's linked path as a tuple of keys and indices."""
    return tuple(path.as_list())


def _by_position(path: ResponsePath) -> list[tuple[int, int, str]]:
    return [(0, step, "") if isinstance(step, int) else (1, 0, step) for step in path]


def agree(epochs: Iterable[int]) -> int | None:
    """The one epoch all reads agree on; the earliest where they do not, which no record will then accept."""
    return min(epochs, default=None)
