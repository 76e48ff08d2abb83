"""`python -m benchmarks.feeding`: how many records of a source are matched and written in a second, and in what memory.

The real `load` against a populated embedded store; the records are the sandbox's (`slips.py`), written to a CSV file.
"""

import csv
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Final

import typer
import uvloop
from rich.console import Console

from adapters.identity import IdentityEntry
from adapters.records import Gender
from adapters.sandbox.populate import populate
from adapters.sandbox.slips import update_at
from adapters.store.embedded import EmbeddedCluster
from adapters.store.feeding import FeedStore
from adapters.store.migrate import migrate
from adapters.store.roles import Role, credentials
from gateway.feeds.definition import Columns, SourceDefinition
from gateway.feeds.loading import BATCH, load
from gateway.feeds.report import LoadReport

GIVENS: Final = ("given", "given 2", "given 3")
LINES: Final = tuple(f"line {place}" for place in range(1, 6))
DEFINITION: Final = SourceDefinition(
    name="measured",
    dates=("%Y-%m-%d",),
    genders={gender.value: gender for gender in Gender},
    columns=Columns(
        given=GIVENS,
        family="family",
        birth_date="born",
        gender="gender",
        address_lines=LINES,
        postcode="postcode",
        uprn="uprn",
        nhs_number="nhs number",
        upn="upn",
        birth_entry="birth entry",
    ),
)

KEY: Final = bytes(32)  # of fingerprints: the store's and the load's

out = Console()


@dataclass(slots=True)
class Watch:
    """When each batch was done, and what memory this process then held."""

    begun: float
    batches: list[tuple[float, int]]

    def saw(self, _line: int, _lines: int) -> None:
        self.batches.append((time.monotonic() - self.begun, _resident()))


def run(
    children: Annotated[int, typer.Option(help="How many children the store holds.", min=2_000)] = 1_000_000,
    updates: Annotated[int, typer.Option(help="How many records are loaded.", min=BATCH)] = 200_000,
) -> None:
    """Populate, write the file, load it, and print the figures."""
    with tempfile.TemporaryDirectory(prefix="contactpoint-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with out.status("writing records"):
            _write(folder / "records.csv", children, updates)
        with EmbeddedCluster.start(folder / "data") as cluster, out.status("populating"):
            uvloop.run(_prepared(cluster, folder / "data", children))
            out.print("loading")
            watch = Watch(time.monotonic(), [])
            report = uvloop.run(_loaded(cluster.dsn(Role.FEED), folder / "records.csv", watch))
    _show(children, updates, report, watch)


async def _prepared(cluster: EmbeddedCluster, data: Path, children: int) -> None:
    owner = cluster.dsn(Role.OWNER)
    await migrate(owner, credentials(data))
    await populate(owner, children, lambda _: None, KEY)


async def _loaded(dsn: str, path: Path, watch: Watch) -> LoadReport:
    store = await FeedStore.connect(dsn)
    try:
        return await load(store, path, DEFINITION, as_of=datetime.now(UTC), key=KEY, progress=watch.saw)
    finally:
        await store.close()


def _write(path: Path, children: int, updates: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(DEFINITION.read_columns)
        writer.writerows(_cells(update_at(place, children).entry) for place in range(updates))


def _cells(entry: IdentityEntry) -> Iterator[str]:
    """In the order of the definition's columns."""
    address, keys = entry.address, entry.keys
    yield from (name for name, _ in zip_longest(entry.name.given[: len(GIVENS)], GIVENS, fillvalue=""))
    yield entry.name.family or ""
    yield entry.birth_date.isoformat()
    yield entry.gender.value if entry.gender else ""
    lines = address.lines[: len(LINES)] if address else ()
    yield from (line for line, _ in zip_longest(lines, LINES, fillvalue=""))
    yield (address.postcode if address else None) or ""
    yield (address.uprn if address else None) or ""
    for key in (keys.nhs_number, keys.upn, keys.birth_entry):
        yield key.value if key else ""


def _show(children: int, updates: int, report: LoadReport, watch: Watch) -> None:
    seconds, _ = watch.batches[-1]
    early, late = watch.batches[len(watch.batches) // 10][1], max(memory for _, memory in watch.batches)
    out.print(f"{updates:,} records against {children:,} children: {updates / seconds:,.0f} a second")
    out.print(f"memory after a tenth {early >> 20} MiB, at most {late >> 20} MiB")
    out.print(dict(sorted(report.counts.items())))


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    typer.run(run)
