"""An analyst who knows the whole method and wants what is not told: plain intervals, written apart from the audit."""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

Cell: TypeAlias = tuple[str, str, str]  # authority, age band, gender; "" where it is a sum over that dimension
Cube: TypeAlias = Mapping[Cell, int | None]
Range: TypeAlias = tuple[float, float]

ENDLESS = float("inf")


def possible(
    counts: Cube, *, endless: frozenset[Cell] = frozenset(), since: Mapping[Cell, int] | None = None
) -> dict[Cell, Range]:
    """What each cell's true count can be.

    A shown one is off by four at most, and by two of rounding; a missing one is under ten, or was made so by noise;
    of those in `endless` nothing at all is known; `since` is by how much a cell may have moved since it was drawn.
    """
    known: dict[Cell, Range] = {}
    for cell, count in counts.items():
        moved = (since or {}).get(cell, 0)
        if count is not None:
            known[cell] = max(0, max(10, count - 6) - moved), count + 6 + moved
        else:
            known[cell] = 0, ENDLESS if cell in endless else 13 + moved
    return narrowed(known)


def narrowed(known: dict[Cell, Range]) -> dict[Cell, Range]:
    """The same, after everything has been subtracted from everything until nothing more comes of it."""
    while True:
        before = dict(known)
        for total, parts in sums(known):
            _narrow(known, total, _sum(known[part] for part in parts))
            for part in parts:
                low, high = _sum(known[other] for other in parts if other != part)
                least, most = known[total]
                _narrow(known, part, (least - high, most - low))
        if known == before:
            return known


def sums(cells: Mapping[Cell, object]) -> Iterator[tuple[Cell, list[Cell]]]:
    """Every total, with the parts that make it up: once for each dimension it sums over."""
    for total in cells:
        for dimension in range(3):
            if total[dimension] == "":
                parts = [cell for cell in cells if cell[dimension] and _but(cell, dimension) == _but(total, dimension)]
                if parts:
                    yield total, parts


def told(cube: Cube, ranges: Mapping[Cell, Range], but: frozenset[Cell] = frozenset()) -> set[Cell]:
    """The missing cells of which it is known that nine are not in them, or that somebody is.

    The latter is no news where a part of them is shown.
    """
    missing = {cell for cell, count in cube.items() if count is None and cell not in but}
    return {cell for cell in missing if ranges[cell][1] < 9 or (ranges[cell][0] > 0 and not _shown_within(cube, cell))}


def _shown_within(cube: Cube, cell: Cell) -> bool:
    return any(
        count is not None and all(asked in ("", is_) for asked, is_ in zip(cell, other, strict=True))
        for other, count in cube.items()
    )


def _but(cell: Cell, dimension: int) -> tuple[str, ...]:
    return cell[:dimension] + cell[dimension + 1 :]


def _sum(ranges: Iterator[Range]) -> Range:
    low, high = 0.0, 0.0
    for least, most in ranges:
        low, high = low + least, high + most
    return low, high


def _narrow(known: dict[Cell, Range], cell: Cell, found: Range) -> None:
    least, most = known[cell]
    known[cell] = max(least, found[0]), min(most, found[1])
