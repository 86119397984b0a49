"""The program to which the commands are added, and the options that `main` handles for all of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
import typer
from mirrorneuron.pdk_sky130.errors import FileError
from typer.core import TyperCommand

__all__ = ["CheckingCommand", "Command", "app"]


class Command(TyperCommand):
    """A command that also takes ``--json``, which `main` reads."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """A command of typer's, and the option."""
        super().__init__(*arguments, **options)
        text = "Print the result as JSON on stdout, and nothing else there."
        self.params.append(click.Option(["--json"], is_flag=True, expose_value=False, help=text))


class CheckingCommand(Command):
    """A command whose checks a CI system can read: ``--junit`` and ``--summary``, whose files `main` writes."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """A command of typer's, and the options."""
        super().__init__(*arguments, **options)
        for name, text in (
            ("--junit", "Write the checks as JUnit XML."),
            ("--summary", "Append the checks as Markdown to a file."),
        ):
            option = click.Option([name], metavar="FILE", help=text, expose_value=False, callback=_report_path)
            self.params.append(option)


def _report_path(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    """Enter where a report goes, and refuse a path that cannot be written before anything else is done."""
    if not value:
        return
    path = Path(value)
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise FileError(f"{parameter.opts[0]} {path}: cannot be written. Name a file in a writable folder.")
    context.obj[parameter.name] = path


app = typer.Typer(
    name="mirrorneuron",
    help="Weights into silicon: matched current-mirror neurons on SKY130, drawn, verified and simulated.",
    epilog="Exit status: 0 passed, 1 a check failed, 2 bad input, 3 a tool is missing or broke.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _program() -> None:
    """Make the app a group of commands, also while it has few."""
