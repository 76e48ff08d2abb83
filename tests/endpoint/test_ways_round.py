"""Ways round the shield that somebody found, each closed where it began."""

import pytest

from tests.running import Reply, RunningGateway

HOLD = (
    "INSERT INTO holds (child_id, agency, mark) SELECT id, 'practice', 'PDS_RESTRICTED' FROM children WHERE number = $1"
)
SEARCH = "query($by: ChildCriteria!) { findChildren(by: $by) { tooMany children { number } } }"


async def search_by_postcode(gateway: RunningGateway, name: str, viewer: str) -> tuple[Reply, Reply]:
    """The answers to the right postcode and to a wrong one."""
    child = gateway.child(name)
    by = {"family": child.name.family, "birthDate": child.birth_date.isoformat()}
    right = await gateway.ask(SEARCH, {"by": by | {"postcode": child.address.postcode}}, viewer=viewer)
    wrong = await gateway.ask(SEARCH, {"by": by | {"postcode": "ZZ99 3VZ"}}, viewer=viewer)
    return right, wrong


async def test_a_circle_left_over_opens_no_held_child_to_a_search(gateway: RunningGateway) -> None:
    """A hold that no authority has taken up has no circle, in the statement as in the policy."""
    number = gateway.child("open").number
    organisation = (await gateway.ask("{ viewer { organisation } }")).data["viewer"]["organisation"]
    await gateway.execute(HOLD, number)
    await gateway.execute(
        "INSERT INTO circles SELECT id, $2, '{ADDRESS}', date '2099-01-01' FROM children WHERE number = $1",
        number,
        organisation,
    )
    assert (await gateway.ask_child("open", "address { postcode }")).data["child"]["address"] is None
    right, wrong = await search_by_postcode(gateway, "open", "teacher")
    assert right.body == wrong.body


async def test_an_override_left_over_opens_no_held_child_to_a_search(gateway: RunningGateway) -> None:
    """Nor has it an override."""
    number = gateway.child("open").number
    await gateway.execute(HOLD, number)
    await gateway.execute(
        "INSERT INTO overrides (child_id, viewer, token, reason, until) "
        "SELECT id, 'persona-social-worker', $2, 'a reason of some length', now() + interval '1 hour' "
        "FROM children WHERE number = $1",
        number,
        gateway.token_id("social-worker"),
    )
    reply = await gateway.ask_child("open", "address { postcode }", viewer="social-worker")
    assert reply.data["child"]["address"] is None
    right, wrong = await search_by_postcode(gateway, "open", "social-worker")
    assert right.body == wrong.body


async def test_an_override_opens_a_shielded_child_to_its_viewer_and_token(gateway: RunningGateway) -> None:
    """So that the two above can fail: with a shield, the same override is one."""
    number = gateway.child("shielded").number
    await gateway.execute(
        "INSERT INTO overrides (child_id, viewer, token, reason, until) "
        "SELECT id, 'persona-social-worker', $2, 'a reason of some length', now() + interval '1 hour' "
        "FROM children WHERE number = $1",
        number,
        gateway.token_id("social-worker"),
    )
    right, _ = await search_by_postcode(gateway, "shielded", "social-worker")
    assert [child["number"] for child in right.data["findChildren"]["children"]] == [number]


@pytest.mark.parametrize(
    "claims",
    [
        {"organisation": "authority-E06000023"},
        {"organisation": "data-stewards"},
        {"organisation": "school-100171"},
        {"authority": "E06000023"},
        {"authority": None},
    ],
    ids=str,
)
async def test_an_officers_authority_is_the_one_registered(gateway: RunningGateway, claims: dict[str, str]) -> None:
    """Law 9: a token that names an authority must come from that very authority, as the registry knows it."""
    token = gateway.issuer.mint("shield-officer", **claims)
    headers = {"Authorization": f"Bearer {token}"}
    reply = await gateway.ask_child("sealed", "address { postcode }", viewer="shield-officer", headers=headers)
    assert (reply.status, reply.codes) == (403, ["FORBIDDEN"])
