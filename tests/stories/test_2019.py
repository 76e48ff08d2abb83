"""Norway, 2019: a refresh of the whole register overwrote protections that people had entered by hand."""

from pathlib import Path

from adapters.sandbox.population import SyntheticChild, child_at
from adapters.store.roles import Role
from gateway.checking import demand_lawful
from tests.running import CHILDREN, RunningGateway
from tests.stories.refreshes import class_row, feed

PROTECTION = (
    "SELECT * FROM shields ORDER BY child_id",
    "SELECT * FROM circles ORDER BY child_id, organisation",
    "SELECT * FROM holds WHERE cleared_at IS NULL ORDER BY id",
)
PROTECTED = ("shielded", "shielded-sibling", "sealed", "sealed-sibling", "key-withheld", "parents-withheld")
SEEN = """
    name { given family } birthDate shield { brokerReference } formerNames { family } address { lines postcode }
    enrolments { school { urn } } practice { odsCode } parents { name { family } phone } keys { nhsNumber upn }
"""


def moved(child: SyntheticChild) -> dict[str, str]:
    """Everybody has moved, next door as it were: whoever lived together does so still."""
    return {"CHILD_ADDRESS_LINE_1": f"99{child.address.lines[0]}"} if child.address.lines else {}


async def test_the_2019_story(gateway: RunningGateway, tmp_path: Path) -> None:
    """A full refresh changes what is open, and of what protects a child nothing at all."""
    await gateway.execute(
        "INSERT INTO circles VALUES ($1, 'school-102001', '{ADDRESS}', current_date + 30)",
        await gateway.id_of("shielded"),
    )
    await gateway.execute(
        "INSERT INTO holds (child_id, agency, mark) VALUES ($1, 'practice', 'PDS_RESTRICTED')",
        await gateway.id_of("home-educated"),
    )
    stood = [await gateway.rows(table) for table in PROTECTION]
    seen = [(await gateway.ask_child(name, SEEN)).body for name in PROTECTED]
    [before] = await gateway.rows("SELECT count(*) FROM children")

    children = [child_at(index) for index in range(CHILDREN)]
    renamed = {gateway.child("shielded").number: {"CHILD_LAST_NAME": "Overwritten"}}
    report = await feed(
        gateway,
        tmp_path,
        [class_row(child, **moved(child), **renamed.get(child.number, {})) for child in children],
    )

    assert report["source"]["accepted"] == CHILDREN
    assert report["stewards"]["updated"] > CHILDREN / 2
    assert [await gateway.rows(table) for table in PROTECTION] == stood
    assert [(await gateway.ask_child(name, SEEN)).body for name in PROTECTED] == seen
    assert await gateway.rows("SELECT count(*) FROM children") == [before]
    # It was a refresh indeed: the open have moved.
    reply = await gateway.ask_child("open", "address { lines }")
    assert reply.data["child"]["address"]["lines"][0] == f"99{gateway.child('open').address.lines[0]}"
    await demand_lawful(gateway.database.dsn(Role.GATEWAY), gateway.gateway.settings)
