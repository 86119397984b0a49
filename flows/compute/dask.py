"""Runs tasks on a Dask cluster: see `contract` for what a task is, and ``docs/sweeps.md`` for how to set one up.

::

    function  -> pickled, made a result of the cluster, fetched by each worker from another
    tasks     -> chunks of about a second -> scheduler -> worker: `attempt` for each -> packed answers

dask.distributed is imported only when a `DaskExecutor` is used.
"""

from __future__ import annotations

import itertools
import pickle
import queue
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar
from uuid import uuid4

from mirrorneuron.flows.compute.attempt import attempt, failure_of, packed
from mirrorneuron.flows.compute.contract import Executor, Failure, Finished, Task, name_of
from mirrorneuron.flows.compute.dask_workers import (
    WorkerReport,
    check_address,
    check_workers,
    connected,
    within,
    workers_report,
)
from mirrorneuron.pdk_sky130.errors import MirrorneuronError, SpecError, ToolFailedError

if TYPE_CHECKING:
    from distributed import Client
    from distributed import Future as Remote

__all__ = ["DaskExecutor", "WorkerReport", "workers_report"]

R = TypeVar("R")

_CHUNK_MOST: Final = 1000
_AHEAD: Final = 2
"""Chunks that wait at the scheduler for each thread of a worker, so that no worker waits for the caller."""
_ANSWER_S: Final = 30.0
_GATHER_S: Final = 600.0


class DaskExecutor(Executor):
    """The workers of a Dask cluster, by its scheduler's address.

    Every worker needs this package, ngspice and the PDK in the versions of this machine: others would give other
    numbers, so such workers are refused. Tasks go out in chunks of about a second. A chunk whose worker dies runs again
    on another one, as often as the scheduler's setting ``allowed-failures`` says (3); then its tasks run singly, and
    the task that kills its workers fails and is named. Workers may come and go at any time.
    """

    def __init__(self, address: str, *, answer_s: float = 10.0, workers_s: float = 60.0, chunk_s: float = 1.0) -> None:
        """Check the address; nothing is connected yet.

        Parameters
        ----------
        answer_s
            Longest time until the scheduler answers [s].
        workers_s
            Longest time without any worker [s].
        chunk_s
            Duration of a chunk [s], long against the milliseconds of the scheduler. 0: every task is a chunk.
        """
        check_address(address)
        self.address = address
        self.answer_s = answer_s
        self.workers_s = workers_s
        self.chunk_s = chunk_s

    def stream(self, function: Callable[..., R], tasks: Sequence[Task]) -> Generator[Finished[R], None, None]:
        """Run the tasks; see `Executor`.

        Raises
        ------
        MissingToolError
            dask.distributed is not installed here, or a worker lacks the package, ngspice or the PDK.
        ToolFailedError, ToolTimeoutError
            No scheduler answers, it went away, or there is no worker.
        """
        if not tasks:
            return
        try:
            with connected(self.address, self.answer_s) as client:
                check_workers(client, self.address, self.workers_s)
                yield from _Flow(self, client, function, tasks)
        except MirrorneuronError:
            raise
        except Exception as error:  # Dask reports lost connections by many exceptions
            raise ToolFailedError(f"the Dask cluster at {self.address}: {type(error).__name__}: {error}") from error


class _Flow(Generic[R]):
    """Tasks on their way through a cluster; iterating yields the tasks that have ended."""

    def __init__(
        self, executor: DaskExecutor, client: Client, function: Callable[..., R], tasks: Sequence[Task]
    ) -> None:
        self._client = client
        self._address = executor.address
        self._workers_s = executor.workers_s
        self._chunk_s = executor.chunk_s
        self._tasks = tasks
        self._left = deque(range(len(tasks)))
        self._suspects: deque[int] = deque()
        self._alone = False
        self._running: dict[Remote, tuple[int, ...]] = {}
        self._ended: queue.SimpleQueue[Remote] = queue.SimpleQueue()
        self._run = uuid4().hex[:12]
        self._count = itertools.count()
        # A result of the cluster, not data sent to it: if its only worker dies, it is computed again.
        self._call = client.submit(_same, _by_value(function, name_of(function)), key=f"function-{self._run}")
        self._seconds = 0.0
        self._done = 0
        self._threads = 1
        self._looked = self._seen = time.monotonic()

    def __iter__(self) -> Iterator[Finished[R]]:
        self._look(at_once=True)
        while self._done < len(self._tasks):
            while self._left and len(self._running) < (1 + _AHEAD) * self._threads:
                self._submit(self._next())
            if not self._running:
                # Alone in the cluster: any task that waits at a worker that dies would be suspected with the culprit.
                self._alone = True
                self._submit((self._suspects.popleft(),))
            ended = self._wait()
            self._look(at_once=not ended)
            for finished in itertools.chain.from_iterable(map(self._results, self._gathered(ended))):
                self._done += 1
                self._seconds += finished.seconds
                yield finished

    def _next(self) -> tuple[int, ...]:
        size = 1
        if self._done:
            # Smaller towards the end, so that all workers are busy until then.
            wanted = self._chunk_s * self._done / max(self._seconds, 1e-9)
            size = int(max(1, min(wanted, _CHUNK_MOST, len(self._left) / (2 * self._threads))))
        return tuple(self._left.popleft() for _ in range(min(size, len(self._left))))

    def _submit(self, numbers: tuple[int, ...]) -> None:
        chunk = [(number, self._tasks[number]) for number in numbers]
        data = _by_value(chunk, self._called(numbers))
        key = f"tasks-{self._run}-{next(self._count)}"
        future = self._client.submit(_run_chunk, self._call, data, key=key)
        self._running[future] = numbers
        future.add_done_callback(self._ended.put)

    def _called(self, numbers: tuple[int, ...]) -> str:
        first = self._tasks[numbers[0]].name
        return first if len(numbers) == 1 else f"{first} to {self._tasks[numbers[-1]].name}"

    def _wait(self) -> list[Remote]:
        """All chunks that have ended by now; none if none does within a second."""
        ended: list[Remote] = []
        try:
            ended.append(self._ended.get(timeout=1.0))
            while True:
                ended.append(self._ended.get_nowait())
        except queue.Empty:
            return ended

    def _look(self, *, at_once: bool) -> None:
        """Check every two seconds that the scheduler and workers are there."""
        now = time.monotonic()
        if not at_once and now - self._looked < 2:
            return
        self._looked = now
        try:
            threads = sum(within(_ANSWER_S, self._client.nthreads, "the Dask scheduler").values())
        except Exception as error:  # Dask reports it by many exceptions
            raise self._gone() from error
        self._threads = max(threads, 1)
        if threads:
            self._seen = now
        elif now - self._seen > self._workers_s:
            raise ToolFailedError(f"the Dask scheduler at {self._address} has had no worker for {self._workers_s:g} s")

    def _gone(self) -> ToolFailedError:
        return ToolFailedError(
            f"the Dask scheduler at {self._address} went away with {len(self._tasks) - self._done} of "
            f"{len(self._tasks)} tasks left"
        )

    def _gathered(self, ended: list[Remote]) -> Iterator[tuple[tuple[int, ...], list[bytes] | BaseException]]:
        """The numbers of the tasks of each chunk, and its answers, or the exception instead."""
        good = {k: future for k, future in enumerate(ended) if future.status == "finished"}
        answers: dict[int, list[bytes] | None] = {}
        if good:
            # Together, as each alone would cost a round trip to the scheduler. An answer whose worker has died since is
            # computed again; it is None if that failed.
            gather = partial(self._client.gather, good, errors="skip")
            answers = within(_GATHER_S, gather, "the Dask workers")
        for k, future in sorted(enumerate(ended), key=lambda item: answers.get(item[0]) is None):
            numbers, answer = self._running.pop(future), answers.get(k)
            if answer is not None:
                yield numbers, answer
            elif future.status == "error":
                yield numbers, future.exception()
            else:
                raise self._gone()

    def _results(self, chunk: tuple[tuple[int, ...], list[bytes] | BaseException]) -> Iterator[Finished[R]]:
        from distributed import KilledWorker

        numbers, answers = chunk
        if not isinstance(answers, BaseException):
            yield from map(pickle.loads, answers)
        elif isinstance(answers, KilledWorker) and not self._alone:
            self._suspects += numbers
        else:
            for number in numbers:
                yield Finished(number, None, self._failure(number, answers), 0.0, self._address)

    def _failure(self, number: int, error: BaseException) -> Failure:
        from distributed import KilledWorker

        name = self._tasks[number].name
        if isinstance(error, KilledWorker):
            last = error.last_worker.address
            text = f"{name}: {error.allowed_failures + 1} worker(s) died while at it, the last one {last}"
            return Failure(ToolFailedError, text)
        return failure_of(name, error)


def _same(data: bytes) -> bytes:
    return data


def _run_chunk(call: bytes, data: bytes) -> list[bytes]:
    """Run a chunk of tasks; called on a Dask worker."""
    from distributed import get_worker

    function = _loaded(call)
    where = get_worker().address
    return [packed(attempt(function, number, task, where), task.name) for number, task in pickle.loads(data)]


@lru_cache(maxsize=4)
def _loaded(call: bytes) -> Callable[..., Any]:
    function: Callable[..., Any] = pickle.loads(call)
    return function


def _by_value(value: object, name: str) -> bytes:
    """As `attempt.pickled`, but functions that are defined in the running program are sent along."""
    import cloudpickle

    try:
        data: bytes = cloudpickle.dumps(value, protocol=5)
    except Exception as error:
        raise SpecError(f"{name} cannot be sent to another process: {error}") from error
    return data
