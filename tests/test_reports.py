"""Reports to authorities: signed, delivered until they are taken, told once however many processes deliver."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OKPKey

from adapters.agency import AgencyBroken, AgencyName, AgencyRefused, Mark
from adapters.client import AgencyClient
from adapters.sandbox.agencies import Sandbox
from adapters.sandbox.faults import Fault
from adapters.sandbox.tokens import SANDBOX_REPORT_KEY_ID, sandbox_report_key
from adapters.store.authority_webhooks import point_webhooks
from adapters.store.entries import Report
from adapters.store.postgres import Store
from adapters.store.roles import Role
from adapters.webhook import Signer, Webhook, body_of, verify
from gateway.events import Observer
from gateway.reports import FIRST_PAUSE, LONGEST_PAUSE, ReportSender, pause, report_signer
from gateway.settings import SettingError, Settings
from tests.adapters.loopback import served
from tests.databases import Database
from tests.store.rows import Rows

LEEDS, YORK = "E08000035", "E06000014"

KEY = Ed25519PrivateKey.generate()


def report(url: str = "https://authority.example.org/reports") -> Report:
    """One of an override."""
    body = '{"number": "8BJTKW9399R9J", "viewer": "somebody"}'
    return Report(1, "reference", LEEDS, url, "OVERRIDE", body, datetime(2026, 1, 2, tzinfo=UTC), 1)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with await Sandbox.start() as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[AgencyClient]:
    """Impatient: a receiver that does not answer is left at once."""
    async with AgencyClient(read_timeout=0.1) as asking:
        yield asking


@pytest.fixture
async def rows(database: Database) -> AsyncIterator[Rows]:
    connection = await database.connect()
    yield Rows(connection)
    await connection.close()


@pytest.fixture
async def sender(store: Store, client: AgencyClient, sandbox: Sandbox, database: Database) -> ReportSender:
    """Delivers what the test's outbox holds to the sandbox's desk, which is Leeds' alone."""
    await point_webhooks(database.dsn(Role.REGISTRY), {LEEDS: f"{sandbox.urls.reports}/{LEEDS}"})
    return ReportSender(store, Webhook(client, Signer(sandbox_report_key(), SANDBOX_REPORT_KEY_ID)), Observer())


async def mark(store: Store, child: int) -> None:
    """Have something to report: an agency marked its record of the child."""
    await store.place_hold(child, AgencyName.PRACTICE, Mark.PDS_RESTRICTED)


async def test_a_report_is_taken_once_and_signed_by_us(
    sender: ReportSender, store: Store, rows: Rows, sandbox: Sandbox
) -> None:
    """It says what happened to which child, and bears the reference that its receiver knows it by."""
    await mark(store, await rows.child("8BJTKW9399R9J"))
    assert await sender.send_due() == 1
    [came] = sandbox.reports.received
    assert came.genuine
    assert came.authority == LEEDS
    assert came.report["reference"] == came.reference
    told = {name: came.report[name] for name in ("kind", "number", "agency", "mark")}
    assert told == {
        "kind": "HOLD_PLACED",
        "number": "8BJTKW9399R9J",
        "agency": "practice",
        "mark": Mark.PDS_RESTRICTED.value,
    }
    assert await sender.send_due() == 0
    assert await store.take_reports(10) == []


async def test_a_shield_raised_by_others_is_told_until_it_is_confirmed(
    sender: ReportSender, rows: Rows, sandbox: Sandbox
) -> None:
    """To the authority that is to stand by it, with whose officer raised it; of what they wrote nothing."""
    for number, confirmed in (("8BJTKW9399R9J", False), ("F12R0749SBD38", True)):
        await rows.connection.execute(
            "INSERT INTO shields (child_id, tier, authority, ground, review_on, raised_from, confirmed_at)"
            " VALUES ($1, 'SHIELDED', $2, 'a hidden ground', now(), $3, CASE WHEN $4::boolean THEN now() END)",
            await rows.child(number),
            LEEDS,
            YORK,
            confirmed,
        )
    assert await sender.send_due() == 1
    [came] = sandbox.reports.received
    assert (came.report["kind"], came.report["number"], came.report["raisedFrom"]) == (
        "SHIELD_RAISED",
        "8BJTKW9399R9J",
        YORK,
    )
    assert "hidden" not in str(came.report)


@pytest.mark.parametrize("fault", [Fault.DOWN, Fault.SLOW])
async def test_a_report_that_is_not_taken_comes_again(
    sender: ReportSender, store: Store, rows: Rows, sandbox: Sandbox, fault: Fault
) -> None:
    """Later, under the same reference; it is never given up, and waits in the count meanwhile."""
    await mark(store, await rows.child())
    sandbox.reports.fault(fault)
    assert await sender.send_due() == 1
    await sandbox.reports.until_refused(1)
    assert (await store.protection_counts())["reports_waiting"] == 1
    waits = await rows.connection.fetchrow("SELECT attempts, next_at > now() AS later, delivered_at FROM outbox")
    assert dict(waits or {}) == {"attempts": 1, "later": True, "delivered_at": None}
    assert await sender.send_due() == 0
    sandbox.reports.fault(Fault.NONE)
    await rows.connection.execute("UPDATE outbox SET next_at = now()")
    assert await sender.send_due() == 1
    [came] = sandbox.reports.received
    assert came.reference == await rows.connection.fetchval("SELECT reference FROM outbox")
    assert (await store.protection_counts())["reports_waiting"] == 0


async def test_one_of_many_that_fails_keeps_none_back(
    sender: ReportSender, store: Store, rows: Rows, sandbox: Sandbox, database: Database
) -> None:
    """An authority whose desk is gone delays its own reports alone."""
    await point_webhooks(database.dsn(Role.REGISTRY), {YORK: "http://127.0.0.1:1/nobody"})
    await mark(store, await rows.child(authority=YORK))
    await mark(store, await rows.child(authority=LEEDS))
    assert await sender.send_due() == 2
    assert [came.authority for came in sandbox.reports.received] == [LEEDS]


async def test_several_processes_share_the_work(
    sender: ReportSender, store: Store, rows: Rows, sandbox: Sandbox
) -> None:
    """What one has taken no other takes: each report arrives once."""
    for _ in range(30):
        await mark(store, await rows.child())
    assert sum(await asyncio.gather(*(sender.send_due() for _ in range(4)))) == 30
    references = [came.reference for came in sandbox.reports.received]
    assert len(references) == len(set(references)) == 30


async def test_what_a_process_dies_with_comes_again(store: Store, rows: Rows, sender: ReportSender) -> None:
    """Two minutes after it was taken, not sooner and not never."""
    await mark(store, await rows.child())
    [taken] = await store.take_reports(10)
    assert await store.take_reports(10) == []
    left = await rows.connection.fetchval("SELECT next_at - now() FROM outbox")
    assert 100 < left.total_seconds() <= 120
    await rows.connection.execute("UPDATE outbox SET next_at = now()")
    [again] = await store.take_reports(10)
    assert (again.reference, again.attempts) == (taken.reference, 2)


async def test_an_authority_without_a_desk_keeps_its_reports(
    sender: ReportSender, store: Store, rows: Rows, database: Database, sandbox: Sandbox
) -> None:
    """They wait until it is known where they should go."""
    await mark(store, await rows.child(authority=YORK))
    assert await sender.send_due() == 0
    await point_webhooks(database.dsn(Role.REGISTRY), {YORK: f"{sandbox.urls.reports}/{YORK}"})
    assert await sender.send_due() == 1


async def test_it_works_by_itself(sender: ReportSender, store: Store, rows: Rows, sandbox: Sandbox) -> None:
    """As a gateway runs it: whatever comes into the outbox goes out."""
    running = asyncio.create_task(sender.run())
    await mark(store, await rows.child())
    async with asyncio.timeout(30):
        [came] = await sandbox.reports.until_received(1)
    assert came.genuine
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_redirect_is_not_followed(client: AgencyClient) -> None:
    """A report goes to whom the registry names and to nobody else."""
    asked = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=302, headers={"Location": "/elsewhere"})

    desk = web.Application()
    desk.router.add_post("/{path:.*}", answer)
    async with served(desk) as url:
        with pytest.raises(AgencyBroken):
            await Webhook(client, Signer(KEY, "k")).deliver(report(f"{url}/here"))
    assert asked == ["/here"]


@pytest.mark.parametrize(
    "url",
    [
        "http://authority.example.org/reports",
        "http://localhost:80@authority.example.org/reports",
        "http://127.0.0.1:1@authority.example.org/reports",
        "https://somebody:secret@authority.example.org/reports",
        "ftp://127.0.0.1/reports",
        "http://[nowhere",
        "/reports",
    ],
)
async def test_nothing_is_sent_in_the_clear_to_another_machine(client: AgencyClient, url: str) -> None:
    """However the address is dressed up to look like our own machine's."""
    with pytest.raises(AgencyRefused, match="was not asked"):
        await Webhook(client, Signer(KEY, "k")).deliver(report(url))


@given(st.binary(), st.integers(0, 2**40), st.binary(min_size=1), st.integers(1, 2**40))
def test_a_signature_is_of_one_body_at_one_second(body: bytes, second: int, other: bytes, later: int) -> None:
    """Whoever changes either, or signs with another key, is not believed."""
    public, signature = KEY.public_key(), Signer(KEY, "k").sign(second, body)
    assert verify(public, str(second), body, signature)
    assert not verify(public, str(second), body + other, signature)
    assert not verify(public, str(second + later), body, signature)
    assert not verify(public, str(second), body, Signer(Ed25519PrivateKey.generate(), "k").sign(second, body))


@pytest.mark.parametrize("signature", ["", "not base64!", "AAAA"])
def test_what_is_no_signature_is_not_believed(signature: str) -> None:
    """Nor does it make the receiver stumble; no more does a time that is none."""
    assert not verify(KEY.public_key(), "1", b"", signature)
    assert not verify(KEY.public_key(), "soon", b"", Signer(KEY, "k").sign(1, b""))


def test_the_same_report_is_the_same_bytes() -> None:
    """At every attempt, with its names in order; whom it is for is signed too, so that none can pass it on."""
    assert body_of(report()) == (
        b'{"at":"2026-01-02T00:00:00Z","authority":"E08000035","kind":"OVERRIDE","number":"8BJTKW9399R9J",'
        b'"reference":"reference","viewer":"somebody"}'
    )


@given(st.integers(1, 10**9), st.floats(0, 1))
def test_each_pause_is_twice_the_last_and_never_the_last_of_all(attempts: int, roll: float) -> None:
    """From five seconds to an hour, a fifth more or less, so that retries do not come together."""
    steady = min(FIRST_PAUSE * 2 ** min(attempts - 1, 30), LONGEST_PAUSE)
    assert 0.79 * steady <= pause(attempts, roll) <= 1.21 * steady


@pytest.mark.parametrize("form", ["pem", "jwk"])
def test_our_key_is_read_from_its_file(tmp_path: Path, form: str) -> None:
    """Receivers check by the public half, which is all that is shown of it."""
    file = tmp_path / "key"
    key = OKPKey.import_key(KEY)
    file.write_bytes(key.as_pem(private=True) if form == "pem" else msgspec.json.encode(key.as_dict(private=True)))
    signer = report_signer(Settings(report_key_file=file, report_key_id="one"))
    assert signer is not None
    [shown] = signer.public_keys()["keys"]
    assert (shown["kid"], shown["crv"], "d" in shown) == ("one", "Ed25519", False)
    public = OKPKey.import_key(shown).public_key
    assert verify(public, "7", b"body", signer.sign(7, b"body"))  # type: ignore[arg-type]  # of that curve, as shown


@pytest.mark.parametrize("text", [b"", b"{}", b"not a key", b'{"kty": "OKP"}', "rsa"])
def test_a_file_that_holds_no_such_key_is_named(tmp_path: Path, text: bytes | str) -> None:
    """By its setting, when the gateway starts."""
    file = tmp_path / "key"
    file.write_bytes(text if isinstance(text, bytes) else rsa_key())
    with pytest.raises(SettingError, match="CONTACTPOINT_REPORT_KEY_FILE` must name a file with an Ed25519"):
        report_signer(Settings(report_key_file=file, report_key_id="one"))


def test_a_key_without_a_name_is_told(tmp_path: Path) -> None:
    """A receiver could not say which key a report was signed by; without a key there is nothing to name."""
    with pytest.raises(SettingError, match="CONTACTPOINT_REPORT_KEY_ID"):
        report_signer(Settings(report_key_file=tmp_path / "key"))
    assert report_signer(Settings()) is None


def rsa_key() -> bytes:
    """A key of another kind."""
    return generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
