"""`contactpoint audit`: verify the ledger, keep its checkpoints, open what a key opens, drop months that are over."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from rich.table import Table

from adapters import private_files
from adapters.number import BadNumber, parse_number
from adapters.store.ledger_months import drop_months
from adapters.store.ledger_reading import ledger_snapshot
from adapters.store.roles import Role
from gateway.audit.auditors import NATIONAL, Auditor, may_be_listed, private_words
from gateway.audit.checkpoint_format import CheckpointUnreadable, Head, Signed, read_checkpoint
from gateway.audit.key_files import checkpoint_key_of, index_key_of, private_key_in
from gateway.audit.opening import Keyring, OpenedRecord
from gateway.audit.record_format import Record
from gateway.audit.retention import Stub, sign_stub
from gateway.audit.sealing import Unopened, index
from gateway.audit.subject import for_its_subject, in_words
from gateway.audit.verifying import Verdict, verify_store
from gateway.database import migrated, opened
from gateway.settings import Settings
from gateway.terminal import Data, Json, out, progress_bar, settings_for

Key = Annotated[Path, typer.Option("--key", metavar="FILE", help="An auditor's private key.")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A day, UTC.")]

DAY = 86_400_000_000  # microseconds
LAST_MOMENT = 2**62

audit = typer.Typer(help="The ledger of accesses: verified, opened, kept.", no_args_is_help=True)


class AuditError(Exception):
    """What was named cannot be used; the text names the fix."""


@audit.command()
def verify(
    checkpoint: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="A checkpoint that somebody kept; more than one may be.")
    ] = None,
    public_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Whose checkpoints are ours, PEM; else by our own key.")
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Recompute every chain and name what is wrong with it. Exit code 1 where anything is."""
    settings = settings_for(data)
    trusted = _public_key(public_key) if public_key else checkpoint_key_of(settings, make=False).public_key()
    kept = [_kept(path) for path in checkpoint or ()]
    progress = progress_bar()
    bar = progress.add_task("verifying", total=None)

    def verified(done: int, of_all: int) -> None:
        progress.update(bar, completed=done, total=of_all)

    with _store(settings) as dsn, progress:
        verdict = uvloop.run(verify_store(dsn(Role.AUDIT), trusted, kept, verified))
    _show_verdict(verdict, as_json=as_json)
    if verdict.found:
        raise typer.Exit(1)


@audit.command("checkpoint")
def latest_checkpoint(data: Data = None) -> None:
    """Print the latest checkpoint. Whoever keeps it can tell later whether the ledger was taken back."""

    async def latest(dsn: str) -> str:
        async with ledger_snapshot(dsn) as ledger:
            return (await ledger.checkpoints() or [(0, "")])[-1][1]

    with _store(settings_for(data)) as dsn:
        text = uvloop.run(latest(dsn(Role.AUDIT)))
    if not text:
        raise AuditError("there is no checkpoint yet: the first is signed once something was recorded")
    typer.echo(text, nl=False)


@audit.command("public-key")
def public_key(data: Data = None) -> None:
    """Print the public half of the key that signs checkpoints, in PEM: for whoever keeps them."""
    key = checkpoint_key_of(settings_for(data), make=False).public_key()
    typer.echo(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(), nl=False)


@audit.command()
def keygen(
    name: Annotated[str, typer.Argument(help="What the auditor is called, in lower case.")],
    file: Annotated[Path, typer.Option(metavar="FILE", help="Where the private key goes.")],
    authority: Annotated[
        str, typer.Option(metavar="GSS", help="Whose protected children they audit; `*` for those of no other auditor.")
    ] = NATIONAL,
) -> None:
    """Make an auditor's private key, and print the line of the list of auditors that seals the ledger to them."""
    if not may_be_listed(name, authority):
        raise AuditError("the list takes names in lower case, and as authority a GSS code such as E08000035, or `*`")
    if file.exists():
        raise AuditError(f"`{file}` is there already: name another file")
    key = X25519PrivateKey.generate()
    try:
        private_files.keep(file, private_words(key))
    except OSError as error:
        raise AuditError(f"cannot write `{file}` ({error.strerror}): name a file that you may make") from None
    typer.echo(Auditor(name, authority, key.public_key()).line())


@audit.command("open")
def open_records(
    key: Key,
    number: Annotated[str | None, typer.Option(help="Of this child alone.")] = None,
    since: Day = None,
    until: Day = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Print what that key opens, by time, a line for each record; JSON Lines with `--json`."""

    def say(record: OpenedRecord) -> None:
        typer.echo(json.dumps(_told(record), ensure_ascii=False) if as_json else in_words(record))

    if not _open_each(settings_for(data), key, number, since, until, say):
        typer.echo("there is no such record that this key opens", err=True)


@audit.command()
def subject(
    number: Annotated[str, typer.Argument(help="Whose accesses are told.")],
    key: Key,
    since: Day = None,
    until: Day = None,
    data: Data = None,
) -> None:
    """Print, in words, who looked at a child, as the child may be told it: nothing that locates or protects it."""
    said: list[str | None] = [None]
    wanted = _number(number)

    def say(record: OpenedRecord) -> None:
        line = for_its_subject(record, wanted)
        if line is not None and line != said[-1]:  # one person's one look may be several operations
            typer.echo(line)
            said[:] = [line]

    _open_each(settings_for(data), key, wanted, since, until, say)
    if said == [None]:
        typer.echo("there is nothing to tell", err=True)


@audit.command()
def retain(
    months: Annotated[int, typer.Option(min=1, help="How many whole months are kept beside this one.")],
    data: Data = None,
) -> None:
    """Drop what is older, month by month; each leaves a signed stub that says where its chains go on."""
    settings = settings_for(data)
    signing = checkpoint_key_of(settings, make=False)
    now = datetime.now(UTC)
    month = now.year * 12 + now.month - 1 - months
    first_kept = date(month // 12, month % 12 + 1, 1)

    def stub_of(month: date, records: int, lasts: Sequence[tuple[int, int, bytes]]) -> str:
        return sign_stub(Stub(month, records, tuple([Head(*last) for last in lasts])), signing)

    with _store(settings) as dsn:
        verdict = uvloop.run(verify_store(dsn(Role.AUDIT), signing.public_key(), [], lambda done, of_all: None))
        if verdict.found:  # a stub would vouch for it
            raise AuditError("the ledger is not as it was written: see `audit verify`; nothing was dropped")
        dropped = uvloop.run(drop_months(dsn(Role.OWNER), first_kept, stub_of))
    for dropped_month, records in dropped:
        typer.echo(f"dropped {dropped_month:%B %Y}: {records:,} records")
    if not dropped:
        typer.echo(f"nothing is older than {first_kept:%B %Y}")


def _open_each(
    settings: Settings,
    key: Path,
    number: str | None,
    since: datetime | None,
    until: datetime | None,
    say: Callable[[OpenedRecord], None],
) -> int:
    """How many were opened."""
    ring = Keyring([private_key_in(key)])
    wanted = None if number is None else _number(number)
    child = None if wanted is None else index(index_key_of(settings), wanted)
    begins = 0 if since is None else _microseconds(since)
    ends = LAST_MOMENT if until is None else _microseconds(until) + DAY

    async def opened_by(dsn: str) -> int:
        count = 0
        async with ledger_snapshot(dsn) as ledger:
            ring.add(await ledger.keys())
            async for rows in ledger.by_time(begins, ends, child):
                for row in rows:
                    sealed = Record(*row)
                    try:
                        record = ring.open(sealed)
                    except Unopened:  # one that was meddled with keeps nobody from the others
                        typer.echo(f"{sealed.reference.hex()} does not open: see `audit verify`", err=True)
                        continue
                    # Of a child whose own part stays shut, the rest would still say who looked.
                    if record is not None and (wanted is None or wanted in record.numbers):
                        say(record)
                        count += 1
        return count

    with _store(settings) as dsn:
        return uvloop.run(opened_by(dsn(Role.AUDIT)))


def _told(record: OpenedRecord) -> dict[str, Any]:
    return {
        "reference": record.reference,
        "at": record.moment.isoformat(),
        "viewer": record.viewer,
        "organisation": record.organisation,
        "role": record.acting_role,
        "purpose": record.purpose,
        "reason": record.reason,
        "document": record.document,
        "outcome": record.outcome,
        "code": record.code,
        "act": record.act,
        "partOf": record.part_of,
        "flags": list(record.flags),
        "children": [
            {
                "number": child.number,
                "shown": sorted(child.shown),
                "withheld": sorted(child.withheld),
                "override": child.override,
            }
            for child in record.children
        ],
        "partsForOthers": record.unopened,
    }


def _show_verdict(verdict: Verdict, *, as_json: bool) -> None:
    if as_json:
        findings = [
            {"kind": kind.value, "chain": chain, "position": position, "words": words}
            for kind, chain, position, words in verdict.findings
        ]
        told = {"records": verdict.records, "checkpoints": verdict.checkpoints, "found": verdict.found}
        typer.echo(json.dumps(told | {"findings": findings}))
        return
    if verdict.findings:
        table = Table("what", "chain", "position", "")
        for kind, chain, position, words in verdict.findings:
            table.add_row(kind.value, "" if chain is None else str(chain), str(position), words)
        out.print(table)
    if verdict.found > len(verdict.findings):
        typer.echo(f"and {verdict.found - len(verdict.findings):,} more")
    found = "nothing is wrong" if not verdict.found else f"{verdict.found:,} findings"
    typer.echo(f"{verdict.records:,} records, {verdict.checkpoints:,} checkpoints: {found}")


@contextmanager
def _store(settings: Settings) -> Iterator[Callable[[Role], str]]:
    with opened(settings) as database:
        if database.embedded:
            uvloop.run(migrated(settings, database))
        yield database.dsn


def _kept(path: Path) -> Signed:
    try:
        return read_checkpoint(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AuditError(f"cannot read `{path}` ({error.strerror}): name a checkpoint's file") from None
    except (CheckpointUnreadable, UnicodeDecodeError):
        raise AuditError(f"`{path}` holds no checkpoint as `audit checkpoint` prints it") from None


def _public_key(path: Path) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise AuditError(f"cannot read `{path}` ({error.strerror}): name a file by `audit public-key`") from None
    except (ValueError, UnsupportedAlgorithm):
        raise AuditError(f"`{path}` holds no public key in PEM: make it by `audit public-key`") from None
    if not isinstance(key, Ed25519PublicKey):
        raise AuditError(f"`{path}` holds another kind of key than Ed25519: make it by `audit public-key`")
    return key


def _number(text: str) -> str:
    try:
        return parse_number(text)
    except BadNumber as error:
        raise AuditError(f"`{text}` is no number of a child: {error}") from None


def _microseconds(day: datetime) -> int:
    return int(day.replace(tzinfo=UTC).timestamp()) * 1_000_000
