"""What partners' own tools write is read exactly; anything else is refused in one line that names the fix."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from gateway.partners.manifest import LONGEST, MOST_ENTRIES, Entry, ManifestError, manifest_of, read_manifest

ONE = "query One($n: ID!) { child(number: $n) { number } }"
TWO = "query Two { viewer { subject } }"


def digest(text: str, algorithm: str = "sha256") -> str:
    return hashlib.new(algorithm, text.encode(), usedforsecurity=False).hexdigest()


def operation(text: str, name: str, **changes: Any) -> dict[str, Any]:
    return {"id": digest(text), "name": name, "type": "query", "body": text} | changes


def apollos(*operations: Any, **changes: Any) -> bytes:
    manifest = {"format": "apollo-persisted-query-manifest", "version": 1, "operations": list(operations)}
    return json.dumps(manifest | changes).encode()


def test_apollos_manifest_is_read() -> None:
    """Each entry with its exact text, its tool's id and its name; members we do not know say nothing to us."""
    manifest = manifest_of(apollos(operation(ONE, "One", clientName="web"), operation(TWO, "Two")))
    assert manifest.format == "apollo-persisted-query-manifest"
    assert manifest.entries == (Entry(ONE, digest(ONE), "One"), Entry(TWO, digest(TWO), "Two"))
    assert manifest.entries[0].hash == f"sha256:{digest(ONE)}"


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256"])
def test_relays_map_is_read(algorithm: str) -> None:
    """Whichever algorithm its compiler was told; what we keep it by is ours."""
    manifest = manifest_of(json.dumps({digest(text, algorithm): text for text in (ONE, TWO)}).encode())
    assert manifest.format == "relay"
    assert manifest.entries == (Entry(ONE, digest(ONE, algorithm)), Entry(TWO, digest(TWO, algorithm)))
    assert manifest.entries[1].hash == f"sha256:{digest(TWO)}"


def test_what_relays_compiler_writes_is_read() -> None:
    """As version 21 of it wrote it, with the newline at the end of each text that belongs to it."""
    text = "query AppChildQuery(\n  $number: ID!\n) {\n  child(number: $number) {\n    number\n  }\n}\n"
    wrote = {"57fe229203621523c9da29d8dd8617036b5997fc1d5787f32df4b7865154072d": text}
    [entry] = manifest_of(json.dumps(wrote, indent=2).encode()).entries
    assert entry.body == text


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe{}", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "no operation"),
        (b"{}", "no operation"),
        (apollos(), "no operation"),
        (apollos(operation(ONE, "One"), version=2), "of version 1"),
        (apollos(operation(ONE, "One"), format="another"), "of version 1"),
        (apollos(operation(ONE, "One"), operations={}), "of version 1"),
        (apollos("query"), "entry 1 lacks"),
        (apollos(operation(ONE, "One"), operation(TWO, "Two", body=7)), "entry 2 lacks"),
        (apollos(operation(ONE, "One", id=digest(TWO))), "not the SHA-256"),
        (apollos(operation(ONE, "One", id=digest(ONE).upper())), "not the SHA-256"),
        (apollos(operation(ONE, "One"), operation(ONE, "Again")), "same text twice"),
        (apollos(operation("query A { viewer { subject } } # \0", "A")), "NUL"),
        (apollos(*(operation(f"{TWO} #{at}", "Two") for at in range(MOST_ENTRIES + 1))), "in parts"),
        (b'{"format": "apollo-persisted-query-manifest", "format": "other"}', "a member twice"),
        (b'{"format": "a", "operations": [{"id": "1", "id": "2"}]}', "a member twice"),
        (json.dumps({"One": ONE}).encode(), "neither"),
        (json.dumps({digest(ONE): {"text": ONE}}).encode(), "neither"),
        (json.dumps({digest(ONE): TWO}).encode(), "not the SHA256"),
        (json.dumps({digest(ONE, "md5"): TWO}).encode(), "not the MD5"),
        (json.dumps({digest(ONE): "\ud800"}).encode(), "half a character"),
    ],
)
def test_anything_else_is_refused(raw: bytes, said: str) -> None:
    """In one line, which quotes no text."""
    with pytest.raises(ManifestError) as refused:
        manifest_of(raw)
    text = str(refused.value)
    assert said in text
    assert ": " in text
    assert len(text.splitlines()) == 1
    assert "viewer" not in text


def test_a_file_that_cannot_be_read_or_is_too_large_is_refused(tmp_path: Path) -> None:
    """Before any of it is looked at."""
    with pytest.raises(ManifestError, match="cannot read"):
        read_manifest(tmp_path / "nothing.json")
    large = tmp_path / "large.json"
    large.write_bytes(b" " * LONGEST + b"{")
    with pytest.raises(ManifestError, match="in parts"):
        read_manifest(large)
    kept = tmp_path / "manifest.json"
    kept.write_bytes(apollos(operation(ONE, "One")))
    assert [entry.name for entry in read_manifest(kept).entries] == ["One"]
