"""What the tests of several commands need: an environment in which the command finds a test's store and agencies."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import pytest

from adapters.store.roles import Role
from gateway.demo import pretended
from gateway.settings import Settings, variable
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
    return told | {"CONTACTPOINT_GATEWAY_DSN": gateway.database.dsn(Role.GATEWAY), "CONTACTPOINT_DATA": str(data)}
