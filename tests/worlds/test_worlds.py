"""Nothing that a viewer can observe depends on a value which that viewer may not see."""

import json
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.sandbox.population import child_at
from adapters.store.embedded import EmbeddedCluster
from tests.databases import reachable_folder
from tests.worlds.against import Unreadable, run_against, told_in
from tests.worlds.canaries import Canaries
from tests.worlds.coverage import Coverage
from tests.worlds.marks import Marks
from tests.worlds.pair import a_pair
from tests.worlds.runs import Wanted, run
from tests.worlds.stage import Stage, stage_on
from tests.worlds.viewings import EVERYTHING, VIEWINGS, Person, Viewing

PAIRS, EACH = 306, 17  # one pair of worlds before each of the eighteen viewings


@pytest.fixture
async def stage(cluster: EmbeddedCluster) -> AsyncIterator[Stage]:
    with reachable_folder() as folder:
        async with stage_on(cluster, folder / "gateway") as standing:
            yield standing


async def test_nothing_observed_depends_on_what_is_hidden(stage: Stage) -> None:
    """CASES 1, 3, 4, 5, 6, 8, 11, 14 and 16: three hundred operations, each in two worlds, before every viewing."""
    ran = await run(stage, Wanted(PAIRS, each=EACH, written=10, aims=False))
    assert not ran.told
    assert ran.pairs >= 300


@pytest.mark.parametrize("name", ["teacher:EDUCATION", "partner-cms:CHILD_WELFARE"])
async def test_a_value_that_is_not_hidden_is_a_difference(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """So that the above can fail: what everybody sees, varied as if nobody did, is found at once."""
    monkeypatch.setattr(Viewing, "hidden", lambda *_: EVERYTHING)
    wanted = Wanted(200, viewings=[Viewing.named(name)], until_difference=True, written=1, aims=False)
    ran = await run(stage, wanted)
    assert ran.first.startswith("first difference after ")
    assert "--worlds 0 " in ran.told[0]


async def test_two_deployed_gateways_are_compared_by_what_http_shows(stage: Stage, tmp_path: Path) -> None:
    """Told in a file who looks and whom there is to ask about, the instrument needs nothing else of them."""
    viewing = Viewing.named("gp:HEALTH")
    async with a_pair(stage, viewing, 1, Coverage()) as pair:
        token = pair.headers["Authorization"].removeprefix("Bearer ")
        told = {
            "viewings": [{"role": "PRACTITIONER", "purpose": "HEALTH", "tokens": [token, token]}],
            "children": [{"number": child.number, "families": child.families} for child in pair.vocabulary.children],
        }
        (tmp_path / "told.json").write_text(json.dumps(told))
        urls = pair.places[0].world.gateway.url, pair.places[1].world.gateway.url
        assert await run_against(urls, told_in(tmp_path / "told.json"), 20, 1) == (20, [])
    with pytest.raises(Unreadable):
        told_in(tmp_path / "nothing.json")


def test_a_viewing_is_named_as_it_is_printed() -> None:
    """A difference names its viewing, and by that name it is run again."""
    assert [Viewing.named(str(viewing)) for viewing in VIEWINGS] == list(VIEWINGS)


def test_a_canary_is_found_wherever_it_sings() -> None:
    """In any text, unless whoever is told has said it first."""
    marks = Marks(random.Random(1), VIEWINGS[0])  # noqa: S311 - no secret
    keys, address = marks.keys(), marks.address()
    assert keys.upn is not None
    canaries = Canaries(marks.canaries)
    for word in (marks.word(), marks.number(), keys.upn.value, address.postcode or "", address.uprn or ""):
        canaries = Canaries(marks.canaries)
        assert canaries.found(f"at level DEBUG: {word}, and so on") == word
        assert canaries.found(f"no such thing as {word}", said=word) is None
    assert canaries.found("nothing of theirs 9990000018") is None


def test_no_two_children_of_a_world_have_one_key() -> None:
    """However many are made: so few NHS numbers are set apart for them that two would soon be drawn alike."""
    marks = Marks(random.Random(1), VIEWINGS[0])  # noqa: S311 - no secret
    assert len({marks.nhs_number() for _ in range(2_000)}) == 2_000


def test_an_open_childs_address_is_hidden_from_who_needs_none() -> None:
    """The oracle is the twin's: purpose and role decide of an open child, and nobody reads of their own."""
    person = Person(child_at(0))
    assert "ADDRESS" in Viewing.named("social-worker:SERVICE_COORDINATION").hidden(person, "token")
    assert "ADDRESS" not in Viewing.named("teacher:EDUCATION").hidden(person, "token")
    assert Viewing.named("teacher:EDUCATION").hidden(Person(child_at(36)), "token") == EVERYTHING
