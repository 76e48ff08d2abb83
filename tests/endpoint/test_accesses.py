"""Who looked at a child, as auditors read it: of a protected child, their own authority's alone."""

from typing import Any

from adapters.number import with_check_character
from adapters.sandbox.personas import PERSONAS
from tests.running import Reply, RunningGateway

WHO = """query($number: ID!, $first: Int, $after: String) { accesses(number: $number, first: $first, after: $after) {
    nodes { reference at viewer organisation actingRole purpose reason outcome act shown withheld override }
    hasNextPage endCursor } }"""


async def asked(gateway: RunningGateway, child: str, **how: Any) -> Reply:
    variables = {"number": gateway.child(child).number, "first": 50, "after": None} | how.pop("variables", {})
    return await gateway.ask(
        WHO, variables, viewer="auditor", headers={"Contactpoint-Reason": "a complaint of May"}, **how
    )


async def test_an_auditor_reads_who_looked_and_what_they_saw(gateway: RunningGateway) -> None:
    """The newest first, each with what it showed and withheld of this child, and no value."""
    seen = await gateway.ask_child("open", "name { family } address { postcode }")
    await gateway.ask_child("twin", "number")
    searched = await gateway.ask_child(
        "open", "number", viewer="gp", headers={"Contactpoint-Reason": "new at the practice"}
    )
    page = (await asked(gateway, "open")).data["accesses"]
    newest, oldest = page["nodes"]
    assert (oldest["reference"], newest["reference"]) == (
        seen.headers["Contactpoint-Record"],
        searched.headers["Contactpoint-Record"],
    )
    assert (oldest["viewer"], oldest["actingRole"], oldest["outcome"]) == (
        "persona-teacher",
        "PRACTITIONER",
        "ANSWERED",
    )
    assert (oldest["shown"], oldest["withheld"], oldest["override"]) == (["ADDRESS", "IDENTITY"], [], False)
    assert newest["reason"] == "new at the practice"
    assert (page["hasNextPage"], page["endCursor"]) == (False, None)
    assert str(gateway.child("open").address.postcode) not in str(page)


async def test_the_audit_is_recorded_itself(gateway: RunningGateway) -> None:
    """Whoever looks up who looked is in the ledger, with the child."""
    reply = await asked(gateway, "open")
    [record] = await gateway.ledger()
    assert record.reference == reply.headers["Contactpoint-Record"]
    assert (record.acting_role, record.reason, record.numbers) == (
        "AUDITOR",
        "a complaint of May",
        [gateway.child("open").number],
    )
    assert (await asked(gateway, "open")).data["accesses"]["nodes"][0]["reference"] == record.reference


async def test_pages_follow_one_another(gateway: RunningGateway) -> None:
    """Each begins where the one before ended, whatever was recorded meanwhile."""
    for _ in range(5):
        await gateway.ask_child("open", "number")
    made = [seen.reference for seen in await gateway.ledger()][::-1]
    pages, after = [], None
    for _ in range(3):
        page = (await asked(gateway, "open", variables={"first": 2, "after": after})).data["accesses"]
        pages.append([node["reference"] for node in page["nodes"]])
        after = page["endCursor"] or after
    told = [reference for page in pages for reference in page if reference in made]
    assert told == made
    flawed = await asked(gateway, "open", variables={"after": "bm8gY3Vyc29y"})
    assert flawed.codes


async def test_of_a_protected_child_its_own_authoritys_auditors_are_told(gateway: RunningGateway) -> None:
    """To an auditor of another authority it is as a child that nobody looked at; and so is a number that nobody has."""
    await gateway.ask_child("shielded", "number", viewer="social-worker", purpose="SAFEGUARDING")
    officers = [PERSONAS[name] for name in ("shield-officer", "shield-officer-elsewhere")]
    tokens = [gateway.issuer.mint("auditor", organisation=o.organisation, authority=o.authority) for o in officers]
    own, another = [
        {"Authorization": f"Bearer {token}", "Contactpoint-Reason": "a complaint of May"} for token in tokens
    ]
    variables = {"number": gateway.child("shielded").number}
    assert gateway.child("shielded").authority == PERSONAS["shield-officer"].authority
    told = await gateway.ask(WHO, variables, viewer="auditor", headers=own)
    assert [node["viewer"] for node in told.data["accesses"]["nodes"]] == ["persona-social-worker"]
    kept = await gateway.ask(WHO, variables, viewer="auditor", headers=another)
    nobody = await gateway.ask(WHO, {"number": with_check_character("000000000000")}, viewer="auditor", headers=another)
    assert kept.data["accesses"]["nodes"] == []
    assert nobody.body == kept.body


async def test_nobody_else_reads_it(gateway: RunningGateway) -> None:
    """To every other role there is no such field."""
    for viewer in ("teacher", "shield-officer", "steward", "analyst"):
        reply = await gateway.ask(WHO, {"number": gateway.child("open").number}, viewer=viewer)
        assert "Cannot query field" in str(reply.body)
