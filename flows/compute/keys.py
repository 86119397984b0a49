"""Keys of tasks: hashes of values by their content, the same in every process; of files and netlists by their text."""

from __future__ import annotations

import enum
import functools
import hashlib
import inspect
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np
from mirrorneuron.flows.compute.contract import Task
from mirrorneuron.flows.simulate.bench import Bench
from mirrorneuron.pdk_sky130.errors import FileError, SpecError
from mirrorneuron.pdk_sky130.spice.netlist import SpiceNetlist
from pydantic import BaseModel

__all__ = ["Hasher"]


class Hasher:
    """Hashes values by their content; files and netlists are read once."""

    def __init__(self) -> None:
        """Begin with no file read."""
        # With the object, as its id could otherwise be that of another one later.
        self._known: dict[int, tuple[object, bytes]] = {}

    def key(self, common: bytes, task: Task) -> str:
        """The key of a task, 40 hexadecimal digits; `common` is the hash of what all tasks share."""
        return _digest("task", common, self.of(task.arguments), self.of(dict(task.keywords))).hex()[:40]

    def of(self, value: Any) -> bytes:
        """The hash of a value.

        Raises
        ------
        SpecError
            Its type has no fixed value.
        """
        match value:
            case enum.Enum():  # an Enum may be a number or a text as well
                return _digest("enum", self.of(type(value)), value.name.encode())
            case None | bool() | int() | float() | complex() | str() | range():
                return _digest(type(value).__name__, repr(value).encode())
            case bytes():
                return _digest("bytes", value)
            case np.ndarray() if not value.dtype.hasobject:
                return _digest("array", repr((value.dtype.str, value.shape)).encode(), value.tobytes())
            case np.generic():
                return _digest("scalar", value.dtype.str.encode(), value.tobytes())
            case tuple() | list():
                return _digest("list", *map(self.of, value))
            case set() | frozenset():
                return _digest("set", *sorted(map(self.of, value)))
            case Mapping():
                return _digest("map", *sorted(self.of(name) + self.of(item) for name, item in value.items()))
            case functools.partial():
                return _digest("partial", *map(self.of, (value.func, value.args, value.keywords)))
            case type() | BuiltinFunctionType():
                return _digest("name", f"{value.__module__}.{value.__qualname__}".encode())
            case FunctionType():
                return _function(value)
            case Path() | Bench() | SpiceNetlist():
                return self._once(value)
            case BaseModel():
                return self._parts(value, type(value).model_fields)
            case _ if is_dataclass(value):
                return self._parts(value, [part.name for part in fields(value)])
        raise SpecError(
            f"a task's argument of type {type(value).__name__} has no fixed value to tell results apart by; use "
            "numbers, texts, arrays, paths, dataclasses, and lists or mappings of them"
        )

    def _parts(self, value: object, names: Iterable[str]) -> bytes:
        parts = [_digest(name, self.of(getattr(value, name))) for name in names]
        return _digest("parts", self.of(type(value)), *parts)

    def _once(self, value: Path | Bench | SpiceNetlist) -> bytes:
        if id(value) not in self._known:
            self._known[id(value)] = (value, self._content(value))
        return self._known[id(value)][1]

    def _content(self, value: Path | Bench | SpiceNetlist) -> bytes:
        if isinstance(value, SpiceNetlist):
            # The place of the file is no part of its content.
            return self._parts(value, [part.name for part in fields(value) if part.name != "source"])
        if isinstance(value, Bench):
            # Its netlist with all files that it includes; it is read here, so the workers get it as it is now. The
            # result names the path of the netlist, so the path belongs to the key.
            names = [part.name for part in fields(value) if part.name != "netlist"]
            return _digest("bench", str(value.netlist).encode(), self._parts(value, ["circuit", *names]))
        try:
            return _digest("file", str(value).encode(), value.read_bytes() if value.is_file() else b"none")
        except OSError as error:
            raise FileError(f"{value} cannot be read: {error.strerror}") from error


def _digest(kind: str, *parts: bytes) -> bytes:
    digest = hashlib.sha256(f"{kind} {len(parts)}".encode())
    for part in parts:
        digest.update(f" {len(part)} ".encode() + part)
    return digest.digest()


def _function(function: FunctionType) -> bytes:
    """Hash of a function: its name, and its source unless it is of this package, which has a version of its own."""
    name = f"{function.__module__}.{function.__qualname__}"
    if function.__closure__:
        raise SpecError(
            f"{name} uses variables of an enclosing function; pass them as arguments, or by functools.partial"
        )
    if function.__module__.startswith("mirrorneuron."):
        return _digest("function", name.encode())
    try:
        source = inspect.getsource(inspect.getmodule(function) or function).encode()
    except (OSError, TypeError):
        source = function.__code__.co_code + repr(function.__code__.co_consts).encode()
    return _digest("function", name.encode(), str(function.__code__.co_firstlineno).encode(), source)
