"""`python -m benchmarks`: everybody in turn, one table; `make bench` is this with nothing left out."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console

from benchmarks.contestants import APART, CONTESTANTS
from benchmarks.figures import Figure
from benchmarks.load import WrongAnswer, have_wrk
from benchmarks.machine import Unsuitable, kept_to, processor, two_cores
from benchmarks.measuring import Case, Measure, a_bench
from benchmarks.surroundings import DidNotStart
from benchmarks.table import Sheet, sheets

PAGE: Final = Path(__file__).parent.parent / "docs" / "benchmarks.md"
LARGEST: Final = {1: 128, 50: 16}  # connections that a case of so many children is asked with, at most

_INTRODUCTION: Final = """\
# What a request costs

Written by `{command}` on {date} ({processor}, {cores} cores, Python {python}).

One operation of 39 leaf fields for everybody: a child with address, school and its address, practice and its address,
two parents with their addresses; other children in every request; every answer looked at before it counts. The server
has one core; PostgreSQL, the agencies and the load (`wrk`) have another. Processor time is the kernel's account of the
server's processes, and of PostgreSQL's in a column of its own. `disturbed` is the share of the server's core that
something else had meanwhile: where it is large, distrust the row.

Ours and the hand-written twin verify a token, check the purpose, read each child's shield with the child, and have each
access on disk before they answer; nobody else does any of it. Hive Gateway asks subgraphs, which are agencies here and
cost it nothing. How each is written: `benchmarks/`.

"""

out = Console(width=160 if not sys.stdout.isatty() else None)


def run(
    only: Annotated[str, typer.Option(help=f"Of {', '.join(CONTESTANTS)}: these.")] = ",".join(
        sorted(CONTESTANTS.keys() - APART, key=list(CONTESTANTS).index)
    ),
    connections: Annotated[str, typer.Option(help="How many at once.")] = "128,16,1",
    children: Annotated[str, typer.Option(help="How many one request asks for: 1 or 50.")] = "1,50",
    agencies: Annotated[str, typer.Option(help="Whether agencies answer in bulk: bulk, single.")] = "bulk,single",
    seconds: Annotated[int, typer.Option(help="How long each case is measured.", min=1, max=60)] = 4,
    warm_up: Annotated[int, typer.Option(help="How long each is warmed and checked.", min=1, max=60)] = 2,
    parts: Annotated[bool, typer.Option(help="Measure single parts too.")] = True,
    write: Annotated[bool, typer.Option(help=f"Write `docs/{PAGE.name}`.")] = False,
) -> None:
    """Measure, print, and write the page where asked."""
    names = only.split(",")
    unknown = [name for name in names if name not in CONTESTANTS]
    if unknown:
        raise Unsuitable(f"there is no contestant `{unknown[0]}`: choose of {', '.join(CONTESTANTS)}")
    cases = [
        Case(how == "bulk", many, at_once)
        for how in agencies.split(",")
        for many in map(int, children.split(","))
        for at_once in map(int, connections.split(","))
        if at_once <= LARGEST[many]
    ]
    have_wrk()
    measures, figures, pauses = asyncio.run(_measured(names, cases, seconds, warm_up, parts=parts))
    found = list(sheets(measures, figures, pauses))
    for sheet in found:
        out.print(sheet.on_terminal(), "")
    if write:
        PAGE.write_text(_page(found))
        out.print(f"written to {PAGE}")


async def _measured(
    names: Sequence[str], cases: Sequence[Case], seconds: int, warm_up: int, *, parts: bool
) -> tuple[list[Measure], list[Figure], list[Figure]]:
    core, others = two_cores()
    with kept_to(others):
        figures = await _figures(core, "figures") if parts else []
        pauses = await _figures(core, "pauses", "--json") if parts else []
        async with a_bench(core, seconds, warm_up) as bench:
            with out.status("starting") as status:
                measures = await bench.measure(
                    names, cases, lambda name, case: status.update(f"{CONTESTANTS[name].title}: {case.title}")
                )
    return measures, figures, pauses


async def _figures(core: int, of: str, *words: str) -> list[Figure]:
    """The figures of single parts, from a process on the server's core, whose heap holds nothing of ours."""
    command = ("taskset", "--cpu-list", str(core), sys.executable, "-m", f"benchmarks.{of}", *words)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    if process.returncode:
        raise DidNotStart(f"`benchmarks.{of}` failed: its own words stand above")
    return msgspec.json.decode(said, type=list[Figure])


def _page(found: Sequence[Sheet]) -> str:
    introduction = _INTRODUCTION.format(
        command="make bench" if len(sys.argv) == 2 else "python -m benchmarks " + " ".join(sys.argv[1:]),
        date=f"{datetime.now(UTC):%-d %B %Y}",
        processor=processor(),
        cores=2,
        python=sys.version.split()[0],
    )
    return introduction + "\n".join(sheet.in_markdown() for sheet in found)


def main() -> None:
    """Say what failed in one line."""
    try:
        typer.run(run)
    except (Unsuitable, WrongAnswer, DidNotStart) as failure:
        out.print(f"benchmarks: {failure}", style="red")
        sys.exit(1)


if __name__ == "__main__":
    main()
