"""Commands with the options that `main` handles: ``--json``, and reports for a CI system."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
from mirrorneuron.pdk_sky130.errors import FileError
from typer.core import TyperCommand

__all__ = ["CheckingCommand", "Command"]


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
