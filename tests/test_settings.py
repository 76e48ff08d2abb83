"""The settings: documented without exception, read strictly, and never printing a secret."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from gateway.operations.limits import Limits
from gateway.settings import SettingError, Settings, read_settings, variable
from gateway.settings_page import settings_page

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"


def test_every_setting_is_documented_as_it_is() -> None:
    """The page is made from the settings: `make docs` writes it anew."""
    assert PAGE.read_text() == settings_page()
    for known in fields(Settings):
        assert f"`{variable(known.name)}`" in PAGE.read_text()


def test_a_setting_is_read_from_its_variable() -> None:
    """Text, number and path alike; what the command line gives wins."""
    settings = read_settings(
        {"CONTACTPOINT_DEADLINE": "2.5", "CONTACTPOINT_STORE_CONNECTIONS": "3", "CONTACTPOINT_DATA": "/tmp/a"},  # noqa: S108
        data=Path("b"),
    )
    assert (settings.deadline, settings.store_connections, settings.data) == (2.5, 3, Path("b"))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("CONTACTPOINT_DEADLINE", "soon", "must be a number"),
        ("CONTACTPOINT_STORE_CONNECTIONS", "2.5", "must be a whole number"),
        ("CONTACTPOINT_DEADLINE", "0", "more than zero"),
        ("CONTACTPOINT_DEADLINE", "nan", "more than zero"),
        ("CONTACTPOINT_DEADLIN", "5", "is no setting"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused_by_name(name: str, text: str, message: str) -> None:
    """A misspelt name most of all: it would leave a default in force unseen."""
    with pytest.raises(SettingError, match=f"`{name}` .*{message}"):
        read_settings({name: text})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"strong_roles": "STEWARD ADMIN"}, "STRONG_ROLES` must hold roles: `ADMIN` is none"),
        ({"reasons_required": "AUDITOR"}, "REASONS_REQUIRED` must hold .*: `` is none"),
        ({"reasons_required": "AUDITOR/READING"}, "REASONS_REQUIRED` must hold .*: `READING` is none"),
        ({"reasons_required": "*/AUDIT"}, r"REASONS_REQUIRED` must hold .*: `\*` is none"),
        ({"trusted_proxies": "10.0.0.1/8"}, "TRUSTED_PROXIES` must hold .*: `10.0.0.1/8` is none"),
        ({"trusted_proxies": "10.0.0.0/8"}, "TRUSTED_PROXIES` means nothing alone: .*_CLIENT_CERTIFICATE_HEADER`"),
        ({"client_certificate_header": "Client-Cert"}, "CLIENT_CERTIFICATE_HEADER` means .*_TRUSTED_PROXIES`"),
        ({"tls_client_ca_file": Path("ca.pem")}, "TLS_CLIENT_CA_FILE` means nothing alone: .*_TLS_CERTIFICATE_FILE`"),
        ({"tls_key_file": Path("key.pem")}, "TLS_KEY_FILE` means nothing alone: .*_TLS_CERTIFICATE_FILE`"),
        ({"tls_certificate_file": Path("a.pem")}, "TLS_CERTIFICATE_FILE` means nothing alone: .*_TLS_KEY_FILE`"),
    ],
)
def test_settings_that_say_nothing_together_are_refused(given: dict[str, Any], message: str) -> None:
    """A header believed from nobody, a role that there is not: whoever wrote it means something else."""
    with pytest.raises(SettingError, match=message):
        Settings(**given)


def test_limits_are_what_the_settings_say() -> None:
    """Every limit has its setting, the settings' defaults are the limits' own, and one that is set is in force."""
    assert Limits.of(Settings()) == Limits()
    assert Limits.of(Settings(limit_depth=3)) == Limits(depth=3)
    named = {known.name for known in fields(Settings) if known.name.startswith("limit_")}
    assert named == {f"limit_{known.name}" for known in fields(Limits)}


def test_secrets_are_not_printed() -> None:
    """A settings value in a log or a traceback tells no password and no key."""
    secrets: dict[str, Any] = {
        "dsn": "postgresql://owner:hidden-1@h/d",
        "gateway_dsn": "postgresql://gateway:hidden-2@h/d",
        "shield_dsn": "postgresql://shield:hidden-8@h/d",
        "feed_dsn": "postgresql://feed:hidden-9@h/d",
        "registry_dsn": "postgresql://registry:hidden-10@h/d",
        "oneroster_client_secret": "hidden-3",
        "register_key": "hidden-4",
        "ods_key": "hidden-5",
        "lev_client_secret": "hidden-6",
        "services_client_secret": "hidden-7",
    }
    assert "hidden" not in repr(Settings(**secrets))
