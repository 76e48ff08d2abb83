"""Writes `docs/settings.md` from the settings themselves, so that the page cannot lag behind them."""

from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from gateway.settings import Settings, variable

HEAD = """\
# Settings

Every setting is an environment variable. A variable that begins with `CONTACTPOINT_` and is not listed here is refused
at start, so that a misspelt one cannot leave a default in force unseen. Times are seconds, sizes bytes. Secrets are
never printed. This page is written by `make docs` from `gateway/settings.py`.

| variable | default | what it is |
| --- | --- | --- |
"""


def settings_page() -> str:
    """The whole page."""
    return HEAD + "".join(
        f"| `{variable(f.name)}` | {_default(f)} | {f.metadata['about']} |\n" for f in fields(Settings)
    )


def _default(known: Any) -> str:
    value = known.default
    if value is MISSING or value in ("", Path()):
        return "(none)"
    return f"`{value}`"


if __name__ == "__main__":
    (Path(__file__).parents[1] / "docs" / "settings.md").write_text(settings_page(), encoding="utf-8")
