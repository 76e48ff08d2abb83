"""`contactpoint registry` and `contactpoint statistics`: who may come, and a month's counts. No child is in either."""

import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
import uvloop
from stdnum.gb import nhs

from adapters.records import NhsNumber
from adapters.store.kinship import print_of
from adapters.store.registering import Registrar
from adapters.store.roles import Role
from gateway.database import migrated, opened
from gateway.feeds.fingerprint_key import key_of
from gateway.registration import RegistrationError, read_registration
from gateway.settings import Settings
from gateway.statistics.building import build, check_month, this_month
from gateway.terminal import Data, settings_for

Result = TypeVar("Result")

registry = typer.Typer(help="Who may come: organisations, partners, clients; tokens called back.", no_args_is_help=True)
statistics = typer.Typer(help="Counts of children by month, for analysts.", no_args_is_help=True)


def with_registrar(settings: Settings, work: Callable[[Registrar], Coroutine[Any, Any, Result]]) -> Result:
    """Do the work as the registry's role."""

    async def connected(dsn: str) -> Result:
        async with await Registrar.connect(dsn) as registrar:
            return await work(registrar)

    with opened(settings) as database:
        if database.embedded:
            uvloop.run(migrated(settings, database))
        return uvloop.run(connected(database.dsn(Role.REGISTRY)))


@registry.command("apply")
def apply(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Organisations, partners and clients, in TOML.")],
    data: Data = None,
) -> None:
    """Register all that the file says, or nothing; what is registered by the same name is as the file has it."""
    settings = settings_for(data)
    read = read_registration(file)
    with_registrar(settings, lambda registrar: registrar.put(read.organisations, read.partners, read.clients))
    counts = (
        f"{len(read.organisations)} organisations",
        f"{len(read.partners)} partners",
        f"{len(read.clients)} clients",
    )
    typer.echo(f"registered {', '.join(counts)}")


@registry.command("deny")
def deny(
    token: Annotated[str, typer.Argument(metavar="JTI", help="The token's own id, as its `jti` has it.")],
    issuer: Annotated[str, typer.Option(metavar="URL", help="Who issued it, as its `iss` has it.")],
    until: Annotated[str, typer.Option(metavar="TIME", help="Its own end: 2026-11-22T21:00:00Z.")],
    data: Data = None,
) -> None:
    """Call a token back: it is refused from its next request on, whichever worker that comes to."""
    settings = settings_for(data)
    ends = _moment(until)
    if ends <= datetime.now(UTC):
        raise RegistrationError("`--until` is over: give the token's own end, for until then it is called back")
    if not token or not token.isprintable() or " " in token:
        raise RegistrationError("the token is called by its `jti`: give it exactly as the token has it")

    async def denied(registrar: Registrar) -> None:
        # A word that is not the issuer's to the letter would call nothing back, and say that it had.
        if issuer not in await registrar.issuers():
            raise RegistrationError(
                f"no client of `{issuer}` is registered: give the issuer as its tokens' `iss` has it"
            )
        await registrar.deny_token(issuer, token, ends)

    with_registrar(settings, denied)
    typer.echo(f"denied until {ends.isoformat()}")


@registry.command("staff")
def staff(
    organisation: Annotated[str, typer.Argument(help="Who employs them, as registered.")],
    subject: Annotated[str, typer.Argument(help="Whom their tokens name as `sub`.")],
    forget: Annotated[bool, typer.Option("--forget", help="Forget who they are.")] = False,
    data: Data = None,
) -> None:
    """Say who a member of staff is, so that they never read their own or their own child's record.

    Their NHS number is read from the standard input, never from the command line; a keyed fingerprint of it is kept.
    """
    settings = settings_for(data)
    number = None if forget else _nhs_number()

    async def named(registrar: Registrar) -> None:
        print_ = None
        if number is not None:
            key = key_of(settings, make=False)
            await registrar.demand_kin_key(key)
            print_ = print_of(key, number)
        await registrar.name_staff(organisation, subject, print_)

    with_registrar(settings, named)
    typer.echo("forgotten" if forget else "named")


@statistics.command("build")
def build_statistics(
    month: Annotated[str | None, typer.Option(metavar="MONTH", help="2026-11; else this month.")] = None,
    data: Data = None,
) -> None:
    """Build a month's counts, once and for good: on the first of each month."""
    settings = settings_for(data)
    today = datetime.now(UTC).date()
    first = this_month(today) if month is None else _month(month)
    check_month(first, today)
    cells = with_registrar(settings, lambda registrar: build(registrar, first))
    typer.echo(f"built {first:%Y-%m}: {cells} cells" if cells else f"{first:%Y-%m} is built already")


def _nhs_number() -> NhsNumber:
    text = nhs.compact(sys.stdin.readline())
    if not nhs.is_valid(text):
        raise RegistrationError("give their NHS number on the standard input: ten digits whose check digit fits")
    return NhsNumber(text)


def _moment(text: str) -> datetime:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise RegistrationError("`--until` is a time such as 2026-11-22T21:00:00Z") from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _month(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        raise RegistrationError("`--month` is a month such as 2026-11") from None
