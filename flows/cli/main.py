"""The command ``mirrorneuron``.

A command imports what it needs when it runs, so that ``--help`` is quick, and returns an `Outcome`; `main` alone prints
it and turns it, or an exception, into the exit status: 0 passed, 1 a check failed, 2 bad input, 3 a tool is missing or
broke, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

import click
from mirrorneuron.flows import tools
from mirrorneuron.flows.cli.app import app
from mirrorneuron.flows.cli.outcome import Outcome
from mirrorneuron.flows.results.check import Check
from mirrorneuron.pdk_sky130.errors import FileError, MirrorneuronError, ToolError

__all__ = ["execute", "main"]

_INTERRUPTED: Final = 130  # what typer returns after Ctrl-C


@dataclass(frozen=True)
class _Ended:
    """A command that has ended: exit status, text for stdout, text for stderr, checks."""

    status: int
    text: str | None = None
    message: str | None = None
    checks: Sequence[Check] = ()


@contextlib.contextmanager
def _quiet_stdout(quiet: bool) -> Iterator[None]:
    """Under ``--json`` whatever a library prints goes to stderr."""
    if quiet:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    else:
        yield


def execute(arguments: Sequence[str], as_json: bool) -> tuple[int, str | None, str | None]:
    """Run a command and write its reports to a CI system: exit status, text for stdout, text for stderr."""
    reports: dict[str, Path] = {}
    ended = _run(list(arguments), as_json, reports)
    if not reports:
        return ended.status, ended.text, ended.message
    try:
        _report(" ".join(["mirrorneuron", *arguments]), ended, reports)
    except FileError as error:
        # Whoever reads the report would take the previous one for it.
        return max(ended.status, error.exit_status), ended.text, f"mirrorneuron: {error}"
    return ended.status, ended.text, ended.message


def _report(title: str, ended: _Ended, reports: dict[str, Path]) -> None:
    from mirrorneuron.flows.reports import ci
    from mirrorneuron.flows.tools.folders import store

    if "junit" in reports:
        store(reports["junit"], ci.junit(title, ended.checks, ended.status, ended.message))
    if "summary" in reports:
        _append(reports["summary"], ci.markdown(title, ended.checks, ended.status, ended.message))


def _append(path: Path, text: str) -> None:
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror}. Choose another file.") from error


def _run(arguments: list[str], as_json: bool, reports: dict[str, Path]) -> _Ended:
    """Run a command; its `reports`, by kind, are entered by its options."""
    try:
        with _quiet_stdout(as_json):
            result = app(arguments, prog_name="mirrorneuron", standalone_mode=False, obj=reports)
    except (MirrorneuronError, OSError, click.ClickException, click.Abort) as error:
        status, message = _failure(error)
    else:
        if isinstance(result, Outcome):
            text = json.dumps(result.data, indent=2) if as_json else result.text
            return _Ended(result.status, text, checks=result.checks)
        if result != _INTERRUPTED:  # --help
            return _Ended(0)
        status, message = _INTERRUPTED, "interrupted"
    failure = json.dumps({"passed": False, "error": message}, indent=2) if as_json else None
    return _Ended(status, failure, f"mirrorneuron: {message}")


def _failure(error: Exception) -> tuple[int, str]:
    """Exit status and message of what a command raised."""
    if isinstance(error, MirrorneuronError):
        return error.exit_status, str(error)
    if isinstance(error, OSError):
        # A full disk, a log that is a folder: then nothing is known of the design.
        return ToolError.exit_status, f"{error.filename or 'the file system'}: {error.strerror or error}"
    if isinstance(error, click.ClickException):
        context = error.ctx if isinstance(error, click.UsageError) else None
        hint = f" See: {context.command_path} --help" if context else ""
        return error.exit_code, error.format_message() + hint
    return _INTERRUPTED, "interrupted"  # click.Abort: Ctrl-C in older releases of typer


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    tools.stop_all()
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command with `arguments` (default: those of the process) and exit."""
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    logging.getLogger("mirrorneuron").setLevel(logging.INFO)
    status, text, message = execute(words, "--json" in words)
    try:
        if text is not None:
            print(text, flush=True)
    except OSError as error:
        # Nobody reads on, or there is no room: the interpreter must not try again when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            status, message = ToolError.exit_status, f"mirrorneuron: cannot write the result: {error.strerror}"
    if message is not None:
        print(message, file=sys.stderr)
    sys.exit(status)
