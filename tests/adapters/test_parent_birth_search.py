"""The parents of a child whose birth entry nobody knows: who is searched for, and which hit is the child."""

import logging
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.agency import AgencyBroken, Answer, Failed, Found, Mark, NotRecorded, Restricted
from adapters.lev_birth import MOST_HITS
from adapters.parent_birth_registration import ParentsKey
from adapters.records import BirthEntry, Name, ParentRecord
from adapters.sandbox.population import NOTABLE, child_at
from tests.adapters.bodies import ENTRY, a_blocked_entry, an_entry
from tests.adapters.loopback import Health, Scripted, health_agencies, parents_from, scripted, soon

UNLINKED = ParentsKey(None, Name(("Zack",), "Howard"), date(2012, 10, 10), open=True)
LATER = 500000002
SEARCH = "/v1/registration/birth"
PARENTS = [("Mother", Name(("Annabelle", "Jane"), "LEE")), ("Father", Name(("Arron",), "HOWARD"))]

Parents = tuple[ParentRecord, ...]


def notable(name: str) -> ParentsKey:
    child = child_at(NOTABLE[name])
    return ParentsKey(child.keys.birth_entry, child.name, child.birth_date, open=True)


@pytest.fixture
async def health() -> AsyncIterator[Health]:
    async with health_agencies() as agencies:
        yield agencies


@pytest.fixture
async def script() -> AsyncIterator[Scripted]:
    async with scripted("application/json") as agency:
        yield agency


async def search_of(script: Scripted, *hits: object, key: ParentsKey = UNLINKED) -> Answer[Parents]:
    script.says(SEARCH, list(hits))
    return (await parents_from(script, key))[key]


def named(answer: Answer[Parents]) -> list[tuple[str, Name]]:
    assert isinstance(answer, Found)
    return [(parent.relationship, parent.name) for parent in answer.record]


async def test_one_exact_hit_is_the_child(script: Scripted) -> None:
    """The search is asked by forenames, surname and birth date."""
    assert named(await search_of(script, an_entry())) == PARENTS
    assert dict(script.asked[0].query) == {"forenames": "Zack", "surname": "Howard", "dateOfBirth": "2012-10-10"}


@pytest.mark.parametrize(
    "child",
    [
        {"forenames": "Zack Peter", "surname": "Howard", "dateOfBirth": "2012-10-10"},
        {"forenames": "Zack", "surname": "Howards", "dateOfBirth": "2012-10-10"},
        {"forenames": "Zack", "surname": "Howard", "dateOfBirth": "2012-10-11"},
        {"forenames": None, "surname": None, "dateOfBirth": None},
    ],
)
async def test_a_likeness_is_not_the_child(
    script: Scripted, child: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """LEV matches forenames by their beginning; anything but the whole name and date joins nothing."""
    caplog.set_level(logging.INFO)
    assert await search_of(script, an_entry(child=child)) == NotRecorded()
    assert "birth search joined nothing: no exact hit" in caplog.text


async def test_case_and_accents_are_no_difference(script: Scripted) -> None:
    """ZACK HOWARD is Zack Howard."""
    child = {"forenames": "ZÁCK", "surname": "HOWARD", "dateOfBirth": "2012-10-10"}
    assert named(await search_of(script, an_entry(child=child))) == PARENTS


async def test_two_exact_hits_join_nothing(script: Scripted, caplog: pytest.LogCaptureFixture) -> None:
    """Namesakes born the same day: neither is shown as the other, and no log line says who."""
    caplog.set_level(logging.DEBUG)
    assert await search_of(script, an_entry(), an_entry(LATER)) == NotRecorded()
    assert "birth search joined nothing: more than one exact hit" in caplog.text
    assert "Zack" not in caplog.text
    assert "Howard" not in caplog.text


async def test_an_entry_made_again_is_one_child(script: Scripted) -> None:
    """A search finds the first entry and the second; both are one chain, and its newest speaks."""
    first, later = an_entry(), an_entry(LATER, {"reregistration": "Father added"})
    hits = first | {"nextRegistration": later}, later | {"previousRegistration": first}
    assert named(await search_of(script, *hits)) == PARENTS


async def test_a_hidden_hit_holds_the_child(script: Scripted) -> None:
    """A blocked hit has no name to compare: it could be this child, whatever else was found."""
    assert await search_of(script, an_entry(), a_blocked_entry(LATER)) == Restricted(Mark.BIRTH_BLOCKED)


async def test_an_exact_hits_own_marks_count(script: Scripted) -> None:
    """Found by search or by number, an entry is judged alike; another child's caution is nothing to this one."""
    caution = {"marginalNote": "Court order in place"}
    somebody = an_entry(
        LATER, caution, child={"forenames": "Zack Peter", "surname": "Howard", "dateOfBirth": "2012-10-10"}
    )
    assert await search_of(script, an_entry(status=caution)) == Restricted(Mark.BIRTH_CAUTION)
    assert named(await search_of(script, an_entry(), somebody)) == PARENTS


@pytest.mark.parametrize(
    "key",
    [
        replace(UNLINKED, open=False),
        replace(UNLINKED, name=Name(("Zack",), None)),
        replace(UNLINKED, name=Name((), "Howard")),
    ],
    ids=["protected", "no-family", "no-given"],
)
async def test_nobody_else_is_searched_for(script: Scripted, key: ParentsKey) -> None:
    """A search would tell LEV about a protected child, and a name without halves finds anybody: no call."""
    assert await search_of(script, an_entry(), key=key) == NotRecorded()
    assert script.asked == []


async def test_a_protected_child_is_looked_up_by_number(script: Scripted) -> None:
    """With the number on file nobody's name is told, so the parents' names can be had."""
    script.says(f"{SEARCH}/{ENTRY}", an_entry())
    key = replace(UNLINKED, birth_entry=BirthEntry(ENTRY), open=False)
    assert named((await parents_from(script, key))[key]) == PARENTS


async def test_the_sandbox_finds_the_unlinked_and_not_the_namesakes(health: Health) -> None:
    """One child has an entry that the store does not know of; two share a name and a birthday; one has no entry."""
    unlinked, abroad = notable("birth-unlinked"), notable("no-birth-entry")
    twin = replace(notable("namesake"), birth_entry=None)
    answers = await health.parents.fetch([unlinked, abroad, twin], soon())
    assert named(answers[unlinked])
    assert answers[abroad] == answers[twin] == NotRecorded()


async def test_more_hits_than_a_name_and_birthday_have_are_broken(script: Scripted) -> None:
    """They are counted and not read: a search that heeds neither name nor date says nothing of this child."""
    others = [an_entry(LATER + other, child={"forenames": "Zack Peter"}) for other in range(MOST_HITS)]
    assert named(await search_of(script, an_entry(), *others[1:])) == PARENTS
    for hits in ([an_entry(), *others], [a_blocked_entry(), *others]):
        answer = await search_of(script, *hits)
        assert isinstance(answer, Failed)
        assert type(answer.failure) is AgencyBroken


async def test_a_search_that_answers_no_array_is_broken(script: Scripted) -> None:
    """An entry where a list of entries belongs is not the protocol."""
    script.says(SEARCH, an_entry())
    answer = (await parents_from(script, UNLINKED))[UNLINKED]
    assert isinstance(answer, Failed)
    assert type(answer.failure) is AgencyBroken
