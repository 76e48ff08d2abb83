"""The command `contactpoint`: each reads its words, calls what does the work, and says in one line what failed."""

import asyncio
import json
import logging
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from adapters.agency import AgencyName
from adapters.sandbox import agencies as sandbox_agencies
from adapters.sandbox.faults import Fault
from adapters.sandbox.issuer import IssuerKeyError
from adapters.sandbox.personas import PERSONAS
from adapters.sandbox.populate import populate
from adapters.store.failures import StoreSetupError, StoreUnavailable
from adapters.store.roles import Role
from gateway.app import PortTaken
from gateway.checking import LawBroken
from gateway.database import migrated, opened
from gateway.demo import NothingRunning, demonstrate, running, token_for
from gateway.examples import notable_numbers
from gateway.serving import WorkerEnded
from gateway.serving import serve as serve_until_stopped
from gateway.settings import SettingError, Settings, read_settings

# Everything whose text is one line that names the fix.
EXPECTED = (
    SettingError,
    StoreSetupError,
    StoreUnavailable,
    PortTaken,
    LawBroken,
    WorkerEnded,
    NothingRunning,
    IssuerKeyError,
    sandbox_agencies.SandboxUnreachable,
)

command = typer.Typer(
    name="contactpoint",
    help="A child's record, joined live from its agencies; shielded fields withheld while the answer is made.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
sandbox = typer.Typer(help="The pretended agencies of a running demonstration.", no_args_is_help=True)
command.add_typer(sandbox, name="sandbox")

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Data folder (CONTACTPOINT_DATA, default .contactpoint)."),
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)]
# The notable children are among the first fifty.
Children = Annotated[int, typer.Option(help="How many synthetic children.", min=50, max=20_000_000)]

out = Console()


@command.command()
def demo(
    data: Data = None,
    host: Host = "127.0.0.1",
    port: Port = 8080,
    children: Children = 10_000,
    pds_rate: Annotated[int, typer.Option(help="Calls a second that the pretended PDS allows.", min=1)] = 200,
) -> None:
    """Run everything on this machine: store, agencies, issuer, gateway and explorer. Stop it with Ctrl-C."""
    settings = _settings(data)
    progress = _progress()
    bar = progress.add_task("populating", total=children)

    def populating(done: int) -> None:
        progress.start()
        progress.update(bar, completed=done)

    def started(url: str) -> None:
        progress.stop()
        _show_demonstration(url, settings.data)

    try:
        uvloop.run(demonstrate(settings, host, port, children, pds_rate, populating, started))
    finally:
        progress.stop()


@command.command()
def serve(
    data: Data = None,
    host: Host = "127.0.0.1",
    port: Port = 8080,
    admin_port: Annotated[
        int, typer.Option(help="Port of metrics and health; each worker takes the next one.", min=1, max=65_000)
    ] = 9090,
    workers: Annotated[int, typer.Option(help="Processes that answer.", min=1, max=64)] = 1,
) -> None:
    """Answer for real: the store, issuer and agencies that the settings name."""
    serve_until_stopped(_settings(data), host, port, admin_port, workers)


@command.command()
def migrate(data: Data = None) -> None:
    """Bring the store's tables and roles up to this version."""
    settings = _settings(data)
    with opened(settings) as database:
        applied = uvloop.run(migrated(settings, database))
    out.print("\n".join(f"applied {name}" for name in applied) or "nothing to apply")


@command.command("populate")
def populate_store(children: Children, data: Data = None) -> None:
    """Fill an empty store with synthetic children, the same every time."""
    settings = _settings(data)

    async def fill(progress: Progress) -> None:
        bar = progress.add_task("populating", total=children)
        with opened(settings) as database:
            await migrated(settings, database)
            progress.start()
            await populate(database.dsn(Role.OWNER), children, lambda done: progress.update(bar, completed=done))

    progress = _progress()
    try:
        uvloop.run(fill(progress))
    finally:
        progress.stop()
    out.print(f"populated {children} children")


@command.command()
def token(persona: str, data: Data = None) -> None:
    """Print an access token of a running demonstration for PERSONA."""
    settings = _settings(data)
    if persona not in PERSONAS:
        raise SettingError(f"there is no persona `{persona}`: choose one of {', '.join(PERSONAS)}")
    typer.echo(asyncio.run(token_for(settings.data, persona)))


@sandbox.command("children")
def sandbox_children(data: Data = None, as_json: Json = False) -> None:
    """The notable children and their numbers."""
    _settings(data)
    _show(notable_numbers(), "child", "number", as_json=as_json)


@sandbox.command("calls")
def sandbox_calls(data: Data = None, as_json: Json = False) -> None:
    """How many calls each agency has had since the demonstration began."""
    settings = _settings(data)
    _show(asyncio.run(sandbox_agencies.calls(running(settings.data).control)), "agency", "calls", as_json=as_json)


@sandbox.command("fault")
def sandbox_fault(
    agency: AgencyName,
    kind: Fault,
    seconds: Annotated[float | None, typer.Option("--for", help="Heal after so many seconds.", min=0.1)] = None,
    data: Data = None,
) -> None:
    """Make an agency fail (`none` heals it, but not what `restricted` did: children then asked for stay held)."""
    settings = _settings(data)
    asyncio.run(sandbox_agencies.fault(running(settings.data).control, agency, kind, seconds))
    if kind is Fault.RESTRICTED:
        out.print("every child asked for meanwhile is held, and stays so: to begin anew, remove the data folder")


def run() -> None:
    """Run the command line; an expected failure is one line and exit code 1, a wrong word exit code 2."""
    try:
        command()
    except EXPECTED as error:
        typer.echo(f"contactpoint: {error}", err=True)
        sys.exit(1)


def _settings(data: Path | None) -> Settings:
    settings = read_settings(os.environ, data=data)
    level = logging.getLevelNamesMapping().get(settings.log_level.upper())
    if level is None:
        raise SettingError("`CONTACTPOINT_LOG_LEVEL` must be `DEBUG`, `INFO`, `WARNING` or `ERROR`")
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    return settings


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _show(values: Any, key: str, value: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(values))
        return
    table = Table(key, value)
    for name, shown in values.items():
        table.add_row(name, str(shown))
    out.print(table)


def _show_demonstration(url: str, data: Path) -> None:
    table = Table(Column("persona", no_wrap=True, min_width=max(map(len, PERSONAS))), "purposes", "who")
    for name, persona in PERSONAS.items():
        table.add_row(name, ", ".join(persona.purposes), persona.description)
    typer.echo(f"ready {url}")
    out.print(table)
    typer.echo(f"open {url}/ in a browser, or ask with a token: contactpoint token teacher --data {data}")
