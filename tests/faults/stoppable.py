"""`contactpoint`, able to stop itself at two places that no one outside can hit: the kernel's own stop, SIGSTOP.

It stops once at the place that the file `STOP_AT` names, and goes on with SIGCONT as if nothing had been.
"""

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adapters.store.postgres import Store
from gateway.__main__ import main
from gateway.pipeline import Pipeline
from gateway.request import Answered, Asked

BEFORE = "before"  # a record is sealed, and its statement not sent
READ = "read"  # a record is known to be written, and nothing of its answer has left


def make_stoppable(order: Path) -> None:
    """Have this process, from now on, stop itself where the file `order` says, once."""
    record, answer = Store.record_accesses, Pipeline.answer

    def stop_at(place: str) -> None:
        if order.exists() and order.read_text() == place:
            order.unlink()
            os.kill(os.getpid(), signal.SIGSTOP)

    async def record_stoppably(store: Store, *entries: Any) -> Sequence[int]:
        stop_at(BEFORE)
        return await record(store, *entries)

    async def answer_stoppably(pipeline: Pipeline, asked: Asked) -> Answered:
        answered = await answer(pipeline, asked)
        stop_at(READ)
        return answered

    setattr(Store, "record_accesses", record_stoppably)  # noqa: B010 - this process is the harness's own
    setattr(Pipeline, "answer", answer_stoppably)  # noqa: B010 - as above


if __name__ == "__main__":
    make_stoppable(Path(os.environ["STOP_AT"]))
    main()
