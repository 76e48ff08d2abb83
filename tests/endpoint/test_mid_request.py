"""Shields that move while an answer is made: an agency keeps it waiting, and an officer acts meanwhile (law 7)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from adapters.agency import AgencyName
from adapters.sandbox.faults import Fault
from tests.endpoint.test_officers_acts import OFFICER, SECOND, act, change, state
from tests.endpoint.test_override import BEHIND, HIDDEN, override
from tests.running import Reply, RunningGateway

WHEREABOUTS = "address { postcode } enrolments { school { urn } }"


@asynccontextmanager
async def kept_waiting(gateway: RunningGateway, asked: "asyncio.Task[Reply]") -> AsyncIterator[None]:
    """While the school's records have been asked for it and do not answer; they do after the block."""
    gateway.sandbox.fault(AgencyName.SCHOOL, Fault.SLOW)
    before = gateway.calls["school"]
    while gateway.calls["school"] == before:  # noqa: ASYNC110 - the sandbox counts, and tells nobody
        await asyncio.sleep(0)
    assert not asked.done()
    yield
    assert not asked.done()
    gateway.sandbox.fault(AgencyName.SCHOOL, Fault.NONE)


def asking(gateway: RunningGateway, name: str, fields: str, **how: Any) -> "asyncio.Task[Reply]":
    """A request for a notable child, under way."""
    return asyncio.create_task(gateway.ask_child(name, fields, **how))


async def test_raised_it_holds_for_the_answer_that_waits(gateway: RunningGateway) -> None:
    """CASES 19: what was decided and fetched while the child was open is not in the answer, nor told to the ledger."""
    asked = asking(gateway, "open", WHEREABOUTS)
    async with kept_waiting(gateway, asked):
        assert state(await act(gateway, "raiseShield", gateway.child("open").number)) == "DONE"
    reply = await asked
    assert reply.data == {"child": {"address": None, "enrolments": None}}
    assert reply.withheld == [["child", "address"], ["child", "enrolments"]]
    assert [child.shown for child in (await gateway.record_of(reply)).children] == [set()]


async def test_sealed_meanwhile_the_child_is_in_no_answer(gateway: RunningGateway) -> None:
    """CASES 19: beside an open child whose school is slow: what was visible of it is not when the school answers."""
    numbers = [gateway.child(name).number for name in ("shielded", "open")]
    text = f"query($n: [ID!]!) {{ children(numbers: $n) {{ name {{ family }} {WHEREABOUTS} }} }}"
    asked = asyncio.create_task(gateway.ask(text, {"n": numbers}))
    async with kept_waiting(gateway, asked):
        assert state(await change(gateway, numbers[0], tier="SEALED")) == "DONE"
    reply = await asked
    sealed, beside = reply.data["children"]
    assert sealed is None
    assert beside["address"] is not None
    assert reply.withheld == []


async def test_lifted_meanwhile_it_is_shown_whole_or_not_at_all(gateway: RunningGateway) -> None:
    """CASES 19: one snapshot for the whole answer, whichever it is: here the later, as the record asks for it."""
    numbers = [gateway.child(name).number for name in ("shielded", "open")]
    fields = "address { postcode } formerNames { family } enrolments { start }"
    text = f"query($n: [ID!]!) {{ children(numbers: $n) {{ {fields} }} }}"
    asked = asyncio.create_task(gateway.ask(text, {"n": numbers}))
    async with kept_waiting(gateway, asked):
        await act(gateway, "liftShield", numbers[0], viewer=OFFICER)
        assert state(await act(gateway, "liftShield", numbers[0], viewer=SECOND)) == "DONE"
    reply = await asked
    lifted, _ = reply.data["children"]
    assert lifted["address"]["postcode"] == gateway.child("shielded").address.postcode
    assert None not in lifted.values()
    assert reply.withheld == []


async def test_an_override_that_ends_meanwhile_shows_nothing(gateway: RunningGateway) -> None:
    """CASES 19 and 31: any act upon the shield ends it, for the answer too that was being made under it."""
    await override(gateway, "shielded")
    asked = asking(gateway, "shielded", BEHIND, viewer="social-worker", purpose="SAFEGUARDING")
    async with kept_waiting(gateway, asked):
        assert state(await change(gateway, gateway.child("shielded").number, ground="a new threat")) == "DONE"
    reply = await asked
    assert reply.withheld == HIDDEN
    assert set(reply.data["child"].values()) == {None}


@pytest.mark.parametrize("name", ["open", "shielded"])
async def test_an_answer_that_waits_under_the_same_shields_is_what_it_was(gateway: RunningGateway, name: str) -> None:
    """So that the tests above can fail: nothing but the shield makes the difference."""
    how = {"viewer": "shield-officer", "purpose": "SHIELD_MANAGEMENT"}
    unhindered = await gateway.ask_child(name, WHEREABOUTS, **how)
    asked = asking(gateway, name, WHEREABOUTS, **how)
    async with kept_waiting(gateway, asked):
        pass
    assert (await asked).body == unhindered.body
    assert unhindered.data["child"]["enrolments"]
