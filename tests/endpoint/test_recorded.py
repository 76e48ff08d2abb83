"""No answer leaves before it is recorded, and none is recorded that was decided under other shields (laws 1, 7, 8)."""

from collections.abc import Sequence

import pytest

from adapters.store.entries import Conditions, SealedEntry
from gateway.audit.ledger import Records
from tests.running import RunningGateway

RAISE = """
    INSERT INTO shields (child_id, tier, authority, ground, review_on)
    SELECT id, $2, coalesce(authority, 'E08000035'), 'domestic abuse', date '2030-01-01' FROM children WHERE number = $1
"""


async def test_an_answer_carries_the_reference_of_its_record(gateway: RunningGateway) -> None:
    """Who, for whom, why, which document, which child, which categories: and not one value."""
    reply = await gateway.ask_child("shielded", "name { family } address { postcode }", purpose="SAFEGUARDING")
    [record] = await gateway.ledger()
    assert record.reference == reply.headers["Contactpoint-Record"]
    assert record.viewer == "persona-teacher"
    assert record.acting_role == "PRACTITIONER"
    assert record.purpose == "SAFEGUARDING"
    assert record.document is not None
    assert record.document.startswith("sha256:")
    assert record.outcome == "ANSWERED"
    [access] = record.children
    assert access.number == gateway.child("shielded").number
    assert (access.shown, access.withheld) == ({"IDENTITY"}, {"ADDRESS"})
    child = gateway.child("shielded")
    for value in (child.name.family, child.address.postcode):
        assert str(value) not in str(record)


async def test_the_reason_given_is_recorded(gateway: RunningGateway) -> None:
    """In the viewer's own words."""
    await gateway.ask_child("open", "number", headers={"Contactpoint-Reason": "absent since Monday"})
    [record] = await gateway.ledger()
    assert record.reason == "absent since Monday"


async def test_refusals_and_empty_answers_are_recorded_too(gateway: RunningGateway) -> None:
    """CASES 60: who was refused what, and who looked for somebody and found nobody."""
    await gateway.ask("{ viewer { subject } }", purpose="AUDIT")
    await gateway.ask("{ nonsense }")
    await gateway.ask_child("sealed", "number")
    refused, invalid, nobody = await gateway.ledger()
    assert (refused.outcome, refused.code, refused.purpose) == ("REFUSED", "FORBIDDEN", "AUDIT")
    assert (invalid.outcome, invalid.code) == ("REFUSED", "INVALID_DOCUMENT")
    assert nobody.outcome == "ANSWERED"
    # Matched, so that an auditor sees the attempt; nothing of it shown or withheld.
    [matched] = nobody.children
    assert (matched.number, matched.shown, matched.withheld) == (gateway.child("sealed").number, set(), set())


async def test_without_a_record_there_is_no_answer(gateway: RunningGateway) -> None:
    """CASES 58: the ledger cannot be written, so nothing is disclosed."""
    await gateway.execute("REVOKE EXECUTE ON FUNCTION record_accesses FROM contactpoint_gateway")
    reply = await gateway.ask_child("open", "name { family }")
    assert (reply.status, reply.codes) == (503, ["UNAVAILABLE"])
    assert "data" not in reply.body
    assert reply.headers["Retry-After"]


async def test_a_shield_raised_in_the_store_changes_the_very_next_answer(gateway: RunningGateway) -> None:
    """Law 8: shield decisions are never cached."""
    before = await gateway.ask_child("open", "address { postcode } enrolments { school { urn } }")
    assert before.data["child"]["address"] is not None
    calls = gateway.calls["school"]
    await gateway.execute(RAISE, gateway.child("open").number, "SHIELDED")
    after = await gateway.ask_child("open", "address { postcode } enrolments { school { urn } }")
    assert after.data["child"] == {"address": None, "enrolments": None}
    assert gateway.calls["school"] == calls


async def test_a_seal_raised_in_the_store_takes_the_child_out_of_every_answer(gateway: RunningGateway) -> None:
    """From one request to the next there is no such child."""
    number = gateway.child("open").number
    await gateway.execute(RAISE, number, "SEALED")
    reply = await gateway.ask_child("open", "number")
    assert reply.body == {"data": {"child": None}}


class _ShieldsRaisedBehindIt:
    """Records in whose way, between the reading and the record, a shield is raised: as an officer might at any time."""

    def __init__(self, records: Records, gateway: RunningGateway, raised: Sequence[str]) -> None:
        self._records = records
        self._gateway = gateway
        self._raised = list(raised)
        self.attempts = 0

    async def record(self, entry: SealedEntry, conditions: Conditions) -> int:
        self.attempts += 1
        if self._raised:
            await self._gateway.execute(RAISE, self._gateway.child(self._raised.pop(0)).number, "SHIELDED")
        return await self._records.record(entry, conditions)


async def test_a_shield_raised_while_the_answer_is_made_holds_for_that_answer(
    gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CASES 19: by law 7 the record is refused under the old epoch, and the answer is decided again."""
    ledger = gateway.gateway.pipeline._ledger
    between = _ShieldsRaisedBehindIt(ledger._records, gateway, ["open"])
    monkeypatch.setattr(ledger, "_records", between)
    reply = await gateway.ask_child("open", "address { postcode }")
    assert reply.data["child"]["address"] is None
    assert between.attempts == 2
    assert [record.children[0].withheld for record in await gateway.ledger()] == [{"ADDRESS"}]


async def test_shields_that_never_come_to_rest_end_in_no_answer(
    gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Doubt closes: five attempts, then 503, and not one of them recorded as answered."""
    moving = ["open", "twin", "renamed", "home-educated", "no-practice", "elsewhere"]
    ledger = gateway.gateway.pipeline._ledger
    between = _ShieldsRaisedBehindIt(ledger._records, gateway, moving)
    monkeypatch.setattr(ledger, "_records", between)
    reply = await gateway.ask_child("under-five", "number")
    assert (reply.status, reply.codes) == (503, ["UNAVAILABLE"])
    assert await gateway.ledger() == []


async def test_a_shield_nobody_can_read_closes(gateway: RunningGateway) -> None:
    """Law 8: the table of shields is out of reach, so no child is shown at all."""
    await gateway.execute("REVOKE SELECT ON shields FROM contactpoint_gateway")
    reply = await gateway.ask_child("open", "name { family }")
    assert (reply.status, reply.codes) == (503, ["UNAVAILABLE"])
