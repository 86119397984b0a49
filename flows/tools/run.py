"""The one way to run a program: argument list, timeout, log file, version; no shell strings."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mirrorneuron.pdk_sky130.errors import MissingToolError, ToolFailedError, ToolTimeoutError

__all__ = ["TOOLS", "Completed", "Tool", "find", "run", "stop_all", "version"]

# Programs that run now, by process group, and whether `stop_all` was called.
_running: set[int] = set()
_stopped = threading.Event()


@dataclass(frozen=True)
class Tool:
    """A program that the flow calls.

    The environment variable ``variable`` comes first, then the first program on PATH that has one of ``names``;
    ``package`` is Debian's. ``tried`` are the versions with which the whole flow has been run.
    """

    names: tuple[str, ...]
    package: str
    variable: str
    version_arguments: tuple[str, ...]
    version_pattern: str
    tried: tuple[str, ...]


TOOLS: dict[str, Tool] = {
    "klayout": Tool(("klayout",), "klayout", "MIRRORNEURON_KLAYOUT", ("-v",), r"KLayout\s+(\S+)", ("0.28.5",)),
    "magic": Tool(
        ("magic",), "magic", "MIRRORNEURON_MAGIC", ("--version",), r"(\d+\.\d+\.\d+)", ("8.3.105", "8.3.677")
    ),
    "netgen": Tool(
        ("netgen-lvs", "netgen"),
        "netgen-lvs",
        "MIRRORNEURON_NETGEN",
        ("-batch", "quit"),
        r"Netgen\s+(\d+\.\d+\.\d+)",
        ("1.5.133", "1.5.323"),
    ),
    "ngspice": Tool(("ngspice",), "ngspice", "MIRRORNEURON_NGSPICE", ("--version",), r"ngspice-(\S+)", ("39", "46")),
}


@dataclass(frozen=True)
class Completed:
    """A program that has ended: its command line, exit status, output (stdout and stderr apart) and duration [s]."""

    command: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    seconds: float


def find(tool: str) -> Path:
    """Path of a program of `TOOLS`.

    Raises
    ------
    MissingToolError
        It is not on PATH, or its variable names no executable.
    """
    entry = TOOLS[tool]
    wanted = os.environ.get(entry.variable)
    if wanted:
        given = shutil.which(wanted)
        candidates = [Path(given)] if given else []
    else:
        candidates = list(_on_path(entry.names))
    # `netgen` is also a mesh generator: beside another candidate, a program under a second name must prove itself.
    for path in candidates[:-1]:
        if path.name == entry.names[0] or _is_it(path, tool):
            return path
    if candidates:
        return candidates[-1]
    where = f"{entry.variable}={wanted} cannot be run" if wanted else f"no {' or '.join(entry.names)} on PATH"
    raise MissingToolError(
        f"{tool} is missing ({where}). Install it: apt-get install {entry.package} (or: make setup), "
        f"or set {entry.variable} to its path."
    )


def _on_path(names: Sequence[str]) -> Iterator[Path]:
    """The programs of these names, in the order of PATH."""
    for folder in os.get_exec_path():
        for name in names:
            path = shutil.which(name, path=folder or os.curdir)
            if path:
                yield Path(path)


def _is_it(path: Path, tool: str) -> bool:
    try:
        _version_of(path, tool)
    except ToolFailedError:
        return False
    return True


@cache
def _version_of(path: Path, tool: str) -> str:
    entry = TOOLS[tool]
    try:
        done = subprocess.run(
            [str(path), *entry.version_arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=20,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolFailedError(f"{path} does not print its version: {error}") from error
    match = re.search(entry.version_pattern, done.stdout + done.stderr)
    if match is None:
        raise ToolFailedError(f"{path} {' '.join(entry.version_arguments)} printed no version of {tool}")
    return match.group(1)


def version(tool: str) -> str:
    """Version that an installed program prints.

    Raises
    ------
    MissingToolError
        It is not installed.
    ToolFailedError
        It is installed but does not print its version.
    """
    return _version_of(find(tool), tool)


def run(
    tool: str,
    arguments: Sequence[str | Path],
    *,
    cwd: Path,
    log: Path,
    timeout_s: float,
    env: Mapping[str, str] | None = None,
    ok_codes: Sequence[int] | None = (0,),
) -> Completed:
    """Run a program of `TOOLS` in `cwd` and keep its output in `log` (stdout) and `log` + ``.err`` (stderr).

    Its standard input is empty, so that a program that reads does not wait forever.

    Parameters
    ----------
    env
        Variables added to the present environment.
    ok_codes
        Exit statuses that are no failure; None accepts all but a signal.

    Raises
    ------
    MissingToolError, ToolFailedError, ToolTimeoutError
        The message names the log.
    """
    command = (str(find(tool)), *map(str, arguments))
    if _stopped.is_set():
        raise ToolFailedError(f"{tool} was not started: interrupted")
    started = time.monotonic()
    process = _start(tool, command, cwd, env or {})
    stdout, stderr, in_time = _output(process, timeout_s)
    _keep(log, stdout, stderr)
    if not in_time:
        raise ToolTimeoutError(
            f"{tool} did not finish within {timeout_s:g} s and was stopped; its output so far: {log}"
        )
    completed = Completed(command, process.returncode, stdout, stderr, time.monotonic() - started)
    _check_exit(tool, completed, log, ok_codes)
    return completed


def _start(tool: str, command: Sequence[str], cwd: Path, env: Mapping[str, str]) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise ToolFailedError(f"{tool} cannot be started ({command[0]}): {error.strerror}") from error


def _output(process: subprocess.Popen[str], timeout_s: float) -> tuple[str, str, bool]:
    """What a program prints until it ends, and whether it ended in time; afterwards it runs no more."""
    _running.add(process.pid)
    try:
        return *process.communicate(timeout=timeout_s), True
    except subprocess.TimeoutExpired:
        # The tools start children (Tcl wrappers, threads); the whole group must go or the pipe stays open.
        os.killpg(process.pid, signal.SIGKILL)
        return *process.communicate(), False
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    finally:
        _running.discard(process.pid)


def _check_exit(tool: str, completed: Completed, log: Path, ok_codes: Sequence[int] | None) -> None:
    """Raise ToolFailedError after a signal, or an exit status that is none of `ok_codes`."""
    status = completed.returncode
    if status < 0:
        name = signal.Signals(-status).name
        raise ToolFailedError(f"{tool} was ended by {name}; its output: {log}, {log}.err")
    if ok_codes is not None and status not in ok_codes:
        output = (completed.stderr or completed.stdout).splitlines()
        last = next((line for line in reversed(output) if line.strip()), "no message")
        raise ToolFailedError(f"{tool} ended with status {status}: {last.strip()} (log: {log}, {log}.err)")


def stop_all() -> None:
    """End the programs that run now, and start no others: for a process that gets a signal to end.

    The programs run in sessions of their own, which Ctrl-C does not reach, and on threads, which get no exception.
    """
    _stopped.set()
    for group in tuple(_running):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


def _keep(log: Path, stdout: str, stderr: str) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(stdout, encoding="utf-8")
    Path(f"{log}.err").write_text(stderr, encoding="utf-8")
