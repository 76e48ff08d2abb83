"""Published rosters and patients, read in place: each loads by a definition alone, as its publishers wrote it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.feeds.definition import read_definition
from gateway.feeds.loading import load
from gateway.feeds.report import LoadReport, Reader
from tests.feeds.loads import Loads
from tests.shared_samples import SAMPLES, needs_samples

pytestmark = needs_samples

NOWHERE = Path("/nonexistent")
NOW = datetime.now(UTC)


async def published(loads: Loads, file: Path, source: str) -> LoadReport:
    return await load(loads.store, file, read_definition(source, NOWHERE), as_of=NOW, key=b"k" * 32)


def came_to(report: LoadReport) -> Mapping[str, Any]:
    told = report.told_to(Reader.STEWARDS)
    return {word: told[word] for word in ("created", "updated", "unchanged", "quarantined")}


async def children(loads: Loads, columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await loads.owner.fetch(f"SELECT {columns} FROM children ORDER BY id")]  # noqa: S608


@pytest.fixture
def rosters() -> Path:
    return SAMPLES / "mavis" / "rosters"


async def test_a_class(loads: Loads, rosters: Path) -> None:
    """Two ways to write a date, an NHS number with spaces, an empty row, a child without address or number."""
    report = await published(loads, rosters / "class_import-valid.csv", "mavis-class")
    assert report.told_to(Reader.SOURCE) == {
        "accepted": 4,
        "rejectedInAll": 0,
        "rejected": [],
        "alreadyLoaded": False,
    }
    assert came_to(report)["created"] == 4
    assert await children(loads, "given[1], family, birth_date::text, gender, address_status, postcode") == [
        ("Jennifer", "Clarke", "2010-01-01", "UNKNOWN", "CURRENT", "SW1A 1AA"),
        ("Jimmy", "Smith", "2010-01-02", "UNKNOWN", "CURRENT", "SW1A 1AA"),
        ("Mark", "Doe", "2010-01-03", "UNKNOWN", "CURRENT", "SW1A 1AA"),
        ("Gae", "Thorne-Smith", "2010-04-09", "UNKNOWN", "UNKNOWN", None),
    ]


async def test_a_class_with_gender_and_a_day_first(loads: Loads, rosters: Path) -> None:
    """Lines that end with CR and LF but the last, and a postcode without an address."""
    assert came_to(await published(loads, rosters / "class_import-review_one.csv", "mavis-class"))["created"] == 4
    assert (await children(loads, "given[1], birth_date::text, gender, postcode"))[0] == (
        *("Calvin", "2014-11-19", "MALE", "KT2 9HF"),
    )


async def test_a_class_with_a_byte_order_mark(loads: Loads, rosters: Path) -> None:
    """Four columns are enough."""
    await published(loads, rosters / "class_import-valid_with_bom.csv", "mavis-class")
    assert await children(loads, "given[1], family, birth_date::text, postcode") == [
        ("Lena", "Rath", "2012-01-15", "B99 3EZ")
    ]


async def test_numbers_that_another_class_gave_to_others_wait(loads: Loads, rosters: Path) -> None:
    """Two NHS numbers come back under other names: nobody is renamed, nobody is made, two entries wait."""
    await published(loads, rosters / "class_import-valid.csv", "mavis-class")
    before = await children(loads, "given, family")
    report = await published(loads, rosters / "class_import-duplicates.csv", "mavis-class")
    assert came_to(report) == {"created": 1, "updated": 0, "unchanged": 0, "quarantined": 2}
    assert (await children(loads, "given, family"))[: len(before)] == before
    assert report.told_to(Reader.SOURCE)["accepted"] == 3


async def test_a_cohort_finds_the_class(loads: Loads, rosters: Path) -> None:
    """The same children from another source, one of them without a number: nothing is new."""
    await published(loads, rosters / "class_import-valid.csv", "mavis-class")
    for file, rows in (("cohort_import-valid.csv", 3), ("cohort_import-valid_unknown_school.csv", 2)):
        report = await published(loads, rosters / file, "mavis-cohort")
        assert came_to(report) == {"created": 0, "updated": 0, "unchanged": rows, "quarantined": 0}


async def test_a_templates_slots_are_rejected_one_by_one(loads: Loads, rosters: Path) -> None:
    """Each by its line and its first column that is a slot, and nothing is made."""
    report = await published(loads, rosters / "template-child-i_positive.csv", "mavis-class")
    told = report.told_to(Reader.SOURCE)
    assert (told["accepted"], told["rejectedInAll"]) == (0, 12)
    assert {row["reason"] for row in told["rejected"]} == {"PLACEHOLDER"}
    assert [row["line"] for row in told["rejected"]] == list(range(2, 14))
    surnames = [row["line"] for row in told["rejected"] if row["column"] == "CHILD_LAST_NAME"]
    assert surnames == [7, 8, 9]  # whose first names are real, apostrophes and all
    assert await children(loads, "id") == []


async def test_the_synthetic_patients(loads: Loads) -> None:
    """All 488, adults too: every row is accepted; two of one name and birth date are two, or a steward's to judge."""
    file = SAMPLES / "identity" / "pds-int-test-patients.csv"
    report = await published(loads, file, "pds-patients")
    assert (report.told_to(Reader.SOURCE)["accepted"], report.told_to(Reader.SOURCE)["rejectedInAll"]) == (488, 0)
    came = came_to(report)
    assert (came["created"] + came["quarantined"], came["updated"], came["unchanged"]) == (488, 0, 0)
    assert came["quarantined"] <= 1
    assert ("OCTAVIA", "CHISLETT", "FEMALE", "KT19 0ST") in await children(loads, "given[1], family, gender, postcode")
    assert min(born for (born,) in await children(loads, "birth_date")).year < 1990
    assert (await published(loads, file, "pds-patients")).already_loaded
