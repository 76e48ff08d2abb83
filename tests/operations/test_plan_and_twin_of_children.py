"""Plan and twin over our own schema: every tier and every mood of the agencies; same answer, withheld, recorded."""

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from graphql import print_schema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import nodes, queries
from msgspec.structs import replace

from adapters.agency import AgencyBroken, Answer, Failed, Found, Mark, NotRecorded, Restricted
from adapters.identity import IdentityEntry, LikenessReason, QuarantineOutcome
from adapters.number import with_check_character
from adapters.records import (
    AddressStatus,
    ChildRecord,
    EnrolmentRecord,
    Keys,
    Name,
    NhsNumber,
    Origin,
    ParentContactRecord,
    ParentRecord,
    PostalAddress,
    PracticeRecord,
    SchoolRecord,
    ServiceRecord,
)
from adapters.shield_records import CaseRow, Page, QuarantineRow
from adapters.store.reading import Reading
from gateway.capability import capability
from gateway.events import Observer
from gateway.operations.documents import Documents, InvalidDocument
from gateway.operations.executor import Executor
from gateway.operations.twin import Twin
from gateway.purpose import Purpose
from gateway.viewer import Role, Viewer
from resolvers.agencies import Agencies, join
from resolvers.answering import Answering
from resolvers.children import ChildFinder
from resolvers.contacts import Contacts
from resolvers.joined_reads import JoinedReads
from schema.built import graphql_schema
from schema.context import AnsweringContext, ViewerCard
from tests.builders import ELSEWHERE, HERE, a_child, a_viewer
from tests.operations.test_plan_and_twin import said
from tests.operations.whole import whole_documents

CASES = int(os.environ.get("PLAN_CASES", "300"))

DOCUMENTS = whole_documents()
OBSERVER = Observer()
EXECUTOR, TWIN = Executor(OBSERVER), Twin(OBSERVER)

NUMBERS = [with_check_character(f"0000000000{serial:02d}") for serial in range(6)]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ORIGIN = Origin("an agency", NOW)
ADDRESS = PostalAddress(AddressStatus.CURRENT, ("1 Mill Lane",), "B1 1AA", None)
MOTHER, FATHER = Name(("Ada",), "Byron"), Name(("Charles",), "Babbage")


class Mooded:
    """An agency that answers as drawn, key by key."""

    def __init__(self, answers: Sequence[Answer[Any]]) -> None:
        self._answers = answers

    async def fetch(self, keys: Sequence[Any], deadline: float) -> Mapping[Any, Answer[Any]]:
        await asyncio.sleep(0)
        return {key: self._answers[len(str(key)) % len(self._answers)] for key in keys}


class Shelf:
    """A store of a few children, in memory: what finding children asks of one."""

    def __init__(self, children: Sequence[ChildRecord]) -> None:
        self._children = children

    async def children_by_number(self, numbers: Sequence[str]) -> Reading:
        return Reading(tuple(child for child in self._children if child.number in set(numbers)), 1)

    async def children_by_key(self, key: Any) -> Reading:
        held = tuple(child for child in self._children if key in (child.keys.nhs_number, child.keys.upn))
        return Reading(held, 1)

    async def find_children(self, criteria: Any, scope: Any, limit: int) -> Reading:
        return Reading(tuple(self._children[: limit + 1]), 1)

    async def broker_references(self, organisation: str, child_ids: Sequence[int]) -> Mapping[int, str]:
        return {child_id: f"{organisation}-{child_id}" for child_id in child_ids}


class Tray:
    """What waits for an officer, in memory: what the lists ask of a request's acts. Nobody acts here."""

    def __init__(self, rows: Sequence[QuarantineRow]) -> None:
        self._rows = rows

    async def quarantine(self, first: int, after: str | None) -> Page[QuarantineRow]:
        return Page(tuple(self._rows[:first]), "more" if len(self._rows) > first else None)

    async def cases(self, listing: str, first: int, after: str | None) -> Page[CaseRow]:
        return Page((), None)


def moods(*records: Any) -> st.SearchStrategy[Any]:
    sound = [Found(record) for record in records]
    odd = [NotRecorded(), Restricted(Mark.PDS_RESTRICTED), Failed(AgencyBroken("it broke"))]
    return st.lists(st.sampled_from([*sound, *sound, *odd]), min_size=1, max_size=3).map(Mooded)


AGENCIES = st.builds(
    Agencies,
    school=moods(
        (EnrolmentRecord(SchoolRecord("100000", "A School", address=ADDRESS), date(2020, 9, 1), None, ORIGIN),)
    ),
    practice=moods(PracticeRecord("A81001", None, "0113 496 0000", None, ORIGIN)),
    parents=moods((ParentRecord(MOTHER, "Mother", ORIGIN), ParentRecord(FATHER, "Father", ORIGIN)), ()),
    contacts=moods((ParentContactRecord(MOTHER, "07700 900000", None, ADDRESS, ORIGIN),), ()),
    services=moods((ServiceRecord("School nursing", "A Trust", None, None, None, True, None, False),)),
)

CHILD = st.builds(
    lambda serial, tier, held, withheld, authority, keyed: (
        replace(
            {
                "open": a_child(serial),
                "shielded": a_child(serial).shielded(*withheld),
                "sealed": a_child(serial).sealed(),
            }[tier]
            .of(authority)
            .build(),
            number=NUMBERS[serial],
            keys=Keys(NhsNumber(f"99900000{serial:02d}") if keyed else None),
        ),
        held,
    ),
    st.integers(0, 4),
    st.sampled_from(["open", "shielded", "sealed"]),
    st.booleans(),
    st.lists(st.sampled_from(["KEY", "PARENT_NAMES"]), unique=True),
    st.sampled_from([HERE, ELSEWHERE]),
    st.booleans(),
).map(lambda drawn: replace(drawn[0], protection=replace(drawn[0].protection, held=drawn[1])))

CHILDREN = st.lists(CHILD, max_size=4, unique_by=lambda child: child.number)

WAITING = st.lists(
    st.builds(
        QuarantineRow,
        reference=st.just("reference"),
        received_at=st.just(NOW),
        source=st.just("a source"),
        outcome=st.sampled_from(QuarantineOutcome),
        entry=st.one_of(
            st.none(),
            st.just(
                IdentityEntry(1, MOTHER, date(2015, 1, 2), None, ADDRESS, Keys(NhsNumber("9990000999")), NOW, b"digest")
            ),
        ),
        candidates=st.lists(
            st.tuples(st.sampled_from(NUMBERS), st.lists(st.sampled_from(LikenessReason), max_size=3).map(tuple)),
            max_size=2,
        ).map(tuple),
    ),
    max_size=2,
)

VIEWERS = st.sampled_from(
    [
        (a_viewer(), Purpose.SAFEGUARDING),
        (a_viewer(), Purpose.EDUCATION),
        (a_viewer(Role.SHIELD_OFFICER, scopes="sealed sensitive"), Purpose.SHIELD_MANAGEMENT),
        (a_viewer(Role.STEWARD), Purpose.DATA_QUALITY),
        (a_viewer(Role.ANALYST), Purpose.STATISTICS),
    ]
)


def ran(
    how: Executor | Twin,
    text: str,
    variables: dict[str, Any],
    asks: tuple[Viewer, Purpose],
    children: Any,
    agencies: Any,
    waiting: Sequence[QuarantineRow] = (),
    documents: Documents = DOCUMENTS,
) -> tuple[Any, ...]:
    viewer, purpose = asks

    async def run() -> tuple[Any, ...]:
        answering = Answering(0)
        shelf, deadline = Shelf(children), asyncio.get_running_loop().time() + 60
        finder = ChildFinder(shelf, JoinedReads(shelf, at_once=2), capability(viewer, purpose), deadline, answering)
        context = AnsweringContext(
            answering=answering,
            children=finder,
            contacts=Contacts(join(agencies), deadline, answering),
            viewer=ViewerCard(viewer.subject, viewer.organisation, viewer.role.value, purpose.value),
            acts=Tray(waiting),  # type: ignore[arg-type]  # no test here acts
        )
        executed = await how.run(documents.operation(text, None, viewer.role), variables, context)
        marks = {(mark.child_id, mark.agency, mark.mark, mark.held) for mark in answering.marks}
        return (
            json.dumps(executed.data),
            said(executed.errors, executed.data),
            answering.withheld(),
            answering.accesses(),
            marks,
            answering.disclosures,
        )

    try:
        return asyncio.run(run())
    except InvalidDocument as invalid:
        return ("invalid", sorted(error.message for error in invalid.errors))
    except Exception as refused:
        return ("refused", type(refused).__name__, str(refused))


def agree(
    text: str,
    variables: dict[str, Any],
    asks: tuple[Viewer, Purpose],
    children: Any,
    agencies: Any,
    waiting: Sequence[QuarantineRow] = (),
    documents: Documents = DOCUMENTS,
) -> None:
    """The same answer, the same record of it, and decisions at the same places.

    The plan may have decided where nothing was asked. And where null came up from below, how far each had got with what
    it took along is nobody's promise: then the answer is compared, and not what was noted on the way.
    """
    plan = ran(EXECUTOR, text, variables, asks, children, agencies, waiting, documents)
    twin = ran(TWIN, text, variables, asks, children, agencies, waiting, documents)
    assert plan[:2] == twin[:2]
    if len(twin) > 3 and not twin[1][1]:
        assert plan[2:-1] == twin[2:-1]
        assert twin[-1] == {path: plan[-1][path] for path in twin[-1]}


ALL = """
  number name { given family } birthDate gender shield { brokerReference } formerNames { family }
  address { status lines postcode } enrolments { start school { urn name address { postcode } } origin { asOf } }
  practice { odsCode phone origin { agency } }
  parents { name { family } relationship phone email address { postcode } origin { agency } }
  services { kind lead brokerReference } keys { nhsNumber upn birthEntry }
"""

DIRECTED = f"""
query($n: [ID!]!, $one: ID!, $yes: Boolean!) {{
  children(numbers: $n) {{ {ALL} }}
  child(number: $one) {{ ...Some ... @include(if: $yes) {{ parents {{ phone }} }} parents {{ name {{ family }} }} }}
  same: child(number: $one) {{ practice @skip(if: $yes) {{ odsCode }} home: address {{ postcode }} }}
  findChildren(by: {{family: "Byron", birthYear: 2015}}, first: 3) {{ tooMany children {{ ...Some }} }}
  childByKey(key: {{nhsNumber: "9990000001"}}) {{ number keys {{ nhsNumber }} }}
  _entities(representations: [{{__typename: "Child", number: $one}}]) {{ ... on Child {{ ...Some }} }}
  quarantine(first: 1) {{ hasNextPage nodes {{
    state outcome incoming {{ name {{ family }} nhsNumber upn address {{ postcode }} }}
    candidates {{ reasons child {{ ...Some formerNames {{ family }} }} }} }} }}
  viewer {{ subject }}
}}
fragment Some on Child {{ number services {{ kind }} enrolments {{ school {{ urn }} }} address {{ postcode }} }}
""".replace(", number: $one}]", ', number: "' + NUMBERS[1] + '"}]')


@settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
@given(VIEWERS, CHILDREN, AGENCIES, st.sampled_from([*NUMBERS, "mistyped"]), st.booleans(), WAITING)
def test_every_root_and_every_field(
    asks: tuple[Viewer, Purpose],
    children: Any,
    agencies: Any,
    one: str,
    yes: bool,
    waiting: Sequence[QuarantineRow],
) -> None:
    """One document that touches all of it, over every mixture of tiers, keys, viewers and agencies' moods."""
    agree(DIRECTED, {"n": NUMBERS, "one": one, "yes": yes}, asks, children, agencies, waiting)


@settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    queries(
        print_schema(graphql_schema),
        fields=("viewer", "child", "childByKey", "children", "findChildren", "quarantine"),
        custom_scalars={"Date": st.dates().map(lambda day: nodes.String(day.isoformat()))},
    ),
    VIEWERS,
    CHILDREN,
    AGENCIES,
    WAITING,
)
def test_generated_operations(
    text: str, asks: tuple[Viewer, Purpose], children: Any, agencies: Any, waiting: Sequence[QuarantineRow]
) -> None:
    """Whatever hypothesis-graphql writes for this schema, as each viewer."""
    agree(text, {}, asks, children, agencies, waiting)
