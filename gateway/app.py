"""The composition root: builds every real thing from the settings and joins them. Nothing imports this but commands."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from ssl import SSLContext
from types import TracebackType
from typing import Any, Self

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from adapters.client import AgencyClient
from adapters.issuer_keys import IssuerKeys, IssuerUnavailable
from adapters.store.failures import StoreUnavailable
from adapters.store.feeding import FeedStore
from adapters.store.kinship import print_of
from adapters.store.listening import Listener
from adapters.store.postgres import Store
from adapters.store.shields import ShieldBook
from adapters.webhook import Signer, Webhook
from gateway.acts import OfficersDesk
from gateway.agencies import build_client, join_agencies, require
from gateway.attempts import Attempts
from gateway.audit.access_book import AuditDesk
from gateway.audit.checkpoints import Checkpoints
from gateway.audit.data_keys import DataKeys
from gateway.audit.group_commit import GroupCommit
from gateway.audit.key_files import auditors_of, checkpoint_key_of, index_key_of, opening_keys_of
from gateway.audit.ledger import Ledger
from gateway.audit.scribe import Scribe
from gateway.beat import Beat
from gateway.classes import CLASSES
from gateway.doors import Doors
from gateway.endpoint import graphql_route, live, ready_route
from gateway.errors import Unavailable
from gateway.events import Event, Observer
from gateway.feeds.fingerprint_key import key_of
from gateway.guessing import Guessing
from gateway.masking import kind, masked_loop
from gateway.operations.documents import Documents
from gateway.operations.executor import Executor
from gateway.operations.limits import Limits
from gateway.page import Demonstration, add_explorer
from gateway.pipeline import Pipeline
from gateway.protection import ProtectionCounts
from gateway.published import Published
from gateway.purpose import reasons_demanded
from gateway.registry import Registry
from gateway.reports import ReportSender, report_signer
from gateway.settings import Settings
from gateway.sign_in import SignIn
from gateway.tokens import TokenVerifier
from gateway.trust import issuers, token_rules
from gateway.wire.exchange import ALWAYS, Reply, Request, head
from gateway.wire.port import Port
from gateway.wire.routes import Routes
from gateway.wire.tls import tls_context
from resolvers.agencies import JoinedAgencies
from resolvers.children import Most
from resolvers.joined_reads import JoinedReads
from schema.built import field_guards, graphql_schema

SHUTDOWN_SECONDS = 10.0  # what admitted requests have to be answered in once we are asked to stop
STEWARDS = 2  # connections for their work
STEWARDS_PATIENCE = 3.0  # seconds a statement of theirs may take
JWK_SET = "application/jwk-set+json"


def address(host: str, port: int, *, secure: bool = False) -> str:
    """Where a browser finds what listens there."""
    scheme = "https" if secure else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


class PortTaken(Exception):
    """Something else listens where we should; the text names the port and the fix."""


@dataclass(slots=True)
class Gateway:
    """A gateway, listening. Leave it with `close` or `async with`."""

    settings: Settings
    store: Store
    client: AgencyClient
    keys: Mapping[str, IssuerKeys]
    observer: Observer
    pipeline: Pipeline
    ledger: Ledger
    signer: Signer | None
    url: str = ""
    _ports: list[Port] = field(default_factory=list)
    _opened: AsyncExitStack = field(default_factory=AsyncExitStack)

    @classmethod
    async def start(
        cls,
        settings: Settings,
        gateway_dsn: str,
        *,
        shield_dsn: str | None = None,
        feed_dsn: str | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        admin_port: int | None = None,
        reuse_port: bool = False,
        demonstration: Demonstration | None = None,
        agencies_of: Callable[[Settings, AgencyClient], JoinedAgencies] = join_agencies,
        documents: Documents | None = None,
    ) -> Self:
        """Connect, build and listen. Raises errors that name the fix.

        Without a `shield_dsn` officers' acts are unavailable, without a `feed_dsn` stewards' work, without an
        `admin_port` there are no metrics, and without a key to sign them reports stay in the outbox. `documents` of the
        same limits may be another gateway's: what a text means has nothing to do with whose it is.
        """
        require(settings)
        async with AsyncExitStack() as opening:
            signer = report_signer(settings)
            client = build_client(settings)
            opening.push_async_callback(client.close)
            agencies = agencies_of(settings, client)
            store = await Store.connect(gateway_dsn, connections=settings.store_connections)
            opening.push_async_callback(store.close)
            observer = Observer()
            opening.enter_context(masked_loop(observer))
            limits = Limits.of(settings)
            book, stewards = await _doors(opening, shield_dsn, feed_dsn)
            keys = {issuer: IssuerKeys(client, issuer) for issuer in issuers(settings)}
            for each in keys.values():
                opening.push_async_callback(each.close)
            registry = Registry(store)
            documents = documents or documents_under(limits)
            published = Published(documents, registry, store, observer)
            data_keys = DataKeys(store, auditors_of(settings))
            scribe = Scribe(data_keys, index_key_of(settings))
            ledger = Ledger(
                GroupCommit(store, burst=settings.guess_burst, per_second=settings.guess_per_minute / 60), scribe
            )
            doors, guessing = Doors(documents, published), Guessing()
            attempts = Attempts(
                doors=doors,
                most=Most(limits.children, limits.searches),
                executor=Executor(observer),
                store=store,
                reads=JoinedReads(store, at_once=settings.store_connections),
                agencies=agencies,
                ledger=ledger,
                guessing=guessing,
                observer=observer,
                beat=Beat(asyncio.get_running_loop(), settings.beat),
                audit=AuditDesk(store, scribe, opening_keys_of(settings)),
            )
            pipeline = Pipeline(
                tokens=TokenVerifier(keys, token_rules(settings, partial(print_of, key_of(settings, make=False)))),
                registry=registry,
                doors=doors,
                limits=limits,
                reasons_demanded=reasons_demanded(settings.reasons_required),
                guessing=guessing,
                attempts=attempts,
                ledger=ledger,
                observer=observer,
                deadline=settings.deadline,
                desk=OfficersDesk(book, stewards, store, observer, scribe),
            )
            checkpoints = Checkpoints(store, checkpoint_key_of(settings), observer, every=settings.checkpoint_seconds)
            await opening.enter_async_context(_meanwhile(checkpoints.run()))
            await data_keys.make_ahead(await store.protecting_authorities())
            await opening.enter_async_context(_meanwhile(data_keys.keep_ahead(store.protecting_authorities)))
            await _registered(registry, published)
            listening = Listener(gateway_dsn).listen(lambda: _registered(registry, published))
            await opening.enter_async_context(_meanwhile(listening))
            await opening.enter_async_context(_meanwhile(published.telling()))
            if signer is not None:
                sender = ReportSender(store, Webhook(client, signer), observer)
                await opening.enter_async_context(_meanwhile(sender.run()))
            gateway = cls(settings, store, client, keys, observer, pipeline, ledger, signer)
            opening.push_async_callback(gateway._stop_listening)
            public = gateway._public(demonstration)
            gateway.url = await gateway._listen(public, host, port, reuse_port=reuse_port, tls=tls_context(settings))
            if admin_port is not None:
                await gateway._listen(gateway._admin(), host, admin_port)
            gateway._opened = opening.pop_all()
        return gateway

    async def ready(self) -> None:
        """Raise `Unavailable` unless lawful answers can be given: they are recorded, and an issuer's keys are known."""
        try:
            await self.ledger.ready()
        except StoreUnavailable:
            raise Unavailable from None
        for keys in self.keys.values():  # where one issuer is gone, others' tokens are as good as ever
            with suppress(IssuerUnavailable):
                await keys.current()
                return
        raise Unavailable

    async def close(self) -> None:
        """Answer what was admitted, then let go of everything."""
        await self._opened.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _public(self, demonstration: Demonstration | None) -> Routes:
        routes = Routes()
        answer = graphql_route(self.pipeline, self.settings.client_certificate_header)
        routes.add("GET", "/graphql", answer)
        routes.add("POST", "/graphql", answer)
        self._add_health(routes)
        add_explorer(routes, demonstration, SignIn.of(self.settings, self.keys))
        return routes

    def _admin(self) -> Routes:
        protection = ProtectionCounts(self.store, self.observer)

        async def metrics(request: Request) -> Reply:
            await protection.refresh()
            return Reply(
                head(200, {**ALWAYS, "Content-Type": CONTENT_TYPE_LATEST}), generate_latest(self.observer.registry)
            )

        async def report_keys(request: Request) -> Reply:
            known = self.signer.public_keys() if self.signer else {"keys": []}
            return Reply(head(200, {**ALWAYS, "Content-Type": JWK_SET}), msgspec.json.encode(known))

        routes = Routes()
        routes.add_page("/metrics", metrics)
        routes.add_page("/.well-known/contactpoint-keys", report_keys)
        self._add_health(routes)
        return routes

    def _add_health(self, routes: Routes) -> None:
        routes.add_page("/health/live", live)
        routes.add_page("/health/ready", ready_route(self.ready))

    def _unforeseen(self, error: Exception) -> None:
        self.observer.happened(Event.UNFORESEEN, kind(error))

    async def _stop_listening(self) -> None:
        while self._ports:
            await self._ports.pop().close(SHUTDOWN_SECONDS)

    async def _listen(
        self, routes: Routes, host: str, port: int, *, reuse_port: bool = False, tls: SSLContext | None = None
    ) -> str:
        listening = Port(routes.handler_of, most_body=self.settings.request_body_cap, failed=self._unforeseen)
        self._ports.append(listening)
        try:
            listened = await listening.listen(host, port, reuse_port=reuse_port, tls=tls)
            return address(host, listened, secure=tls is not None)
        except OSError as error:
            raise PortTaken(
                f"cannot listen on `{host}:{port}` ({error.strerror}): stop what holds it, or choose another `--port`"
            ) from None


def documents_under(limits: Limits) -> Documents:
    """What reads every role's texts."""
    return Documents(graphql_schema, field_guards, CLASSES, limits)


async def _doors(
    opening: AsyncExitStack, shield_dsn: str | None, feed_dsn: str | None
) -> tuple[ShieldBook | None, FeedStore | None]:
    """The store as officers and stewards have it, each under the role of its own; None where that has no address."""
    book = stewards = None
    if shield_dsn is not None:
        book = await ShieldBook.connect(shield_dsn)
        opening.push_async_callback(book.close)
    if feed_dsn is not None:
        stewards = await FeedStore.connect(feed_dsn, connections=STEWARDS, timeout=STEWARDS_PATIENCE)
        opening.push_async_callback(stewards.close)
    return book, stewards


async def _registered(registry: Registry, published: Published) -> None:
    """Know the registry as it stands now, with all that is published ready to run."""
    await registry.refresh()
    await published.prepare(registry.snapshot)


@asynccontextmanager
async def _meanwhile(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Have it done in the background until we leave."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
