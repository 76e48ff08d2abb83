"""`contactpoint demo` and the commands that speak to it, as a stranger would use them."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import aiohttp

from tests.command.running import PATIENCE, contactpoint, started

OVERRIDE = 'mutation($n: ID!) { overrideShield(number: $n, reason: "sibling reports harm") { until } }'
QUERY = "query($n: ID!) { child(number: $n) { name { family } enrolments { school { urn } } } }"


async def test_a_stranger_can_ask_for_a_child(data: Path) -> None:
    """Start, fetch a token, ask; count the calls; break an agency; ask again; stop; and nothing is left running."""
    async with started("demo", "--port", "0", "--children", "50", "--data", data) as (process, url):
        token = (await contactpoint("token", "teacher", "--data", data)).out.strip()
        numbers = json.loads((await contactpoint("sandbox", "children", "--json", "--data", data)).out)
        headers = {"Authorization": f"Bearer {token}", "Contactpoint-Purpose": "SAFEGUARDING"}
        body = {"query": QUERY, "variables": {"n": numbers["open"]}}
        async with aiohttp.ClientSession(headers=headers) as session:
            async with session.post(f"{url}/graphql", json=body) as answer:
                child = (await answer.json())["data"]["child"]
            assert child["enrolments"][0]["school"]["urn"]
            calls = json.loads((await contactpoint("sandbox", "calls", "--json", "--data", data)).out)
            assert calls["school"] > 0
            assert (await contactpoint("sandbox", "fault", "school", "down", "--for", "60", "--data", data)).code == 0
            async with session.post(f"{url}/graphql", json=body) as answer:
                [error] = (await answer.json())["errors"]
            assert error["extensions"]["agency"] == "school"
        assert (await contactpoint("sandbox", "calls", "--data", data)).out.count("│") > 4
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    assert not (data / "run.json").exists()


async def test_a_look_behind_a_shield_reaches_the_authority(data: Path) -> None:
    """Whoever tries it out sees on their own machine what the authority is sent, even while its desk is slow."""
    async with started("demo", "--port", "0", "--children", "50", "--data", data) as (_, url):
        assert (await contactpoint("sandbox", "reports", "--fault", "down", "--for", "1", "--data", data)).code == 0
        token = (await contactpoint("token", "social-worker", "--data", data)).out.strip()
        numbers = json.loads((await contactpoint("sandbox", "children", "--json", "--data", data)).out)
        headers = {"Authorization": f"Bearer {token}", "Contactpoint-Purpose": "SAFEGUARDING"}
        body = {"query": OVERRIDE, "variables": {"n": numbers["shielded"]}}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(f"{url}/graphql", json=body) as answer,
        ):
            assert (await answer.json())["data"]["overrideShield"]["until"]
        reports: list[dict[str, Any]] = []
        async with asyncio.timeout(PATIENCE):
            while not reports:
                reports = json.loads((await contactpoint("sandbox", "reports", "--json", "--data", data)).out)
        [received] = reports
        assert received["genuine"]
        assert received["report"]["number"] == numbers["shielded"]
        assert (await contactpoint("check", "--data", data)).code == 0


async def test_its_private_keys_are_for_our_eyes_alone(data: Path) -> None:
    """Also where an earlier demonstration left one that others may read."""
    data.mkdir()
    (data / "report-key.json").write_text("{}")
    (data / "report-key.json").chmod(0o644)
    keys = ("issuer-key.json", "report-key.json", "sandbox-pds-key.json", "credentials.json")
    async with started("demo", "--port", "0", "--children", "50", "--data", data):
        assert {name: (data / name).stat().st_mode & 0o777 for name in keys} == dict.fromkeys(keys, 0o600)


async def test_a_second_demonstration_on_the_same_folder_is_refused(data: Path) -> None:
    """One per data folder; the first goes on."""
    async with started("demo", "--port", "0", "--children", "50", "--data", data) as (process, _):
        second = await contactpoint("demo", "--port", "0", "--data", data)
        assert second.code == 1
        assert str(process.pid) in second.err
        assert (await contactpoint("token", "gp", "--data", data)).code == 0


async def test_a_demonstration_that_was_killed_can_be_started_again(data: Path) -> None:
    """A kill -9 leaves a folder that the next start puts in order, and its children are still there."""
    async with started("demo", "--port", "0", "--children", "60", "--data", data) as (process, _):
        process.kill()
        await process.wait()
    stale = await contactpoint("token", "teacher", "--data", data)
    assert stale.code == 1
    assert "contactpoint demo" in stale.err
    async with started("demo", "--port", "0", "--children", "50", "--data", data):
        assert (await contactpoint("token", "teacher", "--data", data)).code == 0
        refused = await contactpoint("populate", "--children", "70", "--data", data)
        assert refused.code == 1
        assert "60" in refused.err or "children" in refused.err


async def test_migrate_and_populate_work_by_themselves(data: Path) -> None:
    """For a store that is filled before it is served."""
    first = await contactpoint("migrate", "--data", data)
    assert (first.code, "0001" in first.out) == (0, True)
    assert "nothing to apply" in (await contactpoint("migrate", "--data", data)).out
    assert "populated 300 children" in (await contactpoint("populate", "--children", "300", "--data", data)).out
    assert (await contactpoint("populate", "--children", "300", "--data", data)).code == 1
