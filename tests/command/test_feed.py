"""`contactpoint feed` as an operator and a source know it: reports, refusals in one line, and a kill in the middle."""

import asyncio
import csv
import json
import time
from pathlib import Path

import asyncpg
import pytest

from adapters.sandbox.population import SyntheticChild, child_at
from adapters.store.roles import Role
from tests.command.running import CONTACTPOINT, contactpoint, environment
from tests.databases import Database

COLUMNS = ("CHILD_FIRST_NAME", "CHILD_LAST_NAME", "CHILD_DATE_OF_BIRTH", "CHILD_POSTCODE", "CHILD_NHS_NUMBER")


def row(child: SyntheticChild) -> tuple[str, ...]:
    key, born = child.keys.nhs_number, child.birth_date
    return (
        child.name.given[0],
        child.name.family or "",
        f"{born:%d/%m/%Y}",
        child.address.postcode or "",
        key.value if key else "",
    )


def write(file: Path, children: int) -> Path:
    """A class list of the first synthetic children."""
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(COLUMNS)
        writer.writerows(row(child_at(index)) for index in range(children))
    return file


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> dict[str, str]:
    """The test's own store, reached as the feed and the gateway, and a data folder for the key."""
    return {
        "CONTACTPOINT_DATA": str(tmp_path / "data"),
        "CONTACTPOINT_FEED_DSN": database.dsn(Role.FEED),
        "CONTACTPOINT_GATEWAY_DSN": database.dsn(Role.GATEWAY),
        "CONTACTPOINT_SOURCE_BEAT": "0.01",
    }


async def test_a_file_is_loaded_and_reported(tmp_path: Path, settings: dict[str, str]) -> None:
    """To the source what was taken, to stewards what became of it; either alone where asked; and the status after."""
    file = write(tmp_path / "class.csv", 30)
    with file.open("a", encoding="utf-8") as opened:
        opened.write("<<SLOT>>,Byron,01/02/2010,,\n")
    load = ("feed", "load", file, "--source", "mavis-class")
    foretold = json.loads((await contactpoint(*load, "--json", "--dry-run", **settings)).out)
    loaded = json.loads((await contactpoint(*load, "--json", **settings)).out)
    assert foretold == loaded
    assert loaded["source"]["accepted"] == 30
    assert loaded["source"]["rejected"] == [{"line": 32, "column": "CHILD_FIRST_NAME", "reason": "PLACEHOLDER"}]
    assert loaded["stewards"]["created"] + loaded["stewards"]["quarantined"] == 30
    again = await contactpoint(*load, "--json", "--report", "source", **settings)
    assert json.loads(again.out) == {"source": loaded["source"] | {"alreadyLoaded": True}}
    table = await contactpoint(*load, "--report", "stewards", **settings)
    assert (table.code, "created" in table.out, "accepted" in table.out) == (0, True, False)
    [status] = json.loads((await contactpoint("feed", "status", "--json", **settings)).out)
    assert (status["source"], status["rows"], status["finished"]) == ("mavis-class", 31, True)


async def test_a_report_for_a_source_waits_for_its_beat(tmp_path: Path, settings: dict[str, str]) -> None:
    """Whatever became of its rows, and however long that took."""
    began = time.monotonic()
    load = ("feed", "load", write(tmp_path / "class.csv", 2), "--source", "mavis-class", "--report", "source")
    ended = await contactpoint(*load, **settings | {"CONTACTPOINT_SOURCE_BEAT": "5"})
    assert (ended.code, "told after 5 s" in ended.err) == (0, True)
    assert time.monotonic() - began >= 5


async def test_a_kill_in_the_middle_is_made_good(tmp_path: Path, settings: dict[str, str], database: Database) -> None:
    """End it by kill -9 after the first batch: the same command goes on, and every row was written once."""
    file = write(tmp_path / "cohort.csv", 6_000)
    command = [str(CONTACTPOINT), "feed", "load", str(file), "--source", "mavis-cohort"]
    process = await asyncio.create_subprocess_exec(*command, env=environment(settings), stderr=asyncio.subprocess.PIPE)
    owner = await database.connect()
    try:
        async with asyncio.timeout(60):
            while not (done := await _rows_done(owner)):
                assert process.returncode is None, "it ended before anything was written"
                await asyncio.sleep(0)
        process.kill()
        await process.communicate()
        assert 0 < done < 6_000
        ended = await contactpoint(*command[1:], "--json", **settings)
        report = json.loads(ended.out)
        assert (ended.code, report["source"]["accepted"], report["source"]["alreadyLoaded"]) == (0, 6_000, False)
        assert await _rows_done(owner) == 6_000
        twice = "SELECT count(*) FROM (SELECT FROM keys GROUP BY system, value HAVING count(*) > 1) k"
        assert await owner.fetchval(twice) == 0
        made = report["stewards"]["created"]
        assert await owner.fetchval("SELECT count(*) FROM children") == made
        assert sum(report["stewards"][word] for word in ("created", "updated", "unchanged", "quarantined")) == 6_000
    finally:
        await owner.close()


async def _rows_done(owner: "asyncpg.Connection[asyncpg.Record]") -> int:
    return int(await owner.fetchval("SELECT coalesce(max(rows_done), 0) FROM feed_loads"))


async def test_a_source_of_ones_own_is_defined_in_the_data_folder(tmp_path: Path, settings: dict[str, str]) -> None:
    """JSON Lines by dotted paths, without a line of code; the fingerprints' key is made, for our eyes alone."""
    sources = tmp_path / "data" / "sources"
    sources.mkdir(parents=True)
    (sources / "nursery.toml").write_text(
        'format = "jsonl"\ndates = ["%Y-%m-%d"]\n'
        '[columns]\ngiven = "name.0"\nfamily = "surname"\nbirth_date = "born"\n[[parents]]\nemail = "mother.email"\n'
    )
    file = tmp_path / "nursery.jsonl"
    file.write_text(
        '{"name": ["Ada"], "surname": "Byron", "born": "2022-03-04", "mother": {"email": "m@example.org"}}\n'
    )
    ended = await contactpoint(
        "feed", "load", file, "--source", "nursery", "--as-of", "2026-01-31", "--json", **settings
    )
    assert json.loads(ended.out)["stewards"]["created"] == 1
    [status] = json.loads((await contactpoint("feed", "status", "--json", **settings)).out)
    assert status["asOf"].startswith("2026-01-31T00:00:00")
    assert (tmp_path / "data" / "fingerprint-key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("FILE", "--source", "nobodys"), "there is no source `nobodys`"),
        (("FILE", "--source", "pds-patients"), "no column `GIVEN_NAME`"),
        (("/nowhere.csv", "--source", "mavis-class"), "cannot read `/nowhere.csv`"),
        (("FILE", "--source", "mavis-class", "--as-of", "2999-01-01"), "`--as-of` 2999-01-01 has not come yet"),
        (("FILE", "--source", "mavis-class", "--as-of", "22/11/2026"), "`--as-of` is a date such as 2026-11-22"),
    ],
)
async def test_what_cannot_be_loaded_is_refused_in_one_line(
    tmp_path: Path, settings: dict[str, str], words: tuple[str, ...], said: str
) -> None:
    """With exit code 1, and nothing begun."""
    file = str(write(tmp_path / "class.csv", 2))
    ended = await contactpoint("feed", "load", *(file if word == "FILE" else word for word in words), **settings)
    assert ended.code == 1
    [line] = ended.err.strip().splitlines()
    assert said in line
    assert json.loads((await contactpoint("feed", "status", "--json", **settings)).out) == []


async def test_nothing_is_loaded_while_a_law_is_broken(
    tmp_path: Path, settings: dict[str, str], database: Database
) -> None:
    """The gate: a shield that vanished by hand stops every feed, by the law's name."""
    owner = await database.connect()
    await owner.execute("UPDATE shield_epoch SET epoch = epoch; INSERT INTO shield_turn VALUES (true)")
    await owner.close()
    file = write(tmp_path / "class.csv", 2)
    ended = await contactpoint("feed", "load", file, "--source", "mavis-class", **settings)
    assert ended.code == 1
    assert "`rows-stay-empty`" in ended.err


async def test_a_key_file_that_holds_no_key_is_not_made_anew(tmp_path: Path, settings: dict[str, str]) -> None:
    """Under another key nobody would share a parent with anybody."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "fingerprint-key").write_text("garbled")
    ended = await contactpoint("feed", "load", write(tmp_path / "a.csv", 1), "--source", "mavis-class", **settings)
    assert ended.code == 1
    assert "holds no fingerprint key" in ended.err
