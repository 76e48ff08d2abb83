"""A partner's way, with the tools that partners have: a manifest, publication, Node and Python clients, revocation."""

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from adapters.sandbox.personas import CMS
from adapters.store.roles import Role
from tests.command.running import contactpoint, free_ports, started
from tests.running import RunningGateway

NODE = Path(__file__).parent.parent / "node"
MANIFEST_TOOL = NODE / "node_modules" / "@apollo" / "generate-persisted-query-manifest" / "cli.js"
PATIENCE = 60  # seconds a tool may take on a busy machine; no test waits for it to pass
WORKERS = 2

# As an application's source has it, each fragment in a file of its own.
SOURCE = {
    "schools.graphql": "fragment School on Child { enrolments { school { urn } } }",
    "child.graphql": "fragment Who on Child { number name { given family } }",
    "school.graphql": "query ChildsSchool($number: ID!) { child(number: $number) { ...Who ...School } }",
    "name.graphql": "query ChildsName($number: ID!) { child(number: $number) { ...Who } }",
}


async def node(*words: str | Path, folder: Path, **settings: str) -> str:
    """What a program prints."""
    path = Path(sys.executable).with_name("node")
    process = await asyncio.create_subprocess_exec(
        path, *map(str, words), cwd=folder, env=settings, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(PATIENCE):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


class Served:
    """Several workers on one port, each told from the others by its metrics."""

    def __init__(self, gateway: RunningGateway, url: str, admin_ports: list[int]) -> None:
        self._headers = {
            "Authorization": f"Bearer {gateway.token('partner-cms')}",
            "Contactpoint-Purpose": "CHILD_WELFARE",
            "Accept": "application/graphql-response+json",
        }
        self._about = {"number": gateway.child("open").number}
        self._session = gateway.session
        self._admin_ports = admin_ports
        self.url = f"{url}/graphql"

    async def ask(self, id_: str) -> tuple[int, dict[str, Any]]:
        """Ask over a connection of its own, so that any worker may take it."""
        body = {"documentId": id_, "variables": self._about}
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.url, json=body, headers=self._headers) as answer,
        ):
            return answer.status, await answer.json(content_type=None)

    async def counts(self, line: str) -> list[float]:
        """What each worker has counted of a kind of event."""
        counted = []
        for port in self._admin_ports:
            async with self._session.get(f"http://127.0.0.1:{port}/metrics") as metrics:
                shown = (await metrics.text()).splitlines()
            counted.append(next((float(one.split()[-1]) for one in shown if line in one), 0.0))
        return counted

    async def ask_until_all(self, line: str, id_: str) -> list[tuple[int, dict[str, Any]]]:
        """Ask until every worker has counted more of these events than before; all answers."""
        before = await self.counts(line)
        answers = []
        async with asyncio.timeout(PATIENCE):
            while not all(now > then for now, then in zip(await self.counts(line), before, strict=True)):
                answers += await asyncio.gather(*(self.ask(id_) for _ in range(8)))
        return answers


@pytest.mark.skipif(not MANIFEST_TOOL.exists(), reason="run `make test` once, which installs partners' tools")
async def test_a_partners_way(gateway: RunningGateway, surroundings: Mapping[str, str], tmp_path: Path) -> None:
    """What Apollo's tool extracts is published, asked for by id from Node and Python, counted, revoked everywhere."""
    manifest = await _manifest(tmp_path)
    keeper = {**surroundings, "CONTACTPOINT_REGISTRY_DSN": gateway.database.dsn(Role.REGISTRY)}
    child = gateway.child("open")

    port, *admin_ports = free_ports(1 + WORKERS)
    words = ["--port", str(port), "--admin-port", str(admin_ports[0]), "--workers", str(WORKERS)]
    async with started("serve", *words, **surroundings) as (_, url):
        served = Served(gateway, url, admin_ports)

        published = await contactpoint("documents", "publish", manifest, "--partner", CMS.id, "--json", **keeper)
        assert published.code == 0, published.out
        ids = {one["name"]: one["id"] for one in json.loads(published.out)["documents"]}
        assert set(ids) == {"ChildsName", "ChildsSchool"}

        about = json.dumps({"number": child.number})
        asked = await node(
            *(NODE / "partner.mjs", manifest, "ChildsSchool", about),
            folder=tmp_path,
            GATEWAY_URL=served.url,
            GATEWAY_TOKEN=gateway.token("partner-cms"),
            GATEWAY_PURPOSE="CHILD_WELFARE",
        )
        by_hash, by_id = json.loads(asked)
        assert "query" not in by_hash["sent"]
        assert by_hash["sent"]["extensions"]["persistedQuery"]["sha256Hash"] == ids["ChildsSchool"].removeprefix(
            "sha256:"
        )
        assert (by_hash["status"], by_id["status"]) == (200, 200), (by_hash, by_id)
        assert by_hash["answer"] == by_id["answer"]
        assert by_id["answer"]["data"]["child"]["enrolments"][0]["school"]["urn"] == child.school_urn

        answers = await served.ask_until_all('event="answered"', ids["ChildsName"])
        assert {status for status, _ in answers} == {200}
        assert {body["data"]["child"]["number"] for _, body in answers} == {child.number}

        revoked = await contactpoint("documents", "revoke", ids["ChildsName"], "--partner", CMS.id, **keeper)
        assert revoked.code == 0, revoked.err
        refused = await served.ask_until_all('detail="UNKNOWN_DOCUMENT"', ids["ChildsName"])
        assert {status for status, _ in refused} == {400}  # not one has passed, whichever worker took it
        assert {body["errors"][0]["extensions"]["code"] for _, body in refused} == {"UNKNOWN_DOCUMENT"}
        assert (await served.ask(ids["ChildsSchool"]))[0] == 200

    # Each worker has told what it counted when it was asked to stop.
    listed = json.loads((await contactpoint("documents", "list", "--partner", CMS.id, "--json", **keeper)).out)
    uses = {one["name"]: (one["uses"], one["revokedAt"] is not None) for one in listed}
    assert uses == {"ChildsName": (len(answers), True), "ChildsSchool": (3, False)}


async def _manifest(folder: Path) -> Path:
    """What the tool makes of the application's source."""
    (folder / "src").mkdir()
    for name, text in SOURCE.items():
        (folder / "src" / name).write_text(text)
    (folder / "config.json").write_text(json.dumps({"documents": "src/*.graphql", "output": "manifest.json"}))
    await node(MANIFEST_TOOL, "--config", "config.json", folder=folder)
    return folder / "manifest.json"
