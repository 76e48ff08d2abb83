"""`contactpoint registry` and `contactpoint statistics`: who may come, and a month's counts."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway.feeds.fingerprint_key import fingerprint_key
from tests.command.running import contactpoint
from tests.databases import Database


async def test_a_token_is_called_back_by_command(registered: Mapping[str, str], database: Database) -> None:
    """By issuer and `jti`, until its own end."""
    words = ["token-1", "--issuer", "https://issuer.example.org", "--until", "2999-01-01T00:00:00Z"]
    ended = await contactpoint("registry", "deny", *words, **registered)
    assert (ended.code, ended.out) == (0, "denied until 2999-01-01T00:00:00+00:00\n")
    assert await _count(database, "denied_tokens") == 1


@pytest.mark.parametrize(
    ("token", "issuer", "until", "said"),
    [
        ("token-1", "https://issuer.example.org/", "2999-01-01T00:00:00Z", "as its tokens' `iss` has it"),
        ("token-1", "https://issuer.example.org", "2020-01-01T00:00:00Z", "is over"),
        ("", "https://issuer.example.org", "2999-01-01T00:00:00Z", "`jti`"),
        ("token-1 ", "https://issuer.example.org", "2999-01-01T00:00:00Z", "`jti`"),
    ],
)
async def test_what_would_call_no_token_back_is_refused(
    registered: Mapping[str, str], database: Database, token: str, issuer: str, until: str, said: str
) -> None:
    """Whoever calls a token back believes what they are told: a slip is never a success."""
    ended = await contactpoint("registry", "deny", token, "--issuer", issuer, "--until", until, **registered)
    assert (ended.code, said in ended.err) == (1, True), ended.err
    assert await _count(database, "denied_tokens") == 0


async def test_who_a_member_of_staff_is_is_typed_in(
    registered: Mapping[str, str], database: Database, data: Path
) -> None:
    """Never on the command line, which others can read; a keyed fingerprint is kept, and forgotten again."""
    words = ["registry", "staff", "partner-1", "nurse-1"]
    keyless = await contactpoint(*words, typed="999 000 0018\n", **registered)
    assert (keyless.code, "copy it from where feeds are loaded" in keyless.err) == (1, True)
    fingerprint_key(data / "fingerprint-key")
    named = await contactpoint(*words, typed="999 000 0018\n", **registered)
    assert (named.code, named.out) == (0, "named\n"), named.err
    assert await _count(database, "staff_prints") == 1
    mistyped = await contactpoint(*words, typed="9990000019\n", **registered)
    assert (mistyped.code, "9990000019" in mistyped.err, "standard input" in mistyped.err) == (1, False, True)
    forgotten = await contactpoint(*words, "--forget", **registered)
    assert (forgotten.code, await _count(database, "staff_prints")) == (0, 0)


async def test_a_month_is_built_once(keeper: Mapping[str, str]) -> None:
    """By the registry's role; a second time nothing is done, and that is no failure."""
    words = ["statistics", "build", "--month", "2026-10"]
    built = await contactpoint(*words, **keeper)
    assert (built.code, built.out.startswith("built 2026-10: ")) == (0, True), built.err
    again = await contactpoint(*words, **keeper)
    assert (again.code, again.out) == (0, "2026-10 is built already\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["registry", "deny", "token-1", "--issuer", "https://issuer.example.org", "--until", "soon"], "--until"),
        (["registry", "apply", "nothing.toml"], "cannot read"),
        (["statistics", "build", "--month", "November"], "--month"),
        (["statistics", "build", "--month", "2999-01"], "`2999-01` has not come yet"),
        (["documents", "list", "--partner", "partner-9"], "there is no partner `partner-9`"),
    ],
)
async def test_a_mistake_is_one_line_that_names_the_fix(keeper: Mapping[str, str], words: list[str], said: str) -> None:
    """And exit code 1."""
    ended = await contactpoint(*words, **keeper)
    assert ended.code == 1
    [line] = ended.err.strip().splitlines()
    assert said in line


async def _count(database: Database, table: str) -> int:
    connection = await database.connect()
    try:
        return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))  # noqa: S608 - a name of our own
    finally:
        await connection.close()
