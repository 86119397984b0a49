"""Run tasks on a Dask cluster: see `executor` for what a task is, and ``docs/sweeps.md`` for how to set one up.

::

    function  -> pickled, made a result of the cluster, fetched by each worker from another
    tasks     -> chunks of about a second -> scheduler -> worker: `attempt` for each -> packed answers

Nothing here needs dask.distributed before a `DaskExecutor` is used.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import pickle
import platform
import queue
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar
from uuid import uuid4

from mirrorneuron.flows.compute.executor import (
    Executor,
    Failure,
    Finished,
    Task,
    attempt,
    environment,
    failure_of,
    name_of,
    packed,
)
from mirrorneuron.pdk_sky130.errors import (
    MirrorneuronError,
    MissingToolError,
    SpecError,
    ToolError,
    ToolFailedError,
    ToolTimeoutError,
)

if TYPE_CHECKING:
    from distributed import Client
    from distributed import Future as Remote

__all__ = ["DaskExecutor", "WorkerReport", "workers_report"]

R = TypeVar("R")

_CHUNK_MOST: Final = 1000
_AHEAD: Final = 2
"""Chunks that wait at the scheduler for each thread that works: a worker never waits for the caller."""
_ADDRESS: Final = re.compile(r"(?:tcp|tls)://(?:\[[0-9a-fA-F:.]+\]|[^\s:/\[\]]+):\d{1,5}")
_ANSWER_S: Final = 30.0
_PROBE_S: Final = 60.0
_GATHER_S: Final = 600.0
_INSTALL: Final = "pip install 'mirrorneuron[dask]'"


class DaskExecutor(Executor):
    """The workers of a Dask cluster, by its scheduler's address.

    Every worker needs this package, ngspice and the PDK as they are here: other versions would give other numbers, so
    they are refused. Tasks go out in chunks of about a second. A chunk whose worker dies runs again on another, as
    often as the scheduler's setting ``allowed-failures`` says (3); then its tasks run singly, and the one that kills
    its workers fails and is named. Workers may come and go meanwhile.
    """

    def __init__(self, address: str, *, answer_s: float = 10.0, workers_s: float = 60.0, chunk_s: float = 1.0) -> None:
        """Check the address; nothing is connected yet.

        Parameters
        ----------
        answer_s
            How long the scheduler may take to answer [s].
        workers_s
            How long to go on without any worker [s].
        chunk_s
            How long a chunk shall take [s]; long against the scheduler's milliseconds. 0: every task by itself.
        """
        _check_address(address)
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
            with _connected(self.address, self.answer_s) as client:
                _check_workers(client, self.address, self.workers_s)
                yield from _Flow(self, client, function, tasks)
        except MirrorneuronError:
            raise
        except Exception as error:  # Dask tells of lost connections in many ways
            raise ToolFailedError(f"the Dask cluster at {self.address}: {type(error).__name__}: {error}") from error


class _Flow(Generic[R]):
    """Tasks on their way through a cluster; iterate over it for what has ended."""

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
        # A result of the cluster and not data put there: if its only worker dies, it is made again.
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
                # Alone in the cluster: whatever waits at a worker that dies comes under suspicion with the culprit.
                self._alone = True
                self._submit((self._suspects.popleft(),))
            ended = self._wait()
            self._look(at_once=not ended)
            for one in itertools.chain.from_iterable(map(self._results, self._gathered(ended))):
                self._done += 1
                self._seconds += one.seconds
                yield one

    def _next(self) -> tuple[int, ...]:
        size = 1
        if self._done:
            # Smaller towards the end, so that all workers are busy up to it.
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
        """All that have ended by now; none, if none does for a second."""
        ended: list[Remote] = []
        try:
            ended.append(self._ended.get(timeout=1.0))
            while True:
                ended.append(self._ended.get_nowait())
        except queue.Empty:
            return ended

    def _look(self, *, at_once: bool) -> None:
        """See every two seconds whether the scheduler and workers are there."""
        now = time.monotonic()
        if not at_once and now - self._looked < 2:
            return
        self._looked = now
        try:
            threads = sum(_within(_ANSWER_S, self._client.nthreads, "the Dask scheduler").values())
        except Exception as error:  # whatever it is by which Dask tells
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
        """Numbers of each chunk's tasks, and its answers, or why there are none."""
        good = {k: future for k, future in enumerate(ended) if future.status == "finished"}
        answers: dict[int, list[bytes] | None] = {}
        if good:
            # Together, as one at a time costs a way to the scheduler and back each. One whose worker has died since is
            # made again meanwhile; None if that failed.
            gather = partial(self._client.gather, good, errors="skip")
            answers = _within(_GATHER_S, gather, "the Dask workers")
        for k, future in sorted(enumerate(ended), key=lambda one: answers.get(one[0]) is None):
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


def _within(seconds: float, call: Callable[[], R], who: str) -> R:
    """What a call gives, if it does so in time; Dask's own have no limit when somebody at the other end hangs."""
    found: Future[R] = Future()

    def run() -> None:
        try:
            found.set_result(call())
        except BaseException as error:
            found.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        return found.result(seconds)
    except FutureTimeoutError as error:
        if found.done():
            raise
        raise ToolTimeoutError(f"{who} did not answer within {seconds:g} s") from error


def _same(data: bytes) -> bytes:
    return data


def _run_chunk(call: bytes, data: bytes) -> list[bytes]:
    """What a Dask worker does with a chunk of tasks."""
    from distributed import get_worker

    function = _loaded(call)
    where = get_worker().address
    return [packed(attempt(function, number, task, where), task.name) for number, task in pickle.loads(data)]


@lru_cache(maxsize=4)
def _loaded(call: bytes) -> Callable[..., Any]:
    function: Callable[..., Any] = pickle.loads(call)
    return function


def _by_value(what: object, name: str) -> bytes:
    """As `_pickled`, but what is defined in the program that runs goes along."""
    import cloudpickle

    try:
        data: bytes = cloudpickle.dumps(what, protocol=5)
    except Exception as error:
        raise SpecError(f"{name} cannot be sent to another process: {error}") from error
    return data


def _check_address(address: str) -> None:
    if not _ADDRESS.fullmatch(address):
        raise SpecError(f"--scheduler {address}: a Dask scheduler's address looks like tcp://host:8786")


@contextlib.contextmanager
def _connected(address: str, answer_s: float) -> Iterator[Client]:
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingToolError(
            f"the Python package distributed, which --scheduler needs, is missing ({error}). Install it: {_INSTALL}"
        ) from error
    with _quiet():
        try:
            client = Client(address, timeout=answer_s, set_as_default=False)
        except (OSError, TimeoutError) as error:
            raise ToolTimeoutError(
                f"no Dask scheduler answers at {address} within {answer_s:g} s. Start one (dask scheduler) and workers "
                f"(dask worker {address}), or leave --scheduler out to run on this machine"
            ) from error
        try:
            yield client
        finally:
            client.close(timeout=5)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without Dask's own log: of a connection that is lost it writes pages, and the error says it in a line."""
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "distributed"]
    levels = {logger: logger.level for logger in map(logging.getLogger, names)}
    try:
        for logger in levels:
            logger.setLevel(logging.CRITICAL)
        yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)


@dataclass(frozen=True)
class WorkerReport:
    """A Dask worker: its host, what results made there depend on (`environment`), and what ``doctor`` says of it.

    ``problem`` is None, or why nothing can run there.
    """

    address: str
    host: str
    problem: str | None
    environment: Mapping[str, str]
    doctor: Mapping[str, Any]


def workers_report(address: str, *, answer_s: float = 10.0) -> list[WorkerReport]:
    """What ``mirrorneuron doctor`` says on each worker of a Dask cluster.

    Raises
    ------
    SpecError
        That is no address.
    ToolError
        dask.distributed is missing, or no scheduler answers.
    """
    _check_address(address)
    with _connected(address, answer_s) as client:
        return _reports(client, thorough=True)


def _reports(client: Client, *, thorough: bool) -> list[WorkerReport]:
    def probe(thorough: bool) -> dict[str, Any]:
        # Sent as code: a worker without the package must still be able to run it.
        try:
            from mirrorneuron.flows.compute import dask as executor_dask
        except ImportError as error:
            import platform

            problem = f"the Python package mirrorneuron cannot be imported: {error}"
            return {"host": platform.node(), "problem": problem, "environment": {}, "doctor": {}}
        found: dict[str, Any] = executor_dask._own_report(thorough)
        return found

    found = _within(_PROBE_S, lambda: client.run(probe, thorough, on_error="return"), "the Dask workers")
    reports: list[WorkerReport] = []
    for worker, answer in sorted(found.items()):
        if isinstance(answer, BaseException):
            answer = {"host": "", "problem": f"{type(answer).__name__}: {answer}", "environment": {}, "doctor": {}}
        reports.append(WorkerReport(worker, **answer))
    return reports


def _check_workers(client: Client, address: str, workers_s: float) -> None:
    """See that there are workers, and that all would give the results that this machine gives."""
    try:
        client.wait_for_workers(1, timeout=workers_s)
    except TimeoutError as error:
        raise ToolFailedError(
            f"the Dask scheduler at {address} has had no worker for {workers_s:g} s. Start some: dask worker {address}"
        ) from error
    own = environment()
    problems: list[str] = []
    for report in _reports(client, thorough=False):
        problem = report.problem or _difference(own, report.environment)
        if problem:
            problems.append(f"worker {report.address} ({report.host or 'host unknown'}): {problem}")
    if problems:
        raise MissingToolError(
            f"the Dask cluster at {address} cannot be used; every worker needs what this machine has.\n"
            + "\n".join(problems)
        )


def _difference(ours: Mapping[str, str], theirs: Mapping[str, str]) -> str:
    return "; ".join(
        f"it has {name} {theirs.get(name, 'of no version')}, here is {version}"
        for name, version in ours.items()
        if theirs.get(name) != version
    )


def _own_report(thorough: bool) -> dict[str, Any]:
    """What a worker tells of itself; a `WorkerReport` less the address."""
    problem: str | None = None
    found: dict[str, str] = {}
    try:
        found = environment()
    except ToolError as error:
        problem = str(error)
    diagnosis: dict[str, Any] = {}
    if thorough:
        from mirrorneuron.flows.tools.doctor import examine

        diagnosis = examine().as_json()
    return {"host": platform.node(), "problem": problem, "environment": found, "doctor": diagnosis}
