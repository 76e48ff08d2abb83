"""Reads the manifests that partners' own tools write: Apollo's persisted query manifest, and Relay's map of texts.

Nothing here judges a text. Whatever is not exactly one of the two formats is refused, in one line that names the fix.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

APOLLO: Final = "apollo-persisted-query-manifest"
RELAY: Final = "relay"

LONGEST: Final = 5_000_000  # bytes of a file
MOST_ENTRIES: Final = 2_000

# What Relay's `persistConfig.algorithm` may be, told apart by how long their digests are.
_RELAYS_DIGESTS: Final = {32: "md5", 40: "sha1", 64: "sha256"}
_RELAYS_ID: Final = re.compile("[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII)


class ManifestError(Exception):
    """The file is no manifest of either format; the text names the entry and the fix."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One text of a manifest, by the id its tool gave it. `name` is what the manifest calls it, where it does."""

    body: str
    their_id: str
    name: str | None = None

    @property
    def hash(self) -> str:
        """What we keep it by: `sha256:` and the hex digest of exactly the text."""
        return f"sha256:{hashlib.sha256(self.body.encode()).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a file holds, in its order; no two entries have the same text."""

    format: str
    entries: tuple[Entry, ...]


def read_manifest(path: Path) -> Manifest:
    """Read the file; raises `ManifestError`."""
    try:
        with path.open("rb") as file:
            raw = file.read(LONGEST + 1)
    except OSError as error:
        raise ManifestError(f"cannot read `{path}` ({error.strerror}): give a manifest that is yours to read") from None
    if len(raw) > LONGEST:
        raise ManifestError(f"`{path}` is larger than {LONGEST:,} bytes: publish it in parts")
    return manifest_of(raw)


def manifest_of(raw: bytes) -> Manifest:
    """Read a file's content; raises `ManifestError`."""
    try:
        read = json.loads(raw.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise ManifestError("the manifest is not JSON in UTF-8: let its tool write it anew") from None
    if not isinstance(read, dict) or not read:
        raise ManifestError("the manifest holds no operation: let its tool write it anew")
    if "format" in read or "operations" in read:
        format_, entries = APOLLO, _apollos(read)
    else:
        format_, entries = RELAY, [_relays(their_id, text) for their_id, text in read.items()]
    if not entries:
        raise ManifestError("the manifest holds no operation: let its tool write it anew")
    if len(entries) > MOST_ENTRIES:
        raise ManifestError(f"the manifest has more than {MOST_ENTRIES:,} entries: publish it in parts")
    if len({entry.body for entry in entries}) < len(entries):
        raise ManifestError("the manifest has the same text twice: let its tool write it anew")
    return Manifest(format_, tuple(entries))


def _once(members: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose members are there once each: of two, one reader would take the first, another the last."""
    read = dict(members)
    if len(read) < len(members):
        raise ManifestError("the manifest has a member twice: let its tool write it anew")
    return read


def _apollos(read: dict[str, Any]) -> list[Entry]:
    operations = read.get("operations")
    if read.get("format") != APOLLO or read.get("version") != 1 or not isinstance(operations, list):
        raise ManifestError(f"the manifest is not `{APOLLO}` of version 1: make it by a tool that writes that")
    return [_apollos_entry(place, entry) for place, entry in enumerate(operations, start=1)]


def _apollos_entry(place: int, entry: Any) -> Entry:
    match entry:
        case {"id": str(their_id), "name": str(name), "body": str(body)}:
            if _digest("sha256", body, f"entry {place}") != their_id:
                raise ManifestError(
                    f"entry {place}: its `id` is not the SHA-256 of its `body`: let the tool make the ids"
                )
            return Entry(body, their_id, name)
        case _:
            raise ManifestError(f"entry {place} lacks `id`, `name` or `body`: let its tool write it anew")


def _relays(their_id: str, text: Any) -> Entry:
    if not _RELAYS_ID.fullmatch(their_id) or not isinstance(text, str):
        raise ManifestError(
            f"the manifest is neither `{APOLLO}` nor Relay's texts by their digests: make it by a tool of either"
        )
    entry = f"the entry `{their_id[:8]}…`"
    algorithm = _RELAYS_DIGESTS[len(their_id)]
    if _digest(algorithm, text, entry) != their_id:
        raise ManifestError(f"{entry} is not the {algorithm.upper()} of its text: let the compiler write it anew")
    return Entry(text, their_id)


def _digest(algorithm: str, text: str, entry: str) -> str:
    """The text's digest in hex; what no store and no wire can carry has none."""
    try:
        encoded = text.encode("utf-8")
    except UnicodeEncodeError:
        raise ManifestError(f"{entry} holds half a character: correct its source") from None
    if b"\0" in encoded:
        raise ManifestError(f"{entry} holds a NUL character: correct its source")
    return hashlib.new(algorithm, encoded, usedforsecurity=False).hexdigest()
