"""The GraphQL-over-HTTP specification, as the `graphql-http` suite audits it from outside, for every role."""

import asyncio
import json
import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from adapters.sandbox.personas import PERSONAS
from tests.running import RunningGateway

NODE = Path(sys.executable).with_name("node")  # linked there by `make test`
AUDITS = Path(__file__).parent.parent / "node" / "audits.mjs"

# All that version 1.23.1 has: none is left out, and a later version may only have more.
MUST, SHOULD, MAY = 13, 23, 25

# One of each role: each has a schema of its own, two without mutations, and a partner sends no text of its own.
ROLES = ("teacher", "shield-officer", "steward", "analyst", "auditor", "partner-cms")


async def audited(gateway: RunningGateway, persona: str) -> list[dict[str, str]]:
    """What each audit says of the gateway as the persona finds it."""
    run = await asyncio.create_subprocess_exec(
        NODE,
        AUDITS,
        env=os.environ
        | {
            "GATEWAY_URL": f"{gateway.url}/graphql",
            "GATEWAY_TOKEN": gateway.token(persona),
            "GATEWAY_PURPOSE": PERSONAS[persona].purposes[0],
            "GATEWAY_REASON": "an audit of the protocol",
        },
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await run.communicate()
    outcomes: list[dict[str, str]] = json.loads(printed)
    return outcomes


@pytest.mark.skipif(not NODE.exists(), reason="no node beside python: `make test` links one")
@pytest.mark.skipif(not (AUDITS.parent / "node_modules").exists(), reason="`make test` installs graphql-http")
async def test_every_audit_passes_for_every_role(gateway: RunningGateway) -> None:
    """MUST, SHOULD and MAY alike: no audit of the suite has anything to say, and all sixty-one have been run."""
    for persona, audits in zip(ROLES, await asyncio.gather(*(audited(gateway, one) for one in ROLES)), strict=True):
        counted = Counter(audit["name"].split()[0] for audit in audits)
        assert counted >= Counter(MUST=MUST, SHOULD=SHOULD, MAY=MAY), persona
        assert [audit for audit in audits if audit["status"] != "ok"] == [], persona


def test_the_personas_audited_are_of_every_role() -> None:
    """A role that came later would have a schema that nobody has audited."""
    assert {PERSONAS[persona].acting_role for persona in ROLES} == {one.acting_role for one in PERSONAS.values()}
