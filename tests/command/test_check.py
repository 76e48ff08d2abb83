"""`contactpoint check`, and the commands that do not start while a law is broken."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.store.roles import Role
from gateway.checking import LawBroken, check, demand_lawful
from gateway.settings import Settings
from tests.command.running import contactpoint, free_ports
from tests.databases import Database
from tests.running import RunningGateway

ADVICE = {"one-database", "statistics-current"}
WITH_ITS_GUARD_OFF = (
    "ALTER TABLE shields DISABLE TRIGGER kept_delete; {}; ALTER TABLE shields ENABLE ALWAYS TRIGGER kept_delete"
)


def of(laws: str) -> dict[str, tuple[int, str]]:
    """The laws of `check --json`: how often each is broken, and what mends it."""
    return {law["name"]: (law["breaches"], law["mend"]) for law in json.loads(laws)["laws"]}


async def test_a_lawful_store_passes(gateway: RunningGateway, surroundings: Mapping[str, str]) -> None:
    """One line for each law, all of them `ok`, and exit code 0."""
    ended = await contactpoint("check", **surroundings)
    assert ended.code == 0, ended.out
    told = {line.split()[1]: line.split()[0] for line in ended.out.splitlines()}
    assert {"no-shield-lost", "grants", "categories", "rates"} <= told.keys()
    assert "BROKEN" not in told.values()


async def test_a_broken_law_is_named_with_its_count_and_its_mend(
    gateway: RunningGateway,
    surroundings: Mapping[str, str],
) -> None:
    """To a person in a line of its own, to a program in JSON; the exit code says so too."""
    await gateway.execute("GRANT DELETE ON shields, circles TO contactpoint_feed")
    ended = await contactpoint("check", **surroundings)
    assert ended.code == 1
    [line] = [line for line in ended.out.splitlines() if line.startswith("BROKEN")]
    assert line.split()[1:3] == ["grants", "2"]
    assert "0013_grants.sql" in line
    ended = await contactpoint("check", "--json", **surroundings)
    assert ended.code == 1
    assert {name for name, (breaches, _) in of(ended.out).items() if breaches} - ADVICE == {"grants"}


@pytest.mark.parametrize(
    ("command", "broken", "law"),
    [
        ("serve", WITH_ITS_GUARD_OFF.format("DELETE FROM shields WHERE tier = 'SEALED'"), "no-shield-lost"),
        ("serve", "UPDATE shields SET tier = 'SHIELDED' WHERE tier = 'SEALED'", "weakened-by-two"),
        ("feed load", "UPDATE shields SET authority = 'E06000001'", "weakened-by-two"),
    ],
)
async def test_nothing_starts_while_a_law_is_broken(
    gateway: RunningGateway,
    surroundings: Mapping[str, str],
    tmp_path: Path,
    command: str,
    broken: str,
    law: str,
) -> None:
    """One line that names the law, how often it is broken and what mends it; nothing is served and nothing loaded."""
    await gateway.execute(broken)
    words: list[str | Path] = [*command.split()]
    if command == "serve":
        port, admin_port = free_ports(2)
        words += ["--port", str(port), "--admin-port", str(admin_port)]
    else:
        file = tmp_path / "class.csv"
        file.write_text(
            "CHILD_FIRST_NAME,CHILD_LAST_NAME,CHILD_DATE_OF_BIRTH,CHILD_POSTCODE\nAda,Newcomer,2015-06-01,LS1 1AA\n"
        )
        words += [file, "--source", "mavis-class"]
    [before] = await gateway.rows("SELECT count(*) FROM children")
    ended = await contactpoint(*words, **surroundings, CONTACTPOINT_FEED_DSN=gateway.database.dsn(Role.FEED))
    assert ended.code == 1
    [line] = ended.err.strip().splitlines()
    assert f"law `{law}` is broken" in line
    assert "contactpoint check" in line
    assert await gateway.rows("SELECT count(*) FROM children") == [before]


async def test_a_store_of_an_older_version_is_told(gateway: RunningGateway, surroundings: Mapping[str, str]) -> None:
    """With the command that mends it, rather than a law."""
    await gateway.execute("DROP FUNCTION law_breaches")
    ended = await contactpoint("check", **surroundings)
    assert ended.code == 1
    assert "contactpoint migrate" in ended.err


async def test_a_rate_below_the_declared_peak_is_a_breach(database: Database) -> None:
    """PDS would turn calls away, and children would go without a practice just when most are asked for."""
    dsn = database.dsn(Role.GATEWAY)
    await demand_lawful(dsn, Settings(pds_rate=5, peak_children_per_second=5))
    with pytest.raises(LawBroken, match=r"law `rates` is broken once: .*CONTACTPOINT_PDS_RATE"):
        await demand_lawful(dsn, Settings(pds_rate=5, peak_children_per_second=6))


async def test_another_fingerprint_key_is_a_breach(gateway: RunningGateway, tmp_path: Path) -> None:
    """Under it nobody would be anybody's parent; nor is a store served without the key that it has."""
    settings, dsn = gateway.gateway.settings, gateway.database.dsn(Role.GATEWAY)
    await demand_lawful(dsn, settings)
    other = tmp_path / "other"
    for named in (other, other):
        with pytest.raises(LawBroken, match="law `one-kin-key` is broken once: copy the file"):
            await demand_lawful(dsn, replace(settings, fingerprint_key_file=named))
        named.write_text("ab" * 32)


async def test_every_law_says_what_mends_it(database: Database) -> None:
    """In words that follow the law's name, on one line; and no law is counted twice."""
    laws = await check(database.dsn(Role.GATEWAY), Settings())
    assert len({law.name for law in laws}) == len(laws) >= 20
    for law in laws:
        assert law.mend
        assert law.mend.splitlines() == [law.mend.rstrip(".")]
