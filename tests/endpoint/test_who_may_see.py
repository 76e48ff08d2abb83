"""Purposes, roles and the shield over real HTTP: what each persona's answer holds, and what it costs the agencies."""

import pytest

from tests.running import RunningGateway

EVERYTHING = """
    number name { family } birthDate gender shield { brokerReference } formerNames { family } address { postcode }
    enrolments { school { urn } } practice { odsCode } services { kind brokerReference }
    parents { name { family } phone email address { postcode } } keys { nhsNumber upn birthEntry }
"""


async def test_the_shield_officer_sees_the_whole_record_of_a_shielded_child(gateway: RunningGateway) -> None:
    """Managing the shield needs to know what it hides."""
    expected = gateway.child("shielded")
    reply = await gateway.ask_child("shielded", EVERYTHING, viewer="shield-officer")
    child = reply.data["child"]
    assert child["address"]["postcode"] == expected.address.postcode
    assert child["enrolments"][0]["school"]["urn"] == expected.school_urn
    assert child["practice"]["odsCode"] == expected.practice_ods
    assert child["shield"]["brokerReference"]
    assert reply.withheld == []


async def test_the_shield_officer_of_another_authority_finds_no_such_child(gateway: RunningGateway) -> None:
    """Shields are managed where the child's authority is, and nowhere else."""
    reply = await gateway.ask_child("shielded", EVERYTHING, viewer="shield-officer-elsewhere")
    assert reply.body == {"data": {"child": None}}


async def test_a_sealed_child_exists_for_its_custodian(gateway: RunningGateway) -> None:
    """And for nobody else, not even the same officer asking for another purpose."""
    seen = await gateway.ask_child("sealed", "name { family }", viewer="shield-officer")
    assert seen.data["child"]["name"]["family"] == gateway.child("sealed").name.family
    unseen = await gateway.ask_child("sealed", "name { family }", viewer="shield-officer", purpose="SAFEGUARDING")
    assert unseen.body == {"data": {"child": None}}


@pytest.mark.parametrize(
    ("viewer", "purpose", "withheld"),
    [
        ("teacher", "EDUCATION", {"formerNames", "practice", "services", "keys.nhsNumber", "keys.birthEntry"}),
        ("gp", "HEALTH", {"formerNames", "enrolments", "services", "keys.upn"}),
        (
            "social-worker",
            "SERVICE_COORDINATION",
            {
                "formerNames",
                "address",
                "parents.phone",
                "parents.email",
                "parents.address",
                "keys.nhsNumber",
                "keys.birthEntry",
            },
        ),
        ("social-worker", "SAFEGUARDING", set()),
    ],
)
async def test_the_purpose_bounds_what_is_seen_of_an_open_child(
    gateway: RunningGateway, viewer: str, purpose: str, withheld: set[str]
) -> None:
    """What the purpose does not need is withheld, by path, and has no broker: contact needs no arranging."""
    reply = await gateway.ask_child("open", EVERYTHING, viewer=viewer, purpose=purpose)
    paths = {".".join(step for step in path[1:] if isinstance(step, str)) for path in reply.withheld}
    assert paths == withheld
    assert all(entry["brokerReference"] is None for entry in reply.body.get("extensions", {}).get("withheld", []))


async def test_one_token_for_two_purposes_is_two_viewings(gateway: RunningGateway) -> None:
    """CASES 12: nothing that is kept of whoever asks carries over what the purpose before it needed."""
    for purpose, code in (("SAFEGUARDING", False), ("EDUCATION", True), ("SAFEGUARDING", False)):
        reply = await gateway.ask_child("open", "practice { odsCode }", viewer="teacher", purpose=purpose)
        assert (reply.data["child"]["practice"] is None) is code
        assert (reply.withheld == [["child", "practice"]]) is code


async def test_a_steward_has_fields_for_names_and_keys_and_no_others(gateway: RunningGateway) -> None:
    """CASES 21: of whatever else there is of a child they are not even told that it is a field."""
    assert (await gateway.ask_child("open", EVERYTHING, viewer="steward")).unread
    fields = "number name { family } parents { name { family } } keys { nhsNumber birthEntry }"
    reply = await gateway.ask_child("open", fields, viewer="steward")
    assert reply.data["child"]["keys"]["nhsNumber"] == gateway.child("open").keys.nhs_number.value
    assert reply.withheld == []


async def test_an_officer_may_withhold_keys_and_parents_names_besides(gateway: RunningGateway) -> None:
    """Of these two children a practitioner learns the name, and no more."""
    keys = await gateway.ask_child("key-withheld", "name { family } keys { nhsNumber }")
    assert keys.data["child"]["keys"] == {"nhsNumber": None}
    parents = await gateway.ask_child("parents-withheld", "name { family } parents { name { family } }")
    assert parents.data["child"]["parents"] is None
    assert gateway.calls["parents"] == 0


async def test_a_sensitive_service_is_absent_and_not_even_asked_for(gateway: RunningGateway) -> None:
    """Not in the list, not in its length, not in what is withheld; an officer with the scope sees it."""
    seen = await gateway.ask_child("sensitive-service", "services { kind }", viewer="social-worker")
    all_of_them = await gateway.ask_child("sensitive-service", "services { kind }", viewer="shield-officer")
    plain = [service.kind for service in gateway.child("sensitive-service").services if not service.sensitive]
    assert [service["kind"] for service in seen.data["child"]["services"]] == plain
    assert seen.withheld == []
    assert len(all_of_them.data["child"]["services"]) == len(gateway.child("sensitive-service").services) > len(plain)


async def test_consent_lets_a_sensitive_service_be_known_by_a_broker_reference_alone(gateway: RunningGateway) -> None:
    """Where consent covers the marker, contact can be arranged; by whom it is kept stays unsaid."""
    fields = "services { kind organisation practitioner phone email brokerReference }"
    reply = await gateway.ask_child("sensitive-consented", fields, viewer="social-worker")
    markers = [service for service in reply.data["child"]["services"] if service["brokerReference"]]
    assert len(markers) == 1
    assert [markers[0][name] for name in ("organisation", "practitioner", "phone", "email")] == [None] * 4


async def test_a_broker_reference_is_the_organisations_own_and_stays(gateway: RunningGateway) -> None:
    """The same organisation is given the same handle again, another one another."""
    fields = "shield { brokerReference }"
    first = await gateway.ask_child("shielded", fields)
    again = await gateway.ask_child("shielded", fields)
    other = await gateway.ask_child("shielded", fields, viewer="gp", purpose="SAFEGUARDING")
    assert first.data == again.data
    assert first.data != other.data


@pytest.mark.parametrize("viewer", ["analyst", "auditor"])
async def test_no_child_is_addressable_for_analysts_and_auditors(gateway: RunningGateway, viewer: str) -> None:
    """CASES 21: no field of theirs, so nothing is read, and every number is answered alike."""
    known = await gateway.ask_child("open", "number", viewer=viewer)
    sealed = await gateway.ask_child("sealed", "number", viewer=viewer)
    assert known.unread
    assert known.body == sealed.body


async def test_a_partner_sends_published_documents_alone(gateway: RunningGateway) -> None:
    """Until it has published any it may read the schema, and nothing else."""
    refused = await gateway.ask_child("open", "number", viewer="partner-cms")
    assert (refused.status, refused.codes) == (403, ["FORBIDDEN"])
    schema = await gateway.ask("{ __schema { queryType { name } } }", viewer="partner-cms")
    assert schema.data["__schema"]["queryType"]["name"] == "Query"


async def test_a_purpose_must_be_stated_and_be_the_viewers_own(gateway: RunningGateway) -> None:
    """None: 400. One that is another role's, or nobody's: 403."""
    missing = await gateway.ask("{ viewer { subject } }", headers={"Contactpoint-Purpose": ""})
    assert (missing.status, missing.codes) == (400, ["PURPOSE_REQUIRED"])
    for purpose in ("SHIELD_MANAGEMENT", "HEALTH", "CURIOSITY"):
        refused = await gateway.ask("{ viewer { subject } }", purpose=purpose)
        assert (refused.status, refused.codes) == (403, ["FORBIDDEN"])


async def test_an_organisation_nobody_registered_may_state_no_purpose(gateway: RunningGateway) -> None:
    """Entitlement comes from the registry too: a good token of an unknown organisation is refused."""
    token = gateway.issuer.mint("teacher", organisation="school-nobody-knows")
    refused = await gateway.ask("{ viewer { subject } }", headers={"Authorization": f"Bearer {token}"})
    assert (refused.status, refused.codes) == (403, ["FORBIDDEN"])


async def test_the_viewer_may_read_their_own_standing(gateway: RunningGateway) -> None:
    """As the token and this request say."""
    reply = await gateway.ask("{ viewer { subject actingRole purpose organisation } }", viewer="gp")
    assert reply.data["viewer"]["actingRole"] == "PRACTITIONER"
    assert reply.data["viewer"]["purpose"] == "HEALTH"
