"""Folders and files that a command leaves: what cannot be written is seen early, and no file is ever half there."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from mirrorneuron.pdk_sky130.errors import FileError

__all__ = ["alone", "check_writable", "store", "writable"]


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder: two that share it would read each other's reports.

    Raises
    ------
    FileError
        Another run is at work in it.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FileError(f"{folder} is in use by another run. Wait for it, or choose another --out.") from None
        yield
    finally:
        os.close(handle)


def writable(folder: Path, out: Path) -> Path:
    """Make a folder within `out`, which is what the user gave, and return it.

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
    """See that a folder can be made in `out`, without making it.

    Raises
    ------
    FileError
        It, or the nearest folder above it that is there, is not a folder or not writable.
    """
    there = next(path for path in (out.absolute(), *out.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise FileError(
            f"--out {out}: cannot write there ({there} is no folder that can be written). Choose another folder."
        )


def store(path: Path, content: str | bytes | Callable[[Path], None]) -> None:
    """Write a file under a temporary name beside it, then give it its own.

    Parameters
    ----------
    content
        Text (UTF-8), bytes, or what writes the file at the path that it is called with.

    Raises
    ------
    FileError
        It cannot be written; nothing is left, and a file that was there before stays as it was.
    """
    # A terminal, a pipe or a device is written to; in its place a file would be of no use to anybody.
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
