"""Counts in the explorer: drawn beside the answer, what is not told said as such, and saved as a file."""

import csv
import re
from pathlib import Path

from playwright.async_api import expect

from adapters.store.registering import Registrar
from adapters.store.roles import Role
from gateway.statistics.building import build
from tests.explorer.visiting import BROWSED, Visit
from tests.running import RunningGateway
from tests.statistics.land import NOVEMBER

pytestmark = BROWSED

COUNTS = re.compile("Counts")


async def test_counts_are_drawn_and_saved(visit: Visit, gateway: RunningGateway, tmp_path: Path) -> None:
    """A bar for each cell, hatched where nothing is told; and a file of exactly what was answered."""
    async with await Registrar.connect(gateway.database.dsn(Role.REGISTRY)) as registrar:
        await build(registrar, NOVEMBER)
    await visit.act_as("analyst")
    await visit.choose_example(COUNTS)
    cells = (await visit.run())["data"]["statistics"]["cells"]
    untold = [cell for cell in cells if cell["count"] is None]
    assert untold
    assert len(untold) < len(cells)

    chart = visit.words.get_by_role("img")
    assert await chart.locator("rect").count() == len(cells)
    assert await chart.locator(".untold rect").count() == len(untold)
    await expect(chart).to_have_attribute("aria-label", re.compile("Children, November 2026: under 1, female"))
    await expect(visit.words).to_contain_text(f"{len(untold)} counts are not told: fewer than ten children, none among")

    async with visit.page.expect_download() as saving:
        await visit.page.get_by_role("button", name="Save as CSV").click()
    download = await saving.value
    assert download.suggested_filename == "statistics-2026-11-01.csv"
    await download.save_as(tmp_path / "saved.csv")
    with (tmp_path / "saved.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [
        {"month": "2026-11-01", **{name: "" if word is None else str(word) for name, word in cell.items()}}
        for cell in cells
    ]
    assert visit.complaints == []


async def test_a_month_without_counts_is_said(visit: Visit) -> None:
    """Before anything is built there is nothing, and it is no error."""
    await visit.act_as("analyst")
    await visit.choose_example(COUNTS)
    assert (await visit.run())["data"] == {"statistics": None}
    await expect(visit.words).to_contain_text("No statistics have been built for that month.")
    await expect(visit.words.get_by_role("img")).to_have_count(0)
