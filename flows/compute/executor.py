"""Run independent tasks on processes of this machine, or on a Dask cluster; the caller cannot tell which it was.

::

    function, tasks --> LocalExecutor   jobs=1: here; else worker processes, each with a pipe
                    `-> DaskExecutor    tcp://host:port; worker processes anywhere
                          |
                          v
    as they end     Finished(number, value or failure, seconds, where)          `Executor.stream`
    in tasks' order list of values, or the first task's error                   `Executor.run`

The function and what it is bound to (``functools.partial(sample, bench)``) goes to each worker once, a task's own
arguments with the task. Both are pickled, and so is what comes back.

Processes and not threads: a third or more of the time of a small simulation is Python's own (decks, reading what
ngspice wrote), during which threads wait for each other. ``docs/sweeps.md`` has the numbers.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import platform
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from importlib.metadata import version
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Final, Generic, TypeAlias, TypeVar

from mirrorneuron.flows import tools
from mirrorneuron.pdk_sky130 import errors, install
from mirrorneuron.pdk_sky130.errors import MirrorneuronError, SpecError, ToolFailedError
from mirrorneuron.pdk_sky130.models import library

from mirrorneuron import flows, generators, lvs, pdk_sky130

__all__ = [
    "Executor",
    "Failure",
    "Finished",
    "LocalExecutor",
    "Progress",
    "Task",
    "attempt",
    "environment",
    "failure_of",
    "name_of",
    "open_executor",
    "packed",
]

R = TypeVar("R")
Progress: TypeAlias = Callable[[int, int, str], None]
"""Called as (tasks done, tasks in all, the one just done), in the caller's thread."""

# Several workers with several threads of linear algebra each would only get in each other's way.
_ONE_THREAD: Final = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_START: Final = "from mirrorneuron.flows.compute.executor import _serve; _serve()"


@dataclass(frozen=True)
class Task:
    """What the function is called with; ``name`` is what messages and progress call it."""

    name: str
    arguments: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """Why a task has no value: a class of the project's own tree, its message (which names the task), and where in the
    code it was raised."""

    kind: type[MirrorneuronError]
    message: str
    trace: str = ""

    def error(self) -> MirrorneuronError:
        """The exception to raise; the trace is its note."""
        error = self.kind(self.message)
        if self.trace:
            error.add_note(self.trace)
        return error


@dataclass(frozen=True)
class Finished(Generic[R]):
    """A task that ended: its number, its value or why there is none, the time it took there [s], and where that was."""

    number: int
    value: R | None
    failure: Failure | None
    seconds: float
    where: str


class Executor(ABC):
    """Where tasks run."""

    @abstractmethod
    def stream(self, function: Callable[..., R], tasks: Sequence[Task]) -> Generator[Finished[R], None, None]:
        """Run `function` for every task and give each as it ends, in any order; a task that fails stops no other.

        Close it, if not all are taken, and the workers end.

        Raises
        ------
        SpecError
            The function or a task cannot be sent to another process.
        ToolError
            The workers, or the way to them, broke; what was given before stands.
        """

    def run(self, function: Callable[..., R], tasks: Sequence[Task], *, progress: Progress | None = None) -> list[R]:
        """Run `function` for every task; the values in the tasks' order, whatever ends first.

        Raises
        ------
        MirrorneuronError
            A task failed: the first one's error, with its type, when all others have ended. Or as `stream`.
        """
        found: dict[int, Finished[R]] = {}
        for one in self.stream(function, tasks):
            found[one.number] = one
            if progress is not None:
                progress(len(found), len(tasks), tasks[one.number].name)
        values: list[R] = []
        for number in range(len(tasks)):
            failure = found[number].failure
            if failure is not None:
                raise failure.error()
            values.append(found[number].value)  # type: ignore[arg-type]
        return values


def open_executor(jobs: int = 1, scheduler: str | None = None) -> Executor:
    """The executor that ``--jobs`` and ``--scheduler`` ask for."""
    if scheduler is None:
        return LocalExecutor(jobs)
    from mirrorneuron.flows.compute.dask import DaskExecutor

    return DaskExecutor(scheduler)


# What a worker does


def attempt(function: Callable[..., R], number: int, task: Task, where: str, *, apart: bool = True) -> Finished[R]:
    """Call the function; what it raises becomes a failure that names the task.

    In a process that is `apart` from the caller's, so does an exit; in the caller's own, that ends the program.
    """
    started = time.monotonic()
    value: R | None = None
    failure: Failure | None = None
    try:
        value = function(*task.arguments, **task.keywords)
    except SystemExit as error:
        if not apart:
            raise
        failure = failure_of(task.name, error)
    except Exception as error:
        failure = failure_of(task.name, error)
    return Finished(number, value, failure, time.monotonic() - started, where)


def failure_of(name: str, error: BaseException) -> Failure:
    """An exception of the task `name` as a failure."""
    # The nearest class that is ours: one of somebody else's may not come through a pipe.
    kind = next((one for one in type(error).__mro__ if one.__module__ == errors.__name__), None)
    trace = "".join(traceback.format_exception(error)).rstrip()
    if kind is not None and issubclass(kind, MirrorneuronError):
        return Failure(kind, f"{name}: {error}", trace)
    return Failure(ToolFailedError, f"{name}: {type(error).__name__}: {error}", trace)


def packed(finished: Finished[R], name: str) -> bytes:
    """What the task `name` gave, for another process; a value that cannot be pickled is a failure."""
    try:
        return pickle.dumps(finished, protocol=5)
    except Exception as error:
        message = f"{name}: its result, a {type(finished.value).__name__}, cannot be sent to another process: {error}"
        failure = Failure(SpecError, message)
        return pickle.dumps(Finished(finished.number, None, failure, finished.seconds, finished.where), protocol=5)


def _pickled(what: object, name: str) -> bytes:
    if getattr(what, "__module__", None) == "__main__" and callable(what):
        raise SpecError(
            f"{name} is defined in the program that runs; another process cannot import it from there. Put it into "
            "a module of its own, or run with jobs=1."
        )
    try:
        return pickle.dumps(what, protocol=5)
    except Exception as error:
        raise SpecError(f"{name} cannot be sent to another process: {error}") from error


def name_of(function: Callable[..., Any]) -> str:
    """Module and name of a function, without what it is bound to."""
    while isinstance(function, partial):
        function = function.func
    return f"{getattr(function, '__module__', '?')}.{getattr(function, '__qualname__', type(function).__name__)}"


# Processes of this machine


class LocalExecutor(Executor):
    """Processes of this machine.

    ``jobs=1`` runs in the caller's own process: nothing is sent, so anything that can be called will do. With more, a
    process that ends or is killed costs the task that it was at, which fails and is named; another takes its place.
    """

    def __init__(self, jobs: int = 1) -> None:
        """Check the number of processes at a time."""
        if jobs < 1:
            raise SpecError(f"jobs={jobs}: at least one process is needed")
        self.jobs = jobs

    def stream(self, function: Callable[..., R], tasks: Sequence[Task]) -> Generator[Finished[R], None, None]:
        """Run the tasks; see `Executor`."""
        if self.jobs == 1:
            for number, task in enumerate(tasks):
                yield attempt(function, number, task, f"process {os.getpid()}", apart=False)
            return
        left = deque((number, _pickled((number, task), task.name)) for number, task in enumerate(tasks))
        call = _pickled(function, name_of(function))
        workers: dict[Connection, _Worker] = {}
        try:
            while left or workers:
                # All are started before the first is waited for, as it is when much is sent.
                new = [_Worker() for _ in range(min(self.jobs - len(workers), len(left)))]
                workers |= {worker.connection: worker for worker in new}
                for worker in new:
                    worker.begin(call)
                    worker.next(left)
                for connection in wait(list(workers)):
                    assert isinstance(connection, Connection)
                    worker = workers[connection]
                    number = worker.number
                    answer = worker.answer(tasks[number].name)
                    if isinstance(answer, Finished):
                        yield answer
                    if worker.alive and left:
                        worker.next(left)
                    else:
                        del workers[connection]
                        worker.end()
        finally:
            for worker in workers.values():
                worker.end()


class _Worker:
    """A process that runs one task after the other, with a pipe to and fro.

    Its standard input is its lifeline: when that closes, as it does when this process ends in any way, it stops the
    programs that it runs, and itself. It has a session of its own, so that Ctrl-C is this process' matter alone.
    """

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self.connection = Connection(ours.detach())
        with theirs:
            self._process = subprocess.Popen(
                # -u: what a task prints is there when its result is, also when the process is then ended.
                [sys.executable, "-u", "-c", _START, str(theirs.fileno())],
                stdin=subprocess.PIPE,
                stdout=sys.__stderr__,  # standard output belongs to the command's result
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                env=_ONE_THREAD | dict(os.environ),
            )
        self.alive = True
        self.number = -1
        self._started = time.monotonic()

    def begin(self, call: bytes) -> None:
        """Tell it where modules are, and the function."""
        self._send(pickle.dumps([path for path in sys.path if path]))
        self._send(call)

    def _send(self, data: bytes) -> None:
        try:
            self.connection.send_bytes(data)
        except OSError:  # it has ended; that is seen when its answer is read
            self.alive = False

    def next(self, left: deque[tuple[int, bytes]]) -> None:
        """Give it the first of the tasks that are left."""
        self.number, data = left.popleft()
        self._started = time.monotonic()
        self._send(data)

    def answer(self, name: str) -> Finished[Any]:
        """What came of its task; if it died, that is the task's failure."""
        try:
            finished = pickle.loads(self.connection.recv_bytes())
        except (EOFError, OSError):
            self.alive = False
            seconds = time.monotonic() - self._started
            failure = Failure(ToolFailedError, f"{name}: its process {self._ended()}")
            return Finished(self.number, None, failure, seconds, f"process {self._process.pid}")
        if isinstance(finished, MirrorneuronError):
            raise finished
        assert isinstance(finished, Finished)
        return finished

    def _ended(self) -> str:
        status = self._process.wait()
        if status >= 0:
            return f"ended with status {status}"
        return f"was ended by {signal.Signals(-status).name}; if nobody did that, memory may have run out"

    def end(self) -> None:
        """End it, and wait until it has."""
        self.connection.close()
        stdin = self._process.stdin
        assert stdin is not None
        stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _serve() -> None:
    """Be a worker: read the path, the function and tasks from the pipe, and answer each task."""
    threading.Thread(target=_until_left_alone, daemon=True).start()
    connection = Connection(int(sys.argv[1]))
    where = f"process {os.getpid()}"
    try:
        known = set(sys.path)
        sys.path += [path for path in pickle.loads(connection.recv_bytes()) if path not in known]
        call = connection.recv_bytes()
        function: Callable[..., Any] | None = None
        while True:
            data = connection.recv_bytes()
            try:
                function = function or pickle.loads(call)
                number, task = pickle.loads(data)
            except Exception as error:
                text = f"a worker process cannot load the function or its task: {type(error).__name__}: {error}"
                connection.send_bytes(pickle.dumps(SpecError(text)))
                continue
            connection.send_bytes(packed(attempt(function, number, task, where), task.name))
    except (EOFError, OSError):
        return


def _until_left_alone() -> None:
    while os.read(0, 1):
        pass
    tools.stop_all()
    os._exit(1)


# What results depend on


def environment(pdk: install.Pdk | None = None) -> dict[str, str]:
    """What results depend on beside the task: this package with its source text, Python, numpy, scipy, ngspice, models.

    Raises
    ------
    ToolError
        ngspice or the PDK is missing.
    """
    pdk = pdk or install.locate(assemble_missing=False)
    return {
        "mirrorneuron": f"{version('mirrorneuron')} {_source_digest()}",
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "scipy": version("scipy"),
        "ngspice": tools.version("ngspice"),
        "models": library(pdk.continuous, "tt").digest,
    }


@cache
def _source_digest() -> str:
    """Twelve digits of the SHA-256 of the package's text: while it is worked on, its version says nothing."""
    digest = hashlib.sha256()
    for package in (pdk_sky130, generators, lvs, flows):
        for folder in package.__path__:
            for path in sorted(Path(folder).rglob("*.py")):
                digest.update(f"{package.__name__} {path.relative_to(folder)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
