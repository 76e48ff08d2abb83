"""What the tests of several commands need: an environment in which the command finds a test's store and agencies."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import pytest

from adapters.store.roles import Role
from gateway.demo import pretended
from gateway.settings import Settings, variable
from tests.command.running import contactpoint
from tests.databases import Database
from tests.partners.texts import REGISTRATION
from tests.running import RunningGateway

NEVER_SET = {"data", "dsn", "gateway_dsn"}


@pytest.fixture
def surroundings(gateway: RunningGateway, data: Path) -> Mapping[str, str]:
    """The environment of a gateway that finds the test's store, issuer and agencies."""
    data.mkdir()
    settings = pretended(Settings(data=data), gateway.sandbox, gateway.issuer)
    told = {
        variable(known.name): str(getattr(settings, known.name))
        for known in fields(Settings)
        if known.name not in NEVER_SET and getattr(settings, known.name) != known.default
    }
    return told | {
        "CONTACTPOINT_GATEWAY_DSN": gateway.database.dsn(Role.GATEWAY),
        "CONTACTPOINT_DATA": str(data),
        "CONTACTPOINT_FINGERPRINT_KEY_FILE": str(gateway.gateway.settings.data / "fingerprint-key"),
    }


@pytest.fixture
def keeper(database: Database, data: Path) -> Mapping[str, str]:
    """The environment of whoever keeps the registry: the address of its role, and no other's."""
    data.mkdir()
    return {"CONTACTPOINT_REGISTRY_DSN": database.dsn(Role.REGISTRY), "CONTACTPOINT_DATA": str(data)}


@pytest.fixture
async def registered(keeper: Mapping[str, str], tmp_path: Path) -> Mapping[str, str]:
    """The same, with a partner registered."""
    (tmp_path / "registry.toml").write_text(REGISTRATION)
    applied = await contactpoint("registry", "apply", tmp_path / "registry.toml", **keeper)
    assert (applied.code, applied.out) == (0, "registered 1 organisations, 1 partners, 1 clients\n"), applied.err
    return keeper
