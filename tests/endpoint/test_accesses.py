"""Who looked at a child, as auditors read it: of a protected child, their own authority's alone."""

from typing import Any

import pytest

from adapters.number import with_check_character
from adapters.sandbox.personas import PERSONAS
from tests.running import Reply, RunningGateway

WHO = """query($number: ID!, $first: Int, $after: String) { accesses(number: $number, first: $first, after: $after) {
    nodes { reference at viewer organisation actingRole purpose reason outcome act shown withheld override }
    hasNextPage endCursor } }"""

HOME, ELSEWHERE = (str(PERSONAS[name].authority) for name in ("shield-officer", "shield-officer-elsewhere"))


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


@pytest.mark.parametrize("viewer", ["social-worker", "shield-officer-elsewhere"])
async def test_a_reason_tells_nothing_of_others_who_were_asked_for_with_a_child(
    gateway: RunningGateway, viewer: str
) -> None:
    """Were it kept back because another is protected elsewhere, who is told of the one would know that there is one."""
    query = "query($numbers: [ID!]!) { children(numbers: $numbers) { number } }"
    for other in (gateway.child("shielded-elsewhere").number, with_check_character("000000000000")):
        numbers = {"numbers": [gateway.child("open").number, other]}
        stated = {"Contactpoint-Reason": "brothers, it is said"}
        assert (await gateway.ask(query, numbers, viewer=viewer, purpose="SAFEGUARDING", headers=stated)).data
    told = {node["reason"] for node in (await asked(gateway, "open")).data["accesses"]["nodes"]}
    assert told == {"brothers, it is said" if PERSONAS[viewer].authority == HOME else None}


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


def of_authority(gateway: RunningGateway, authority: str, **claims: Any) -> dict[str, str]:
    """An auditor's headers."""
    token = gateway.issuer.mint("auditor", organisation=f"authority-{authority}", authority=authority, **claims)
    return {"Authorization": f"Bearer {token}", "Contactpoint-Reason": "a complaint of May"}


async def test_a_reason_sealed_for_another_authority_is_not_told(gateway: RunningGateway) -> None:
    """Asked with a protected child of elsewhere, an open child's access has no reason here, whatever keys we hold."""
    both = [gateway.child(name).number for name in ("open", "shielded")]
    said = {"Contactpoint-Reason": "both were seen near the canal"}
    query = "query($n: [ID!]!) { children(numbers: $n) { number } }"
    await gateway.ask(query, {"n": both}, purpose="SAFEGUARDING", headers=said)
    variables = {"number": both[0], "first": 9}
    for authority, reason in ((ELSEWHERE, None), (HOME, said["Contactpoint-Reason"])):
        reply = await gateway.ask(WHO, variables, viewer="auditor", headers=of_authority(gateway, authority))
        assert [node["reason"] for node in reply.data["accesses"]["nodes"]][-1] == reason


async def test_what_is_not_told_leaves_no_gap(gateway: RunningGateway) -> None:
    """Looks at a child that was another authority's fill no page, and neither hold one back nor end one."""
    child = gateway.child("open").number
    await gateway.ask_child("open", "number")
    await gateway.execute(
        "INSERT INTO holds (child_id, agency, mark) VALUES ($1, 'practice', 'RESTRICTED')", await gateway.id_of("open")
    )
    for _ in range(5):
        await gateway.ask_child("open", "number", purpose="SAFEGUARDING")
    await gateway.execute("UPDATE holds SET cleared_at = now()")
    another = of_authority(gateway, ELSEWHERE)
    page = (await gateway.ask(WHO, {"number": child, "first": 1}, viewer="auditor", headers=another)).data["accesses"]
    assert [node["viewer"] for node in page["nodes"]] == ["persona-teacher"]
    assert (page["hasNextPage"], page["endCursor"]) == (False, None)


async def test_a_number_of_nobodys_and_one_kept_secret_are_guesses_alike(gateway: RunningGateway) -> None:
    """Else who may go on asking would tell the one from the other (CASES 32)."""
    last = {}
    for number in (with_check_character("000000000000"), gateway.child("sealed").number):
        headers = of_authority(gateway, ELSEWHERE, sub=f"auditor-{number}")
        replies = [
            await gateway.ask(WHO, {"number": number, "first": 1}, viewer="auditor", headers=headers) for _ in range(31)
        ]
        last[number] = [reply.status for reply in replies]
    one, other = last.values()
    assert one == other
    assert one[-1] == 429


async def test_nobody_reads_who_looked_at_their_own_child(gateway: RunningGateway) -> None:
    """Where a child is might be read off who looked: a parent who audits is told nothing, as everywhere."""
    child = gateway.child("own-child")
    await gateway.ask_child("own-child", "number", viewer="gp")
    parent = PERSONAS["teacher"].nhs_number
    assert parent is not None
    headers = of_authority(gateway, str(child.authority), nhs_number=parent.value)
    reply = await gateway.ask(WHO, {"number": child.number}, viewer="auditor", headers=headers)
    assert reply.data["accesses"]["nodes"] == []
    stranger = of_authority(gateway, str(child.authority))
    reply = await gateway.ask(WHO, {"number": child.number}, viewer="auditor", headers=stranger)
    assert reply.data["accesses"]["nodes"] != []


async def test_nobody_else_reads_it(gateway: RunningGateway) -> None:
    """To every other role there is no such field."""
    for viewer in ("teacher", "shield-officer", "steward", "analyst"):
        reply = await gateway.ask(WHO, {"number": gateway.child("open").number}, viewer=viewer)
        assert "Cannot query field" in str(reply.body)
