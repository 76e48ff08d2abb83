"""`contactpoint feed`: load a source's file, and see how far each source has come."""

import json
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop
from rich.progress import Progress
from rich.table import Table

from adapters.store.feeding import FeedStore, SourceStatus
from adapters.store.roles import Role
from gateway.beat import rest
from gateway.checking import demand_lawful
from gateway.database import Database, migrated, opened
from gateway.feeds.definition import SourceDefinition, SourceError, read_definition
from gateway.feeds.fingerprint_key import key_of
from gateway.feeds.loading import load
from gateway.feeds.report import LoadReport, Reader
from gateway.settings import Settings
from gateway.terminal import Data, Json, out, progress_bar, settings_for

SHOWN = 20  # rejected rows in a table; JSON has more

feed = typer.Typer(help="Files that sources send: load them, and see how far each has come.", no_args_is_help=True)


@feed.command("load")
def load_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What the source sent: CSV or JSON Lines.")],
    source: Annotated[str, typer.Option(metavar="NAME", help="Whose it is; `NAME.toml` says how they write.")],
    as_of: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Since when it holds, in UTC (2026-11-22); else the file's own time."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would come of it, and change nothing.")] = False,
    report: Annotated[Reader | None, typer.Option(help="One reader's part of the report alone.")] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Load a file. After a kill the same command goes on where it stopped; a file that was loaded changes nothing.

    With `--report source` it ends after a whole minute or several: how long a load takes tells what became of its rows.
    """
    began, settings = time.monotonic(), settings_for(data)
    definition = read_definition(source, _sources(settings))
    holds_since = _holds_since(file, as_of)
    if report is Reader.SOURCE:
        typer.echo(f"the report is told after {settings.source_beat:g} s, or a multiple of that", err=True)
    progress = progress_bar()
    try:
        with opened(settings) as database:
            loaded = uvloop.run(_loaded(settings, database, file, definition, holds_since, dry_run, progress))
    finally:
        progress.stop()
    if report is Reader.SOURCE:
        time.sleep(rest(time.monotonic() - began, settings.source_beat))
    parts = {reader: loaded.told_to(reader) for reader in ([report] if report else Reader)}
    if as_json:
        typer.echo(json.dumps({reader.value: part for reader, part in parts.items()}))
    else:
        _show(loaded, parts)


@feed.command("status")
def status(data: Data = None, as_json: Json = False) -> None:
    """The file of each source that was worked on last."""
    settings = settings_for(data)
    with opened(settings) as database:
        sources = uvloop.run(_status(database.dsn(Role.FEED)))
    rows = [
        {
            "source": source.source,
            "asOf": source.begun.as_of.isoformat(),
            "rows": source.begun.rows_done,
            "finished": source.begun.finished,
            "touchedAt": source.touched_at.isoformat(),
        }
        for source in sources
    ]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = Table("source", "as of", "rows", "finished", "touched")
    for row in rows:
        table.add_row(*(str(cell) for cell in row.values()))
    out.print(table)


async def _loaded(
    settings: Settings,
    database: Database,
    file: Path,
    definition: SourceDefinition,
    as_of: datetime,
    dry_run: bool,
    progress: Progress,
) -> LoadReport:
    if database.embedded:
        await migrated(settings, database)
    key = key_of(settings)
    await demand_lawful(database.dsn(Role.FEED), settings)
    bar = progress.add_task("loading", total=None)

    def loading(line: int, lines: int) -> None:
        progress.start()
        progress.update(bar, completed=line, total=lines)

    store = await FeedStore.connect(database.dsn(Role.FEED))
    try:
        return await load(store, file, definition, as_of=as_of, key=key, dry_run=dry_run, progress=loading)
    finally:
        await store.close()


async def _status(dsn: str) -> tuple[SourceStatus, ...]:
    store = await FeedStore.connect(dsn)
    try:
        return await store.status()
    finally:
        await store.close()


def _sources(settings: Settings) -> Path:
    return settings.data / "sources" if settings.sources == Path() else settings.sources


def _holds_since(file: Path, as_of: str | None) -> datetime:
    """What the command line says, else when the file was written; never a time that has not come."""
    now = datetime.now(UTC)
    if as_of is None:
        try:
            return min(datetime.fromtimestamp(file.stat().st_mtime, UTC), now)
        except OSError as error:
            raise SourceError(f"cannot read `{file}` ({error.strerror}): give a file that is yours to read") from None
    given = _moment(as_of)
    if given > now:
        raise SourceError(f"`--as-of` {given.date()} has not come yet: give the day the file was made")
    return given


def _moment(text: str) -> datetime:
    for form in ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"):
        with suppress(ValueError):
            return datetime.strptime(text, form).replace(tzinfo=UTC)
    raise SourceError("`--as-of` is a date such as 2026-11-22")


def _show(loaded: LoadReport, parts: dict[Reader, dict[str, Any]]) -> None:
    if loaded.already_loaded:
        out.print("loaded already, so nothing changes; this is what came of it then")
    for reader, part in parts.items():
        table = Table(reader.value, "rows")
        for word, count in part.items():
            if isinstance(count, int) and not isinstance(count, bool):
                table.add_row("rejected" if word == "rejectedInAll" else word, str(count))
        for note, count in part.get("noted", {}).items():
            table.add_row(note, str(count))
        out.print(table)
    if Reader.SOURCE in parts and loaded.rejects:
        table = Table("line", "column", "reason", title="rejected")
        for reject in loaded.rejects[:SHOWN]:
            table.add_row(str(reject.line), reject.column or "", reject.reason)
        out.print(table)
        if len(loaded.rejects) > SHOWN:
            out.print("the rest: ask with `--json`")
