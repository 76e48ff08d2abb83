"""What an exception says is never written down, for it may quote anything: its kind is, and the places it came through.

So it is for whatever is logged, by us or by a library, and for what nobody caught.
"""

import asyncio
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from traceback import StackSummary, extract_tb
from types import TracebackType
from typing import Any, TypeAlias

from gateway.events import Event, Observer

_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"

Raised: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def kind(error: BaseException | None) -> str:
    """The name of its class, which our own code or a library's has written."""
    return type(error).__name__


class MaskingFormatter(logging.Formatter):
    """Writes a log's lines; of exceptions that come with them, what `described` tells."""

    def format(self, record: logging.LogRecord) -> str:
        masked = copy(record)
        masked.exc_text = None  # what another formatter may have made of it
        if isinstance(record.args, tuple):
            masked.args = tuple(kind(one) if isinstance(one, BaseException) else one for one in record.args)
        return super().format(masked)

    def formatException(self, ei: Raised) -> str:  # noqa: N802 - the library's own spelling
        return described(ei[0], ei[2])


def described(class_: type[BaseException] | None, trace: TracebackType | None) -> str:
    """Kind and places, a line each: no line of code, no value, no text."""
    frames: StackSummary | tuple[()] = extract_tb(trace) if trace is not None else ()
    places = [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return "\n".join([class_.__name__ if class_ else "no exception", *places])


def mask_output(level: str) -> None:
    """Have this process log from `level` on, by its name, and say of what nobody caught no more than a log would."""
    handler = logging.StreamHandler()
    handler.setFormatter(MaskingFormatter(_FORMAT))
    logging.basicConfig(level=level.upper(), handlers=[handler])
    sys.excepthook = lambda class_, _, trace: _say(class_, trace)
    threading.excepthook = lambda uncaught: _say(uncaught.exc_type, uncaught.exc_traceback)
    sys.unraisablehook = lambda uncaught: _say(uncaught.exc_type, uncaught.exc_traceback)


@contextmanager
def masked_loop(observer: Observer) -> Iterator[None]:
    """Have what nobody awaited, and what a callback of the loop raised, be an event instead of the library's words."""
    loop = asyncio.get_running_loop()
    before: Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object] | None = loop.get_exception_handler()

    def unforeseen(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        observer.happened(Event.UNFORESEEN, kind(error) if error else "")

    loop.set_exception_handler(unforeseen)
    try:
        yield
    finally:
        loop.set_exception_handler(before)


def _say(class_: type[BaseException], trace: TracebackType | None) -> None:
    if not issubclass(class_, KeyboardInterrupt | SystemExit):
        logging.getLogger("contactpoint").critical("nobody caught %s", described(class_, trace))
