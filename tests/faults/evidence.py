"""What is looked at once a fault is over: whether each answer has its record, and whether the ledger is whole."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import asyncpg

from adapters.store.roles import Connection, Role
from gateway.audit.checkpoint_format import Signed, read_checkpoint
from gateway.audit.key_files import AUDITOR_KEY, FOLDER, checkpoint_key_of, private_key_in
from gateway.audit.opening import OpenedRecord
from gateway.audit.verifying import verify_store
from gateway.settings import Settings
from tests.auditing import opened
from tests.faults.clients import Answer
from tests.faults.stage import Stage


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found: answers without a record, the findings of the verifier, and the chains that it went through."""

    unrecorded: tuple[str, ...]
    findings: tuple[str, ...]
    chains: int


async def keep_checkpoint(stage: Stage) -> list[Signed]:
    """The last checkpoint there is, as somebody elsewhere keeps it."""
    owner = await _owner(stage)
    try:
        text = await owner.fetchval("SELECT text FROM ledger_checkpoints ORDER BY number DESC LIMIT 1")
        return [] if text is None else [read_checkpoint(text)]
    finally:
        await owner.close()


async def look(stage: Stage, answers: Iterable[Answer], kept: Sequence[Signed]) -> Looked:
    """Look for the record of each answer, as an auditor opens it, and at every chain from its beginning."""
    told = [answer for answer in answers if answer.discloses]
    owner = await _owner(stage)
    try:
        records = {
            record.reference: record
            for record in await opened(
                owner,
                private_key_in(stage.data / FOLDER / AUDITOR_KEY),
                [bytes.fromhex(answer.reference) for answer in told if answer.reference is not None],
            )
        }
        chains = int(await owner.fetchval("SELECT count(*) FROM ledger_chains WHERE position > 0"))
    finally:
        await owner.close()
    unrecorded = [wrong for answer in told if (wrong := _wrong(answer, records.get(answer.reference or "")))]
    key = checkpoint_key_of(Settings(data=stage.data)).public_key()
    verdict = await verify_store(stage.cluster.dsn(Role.AUDIT), key, kept, lambda done, of_all: None)
    return Looked(tuple(unrecorded), tuple(finding.words for finding in verdict.findings), chains)


def _wrong(answer: Answer, record: OpenedRecord | None) -> str:
    """What is wrong with the record of an answer; empty where nothing is."""
    if record is None:
        return f"no record {answer.reference}"
    if record.outcome != "ANSWERED":
        return f"record {record.reference} says {record.outcome}"
    missing = set(answer.asked) - set(record.numbers)
    return f"record {record.reference} does not name {len(missing)} of its children" if missing else ""


async def _owner(stage: Stage) -> Connection:
    return await asyncpg.connect(stage.cluster.dsn(Role.OWNER))
