"""What may have been guessed at leaves on the beat; told without a clock, by a beat that comes after the deadline."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from adapters.number import with_check_character
from gateway.beat import Beat
from gateway.settings import Settings
from tests.running import Reply, RunningGateway

REASON = "a reason of some length"
NOBODY = with_check_character("000000000000")
CHILD = "query($n: ID!) { child(number: $n) { number } }"
LIST = "query($n: ID!, $m: ID!) { children(numbers: [$n, $m]) { number } }"
KEY = 'query { childByKey(key: {nhsNumber: "9990000018"}) { number } }'
SEARCH = """query($f: String!, $b: Int!) {
  findChildren(by: {family: $f, birthYear: $b}) { children { number address { postcode } } } }"""
ACCESSES = "query($n: ID!) { accesses(number: $n) { nodes { reference } } }"
OVERRIDE = "mutation($n: ID!, $r: String!) { overrideShield(number: $n, reason: $r) { until } }"
CONFIRM = "mutation($n: ID!, $r: String!) { confirmShield(number: $n, reason: $r) { state } }"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, deadline=2.0, beat=60.0)


async def ask(gateway: RunningGateway, query: str, name: str = "open", viewer: str = "social-worker") -> Reply:
    child = gateway.child(name)
    known = {"n": child.number, "m": NOBODY, "r": REASON, "f": child.name.family, "b": child.birth_date.year}
    variables: dict[str, Any] = {word: value for word, value in known.items() if f"${word}:" in query}
    return await gateway.ask(query, variables, viewer=viewer)


async def test_whatever_may_have_been_guessed_waits(gateway: RunningGateway) -> None:
    """CASES 17: somebody who was not found, or looked for, or acted upon; come to something or not."""
    asked = {
        "sealed": ask(gateway, CHILD, "sealed"),
        "own child": ask(gateway, CHILD, "own-child", "teacher"),
        "list": ask(gateway, LIST),
        "key": ask(gateway, KEY, viewer="gp"),
        "search": ask(gateway, SEARCH),
        "search for nobody": ask(gateway, SEARCH, "sealed"),
        "override": ask(gateway, OVERRIDE, "shielded"),
        "override for nobody": ask(gateway, OVERRIDE, "sealed"),
        "who looked": ask(gateway, ACCESSES, viewer="auditor"),
        "act": ask(gateway, CONFIRM, "sealed", "shield-officer-elsewhere"),
    }
    answers = dict(zip(asked, await asyncio.gather(*asked.values()), strict=True))
    assert {what: answer.status for what, answer in answers.items()} == dict.fromkeys(asked, 503)


@pytest.mark.parametrize("name", ["open", "shielded"])
async def test_who_is_found_is_told_at_once(gateway: RunningGateway, name: str) -> None:
    """A child by its number, with nothing that could be a guess."""
    assert (await ask(gateway, CHILD, name)).status == 200


class HeldBack(Beat):
    """A beat that comes when the test says so."""

    def __init__(self) -> None:
        super().__init__(asyncio.get_running_loop(), 0.0)
        self.waited_for = asyncio.Event()
        self.comes = asyncio.Event()

    async def after(self, began: float) -> None:
        self.waited_for.set()
        await self.comes.wait()


async def test_a_shield_raised_before_the_beat_holds_for_what_waits(gateway: RunningGateway) -> None:
    """Law 8: what was recorded is told only if no shield has moved meanwhile; else it is decided again."""
    beat = HeldBack()
    gateway.gateway.pipeline._attempts._beat = beat
    answer = asyncio.create_task(ask(gateway, SEARCH))
    await beat.waited_for.wait()
    await gateway.execute(
        "INSERT INTO holds (child_id, agency, mark) VALUES ($1, 'practice', 'PDS_RESTRICTED')",
        await gateway.id_of("open"),
    )
    beat.comes.set()
    found = {child["number"]: child for child in (await answer).data["findChildren"]["children"]}
    assert found[gateway.child("open").number]["address"] is None
