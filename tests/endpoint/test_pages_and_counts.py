"""Pages, counts and likeness over HTTP: cut, counted and compared in the world that its viewer sees, and no other."""

from typing import Any

import pytest

from adapters.store.search import name_key
from tests.endpoint.test_finding import SEARCH
from tests.endpoint.test_officers_acts import OFFICER
from tests.endpoint.test_recorded import RAISE
from tests.running import RunningGateway

PAGE = "query($n: Int!, $a: String) { shields(first: $n, after: $a) { nodes { number } hasNextPage endCursor } }"
RENAME = "UPDATE children SET family = 'Nobody', name_key = 'nobody' WHERE number = $1"


async def pages(gateway: RunningGateway, length: int) -> list[dict[str, Any]]:
    """Every page of the protected children, for an officer who is no custodian of sealed ones."""
    headers = {"Authorization": f"Bearer {gateway.issuer.mint(OFFICER, scope='')}"}
    read: list[dict[str, Any]] = []
    while not read or read[-1]["hasNextPage"]:
        asked = {"n": length, "a": read[-1]["endCursor"] if read else None}
        read.append((await gateway.ask(PAGE, asked, viewer=OFFICER, headers=headers)).data["shields"])
    return read


@pytest.mark.parametrize("length", [1, 2, 3])
async def test_pages_are_cut_after_sealed_children_are_left_out(gateway: RunningGateway, length: int) -> None:
    """CASES 4 and 5: where more children are sealed, rows, page ends, cursors and what follows are as they were."""
    before = await pages(gateway, length)
    assert all(len(page["nodes"]) == length for page in before[:-1])
    assert len(before) > 1
    for name in ("open", "twin", "home-educated"):
        await gateway.execute(RAISE, gateway.child(name).number, "SEALED")
    assert await pages(gateway, length) == before


async def test_too_many_are_those_that_its_viewer_could_be_told_of(gateway: RunningGateway) -> None:
    """CASES 6: of two that match one is sealed: the other is all there is, as where the sealed one has another name."""
    twin = gateway.child("twin")
    asked = {"by": {"family": twin.name.family, "birthDate": twin.birth_date.isoformat()}, "first": 1}
    assert (await gateway.ask(SEARCH, asked)).data["findChildren"] == {"tooMany": True, "children": []}
    await gateway.execute(RAISE, twin.number, "SEALED")
    sealed = await gateway.ask(SEARCH, asked)
    await gateway.execute(RENAME, twin.number)
    assert sealed.data["findChildren"]["tooMany"] is False
    assert len(sealed.data["findChildren"]["children"]) == 1
    assert (await gateway.ask(SEARCH, asked)).body == sealed.body


async def test_nothing_is_found_by_likeness_to_what_is_hidden(gateway: RunningGateway) -> None:
    """CASES 20: neither by a name it had, nor by one that sounds or is spelt like its own; and nothing is suggested."""
    renamed = gateway.child("renamed")
    assert renamed.name.family is not None
    await gateway.execute(RAISE, renamed.number, "SHIELDED")
    families = [former.family for former in renamed.former_names if former.family is not None]
    families += [f"{renamed.name.family}e", renamed.name.family[:-1], renamed.name.family[1:]]
    assert len(families) > 3
    assert name_key(renamed.name.family) not in map(name_key, families)
    for family in families:
        asked = {"by": {"family": family, "birthDate": renamed.birth_date.isoformat()}}
        told = await gateway.ask(SEARCH, asked)
        assert told.body == {"data": {"findChildren": {"tooMany": False, "children": []}}}
