"""Searches over HTTP, in two worlds that differ in hidden values alone; and what a cursor holds (cases 4 and 5)."""

import base64
from dataclasses import replace
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from adapters.store.roles import Role
from adapters.store.search import Criteria
from gateway.purpose import Purpose
from gateway.settings import Settings
from gateway.viewer import Role as ActingRole
from tests.endpoint.test_quarantine import a_doubt
from tests.running import RunningGateway
from tests.shield.twin import Asker
from tests.store.rows import Rows
from tests.worlds.test_paging import Somebody, criteria, facts, lay_one, somebody, varied

SEARCH = "query($by: ChildCriteria!, $n: Int!) { findChildren(by: $by, first: $n) { tooMany children { number } } }"
WORKER = Asker(ActingRole.PRACTITIONER, Purpose.SAFEGUARDING, "", None)
OURS = "number LIKE '0000000%'"  # children laid by a test
EMPTY = ";".join(
    f"DELETE FROM {table} WHERE {which}"  # noqa: S608 - words of this file
    for table, which in (
        *(
            (table, f"child_id IN (SELECT id FROM children WHERE {OURS})")  # noqa: S608 - likewise
            for table in ("former_names", "holds", "shields", "broker_references")
        ),
        ("guessing", "true"),
        ("children", OURS),
    )
)

# Nobody is let in to these, and none is the viewer's own: so they are hidden from a social worker as from the twin.
let_nobody_in = facts.map(lambda of: replace(of, overridden=False, circle="", raised_by=None))
children = st.builds(lambda child, of: replace(child, facts=of, mine=False), somebody, let_nobody_in)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, guess_burst=10_000, guess_per_minute=0.001, beat=0.0)


async def lay(gateway: RunningGateway, world: list[Somebody | None]) -> None:
    owner = await gateway.database.connect(Role.OWNER)
    try:
        await owner.execute(EMPTY)
        for place, child in enumerate(world):
            if child is not None:
                await lay_one(Rows(owner), place, child)
    finally:
        await owner.close()


async def told(gateway: RunningGateway, by: Criteria, first: int) -> tuple[Any, ...]:
    asked = {
        "family": by.family,
        "given": by.given,
        "birthYear": by.birth_year,
        "birthDate": by.birth_date and by.birth_date.isoformat(),
        "gender": by.gender and by.gender.value,
        "postcode": by.postcode,
    }
    given_by = {word: value for word, value in asked.items() if value is not None}
    reply = await gateway.ask(SEARCH, {"by": given_by, "n": first}, viewer="social-worker", purpose="SAFEGUARDING")
    sizes = {name: value for name, value in reply.headers.items() if name not in ("Contactpoint-Record", "Date")}
    return reply.status, reply.body, sizes, gateway.calls


@hypothesis.settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    twins=st.lists(st.tuples(children, st.none() | children), min_size=1, max_size=6),
    by=st.lists(criteria, min_size=3, max_size=5),
    first=st.integers(1, 3),
)
async def test_two_worlds_apart_in_hidden_values_are_answered_alike(
    gateway: RunningGateway, twins: list[tuple[Somebody, Somebody | None]], by: list[Criteria], first: int
) -> None:
    """Bodies, `tooMany` among them, headers, agencies' calls, and how many guesses were counted."""
    found = []
    for world in ([one for one, _ in twins], [varied(WORKER, one, other) for one, other in twins]):
        await lay(gateway, world)
        answers = [await told(gateway, each, first) for each in by]
        guesses = await gateway.rows("SELECT round(level) AS level FROM guessing")
        found.append((answers, guesses))
    assert found[0] == found[1]
    assert found[0][1] == [{"level": len(by)}]


async def test_a_cursor_holds_what_its_page_showed(gateway: RunningGateway) -> None:
    """Decoded, it is of the page's last row, and of what stands in it: number, or time and reference."""
    for serial in (1, 2):
        await a_doubt(gateway, "shielded", serial=serial)
        await gateway.ask_child("open", "number")
    paged = {
        "shields(first: 1) { nodes { number } endCursor }": ("shield-officer", ("number",)),
        "quarantine(first: 1) { nodes { receivedAt reference } endCursor }": ("steward", ("receivedAt", "reference")),
        f'accesses(number: "{gateway.child("open").number}", first: 1) {{ nodes {{ reference }} endCursor }}': (
            "auditor",
            ("reference",),
        ),
    }
    for query, (viewer, shown) in paged.items():
        [page] = (await gateway.ask(f"{{ {query} }}", viewer=viewer)).data.values()
        [node] = page["nodes"]
        held = base64.urlsafe_b64decode(page["endCursor"]).decode().split(" ")
        assert held[-1] == node[shown[-1]]
        assert len(held) <= 2  # and when, which the page says too
