"""A source that sends crafted rows learns nothing of protected children: worlds as it sees them are one (case 61)."""

import csv
import itertools
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.store.feeding import FeedStore
from adapters.store.laws import breaches
from adapters.store.roles import Role
from gateway.feeds.report import Reader
from tests.command.running import contactpoint
from tests.databases import Database
from tests.feeds.loads import SOURCE, WHEN, Loads
from tests.store.rows import Rows

Said = Mapping[str, str]

# Whom the source would find out about, in every world that has her.
TARGET: Final[Said] = {
    "given": "Ada",
    "family": "Byron",
    "born": "2015-12-10",
    "gender": "FEMALE",
    "line": "1 Mill Lane",
    "postcode": "LS1 1AA",
    "nhs": "9990000018",
    "upn": "B801200005001",
    "parent": "mum@example.org",
}
# Her own value, near misses, another's, none, and what is rejected whoever it is about.
GUESSES: Final[Mapping[str, Sequence[str]]] = {
    "given": ["Ada", "Adah", "Boris", "ADA", ""],
    "family": ["Byron", "Byrom", "King", "King-Byron", ""],
    "born": ["2015-12-10", "2015-10-12", "2015-12-16", "2003-04-05", "", "10/12/2015"],
    "gender": ["", "FEMALE", "MALE", "GIRL"],
    "line": ["1 Mill Lane", "2 Mill Lane", ""],
    "postcode": ["LS1 1AA", "BS1 1AA", "", "nowhere"],
    "nhs": ["", "9990000018", "9990000026", "9990000019"],
    "upn": ["", "B801200005001", "B801200005002"],
    "parent": ["", "mum@example.org", "dad@example.org"],
}
# What may be true of her and is not the source's to know; None: there is no such child.
HIDDEN: Final[Mapping[str, Mapping[str, Any] | None]] = {
    "nobody": None,
    "sealed": {"tier": "SEALED"},
    "sealed elsewhere": {"tier": "SEALED", "postcode": "BS1 1AA", "authority": "E06000023"},
    "shielded": {"tier": "SHIELDED"},
    "shielded elsewhere": {"tier": "SHIELDED", "postcode": "BS1 1AA", "authority": "E06000023"},
    "shielded, by other keys": {"tier": "SHIELDED", "nhs": "9990000026", "upn": None},
    "held": {"held": True},
    "closed": {"tier": "SEALED", "closed": True},
    "with a new identity": {"tier": "SEALED", "own_keys_alone": True},
}
worlds = st.sampled_from(sorted(HIDDEN))
probes = st.lists(
    st.fixed_dictionaries({column: st.sampled_from(values) for column, values in GUESSES.items()}), max_size=6
)


@pytest.fixture
async def loads(database: Database, tmp_path: Path) -> AsyncIterator[Loads]:
    """The test's own store, loaded as the feed's role."""
    store = await FeedStore.connect(database.dsn(Role.FEED))
    owner = await database.connect(Role.OWNER)
    yield Loads(store, owner, tmp_path)
    await owner.close()
    await store.close()


async def be(loads: Loads, world: str) -> None:
    """Have the store hold a family that the source knows, and the target as she is in this world."""
    await loads.empty()
    known = Rows(loads.owner)
    await known.child(given=["Mary"], family="Byron", born=date(2012, 3, 4), postcode="LS9 9ZZ")
    hidden = HIDDEN[world]
    if hidden is None:
        return
    child = await known.child(
        given=["Ada"],
        family="Byron",
        born=date(2015, 12, 10),
        postcode=hidden.get("postcode", "LS1 1AA"),
        authority=hidden.get("authority", "E08000035"),
    )
    keys = {"NHS_NUMBER": hidden.get("nhs", TARGET["nhs"]), "UPN": hidden.get("upn", TARGET["upn"])}
    await loads.owner.executemany(
        "INSERT INTO keys (system, value, child_id) VALUES ($1, $2, $3)",
        [(system, value, child) for system, value in keys.items() if value],
    )
    if "tier" in hidden:
        await known.shield(child, hidden["tier"], hidden.get("authority", "E08000035"))
    if "held" in hidden:
        await known.hold(child)
    for word in ("closed", "own_keys_alone"):
        if word in hidden:
            await loads.owner.execute(f"UPDATE children SET {word} = true WHERE id = $1", child)  # noqa: S608


async def seen(loads: Loads, files: Sequence[Sequence[Said]]) -> list[Any]:
    """All that a source sees of its files: each foretold, loaded, loaded again; and where they stand."""
    told: list[Any] = []
    for serial, rows in enumerate(files):
        as_of = WHEN + timedelta(days=serial)
        for dry_run in (True, False, False):
            report = await loads.load(rows, as_of=as_of, dry_run=dry_run)
            told.append((report.told_to(Reader.SOURCE), report.already_loaded))
    told.append([(one.source, one.begun.as_of, one.begun.rows_done, one.begun.finished) for one in await status(loads)])
    return told


async def status(loads: Loads) -> Sequence[Any]:
    return await loads.store.status()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=worlds, other=worlds, first=probes, second=probes)
async def test_a_source_cannot_tell_worlds_apart(
    loads: Loads, one: str, other: str, first: list[Said], second: list[Said]
) -> None:
    """By nothing that is said of its rows, in whatever file, the second time or beforehand."""
    told = []
    for world in (one, other):
        await be(loads, world)
        told.append(await seen(loads, [first, [*first, *second], [TARGET, *second]]))
    assert told[0] == told[1]


async def test_hundreds_of_probes_learn_nothing(loads: Loads, database: Database) -> None:
    """A file of near misses in every combination: said alike in every world, and no law is broken by it in any."""
    columns = ("given", "family", "born", "postcode", "nhs")
    every = list(itertools.product(*(GUESSES[column] for column in columns)))
    rows = [{**TARGET, "upn": "", **dict(zip(columns, values, strict=True))} for values in every[::5]]
    assert len(rows) > 300
    told = []
    for world in ("nobody", "sealed", "shielded elsewhere"):
        await be(loads, world)
        broken = await breaches(database.dsn(Role.FEED))  # the owner's hand breaks one in laying out a world
        told.append(await seen(loads, [rows]))
        assert await breaches(database.dsn(Role.FEED)) == broken
    assert told[0] == told[1] == told[2]


ALIKE: Final = ("sealed", "shielded", "held")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=st.sampled_from(ALIKE), other=st.sampled_from(ALIKE), rows=probes)
async def test_a_steward_cannot_tell_how_a_child_is_protected(
    loads: Loads, one: str, other: str, rows: list[Said]
) -> None:
    """Nor by what came of the rows, nor by what waits: an entry that is like such a child only waits."""
    told = []
    for world in (one, other):
        await be(loads, world)
        report = await loads.load([*rows, {**TARGET, "nhs": "", "upn": "", "given": "Adah"}])
        waiting = await loads.store.stewards_page(None, 50)
        told.append(
            (report.told_to(Reader.STEWARDS), [(row.entry, row.candidates and len(row.candidates)) for row in waiting])
        )
    assert told[0] == told[1]


# --- By the command, as its words and exit codes have it.


async def test_the_command_says_the_same_in_every_world(loads: Loads, database: Database, tmp_path: Path) -> None:
    """To a source, word by word: foretold, loaded, and loaded again; and where it stands."""
    data = tmp_path / "data"
    environment = {
        "CONTACTPOINT_DATA": str(data),
        "CONTACTPOINT_FEED_DSN": database.dsn(Role.FEED),
        "CONTACTPOINT_SOURCE_BEAT": "0.01",
    }
    sources = data / "sources"
    sources.mkdir(parents=True)
    (sources / "probing.toml").write_text(
        'dates = ["%Y-%m-%d"]\n[columns]\ngiven = "given"\nfamily = "family"\nbirth_date = "born"\n'
        'postcode = "postcode"\nnhs_number = "nhs"\n'
    )
    file = tmp_path / "probes.csv"
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, TARGET.keys())
        writer.writeheader()
        writer.writerows([TARGET, {**TARGET, "nhs": ""}, {**TARGET, "family": "Byrom"}, {**TARGET, "born": "soon"}])
    load = ("feed", "load", file, "--source", "probing", "--report", "source", "--as-of", "2026-01-31")
    told = []
    for world in ("nobody", "sealed"):
        await be(loads, world)
        said = [await contactpoint(*load, *more, **environment) for more in (("--dry-run", "--json"), (), ("--json",))]
        stands = json.loads((await contactpoint("feed", "status", "--json", **environment)).out)
        told.append((said, [{**each, "touchedAt": None} for each in stands]))
    assert told[0] == told[1]
    assert {ended.code for ended in told[0][0]} == {0}
    assert SOURCE.name not in str(told)
