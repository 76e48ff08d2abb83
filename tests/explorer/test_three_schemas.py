"""Each class of viewers is shown a schema of its own (CASES 21): an analyst, a practitioner and a partner three."""

import re

from playwright.async_api import expect

from adapters.sandbox.personas import PERSONAS
from gateway.classes import CLASSES
from gateway.viewer import Role
from tests.explorer.visiting import BROWSED, Visit

pytestmark = BROWSED

ASKED_ABOUT = ("teacher", "analyst", "partner-cms")


def types_of(persona: str) -> set[str]:
    """What the documentation lists for the persona's class; it names the roots apart."""
    schema = CLASSES[Role(PERSONAS[persona].acting_role)]
    return {name for name in schema.type_map if not name.startswith("__")} - {"Query", "Mutation"}


async def test_three_classes_are_shown_three_schemas(visit: Visit) -> None:
    """The documentation lists what the class may use and nothing else, as soon as one of it is chosen."""
    await visit.page.get_by_role("button", name=re.compile("Documentation Explorer")).click()
    docs = visit.page.locator(".graphiql-doc-explorer")
    seen: dict[str, tuple[frozenset[str], tuple[str, ...]]] = {}
    for persona in ASKED_ABOUT:
        await visit.act_as(persona)
        listed = docs.locator(".graphiql-doc-explorer-section-content").last.get_by_role("link")
        await expect(listed).to_have_count(len(types_of(persona)))
        types = set(await listed.all_inner_texts())
        assert types == types_of(persona)
        await docs.get_by_role("link", name="Query", exact=True).click()
        roots = docs.locator(".graphiql-doc-explorer-field-name")
        await expect(roots.first).to_be_visible()
        seen[persona] = frozenset(types), tuple(sorted(await roots.all_inner_texts()))
        await docs.get_by_role("link", name="Go back to Docs").click()

    assert len(set(seen.values())) == len(ASKED_ABOUT)
    assert seen["analyst"][1] == ("statistics", "viewer")
    assert "Child" not in seen["analyst"][0]
    assert "Statistics" not in seen["teacher"][0] | seen["partner-cms"][0]
    assert "Override" in seen["teacher"][0] - seen["partner-cms"][0]


async def test_an_auditor_is_asked_why_before_anything_is_told(visit: Visit) -> None:
    """A prompt, not an error: the gateway is asked for the auditors' schema once there is a reason to send with it."""
    await visit.page.get_by_role("button", name=re.compile("Documentation Explorer")).click()
    listed = visit.page.locator(".graphiql-doc-explorer-section-content").last.get_by_role("link")
    await expect(listed).to_have_count(len(types_of("teacher")))
    await visit.act_as("auditor")
    prompt = visit.page.get_by_role("status").filter(has_text="Say why in the box “Reason”")
    await expect(prompt).to_be_visible()
    await visit.page.get_by_label("Reason").fill("too short")
    await expect(prompt).to_be_visible()
    await visit.page.get_by_label("Reason").fill("a complaint of a parent")
    await expect(prompt).to_have_count(0)
    await expect(listed).to_have_count(len(types_of("auditor")))
    await visit.choose_example(re.compile("Who looked"))
    assert (await visit.run())["data"]["accesses"] == {"nodes": [], "hasNextPage": False}
    assert visit.complaints == []


async def test_what_is_hidden_is_unknown(visit: Visit) -> None:
    """The gateway says of it what it says of a word nobody ever used, and suggests nothing."""
    await visit.act_as("analyst")
    answer = await visit.run()  # one child, with which everybody begins
    assert answer["errors"][0]["message"] == "Cannot query field 'child' on type 'Query'."
    assert "data" not in answer
    await expect(visit.words).to_contain_text("Cannot query field 'child' on type 'Query'.")
