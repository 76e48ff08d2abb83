"""The explorer as a person meets it: a real browser, no other host, and what is withheld said in words."""

import asyncio
import re
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Route, expect

from adapters.agency import AgencyName
from adapters.sandbox.faults import Fault
from tests.explorer.visiting import BROWSED, EVERYTHING_KEPT, Visit, is_operation
from tests.running import RunningGateway

pytestmark = BROWSED

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self' {issuer}; "
    "img-src 'self' data:; font-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'; object-src 'none'"
)

SHIELDED = re.compile("shielded", re.IGNORECASE)

# Whom an example is for, where it is not for everybody.
FOR = re.compile(r"\((officer|social worker|analyst|auditor)\)")
PERSONA_FOR = {
    "officer": "shield-officer",
    "social worker": "social-worker",
    "analyst": "analyst",
    "auditor": "auditor",
}


async def test_asks_nothing_of_any_other_host(visit: Visit, gateway: RunningGateway) -> None:
    """Every request of the page and its workers goes to the gateway, under the strict policy, without a complaint."""
    response = await visit.page.request.get(f"{gateway.url}/")
    assert response.headers["content-security-policy"] == POLICY.format(issuer=gateway.issuer.url)

    await visit.page.get_by_label("Reason").fill("a complaint of a parent")  # which an auditor must give
    buttons = visit.page.get_by_role("navigation", name="Example operations").get_by_role("button")
    for button in await buttons.all():
        named = FOR.search(await button.inner_text())
        await visit.act_as(PERSONA_FOR[named[1]] if named else "teacher")
        await button.click()
        assert "data" in await visit.run()

    assert visit.complaints == []
    assert {f"{urlsplit(url).scheme}://{urlsplit(url).netloc}" for url in visit.asked} == {visit.origin}
    assert len(visit.page.workers) >= 2, "the editors' workers did not start"


async def test_what_a_teacher_may_not_see_is_said_in_words_and_an_officer_sees_it(visit: Visit) -> None:
    """The same operation on the shielded child: withheld from the teacher, and said so; shown to the shield officer."""
    await visit.choose_example(SHIELDED)
    teachers = await visit.run()
    child = teachers["data"]["child"]
    assert child["name"]["family"]
    assert child["enrolments"] is None
    assert child["address"] is None
    withheld = teachers["extensions"]["withheld"]
    assert ["child", "enrolments"] in [entry["path"] for entry in withheld]
    await expect(visit.words).to_contain_text("Asked as teacher, purpose Safeguarding")
    await expect(visit.words).to_contain_text("Withheld: ")
    await expect(visit.words).to_contain_text("school")
    await expect(visit.words).to_contain_text(child["name"]["family"])
    await expect(visit.words).to_contain_text(f"broker reference {withheld[0]['brokerReference']}")

    await visit.act_as("shield-officer")
    officers = await visit.run()
    school = officers["data"]["child"]["enrolments"][0]["school"]["name"]
    assert officers["data"]["child"]["name"] == child["name"]
    assert "withheld" not in officers.get("extensions", {})
    await expect(visit.words).to_contain_text("Nothing was withheld")
    await expect(visit.answer).to_contain_text(school)


async def test_an_agency_out_of_reach_is_never_said_to_have_nothing(visit: Visit, gateway: RunningGateway) -> None:
    """Unreachable is a sentence of its own: neither withheld nor not recorded."""
    gateway.sandbox.fault(AgencyName.PRACTICE, Fault.DOWN)
    answer = await visit.run()
    assert answer["data"]["child"]["practice"] is None
    await expect(visit.words).to_contain_text("The GP practice could not be reached. This does not mean there is none.")
    await expect(visit.words).not_to_contain_text("Withheld")
    await expect(visit.words).not_to_contain_text("Nothing was withheld")


async def test_a_sealed_child_is_said_to_be_none(visit: Visit) -> None:
    """For whoever is not its custodian, a sealed child has the words of a number that nobody has."""
    await visit.choose_child("sealed")
    answer = await visit.run()
    assert answer["data"] == {"child": None}
    await expect(visit.words).to_contain_text("No child that can be shown has this number or key.")
    await expect(visit.words).not_to_contain_text("recorded.")


async def test_a_persona_begins_with_the_first_of_its_own_purposes(visit: Visit) -> None:
    """Whatever purpose was chosen before, so that a sealed child's officer is shown the child at once."""
    await visit.choose_child("sealed")
    await visit.choose_purpose("SAFEGUARDING")  # an officer's too, but not what shields are kept for
    await visit.act_as("shield-officer")
    await expect(visit.page.get_by_label("Purpose")).to_have_value("SHIELD_MANAGEMENT")
    answer = await visit.run()
    assert answer["data"]["child"]["enrolments"]
    await expect(visit.words).to_contain_text("Asked as shield-officer, purpose Shield management")


@pytest.mark.parametrize("changed", ["persona", "purpose", "child", "example", "headers", "number in the operation"])
async def test_an_answer_goes_when_its_question_does(visit: Visit, changed: str) -> None:
    """Neither the JSON nor the words of an answer stand beside another persona, purpose, child or example."""
    family = (await visit.run())["data"]["child"]["name"]["family"]
    await expect(visit.answer).to_contain_text(family)

    match changed:
        case "persona":
            await visit.act_as("social-worker")  # who begins with the same purpose
        case "purpose":
            await visit.choose_purpose("EDUCATION")
        case "child":
            await visit.choose_child("sealed")
        case "example":
            await visit.choose_example(re.compile("Who am I"))
        case "headers":
            await visit.write("Headers", '{"contactpoint-purpose": "EDUCATION"}')
        case _:
            await visit.page.get_by_label("Operation Editor").get_by_role("textbox").focus()
            await visit.page.keyboard.press("ControlOrMeta+A")
            await visit.page.keyboard.type('{ child(number: "9990000018") { number } }')

    await expect(visit.words).to_be_empty()
    await expect(visit.answer).not_to_contain_text(family)


async def test_another_tab_gives_up_the_answer_of_a_persona_left_behind(visit: Visit) -> None:
    """A tab keeps its answer while another is open, but not when somebody else has begun to ask meanwhile."""
    family = (await visit.run())["data"]["child"]["name"]["family"]
    tabs = visit.page.get_by_role("tab")
    await visit.page.get_by_role("button", name="New tab").click()
    await expect(visit.words).to_be_empty()
    await tabs.first.click()
    await expect(visit.words).to_contain_text("Asked as teacher")
    await expect(visit.answer).to_contain_text(family)

    await tabs.last.click()
    await visit.act_as("social-worker")
    await tabs.first.click()
    await expect(visit.words).to_be_empty()
    await expect(visit.answer).not_to_contain_text(family)


async def test_an_answer_that_comes_too_late_is_not_shown(visit: Visit) -> None:
    """What was asked as a teacher is dropped when it comes after somebody else has been chosen."""
    chosen = asyncio.Event()

    async def answer_late(route: Route) -> None:
        answer = await route.fetch()
        await chosen.wait()
        with suppress(PlaywrightError):  # the page waits for it no longer
            await route.fulfill(response=answer)

    await visit.page.route("**/graphql", answer_late)
    async with visit.page.expect_request(is_operation):
        await visit.page.get_by_role("button", name=re.compile("Execute query")).click()
    await visit.act_as("social-worker")
    chosen.set()
    await expect(visit.words).to_contain_text("Something above was changed before the answer came. Run it again.")
    await expect(visit.answer).to_contain_text("Run it again.")
    await expect(visit.answer).not_to_contain_text("family")


async def test_words_go_when_an_operation_is_not_sent(visit: Visit) -> None:
    """Broken variables stop an operation before it is sent: no words of a former answer then tell of another."""
    await visit.run()
    await visit.write("Variables", '{"number": ')
    await visit.page.get_by_role("button", name=re.compile("Execute query")).click()
    await expect(visit.answer).to_contain_text("Request not sent.")
    await expect(visit.words).to_be_empty()


async def test_keeps_nothing_when_the_work_is_done(visit: Visit) -> None:
    """No child's number, answer or token stays in the browser: a shared machine's next user finds nothing."""
    await visit.choose_example(SHIELDED)
    await visit.run()
    await visit.page.evaluate("new Promise(done => requestIdleCallback(done))")
    kept = await visit.page.evaluate(EVERYTHING_KEPT)
    empty: dict[str, Any] = {"local": [], "session": [], "cookies": "", "databases": [], "caches": [], "address": ""}
    assert kept == empty
    assert await visit.page.context.cookies() == []


async def test_headers_pane_and_the_boxes_above_it_are_one_truth(visit: Visit) -> None:
    """A purpose chosen above stands in the headers pane and goes with the request; one typed there is shown above."""
    await visit.page.get_by_role("button", name="Headers").click()
    pane = visit.page.get_by_label("Headers", exact=True)
    await visit.choose_purpose("EDUCATION")
    await visit.page.get_by_label("Reason").fill("Attendance meeting")
    await expect(pane).to_contain_text('"Contactpoint-Purpose": "EDUCATION"')
    await expect(pane).to_contain_text('"Contactpoint-Reason": "Attendance meeting"')

    async with visit.page.expect_request(is_operation) as request:
        await visit.run()
    sent = await (await request.value).all_headers()
    assert sent["contactpoint-purpose"] == "EDUCATION"
    assert sent["contactpoint-reason"] == "Attendance meeting"

    await visit.write("Headers", '{"contactpoint-purpose": "SAFEGUARDING"}')
    await expect(visit.page.get_by_label("Purpose")).to_have_value("SAFEGUARDING")
    await expect(visit.page.get_by_label("Reason")).to_have_value("")
