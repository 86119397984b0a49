"""Sweeps: many tasks whose results are kept in a folder, so that an interrupted run resumes where it stopped.

::

    function, tasks, environment --> a key for each task --> <folder>/results/<key>.result   there: reused
                                                        `--> missing: computed by an executor, and written there
    <folder>/sweep.json   for the reader: all tasks, which are done, how long they took, what failed

The key is a hash of all that the result depends on: function, arguments, the contents of netlists and other files
among them, and `environment` (package, ngspice, models). If any of these changes, so does the key, and no stale result
is reused. A result is written under another name and renamed, so it is complete or absent; its checksum shows damage.

Results are Python pickles: never resume a folder from a source whose programs you would not run.
"""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from mirrorneuron.flows.compute.contract import Executor, Failure, Finished, Progress, Task, name_of
from mirrorneuron.flows.compute.environment import environment
from mirrorneuron.flows.compute.keys import Hasher
from mirrorneuron.flows.compute.local import LocalExecutor
from mirrorneuron.flows.compute.stored import StoredResult, from_bytes, to_bytes
from mirrorneuron.flows.tools.folders import alone, store, writable
from mirrorneuron.pdk_sky130.errors import FileError, SpecError

__all__ = ["Results", "Sweep", "blocks"]

R = TypeVar("R")

_INDEX: Final = "sweep.json"
_FOLDER: Final = "results"
# The index is for the reader: it is written at most so often [s], and takes no more than this part of the time.
_INDEX_S: Final = 2.0
_INDEX_PART: Final = 0.02


def blocks(count: int, size: int = 50) -> list[range]:
    """Samples 0 to `count` in blocks of `size`, each to be one task.

    Choose the size such that a block takes about a second, and keep it: the block is part of the key of its task, so
    with another size everything is computed anew. With the same size a larger `count` reuses the blocks of a smaller
    one.

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
    """The results of a sweep, in the order of its tasks.

    ``seconds`` is the duration of each task when it was computed; ``reused`` is the number of results from an earlier
    run, ``damaged`` the number of files that had to be computed again.
    """

    values: list[R]
    seconds: list[float]
    reused: int
    damaged: int


class Sweep(Generic[R]):
    """A function, the tasks that it is called for, and the folder of the results.

    ::

        sweep = Sweep(partial(sample, bench, condition, variation), tasks, Path("gds_out/mine/mismatch"))
        results = sweep.run(open_executor(jobs=4))

    After an error or Ctrl-C, another `run`, of the same object or in another process with the same folder, computes
    only the missing results. Without a folder the results are kept in memory.
    """

    def __init__(
        self,
        function: Callable[..., R],
        tasks: Sequence[Task],
        folder: Path | None = None,
        *,
        versions: Mapping[str, str] | None = None,
    ) -> None:
        """Compute the keys of the tasks.

        Parameters
        ----------
        function
            A function of a module, or a `functools.partial` of one.
        folder
            Created if it does not exist. Results of other sweeps in it stay.
        versions
            Versions that results depend on beside function and arguments; by default `environment`.

        Raises
        ------
        SpecError
            Two tasks have one name, or an argument has a type that cannot be hashed.
        """
        names = [task.name for task in tasks]
        twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
        if twice is not None:
            raise SpecError(f"two tasks are called {twice}")
        self.function = function
        self.tasks = tuple(tasks)
        self.folder = folder
        self.versions = dict(environment() if versions is None else versions)
        hasher = Hasher()
        common = hasher.of((function, self.versions))
        self.keys = tuple(hasher.key(common, task) for task in tasks)
        self._results: dict[int, StoredResult] = {}
        self._damaged = 0
        self._index_at = -math.inf
        self._index_cost = 0.0

    @property
    def done(self) -> dict[str, R]:
        """The values computed so far, by the name of the task; also after an error."""
        return {
            task.name: self._results[number].value
            for number, task in enumerate(self.tasks)
            if number in self._results and self._results[number].failure is None
        }

    def run(self, executor: Executor | None = None, *, progress: Progress | None = None) -> Results[R]:
        """Compute the missing results, and return all.

        Parameters
        ----------
        executor
            By default this process.
        progress
            Called as (tasks done, tasks in all, the task just done); first with the number of reused results.

        Raises
        ------
        FileError
            The folder cannot be written, or is in use by another run.
        MirrorneuronError
            A task failed: the error of the first failed task, raised when all others have ended and are kept. Or the
            executor broke; the results until then are kept.
        """
        if self.folder is None:
            return self._run(executor or LocalExecutor(), progress)
        writable(self.folder / _FOLDER, self.folder)
        with alone(self.folder):
            self._load()
            return self._run(executor or LocalExecutor(), progress)

    def _run(self, executor: Executor, progress: Progress | None) -> Results[R]:
        left = [n for n in range(len(self.tasks)) if n not in self._results or self._results[n].failure is not None]
        count = reused = len(self.tasks) - len(left)
        if progress is not None and reused:
            progress(reused, len(self.tasks), f"{reused} from before")
        stream = executor.stream(self.function, [self.tasks[number] for number in left])
        try:
            self._write_index()
            for finished in stream:
                number = left[finished.number]
                self._keep(number, finished)
                count += 1
                if progress is not None:
                    progress(count, len(self.tasks), self.tasks[number].name)
                self._write_index(seldom=True)
        finally:
            # Workers end before the folder is released.
            stream.close()
            self._write_index()
        self._raise_failures()
        results = [self._results[number] for number in range(len(self.tasks))]
        values, seconds = [result.value for result in results], [result.seconds for result in results]
        return Results(values, seconds, reused, self._damaged)

    def _raise_failures(self) -> None:
        failures = [result.failure for _, result in sorted(self._results.items()) if result.failure is not None]
        if not failures:
            return
        first, done, total = failures[0], len(self.tasks) - len(failures), len(self.tasks)
        kept = f"kept in {self.folder}" if self.folder else "kept in memory"
        message = (
            f"{first.message}\n{len(failures)} of {total} tasks failed; {done} are done and {kept}. "
            "Run the same command again: only the missing results are computed."
        )
        raise Failure(first.kind, message, first.trace).error()

    # What is on disk

    def _path(self, number: int) -> Path:
        assert self.folder is not None
        return self.folder / _FOLDER / f"{self.keys[number]}.result"

    def _load(self) -> None:
        """Load the results that exist and are not damaged."""
        self._damaged = 0
        assert self.folder is not None
        for rest in (self.folder / _FOLDER).glob(".*"):  # of a run that was killed as it wrote
            rest.unlink(missing_ok=True)
        for number in range(len(self.tasks)):
            if number in self._results and self._results[number].failure is None:
                continue
            try:
                data = self._path(number).read_bytes()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise FileError(f"{self._path(number)} cannot be read: {error.strerror}") from error
            result = from_bytes(data, self.keys[number])
            if result is None:
                self._damaged += 1
            else:
                self._results[number] = result

    def _keep(self, number: int, finished: Finished[R]) -> None:
        result = StoredResult(finished.value, finished.failure, finished.seconds, finished.where)
        if self.folder is not None and result.failure is None:
            try:
                store(self._path(number), to_bytes(result, self.keys[number], self.tasks[number].name))
            except FileError as error:
                raise FileError(
                    f"{error} Results so far are kept; make room and run the same command again."
                ) from error
        self._results[number] = result

    def _write_index(self, *, seldom: bool = False) -> None:
        now = time.monotonic()
        if self.folder is None or (seldom and now - self._index_at < max(_INDEX_S, self._index_cost / _INDEX_PART)):
            return
        states: list[dict[str, Any]] = []
        for number, task in enumerate(self.tasks):
            result = self._results.get(number)
            state: dict[str, Any] = {"name": task.name, "state": "missing", "key": self.keys[number]}
            if result is not None and result.failure is None:
                state |= {"state": "done", "seconds": round(result.seconds, 4), "where": result.where}
            elif result is not None and result.failure is not None:
                state |= {"state": "failed", "error": f"{result.failure.kind.__name__}: {result.failure.message}"}
            states.append(state)
        counts = {word: sum(state["state"] == word for state in states) for word in ("done", "failed", "missing")}
        index = {"function": name_of(self.function), **counts, "versions": self.versions, "tasks": states}
        with contextlib.suppress(FileError):  # the results count, and `_keep` reports if they cannot be written
            store(self.folder / _INDEX, json.dumps(index, indent=1).encode())
        self._index_at = time.monotonic()
        self._index_cost = self._index_at - now
