"""Sqlmap, which looks for SQL that a caller can write: in whatever of ours a caller says, and where there is some."""

import json
import os
import sqlite3
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.running import RunningGateway
from tests.scanners.installed import needs_scanners, run

pytestmark = needs_scanners

LEVEL = os.environ.get("SCAN_LEVEL", "1")
HERE = "*"  # marks what it is to try; it tries nothing else

FOUND = "identified the following injection point"
NOT_FOUND = "all tested parameters do not appear to be injectable"

SEARCH = "query($by: ChildCriteria!) { findChildren(by: $by) { tooMany children { number } } }"


async def judged(url: str, body: Mapping[str, Any], folder: Path, **headers: str) -> str:
    """What it says at last of the places that are marked in the body."""
    said = [argument for name, value in headers.items() for argument in ("-H", f"{name.replace('_', '-')}: {value}")]
    return await run(
        folder,
        "sqlmap",
        *("-u", url, "--data", json.dumps(body), "-H", "Content-Type: application/json", *said),
        *("--batch", "--disable-coloring", "--level", LEVEL, "--risk", "2", "--flush-session", "--output-dir", folder),
    )


@pytest.fixture
async def careless() -> AsyncIterator[str]:
    """Where a name is written into a statement as it came."""
    store = sqlite3.connect(":memory:")
    store.executescript("CREATE TABLE people (name TEXT, number TEXT); INSERT INTO people VALUES ('Smith', 'one')")

    async def answer(request: web.Request) -> web.Response:
        name = (await request.json())["variables"]["family"]
        try:
            rows = store.execute(f"SELECT number FROM people WHERE name = '{name}'").fetchall()  # noqa: S608 - the bait
        except sqlite3.Error as error:
            return web.json_response({"errors": [{"message": str(error)}]})
        return web.json_response({"data": rows})

    app = web.Application()
    app.router.add_post("/graphql", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/graphql"
    finally:
        await runner.cleanup()
        store.close()


async def test_where_a_caller_can_write_sql_it_finds_the_place(careless: str, tmp_path: Path) -> None:
    """Its positive control."""
    assert FOUND in await judged(careless, {"variables": {"family": f"Smith{HERE}"}}, tmp_path)


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        (SEARCH, {"by": {"family": f"Smith{HERE}", "given": f"Jo{HERE}", "birthYear": 2015}}),
        (SEARCH, {"by": {"family": "Smith", "birthYear": 2015, "postcode": f"LS1 4AP{HERE}"}}),
        ("query($n: ID!) { child(number: $n) { number } }", {"n": f"7{HERE}"}),
        ("query($k: ChildKey!) { childByKey(key: $k) { number } }", {"k": {"upn": f"A{HERE}"}}),
        (f'{{ child(number: "7{HERE}") {{ number }} }}', {}),
    ],
)
async def test_here_it_finds_none(
    gateway: RunningGateway, tmp_path: Path, query: str, variables: dict[str, Any]
) -> None:
    """Names, postcodes, numbers and keys are values to the store, whatever they are made of."""
    said = await judged(
        f"{gateway.url}/graphql",
        {"query": query, "variables": variables},
        tmp_path,
        Authorization=f"Bearer {gateway.token('teacher')}",
        Contactpoint_Purpose="SAFEGUARDING",
    )
    assert NOT_FOUND in said, said
    assert FOUND not in said, said
