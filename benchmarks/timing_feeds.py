"""How long the loading of one crafted row takes, by whom it is like: the operator's clock, which no source reads.

Rows that come to something else are other work, and are meant to be. The figure says how much a source would learn that
was told when its load ended, and not at an hour of its own.
"""

import csv
import itertools
import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from adapters.sandbox.population import NOTABLE, child_at
from adapters.store.feeding import FeedStore
from adapters.store.roles import Role
from benchmarks.telling_apart import Samples, Timed
from benchmarks.timing_world import TimedWorld
from gateway.feeds.definition import Columns, SourceDefinition
from gateway.feeds.loading import load

KEY: Final = bytes(32)  # of fingerprints: these rows name no parent
COLUMNS: Final = ("given", "family", "born", "postcode", "nhs")
DEFINITION: Final = SourceDefinition(
    name="probing",
    dates=("%Y-%m-%d",),
    columns=Columns(given="given", family="family", birth_date="born", postcode="postcode", nhs_number="nhs"),
)
NOBODYS_DAY: Final = "2009-02-03"


class Probe(NamedTuple):
    """Two kinds of files of one row, and how they differ."""

    what: str
    one: Sequence[Path]
    other: Sequence[Path]


async def probes(world: TimedWorld, folder: Path) -> Sequence[Probe]:
    """Rows like sealed children, bearing their keys, or at shielded ones' homes; each beside one that is not."""
    sealed, there = await world.copies("sealed"), await world.copies("shielded")
    serial = itertools.count()

    def files(rows: Sequence[Sequence[str]]) -> list[Path]:
        written = []
        for row in rows:
            path = folder / f"probe-{next(serial)}.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([COLUMNS, row])
            written.append(path)
        return written

    hidden, shielded = child_at(NOTABLE["sealed"]), child_at(NOTABLE["shielded"])
    born, met = hidden.birth_date.isoformat(), shielded.birth_date.isoformat()
    given, known = hidden.name.given[0], shielded.name.given[0]
    right = shielded.address.postcode or ""
    nobody = world.nobodys(len(sealed))
    return [
        Probe(
            "row like a sealed child, or like nobody",
            files([(given, copy.family, born, "", "") for copy in sealed]),
            files([(given, copy.family, NOBODYS_DAY, "", "") for copy in nobody]),
        ),
        Probe(
            "row with a sealed child's key, or nobody's",
            files([("Other", "Name", NOBODYS_DAY, "", copy.nhs_number) for copy in sealed]),
            files([("Other", "Name", NOBODYS_DAY, "", copy.nhs_number) for copy in nobody]),
        ),
        Probe(
            "row at a shielded child's home, or elsewhere",
            files([(known, copy.family, met, right, "") for copy in there]),
            files([(known, copy.family, met, "LS1 1AA", "") for copy in there]),
        ),
    ]


async def loaded(world: TimedWorld, probe: Probe, samples: int, chance: random.Random) -> Samples:
    """Load `samples` files of each kind, in an order drawn by lot; every load is undone."""
    found = Samples(probe.what)
    order = [(found.one, probe.one), (found.other, probe.other)] * samples
    chance.shuffle(order)
    store = await FeedStore.connect(world.dsn(Role.FEED))
    try:
        for samples_of, files in order:
            began = time.perf_counter_ns()
            await load(store, chance.choice(files), DEFINITION, as_of=datetime.now(UTC), key=KEY, dry_run=True)
            samples_of.append(Timed(time.perf_counter_ns() - began, 0))
    finally:
        await store.close()
    return found
