"""Finding children: by number, key, list, search or federation; hidden values are never keys (law 5)."""

import pytest

from adapters.number import with_check_character
from tests.running import RunningGateway

SEARCH = (
    "query($by: ChildCriteria!, $first: Int) { findChildren(by: $by, first: $first) { tooMany children { number } } }"
)


@pytest.mark.parametrize(
    "mistyped", ["0000000000000", "F12R0749SBD3", "F12R0749SBD389", "IIIIIIIIIIIII", "", "9990000018", "F12R0749SBD3é"]
)
async def test_a_mistyped_number_is_told_before_anything_is_looked_up(gateway: RunningGateway, mistyped: str) -> None:
    """The check character says so; the store is not asked, and the number is not repeated."""
    await gateway.execute("REVOKE SELECT ON children FROM contactpoint_gateway")
    reply = await gateway.ask("query($n: ID!) { child(number: $n) { number } }", {"n": mistyped})
    assert reply.codes == ["BAD_NUMBER"]
    assert reply.data == {"child": None}
    assert not mistyped or mistyped not in str(reply.body)


async def test_hyphens_spaces_and_lower_case_are_accepted(gateway: RunningGateway) -> None:
    """As people write it down and read it out."""
    number = gateway.child("open").number
    written = f"{number[:4]}-{number[4:8]} {number[8:]}".lower()
    reply = await gateway.ask("query($n: ID!) { child(number: $n) { number } }", {"n": written})
    assert reply.data["child"]["number"] == number


async def test_a_list_is_answered_in_the_order_asked_each_child_decided_alone(gateway: RunningGateway) -> None:
    """CASES 32: unknown and sealed ones are null in their place, and one statement reads them all."""
    names = ["shielded", "sealed", "open", "home-educated", "open"]
    numbers = [gateway.child(name).number for name in names] + [with_check_character("000000000000")]
    query = "query($n: [ID!]!) { children(numbers: $n) { number address { postcode } } }"
    reply = await gateway.ask(query, {"n": numbers})
    found = reply.data["children"]
    assert [child and child["number"] for child in found] == [
        None if place in (1, 5) else number for place, number in enumerate(numbers)
    ]
    assert found[0]["address"] is None
    assert found[2]["address"] == found[4]["address"] != None  # noqa: E711 - reads as it is meant
    assert reply.withheld == [["children", 0, "address"]]


async def test_more_than_a_hundred_children_at_once_are_refused(gateway: RunningGateway) -> None:
    """CASES 36: 400 with the limit's name, and no data."""
    numbers = [gateway.child("open").number] * 101
    reply = await gateway.ask("query($n: [ID!]!) { children(numbers: $n) { number } }", {"n": numbers})
    assert (reply.status, reply.codes) == (400, ["LIMIT_CHILDREN"])
    assert "data" not in reply.body


async def test_a_child_is_found_by_its_keys(gateway: RunningGateway) -> None:
    """By NHS number or UPN, where the purpose needs to know them."""
    child = gateway.child("open")
    assert child.keys.nhs_number is not None
    assert child.keys.upn is not None
    query = "query($key: ChildKey!) { childByKey(key: $key) { number } }"
    for key in ({"nhsNumber": child.keys.nhs_number.value}, {"upn": child.keys.upn.value}):
        reply = await gateway.ask(query, {"key": key})
        assert reply.data["childByKey"] == {"number": child.number}


async def test_a_key_the_viewer_may_not_know_finds_nobody(gateway: RunningGateway) -> None:
    """CASES 3: a shielded child's UPN names its school, so it finds nobody; nor does any NHS number for education."""
    query = "query($key: ChildKey!) { childByKey(key: $key) { number } }"
    shielded, open_child = gateway.child("shielded").keys, gateway.child("open").keys
    assert shielded.upn is not None
    assert open_child.nhs_number is not None
    hidden = await gateway.ask(query, {"key": {"upn": shielded.upn.value}})
    unneeded = await gateway.ask(query, {"key": {"nhsNumber": open_child.nhs_number.value}}, purpose="EDUCATION")
    nobody = await gateway.ask(query, {"key": {"upn": "A000000000000"}})
    assert hidden.body == unneeded.body == nobody.body == {"data": {"childByKey": None}}


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("{ childByKey(key: {}) { number } }", None),
        ("{ childByKey(key: {upn: null}) { number } }", None),
        ('{ childByKey(key: {upn: "A000000000000", nhsNumber: "9990000018"}) { number } }', None),
        ("query($upn: ID) { childByKey(key: {upn: $upn}) { number } }", None),
        ("query($upn: ID) { ...F } fragment F on Query { childByKey(key: {upn: $upn}) { number } }", None),
        ("query($key: ChildKey!) { childByKey(key: $key) { number } }", {}),
        ("query($key: ChildKey!) { childByKey(key: $key) { number } }", {"upn": None}),
    ],
)
async def test_none_or_two_keys_are_the_callers_mistake(
    gateway: RunningGateway, query: str, key: dict[str, None] | None, caplog: pytest.LogCaptureFixture
) -> None:
    """Told as any other, before anything runs: it was a resolver's failure once, and an alarm for nothing."""
    reply = await gateway.ask(query, {"key": key} if key is not None else None)
    assert reply.unread
    assert not [line for line in caplog.records if line.levelname == "ERROR"]


async def test_a_search_finds_by_what_is_visible(gateway: RunningGateway) -> None:
    """Name and birth year find a shielded child too: that much of it is no secret."""
    for name in ("open", "shielded"):
        child = gateway.child(name)
        by = {"family": child.name.family, "birthDate": child.birth_date.isoformat()}
        reply = await gateway.ask(SEARCH, {"by": by})
        assert child.number in [found["number"] for found in reply.data["findChildren"]["children"]]


async def test_a_search_by_postcode_finds_no_shielded_child(gateway: RunningGateway) -> None:
    """CASES 3: the right postcode answers as a wrong one; an officer who manages the shield is answered."""
    child = gateway.child("shielded")
    by = {"family": child.name.family, "birthDate": child.birth_date.isoformat()}
    right = await gateway.ask(SEARCH, {"by": by | {"postcode": child.address.postcode}})
    wrong = await gateway.ask(SEARCH, {"by": by | {"postcode": "ZZ99 3VZ"}})
    assert right.body == wrong.body
    assert right.data["findChildren"] == {"tooMany": False, "children": []}
    officer = await gateway.ask(SEARCH, {"by": by | {"postcode": child.address.postcode}}, viewer="shield-officer")
    assert [found["number"] for found in officer.data["findChildren"]["children"]] == [child.number]


async def test_a_search_never_finds_a_sealed_child(gateway: RunningGateway) -> None:
    """As if there were none: not a row, not a count."""
    child = gateway.child("sealed")
    by = {"family": child.name.family, "given": child.name.given[0], "birthDate": child.birth_date.isoformat()}
    reply = await gateway.ask(SEARCH, {"by": by, "first": 1})
    assert reply.data["findChildren"] == {"tooMany": False, "children": []}


async def test_a_search_without_a_birth_date_or_year_is_none(gateway: RunningGateway) -> None:
    """Law 11: no browsing."""
    reply = await gateway.ask(SEARCH, {"by": {"family": "Smith"}})
    assert reply.codes == ["BAD_CRITERIA"]


@pytest.mark.parametrize("first", [0, -1, 11])
async def test_a_search_gives_between_one_and_ten(gateway: RunningGateway, first: int) -> None:
    """Few children or none."""
    reply = await gateway.ask(SEARCH, {"by": {"family": "Smith", "birthYear": 2015}, "first": first})
    assert (reply.status, reply.codes) == (400, ["LIMIT_FIRST"])


async def test_where_more_match_than_asked_for_none_is_given(gateway: RunningGateway) -> None:
    """The word that there are too many, and no rows to page through."""
    twin = gateway.child("twin")
    by = {"family": twin.name.family, "birthDate": twin.birth_date.isoformat()}
    both = await gateway.ask(SEARCH, {"by": by})
    one = await gateway.ask(SEARCH, {"by": by, "first": 1})
    assert len(both.data["findChildren"]["children"]) == 2
    assert one.data["findChildren"] == {"tooMany": True, "children": []}


async def test_a_federated_router_meets_the_same_decision(gateway: RunningGateway) -> None:
    """Law 3: `_entities` is one more way to a child, and leads past the same shield."""
    query = """query($r: [_Any!]!) { _entities(representations: $r) {
        ... on Child { number address { postcode } enrolments { school { urn } } } } }"""
    names = ["open", "shielded", "sealed"]
    representations = [{"__typename": "Child", "number": gateway.child(name).number} for name in names]
    reply = await gateway.ask(query, {"r": representations})
    open_child, shielded, sealed = reply.data["_entities"]
    assert open_child["address"]["postcode"] == gateway.child("open").address.postcode
    assert shielded == {"number": gateway.child("shielded").number, "address": None, "enrolments": None}
    assert sealed is None
    assert reply.withheld == [["_entities", 1, "address"], ["_entities", 1, "enrolments"]]
