"""Who is measured. Each is a process that reads where all is, and says `ready URL` once it answers."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PEERS: Final = Path(__file__).parent.parent / "peers"


@dataclass(frozen=True, slots=True)
class Contestant:
    """How to start one, and what is said of it.

    `subgraphs` says that it answers over subgraphs, which are agencies then: they run on the second core, and have
    bulk calls alone.
    """

    title: str
    command: tuple[str, ...]
    duties: bool = False
    folder: Path | None = None
    subgraphs: bool = False


def _python(module: str) -> tuple[str, ...]:
    return (sys.executable, "-m", f"benchmarks.contestants.{module}")


def _node(file: str) -> tuple[str, ...]:
    return (str(Path(sys.executable).with_name("node")), "--no-warnings", file)


OURS: Final = "ours"
APART: Final = frozenset({"unrecorded"})  # measured where it is asked for by name alone
SUBGRAPHS: Final = _node("subgraphs.js")

CONTESTANTS: Final[Mapping[str, Contestant]] = {
    OURS: Contestant("ContactPoint Gateway", _python("ours"), duties=True),
    "unrecorded": Contestant("ContactPoint Gateway that records nothing", _python("unrecorded")),
    "twin": Contestant("hand-written twin", _python("twin"), duties=True),
    "strawberry": Contestant("plain Strawberry", _python("plain_strawberry")),
    "mercurius": Contestant("Mercurius with JIT", _node("mercurius.js"), folder=PEERS),
    "apollo": Contestant("Apollo Server", _node("apollo.js"), folder=PEERS),
    "yoga": Contestant("GraphQL Yoga", _node("yoga.js"), folder=PEERS),
    "hive": Contestant("Hive Gateway", _node("hive.js"), folder=PEERS, subgraphs=True),
}
