"""What root fields are asked with: children of either world and of neither, in every spelling.

Now and then it is what no field takes. Whom it was about is noted; how it is written is the writer's.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, TypeAlias, TypeVar

from gateway.cursors import cursor
from tests.worlds.vocabulary import Somebody, Vocabulary

T = TypeVar("T")

Given: TypeAlias = Mapping[str, Any]

# Of a hundred values, how many are none of their kind: each of them ends its field, or the whole answer, in an error.
MALFORMED: Final = 0.02

NO_NUMBERS: Final = ("", "0", "mistyped", "0000000000000", "9990000018", "ZZZZZZZZZ000-", "\u00e9" * 13, "null")
NO_KEYS: Final = ("", "0", "999 000 001", "A" * 13, "\u00e9", "%", "'--")
NO_CURSORS: Final = ("", "x", "====", "bnVsbA==", cursor("9999-12-31T00:00:00+00:00 nobody"), cursor("0"))
REASONS: Final = ("the child has not come home from school", "asked for by the officer of the authority")
NO_REASONS: Final = ("", "short", " " * 20, "x" * 300, "a reason\nof two lines")


class Arguments:
    """Draws the arguments of root fields; `targets` are the numbers of those whom they were about, as they come.

    `malformed` is the share of values that are none of their kind.
    """

    def __init__(self, vocabulary: Vocabulary, rng: random.Random, malformed: float = MALFORMED) -> None:
        self._words = vocabulary
        self._rng = rng
        self._malformed = malformed
        self._roots: Mapping[str, Callable[[], Given]] = {
            "child": lambda: {"number": self._number()},
            "children": lambda: {"numbers": self._numbers()},
            "childByKey": lambda: {"key": self._key()},
            "findChildren": self._search,
            "_entities": lambda: {"representations": [self._reference() for _ in range(self._rng.randint(1, 4))]},
            "shields": lambda: {**self._maybe("listing", self._listing), **self._page("shields", 8)},
            "quarantine": lambda: self._page("quarantine", 5),
            "accesses": lambda: {"number": self._number(), **self._page("accesses", 50)},
            "statistics": self._counts,
            "raiseShield": self._raise,
            "confirmShield": self._act,
            "changeShield": lambda: {**self._act(), "change": self._change()},
            "transferShield": lambda: {**self._act(), "authority": self._one(self._words.authorities, "E09000001")},
            "liftShield": self._act,
            "clearHold": self._act,
            "overrideShield": self._act,
            "giveNewIdentity": lambda: {**self._act(), "identity": self._identity()},
            "resolveQuarantine": self._resolve,
        }
        self.targets: list[str] = []

    def of(self, root: str) -> Given:
        """All arguments that this root field is to be asked with; others are left out. None for one without any."""
        drawn = self._roots.get(root)
        return drawn() if drawn else {}

    # Children

    def _somebody(self) -> Somebody:
        pool = self._words.children if self._words.children and self._rng.random() < 0.85 else self._words.nobodies
        somebody = self._rng.choice(pool)
        self.targets.append(somebody.number)
        return somebody

    def _number(self) -> str:
        if self._rng.random() < self._malformed:
            return self._rng.choice(NO_NUMBERS)
        return self._spelt(self._somebody().number)

    def _spelt(self, number: str) -> str:
        """As people write it: mostly as we do."""
        spelling = self._rng.random()
        if spelling < 0.85:
            return number
        return number.lower() if spelling < 0.92 else f"{number[:4]}-{number[4:8]} {number[8:]}"

    def _numbers(self) -> list[str]:
        """Several children's, the visible and the hidden and the unknown in one list, some of them twice."""
        size = self._rng.choice((0, 1, 1, 2, 2, 3, 4, 6, 9, 14))
        numbers = [self._spelt(self._somebody().number) for _ in range(size)]
        if numbers and self._rng.random() < 0.25:
            numbers.insert(self._rng.randrange(len(numbers)), self._rng.choice(numbers))
        if self._rng.random() < self._malformed:
            numbers.append(self._rng.choice(NO_NUMBERS))
        return numbers

    def _key(self) -> Given:
        somebody = self._somebody()
        keys = [*(("nhsNumber", key) for key in somebody.nhs_numbers), *(("upn", key) for key in somebody.upns)]
        if not keys or self._rng.random() < self._malformed:
            return {self._rng.choice(("nhsNumber", "upn")): self._rng.choice(NO_KEYS)}
        name, key = self._rng.choice(keys)
        return {name: f" {key[:3]} {key[3:]}" if name == "nhsNumber" and self._rng.random() < 0.1 else key}

    def _reference(self) -> Given:
        """What a federated router asks by."""
        if self._rng.random() < self._malformed:
            return self._rng.choice(
                (
                    {"__typename": "Child"},
                    {"__typename": "School", "urn": "100000"},
                    {"number": "x"},
                    {"__typename": "Child", "number": 1},
                )
            )
        return {"__typename": "Child", "number": self._number()}

    def _search(self) -> Given:
        """Criteria of one child, any of them, now and then another's or nearly right."""
        somebody = self._somebody()
        family = self._one((*somebody.families, *somebody.former_families), "Nobody")
        born = self._one(somebody.birth_dates, date(2012, 1, 1))
        if self._rng.random() < 0.25:  # so little that others are found with them
            return {"by": {"family": family, "birthYear": born.year}, **self._first(10)}
        by: dict[str, Any] = {"family": self._nearly(family)}
        when = self._rng.random()
        if when < 0.55:
            by["birthDate"] = (born + timedelta(days=self._rng.choice((0, 0, 0, 0, 1, -30)))).isoformat()
        if when > 0.45 and when < 1 - self._malformed:
            by["birthYear"] = born.year + self._rng.choice((0, 0, 0, 0, 1))
        if self._rng.random() < 0.4:
            by["given"] = self._nearly(self._one(somebody.givens, "Nemo"))
        if self._rng.random() < 0.3:
            by["gender"] = self._one(somebody.genders, "UNKNOWN")
        if self._rng.random() < 0.5:
            by["postcode"] = self._postcode(somebody)
        if self._rng.random() < 0.1:
            by[self._rng.choice(("given", "postcode", "gender"))] = None
        first = self._first(10)
        return {"by": by, **first}

    def _nearly(self, name: str) -> str:
        """The name; now and then as somebody misheard or mistyped it, or as a probe for it would be."""
        slip = self._rng.random()
        if slip < 0.75 or len(name) < 3:
            return name
        at = self._rng.randrange(1, len(name) - 1)
        return self._rng.choice(
            (
                name.upper(),
                name.lower(),
                name[:at] + name[at + 1 :],
                name[:at] + name[at + 1] + name[at] + name[at + 2 :],
                f"{name[:at]}*",
                f"{name[:1]}%",
                f" {name} ",
            )
        )

    def _postcode(self, somebody: Somebody) -> str:
        whose = (
            somebody if self._rng.random() < 0.8 else self._rng.choice((*self._words.children, *self._words.nobodies))
        )
        postcode = self._one(whose.postcodes, "ZE3 9JZ")
        return self._rng.choice(
            (postcode, postcode, postcode, postcode.lower(), postcode.replace(" ", ""), postcode[:-2])
        )

    # Lists

    def _first(self, most: int) -> Given:
        drawn = self._rng.random()
        if drawn < 0.3:
            return {"first": most} if most > 10 else {}
        if drawn < 1 - self._malformed:
            return {"first": self._rng.randint(1, most if drawn < 0.6 else 3)}  # a short page is soon cut
        return {"first": self._rng.choice((0, -1, most * 10 + 1, 51, 2**31 - 1))}

    def _page(self, root: str, most: int) -> Given:
        drawn = self._rng.random()
        page = {"first": most, **self._first(most)}
        if drawn < 0.3:
            page["after"] = self._rng.choice((*self._words.cursors.get(root, ()), self._cursor(root)))
        elif drawn < 0.3 + self._malformed:
            page["after"] = self._rng.choice((*NO_CURSORS, *map(self._cursor, ("shields", "quarantine", "accesses"))))
        elif drawn < 0.45:
            page["after"] = None
        return page

    def _cursor(self, root: str) -> str:
        """One as the list might have given it, somewhere in the midst of it."""
        at = datetime.combine(self._words.today, time(tzinfo=UTC)) + timedelta(hours=self._rng.randint(-48, 48))
        match root:
            case "shields":
                return cursor(self._somebody().number)
            case "quarantine":
                return cursor(f"{at.isoformat()} {self._one(self._words.references, 'nothing')}")
        return cursor(f"{int(at.timestamp()) * 1_000_000} {self._rng.randbytes(16).hex()}")

    def _listing(self) -> str:
        return self._rng.choice(("ALL", "UNCONFIRMED", "OVERDUE", "HELD", "PROPOSED"))

    def _counts(self) -> Given:
        dimensions = ["AUTHORITY", "AGE_BAND", "GENDER"]
        self._rng.shuffle(dimensions)
        by = dimensions[: self._rng.choice((0, 1, 1, 2, 2, 3))]
        return {"by": by, **self._maybe("month", lambda: self._one(self._words.months, "2020-01-01"))}

    # Acts

    def _act(self) -> Given:
        """Whom an act is on, and why: one that may be acted on, or nobody."""
        if self._words.acted_on and self._rng.random() < 0.7:
            number = self._rng.choice(self._words.acted_on)
        else:
            number = self._rng.choice(self._words.nobodies).number
        self.targets.append(number)
        return {"number": number, "reason": self._reason()}

    def _reason(self) -> str:
        return self._rng.choice(REASONS if self._rng.random() < 0.85 else NO_REASONS)

    def _raise(self) -> Given:
        return {
            **self._act(),
            **self._maybe("tier", lambda: self._rng.choice(("SHIELDED", "SEALED"))),
            "ground": self._rng.choice(("a threat to the child", "a court's order", "")),
            "reviewOn": self._day(),
            **self._maybe("withhold", self._withhold),
        }

    def _change(self) -> Given:
        return {
            **self._maybe("tier", lambda: self._rng.choice(("SHIELDED", "SEALED"))),
            **self._maybe("withhold", self._withhold),
            **self._maybe("ground", lambda: "another ground"),
            **self._maybe("reviewOn", self._day),
            **self._maybe("circle", lambda: [self._term() for _ in range(self._rng.randint(0, 2))]),
            **self._maybe("release", lambda: [self._rng.choice(self._words.nobodies).number]),
        }

    def _term(self) -> Given:
        categories = ["HISTORY", "ADDRESS", "SCHOOL", "PRACTICE", "CONTACT", "SERVICES"]
        return {
            "organisation": self._one(self._words.organisations, "nobody"),
            "categories": self._rng.sample(categories, self._rng.randint(1, 3)),
            "until": self._day(),
        }

    def _identity(self) -> Given:
        """Of the made-up alone: keys that somebody has had are for the world's own tests."""
        nobody = self._rng.choice(self._words.nobodies)
        return {
            "given": list(nobody.givens),
            "family": nobody.families[0],
            "birthDate": nobody.birth_dates[0].isoformat(),
            "gender": nobody.genders[0],
            **self._maybe("nhsNumber", lambda: nobody.nhs_numbers[0]),
            **self._maybe("address", lambda: {"lines": ["1 New Road"], "postcode": nobody.postcodes[0]}),
        }

    def _resolve(self) -> Given:
        resolution = self._rng.choice(("SAME", "DIFFERENT", "REJECT"))
        return {
            "reference": self._one(self._words.references, "nothing"),
            "resolution": resolution,
            **({"number": self._act()["number"]} if resolution == "SAME" else {}),
            **self._maybe("merge", lambda: self._rng.random() < 0.5),
            "reason": self._reason(),
        }

    def _withhold(self) -> list[str]:
        return self._rng.sample(["KEY", "PARENT_NAMES"], self._rng.randint(0, 2))

    def _day(self) -> str:
        days = self._rng.choice((0, 30, 90, 365)) if self._rng.random() < 0.9 else self._rng.choice((-1, 367, 9_999))
        return (self._words.today + timedelta(days=days)).isoformat()

    # Chance

    def _maybe(self, name: str, drawn: Callable[[], Any]) -> Given:
        return {name: drawn()} if self._rng.random() < 0.5 else {}

    def _one(self, these: Sequence[T], otherwise: T) -> T:
        return self._rng.choice(these) if these else otherwise
