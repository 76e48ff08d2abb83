"""What a source sends in these stories, and the command that loads it into a test's store."""

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from adapters.records import Gender
from adapters.sandbox.population import SyntheticChild
from adapters.store.roles import Role
from tests.command.running import contactpoint
from tests.running import RunningGateway

GENDERS = {Gender.MALE: "Male", Gender.FEMALE: "Female", Gender.OTHER: "Indeterminate", Gender.UNKNOWN: "Not known"}


def class_row(child: SyntheticChild, **said: str) -> Mapping[str, str]:
    """A child as a school's class list has it; `said` is what this source says otherwise, by column."""
    lines = [*child.address.lines, "", ""]
    key = child.keys.nhs_number
    return {
        "CHILD_FIRST_NAME": child.name.given[0],
        "CHILD_LAST_NAME": child.name.family or "",
        "CHILD_DATE_OF_BIRTH": child.birth_date.isoformat(),
        "CHILD_GENDER": GENDERS[child.gender],
        "CHILD_ADDRESS_LINE_1": lines[0],
        "CHILD_TOWN": lines[1],
        "CHILD_POSTCODE": child.address.postcode or "",
        "CHILD_NHS_NUMBER": "" if key is None else key.value,
    } | said


async def feed(gateway: RunningGateway, folder: Path, rows: Iterable[Mapping[str, str]]) -> Any:
    """Load the rows as one file of a class list, with the command that operators use; gives its report."""
    rows = list(rows)
    file = folder / "class.csv"
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    settings = {"CONTACTPOINT_FEED_DSN": gateway.database.dsn(Role.FEED), "CONTACTPOINT_DATA": str(folder)}
    ended = await contactpoint("feed", "load", file, "--source", "mavis-class", "--json", **settings)
    assert ended.code == 0, ended.err
    return json.loads(ended.out)
