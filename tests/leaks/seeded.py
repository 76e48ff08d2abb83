"""Seeded leaks: mistakes that somebody could make, each with what it gives away and which check must see it.

They are written down in `seeded/*.diff`, one file to an area. A leak begins with its name, says what it gives away and,
where paired worlds are not what sees it, which test does; then come its changes, as a diff has them, found by their
lines alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
WORLDS: Final = "paired worlds"

_NAME, _GIVES_AWAY, _SEEN_BY, _FILE, _REMARK = "leak ", "gives away ", "seen by ", "--- ", "#"


class BadLeak(Exception):
    """A leak cannot be read, or cannot be made in this tree; the message names it and the fix."""


@dataclass(frozen=True, slots=True)
class Change:
    """Lines of a file, `before`, which stand there exactly once, become `after`."""

    file: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    def made(self, text: str) -> str:
        """The file's text with it. Raises BadLeak where it does not fit, or makes of Python what is none."""
        lines, count = text.splitlines(), len(self.before)
        places = [at for at in range(len(lines) - count + 1) if tuple(lines[at : at + count]) == self.before]
        if len(places) != 1:
            raise BadLeak(f"`{self.file}` has `{self.before[0].strip()}` and so on {len(places)} times, not once")
        [place] = places
        changed = "\n".join([*lines[:place], *self.after, *lines[place + count :], ""])
        if self.file.endswith(".py"):
            try:
                compile(changed, self.file, "exec")
            except SyntaxError as error:
                raise BadLeak(f"`{self.file}` would be no Python at line {error.lineno}: {error.msg}") from None
        return changed


@dataclass(frozen=True, slots=True)
class Leak:
    """One mistake. `seen_by` is WORLDS, with or without the viewing that must see it, or the node of a failing test."""

    name: str
    area: str
    gives_away: str
    changes: tuple[Change, ...]
    seen_by: str = WORLDS

    @property
    def in_worlds(self) -> bool:
        """Whether paired worlds must see it, and not a test of its own."""
        return self.seen_by.startswith(WORLDS)

    @property
    def viewing(self) -> str:
        """Before which viewing they must see it, such as `teacher:EDUCATION`; empty where before any."""
        return self.seen_by.partition(" before ")[2]

    @property
    def files(self) -> tuple[str, ...]:
        """Where it is, each file once."""
        return tuple(dict.fromkeys(change.file for change in self.changes))

    def make(self, root: Path = ROOT, *, write: bool = True) -> None:
        """Make it in a tree that nothing else is using, or see whether it could be. Raises BadLeak."""
        for file in self.files:
            text = (root / file).read_text(encoding="utf-8")
            for change in self.changes:
                if change.file == file:
                    text = change.made(text)
            if write:
                (root / file).write_text(text, encoding="utf-8")


def read_leaks(area: str, text: str) -> Iterator[Leak]:
    """The leaks of one area's text. Raises BadLeak."""
    blocks: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith(_NAME):
            blocks.append([])
        if blocks:
            blocks[-1].append(line)
        elif line and not line.startswith(_REMARK):
            raise BadLeak(f"`{area}` begins with `{line}`, which is neither remark nor leak")
    for block in blocks:
        while not block[-1]:
            block.pop()
        yield _leak(area, block)


def _leak(area: str, lines: Sequence[str]) -> Leak:
    parts = [list(part) for _, part in groupby(lines, _Numbered())]
    said = {
        word: line.removeprefix(word)
        for line in parts[0]
        for word in (_NAME, _GIVES_AWAY, _SEEN_BY)
        if line.startswith(word)
    }
    changes = tuple(_change(part) for part in parts[1:])
    if len(said) != len(parts[0]) or _GIVES_AWAY not in said or not changes:
        raise BadLeak(f"`{lines[0]}` needs `gives away` and a change, and nothing else but `seen by`")
    return Leak(said[_NAME], area, said[_GIVES_AWAY], changes, said.get(_SEEN_BY, WORLDS))


class _Numbered:
    """Tells lines apart by the change they belong to: 0 before the first."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, line: str) -> int:
        self._count += line.startswith(_FILE)
        return self._count


def _change(lines: Sequence[str]) -> Change:
    file, hunk = lines[0].removeprefix(_FILE), [line or " " for line in lines[1:]]
    if any(line[0] not in " -+" for line in hunk):
        raise BadLeak(f"a change of `{file}` has a line that begins with none of ` `, `-` and `+`")
    before, after = (tuple(line[1:] for line in hunk if line[0] in f" {sign}") for sign in "-+")
    return Change(file, before, after)


def _all_leaks() -> Iterator[Leak]:
    for path in sorted((Path(__file__).parent / "seeded").glob("*.diff")):
        yield from read_leaks(path.stem, path.read_text(encoding="utf-8"))


LEAKS: Final = tuple(_all_leaks())
