"""Verifies a ledger as it lies in the store: reads all of it, of one moment, and hands it to the verifier."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from adapters.store.ledger_reading import ledger_snapshot
from gateway.audit.checkpoint_format import CheckpointUnreadable, Head, Signed, read_checkpoint
from gateway.audit.record_format import Record, data_key_name
from gateway.audit.retention import StubUnreadable, read_stub
from gateway.audit.verify import Finding, Kind, Verifier, heads_seen, verify_checkpoints

MOST_FINDINGS = 1_000  # past which the rest is counted


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was looked at, and what is wrong with it: the first findings, and how many there are in all."""

    records: int
    checkpoints: int
    findings: tuple[Finding, ...]
    found: int


async def verify_store(
    dsn: str, trusted: Ed25519PublicKey, kept: Sequence[Signed], progress: Callable[[int, int], None]
) -> Verdict:
    """Verify everything there is; `progress` hears of records done and in all. Raises StoreUnavailable."""
    findings: list[Finding] = []
    found = 0

    def note(more: Sequence[Finding]) -> None:
        nonlocal found
        found += len(more)
        findings.extend(more[: MOST_FINDINGS - len(findings)])

    async with ledger_snapshot(dsn) as ledger:
        stored: list[Signed] = []
        for number, text in await ledger.checkpoints():
            try:
                signed = read_checkpoint(text)
            except CheckpointUnreadable as error:
                note([Finding(Kind.FLIPPED, None, number, f"the store's checkpoint {number}: {error}")])
                continue
            stored.append(signed)
            if signed.checkpoint.number != number:
                words = f"the store's checkpoint {number} is that of {signed.checkpoint.number}"
                note([Finding(Kind.REORDERED, None, number, words)])
        note(list(verify_checkpoints(stored, kept, trusted)))
        starts, of_stubs = _starts(await ledger.stubs(), trusted)
        note(of_stubs)
        keys = await ledger.keys()
        verifier = Verifier(
            keys={
                key.name
                for key in keys
                if key.name == data_key_name(key.authority, key.began_at, key.auditors, key.sealed)
            },
            starts=starts,
            ends=[Head(*head) for head in await ledger.heads()],
            seen=heads_seen([*stored, *kept], trusted),
        )
        of_all = await ledger.count()
        async for rows in ledger.by_chain():
            note(list(verifier.take([Record(*row) for row in rows])))
            progress(verifier.records, of_all)
        note(list(verifier.finish()))
        words = "another record has its reference"
        note([Finding(Kind.REPEATED, *place, words) for place in await ledger.repeated(MOST_FINDINGS)])
    return Verdict(verifier.records, len(stored), tuple(findings), found)


def _starts(stubs: Sequence[tuple[date, str]], trusted: Ed25519PublicKey) -> tuple[dict[int, Head], list[Finding]]:
    starts: dict[int, Head] = {}
    findings = []
    for number, (month, text) in enumerate(stubs, start=1):
        try:
            stub, ours = read_stub(text, trusted)
        except StubUnreadable as error:
            findings.append(Finding(Kind.FLIPPED, None, number, f"stub {number}: {error}"))
            continue
        if not ours:
            findings.append(Finding(Kind.FOREIGN_KEY, None, number, f"the stub of {stub.month:%B %Y} is not ours"))
            continue
        if stub.month != month:
            findings.append(Finding(Kind.REORDERED, None, number, f"the stub of {month:%B %Y} is another month's"))
        for last in stub.lasts:
            if last.chain not in starts or last.position > starts[last.chain].position:
                starts[last.chain] = last
    return starts, findings
