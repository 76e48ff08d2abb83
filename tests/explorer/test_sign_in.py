"""Signing in to the explorer: by the issuer's own window, with a token that is nowhere but in the page's memory."""

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Response, expect

from tests.explorer.visiting import BROWSED, EVERYTHING_KEPT, Visit, is_operation
from tests.running import RunningGateway

pytestmark = BROWSED

WHO = re.compile("Who am I")


async def test_an_analyst_signs_in_says_why_and_asks(visit: Visit, gateway: RunningGateway) -> None:
    """The purpose is asked once, nothing is asked of the gateway before it, and it is shown from then on."""
    why = await visit.sign_in_as("analyst")
    await expect(why).to_contain_text("You are signed in as persona-analyst, analyst.")
    assert await why.get_by_label("Purpose").locator("option:not([disabled])").all_inner_texts() == ["Statistics"]
    before = len([url for url in visit.asked if url.endswith("/graphql")])
    await why.get_by_label("Reason").fill("the monthly return")
    assert len([url for url in visit.asked if url.endswith("/graphql")]) == before
    await why.get_by_role("button", name="Begin").click()

    await expect(visit.page.get_by_label("Who asks, and why")).to_contain_text("Signed in as persona-analyst")
    await expect(visit.page.get_by_label("Purpose")).to_have_value("STATISTICS")
    await expect(visit.page.get_by_label("Reason")).to_have_value("the monthly return")
    await visit.choose_example(WHO)
    answer = await visit.run()
    assert answer["data"]["viewer"]["subject"] == "persona-analyst"
    assert answer["data"]["viewer"]["actingRole"] == "ANALYST"
    await expect(visit.words).to_contain_text("Asked as persona-analyst, purpose Statistics")
    assert visit.complaints == []


async def test_the_token_is_nowhere_but_in_memory(visit: Visit, gateway: RunningGateway) -> None:
    """In no storage, cookie, address or page; and no host is asked but the gateway and the issuer."""
    granted: list[Response] = []
    visit.page.on("response", lambda response: granted.append(response) if response.url.endswith("/token") else None)
    why = await visit.sign_in_as("gp")
    await why.get_by_label("Purpose").select_option("HEALTH")
    await why.get_by_role("button", name="Begin").click()
    await visit.choose_example(WHO)
    answer = await visit.run()
    assert answer["data"]["viewer"]["subject"] == "persona-gp"

    [token] = [json.loads(await response.text())["access_token"] for response in granted]
    kept = await visit.page.evaluate(EVERYTHING_KEPT)
    empty: dict[str, Any] = {"local": [], "session": [], "cookies": "", "databases": [], "caches": [], "address": ""}
    assert kept == empty
    assert await visit.page.context.cookies() == []
    seen = [await visit.page.content(), visit.page.url, *visit.asked]
    assert not [text for text in seen if token.rpartition(".")[2] in text]
    origins = {f"{urlsplit(url).scheme}://{urlsplit(url).netloc}" for url in visit.asked}
    assert origins == {gateway.url, gateway.issuer.url}


async def test_whoever_does_not_say_why_is_not_signed_in(visit: Visit) -> None:
    """The token is dropped, and whoever asked before asks still."""
    why = await visit.sign_in_as("shield-officer")
    await why.get_by_role("button", name="Do not sign in").click()
    await expect(why).not_to_be_visible()
    await visit.choose_example(WHO)
    assert (await visit.run())["data"]["viewer"]["subject"] == "persona-teacher"


async def test_signing_out_takes_the_answers_too(visit: Visit) -> None:
    """Nothing that was answered to somebody stands there for the next."""
    why = await visit.sign_in_as("social-worker")
    await why.get_by_label("Purpose").select_option("SAFEGUARDING")
    await why.get_by_role("button", name="Begin").click()
    await visit.choose_example(WHO)
    assert (await visit.run())["data"]["viewer"]["subject"] == "persona-social-worker"
    await visit.page.get_by_role("button", name="Sign out").click()
    await expect(visit.words).to_be_empty()
    await expect(visit.answer).not_to_contain_text("persona-social-worker")
    await expect(visit.page.get_by_label("Acting as")).to_have_value("teacher")
    assert (await visit.run())["data"]["viewer"]["subject"] == "persona-teacher"


@pytest.mark.parametrize(
    ("answered", "said"),
    [
        ({"code": "a-code", "iss": "http://127.0.0.1:9"}, "Another issuer answered than was asked."),
        ({"error": "access_denied"}, "The issuer signed nobody in (access_denied)."),
    ],
    ids=["another issuer", "refused"],
)
async def test_an_answer_that_brings_nobody(
    visit: Visit, gateway: RunningGateway, answered: dict[str, str], said: str
) -> None:
    """Another issuer's code is never given to ours, and a refusal is said."""
    issuers = await visit.begin_to_sign_in()
    [state] = parse_qs(urlsplit(issuers.url).query)["state"]
    words = {"state": state, "iss": gateway.issuer.url} | answered
    await issuers.goto(f"{gateway.url}/explorer/callback?" + "&".join(f"{name}={word}" for name, word in words.items()))
    await expect(visit.page.get_by_label("Who asks, and why").get_by_role("alert")).to_contain_text(said)
    assert f"{gateway.issuer.url}/token" not in visit.asked


async def test_an_answer_to_nobodys_question_is_not_heard(visit: Visit, gateway: RunningGateway) -> None:
    """A code under another state, as a link in somebody's mail would bring it, signs nobody in; nor does an old try."""
    given_up = await visit.begin_to_sign_in()
    issuers = await visit.begin_to_sign_in()  # the same window, or another
    first, second = (parse_qs(urlsplit(url).query) for url in visit.asked if url.startswith(gateway.issuer.url))
    assert first["code_challenge_method"] == second["code_challenge_method"] == ["S256"]
    assert first["state"] != second["state"]
    assert first["code_challenge"] != second["code_challenge"]

    forged = await visit.page.context.new_page()
    for state in ("another", first["state"][0]):
        await forged.goto(f"{gateway.url}/explorer/callback?code=a-code&state={state}&iss={gateway.issuer.url}")
        await expect(forged.get_by_text("You can close this window.")).to_be_visible()
        assert forged.url == f"{gateway.url}/explorer/callback", "the code stays in no address"

    async with issuers.expect_event("close"):  # the one that was asked for is heard as ever
        await issuers.get_by_role("link", name=re.compile("^teacher")).click()
    await expect(visit.page.get_by_role("dialog")).to_contain_text("persona-teacher")
    assert visit.asked.count(f"{gateway.issuer.url}/token") == 1
    await given_up.close()


async def test_purposes_offered_are_the_roles(visit: Visit) -> None:
    """As far as the token says which role it is; and an auditor is asked for a reason at once."""
    why = await visit.sign_in_as("auditor")
    assert await why.get_by_label("Purpose").locator("option:not([disabled])").all_inner_texts() == ["Audit"]
    await why.get_by_role("button", name="Begin").click()
    await expect(why).to_be_visible()
    async with visit.page.expect_request(lambda request: request.url.endswith("/graphql")) as asked:
        await why.get_by_label("Reason").fill("yearly review of access")
        await why.get_by_role("button", name="Begin").click()
    assert not is_operation(await asked.value), "what is asked first is which schema there is"
