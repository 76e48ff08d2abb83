"""What may be misuse is an event and a count, for whoever watches; no answer changes by it, and nobody is named."""

from prometheus_client import generate_latest

from tests.endpoint.test_override import override
from tests.running import RunningGateway


def suspected(gateway: RunningGateway) -> set[str]:
    """What the metrics' page says of it."""
    page = generate_latest(gateway.gateway.observer.registry).decode()
    return {line.split('detail="')[1].split('"')[0] for line in page.splitlines() if 'event="misuse_suspected"' in line}


async def test_asking_for_ones_own_family_is_a_signal(gateway: RunningGateway) -> None:
    """The teacher's own child is answered as nobody; whoever watches is told that somebody tried."""
    await gateway.ask_child("open", "number")
    assert suspected(gateway) == set()
    own = await gateway.ask_child("own-child", "number")
    assert own.body == {"data": {"child": None}}
    assert suspected(gateway) == {"own family"}


async def test_looking_far_from_home_is_a_signal(gateway: RunningGateway) -> None:
    """A child that lives elsewhere than where its viewer's organisation is; of a protected one nothing is told."""
    await gateway.ask_child("shielded-elsewhere", "address { postcode }", purpose="SAFEGUARDING")
    assert suspected(gateway) == set()
    await gateway.ask_child("elsewhere", "address { postcode }", purpose="SAFEGUARDING")
    assert suspected(gateway) == {"far from home"}


async def test_misses_in_a_row_are_a_signal(gateway: RunningGateway) -> None:
    """Whoever guesses until nothing more is told."""
    by_name = '{ findChildren(by: {family: "Nobody", birthYear: 2015}) { tooMany } }'
    replies = [await gateway.ask(by_name) for _ in range(31)]
    assert replies[-1].status == 429
    assert suspected(gateway) == {"misses in a row"}


async def test_many_overrides_are_a_signal(gateway: RunningGateway) -> None:
    """The fourth of a day by one viewer, however many tokens and children they are spread over."""
    for n in range(4):
        token = gateway.issuer.mint("social-worker", jti=f"token-{n}")
        await override(gateway, "shielded", headers={"Authorization": f"Bearer {token}"})
        assert suspected(gateway) == ({"many overrides"} if n == 3 else set())
