"""What an exception says is in no line that is written: whoever logs it, and whoever does not catch it."""

import asyncio
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.events import Event, Observer
from gateway.masking import MaskingFormatter, masked_loop

CANARY = "canary-7XK2"


class Odd(Exception):
    """Something that nobody foresaw."""


def failing() -> None:
    try:
        {}[CANARY]
    except KeyError as error:
        raise Odd(CANARY) from error


@pytest.fixture
def written() -> Iterator[list[str]]:
    """Lines as the handler of a running gateway would write them."""
    lines: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handler = Handler()
    handler.setFormatter(MaskingFormatter("%(levelname)s %(message)s"))
    logger = logging.getLogger("somebody.else")
    logger.addHandler(handler)
    yield lines
    logger.removeHandler(handler)


def test_a_log_tells_the_kind_and_the_places(written: list[str]) -> None:
    """CASES 16: of the exception, and of whatever it came from, not one word."""
    logger = logging.getLogger("somebody.else")
    try:
        failing()
    except Odd as error:
        logger.exception("it failed: %s", error)  # noqa: TRY401 - as libraries do
        logger.error("it failed: %s", error)  # noqa: TRY400 - as above
    assert written[0].startswith("ERROR it failed: Odd\nOdd\n")
    assert f"{Path(__file__).name}:" in written[0]
    assert written[1] == "ERROR it failed: Odd"
    assert CANARY not in "".join(written)


def test_a_text_made_by_another_formatter_is_not_taken_over(written: list[str]) -> None:
    """Handlers share a record, and the first keeps its words in it."""
    record = logging.LogRecord("somebody.else", logging.ERROR, __file__, 1, "it failed", None, None)
    record.exc_text = CANARY
    logging.getLogger("somebody.else").handle(record)
    assert written == ["ERROR it failed"]


async def test_what_nobody_awaited_is_an_event(caplog: pytest.LogCaptureFixture) -> None:
    """The loop's own words would quote the task, and with it what it raised; they are put back afterwards."""
    caplog.set_level("DEBUG")
    observer, loop = Observer(), asyncio.get_running_loop()
    with masked_loop(observer):
        loop.call_soon(failing)
        loop.call_exception_handler({"message": CANARY})
        await asyncio.sleep(0)
        assert loop.get_exception_handler() is not None
    assert loop.get_exception_handler() is None
    assert observer._counts == {(Event.UNFORESEEN, "Odd"): 1, (Event.UNFORESEEN, ""): 1}
    assert CANARY not in caplog.text


UNCAUGHT = """
import gc, sys, threading
from gateway.masking import mask_output
from tests.gateway.test_masking import CANARY, failing
mask_output("warning")

class Leaving:
    def __del__(self):
        failing()

thread = threading.Thread(target=failing)
thread.start()
thread.join()
Leaving()
gc.collect()
failing()
"""


async def test_what_nobody_caught_tells_no_more() -> None:
    """CASES 16: at the end of a process, of a thread, and where Python can only write it down."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        UNCAUGHT,
        cwd=Path(__file__).parent.parent.parent,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    assert process.returncode == 1
    assert out.count(b"CRITICAL contactpoint nobody caught Odd\n") == 3
    assert CANARY.encode() not in out
