"""Agencies that fail, mark and lie, seen from the caller's side: withheld, not recorded and unavailable stay three."""

from dataclasses import replace

import pytest

from adapters.agency import AgencyName
from adapters.sandbox.faults import Fault
from adapters.store.roles import Role
from gateway.settings import Settings
from tests.running import RunningGateway

FIELDS = {
    AgencyName.SCHOOL: ("enrolments { school { urn } }", "enrolments"),
    AgencyName.PRACTICE: ("practice { odsCode }", "practice"),
    AgencyName.PARENTS: ("parents { name { family } }", "parents"),
    AgencyName.SERVICES: ("services { kind }", "services"),
}
ALL = "name { family } " + " ".join(fields for fields, _ in FIELDS.values())


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Patience short enough to wait for."""
    return replace(settings, deadline=1.5, read_timeout=0.5, connect_timeout=0.5)


@pytest.mark.parametrize("kind", [Fault.DOWN, Fault.SLOW, Fault.OVERLOADED, Fault.MALFORMED, Fault.HTML_500])
@pytest.mark.parametrize("agency", AgencyName)
async def test_one_agencys_failure_is_its_own(gateway: RunningGateway, agency: AgencyName, kind: Fault) -> None:
    """CASES 43, 44: its field is null with an error that names it; the others' answers are there, in time."""
    gateway.sandbox.fault(agency, kind)
    reply = await gateway.ask_child("open", ALL)
    child = reply.data["child"]
    assert reply.status == 200
    assert child["name"]["family"] == gateway.child("open").name.family
    for name, (_, field) in FIELDS.items():
        assert (child[field] is None) == (name is agency), field
    [error] = reply.body["errors"]
    assert error["path"] == ["child", FIELDS[agency][1]]
    assert error["extensions"] == {"code": "AGENCY_UNAVAILABLE", "agency": agency.value}
    assert "extensions" not in reply.body  # unavailable is not withheld


async def test_all_of_them_down_still_leaves_identity(gateway: RunningGateway) -> None:
    """The core store's own word needs no agency."""
    for agency in AgencyName:
        gateway.sandbox.fault(agency, Fault.DOWN)
    reply = await gateway.ask_child("open", ALL + " address { postcode }")
    assert reply.data["child"]["address"]["postcode"] == gateway.child("open").address.postcode
    assert reply.codes == ["AGENCY_UNAVAILABLE"] * 4


async def test_a_failing_agency_cannot_be_told_from_a_sound_one_behind_a_shield(gateway: RunningGateway) -> None:
    """CASES 11: withheld fields answer the same whatever their agencies do, for they are not asked."""
    sound = await gateway.ask_child("shielded", ALL)
    for agency in (AgencyName.SCHOOL, AgencyName.PRACTICE, AgencyName.SERVICES):
        gateway.sandbox.fault(agency, Fault.DOWN)
    broken = await gateway.ask_child("shielded", ALL)
    assert sound.body == broken.body


async def test_an_answer_about_another_child_is_dropped(gateway: RunningGateway) -> None:
    """CASES 45: ids that come back are compared with ids asked for."""
    for agency in AgencyName:
        gateway.sandbox.fault(agency, Fault.MISMATCH)
    reply = await gateway.ask_child("open", ALL)
    assert [reply.data["child"][field] for _, field in FIELDS.values()] == [None] * 4
    assert reply.codes == ["AGENCY_UNAVAILABLE"] * 4


@pytest.mark.parametrize(
    ("name", "fields", "answer"),
    [
        ("home-educated", "enrolments { school { urn } }", {"enrolments": []}),
        ("no-practice", "practice { odsCode }", {"practice": None}),
        ("no-fixed-address", "address { status lines postcode }", None),
    ],
)
async def test_what_is_not_recorded_is_plainly_so(
    gateway: RunningGateway, name: str, fields: str, answer: dict[str, object] | None
) -> None:
    """Null or nothing in the list, no error, and not among what is withheld."""
    reply = await gateway.ask_child(name, fields)
    assert "errors" not in reply.body
    assert "extensions" not in reply.body
    if answer is None:
        assert reply.data["child"]["address"]["status"] == "NO_FIXED"
    else:
        assert reply.data["child"] == answer


@pytest.mark.parametrize(
    ("name", "field", "asked"),
    [
        ("gp-restricted", "practice { odsCode }", "practice"),
        ("gp-very-restricted", "practice { odsCode }", "practice"),
        ("birth-blocked", "parents { name { family } }", "parents"),
        ("birth-link-blocked", "parents { name { family } }", "parents"),
        ("birth-caution", "parents { name { family } }", "parents"),
    ],
)
async def test_an_agencys_mark_holds_the_child_and_the_answer_is_done_again(
    gateway: RunningGateway, name: str, field: str, asked: str
) -> None:
    """CASES 45: what was visible a moment ago is withheld in this very answer, and in every later one."""
    before = await gateway.ask_child(name, "address { status } shield { brokerReference }")
    assert before.data["child"]["address"] is not None
    marked = await gateway.ask_child(name, f"{field} address {{ status }} shield {{ brokerReference }}")
    assert marked.data["child"][asked] is None
    assert marked.data["child"]["address"] is None
    assert marked.data["child"]["shield"]["brokerReference"]
    assert ["child", "address"] in marked.withheld
    assert ["child", asked] in marked.withheld
    assert "errors" not in marked.body
    after = await gateway.ask_child(name, "address { status }")
    assert after.data["child"]["address"] is None
    holds = await gateway.rows("SELECT agency, cleared_at FROM holds WHERE child_id = $1", await gateway.id_of(name))
    assert [hold["cleared_at"] for hold in holds] == [None]


async def test_a_hold_is_placed_once_however_often_the_mark_is_seen(gateway: RunningGateway) -> None:
    """The officer who manages the child asks the agency again and again, and nothing more is written."""
    child = "gp-restricted"
    for _ in range(3):
        reply = await gateway.ask_child(child, "practice { odsCode } name { family }", viewer="shield-officer")
        if reply.data["child"] is not None:
            assert reply.data["child"]["practice"] is None
    await gateway.ask_child(child, "practice { odsCode }")
    holds = await gateway.rows("SELECT count(*) AS n FROM holds WHERE child_id = $1", await gateway.id_of(child))
    assert holds[0]["n"] == 1


async def test_another_mark_is_news_of_a_held_child_too(
    gateway: RunningGateway, caplog: pytest.LogCaptureFixture
) -> None:
    """Shielded, held or both: what is done and noted on a mark tells nobody which it was."""
    child = await gateway.id_of("birth-blocked")
    await gateway.rows("INSERT INTO holds (child_id, agency, mark) VALUES ($1, 'practice', 'PDS_RESTRICTED')", child)
    caplog.set_level("INFO", logger="contactpoint")
    reply = await gateway.ask_child("birth-blocked", "parents { name { family } }")
    assert reply.data["child"]["parents"] is None
    said = [record.getMessage() for record in caplog.records]
    assert "hold_placed parents" in said
    assert "decided_again agency marked a record" in said
    assert "decided_again a shield changed" not in said


async def test_a_hold_is_placed_before_what_else_was_fetched_is_shown(gateway: RunningGateway) -> None:
    """The school came back in the same attempt as the mark; it does not leave."""
    reply = await gateway.ask_child("gp-restricted", "enrolments { school { urn } } practice { odsCode }")
    assert reply.data["child"] == {"enrolments": None, "practice": None}


async def test_parents_keep_their_names_when_their_contacts_cannot_be_asked(gateway: RunningGateway) -> None:
    """The registrar answers; PDS does not: names are there, phones are null, each with its error."""
    pds_down = replace(gateway.gateway.settings, pds_url="http://127.0.0.1:9")
    async with await type(gateway.gateway).start(pds_down, gateway.database.dsn(Role.GATEWAY)) as other:
        broken = replace(gateway, gateway=other)
        reply = await broken.ask_child("open", "parents { name { family } phone }")
    parents = reply.data["child"]["parents"]
    assert [parent["phone"] for parent in parents] == [None, None]
    assert all(parent["name"]["family"] for parent in parents)
    assert {(error["path"][1], error["extensions"]["agency"]) for error in reply.body["errors"]} == {
        ("parents", "parents")
    }
