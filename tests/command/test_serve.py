"""`contactpoint serve`: the store, issuer and agencies that the settings name, in one process or several."""

import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

from adapters.sandbox.tokens import SANDBOX_REPORT_KEY_ID
from tests.command.running import contactpoint, free_ports, started
from tests.running import RunningGateway


@pytest.mark.parametrize("workers", [1, 2])
async def test_it_answers_from_what_the_settings_name(
    gateway: RunningGateway, surroundings: Mapping[str, str], workers: int
) -> None:
    """The same record as any other gateway on that store; metrics on a port of their own; an orderly end."""
    port, admin_port, *_ = free_ports(1 + workers)
    words = ["--port", str(port), "--admin-port", str(admin_port), "--workers", str(workers)]
    async with started("serve", *words, **surroundings) as (process, url):
        query = "query($n: ID!) { child(number: $n) { enrolments { school { urn } } } }"
        headers = {"Authorization": f"Bearer {gateway.token('teacher')}", "Contactpoint-Purpose": "SAFEGUARDING"}
        body = {"query": query, "variables": {"n": gateway.child("open").number}}
        async with gateway.session.post(f"{url}/graphql", json=body, headers=headers) as answer:
            answered = await answer.json()
        assert answered["data"]["child"]["enrolments"][0]["school"]["urn"] == gateway.child("open").school_urn
        async with gateway.session.get(f"http://127.0.0.1:{admin_port}/metrics") as metrics:
            shown = await metrics.text()
            assert "contactpoint_events_total" in shown
            assert 'contactpoint_protection{kind="reports_waiting"}' in shown
        async with gateway.session.get(f"http://127.0.0.1:{admin_port}/.well-known/contactpoint-keys") as keys:
            [key] = (await keys.json())["keys"]
            assert (key["kid"], "d" in key) == (SANDBOX_REPORT_KEY_ID, False)
        async with gateway.session.get(f"{url}/explorer/config") as configuration:
            assert (await configuration.json())["demo"] is False
        async with gateway.session.post(f"{url}/explorer/token", json={"persona": "teacher"}) as door:
            assert door.status == 404
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


async def test_an_agency_that_does_not_answer_is_named(surroundings: Mapping[str, str]) -> None:
    """With the setting to correct, before anything is served."""
    port, admin_port, nobody = free_ports(3)
    words = ["--port", str(port), "--admin-port", str(admin_port)]
    wrong = {**surroundings, "CONTACTPOINT_LEV_URL": f"http://127.0.0.1:{nobody}"}
    ended = await contactpoint("serve", *words, **wrong)
    assert ended.code == 1
    assert len(ended.err.strip().splitlines()) == 1
    assert "CONTACTPOINT_LEV_URL" in ended.err
    assert str(nobody) in ended.err


async def test_an_issuer_that_does_not_answer_is_named(surroundings: Mapping[str, str]) -> None:
    """Without its keys nobody could be answered."""
    port, admin_port, nobody = free_ports(3)
    wrong = {**surroundings, "CONTACTPOINT_ISSUER": f"http://127.0.0.1:{nobody}"}
    ended = await contactpoint("serve", "--port", str(port), "--admin-port", str(admin_port), **wrong)
    assert ended.code == 1
    assert "CONTACTPOINT_ISSUER" in ended.err


async def test_with_nothing_set_all_that_is_missing_is_named(data: Path) -> None:
    """At once, rather than one at each try."""
    port, admin_port = free_ports(2)
    ended = await contactpoint("serve", "--port", str(port), "--admin-port", str(admin_port), "--data", data)
    assert ended.code == 1
    assert len(ended.err.strip().splitlines()) == 1
    for name in ("CONTACTPOINT_ISSUER", "CONTACTPOINT_ONEROSTER_URL", "CONTACTPOINT_SERVICES_URL"):
        assert name in ended.err


async def test_ports_that_would_meet_are_told_apart(surroundings: Mapping[str, str]) -> None:
    """Each worker has a port for metrics; none of them may be the one that answers."""
    [port] = free_ports(1)
    words = ["--port", str(port), "--admin-port", str(port - 1), "--workers", "3"]
    ended = await contactpoint("serve", *words, **surroundings)
    assert ended.code == 1
    assert "--admin-port" in ended.err


@pytest.mark.parametrize("missing", ["CONTACTPOINT_ISSUER", "CONTACTPOINT_PDS_URL", "CONTACTPOINT_PDS_KEY_FILE"])
async def test_a_missing_setting_is_named(surroundings: Mapping[str, str], missing: str) -> None:
    """One line, and nothing is served."""
    port, admin_port = free_ports(2)
    rest = {name: value for name, value in surroundings.items() if name != missing}
    ended = await contactpoint("serve", "--port", str(port), "--admin-port", str(admin_port), **rest)
    assert ended.code == 1
    assert len(ended.err.strip().splitlines()) == 1
    assert missing in ended.err


async def test_without_a_key_for_reports_it_says_who_is_not_told(surroundings: Mapping[str, str]) -> None:
    """A warning and no refusal: here it is another setting that keeps it from starting."""
    port, admin_port = free_ports(2)
    unset = {"CONTACTPOINT_REPORT_KEY_FILE", "CONTACTPOINT_PDS_KEY_FILE"}
    rest = {name: value for name, value in surroundings.items() if name not in unset}
    ended = await contactpoint("serve", "--port", str(port), "--admin-port", str(admin_port), **rest)
    warned, refused = ended.err.strip().splitlines()
    assert "CONTACTPOINT_REPORT_KEY_FILE" in warned
    assert "CONTACTPOINT_PDS_KEY_FILE" in refused


async def test_a_store_that_was_never_migrated_is_told(
    gateway: RunningGateway, surroundings: Mapping[str, str]
) -> None:
    """With the command that mends it."""
    await gateway.execute("DROP TABLE shield_epoch CASCADE")
    port, admin_port = free_ports(2)
    ended = await contactpoint("serve", "--port", str(port), "--admin-port", str(admin_port), **surroundings)
    assert ended.code == 1
    assert "contactpoint migrate" in ended.err


async def test_without_the_fingerprint_key_it_does_not_start(surroundings: Mapping[str, str]) -> None:
    """Under a key made anew nobody would be anybody's parent, and nobody would notice."""
    port, admin_port = free_ports(2)
    rest = {name: value for name, value in surroundings.items() if name != "CONTACTPOINT_FINGERPRINT_KEY_FILE"}
    ended = await contactpoint("serve", "--port", str(port), "--admin-port", str(admin_port), **rest)
    assert ended.code == 1
    assert "copy it from where feeds are loaded" in ended.err.strip().splitlines()[-1]
    assert not (Path(surroundings["CONTACTPOINT_DATA"]) / "fingerprint-key").exists()
