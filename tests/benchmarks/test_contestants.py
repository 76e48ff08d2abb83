"""What is compared is comparable: every contestant written here in Python gives the very same answers."""

import aiohttp
import msgspec
import pytest

from benchmarks.contestants import CONTESTANTS
from benchmarks.load import asking
from benchmarks.machine import PROC
from benchmarks.measuring import Case, Measure
from benchmarks.operation import PERSONA, PURPOSE
from benchmarks.people import expected, measured_children
from benchmarks.surroundings import started, surroundings
from benchmarks.table import sheets

pytestmark = pytest.mark.skipif(not PROC.is_dir(), reason="processes are looked at through /proc")

CHILDREN = 200


async def test_every_contestant_tells_the_same_of_a_child() -> None:
    """Alone and in a caseload, from agencies with and without bulk calls, through whole servers on loopback."""
    children = list(measured_children(CHILDREN))[:5]
    answers = [expected(child) for child in children]
    numbers = [child.number for child in children]
    wrong = []
    async with surroundings(CHILDREN) as around, aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {around.issuer.mint(PERSONA)}", "Contactpoint-Purpose": PURPOSE}
        for name, contestant in CONTESTANTS.items():
            for bulk in (True, False) if contestant.folder is None else ():
                told = msgspec.structs.replace(around.told, bulk=bulk)
                async with started(contestant.command, told.environment()) as server:
                    for asked, answer in ((numbers[:1], {"child": answers[0]}), (numbers, {"children": answers})):
                        async with session.post(server.url, json=asking(asked), headers=headers) as response:
                            if await response.json() != {"data": answer}:
                                wrong.append((name, bulk, len(asked)))
    assert not wrong


def test_what_is_promised_is_held_against_what_was_measured() -> None:
    """A ratio over its bound is said not to hold; what was not measured is not said."""
    case = Case(bulk=True, children=1, connections=128)

    def cost(contestant: str, cpu: float) -> Measure:
        return Measure(contestant, case, cpu, store_cpu=1, per_second=1, p50=1, p99=1, memory=1, disturbed=0)

    promised, *_ = sheets([cost("ours", 100), cost("mercurius", 400), cost("twin", 50)], [])
    assert [(row[0], *row[2:]) for row in promised.rows] == [
        ("Mercurius with JIT", "0.40 x", "0.25 x", "yes"),
        ("hand-written twin", "1.50 x", "2.00 x", "no"),
    ]
