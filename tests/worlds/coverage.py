"""What of the schema has been asked, by whom and of whom: of what was sent only that counts which was run.

Each way to find a child, and each field below one, counts for each role and tier apart; any other once for each role.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple

from graphql import (
    GraphQLNamedType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
)

from gateway.classes import CLASSES
from gateway.viewer import Role
from tests.worlds.asked import CHILD, FINDING, asked_in
from tests.worlds.operations import Sent
from tests.worlds.operations_writing import COMPOSITE

TIERS: Final = ("OPEN", "SHIELDED", "SEALED", "HELD")


class Cell(NamedTuple):
    """A field of a role's schema, `Type.field`: asked of children of this tier, or of no child at all."""

    role: Role
    tier: str | None
    field: str


@dataclass(slots=True)
class Coverage:
    """How often each cell has been asked. `texts` are those that partners have published, by their ids."""

    texts: Mapping[str, str] = field(default_factory=dict)
    asked: Counter[Cell] = field(default_factory=Counter)

    def ran(self, role: Role, sent: Sent, tiers: Mapping[str, str], data: Mapping[str, Any] | None) -> None:
        """What was sent was answered with this `data`; None counts nothing, nor does a root that is not in it.

        `tiers` has one of TIERS for the number of every child that counts.
        """
        text = sent.text or self.texts.get(sent.document_id or "")
        if data is None or text is None:
            return
        for coordinate, numbers in asked_in(CLASSES[role], text, sent, data.keys()):
            if numbers is None:
                self.asked[Cell(role, None, coordinate)] += 1
            for tier in {tiers[number] for number in numbers or () if number in tiers}:
                self.asked[Cell(role, tier, coordinate)] += 1

    def missing(self, role: Role | None = None) -> list[Cell]:
        """The cells that nobody has asked yet, in an order of their own; of this role alone, where one is named."""
        return [cell for cell in CELLS if not self.asked[cell] and role in (None, cell.role)]

    def share(self) -> float:
        """How many of all cells have been asked: 1.0 is all of them."""
        return 1 - len(self.missing()) / len(CELLS)

    def add(self, other: "Coverage") -> None:
        """What another process has counted."""
        self.asked.update(other.asked)

    def table(self) -> list[str]:
        """A line to a role, with what was asked of what there is: below children of each tier, and elsewhere."""
        lines = [_line(["role", *TIERS, "elsewhere"])]
        return lines + [_line([role.value, *(self._of(role, tier) for tier in (*TIERS, None))]) for role in Role]

    def _of(self, role: Role, tier: str | None) -> str:
        cells = [cell for cell in CELLS if (cell.role, cell.tier) == (role, tier)]
        return f"{sum(self.asked[cell] > 0 for cell in cells)} of {len(cells)}" if cells else ""


def fields_below(schema: GraphQLSchema, *roots: GraphQLNamedType | None) -> Mapping[str, tuple[str, ...]]:
    """Every field that can be reached below these types, `Type.field`, with the fields on the way, itself the last.

    A child is walked into only where it is itself one of them.
    """
    found: dict[str, tuple[str, ...]] = {}
    waiting: list[tuple[GraphQLNamedType, tuple[str, ...]]] = [(root, ()) for root in roots if root is not None]
    known = {type_.name for type_, _ in waiting}
    for type_, way in waiting:
        for name, reached in _fields(type_):
            coordinate = f"{type_.name}.{name}"
            found[coordinate] = (*way, coordinate)
            for one in _members(reached):
                if one.name not in known and one.name != CHILD:
                    known.add(one.name)
                    waiting.append((one, found[coordinate]))
    return found


def _fields(type_: GraphQLNamedType) -> Iterator[tuple[str, GraphQLNamedType]]:
    for name, definition in getattr(type_, "fields", {}).items():
        yield name, get_named_type(definition.type)


def _members(type_: GraphQLNamedType) -> tuple[GraphQLNamedType, ...]:
    if isinstance(type_, GraphQLUnionType):
        return tuple(type_.types)
    return (type_,) if isinstance(type_, COMPOSITE) else ()


@lru_cache
def cells_of(role: Role) -> tuple[Cell, ...]:
    """All that can be asked by the role."""
    schema = CLASSES[role]
    below = fields_below(schema, schema.type_map.get(CHILD))
    elsewhere = fields_below(schema, schema.query_type, schema.mutation_type)
    finding = [coordinate for coordinate in FINDING if coordinate in elsewhere]
    return (
        *(Cell(role, tier, coordinate) for tier in TIERS for coordinate in (*finding, *below)),
        *(Cell(role, None, coordinate) for coordinate in elsewhere),
    )


def _line(cells: list[str]) -> str:
    return " ".join([f"{cells[0]:16}", *(f"{cell:>12}" for cell in cells[1:])]).rstrip()


CELLS: Final = tuple(cell for role in Role for cell in cells_of(role))
