"""Runs independent tasks on processes of this machine, or on a Dask cluster; the caller cannot tell which.

::

    function, tasks --> LocalExecutor   jobs=1: in this process; else worker processes, each with a pipe
                    `-> DaskExecutor    tcp://host:port; worker processes anywhere
                          |
                          v
    as they end        Finished(number, value or failure, seconds, where)          `Executor.stream`
    in order of tasks  list of values, or the error of the first failed task       `Executor.run`
"""

from __future__ import annotations

from mirrorneuron.flows.compute.contract import Executor, Progress, Task
from mirrorneuron.flows.compute.dask import DaskExecutor
from mirrorneuron.flows.compute.environment import environment
from mirrorneuron.flows.compute.local import LocalExecutor

__all__ = ["DaskExecutor", "Executor", "LocalExecutor", "Progress", "Task", "environment", "open_executor"]


def open_executor(jobs: int = 1, scheduler: str | None = None) -> Executor:
    """The executor for ``--jobs`` (processes at a time) and ``--scheduler`` (address of a Dask scheduler)."""
    return LocalExecutor(jobs) if scheduler is None else DaskExecutor(scheduler)
