"""Progress of long tasks: who displays it is a `Watcher`, who works reports through `watched`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

__all__ = ["WatchedTask", "Watcher", "watched"]


class Watcher(Protocol):
    """Displays the progress of tasks; its methods are called from several threads."""

    def started(self, task: str) -> None:
        """A task begins."""

    def advanced(self, task: str, done: int, of: int) -> None:
        """`done` of `of` parts of a task are done."""

    def ended(self, task: str, passed: bool, seconds: float) -> None:
        """A task has ended; it `passed` if all its checks did."""


class WatchedTask:
    """A task under way. Set `passed` to False if a check of it fails; `seconds` is its duration once it has ended."""

    def __init__(self, watcher: Watcher | None, name: str) -> None:
        """A task of a name; without a watcher nobody is informed."""
        self.name = name
        self.passed = True
        self.seconds = 0.0
        self._watcher = watcher

    def progress(self, done: int, of: int, what: str = "") -> None:
        """Report `done` of `of` parts; a `mirrorneuron.flows.simulate.Progress`."""
        del what
        if self._watcher is not None:
            self._watcher.advanced(self.name, done, of)


@contextmanager
def watched(watcher: Watcher | None, name: str) -> Iterator[WatchedTask]:
    """A task from its start to its end, which the watcher displays; one that raises has not passed.

    ::

        with watched(watcher, "simulate") as task:
            result = measure(progress=task.progress)
            task.passed = all(check.passed for check in result.checks)
    """
    task = WatchedTask(watcher, name)
    started = time.monotonic()
    if watcher is not None:
        watcher.started(name)
    try:
        yield task
    except BaseException:
        task.passed = False
        raise
    finally:
        task.seconds = time.monotonic() - started
        if watcher is not None:
            watcher.ended(name, task.passed, task.seconds)
