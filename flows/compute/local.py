"""Processes of this machine.

Processes and not threads: a third or more of the time of a small simulation is Python's own (decks, reading what
ngspice wrote), during which threads wait for each other. ``docs/sweeps.md`` has the numbers.
"""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any, Final, TypeVar

from mirrorneuron.flows.compute.attempt import attempt, pickled
from mirrorneuron.flows.compute.contract import Executor, Failure, Finished, Task, name_of
from mirrorneuron.pdk_sky130.errors import MirrorneuronError, SpecError, ToolFailedError

__all__ = ["LocalExecutor"]

R = TypeVar("R")

# Several workers with several threads of linear algebra each would only slow each other down.
_ONE_THREAD: Final = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_START: Final = "from mirrorneuron.flows.compute.worker import serve; serve()"


class LocalExecutor(Executor):
    """Processes of this machine.

    ``jobs=1`` runs in the caller's own process: nothing is pickled, so any callable will do. With more, a process that
    ends or is killed costs only its present task, which fails and is named; another process takes its place.
    """

    def __init__(self, jobs: int = 1) -> None:
        """Take the number of processes at a time."""
        if jobs < 1:
            raise SpecError(f"jobs={jobs}: at least one process is needed")
        self.jobs = jobs

    def stream(self, function: Callable[..., R], tasks: Sequence[Task]) -> Generator[Finished[R], None, None]:
        """Run the tasks; see `Executor`."""
        if self.jobs == 1:
            for number, task in enumerate(tasks):
                yield attempt(function, number, task, f"process {os.getpid()}", apart=False)
            return
        left = deque((number, pickled((number, task), task.name)) for number, task in enumerate(tasks))
        call = pickled(function, name_of(function))
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
    """A process that runs one task after the other, with a pipe in both directions.

    When its standard input closes, as it does when this process ends in any way, it stops the programs that it runs and
    ends. It has a session of its own, so that Ctrl-C reaches this process alone.
    """

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self.connection = Connection(ours.detach())
        with theirs:
            self._process = subprocess.Popen(
                # -u: the output of a task is written before its result, even if the process is then ended.
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
        """Send the path of modules, and the function."""
        self._send(pickle.dumps([path for path in sys.path if path]))
        self._send(call)

    def _send(self, data: bytes) -> None:
        try:
            self.connection.send_bytes(data)
        except OSError:  # it has ended, which `answer` reports
            self.alive = False

    def next(self, left: deque[tuple[int, bytes]]) -> None:
        """Send the first of the tasks that are left."""
        self.number, data = left.popleft()
        self._started = time.monotonic()
        self._send(data)

    def answer(self, name: str) -> Finished[Any]:
        """The outcome of its task; if the process died, the task has failed."""
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
        return f"was ended by {signal.Signals(-status).name}; if nobody sent it, memory may have run out"

    def end(self) -> None:
        """End the process and wait for its end."""
        self.connection.close()
        stdin = self._process.stdin
        assert stdin is not None
        stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
