"""Counts of children as a finished month has them. No field here leads to a child, and nothing is counted here."""

from datetime import date
from enum import Enum
from typing import Final

import strawberry

from adapters import records
from adapters.store.registry_records import CubeMonth, StatisticsCell
from resolvers.statistics import Dimension

strawberry.enum(Dimension, description="What counts are told apart by.")


@strawberry.enum(description="How old a child is on the first of the month.")
class AgeBand(Enum):
    UNDER_1 = "UNDER_1"
    FROM_1_TO_4 = "FROM_1_TO_4"
    FROM_5_TO_9 = "FROM_5_TO_9"
    FROM_10_TO_14 = "FROM_10_TO_14"
    FROM_15_TO_17 = "FROM_15_TO_17"


@strawberry.type(name="StatisticsCell", description="A count. What it was not asked by is null.")
class Cell:
    authority: strawberry.ID | None = strawberry.field(description="The authority's GSS code.")
    age_band: AgeBand | None
    gender: records.Gender | None
    count: int | None = strawberry.field(
        description="To the nearest five, and a little off. Null: under ten, or it would tell of one that is."
    )

    @staticmethod
    def of(cell: StatisticsCell) -> "Cell":
        return Cell(
            authority=None if cell.authority is None else strawberry.ID(cell.authority),
            age_band=None if cell.age_band is None else AgeBand(cell.age_band),
            gender=None if cell.gender is None else records.Gender(cell.gender),
            count=cell.count,
        )


@strawberry.type(
    description="Children known on the first of a month, the protected left out. Parts do not add up to totals."
)
class Statistics:
    month: date
    cells: list[Cell]

    @staticmethod
    def of(month: CubeMonth | None) -> "Statistics | None":
        if month is None:
            return None
        return Statistics(month=month.month, cells=[Cell.of(cell) for cell in sorted(month.cells, key=_order)])


_AGES: Final = {band.value: age for age, band in enumerate(AgeBand)}


def _order(cell: StatisticsCell) -> tuple[str, int, str]:
    """By authority, age and gender, the same in every answer."""
    return cell.authority or "", _AGES.get(cell.age_band or "", 0), cell.gender or ""
