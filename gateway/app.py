"""The composition root: builds every real thing from the settings and joins them. Nothing imports this but commands."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from adapters.client import AgencyClient
from adapters.issuer_keys import IssuerKeys, IssuerUnavailable
from adapters.store.failures import StoreUnavailable
from adapters.store.postgres import Store
from gateway.agencies import build_client, join_agencies, require
from gateway.audit.group_commit import GroupCommit
from gateway.audit.ledger import Ledger
from gateway.endpoint import ALWAYS, graphql_route, live, ready_route
from gateway.errors import Unavailable
from gateway.events import Observer
from gateway.operations.documents import Documents
from gateway.operations.executor import Executor
from gateway.page import Demonstration, add_explorer
from gateway.pipeline import Pipeline
from gateway.registry import Registry
from gateway.settings import Settings
from gateway.tokens import TokenVerifier
from gateway.wire.exchange import Reply, Request, head
from gateway.wire.port import Port
from gateway.wire.routes import Routes
from resolvers.agencies import JoinedAgencies
from resolvers.joined_reads import JoinedReads
from schema.built import field_guards, graphql_schema

SHUTDOWN_SECONDS = 10.0  # what admitted requests have to be answered in once we are asked to stop


def address(host: str, port: int) -> str:
    """Where a browser finds what listens there."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class PortTaken(Exception):
    """Something else listens where we should; the text names the port and the fix."""


@dataclass(slots=True)
class Gateway:
    """A gateway, listening. Leave it with `close` or `async with`."""

    settings: Settings
    store: Store
    client: AgencyClient
    keys: IssuerKeys
    observer: Observer
    pipeline: Pipeline
    url: str = ""
    _ports: list[Port] = field(default_factory=list)

    @classmethod
    async def start(
        cls,
        settings: Settings,
        gateway_dsn: str,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        admin_port: int | None = None,
        reuse_port: bool = False,
        demonstration: Demonstration | None = None,
        agencies_of: Callable[[Settings, AgencyClient], JoinedAgencies] = join_agencies,
    ) -> Self:
        """Connect, build and listen; without an `admin_port` there are no metrics. Raises errors that name the fix."""
        require(settings)
        client = build_client(settings)
        try:
            agencies = agencies_of(settings, client)
            store = await Store.connect(gateway_dsn, connections=settings.store_connections)
        except BaseException:
            await client.close()
            raise
        observer = Observer()
        keys = IssuerKeys(client, settings.issuer)
        pipeline = Pipeline(
            viewers=TokenVerifier(keys, settings.audience),
            registry=Registry(store),
            documents=Documents(graphql_schema, field_guards),
            executor=Executor(graphql_schema, observer),
            store=store,
            reads=JoinedReads(store, at_once=settings.store_connections),
            agencies=agencies,
            ledger=Ledger(GroupCommit(store)),
            observer=observer,
            deadline=settings.deadline,
        )
        gateway = cls(settings, store, client, keys, observer, pipeline)
        try:
            public = gateway._public(demonstration)
            gateway.url = await gateway._listen(public, host, port, reuse_port=reuse_port)
            if admin_port is not None:
                await gateway._listen(gateway._admin(), host, admin_port, reuse_port=False)
        except BaseException:
            await gateway.close()
            raise
        return gateway

    async def ready(self) -> None:
        """Raise `Unavailable` unless lawful answers can be given: the store answers and the issuer's keys are known."""
        try:
            await self.store.ready()
            await self.keys.current()
        except (StoreUnavailable, IssuerUnavailable):
            raise Unavailable from None

    async def close(self) -> None:
        """Answer what was admitted, then let go of everything."""
        while self._ports:
            await self._ports.pop().close(SHUTDOWN_SECONDS)
        await self.client.close()
        await self.store.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _public(self, demonstration: Demonstration | None) -> Routes:
        routes = Routes(ALWAYS)
        answer = graphql_route(self.pipeline)
        routes.add("GET", "/graphql", answer)
        routes.add("POST", "/graphql", answer)
        self._add_health(routes)
        add_explorer(routes, demonstration)
        return routes

    def _admin(self) -> Routes:
        async def metrics(request: Request) -> Reply:
            return Reply(
                head(200, {**ALWAYS, "Content-Type": CONTENT_TYPE_LATEST}), generate_latest(self.observer.registry)
            )

        routes = Routes(ALWAYS)
        routes.add_page("/metrics", metrics)
        self._add_health(routes)
        return routes

    def _add_health(self, routes: Routes) -> None:
        routes.add_page("/health/live", live)
        routes.add_page("/health/ready", ready_route(self.ready))

    async def _listen(self, routes: Routes, host: str, port: int, *, reuse_port: bool) -> str:
        listening = Port(routes.handler_of, most_body=self.settings.request_body_cap)
        self._ports.append(listening)
        try:
            return address(host, await listening.listen(host, port, reuse_port=reuse_port))
        except OSError as error:
            raise PortTaken(
                f"cannot listen on `{host}:{port}` ({error.strerror}): stop what holds it, or choose another `--port`"
            ) from None
