"""The command `contactpoint`: each reads its words, calls what does the work, and says in one line what failed."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer
import uvloop
from rich.progress import Progress
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
from gateway.audit_commands import AuditError, audit
from gateway.checking import LawBroken, check
from gateway.database import migrated, opened
from gateway.demo import NothingRunning, demonstrate, running, token_for
from gateway.document_commands import NotPublished, UnknownPartner, documents
from gateway.examples import notable_numbers
from gateway.feed_commands import feed
from gateway.feeds.definition import SourceError
from gateway.feeds.fingerprint_key import key_of
from gateway.partners.checking import SchemaError
from gateway.partners.manifest import ManifestError
from gateway.registration import RegistrationError
from gateway.registry_commands import registry, statistics
from gateway.serving import WorkerEnded
from gateway.serving import serve as serve_until_stopped
from gateway.settings import SettingError
from gateway.statistics.building import BadMonth
from gateway.terminal import Data, Json, out, progress_bar, settings_for, show

# Everything whose text is one line that names the fix.
EXPECTED = (
    SettingError,
    StoreSetupError,
    StoreUnavailable,
    PortTaken,
    SourceError,
    ManifestError,
    UnknownPartner,
    NotPublished,
    SchemaError,
    RegistrationError,
    BadMonth,
    AuditError,
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
command.add_typer(feed, name="feed")
command.add_typer(documents, name="documents")
command.add_typer(registry, name="registry")
command.add_typer(statistics, name="statistics")
command.add_typer(audit, name="audit")

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)]
# The notable children are among the first fifty.
Children = Annotated[int, typer.Option(help="How many synthetic children.", min=50, max=20_000_000)]


@command.command()
def demo(
    data: Data = None,
    host: Host = "127.0.0.1",
    port: Port = 8080,
    children: Children = 10_000,
    pds_rate: Annotated[int, typer.Option(help="Calls a second that the pretended PDS allows.", min=1)] = 200,
) -> None:
    """Run everything on this machine: store, agencies, issuer, gateway and explorer. Stop it with Ctrl-C."""
    settings = settings_for(data)
    progress = progress_bar()
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
    serve_until_stopped(settings_for(data), host, port, admin_port, workers)


@command.command()
def migrate(data: Data = None) -> None:
    """Bring the store's tables and roles up to this version."""
    settings = settings_for(data)
    with opened(settings, make=True) as database:
        applied = uvloop.run(migrated(settings, database))
    out.print("\n".join(f"applied {name}" for name in applied) or "nothing to apply")


@command.command("populate")
def populate_store(children: Children, data: Data = None) -> None:
    """Fill an empty store with synthetic children, the same every time."""
    settings = settings_for(data)

    async def fill(progress: Progress) -> None:
        bar = progress.add_task("populating", total=children)
        with opened(settings, make=True) as database:
            await migrated(settings, database)
            progress.start()
            owner, key = database.dsn(Role.OWNER), key_of(settings)
            await populate(owner, children, lambda done: progress.update(bar, completed=done), key)

    progress = progress_bar()
    try:
        uvloop.run(fill(progress))
    finally:
        progress.stop()
    out.print(f"populated {children} children")


@command.command()
def token(persona: str, data: Data = None) -> None:
    """Print an access token of a running demonstration for PERSONA."""
    settings = settings_for(data)
    if persona not in PERSONAS:
        raise SettingError(f"there is no persona `{persona}`: choose one of {', '.join(PERSONAS)}")
    typer.echo(asyncio.run(token_for(settings.data, persona)))


@sandbox.command("children")
def sandbox_children(data: Data = None, as_json: Json = False) -> None:
    """The notable children and their numbers."""
    settings_for(data)
    show(notable_numbers(), "child", "number", as_json=as_json)


@sandbox.command("calls")
def sandbox_calls(data: Data = None, as_json: Json = False) -> None:
    """How many calls each agency has had since the demonstration began."""
    settings = settings_for(data)
    show(asyncio.run(sandbox_agencies.calls(running(settings.data).control)), "agency", "calls", as_json=as_json)


@sandbox.command("fault")
def sandbox_fault(
    agency: AgencyName,
    kind: Fault,
    seconds: Annotated[float | None, typer.Option("--for", help="Heal after so many seconds.", min=0.1)] = None,
    data: Data = None,
) -> None:
    """Make an agency fail (`none` heals it, but not what `restricted` did: children then asked for stay held)."""
    settings = settings_for(data)
    asyncio.run(sandbox_agencies.fault(running(settings.data).control, agency, kind, seconds))
    if kind is Fault.RESTRICTED:
        out.print("every child asked for meanwhile is held, and stays so: to begin anew, remove the data folder")


@sandbox.command("reports")
def sandbox_reports(
    fault: Annotated[
        Fault | None, typer.Option(help="Make the desk fail instead: `down`, `slow`; `none` heals.")
    ] = None,
    seconds: Annotated[float | None, typer.Option("--for", help="Heal after so many seconds.", min=0.1)] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """What authorities were told of overrides, holds and raised shields, and whether our signature held."""
    control = running(settings_for(data).data).control
    if fault is not None:
        asyncio.run(sandbox_agencies.fault_of_reports(control, fault, seconds))
        return
    received = asyncio.run(sandbox_agencies.reports(control))
    if as_json:
        typer.echo(msgspec.json.encode(received).decode())
        return
    table = Table("authority", "reference", "genuine", "report")
    for report in received:
        table.add_row(report.authority, report.reference, "yes" if report.genuine else "NO", json.dumps(report.report))
    out.print(table)


@command.command("check")
def check_laws(data: Data = None, as_json: Json = False) -> None:
    """Prove the laws on the live store, one line each; exit code 1 where any is broken."""
    settings = settings_for(data)
    with opened(settings) as database:
        laws = uvloop.run(check(database.dsn(Role.GATEWAY), settings))
    if as_json:
        told = [{"name": law.name, "breaches": law.breaches, "mend": law.mend} for law in laws]
        typer.echo(json.dumps({"laws": told}))
    else:
        for law in laws:
            word = "BROKEN" if law.broken else "advice"
            typer.echo(f"{word} {law.name} {law.breaches} {law.mend}" if law.breaches else f"ok {law.name}")
    if any(law.broken for law in laws):
        raise typer.Exit(1)


def run() -> None:
    """Run the command line; an expected failure is one line and exit code 1, a wrong word exit code 2."""
    try:
        command()
    except EXPECTED as error:
        typer.echo(f"contactpoint: {error}", err=True)
        sys.exit(1)


def _show_demonstration(url: str, data: Path) -> None:
    table = Table(Column("persona", no_wrap=True, min_width=max(map(len, PERSONAS))), "purposes", "who")
    for name, persona in PERSONAS.items():
        table.add_row(name, ", ".join(persona.purposes), persona.description)
    typer.echo(f"ready {url}")
    out.print(table)
    typer.echo(f"open {url}/ in a browser, or ask with a token: contactpoint token teacher --data {data}")
