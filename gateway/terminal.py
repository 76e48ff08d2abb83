"""What the commands share: their common options, the settings they read, progress bars and tables."""

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from gateway.masking import mask_output
from gateway.settings import SettingError, Settings, read_settings

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Data folder (CONTACTPOINT_DATA, default .contactpoint)."),
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]

out = Console()


def settings_for(data: Path | None) -> Settings:
    """The settings, with the data folder of the command line, and logging as they want it. Raises SettingError."""
    settings = read_settings(os.environ, data=data)
    if settings.log_level.upper() not in logging.getLevelNamesMapping():
        raise SettingError("`CONTACTPOINT_LOG_LEVEL` must be `DEBUG`, `INFO`, `WARNING` or `ERROR`")
    mask_output(settings.log_level)
    return settings


def progress_bar() -> Progress:
    """A bar on the error output, which leaves nothing behind; none where nobody watches."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def show(values: Mapping[str, Any], key: str, value: str, *, as_json: bool) -> None:
    """A mapping as a table of two columns, or as JSON."""
    if as_json:
        typer.echo(json.dumps(values))
        return
    table = Table(key, value)
    for name, shown in values.items():
        table.add_row(name, str(shown))
    out.print(table)
