"""England, 2009: updates that did not match a shielded record made a second one beside it, for everybody to see."""

from pathlib import Path

from tests.running import RunningGateway
from tests.stories.refreshes import class_row, feed

RAISE = """mutation($n: ID!) {
    raiseShield(number: $n, ground: "a threat to life", reviewOn: "%s", reason: "the police have told us why") { state }
}"""
CONFIRM = 'mutation($n: ID!) { confirmShield(number: $n, reason: "the panel has looked at it") { state } }'
FIND = """query($family: String!, $born: Date!) {
    findChildren(by: {family: $family, birthDate: $born}) { tooMany children { number address { postcode } } }
}"""
WAITING = "{ quarantine { nodes { state source outcome candidates { child { number } } } } }"


async def test_the_2009_story(gateway: RunningGateway, tmp_path: Path) -> None:
    """A shielded child comes again, surname misspelt and without a key: one record, shielded, and one entry waits."""
    child = gateway.child("open")
    officer = {"viewer": "shield-officer", "purpose": "SHIELD_MANAGEMENT"}
    review = (await gateway.rows("SELECT (current_date + 90)::text AS day"))[0]["day"]
    raised = await gateway.ask(RAISE % review, {"n": child.number}, **officer)
    assert raised.data["raiseShield"]["state"] == "DONE"
    second = officer | {"viewer": "shield-officer-second"}
    assert (await gateway.ask(CONFIRM, {"n": child.number}, **second)).data["confirmShield"]["state"] == "DONE"
    [before] = await gateway.rows("SELECT count(*) FROM children")

    assert child.name.family == "Hartley"
    report = await feed(
        gateway, tmp_path, [class_row(child, CHILD_LAST_NAME="Hartly", CHILD_NHS_NUMBER="", CHILD_POSTCODE="LS1 4AP")]
    )

    # The source hears that its row was taken, and nothing else.
    assert (report["source"]["accepted"], report["source"]["rejected"]) == (1, [])
    assert await gateway.rows("SELECT count(*) FROM children") == [before]
    born = child.birth_date.isoformat()
    misspelt = await gateway.ask(FIND, {"family": "Hartly", "born": born}, viewer="social-worker")
    assert misspelt.data["findChildren"] == {"tooMany": False, "children": []}
    found = await gateway.ask(FIND, {"family": "Hartley", "born": born}, viewer="social-worker")
    assert found.data["findChildren"]["children"] == [{"number": child.number, "address": None}]
    assert found.withheld == [["findChildren", "children", 0, "address"]]

    [entry] = (await gateway.ask(WAITING, **officer)).data["quarantine"]["nodes"]
    assert (entry["state"], entry["source"], entry["outcome"]) == ("OPEN", "mavis-class", "LIKE_PROTECTED")
    assert {"child": {"number": child.number}} in entry["candidates"]
    told = await gateway.ask(WAITING, viewer="steward")
    assert told.data["quarantine"]["nodes"] == [
        {"state": "PENDING", "source": None, "outcome": None, "candidates": None}
    ]
