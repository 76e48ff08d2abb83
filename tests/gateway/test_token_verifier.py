"""From a header to a bearer: by the right issuer's keys, kept for seconds, and never more than the token says."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.client import AgencyClient
from adapters.issuer_keys import IssuerKeys
from gateway.errors import Unauthenticated, Unavailable
from gateway.tokens import KEPT_SECONDS, TokenRules, TokenVerifier
from gateway.viewer import Bearer
from gateway.wire.peer import Peer
from tests.token_making import AUDIENCE, PretendedIssuer, Signer, a_signer, an_issuer, good_claims, unpadded

HERE = Peer("127.0.0.1")


@dataclass
class Clock:
    """Time that passes when told."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Verifying:
    """A verifier of two issuers' tokens, and both of them."""

    nhs: PretendedIssuer
    leeds: PretendedIssuer
    nhs_signer: Signer
    leeds_signer: Signer
    verifier: TokenVerifier
    clock: Clock = field(default_factory=Clock)

    async def bearer(self, token: str, peer: Peer = HERE) -> Bearer:
        return await self.verifier.bearer(f"Bearer {token}", peer, None)

    async def refused(self, token: str, peer: Peer = HERE) -> None:
        with pytest.raises(Unauthenticated):
            await self.bearer(token, peer)

    def claims(self, issuer: PretendedIssuer | None = None, **changes: object) -> dict[str, object]:
        return good_claims((issuer or self.nhs).url, self.clock.now, **changes)


@pytest.fixture
async def verifying() -> AsyncIterator[Verifying]:
    """Both issuers use the same names for their keys, their people and their tokens."""
    nhs_signer, leeds_signer = a_signer(), a_signer()
    async with an_issuer(nhs_signer) as nhs, an_issuer(leeds_signer) as leeds, AgencyClient() as client:
        clock = Clock()
        keys = {issuer.url: IssuerKeys(client, issuer.url, clock) for issuer in (nhs, leeds)}
        rules = TokenRules(audience=AUDIENCE, names={nhs.url: "nhs", leeds.url: "leeds"})
        yield Verifying(nhs, leeds, nhs_signer, leeds_signer, TokenVerifier(keys, rules, clock), clock)
        for one in keys.values():
            await one.close()


async def test_each_issuer_speaks_for_its_own(verifying: Verifying) -> None:
    """The same name at two of them is two people."""
    nhs = await verifying.bearer(verifying.nhs_signer.token(verifying.claims()))
    leeds = await verifying.bearer(verifying.leeds_signer.token(verifying.claims(verifying.leeds)))
    assert (nhs.issuer, nhs.subject, nhs.token) == (verifying.nhs.url, "nhs:teacher-1", "nhs:token-1")
    assert (leeds.issuer, leeds.subject, leeds.token) == (verifying.leeds.url, "leeds:teacher-1", "leeds:token-1")


async def test_no_issuer_speaks_for_another(verifying: Verifying) -> None:
    """Its keys count for its own name alone, though both call them the same."""
    await verifying.refused(verifying.leeds_signer.token(verifying.claims(verifying.nhs)))
    await verifying.refused(verifying.nhs_signer.token(verifying.claims(verifying.leeds)))


@pytest.mark.parametrize("change", [str.upper, "{}/".format, " {}".format, lambda url: url.removeprefix("http:")])
async def test_an_issuers_name_is_compared_as_text_and_nobody_is_asked_for_another(
    verifying: Verifying, change: "type[str]"
) -> None:
    """A token cannot have us ask an address of its choosing."""
    await verifying.refused(verifying.nhs_signer.token(verifying.claims(iss=change(verifying.nhs.url))))
    assert (verifying.nhs.asked, verifying.leeds.asked) == (0, 0)


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
async def test_four_ways_to_sign_are_known(verifying: Verifying, algorithm: str) -> None:
    """With and without a name for the key, where one key alone can be meant."""
    signer = a_signer(algorithm, "its-own")
    verifying.nhs.keys = [signer.published]
    assert await verifying.bearer(signer.token(verifying.claims()))
    assert await verifying.bearer(signer.nameless(verifying.claims()))


async def test_a_nameless_signature_that_two_keys_could_have_made_is_refused(verifying: Verifying) -> None:
    """We try no keys one after another; nor does a name that two of them bear mean either."""
    second = a_signer(kid="key-2")
    verifying.nhs.keys.append(second.published)
    assert await verifying.bearer(second.token(verifying.claims()))
    await verifying.refused(second.nameless(verifying.claims()))
    verifying.leeds.keys.append(second.published | {"kid": "key-1"})
    await verifying.refused(verifying.leeds_signer.token(verifying.claims(verifying.leeds)))


async def test_a_bad_signature_under_a_known_name_asks_nobody(verifying: Verifying) -> None:
    """CASES 27: else every forged token would be a question."""
    await verifying.bearer(verifying.nhs_signer.token(verifying.claims()))
    verifying.clock.now += 60
    await verifying.refused(a_signer().token(verifying.claims()))
    assert verifying.nhs.asked == 1


async def test_a_key_made_since_is_found_by_its_first_token(verifying: Verifying) -> None:
    """CASES 27: rotated keys, one question in thirty seconds; what another issuer has been asked does not count."""
    await verifying.bearer(verifying.nhs_signer.token(verifying.claims()))
    new = a_signer(kid="key-2")
    verifying.nhs.keys.append(new.published)
    await verifying.refused(new.token(verifying.claims()))
    verifying.clock.now += 31
    assert await verifying.bearer(new.token(verifying.claims()))
    assert await verifying.bearer(verifying.leeds_signer.token(verifying.claims(verifying.leeds)))
    assert (verifying.nhs.asked, verifying.leeds.asked) == (2, 1)


async def test_an_issuer_that_is_down_touches_no_other(verifying: Verifying) -> None:
    """CASES 27: whose keys are not known answers nobody; the rest are believed as ever."""
    verifying.nhs.discovery["issuer"] = "https://another.example"
    with pytest.raises(Unavailable):
        await verifying.bearer(verifying.nhs_signer.token(verifying.claims()))
    assert await verifying.bearer(verifying.leeds_signer.token(verifying.claims(verifying.leeds)))


async def test_a_token_found_good_is_kept_for_seconds(verifying: Verifying) -> None:
    """By its own text alone; then it is read anew, by the keys of then."""
    token = verifying.nhs_signer.token(verifying.claims())
    first = await verifying.bearer(token)
    assert await verifying.bearer(token) is first
    assert KEPT_SECONDS <= 5
    await verifying.refused(token[:-2] + ("AA" if token[-2:] != "AA" else "BA"))


async def test_a_token_kept_is_not_believed_past_its_end(verifying: Verifying) -> None:
    """CASES 24: that is looked at each time."""
    token = verifying.nhs_signer.token(verifying.claims(exp=int(verifying.clock.now) + 10))
    await verifying.bearer(token)
    verifying.clock.now += 69
    await verifying.bearer(token)
    verifying.clock.now += 1
    await verifying.refused(token)


async def test_a_token_kept_is_not_believed_without_its_certificate(verifying: Verifying) -> None:
    """CASES 26: found good a moment ago with it, refused now without it; and the other way round."""
    thumbprint = hashlib.sha256(b"certificate").digest()
    bound = verifying.nhs_signer.token(verifying.claims(cnf={"x5t#S256": unpadded(thumbprint)}))
    await verifying.refused(bound)
    assert await verifying.bearer(bound, Peer("127.0.0.1", thumbprint))
    await verifying.refused(bound)
    await verifying.refused(bound, Peer("127.0.0.1", hashlib.sha256(b"another").digest()))


@settings(max_examples=500)
@given(st.text() | st.binary().map(lambda data: data.decode("utf-8", "surrogateescape")))
async def test_whatever_a_header_says_it_is_refused_and_nothing_breaks(said: str) -> None:
    """Any text at all, bytes that are none too; with the word before it, and without."""
    verifier = TokenVerifier({}, TokenRules(audience=AUDIENCE))
    for authorization in (said, f"Bearer {said}", None):
        with pytest.raises(Unauthenticated):
            await verifier.bearer(authorization, HERE, None)
