"""The GraphQL-over-HTTP specification, as the `graphql-http` suite audits it from outside."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from tests.running import RunningGateway

NODE = Path(sys.executable).with_name("node")  # linked there by `make test`
AUDITS = Path(__file__).parent.parent / "node" / "audits.mjs"

FEWEST_AUDITS = 61


@pytest.mark.skipif(not NODE.exists(), reason="no node beside python: `make test` links one")
@pytest.mark.skipif(not (AUDITS.parent / "node_modules").exists(), reason="`make test` installs graphql-http")
async def test_every_audit_passes(gateway: RunningGateway) -> None:
    """MUST, SHOULD and MAY alike: no audit of the suite has anything to say."""
    run = await asyncio.create_subprocess_exec(
        NODE,
        AUDITS,
        env=os.environ
        | {
            "GATEWAY_URL": f"{gateway.url}/graphql",
            "GATEWAY_TOKEN": gateway.token("teacher"),
            "GATEWAY_PURPOSE": "SAFEGUARDING",
        },
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await run.communicate()
    audits = json.loads(printed)
    assert len(audits) >= FEWEST_AUDITS
    assert [audit for audit in audits if audit["status"] != "ok"] == []
