"""Folders for what a command leaves: that they can be written is seen before anything else is done."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from mirrorneuron.pdk_sky130.errors import FileError

__all__ = ["alone", "check_writable", "writable"]


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
