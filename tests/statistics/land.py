"""A small land in a test's store: its children by cell, and what is published of them."""

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import product
from typing import Final

from adapters.store.postgres import Store
from adapters.store.registering import Registrar
from adapters.store.roles import Connection
from gateway.statistics.building import build
from tests.statistics.attacker import Cell

NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)

AUTHORITIES: Final = ("E06000023", "E08000035", "E09000007", "E10000014")
GENDERS: Final = ("FEMALE", "MALE", "OTHER", "UNKNOWN")

# A birth date in the middle of each age band: nobody grows out of it between November and December.
BORN: Final[Mapping[str, date]] = {
    "UNDER_1": date(2026, 5, 10),
    "FROM_1_TO_4": date(2023, 6, 1),
    "FROM_5_TO_9": date(2019, 2, 1),
    "FROM_10_TO_14": date(2014, 2, 1),
    "FROM_15_TO_17": date(2010, 4, 1),
}
CELLS: Final[tuple[Cell, ...]] = tuple(product(AUTHORITIES, BORN, GENDERS))


def inhabitants() -> Mapping[Cell, int]:
    """Who lives there: many in some cells and few in others, so that much is missing from what is told."""
    drawn = random.Random(5)  # noqa: S311 - whose children they are is no secret
    large = {authority: drawn.choice((6, 15, 40)) for authority in AUTHORITIES}
    return {
        cell: drawn.randrange(large[cell[0]] // 2, 2 * large[cell[0]])
        if cell[2] in ("FEMALE", "MALE")
        else drawn.randrange(12)
        for cell in CELLS
    }


def totals(leaves: Mapping[Cell, int]) -> Mapping[Cell, int]:
    """The counts of all cells, those that are sums over one dimension or more among them."""
    counted: Counter[Cell] = Counter()
    for (authority, age_band, gender), count in leaves.items():
        for cell in product((authority, ""), (age_band, ""), (gender, "")):
            counted[cell] += count
    return counted


class Land:
    """Writes as the owner; builds as the registry's role, and reads as the gateway's."""

    def __init__(self, owner: Connection, registrar: Registrar, store: Store) -> None:
        self.owner = owner
        self.registrar = registrar
        self.store = store
        self._serial = 0

    async def found(self) -> None:
        """Name the authorities, and have the noise be the same in every run."""
        await self.owner.execute("UPDATE statistics_seed SET seed = 2009")
        await self.owner.executemany(
            "INSERT INTO organisations (id, name, kind, authority, purposes)"
            " VALUES ($1, $1, 'LOCAL_AUTHORITY', $2, '{}')",
            [(f"authority-{authority}", authority) for authority in AUTHORITIES],
        )

    async def settle(self, cells: Iterable[Cell]) -> list[int]:
        """A child in each of these cells, by their ids."""
        wanted = list(cells)
        numbers = [f"{self._serial + place:013d}" for place in range(1, len(wanted) + 1)]
        self._serial += len(wanted)
        rows = await self.owner.fetch(
            """
            INSERT INTO children (number, given, family, name_key, given_key, birth_date, gender, address_status,
                                  address_lines, authority)
            SELECT number, '{Ada}', 'Example', 'example', 'ada', born, gender, 'CURRENT', '{}', authority
              FROM unnest($1::text[], $2::date[], $3::text[], $4::text[]) AS c (number, born, gender, authority)
             ORDER BY number
            RETURNING id
            """,
            numbers,
            [BORN[age_band] for _, age_band, _ in wanted],
            [gender for *_, gender in wanted],
            [authority for authority, *_ in wanted],
        )
        return [row["id"] for row in rows]

    async def settle_all(self) -> None:
        """All the inhabitants."""
        await self.settle(cell for cell, count in inhabitants().items() for _ in range(count))

    async def somebody(self, cell: Cell) -> int | None:
        """A child of that cell, by its id."""
        authority, age_band, gender = cell
        found = await self.owner.fetchval(
            "SELECT id FROM children WHERE authority = $1 AND birth_date = $2 AND gender = $3 LIMIT 1",
            *(authority, BORN[age_band], gender),
        )
        return None if found is None else int(found)

    async def published(self, month: date) -> Mapping[Cell, int | None]:
        """Every grouping of the month, as the gateway reads them."""
        told: dict[Cell, int | None] = {}
        for named in product(("AUTHORITY", ""), ("AGE_BAND", ""), ("GENDER", "")):
            found = await self.store.statistics(" ".join(filter(None, named)), month)
            assert found is not None
            assert found.month == month
            told |= {(one.authority or "", one.age_band or "", one.gender or ""): one.count for one in found.cells}
        return told

    async def build(self, month: date) -> Mapping[Cell, int | None]:
        """Build the month, as the command does."""
        assert await build(self.registrar, month)
        return await self.published(month)

    async def counted(self, month: date) -> Mapping[Cell, int]:
        """How many there were in each cell when it was drawn: the owner's knowledge alone."""
        rows = await self.owner.fetch(
            "SELECT authority, age_band, gender, base FROM statistics_cells WHERE month = $1", month
        )
        return {(row["authority"], row["age_band"], row["gender"]): row["base"] for row in rows}

    async def withheld(self, month: date) -> frozenset[Cell]:
        """What an audit took out: the owner's knowledge too."""
        rows = await self.owner.fetch(
            "SELECT authority, age_band, gender FROM statistics_cells WHERE month = $1 AND withheld", month
        )
        return frozenset((row["authority"], row["age_band"], row["gender"]) for row in rows)
