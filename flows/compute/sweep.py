"""Many tasks whose results are kept, so that an interrupted run goes on where it stopped.

::

    function, tasks, environment --> a key for each task --> <folder>/results/<key>.result   there: reused
                                                        `--> an executor, which leaves it there: the rest
    <folder>/sweep.json   for people: which tasks there are, which are done, how long they took, what failed

The key is a hash of all that the result depends on: function, arguments, the contents of netlists and other files
among them, and `environment` (package, ngspice, models). Whatever of it changes, the key changes, and nothing stale is
reused. A result is written under another name and renamed, so it is whole or not there; its checksum shows damage.

Results are Python pickles: do not go on with a folder from somebody whom you would not let run programs here.
"""

from __future__ import annotations

import contextlib
import enum
import functools
import hashlib
import inspect
import json
import math
import pickle
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import BuiltinFunctionType, FunctionType
from typing import Any, Final, Generic, TypeVar

import numpy as np
from mirrorneuron.flows.compute.executor import (
    Executor,
    Failure,
    Finished,
    LocalExecutor,
    Progress,
    Task,
    environment,
    name_of,
)
from mirrorneuron.flows.simulate.bench import Bench
from mirrorneuron.flows.tools.folders import alone, store, writable
from mirrorneuron.pdk_sky130.errors import FileError, SpecError
from mirrorneuron.pdk_sky130.spice.netlist import SpiceNetlist
from pydantic import BaseModel

__all__ = ["Results", "Sweep", "blocks"]

R = TypeVar("R")

_MAGIC: Final = b"mirrorneuron result 1\n"
_INDEX: Final = "sweep.json"
_FOLDER: Final = "results"
# The index is for people; it is written at most so often, and so that it takes no more than this part of the time.
_INDEX_S: Final = 2.0
_INDEX_PART: Final = 0.02


def blocks(count: int, size: int = 50) -> list[range]:
    """Samples 0 to `count` in blocks of `size`, each to be one task.

    Choose the size so that a block takes about a second, and keep it: the block is part of a task's key, so that with
    another size all is computed anew. With the same size, a larger `count` reuses the whole blocks of a smaller one.

    Raises
    ------
    SpecError
        A number is below 1.
    """
    if count < 1 or size < 1:
        raise SpecError(f"count={count}, size={size}: both must be at least 1")
    return [range(start, min(start + size, count)) for start in range(0, count, size)]


@dataclass(frozen=True)
class Results(Generic[R]):
    """What a sweep gave, in its tasks' order.

    ``seconds`` is what each task took when it was computed; ``reused`` of them were there from before, and
    ``damaged`` that were there had to be computed again.
    """

    values: list[R]
    seconds: list[float]
    reused: int
    damaged: int


@dataclass(frozen=True)
class _Entry:
    """A result, or why there is none yet."""

    value: Any = None
    failure: Failure | None = None
    seconds: float = 0.0
    where: str = ""


class Sweep(Generic[R]):
    """A function, the tasks to call it for, and where the results are kept.

    ::

        sweep = Sweep(partial(sample, bench, condition, variation), tasks, Path("gds_out/mine/mismatch"))
        results = sweep.run(open_executor(jobs=4))

    After an error or Ctrl-C, `run` again, on the same object or in another process with the same folder, computes only
    what is missing. Without a folder the results are kept in memory.
    """

    def __init__(
        self,
        function: Callable[..., R],
        tasks: Sequence[Task],
        folder: Path | None = None,
        *,
        versions: Mapping[str, str] | None = None,
    ) -> None:
        """Work out the tasks' keys.

        Parameters
        ----------
        function
            A function of a module, or a `functools.partial` of one.
        folder
            Made if it is not there. Results of other sweeps in it stay.
        versions
            What results depend on beside function and arguments; by default `environment`.

        Raises
        ------
        SpecError
            Two tasks have one name, or an argument is of a kind that cannot be hashed.
        """
        names = [task.name for task in tasks]
        twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
        if twice is not None:
            raise SpecError(f"two tasks are called {twice}")
        self.function = function
        self.tasks = tuple(tasks)
        self.folder = folder
        self.versions = dict(environment() if versions is None else versions)
        hasher = _Hasher()
        common = hasher.of((function, self.versions))
        self.keys = tuple(hasher.key(common, task) for task in tasks)
        self._entries: dict[int, _Entry] = {}
        self._damaged = 0
        self._index_at = -math.inf
        self._index_cost = 0.0

    @property
    def done(self) -> dict[str, R]:
        """The values that are there, by the task's name; also after an error."""
        return {
            task.name: self._entries[number].value
            for number, task in enumerate(self.tasks)
            if number in self._entries and self._entries[number].failure is None
        }

    def run(self, executor: Executor | None = None, *, progress: Progress | None = None) -> Results[R]:
        """Compute what is missing, and return all.

        Parameters
        ----------
        executor
            By default this process.
        progress
            Called as (tasks done, tasks in all, what the one just done was); first with those that were there.

        Raises
        ------
        FileError
            The folder cannot be written, or another run is at work in it.
        MirrorneuronError
            A task failed, the first one in order: raised when all others have ended and are kept. Or the executor
            broke; what was done until then is kept.
        """
        if self.folder is None:
            return self._run(executor or LocalExecutor(), progress)
        writable(self.folder / _FOLDER, self.folder)
        with alone(self.folder):
            self._load()
            return self._run(executor or LocalExecutor(), progress)

    def _run(self, executor: Executor, progress: Progress | None) -> Results[R]:
        left = [n for n in range(len(self.tasks)) if n not in self._entries or self._entries[n].failure is not None]
        count = reused = len(self.tasks) - len(left)
        if progress is not None and reused:
            progress(reused, len(self.tasks), f"{reused} from before")
        stream = executor.stream(self.function, [self.tasks[number] for number in left])
        try:
            self._write_index()
            for one in stream:
                number = left[one.number]
                self._keep(number, one)
                count += 1
                if progress is not None:
                    progress(count, len(self.tasks), self.tasks[number].name)
                self._write_index(seldom=True)
        finally:
            # Workers end before the folder is given free.
            stream.close()
            self._write_index()
        self._raise_failures()
        entries = [self._entries[number] for number in range(len(self.tasks))]
        return Results([e.value for e in entries], [e.seconds for e in entries], reused, self._damaged)

    def _raise_failures(self) -> None:
        failures = [entry.failure for _, entry in sorted(self._entries.items()) if entry.failure is not None]
        if not failures:
            return
        first, done, total = failures[0], len(self.tasks) - len(failures), len(self.tasks)
        kept = f"kept in {self.folder}" if self.folder else "kept in memory"
        message = (
            f"{first.message}\n{len(failures)} of {total} tasks failed; {done} are done and {kept}. "
            "Run the same again: only what is missing is computed."
        )
        raise Failure(first.kind, message, first.trace).error()

    # What is on disk

    def _path(self, number: int) -> Path:
        assert self.folder is not None
        return self.folder / _FOLDER / f"{self.keys[number]}.result"

    def _load(self) -> None:
        """Take over the results that are there and whole."""
        self._damaged = 0
        assert self.folder is not None
        for rest in (self.folder / _FOLDER).glob(".*"):  # of a run that was killed as it wrote
            rest.unlink(missing_ok=True)
        for number in range(len(self.tasks)):
            if number in self._entries and self._entries[number].failure is None:
                continue
            try:
                data = self._path(number).read_bytes()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise FileError(f"{self._path(number)} cannot be read: {error.strerror}") from error
            entry = _unpacked(data, self.keys[number])
            if entry is None:
                self._damaged += 1
            else:
                self._entries[number] = entry

    def _keep(self, number: int, one: Finished[R]) -> None:
        entry = _Entry(one.value, one.failure, one.seconds, one.where)
        if self.folder is not None and entry.failure is None:
            try:
                store(self._path(number), _packed(entry, self.keys[number], self.tasks[number].name))
            except FileError as error:
                raise FileError(f"{error} What is done is kept; make room and run the same again.") from error
        self._entries[number] = entry

    def _write_index(self, *, seldom: bool = False) -> None:
        now = time.monotonic()
        if self.folder is None or (seldom and now - self._index_at < max(_INDEX_S, self._index_cost / _INDEX_PART)):
            return
        states: list[dict[str, Any]] = []
        for number, task in enumerate(self.tasks):
            entry = self._entries.get(number)
            state: dict[str, Any] = {"name": task.name, "state": "missing", "key": self.keys[number]}
            if entry is not None and entry.failure is None:
                state |= {"state": "done", "seconds": round(entry.seconds, 4), "where": entry.where}
            elif entry is not None and entry.failure is not None:
                state |= {"state": "failed", "error": f"{entry.failure.kind.__name__}: {entry.failure.message}"}
            states.append(state)
        counts = {word: sum(one["state"] == word for one in states) for word in ("done", "failed", "missing")}
        index = {"function": name_of(self.function), **counts, "versions": self.versions, "tasks": states}
        with contextlib.suppress(FileError):  # the results are what counts, and whether they can be kept is seen there
            store(self.folder / _INDEX, json.dumps(index, indent=1).encode())
        self._index_at = time.monotonic()
        self._index_cost = self._index_at - now


def _packed(entry: _Entry, name_key: str, name: str) -> bytes:
    try:
        body = pickle.dumps((entry.value, entry.seconds, entry.where), protocol=5)
    except Exception as error:
        raise SpecError(f"{name}: its result, a {type(entry.value).__name__}, cannot be written: {error}") from error
    return _MAGIC + f"{name_key}\n{hashlib.sha256(body).hexdigest()}\n".encode() + body


def _unpacked(data: bytes, name_key: str) -> _Entry | None:
    """A result from its file; None if it is damaged, or another's."""
    head = _MAGIC + f"{name_key}\n".encode()
    if not data.startswith(head):
        return None
    checksum, _, body = data[len(head) :].partition(b"\n")
    if checksum.decode("ascii", "replace") != hashlib.sha256(body).hexdigest():
        return None
    try:
        value, seconds, where = pickle.loads(body)
    except Exception:  # its class is not there any more, or is another
        return None
    return _Entry(value, None, seconds, where)


# Keys


class _Hasher:
    """Hashes of values by what they are, the same in every process; of files and netlists by what is in them."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[object, bytes]] = {}  # with the object, or its id might be given to another

    def key(self, common: bytes, task: Task) -> str:
        return _digest("task", common, self.of(task.arguments), self.of(dict(task.keywords))).hex()[:40]

    def of(self, value: Any) -> bytes:
        """The hash of a value.

        Raises
        ------
        SpecError
            It is of a kind for which there is none.
        """
        match value:
            case enum.Enum():  # some are numbers or texts as well
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
                return _digest("map", *sorted(self.of(name) + self.of(one) for name, one in value.items()))
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
                return self._parts(value, [one.name for one in fields(value)])
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
            # Where it was read from is no part of it.
            return self._parts(value, ["content"])
        if isinstance(value, Bench):
            # Its netlist with all that it includes. Being read now, it also goes to the workers as it is now. Where it
            # lies is said by the result, and so belongs to the key.
            names = [one.name for one in fields(value) if one.name != "netlist"]
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
    """Hash of a function: its name, and its source unless that is this package's, which has a version of its own."""
    name = f"{function.__module__}.{function.__qualname__}"
    if function.__closure__:
        raise SpecError(f"{name} uses variables of what is around it; give them as arguments, or by functools.partial")
    if function.__module__.startswith("mirrorneuron."):
        return _digest("function", name.encode())
    try:
        source = inspect.getsource(inspect.getmodule(function) or function).encode()
    except (OSError, TypeError):
        source = function.__code__.co_code + repr(function.__code__.co_consts).encode()
    return _digest("function", name.encode(), str(function.__code__.co_firstlineno).encode(), source)
