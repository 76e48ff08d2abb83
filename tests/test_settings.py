"""The settings: documented without exception, read strictly, and never printing a secret."""

from dataclasses import fields
from pathlib import Path

import pytest

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


def test_secrets_are_not_printed() -> None:
    """A settings value in a log or a traceback tells no password and no key."""
    secrets = {
        "dsn": "postgresql://owner:hidden-1@h/d",
        "gateway_dsn": "postgresql://gateway:hidden-2@h/d",
        "shield_dsn": "postgresql://shield:hidden-8@h/d",
        "feed_dsn": "postgresql://feed:hidden-9@h/d",
        "oneroster_client_secret": "hidden-3",
        "register_key": "hidden-4",
        "ods_key": "hidden-5",
        "lev_client_secret": "hidden-6",
        "services_client_secret": "hidden-7",
    }
    assert "hidden" not in repr(Settings(**secrets))
