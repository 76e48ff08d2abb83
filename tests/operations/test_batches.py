"""How often the store and the agencies are asked: once per level for all children, and once for all who ask at once."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from adapters.agency import Answer, Found
from adapters.number import with_check_character
from adapters.records import (
    BirthEntry,
    ChildRecord,
    Keys,
    NhsNumber,
    ParentContactRecord,
    ParentRecord,
    PracticeRecord,
    Upn,
)
from adapters.store.reading import Reading
from gateway.capability import capability
from gateway.operations.executor import Executor
from gateway.operations.outcome import Executed
from gateway.purpose import Purpose
from gateway.viewer import Role
from resolvers.agencies import JoinedAgencies
from resolvers.answering import Answering
from resolvers.batching import Joined
from resolvers.children import ChildFinder
from resolvers.contacts import Contacts
from resolvers.joined_reads import JoinedReads
from schema.context import AnsweringContext, ViewerCard
from tests.builders import a_child, a_viewer
from tests.operations.test_plan_and_twin_of_children import (
    DOCUMENTS,
    EXECUTOR,
    FATHER,
    MOTHER,
    ORIGIN,
    Shelf,
)
from tests.operations.whole import ANYBODY

CASELOAD = """
query($n: [ID!]!) { children(numbers: $n) {
  name { family } enrolments { start } services { kind } practice { odsCode address { postcode } }
  parents { name { family } phone email address { postcode } }
} }
"""


class Counting:
    """An agency with a bulk call that answers all alike and keeps what each call asked for."""

    def __init__(self, record: Any) -> None:
        self._record = record
        self.calls: list[int] = []

    async def fetch(self, keys: Sequence[Any], deadline: float) -> Mapping[Any, Answer[Any]]:
        self.calls.append(len(keys))
        await asyncio.sleep(0)
        return {key: Found(self._record) for key in keys}


class CountingShelf(Shelf):
    """A store of a few children that keeps what each statement asked for."""

    def __init__(self, children: Sequence[ChildRecord]) -> None:
        super().__init__(children)
        self.statements: list[int] = []

    async def children_by_number(self, numbers: Sequence[str]) -> Reading:
        self.statements.append(len(numbers))
        return await super().children_by_number(numbers)


class World:
    """A store and agencies that count, shared by every request, as one process has them. Build it where a loop runs."""

    def __init__(self, children: int) -> None:
        self.children = [
            replace(
                a_child(serial).build(),
                number=with_check_character(f"0000000000{serial:02d}"),
                keys=Keys(
                    NhsNumber(f"99900000{serial:02d}"),
                    Upn(f"B8012000050{serial:02d}"),
                    BirthEntry(f"9000000{serial:02d}"),
                ),
            )
            for serial in range(children)
        ]
        self.shelf = CountingShelf(self.children)
        self.reads = JoinedReads(self.shelf, at_once=2)
        parents = (ParentRecord(MOTHER, "Mother", ORIGIN), ParentRecord(FATHER, "Father", ORIGIN))
        self.agencies = {
            "school": Counting(()),
            "services": Counting(()),
            "practice": Counting(PracticeRecord("A81001", None, None, None, ORIGIN)),
            "parents": Counting(parents),
            "contacts": Counting((ParentContactRecord(MOTHER, "07700 900000", None, None, ORIGIN),)),
        }
        self.joined: JoinedAgencies = {
            name: Joined(agency, name, bulk=100, at_once=8) for name, agency in self.agencies.items()
        }

    async def ask(
        self, text: str, purpose: Purpose, how: Executor = EXECUTOR, role: Role = Role.PRACTITIONER
    ) -> Executed:
        viewer, deadline, answering = a_viewer(role), asyncio.get_running_loop().time() + 60, Answering(0)
        context = AnsweringContext(
            answering=answering,
            children=ChildFinder(self.shelf, self.reads, capability(viewer, purpose), deadline, answering),
            contacts=Contacts(self.joined, deadline, answering),
            viewer=ViewerCard(viewer.subject, viewer.organisation, viewer.role.value, purpose.value),
        )
        numbers = [child.number for child in self.children]
        return await how.run(DOCUMENTS.operation(text, None, ANYBODY), {"n": numbers}, context)

    @property
    def calls(self) -> dict[str, list[int]]:
        return {name: agency.calls for name, agency in self.agencies.items()}


async def test_fifty_children_cost_one_statement_and_one_call_per_agency_and_level() -> None:
    """Four levels deep: identity, contacts, parents, and how to reach them."""
    world = World(50)
    executed = await world.ask(CASELOAD, Purpose.SAFEGUARDING)
    assert executed.errors == ()
    assert executed.data is not None
    assert executed.data["children"][49]["parents"][0]["phone"] == "07700 900000"
    assert world.shelf.statements == [50]
    assert world.calls == {"school": [50], "services": [50], "practice": [50], "parents": [50], "contacts": [50]}


async def test_two_viewers_of_different_clearance_share_a_fetch_and_never_an_answer() -> None:
    """CASES 12: one asks for safeguarding, one for education, at once; what only one may see is asked for that one."""
    world = World(1)
    text = "query($n: [ID!]!) { children(numbers: $n) { enrolments { start } practice { odsCode } } }"
    both = await asyncio.gather(world.ask(text, Purpose.SAFEGUARDING), world.ask(text, Purpose.EDUCATION))
    safeguarding, education = [executed.data["children"][0] for executed in both if executed.data is not None]
    assert safeguarding == {"enrolments": [], "practice": {"odsCode": "A81001"}}
    assert education == {"enrolments": [], "practice": None}
    assert world.shelf.statements == [1]
    assert (world.calls["school"], world.calls["practice"]) == ([1], [1])


async def test_whoever_is_withheld_everything_asks_for_nothing() -> None:
    """Law 4, in a caseload: the decision came before."""
    world = World(50)
    executed = await world.ask(
        CASELOAD.replace("parents {", "same: name { family } p: parents {"), Purpose.DATA_QUALITY, role=Role.STEWARD
    )
    assert executed.errors == ()
    assert world.calls == {"school": [], "services": [], "practice": [], "parents": [50], "contacts": []}
