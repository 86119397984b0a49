"""Folders and files that a command leaves: bad ones are refused early, two runs never share one, no file is half there.

A run holds ``.lock`` in its folder. The operating system frees the lock when its process ends, however that ends, so
that a crash leaves no stale lock; the file itself is removed at the end of a run.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout
from mirrorneuron.pdk_sky130.errors import FileError

__all__ = ["alone", "check_writable", "made", "store", "workspace", "writable"]

_LOCK: Final = ".lock"
_held: ContextVar[frozenset[Path]] = ContextVar("held", default=frozenset())
"""The workspaces of the run under way."""


@contextlib.contextmanager
def workspace(name: str, out: Path) -> Iterator[Path]:
    """Hold ``out/<name>``, where everything of a cell lies, for as long as a command writes there.

    The folder is made if it is absent, and removed again if the command fails and left nothing in it. Within one run
    the workspace may be entered again, also from the threads of `mirrorneuron.flows.steps`: one verb calls another.

    Raises
    ------
    FileError
        Another run is at work in it, or it cannot be made or written.
    """
    folder = out / name
    place = folder.resolve()
    if place in _held.get():
        yield folder
        return
    check_writable(out)
    with made(folder, out), alone(folder):
        before = _held.set(_held.get() | {place})
        try:
            yield folder
        finally:
            _held.reset(before)


@contextlib.contextmanager
def made(folder: Path, out: Path) -> Iterator[Path]:
    """Make a folder within `out` for a run; if the run fails, folders that it made and left empty are removed.

    Raises
    ------
    FileError
        It cannot be made or written.
    """
    absent = [path for path in (folder, *folder.parents) if not path.exists()]
    writable(folder, out)
    try:
        yield folder
    except BaseException:
        for path in absent:
            with contextlib.suppress(OSError):  # it holds something of use
                path.rmdir()
        raise


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder: two that share it would read each other's reports.

    Raises
    ------
    FileError
        Another run is at work in it.
    """
    lock = FileLock(folder / _LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise FileError(f"{folder} is in use by another run. Wait for it, or choose another --out.") from None
    try:
        yield
    finally:
        # Removed while it is held. A run that has opened it meanwhile finds that it has lost its name, and makes
        # another; were it removed after the release, it might be the lock of that run by then.
        with contextlib.suppress(OSError):
            (folder / _LOCK).unlink()
        lock.release()


def writable(folder: Path, out: Path) -> Path:
    """Make a folder within `out`, the user's ``--out``, and return it.

    Raises
    ------
    FileError
        It cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"--out {out}: cannot write there ({error.strerror}). Choose another folder.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise FileError(f"--out {out}: {folder} is not writable. Choose another folder.")
    return folder


def check_writable(out: Path) -> None:
    """Check that a folder can be made in `out`, without making it.

    Raises
    ------
    FileError
        `out`, or the nearest folder above it that exists, is not a folder or not writable.
    """
    nearest = next(path for path in (out.absolute(), *out.absolute().parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise FileError(f"--out {out}: cannot write there ({nearest} is no writable folder). Choose another folder.")


def store(path: Path, content: str | bytes | Callable[[Path], None]) -> None:
    """Write a file under a temporary name beside it, then rename it.

    Parameters
    ----------
    content
        Text (UTF-8), bytes, or a function that writes the file at the path that it is called with.

    Raises
    ------
    FileError
        It cannot be written; nothing is left, and a file that was there before stays as it was.
    """
    # A terminal, a pipe or a device is written to: a file in its place would be of no use to anybody.
    direct = path.exists() and not path.is_file()
    partial = path if direct else path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        if callable(content):
            content(partial)
        else:
            partial.write_bytes(content.encode() if isinstance(content, str) else content)
        if not direct:
            partial.replace(path)
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror or error}. Choose another folder.") from error
    finally:
        if not direct:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
