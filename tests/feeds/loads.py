"""Files of rows for tests, loaded into a test's own store, and what then stands in it."""

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from adapters.records import Gender
from adapters.store.feeding import FeedStore
from adapters.store.roles import Connection
from gateway.feeds.definition import Columns, ParentColumns, SourceDefinition
from gateway.feeds.loading import load
from gateway.feeds.report import LoadReport

COLUMNS = ("given", "family", "born", "gender", "line", "postcode", "nhs", "upn", "parent")
SOURCE = SourceDefinition(
    name="test",
    columns=Columns(
        given="given",
        family="family",
        birth_date="born",
        gender="gender",
        address_lines=("line",),
        postcode="postcode",
        nhs_number="nhs",
        upn="upn",
    ),
    dates=("%Y-%m-%d",),
    genders={gender.value: gender for gender in Gender},
    parents=(ParentColumns(email="parent"),),
)
WHEN = datetime(2026, 1, 1, tzinfo=UTC)

# Everything that a load leaves, but for what is drawn by lot (ids, numbers, references) and the clock's times.
_CHILDREN = """
SELECT (to_jsonb(c) - 'id' - 'number' - 'moved_at' || jsonb_build_object(
    'keys', (SELECT jsonb_agg(jsonb_build_array(k.system, k.value, k.as_of) ORDER BY k.system) FROM keys k
              WHERE k.child_id = c.id),
    'former keys', (SELECT jsonb_agg(jsonb_build_array(k.system, k.value) ORDER BY k.system, k.value)
                      FROM former_keys k WHERE k.child_id = c.id),
    'former names', (SELECT jsonb_agg(to_jsonb(n) - 'child_id' ORDER BY n.position) FROM former_names n
                      WHERE n.child_id = c.id),
    'parents', (SELECT jsonb_agg(l.fingerprint ORDER BY l.fingerprint) FROM parent_links l WHERE l.child_id = c.id),
    'rows', (SELECT jsonb_agg(jsonb_build_array(r.source, r.row_key) ORDER BY r.row_key) FROM source_rows r
              WHERE r.child_id = c.id),
    'holds', (SELECT jsonb_agg(jsonb_build_array(h.agency, h.mark) ORDER BY h.mark) FROM holds h
               WHERE h.child_id = c.id)
))::text FROM children c
"""
_QUARANTINE = """
SELECT jsonb_build_array(q.source, q.digest, q.outcome, q.state, (
    SELECT jsonb_agg(jsonb_build_array(x.score, x.reasons, c.family, c.given, c.birth_date)
                     ORDER BY x.score, c.family, c.given, c.birth_date)
      FROM quarantine_candidates x JOIN children c ON c.id = x.child_id WHERE x.reference = q.reference))::text
  FROM quarantine q
"""
_FILES = """
SELECT jsonb_build_array(l.source, l.digest, l.as_of, l.rows_done, l.finished, l.counts, (
    SELECT jsonb_agg(jsonb_build_array(r.line, r.field, r.reason) ORDER BY r.line) FROM feed_rejects r
     WHERE r.source = l.source AND r.digest = l.digest))::text
  FROM feed_loads l
"""

# From what refers to others to what others refer to.
_EMPTY = ";".join(
    f"DELETE FROM {table}"  # noqa: S608  a test's own words
    for table in (
        *("quarantine_candidates", "quarantine", "former_names", "former_keys", "keys", "parent_links", "source_rows"),
        *("holds", "shields", "outbox", "feed_rejects", "feed_loads", "dropped_rows", "children"),
    )
)


@dataclass(frozen=True)
class Loads:
    """A store that feeds load into, and the owner's eye on it."""

    store: FeedStore
    owner: Connection
    folder: Path

    def file(self, rows: Iterable[Mapping[str, str]], name: str = "file.csv") -> Path:
        path = self.folder / name
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, restval="")
            writer.writeheader()
            writer.writerows(rows)
        return path

    async def load(
        self,
        rows: Iterable[Mapping[str, str]],
        *,
        as_of: datetime = WHEN,
        dry_run: bool = False,
        progress: Callable[[int, int], None] = lambda _line, _lines: None,
    ) -> LoadReport:
        return await load(
            self.store, self.file(rows), SOURCE, as_of=as_of, key=b"k" * 32, dry_run=dry_run, progress=progress
        )

    async def identity(self) -> list[str]:
        """Children and quarantine as they stand, in no order that a load gave."""
        rows = [*await self.owner.fetch(_CHILDREN), *await self.owner.fetch(_QUARANTINE)]
        return sorted(row[0] for row in rows)

    async def whole(self) -> list[str]:
        """The same, and how far each file has come."""
        return [*await self.identity(), *sorted(row[0] for row in await self.owner.fetch(_FILES))]

    async def facts(self) -> list[tuple[str, ...]]:
        """Of each child what is said of it now, and nothing of what was."""
        rows = await self.owner.fetch(
            "SELECT given::text, family, birth_date::text, gender, address_status, address_lines::text, postcode,"
            " (SELECT string_agg(k.value, ' ' ORDER BY k.value) FROM keys k WHERE k.child_id = c.id) FROM children c"
        )
        return sorted(tuple(str(value) for value in row) for row in rows)

    async def empty(self) -> None:
        """Begin anew."""
        # Not TRUNCATE: of thirty tables and their indexes it takes longer than a load.
        await self.owner.execute(_EMPTY)
