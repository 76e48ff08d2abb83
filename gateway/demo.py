"""`contactpoint demo`: store, agencies, issuer and gateway in one command, for anybody to try on their own machine."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from joserfc.jwk import OKPKey

from adapters import private_files
from adapters.sandbox.agencies import Sandbox
from adapters.sandbox.issuer import PERSONA_GRANT, Issuer
from adapters.sandbox.personas import CLIENT, PERSONAS, clients, partners
from adapters.sandbox.places import AUTHORITY_BY_GSS
from adapters.sandbox.populate import populate
from adapters.sandbox.tokens import (
    SANDBOX_API_KEY,
    SANDBOX_CLIENT_ID,
    SANDBOX_CLIENT_SECRET,
    SANDBOX_KEY_ID,
    SANDBOX_REPORT_KEY_ID,
)
from adapters.store.authority_webhooks import point_webhooks
from adapters.store.census import count_children
from adapters.store.data_folder import claim
from adapters.store.failures import StoreSetupError
from adapters.store.registering import Registrar
from adapters.store.roles import Role
from gateway.app import Gateway
from gateway.checking import demand_lawful
from gateway.database import migrated, opened
from gateway.examples import examples, notable_numbers
from gateway.feeds.fingerprint_key import key_of
from gateway.page import Minted
from gateway.serving import check_port, spare_the_collector, until_asked_to_stop
from gateway.settings import Settings
from gateway.statistics.building import build, this_month

RUNNING = "run.json"


class Running(msgspec.Struct):
    """What a running demonstration leaves in its data folder, so that other commands find it."""

    process: int
    url: str
    issuer: str
    control: str


class _Granted(msgspec.Struct):
    access_token: str


class NothingRunning(Exception):
    """No demonstration runs on the data folder; the text names the fix."""


def running(data: Path) -> Running:
    """The demonstration that runs on `data`; raises `NothingRunning`."""
    try:
        return msgspec.json.decode((data / RUNNING).read_bytes(), type=Running)
    except (OSError, msgspec.DecodeError):
        raise NothingRunning(f"no demonstration runs on `{data}`: start it with `contactpoint demo`") from None


async def token_for(data: Path, persona: str) -> str:
    """An access token for a persona, from the issuer of the demonstration on `data`; raises `NothingRunning`."""
    form = {"grant_type": PERSONA_GRANT, "persona": persona}
    try:
        async with (
            aiohttp.ClientSession(raise_for_status=True) as session,
            session.post(f"{running(data).issuer}/token", data=form) as answer,
        ):
            return msgspec.json.decode(await answer.read(), type=_Granted).access_token
    except (aiohttp.ClientError, msgspec.DecodeError):
        raise NothingRunning(
            f"the demonstration on `{data}` does not answer: start it with `contactpoint demo`"
        ) from None


@dataclass(frozen=True, slots=True)
class DemonstrationDoor:
    """What the explorer shows in the demonstration."""

    issuer: Issuer

    @property
    def personas(self) -> Sequence[Mapping[str, Any]]:
        return [
            {"name": name, "description": persona.description, "purposes": [str(p) for p in persona.purposes]}
            for name, persona in PERSONAS.items()
        ]

    @property
    def children(self) -> Mapping[str, str]:
        return notable_numbers()

    @property
    def examples(self) -> Sequence[Mapping[str, Any]]:
        return examples()

    def mint(self, persona: str) -> Minted | None:
        if persona not in PERSONAS:
            return None
        return Minted(self.issuer.mint(persona), self.issuer.lifetime)


async def demonstrate(
    settings: Settings,
    host: str,
    port: int,
    children: int,
    pds_rate: int,
    populating: Callable[[int], None],
    started: Callable[[str], None],
) -> None:
    """Run until asked to stop. `populating` hears how many children are in, `started` the address once all is ready."""
    if settings.dsn or settings.gateway_dsn or settings.shield_dsn or settings.feed_dsn or settings.registry_dsn:
        # Its personas' tokens are for anybody: they must never open a store that others fill.
        raise StoreSetupError("the demonstration keeps a store of its own: unset `CONTACTPOINT_DSN` and its like")
    check_port(host, port)
    with claim(settings.data) as held, opened(settings, held, make=True) as database:
        await migrated(settings, database)
        if not await count_children(database.dsn(Role.OWNER)):
            await populate(database.dsn(Role.OWNER), children, populating, key_of(settings))
        async with AsyncExitStack() as running_parts:
            issuer = await Issuer.start(settings.data / "issuer-key.json")
            running_parts.push_async_callback(issuer.close)
            async with await Registrar.connect(database.dsn(Role.REGISTRY)) as registrar:
                await registrar.put((), partners(), clients(issuer.url))
                await build(registrar, this_month(datetime.now(UTC).date()))
            sandbox = await running_parts.enter_async_context(await Sandbox.start(pds_rate=pds_rate))
            await point_webhooks(
                database.dsn(Role.REGISTRY),
                {authority: f"{sandbox.urls.reports}/{authority}" for authority in AUTHORITY_BY_GSS},
            )
            answering = pretended(settings, sandbox, issuer)
            await demand_lawful(database.dsn(Role.GATEWAY), answering)
            gateway = await running_parts.enter_async_context(
                await Gateway.start(
                    answering,
                    database.dsn(Role.GATEWAY),
                    shield_dsn=database.dsn(Role.SHIELD),
                    feed_dsn=database.dsn(Role.FEED),
                    host=host,
                    port=port,
                    demonstration=DemonstrationDoor(issuer),
                )
            )
            place = settings.data / RUNNING
            place.write_bytes(msgspec.json.encode(Running(os.getpid(), gateway.url, issuer.url, sandbox.urls.control)))
            running_parts.callback(place.unlink, missing_ok=True)
            spare_the_collector()
            started(gateway.url)
            await until_asked_to_stop()


def pretended(settings: Settings, sandbox: Sandbox, issuer: Issuer) -> Settings:
    """The settings, with the sandbox's agencies and issuer in place of real ones."""
    urls = sandbox.urls
    key_file = settings.data / "sandbox-pds-key.json"
    private_files.replace(key_file, msgspec.json.encode(sandbox.pds_key.as_dict(private=True)))
    report_key_file = settings.data / "report-key.json"
    report_key = OKPKey.import_key(sandbox.report_key)
    private_files.replace(report_key_file, msgspec.json.encode(report_key.as_dict(private=True)))
    return replace(
        settings,
        issuer=issuer.url,
        explorer_client=CLIENT,
        report_key_file=report_key_file,
        report_key_id=SANDBOX_REPORT_KEY_ID,
        oneroster_url=urls.oneroster,
        oneroster_token_url=urls.oneroster_token,
        oneroster_client_id=SANDBOX_CLIENT_ID,
        oneroster_client_secret=SANDBOX_CLIENT_SECRET,
        register_url=urls.gias,
        register_key=SANDBOX_API_KEY,
        pds_url=urls.pds,
        pds_token_url=urls.pds_token,
        pds_client_id=SANDBOX_CLIENT_ID,
        pds_key_file=key_file,
        pds_key_id=SANDBOX_KEY_ID,
        pds_rate=float(sandbox.pds_rate),
        ods_url=urls.ods,
        ods_key=SANDBOX_API_KEY,
        lev_url=urls.lev,
        lev_username=SANDBOX_CLIENT_ID,
        lev_client=SANDBOX_CLIENT_ID,
        services_url=urls.services,
        services_token_url=urls.services_token,
        services_client_id=SANDBOX_CLIENT_ID,
        services_client_secret=SANDBOX_CLIENT_SECRET,
    )
