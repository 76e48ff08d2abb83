"""The pretended agencies as one: they count, they fail on request and heal, and another process can tell them to."""

import asyncio
from collections.abc import Callable

import aiohttp
import pytest

from adapters.agency import AgencyName
from adapters.credentials import ClientSecret
from adapters.sandbox.agencies import Ports, Sandbox, SandboxUnreachable, calls, fault
from adapters.sandbox.faults import Fault
from adapters.sandbox.population import NOTABLE, SyntheticChild, child_at
from adapters.sandbox.tokens import SANDBOX_API_KEY, SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET

OPEN = child_at(NOTABLE["open"])


def paths(sandbox: Sandbox, child: SyntheticChild = OPEN) -> dict[AgencyName, list[str]]:
    """The addresses that ask each agency's question; none of them with the credential it wants."""
    urls = sandbox.urls
    assert child.keys.nhs_number is not None
    patient = f"{urls.pds}/Patient/{child.keys.nhs_number.value}"
    return {
        AgencyName.SCHOOL: [f"{urls.oneroster}/users", f"{urls.gias}/v4/establishment/urn/{child.school_urn}"],
        AgencyName.PRACTICE: [patient, f"{urls.ods}/Organization/{child.practice_ods}"],
        AgencyName.PARENTS: [f"{patient}/RelatedPerson", f"{urls.lev}/v1/registration/birth/1"],
        AgencyName.SERVICES: [urls.services],
    }


async def status(session: aiohttp.ClientSession, url: str) -> int:
    """The status of an empty question; the subgraph takes its questions by POST."""
    method = "POST" if url.endswith("/graphql") else "GET"
    async with session.request(method, url) as answer:
        return answer.status


async def test_each_call_counts_for_the_question_it_answers(sandbox: Sandbox) -> None:
    """Register and roster are the school's, ODS the practice's, relatives and registrar the parents'."""
    async with aiohttp.ClientSession() as session:
        for agency, urls in paths(sandbox).items():
            before = sandbox.calls
            for url in urls:
                assert 400 <= await status(session, url) < 500
            assert sandbox.calls == before | {agency: len(urls)}


async def test_a_token_is_no_call(sandbox: Sandbox) -> None:
    """Proving who we are asks about nobody."""
    basic = ClientSecret(SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET).headers()
    async with aiohttp.ClientSession(headers=basic) as session:
        for url in (sandbox.urls.oneroster_token, sandbox.urls.services_token):
            async with session.post(url, data={"grant_type": "client_credentials"}) as answer:
                assert answer.status == 200
    assert sandbox.calls == dict.fromkeys(AgencyName, 0)


@pytest.mark.parametrize("agency", AgencyName)
async def test_an_agency_fails_alone(sandbox: Sandbox, agency: AgencyName) -> None:
    """A fault of one is no fault of another's; healed, it refuses us as before."""
    async with aiohttp.ClientSession() as session:
        sandbox.fault(agency, Fault.HTML_500)
        for each, urls in paths(sandbox).items():
            statuses = {await status(session, url) for url in urls}
            assert (statuses == {500}) is (each is agency)
        sandbox.fault(agency, Fault.NONE)
        assert 500 not in {await status(session, url) for url in paths(sandbox)[agency]}


async def test_an_agency_that_is_down_says_nothing(sandbox: Sandbox) -> None:
    """The connection is cut without a word."""
    sandbox.fault(AgencyName.SCHOOL, Fault.DOWN)
    async with aiohttp.ClientSession() as session:
        with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
            await status(session, sandbox.urls.oneroster + "/users")


async def test_an_overloaded_agency_says_so_in_its_own_words(sandbox: Sandbox) -> None:
    """429 comes with each protocol's own error body."""
    words: dict[str, Callable[[dict[str, object]], bool]] = {
        sandbox.urls.oneroster + "/users": lambda body: "server_busy" in str(body["imsx_CodeMinor"]),
        sandbox.urls.services: lambda body: "RATE_LIMITED" in str(body["errors"]),
        paths(sandbox)[AgencyName.PRACTICE][0]: lambda body: body["resourceType"] == "OperationOutcome",
    }
    for agency in AgencyName:
        sandbox.fault(agency, Fault.OVERLOADED)
    async with aiohttp.ClientSession() as session:
        for url, fits in words.items():
            async with session.request("POST" if url.endswith("/graphql") else "GET", url) as answer:
                assert answer.status == 429
                assert fits(await answer.json(content_type=None))


async def test_a_malformed_answer_pretends_to_be_the_protocols(sandbox: Sandbox) -> None:
    """It is valid HTTP of the right media type, and no JSON."""
    sandbox.fault(AgencyName.PRACTICE, Fault.MALFORMED)
    async with aiohttp.ClientSession() as session, session.get(paths(sandbox)[AgencyName.PRACTICE][0]) as answer:
        assert (answer.status, answer.content_type) == (200, "application/fhir+json")
        with pytest.raises(ValueError, match="Expecting"):
            await answer.json(content_type=None)


async def test_a_dripping_agency_begins_and_never_ends(sandbox: Sandbox) -> None:
    """Bytes come one by one, always too soon for a read timeout."""
    sandbox.fault(AgencyName.SERVICES, Fault.DRIP)
    async with aiohttp.ClientSession() as session, session.post(sandbox.urls.services) as answer:
        assert answer.status == 200
        assert [await answer.content.readexactly(1) for _ in range(3)] == [b" "] * 3


async def test_a_slow_agency_does_not_keep_the_sandbox_from_closing() -> None:
    """Handlers that sleep are cancelled; a sandbox that hung here would hang this test."""
    sandbox = await Sandbox.start()
    sandbox.fault(AgencyName.SCHOOL, Fault.SLOW)
    async with aiohttp.ClientSession() as session:
        asking = asyncio.create_task(status(session, sandbox.urls.oneroster + "/users"))
        while not sandbox.calls[AgencyName.SCHOOL]:  # noqa: ASYNC110  the call arrives when it arrives
            await asyncio.sleep(0)
        await sandbox.close()
        with pytest.raises(aiohttp.ClientError):
            await asking


async def test_a_fault_for_a_while_heals_by_itself(sandbox: Sandbox) -> None:
    """One that has run out is over; one that has not is not."""
    sandbox.fault(AgencyName.SCHOOL, Fault.HTML_500, seconds=0)
    sandbox.fault(AgencyName.SERVICES, Fault.HTML_500, seconds=3600)
    assert sandbox.conduct.acting(AgencyName.SCHOOL) is Fault.NONE
    assert sandbox.conduct.acting(AgencyName.SERVICES) is Fault.HTML_500


async def test_another_process_reads_the_counts_and_sets_the_faults(sandbox: Sandbox) -> None:
    """Through the control door, which counts for nothing itself."""
    await fault(sandbox.urls.control, AgencyName.PARENTS, Fault.DOWN, 3600)
    assert sandbox.conduct.acting(AgencyName.PARENTS) is Fault.DOWN
    await fault(sandbox.urls.control, AgencyName.PARENTS, Fault.NONE)
    assert sandbox.conduct.acting(AgencyName.PARENTS) is Fault.NONE
    async with aiohttp.ClientSession() as session:
        await status(session, sandbox.urls.services)
    assert await calls(sandbox.urls.control) == {"school": 0, "practice": 0, "parents": 0, "services": 1}


@pytest.mark.parametrize(
    ("body", "media_type", "expected"),
    [
        (b'{"agency": "school", "kind": "down"}', "text/plain", 415),
        (b'{"agency": "school", "kind": "upside-down"}', "application/json", 400),
        (b'{"agency": "police", "kind": "down"}', "application/json", 400),
        (b"{", "application/json", 400),
    ],
)
async def test_the_control_door_refuses_what_it_does_not_know(
    sandbox: Sandbox, body: bytes, media_type: str, expected: int
) -> None:
    """And tells what it does know; a form from somebody's browser is never an order."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{sandbox.urls.control}/faults", data=body, headers={"Content-Type": media_type}) as answer,
    ):
        assert answer.status == expected
        assert (await answer.json())["error"]
    assert {sandbox.conduct.acting(agency) for agency in AgencyName} == {Fault.NONE}


async def test_where_no_sandbox_listens_the_fix_is_named() -> None:
    """One line says what to start."""
    sandbox = await Sandbox.start()
    await sandbox.close()
    with pytest.raises(SandboxUnreachable, match="contactpoint demo"):
        await calls(sandbox.urls.control)


async def test_an_occupied_port_leaves_nothing_running(sandbox: Sandbox) -> None:
    """A second sandbox on one of the first's ports fails whole, and the first goes on."""
    port = int(sandbox.urls.gias.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        await Sandbox.start(ports=Ports(gias=port))
    async with aiohttp.ClientSession() as session:
        url = f"{sandbox.urls.gias}/v4/establishment/urn/{OPEN.school_urn}"
        async with session.get(url, headers={"ApiKey": SANDBOX_API_KEY}) as answer:
            assert answer.status == 200
