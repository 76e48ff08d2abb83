"""Values that nobody has yet, each of them a canary: found in anything that its viewing causes, it was not hidden."""

import random
import string
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from adapters.records import AddressStatus, BirthEntry, Keys, Name, NhsNumber, PostalAddress, Upn
from adapters.sandbox.arithmetic import birth_entry_from, nhs_number_from, number_from, upn_from
from tests.worlds.viewings import Viewing

_OUTSIDE = 1_000_000  # ordinals beyond every child of the worlds


class Marks:
    """Makes them, unique to a run and the same for the same seed, and remembers every one that is a canary.

    `viewing` is whom they are hidden from.
    """

    def __init__(self, chance: random.Random, viewing: Viewing) -> None:
        self.chance = chance
        self.viewing = viewing
        self._run = "".join(chance.choices(string.ascii_lowercase, k=6))
        self._made = 0
        self._drawn: set[str] = set()
        self.canaries: set[str] = set()

    @contextmanager
    def seen(self) -> Iterator[None]:
        """What is made meanwhile is for everybody to see, and no canary."""
        before = set(self.canaries)
        yield
        self.canaries = before

    def word(self) -> str:
        """A word that could be a name."""
        self._made += 1
        serial = "".join(string.ascii_lowercase[int(digit)] for digit in f"{self._made:05d}")
        return self._canary(f"Q{self._run}{serial}")

    def name(self) -> Name:
        return Name((self.word(),), self.word())

    def address(self) -> PostalAddress:
        serial = self.chance.randrange(1000)
        letters = "".join(self.chance.choices("ABDEFGHJLNPQRSTUWXYZ", k=2))
        postcode = self._canary(f"ZE{serial % 90 + 10} {serial % 9}{letters}")
        uprn = self._canary(f"99{self.chance.randrange(10**10):010d}")
        status = self.chance.choice((AddressStatus.CURRENT, AddressStatus.LAST_KNOWN))
        return PostalAddress(status, (f"{self.word()} House", f"1 {self.word()} Street"), postcode, uprn)

    def phone(self) -> str:
        return f"07700 900{self.chance.randrange(1000):03d}"  # of a thousand: too few to be canaries

    def email(self) -> str:
        return f"{self.word()}@example.org"

    def number(self) -> str:
        """A ContactPoint number."""
        return self._one_more(lambda: number_from(_OUTSIDE * 10 + self.chance.randrange(10**12)))

    def keys(self) -> Keys:
        """Of every system one."""
        return Keys(self.nhs_number(), self.upn(), self.birth_entry())

    def nhs_number(self) -> NhsNumber:
        return NhsNumber(self._one_more(lambda: nhs_number_from(500_000 + self.chance.randrange(400_000))))

    def upn(self) -> Upn:
        return Upn(self._one_more(lambda: upn_from(self.chance.randrange(100, 999), 15, 5_000_000 + self._roll())))

    def birth_entry(self) -> BirthEntry:
        return BirthEntry(self._one_more(lambda: birth_entry_from(100_000_000 + self._roll())))

    def _roll(self) -> int:
        return self.chance.randrange(1_000_000)

    def _one_more(self, drawn: Callable[[], str]) -> str:
        """A canary that nobody has drawn before: a key is one child's, and among thousands of worlds two would meet."""
        text = drawn()
        while text in self._drawn:
            text = drawn()
        self._drawn.add(text)
        return self._canary(text)

    def _canary(self, text: str) -> str:
        self.canaries.add(text)
        return text
