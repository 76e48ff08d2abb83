"""`contactpoint documents` and `contactpoint registry`: what whoever keeps the registry types, reads and is refused."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import schema as schema_package
from adapters.store.roles import Role
from tests.command.running import Ended, contactpoint
from tests.databases import Database
from tests.partners.texts import NAME, SCHOOL, a_manifest, digest

REGISTRY = """
[[organisation]]
id = "partner-1"
name = "Case Management"
kind = "PARTNER"
purposes = ["CHILD_WELFARE"]

[[partner]]
organisation = "partner-1"
categories = ["IDENTITY", "SCHOOL"]

[[client]]
issuer = "https://issuer.example.org"
id = "partner-1"
name = "Case Management"
roles = ["PARTNER"]
doors = ["DOCUMENTS"]
organisations = ["partner-1"]
"""


@pytest.fixture
def keeper(database: Database, data: Path) -> Mapping[str, str]:
    """The environment of whoever keeps the registry: the address of its role, and no other's."""
    data.mkdir()
    return {"CONTACTPOINT_REGISTRY_DSN": database.dsn(Role.REGISTRY), "CONTACTPOINT_DATA": str(data)}


@pytest.fixture
async def registered(keeper: Mapping[str, str], tmp_path: Path) -> Mapping[str, str]:
    """The same, with a partner registered."""
    (tmp_path / "registry.toml").write_text(REGISTRY)
    applied = await contactpoint("registry", "apply", tmp_path / "registry.toml", **keeper)
    assert (applied.code, applied.out) == (0, "registered 1 organisations, 1 partners, 1 clients\n"), applied.err
    return keeper


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
    table = await contactpoint("documents", "list", **registered)
    assert "ChildsSchool" in table.out
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
        (["registry", "deny", "token-1", "--issuer", "https://issuer.example.org", "--until", "soon"], "--until"),
        (["statistics", "build", "--month", "November"], "--month"),
        (["statistics", "build", "--month", "2999-01"], "has not come yet"),
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


async def test_a_token_is_called_back_by_command(keeper: Mapping[str, str], database: Database) -> None:
    """By issuer and `jti`, until its own end."""
    words = ["token-1", "--issuer", "https://issuer.example.org", "--until", "2999-01-01T00:00:00Z"]
    ended = await contactpoint("registry", "deny", *words, **keeper)
    assert (ended.code, ended.out) == (0, "denied until 2999-01-01T00:00:00+00:00\n")
    assert await _count(database, "denied_tokens") == 1


async def test_who_a_member_of_staff_is_is_typed_in(registered: Mapping[str, str], database: Database) -> None:
    """Never on the command line, which others can read; a keyed fingerprint is kept, and forgotten again."""
    words = ["registry", "staff", "partner-1", "nurse-1"]
    named = await contactpoint(*words, typed="999 000 0018\n", **registered)
    assert (named.code, named.out) == (0, "named\n"), named.err
    assert await _count(database, "staff_prints") == 1
    mistyped = await contactpoint(*words, typed="9990000019\n", **registered)
    assert (mistyped.code, "9990000019" in mistyped.err, "standard input" in mistyped.err) == (1, False, True)
    forgotten = await contactpoint(*words, "--forget", **registered)
    assert (forgotten.code, await _count(database, "staff_prints")) == (0, 0)


async def _count(database: Database, table: str) -> int:
    connection = await database.connect()
    try:
        return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))  # noqa: S608 - a name of our own
    finally:
        await connection.close()
