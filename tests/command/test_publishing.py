"""`contactpoint documents`: what whoever keeps the registry types, reads and is refused."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import schema as schema_package
from tests.command.running import Ended, contactpoint
from tests.partners.texts import NAME, SCHOOL, a_manifest, digest


def written(folder: Path, **texts: str) -> Path:
    """A manifest of these texts, by name."""
    manifest = folder / "manifest.json"
    manifest.write_text(a_manifest(texts))
    return manifest


async def publish(manifest: Path, settings: Mapping[str, str], *words: str) -> Ended:
    return await contactpoint("documents", "publish", manifest, "--partner", "partner-1", *words, **settings)


def told(ended: Ended) -> Any:
    return json.loads(ended.out)


async def test_a_manifest_is_published_listed_and_revoked(registered: Mapping[str, str], tmp_path: Path) -> None:
    """Its plan, its cost and what it may disclose are shown; a second time all of it is known."""
    manifest = written(tmp_path, ChildsName=NAME, ChildsSchool=SCHOOL)
    shown = await publish(manifest, registered)
    assert shown.code == 0, shown.err
    assert f"new ChildsSchool sha256:{digest(SCHOOL)}" in shown.out
    assert "child.enrolments SCHOOL" in shown.out
    assert "? " in shown.out  # the plan's questions
    again = told(await publish(manifest, registered, "--json"))
    assert again["published"]
    assert [(one["state"], one["theirId"]) for one in again["documents"]] == [
        ("known", digest(NAME)),
        ("known", digest(SCHOOL)),
    ]
    ended = await contactpoint("documents", "revoke", f"sha256:{digest(NAME)}", "--partner", "partner-1", **registered)
    assert (ended.code, ended.out) == (0, f"revoked sha256:{digest(NAME)}\n")
    listed = told(await contactpoint("documents", "list", "--partner", "partner-1", "--json", **registered))
    assert [(one["name"], one["uses"], one["revokedAt"] is None) for one in listed] == [
        ("ChildsName", 0, False),
        ("ChildsSchool", 0, True),
    ]
    assert listed[0]["publishedBy"]
    lines = (await contactpoint("documents", "list", **registered)).out.splitlines()
    assert lines[0] == f"revoked partner-1 ChildsName sha256:{digest(NAME)}"
    assert lines[2] == f"live partner-1 ChildsSchool sha256:{digest(SCHOOL)}"
    assert lines[3].endswith("; never used")
    assert told(await publish(manifest, registered, "--json"))["documents"][0]["state"] == "new"


async def test_a_dry_run_changes_nothing(registered: Mapping[str, str], tmp_path: Path) -> None:
    """It says what would come of it."""
    shown = told(await publish(written(tmp_path, ChildsName=NAME), registered, "--dry-run", "--json"))
    assert not shown["published"]
    assert [one["state"] for one in shown["documents"]] == ["new"]
    assert told(await contactpoint("documents", "list", "--json", **registered)) == []


async def test_one_text_that_is_refused_stops_all(registered: Mapping[str, str], tmp_path: Path) -> None:
    """With every reason, exit code 1, and without the identifier that was written into it."""
    literal = 'query Literal { child(number: "9990000018") { number keys { nhsNumber } } }'
    shown = await publish(written(tmp_path, ChildsName=NAME, Literal=literal), registered)
    assert shown.code == 1
    assert "nothing was published" in shown.out
    assert "bring it in a variable" in shown.out
    assert "gives away KEY" in shown.out
    assert "9990000018" not in shown.out + shown.err
    assert told(await contactpoint("documents", "list", "--json", **registered)) == []


async def test_a_schema_is_checked_against_what_is_published(registered: Mapping[str, str], tmp_path: Path) -> None:
    """Exit code 1 where it breaks a partner's document, which is named with the reason."""
    await publish(written(tmp_path, ChildsName=NAME, ChildsSchool=SCHOOL), registered)
    today = await contactpoint("documents", "check", **registered)
    assert (today.code, today.out) == (0, "ok 2 documents\n")
    sdl = (Path(schema_package.__file__).parent / "schema.graphql").read_text()
    changed = tmp_path / "changed.graphql"
    changed.write_text(sdl.replace("  urn: ID!\n", ""))
    broken = await contactpoint("documents", "check", "--schema", changed, **registered)
    assert broken.code == 1
    [line] = broken.out.splitlines()
    assert line.startswith(f"BROKEN partner-1 ChildsSchool sha256:{digest(SCHOOL)} line 1")
    rows = told(await contactpoint("documents", "check", "--schema", changed, "--json", **registered))
    assert (rows["documents"], [one["name"] for one in rows["broken"]]) == (2, ["ChildsSchool"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["documents", "publish", "nothing.json", "--partner", "partner-1"], "cannot read"),
        (["documents", "revoke", "sha256:00", "--partner", "partner-1"], "documents list --partner partner-1"),
        (["documents", "check", "--schema", "nothing.graphql"], "cannot read"),
    ],
)
async def test_a_mistake_is_one_line_that_names_the_fix(keeper: Mapping[str, str], words: list[str], said: str) -> None:
    """And exit code 1."""
    ended = await contactpoint(*words, **keeper)
    assert ended.code == 1
    [line] = ended.err.strip().splitlines()
    assert said in line


async def test_a_partner_that_nobody_registered_publishes_nothing(keeper: Mapping[str, str], tmp_path: Path) -> None:
    """It is named, with the command that registers it."""
    ended = await publish(written(tmp_path, ChildsName=NAME), keeper)
    assert ended.code == 1
    assert "`partner-1`: register it with `contactpoint registry apply`" in ended.err
