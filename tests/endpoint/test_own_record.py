"""Nobody reads their own or their own child's record: by whatever way, it is as if there were no such child.

The persona `teacher` is a parent of the child `own-child`, as the token's NHS number says.
"""

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from adapters.number import with_check_character
from adapters.sandbox.personas import PERSONAS
from adapters.sandbox.population import SyntheticChild, child_at
from adapters.store.kinship import print_of
from adapters.store.registering import Registrar
from adapters.store.roles import Role
from tests.running import KIN_KEY, Reply, RunningGateway

NOBODY = with_check_character("000000000000")
FIELDS = (
    "name { family } address { postcode } enrolments { school { urn } } parents { name { family } } services { kind }"
)

Asked: TypeAlias = tuple[str, dict[str, Any]]


def by_number(number: str, child: SyntheticChild) -> Asked:
    return f"query($n: ID!) {{ child(number: $n) {{ {FIELDS} }} }}", {"n": number}


def by_list(number: str, child: SyntheticChild) -> Asked:
    return f"query($n: [ID!]!) {{ children(numbers: $n) {{ {FIELDS} }} }}", {"n": [number]}


def by_entity(number: str, child: SyntheticChild) -> Asked:
    query = f"query($r: [_Any!]!) {{ _entities(representations: $r) {{ ... on Child {{ {FIELDS} }} }} }}"
    return query, {"r": [{"__typename": "Child", "number": number}]}


def by_key(number: str, child: SyntheticChild) -> Asked:
    assert child.keys.nhs_number is not None
    key = child.keys.nhs_number.value if number != NOBODY else "9999999999"
    return f"query($k: ChildKey!) {{ childByKey(key: $k) {{ {FIELDS} }} }}", {"k": {"nhsNumber": key}}


def by_search(number: str, child: SyntheticChild) -> Asked:
    family = child.name.family if number != NOBODY else "Nobody"
    by = {"family": family, "given": child.name.given[0], "birthDate": child.birth_date.isoformat()}
    query = f"query($by: ChildCriteria!) {{ findChildren(by: $by) {{ tooMany children {{ {FIELDS} }} }} }}"
    return query, {"by": by}


WAYS = pytest.mark.parametrize("way", [by_number, by_list, by_entity, by_key, by_search], ids=lambda way: way.__name__)


async def asked(gateway: RunningGateway, number: str, way: Callable[[str, SyntheticChild], Asked], **how: Any) -> Reply:
    query, variables = way(number, gateway.child("own-child"))
    return await gateway.ask(query, variables, purpose="SAFEGUARDING", **how)


@WAYS
async def test_ones_own_child_is_nobody(gateway: RunningGateway, way: Callable[[str, SyntheticChild], Asked]) -> None:
    """The same bytes as for a number, a key or a name that is nobody's, and no agency is asked; a colleague is told."""
    own = await asked(gateway, gateway.child("own-child").number, way)
    nobody = await asked(gateway, NOBODY, way)
    assert json.dumps(own.body) == json.dumps(nobody.body)
    assert "errors" not in own.body
    assert gateway.calls == dict.fromkeys(gateway.calls, 0)
    colleague = await asked(gateway, gateway.child("own-child").number, way, viewer="social-worker")
    assert gateway.child("own-child").name.family in json.dumps(colleague.body)


async def test_other_children_are_shown_beside_it(gateway: RunningGateway) -> None:
    """Each child of a list is decided alone."""
    numbers = [gateway.child(name).number for name in ("own-child", "open")]
    reply = await gateway.ask("query($n: [ID!]!) { children(numbers: $n) { number } }", {"n": numbers})
    assert reply.data["children"] == [None, {"number": numbers[1]}]


async def test_ones_own_child_is_not_counted_among_the_matches(gateway: RunningGateway) -> None:
    """A search that would find another child beside finds that one alone, and says of no more."""
    own = gateway.child("own-child")
    namesake = child_at(35).number  # a sister, of whom the store is made to know no parent
    await gateway.execute(
        "UPDATE children SET birth_date = make_date($2, 1, 1), kin = '' WHERE number = $1",
        namesake,
        own.birth_date.year,
    )
    by = {"family": own.name.family, "birthYear": own.birth_date.year}
    query = "query($by: ChildCriteria!) { findChildren(by: $by, first: 1) { tooMany children { number } } }"
    reply = await gateway.ask(query, {"by": by})
    assert reply.data["findChildren"] == {"tooMany": False, "children": [{"number": namesake}]}
    colleague = await gateway.ask(query, {"by": by}, viewer="social-worker")
    assert colleague.data["findChildren"] == {"tooMany": True, "children": []}


async def test_the_attempt_is_on_record(gateway: RunningGateway) -> None:
    """Whose record was tried, and that nothing of it was shown."""
    await asked(gateway, gateway.child("own-child").number, by_number)
    [tried] = await gateway.ledger()
    [child] = tried.children
    assert (tried.outcome, tried.flags) == ("ANSWERED", ())
    assert (child.number, child.shown) == (gateway.child("own-child").number, set())


async def test_a_token_that_names_no_person_is_flagged(gateway: RunningGateway) -> None:
    """Of whom nobody knows who they are, nobody knows whose parents: the ledger says so, and the answer does not."""
    reply = await gateway.ask_child("own-child", "number", viewer="gp")
    assert reply.data["child"] == {"number": gateway.child("own-child").number}
    [seen] = await gateway.ledger()
    assert seen.flags == ("NO_PERSON",)


async def named(gateway: RunningGateway, persona: str, print_: bytes | None) -> None:
    """The employer says who this member of staff is, by fingerprint."""
    async with await Registrar.connect(gateway.database.dsn(Role.REGISTRY)) as registrar:
        await registrar.name_staff(PERSONAS[persona].organisation, f"persona-{persona}", print_)


async def test_an_employers_word_counts_where_the_token_says_nothing(gateway: RunningGateway) -> None:
    """From the next answer on, and until it is taken back."""
    parent = gateway.child("own-child").parents[1].nhs_number
    assert parent is not None
    for print_, there in ((None, True), (print_of(KIN_KEY, parent), False), (None, True)):
        await named(gateway, "gp", print_)
        reply = await gateway.ask_child("own-child", "number", viewer="gp")
        assert (reply.data["child"] is not None) == there


async def test_an_employers_word_counts_beside_the_tokens(gateway: RunningGateway) -> None:
    """Who says of themselves that they are somebody else is still whom their employer knows."""
    parent = gateway.child("open").parents[0].nhs_number
    assert parent is not None
    assert (await gateway.ask_child("open", "number")).data["child"] is not None
    await named(gateway, "teacher", print_of(KIN_KEY, parent))
    for name in ("open", "own-child"):
        assert (await gateway.ask_child(name, "number")).data == {"child": None}


OVERRIDE = 'mutation($n: ID!) { overrideShield(number: $n, reason: "worried about the child") { until } }'


async def test_an_override_of_ones_own_child_is_one_of_nobody(gateway: RunningGateway) -> None:
    """It would show nothing, and say that the child is shielded: so it is answered as for a number that is nobody's."""
    parent = gateway.child("shielded").parents[0].nhs_number
    assert parent is not None
    await named(gateway, "social-worker", print_of(KIN_KEY, parent))
    asked = {"viewer": "social-worker", "purpose": "SAFEGUARDING"}
    own = await gateway.ask(OVERRIDE, {"n": gateway.child("shielded").number}, **asked)
    nobody = await gateway.ask(OVERRIDE, {"n": NOBODY}, **asked)
    assert own.body == nobody.body == {"data": {"overrideShield": None}}
    assert await gateway.rows("SELECT FROM outbox UNION ALL SELECT FROM overrides") == []
    reply = await gateway.ask_child("shielded", FIELDS, **asked)
    assert reply.body == {"data": {"child": None}}


async def test_an_override_begun_before_shows_nothing_of_ones_own_child(gateway: RunningGateway) -> None:
    """Whose parent somebody is may come to be known later: a look that is under way ends there."""
    parent = gateway.child("shielded").parents[0].nhs_number
    assert parent is not None
    asked = {"viewer": "social-worker", "purpose": "SAFEGUARDING"}
    begun = await gateway.ask(OVERRIDE, {"n": gateway.child("shielded").number}, **asked)
    assert begun.data["overrideShield"]["until"]
    await named(gateway, "social-worker", print_of(KIN_KEY, parent))
    reply = await gateway.ask_child("shielded", FIELDS, **asked)
    assert reply.body == {"data": {"child": None}}
