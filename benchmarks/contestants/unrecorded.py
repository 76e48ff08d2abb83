"""Ours with a ledger that writes nothing: the rest is what recording costs. It answers unlawfully, here alone."""

import uvloop

from adapters.store.registry_records import RECORDED
from benchmarks.contestants.ours import serve
from benchmarks.surroundings import told
from gateway.audit.ledger import Ledger


class Nothing(Ledger):
    """Says of every access that it is recorded."""

    def __init__(self) -> None:
        """Keep nothing at all."""

    async def answered(self, *_: object) -> int:
        return RECORDED


if __name__ == "__main__":
    uvloop.run(serve(told(), Nothing()))
