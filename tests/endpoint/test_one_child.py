"""The main job, end to end over real HTTP: one child's record, joined live, and what a shield leaves of it."""

from adapters.number import with_check_character
from tests.running import RunningGateway

RECORD = """
    name { given family } birthDate address { postcode } enrolments { school { urn name } }
    practice { odsCode name } parents { name { family } phone } shield { brokerReference }
"""


async def test_an_open_child_is_joined_from_the_store_and_every_agency(gateway: RunningGateway) -> None:
    """Identity from the store, school, practice and parents from their agencies, in one answer."""
    expected = gateway.child("open")
    reply = await gateway.ask_child("open", RECORD)
    assert reply.status == 200
    assert "errors" not in reply.body
    child = reply.data["child"]
    assert child["name"] == {"given": list(expected.name.given), "family": expected.name.family}
    assert child["birthDate"] == expected.birth_date.isoformat()
    assert child["address"]["postcode"] == expected.address.postcode
    assert child["enrolments"][0]["school"]["urn"] == expected.school_urn
    assert child["enrolments"][0]["school"]["name"]
    assert child["practice"]["odsCode"] == expected.practice_ods
    assert child["practice"]["name"]
    assert [parent["phone"] for parent in child["parents"]] == [parent.phone for parent in expected.parents]
    assert child["shield"] is None
    assert "extensions" not in reply.body


async def test_a_shielded_child_has_identity_and_the_rest_is_null_and_listed(gateway: RunningGateway) -> None:
    """In the same shape, with a broker reference for each field withheld, and the parents by name alone."""
    expected = gateway.child("shielded")
    reply = await gateway.ask_child("shielded", RECORD)
    child = reply.data["child"]
    assert child["name"]["family"] == expected.name.family
    assert child["birthDate"] == expected.birth_date.isoformat()
    assert (child["address"], child["enrolments"], child["practice"]) == (None, None, None)
    names = [parent["name"]["family"] for parent in child["parents"]]
    assert [name.casefold() for name in names] == [parent.name.family.casefold() for parent in expected.parents]
    assert {parent["phone"] for parent in child["parents"]} == {None}
    assert reply.withheld == [
        ["child", "address"],
        ["child", "enrolments"],
        ["child", "parents", 0, "phone"],
        ["child", "parents", 1, "phone"],
        ["child", "practice"],
    ]
    references = {entry["brokerReference"] for entry in reply.body["extensions"]["withheld"]}
    assert references == {child["shield"]["brokerReference"]}
    assert "errors" not in reply.body


async def test_what_is_withheld_is_never_asked_for(gateway: RunningGateway) -> None:
    """CASES 11: no call to school, practice or services, none for the parents' contacts; the decision came before."""
    await gateway.ask_child("shielded", RECORD + "services { kind }")
    assert gateway.calls["school"] == 0
    assert gateway.calls["practice"] == 0
    assert gateway.calls["services"] == 0
    assert gateway.calls["parents"] == 1  # the birth entry, for the names; no contact


async def test_a_sealed_child_answers_exactly_as_an_unknown_number(gateway: RunningGateway) -> None:
    """Status, bytes and headers: nothing tells the two apart but the random reference."""
    unknown = with_check_character("000000000000")
    sealed = await gateway.ask_child("sealed", RECORD)
    query = f"query($number: ID!) {{ child(number: $number) {{ {RECORD} }} }}"
    nobody = await gateway.ask(query, {"number": unknown})
    assert sealed.status == nobody.status == 200
    assert sealed.body == nobody.body == {"data": {"child": None}}
    changing = {"Contactpoint-Record", "Date"}
    assert {n: v for n, v in sealed.headers.items() if n not in changing} == {
        n: v for n, v in nobody.headers.items() if n not in changing
    }
    assert len(sealed.headers["Contactpoint-Record"]) == len(nobody.headers["Contactpoint-Record"])
    assert sum(gateway.calls.values()) == 0
