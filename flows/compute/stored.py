"""Results of tasks as files: pickles with their key and a checksum, so that damage and mistaken files are seen."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import dataclass
from typing import Any, Final

from mirrorneuron.flows.compute.contract import Failure
from mirrorneuron.pdk_sky130.errors import SpecError

__all__ = ["StoredResult", "from_bytes", "to_bytes"]

_MAGIC: Final = b"mirrorneuron result 1\n"


@dataclass(frozen=True)
class StoredResult:
    """The result of a task, its duration [s] and where it was computed; or the failure instead."""

    value: Any = None
    failure: Failure | None = None
    seconds: float = 0.0
    where: str = ""


def to_bytes(result: StoredResult, key: str, name: str) -> bytes:
    """The file of the result of the task `name`.

    Raises
    ------
    SpecError
        The value cannot be pickled.
    """
    try:
        body = pickle.dumps((result.value, result.seconds, result.where), protocol=5)
    except Exception as error:
        raise SpecError(f"{name}: its result, a {type(result.value).__name__}, cannot be written: {error}") from error
    return _MAGIC + f"{key}\n{hashlib.sha256(body).hexdigest()}\n".encode() + body


def from_bytes(data: bytes, key: str) -> StoredResult | None:
    """The result in a file; None if the file is damaged, or of another task."""
    head = _MAGIC + f"{key}\n".encode()
    if not data.startswith(head):
        return None
    checksum, _, body = data[len(head) :].partition(b"\n")
    if checksum.decode("ascii", "replace") != hashlib.sha256(body).hexdigest():
        return None
    try:
        value, seconds, where = pickle.loads(body)
    except Exception:  # its class no longer exists, or has changed
        return None
    return StoredResult(value, None, seconds, where)
