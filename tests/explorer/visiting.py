"""A real browser on the explorer, and all it was seen to do."""

import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import ConsoleMessage, Locator, Page, Request, async_playwright, expect

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
STATIC = Path(__file__).parents[2] / "gateway" / "explorer" / "static"

BROWSED = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium, chromium-browser or google-chrome on the path"),
    pytest.mark.skipif(not STATIC.exists(), reason="`make test` builds the explorer's page"),
]

# Whatever a browser does by itself over the network is off: what it still asks for, the page asked for.
FLAGS = [
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", e => console.error(`policy: ${e.violatedDirective} ${e.blockedURI}`));
"""

EVERYTHING_KEPT = """async () => ({
    local: Object.entries(localStorage),
    session: Object.entries(sessionStorage),
    cookies: document.cookie,
    databases: await indexedDB.databases(),
    caches: await caches.keys(),
    address: location.search + location.hash,
})"""

# A bound for a machine that is very busy; nothing here waits for it to pass.
PATIENCE = 30_000  # milliseconds


@dataclass
class Visit:
    """One browser on the explorer, and all it was seen to do."""

    page: Page
    origin: str
    asked: list[str] = field(default_factory=list)  # the address of every request
    complaints: list[str] = field(default_factory=list)  # errors, warnings and violations of the policy

    async def choose_example(self, title: re.Pattern[str]) -> None:
        await self.page.get_by_role("navigation", name="Example operations").get_by_role("button", name=title).click()

    async def act_as(self, persona: str) -> None:
        await self.page.get_by_label("Acting as").select_option(persona)

    async def choose_child(self, name: str) -> None:
        await self.page.get_by_role("combobox", name="Child").select_option(label=name)

    async def choose_purpose(self, purpose: str) -> None:
        await self.page.get_by_label("Purpose").select_option(purpose)

    async def write(self, pane: str, text: str) -> None:
        """Put `text` in the pane of that name, in the place of all it held."""
        await self.page.get_by_role("button", name=pane).click()
        await self.page.get_by_label(pane, exact=True).get_by_role("textbox").focus()
        await self.page.keyboard.press("ControlOrMeta+A")
        await self.page.keyboard.press("Delete")
        await self.page.keyboard.type(text)

    async def begin_to_sign_in(self) -> Page:
        """Press the button, and give the issuer's window once it asks who it is."""
        async with self.page.context.expect_page() as opened:
            await self.page.get_by_role("button", name="Sign in").click()
        issuers = await opened.value
        await expect(issuers.get_by_role("heading", name="Who are you?")).to_be_visible()
        return issuers

    async def sign_in_as(self, persona: str) -> Locator:
        """Go through the issuer's window, and give the question why."""
        issuers = await self.begin_to_sign_in()
        async with issuers.expect_event("close"):
            await issuers.get_by_role("link", name=re.compile(f"^{persona}")).first.click()
        why = self.page.get_by_role("dialog", name="Why are you here?")
        await expect(why).to_be_visible()
        return why

    async def run(self) -> dict[str, Any]:
        """Press the button, and give the gateway's answer once the page has said it in words."""
        async with self.page.expect_response(lambda response: is_operation(response.request)) as awaited:
            await self.page.get_by_role("button", name=re.compile("Execute query")).click()
        response = await awaited.value
        answer: dict[str, Any] = await response.json()
        await expect(self.words).to_contain_text(response.headers["contactpoint-record"])
        return answer

    @property
    def words(self) -> Any:
        return self.page.get_by_role("status", name="The answer in words")

    @property
    def answer(self) -> Any:
        return self.page.get_by_label("Result Window")


@asynccontextmanager
async def visiting(url: str) -> AsyncIterator[Visit]:
    """The explorer at that address, open and ready, watched from the first byte."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *sandbox])
        context = await browser.new_context(viewport={"width": 1280, "height": 1000})
        page = await context.new_page()
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        visit = Visit(page, origin=url)
        _watch(visit)
        await page.add_init_script(REPORT_VIOLATIONS)
        await page.goto(f"{url}/")
        await expect(visit.answer).to_be_visible()
        await visit.choose_example(re.compile("One child"))  # possible from the moment there are editors to run from
        yield visit
        await browser.close()


def is_operation(request: Request) -> bool:
    """A person's own, that is: the page asks for the schema by itself."""
    return request.url.endswith("/graphql") and "IntrospectionQuery" not in (request.post_data or "")


def _watch(visit: Visit) -> None:
    """Whatever any of its windows asks for, or complains of."""

    def asked(request: Request) -> None:
        visit.asked.append(request.url)

    def said(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            visit.complaints.append(message.text)

    everywhere = visit.page.context
    everywhere.on("request", asked)
    everywhere.on("console", said)
    everywhere.on("weberror", lambda error: visit.complaints.append(str(error.error)))
