"""What could be worked out from a hidden value is hidden with it: authority, origin, pupil number, broker reference."""

import json
from typing import Any

import pytest

from tests.running import Reply, RunningGateway

EVERYTHING = """
    number name { given family } birthDate gender shield { brokerReference }
    address { status lines postcode uprn }
    enrolments { start end origin { agency asOf } school { urn name phase phone address { postcode } } }
    practice { odsCode name phone address { postcode } origin { agency asOf } }
    parents { name { family } relationship phone email address { postcode } origin { agency asOf } }
    services { kind organisation practitioner phone email lead brokerReference }
    formerNames { family } keys { nhsNumber upn birthEntry }
"""

# The same child in another world: it lives elsewhere, so under another authority, and another school has given its UPN.
ELSEWHERE = """
    UPDATE children SET address_status = 'CURRENT', address_lines = '{9 Quay Street}', postcode = 'BS1 4DJ',
                        uprn = '100', authority = 'E06000023' WHERE id = $1;
"""
RENAMED_PUPIL = "UPDATE keys SET value = 'Z801200005999' WHERE child_id = $1 AND system = 'UPN'"


async def elsewhere(gateway: RunningGateway, name: str) -> None:
    child = await gateway.id_of(name)
    await gateway.execute(ELSEWHERE, child)
    await gateway.execute(RENAMED_PUPIL, child)


def told(reply: Reply) -> tuple[int, str, list[tuple[str, str]]]:
    """All that a viewer is given, but for the record's reference and the time of day."""
    headers = [(name, value) for name, value in reply.headers.items() if name not in {"Contactpoint-Record", "Date"}]
    return reply.status, json.dumps(reply.body), headers


@pytest.mark.parametrize("viewer", ["teacher", "social-worker", "gp", "steward"])
async def test_nothing_derived_from_where_a_shielded_child_lives_is_told(gateway: RunningGateway, viewer: str) -> None:
    """CASES 15: another address, authority and pupil number make no difference, in any field of the role's."""
    fields = "number keys { nhsNumber birthEntry } shield { brokerReference }" if viewer == "steward" else EVERYTHING
    here = await gateway.ask_child("shielded", fields, viewer=viewer)
    assert here.data["child"]["number"]
    await elsewhere(gateway, "shielded")
    assert told(await gateway.ask_child("shielded", fields, viewer=viewer)) == told(here)


async def test_a_pupil_number_is_hidden_with_the_school_that_it_names(gateway: RunningGateway) -> None:
    """CASES 15: of a shielded child's keys those are told that lead nowhere; the UPN has authority and school in it."""
    child = gateway.child("shielded")
    assert child.keys.upn is not None
    assert child.keys.nhs_number is not None
    reply = await gateway.ask_child("shielded", "keys { nhsNumber upn }")
    assert reply.data["child"]["keys"] == {"nhsNumber": child.keys.nhs_number.value, "upn": None}
    assert reply.withheld == [["child", "keys", "upn"]]


async def test_a_broker_reference_is_made_of_nothing(gateway: RunningGateway) -> None:
    """CASES 15: one for each organisation and child, at random: two children of one home have nothing in common."""
    fields = "shield { brokerReference }"
    references = [
        (await gateway.ask_child(name, fields, viewer=viewer)).data["child"]["shield"]["brokerReference"]
        for name in ("shielded", "shielded-sibling")
        for viewer in ("teacher", "gp", "social-worker")
    ]
    assert len(set(references)) == len(references)
    assert len({reference[:4] for reference in references}) == len(references)


async def test_whose_word_a_hidden_fact_is_is_hidden_with_it(gateway: RunningGateway) -> None:
    """CASES 15: origin and date stand beneath what they are of; an agency that is not named has not been asked."""
    shown: list[Any] = []
    for name in ("open", "shielded"):
        reply = await gateway.ask_child(
            name, "enrolments { origin { agency asOf } } practice { origin { agency asOf } }"
        )
        shown.append(reply.data["child"])
    assert shown[0]["enrolments"][0]["origin"]["agency"]
    assert shown[1] == {"enrolments": None, "practice": None}
