"""The hand-written twin: the same duties for this one operation alone, in a straight line, as fast as Python goes.

It verifies token, registry and purpose, reads child and shield in one statement joined across requests, joins the
agencies' calls likewise, and answers once its access is on disk under the epochs it was decided by. It knows no
GraphQL, and of protected children and its viewer's own only that they are not for it: one among those asked for is
refused whole.
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import asyncpg
import msgspec
import uvloop
from aiohttp import web
from cachetools import TTLCache
from yarl import URL

from adapters.client import JSON, MEBIBYTE, AgencyClient
from adapters.issuer_keys import IssuerKeys
from adapters.parent_names import folded
from adapters.store.entries import ChildAccess, Conditions, packed
from adapters.store.kinship import is_kin, print_of
from adapters.store.postgres import Store
from adapters.store.registry_records import RECORDED
from adapters.wire import Answer, Request, Wire
from benchmarks.contestants import twin_records as records
from benchmarks.contestants.joining import Apart, Joined
from benchmarks.operation import MANY, ONE
from benchmarks.surroundings import Told, told
from gateway.audit.data_keys import DataKeys
from gateway.audit.key_files import auditors_of, index_key_of
from gateway.audit.scribe import Access, Scribe
from gateway.feeds.fingerprint_key import key_of
from gateway.purpose import Ground, ground_of
from gateway.registry import Registry
from gateway.serving import until_asked_to_stop
from gateway.settings import read_settings
from gateway.shield.policy import at_most
from gateway.tokens import TokenRules, TokenVerifier
from gateway.viewer import Bearer, Viewer
from gateway.wire.peer import Peer
from resolvers.disclosure import Category

READ: Final = """
SELECT e.epoch, g.epoch AS registered, r.number, r.given, r.family, r.birth_date, r.gender, r.address_status,
       r.address_lines, r.postcode, r.uprn, r.keys, r.tier, r.held, r.kin
  FROM shield_epoch e CROSS JOIN registry_epoch g LEFT JOIN child_readings r ON r.number = ANY ($1::text[])
"""
RECORD: Final = "SELECT record_accesses(1, $1, 30, 0.2)"
# What a viewer must be allowed to see for this operation.
ASKED: Final = frozenset(
    {
        Category.IDENTITY,
        Category.ADDRESS,
        Category.SCHOOL,
        Category.PRACTICE,
        Category.PARENT_NAMES,
        Category.CONTACT,
    }
)
SHOWN: Final = frozenset(category.value for category in ASKED)
NOTHING: Final[frozenset[str]] = frozenset()
HASHES: Final = {text: "sha256:" + hashlib.sha256(text.encode()).hexdigest() for text in (ONE, MANY)}
TOKEN_SECONDS: Final = 10  # how long a token's verification is kept, within its life
ATTEMPTS: Final = 5
PATIENCE: Final = 5.0  # seconds an agency may take

PUNCTUATION: Final = dict.fromkeys(map(ord, "'-.`"))

_asked = msgspec.json.Decoder(records.Asked)
_keys = msgspec.json.Decoder(records.Keys)


class Twin:
    """The server."""

    def __init__(
        self,
        told: Told,
        pool: "asyncpg.Pool[asyncpg.Record]",
        http: Wire,
        verifier: TokenVerifier,
        registry: Registry,
        scribe: Scribe,
    ) -> None:
        self._told = told
        self._pool = pool
        self._http = http
        self._loop = asyncio.get_running_loop()
        self._verifier = verifier
        self._registry = registry
        self._scribe = scribe
        self._bearers: TTLCache[bytes, Bearer] = TTLCache(10_000, TOKEN_SECONDS, time.monotonic)
        self._children = Joined(self._read, at_once=1)
        self._ledger = Joined(self._record, at_once=1)
        self._schools = self._agency("schools", list[records.EnrolmentHeld])
        self._practices = self._agency("practices", records.PracticeHeld)
        self._parents = self._agency("parents", list[records.ParentHeld])
        self._contacts = self._agency("contacts", list[records.ContactHeld])

    async def handle(self, request: web.BaseRequest) -> web.Response:
        asked = _asked.decode(await request.read())
        document = HASHES[asked.query]
        standing = await self._registry.standing(await self._bearer(request.headers.get("Authorization")))
        viewer = standing.viewer
        ground = ground_of(standing, request.headers.get("Contactpoint-Purpose"), None)
        if standing.refusal or ASKED - at_most(viewer, ground.purpose):
            return web.Response(status=403)
        one = asked.variables.number
        numbers = [one] if one else asked.variables.numbers
        for _ in range(ATTEMPTS):
            rows = await self._children.ask(numbers)
            children = await self._answered(viewer, numbers, rows)
            reference = secrets.token_hex(16)
            sealed = await self._scribe.sealed(_access(reference, viewer, ground, document, numbers, rows))
            read = next(iter(rows.values()))
            entry = packed(sealed, Conditions(read["epoch"], read["registered"], 0))
            became = (await self._ledger.ask([entry]))[entry]
            if became > RECORDED:
                return web.Response(status=429)
            if became != RECORDED:
                await self._registry.refresh()
                continue  # a shield has changed since, or the registry
            data = records.One(children[0]) if one else records.Many(children)
            return web.Response(
                body=msgspec.json.encode(records.Answer(data)),
                headers={
                    "Cache-Control": "no-store",
                    "X-Content-Type-Options": "nosniff",
                    "Content-Type": f"{JSON}; charset=utf-8",
                    "Contactpoint-Record": reference,
                },
            )
        return web.Response(status=503)

    async def _bearer(self, authorization: str | None) -> Bearer:
        key = hashlib.sha256((authorization or "").encode()).digest()
        known = self._bearers.get(key)
        if known is None:
            known = self._bearers[key] = await self._verifier.bearer(authorization, Peer(), None)
        return known

    async def _answered(
        self, viewer: Viewer, numbers: Sequence[str], rows: Mapping[str, asyncpg.Record]
    ) -> list[records.Child | None]:
        found = [row for number in numbers if (row := rows.get(number)) is not None]
        if any(
            row["tier"] is not None or row["held"] is not False or is_kin(viewer.prints, row["kin"]) for row in found
        ):
            raise web.HTTPForbidden
        keys = [_keys.decode(row["keys"]) for row in found]
        nhs_numbers = [key.NHS_NUMBER for key in keys]
        asked = (
            self._schools.ask([key.UPN for key in keys]),
            self._practices.ask(nhs_numbers),
            self._parents.ask([key.BIRTH_ENTRY for key in keys]),
            self._contacts.ask(nhs_numbers),
        )
        schools, practices, parents, contacts = [await answer for answer in asked]
        children = {
            row["number"]: records.child_of(
                row,
                schools[key.UPN],
                practices[key.NHS_NUMBER],
                _reached(parents[key.BIRTH_ENTRY], contacts[key.NHS_NUMBER]),
            )
            for row, key in zip(found, keys, strict=True)
        }
        return [children.get(number) for number in numbers]

    async def _read(self, numbers: Sequence[str]) -> Mapping[str, asyncpg.Record]:
        rows = await self._pool.fetch(READ, numbers)
        return {row["number"]: row for row in rows}

    async def _record(self, entries: Sequence[bytes]) -> Mapping[bytes, int]:
        return dict(zip(entries, await self._pool.fetchval(RECORD, entries), strict=True))

    def _exchange(self, asked: Request) -> Awaitable[Answer]:
        return self._http.exchange(asked, True, (), self._loop.time() + PATIENCE)

    def _agency(self, kind: str, record: Any) -> Any:
        bulk = msgspec.json.Decoder(dict[str, dict[str, record]])
        single = msgspec.json.Decoder(record)
        url = URL(self._told.agencies)

        async def in_bulk(keys: Sequence[str]) -> Any:
            body = msgspec.json.encode({"keys": keys})
            asked = Request("POST", url, f"/bulk/{kind}", {"Content-Type": JSON}, body)
            return bulk.decode((await self._exchange(asked)).body)["records"]

        async def alone(key: str) -> Any:
            asked = Request("GET", url, f"/single/{kind}/{quote(key, safe='')}", {}, b"")
            return single.decode((await self._exchange(asked)).body)

        return Joined(in_bulk, at_once=2) if self._told.bulk else Apart(alone)


def _access(
    reference: str,
    viewer: Viewer,
    ground: Ground,
    document: str,
    numbers: Sequence[str],
    rows: Mapping[str, asyncpg.Record],
) -> Access:
    return Access(
        reference=reference,
        viewer=viewer.subject,
        organisation=viewer.organisation,
        acting_role=viewer.role.value,
        purpose=ground.purpose.value,
        reason=None,
        document=document,
        outcome="ANSWERED",
        children=tuple([ChildAccess(number, SHOWN, NOTHING, override=False) for number in numbers if number in rows]),
    )


def _reached(parents: Sequence[records.ParentHeld], contacts: Sequence[records.ContactHeld]) -> list[records.Parent]:
    """Each parent with the one contact of that name; where two could be meant, with none."""
    reached: dict[str, records.ContactHeld | None] = {}
    for contact in contacts:
        name = _folded(contact.name)
        reached[name] = None if name in reached else contact
    return [records.parent_of(parent, reached.get(_folded(parent.name))) for parent in parents]


def _folded(name: records.Name) -> str:
    text = f"{' '.join(name.given)}|{name.family}"
    return text.casefold().translate(PUNCTUATION) if text.isascii() else folded(text)


async def serve(told: Told) -> None:
    """Answer until ended, having said where."""
    async with AsyncExitStack() as parts:
        http = Wire(connect_timeout=1.0, read_timeout=3.0, body_cap=2 * MEBIBYTE, header_cap=8190)
        parts.push_async_callback(http.close)
        client = await parts.enter_async_context(AgencyClient())
        keys = IssuerKeys(client, told.issuer)
        settings = read_settings({}, data=Path(told.keys))
        prints = partial(print_of, key_of(settings))
        verifier = TokenVerifier({told.issuer: keys}, TokenRules(audience="contactpoint", print_of=prints))
        pool = await parts.enter_async_context(asyncpg.create_pool(told.dsn, reset=_nothing_to_reset))
        store = await Store.connect(told.dsn, connections=1)
        parts.push_async_callback(store.close)
        registry = Registry(store)
        await registry.refresh()
        scribe = Scribe(DataKeys(store, auditors_of(settings)), index_key_of(settings))
        twin = Twin(told, pool, http, verifier, registry, scribe)
        runner = web.ServerRunner(web.Server(twin.handle))
        await runner.setup()
        parts.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(f"ready http://127.0.0.1:{runner.addresses[0][1]}/graphql", flush=True)
        await until_asked_to_stop()


async def _nothing_to_reset(connection: Any) -> None:
    """Spare a round trip per statement: none leaves anything behind."""


if __name__ == "__main__":
    uvloop.run(serve(told()))
