"""How we prove who we are: one token for all who ask, renewed in time, and nothing of it ever told."""

import asyncio
import traceback

import pytest
from aiohttp import web
from joserfc.jwk import RSAKey
from yarl import URL

from adapters.agency import AgencyBroken, AgencyFailure, AgencyRefused, AgencyTimeout
from adapters.client import AgencyClient, Call
from adapters.credentials import ClientCredentials, ClientProof, ClientSecret, PrivateKeyJwt
from adapters.sandbox.tokens import (
    SANDBOX_CLIENT_ID,
    SANDBOX_CLIENT_SECRET,
    SANDBOX_KEY_ID,
    TokenDesk,
    sandbox_pds_key,
)
from tests.adapters.conftest import Serve


class Agency:
    """A token endpoint at `/token`, and elsewhere an agency that answers whoever bears a token of its."""

    def __init__(self, desk: TokenDesk) -> None:
        self.desk = desk
        self.asked = self.refused = 0

    async def answer(self, request: web.Request) -> web.Response:
        if request.path == "/token":
            await asyncio.sleep(0)
            return await self.desk.issue(request)
        self.asked += 1
        if not self.desk.admits(request):
            self.refused += 1
            return web.json_response({}, status=401)
        return web.json_response({})


def credential(url: str, proof: ClientProof | None = None, **changes: tuple[str, ...]) -> ClientCredentials:
    return ClientCredentials(
        "pds-token", f"{url}/token", proof or ClientSecret(SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET), **changes
    )


def a_call(url: str, proof: ClientCredentials) -> Call:
    return Call(system="pds", url=URL(url), credential=proof)


async def test_all_who_ask_at_once_share_one_token(client: AgencyClient, serve: Serve, soon: float) -> None:
    """Twenty callers without a token fetch one between them, and the next callers use it too."""
    agency = Agency(TokenDesk())
    url = await serve(agency.answer)
    call = a_call(url, credential(url))
    await asyncio.gather(*(client.ask(call, soon) for _ in range(20)))
    await client.ask(call, soon)
    assert (agency.desk.issued, agency.asked) == (1, 21)


async def test_a_token_near_its_end_is_renewed(client: AgencyClient, serve: Serve, soon: float) -> None:
    """A token is left before it runs out: one of no life at all is used for no second call."""
    agency = Agency(TokenDesk(life=0))
    agency.desk.admits = lambda request: True  # type: ignore[method-assign]  # its clock and ours tell one time
    url = await serve(agency.answer)
    call = a_call(url, credential(url))
    await client.ask(call, soon)
    await client.ask(call, soon)
    assert agency.desk.issued == 2


async def test_a_token_refused_is_renewed_once_for_all(client: AgencyClient, serve: Serve, soon: float) -> None:
    """Callers whose token was revoked under them fetch one new one between them and are answered."""
    agency = Agency(TokenDesk())
    url = await serve(agency.answer)
    call = a_call(url, credential(url))
    await client.ask(call, soon)
    agency.desk.revoke_all()
    answers = await asyncio.gather(*(client.ask(call, soon) for _ in range(5)))
    assert [answer.status for answer in answers] == [200] * 5
    assert agency.desk.issued == 2


async def test_a_fresh_token_refused_is_a_refusal(client: AgencyClient, serve: Serve, soon: float) -> None:
    """An agency that refuses even a new token is asked twice and no more."""
    agency = Agency(TokenDesk())
    agency.desk.admits = lambda request: False  # type: ignore[method-assign]  # an agency that trusts no token
    url = await serve(agency.answer)
    with pytest.raises(AgencyRefused):
        await client.ask(a_call(url, credential(url)), soon)
    assert (agency.desk.issued, agency.asked) == (2, 2)


async def test_a_caller_who_leaves_takes_nobodys_token_along(client: AgencyClient, serve: Serve, soon: float) -> None:
    """The caller who began the fetch is cancelled; the one who joined it gets the token."""
    asked, go = asyncio.Event(), asyncio.Event()
    agency = Agency(TokenDesk())

    async def slow(request: web.Request) -> web.Response:
        if request.path == "/token":
            asked.set()
            await go.wait()
        return await agency.answer(request)

    url = await serve(slow)
    call = a_call(url, credential(url))
    leaving = asyncio.create_task(client.ask(call, soon))
    staying = asyncio.create_task(client.ask(call, soon))
    await asked.wait()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    go.set()
    assert (await staying).status == 200
    assert agency.desk.issued == 1


async def test_a_caller_waits_for_a_token_no_longer_than_its_deadline(client: AgencyClient, serve: Serve) -> None:
    """A token endpoint that hangs is a timeout like any other."""
    go = asyncio.Event()

    async def hanging(request: web.Request) -> web.Response:
        await go.wait()
        return web.json_response({"access_token": "late", "expires_in": 60})

    url = await serve(hanging)
    proof = credential(url)
    with pytest.raises(AgencyTimeout, match="pds-token"):
        await client.ask(a_call(url, proof), asyncio.get_running_loop().time() + 0.05)
    go.set()
    await client.ask(a_call(url, proof), asyncio.get_running_loop().time() + 20)


async def test_a_failure_to_get_a_token_is_not_remembered(client: AgencyClient, serve: Serve, soon: float) -> None:
    """The first caller hears the failure, the next one tries anew."""
    statuses = [500, 200]

    async def healing(request: web.Request) -> web.Response:
        return web.json_response({"access_token": "a", "expires_in": "599"}, status=statuses.pop(0))

    url = await serve(healing)
    proof = credential(url)
    with pytest.raises(AgencyBroken):
        await proof.headers(client, soon)
    assert await proof.headers(client, soon) == {"Authorization": "Bearer a"}


@pytest.mark.parametrize(
    "granted",
    [{}, {"access_token": 5}, {"access_token": "a", "expires_in": "soon"}, {"access_token": "a", "expires_in": 1e999}],
)
async def test_a_token_that_cannot_be_read_is_named(
    client: AgencyClient, serve: Serve, soon: float, granted: dict[str, object]
) -> None:
    """No half-read grant becomes a token of no end."""

    async def odd(request: web.Request) -> web.Response:
        return web.json_response(granted)

    with pytest.raises(AgencyBroken):
        await credential(await serve(odd)).headers(client, soon)


async def test_a_wrong_secret_is_refused_and_not_told(client: AgencyClient, serve: Serve, soon: float) -> None:
    """The endpoint's refusal is named without the secret, in message and traceback."""
    url = await serve(Agency(TokenDesk()).answer)
    wrong = credential(url, ClientSecret(SANDBOX_CLIENT_ID, "secret-nobody-may-see"))
    with pytest.raises(AgencyRefused) as caught:
        await wrong.headers(client, soon)
    assert "nobody-may-see" not in "".join(traceback.format_exception(caught.value))


async def test_a_scope_the_agency_does_not_give_is_refused(client: AgencyClient, serve: Serve, soon: float) -> None:
    """What we may ask for is the agency's to say."""
    url = await serve(Agency(TokenDesk(scopes=frozenset({"read"}))).answer)
    assert await credential(url, scopes=("read",)).headers(client, soon)
    with pytest.raises(AgencyFailure):
        await credential(url, scopes=("read", "write")).headers(client, soon)


async def test_a_signed_assertion_proves_us_where_no_secret_is_shared(
    client: AgencyClient, serve: Serve, soon: float
) -> None:
    """Our key's signature gets a token; another key's, or another key's id, does not."""
    url = await serve(Agency(TokenDesk(public_key=sandbox_pds_key())).answer)
    ours = PrivateKeyJwt(SANDBOX_CLIENT_ID, sandbox_pds_key(), key_id=SANDBOX_KEY_ID)
    assert await credential(url, ours).headers(client, soon)
    for wrong in (
        PrivateKeyJwt(SANDBOX_CLIENT_ID, RSAKey.generate_key(2048), key_id=SANDBOX_KEY_ID),
        PrivateKeyJwt(SANDBOX_CLIENT_ID, sandbox_pds_key(), key_id="another"),
        PrivateKeyJwt("somebody-else", sandbox_pds_key(), key_id=SANDBOX_KEY_ID),
    ):
        with pytest.raises(AgencyRefused):
            await credential(url, wrong).headers(client, soon)
