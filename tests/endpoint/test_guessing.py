"""Guessing at who is on record: one stream for each viewer, by whatever door and whichever worker they come."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.number import with_check_character
from adapters.store.roles import Role
from gateway.app import Gateway
from gateway.settings import Settings
from tests.running import Reply, RunningGateway

BURST = 20
HIT = "query($n: ID!) { child(number: $n) { number } }"
SEARCH = 'findChildren(by: {family: "Nobody", birthYear: 2015}) { tooMany }'
KEY = 'childByKey(key: {nhsNumber: "9990000%03d"}) { number }'


@pytest.fixture
def settings(settings: Settings) -> Settings:
    # So slow a leak that no test outlives a drop of it.
    return replace(settings, guess_burst=BURST, guess_per_minute=0.001)


@pytest.fixture
async def second(gateway: RunningGateway) -> AsyncIterator[str]:
    """The address of another worker on the same store."""
    first = gateway.gateway
    async with await Gateway.start(
        first.settings,
        gateway.database.dsn(Role.GATEWAY),
        shield_dsn=gateway.database.dsn(Role.SHIELD),
        feed_dsn=gateway.database.dsn(Role.FEED),
    ) as other:
        yield other.url


def nobodys(count: int, serial: int = 0) -> list[str]:
    """Well-formed numbers that are nobody's."""
    return [with_check_character(f"0000000{serial:02d}{n:03d}") for n in range(count)]


def aliases(numbers: list[str]) -> str:
    return "{ " + " ".join(f'a{n}: child(number: "{number}") {{ number }}' for n, number in enumerate(numbers)) + " }"


async def listed(gateway: RunningGateway, numbers: list[str], **how: Any) -> Reply:
    return await gateway.ask("query($n: [ID!]!) { children(numbers: $n) { number } }", {"n": numbers}, **how)


async def entities(gateway: RunningGateway, numbers: list[str], **how: Any) -> Reply:
    query = "query($r: [_Any!]!) { _entities(representations: $r) { ... on Child { number } } }"
    return await gateway.ask(query, {"r": [{"__typename": "Child", "number": number} for number in numbers]}, **how)


async def is_full(gateway: RunningGateway, url: str | None = None, **how: Any) -> bool:
    """Whether the viewer is told nothing: of a child that there is, as of one that there is not."""
    replies = [
        await gateway.ask(HIT, {"n": number}, url=url, **how)
        for number in (gateway.child("open").number, *nobodys(1, 99))
    ]
    assert len({(reply.status, str(reply.body)) for reply in replies}) == 1
    assert replies[0].status in (200, 429)
    if replies[0].status == 429:
        assert replies[0].codes == ["RATE_LIMITED"]
        assert all(int(reply.headers["Retry-After"]) >= 1 for reply in replies)
    return replies[0].status == 429


async def test_every_door_of_every_worker_fills_one_bucket(gateway: RunningGateway, second: str) -> None:
    """CASES 32: aliases, lists, a router's entities, keys and searches, at two workers by turns."""
    assert (await gateway.ask(aliases(nobodys(4, 1)))).status == 200
    assert (await listed(gateway, nobodys(4, 2), url=second)).status == 200
    assert (await entities(gateway, nobodys(4, 3))).status == 200
    keys = " ".join(f"k{n}: {KEY % n}" for n in range(4))
    assert (await gateway.ask(f"{{ {keys} }}", url=second, viewer="teacher", purpose="SAFEGUARDING")).status == 200
    searches = " ".join(f"s{n}: {SEARCH}" for n in range(4))
    assert (await gateway.ask(f"{{ {searches} }}")).status == 200
    # Full to the brim: what there is may be asked for still, and one guess more runs over.
    assert (await gateway.ask(HIT, {"n": gateway.child("open").number}, url=second)).data["child"] is not None
    assert (await gateway.ask(f"{{ {SEARCH} }}", url=second)).status == 429
    assert await is_full(gateway)
    assert await is_full(gateway, second)


@pytest.mark.parametrize("door", ["aliases", "list", "entities"])
async def test_fifty_numbers_at_once_are_fifty_guesses(gateway: RunningGateway, door: str) -> None:
    """CASES 32: each is decided alone, and all of them together are told nothing of."""
    numbers = [gateway.child("open").number, *nobodys(49)]
    match door:
        case "aliases":
            reply = await gateway.ask(aliases(numbers))
        case "list":
            reply = await listed(gateway, numbers)
        case _:
            reply = await entities(gateway, numbers)
    assert (reply.status, reply.codes) == (429, ["RATE_LIMITED"])
    assert "data" not in reply.body
    assert await is_full(gateway)


async def test_what_is_found_is_no_guess_and_what_is_asked_twice_is_one(gateway: RunningGateway) -> None:
    """A caseload may be read all day; one number that is nobody's is one guess, however often an operation has it."""
    known = [gateway.child(name).number for name in ("open", "shielded", "twin", "renamed")]
    for _ in range(BURST):
        assert (await listed(gateway, known)).status == 200
    for _ in range(BURST):
        assert (await listed(gateway, nobodys(1) * 50)).status == 200
    assert (await listed(gateway, nobodys(1))).status == 429


async def test_a_sealed_child_is_a_guess_like_any_that_is_nobodys(gateway: RunningGateway) -> None:
    """Else the count itself would tell the one from the other."""
    for _ in range(BURST):
        assert (await listed(gateway, [gateway.child("sealed").number])).status == 200
    assert (await listed(gateway, [gateway.child("sealed").number])).status == 429
    assert await is_full(gateway)


async def test_only_whoever_guesses_is_limited_and_only_about_children(gateway: RunningGateway) -> None:
    """Colleagues go on; and one's own standing may always be read."""
    assert (await listed(gateway, nobodys(50))).status == 429
    assert (await gateway.ask(HIT, {"n": gateway.child("open").number}, viewer="social-worker")).status == 200
    assert (await gateway.ask("{ viewer { subject } }")).status == 200
    assert (await gateway.ask("{ __schema { queryType { name } } }")).status == 200


async def test_what_was_done_is_told_and_nothing_after_it(gateway: RunningGateway, second: str) -> None:
    """A worker that has not heard of the guesses acts, and says so: else nobody would know what became of the child.

    It is the last that it says: the same again, and what there is, are refused before anything is done.
    """
    assert (await listed(gateway, nobodys(50), viewer="shield-officer", url=second)).status == 429
    raised = """mutation($n: ID!, $review: Date!) { raiseShield(number: $n, tier: SHIELDED, reviewOn: $review,
        ground: "threat from a relative", reason: "a reason of some length") { state } }"""
    review = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    about = {"n": gateway.child("open").number, "review": review}
    done = await gateway.ask(raised, about, viewer="shield-officer")
    assert done.data == {"raiseShield": {"state": "DONE"}}
    about["n"] = gateway.child("twin").number
    assert (await gateway.ask(raised, about, viewer="shield-officer")).status == 429
    shielded = "SELECT FROM shields s JOIN children c ON c.id = s.child_id WHERE c.number = $1"
    assert len(await gateway.rows(shielded, gateway.child("open").number)) == 1
    assert await gateway.rows(shielded, gateway.child("twin").number) == []
    assert await is_full(gateway, viewer="shield-officer")


async def test_acts_on_nobody_are_guesses_too(gateway: RunningGateway) -> None:
    """An officer's act says whether there is such a child of theirs, as a look-up would."""
    act = 'mutation($n: ID!) { liftShield(number: $n, reason: "a reason of some length") { state } }'
    for number in nobodys(BURST):
        reply = await gateway.ask(act, {"n": number}, viewer="shield-officer")
        assert reply.data == {"liftShield": None}
    assert (await gateway.ask(act, {"n": nobodys(1, 5)[0]}, viewer="shield-officer")).status == 429
    assert await is_full(gateway, viewer="shield-officer")


async def test_a_bucket_that_has_leaked_may_be_filled_again(gateway: RunningGateway, second: str) -> None:
    """The store's time is what counts; another worker than the one that refused asks it at once."""
    assert (await listed(gateway, nobodys(BURST))).status == 200
    assert (await listed(gateway, nobodys(1, 7))).status == 429
    await gateway.execute("UPDATE guessing SET level = 0")
    assert (await listed(gateway, nobodys(BURST, 8), url=second)).status == 200
    assert (await listed(gateway, nobodys(1, 9), url=second)).status == 429


async def test_a_refusal_is_recorded_and_names_no_child(gateway: RunningGateway) -> None:
    """The ledger says that somebody guessed; what they guessed at is in no record of theirs."""
    reply = await listed(gateway, [gateway.child("open").number, *nobodys(49)])
    entry = await gateway.record_of(reply)
    assert (entry.outcome, entry.code, entry.children) == ("REFUSED", "RATE_LIMITED", ())


def mixed(numbers: list[str], searches: int) -> str:
    """One operation that looks up all of these and makes so many searches."""
    asked = [f'a{n}: child(number: "{number}") {{ number }}' for n, number in enumerate(numbers)]
    return f"{{ {' '.join([*asked, *(f's{n}: {SEARCH}' for n in range(searches))])} }}"


@pytest.mark.parametrize("seed", range(4))
async def test_over_any_interleaving_no_more_guesses_are_answered_than_the_bucket_holds(
    gateway: RunningGateway, second: str, seed: int
) -> None:
    """P: requests of one viewer at two workers at once, by every door, some finding somebody and some nobody."""
    choose = random.Random(seed)  # noqa: S311 - a test's own choices, to be made again
    guesses, replies = [], []
    for serial in range(30):
        missing, url = choose.randint(0, 4), choose.choice([None, second])
        numbers = [*nobodys(missing, serial), gateway.child("open").number]
        searches = choose.randint(0, 1)
        guesses.append(missing + searches)
        replies.append(gateway.ask(mixed(numbers, searches), url=url))
    answered = [reply.status == 200 for reply in await asyncio.gather(*replies)]
    assert any(answered)
    assert not all(answered)
    assert sum(itertools.compress(guesses, answered)) <= BURST
