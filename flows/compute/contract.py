"""What an executor is: it calls a function for tasks, wherever they run, and gives what came of each.

The function and its bound arguments (``functools.partial(sample, bench)``) go to each worker once, a task's own
arguments with the task. Both are pickled, and so is the value.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeAlias, TypeVar

from mirrorneuron.pdk_sky130.errors import MirrorneuronError

__all__ = ["Executor", "Failure", "Finished", "Progress", "Task", "name_of"]

R = TypeVar("R")
Progress: TypeAlias = Callable[[int, int, str], None]
"""Called as (tasks done, tasks in all, the task just done), in the caller's thread."""


@dataclass(frozen=True)
class Task:
    """The arguments of one call of the function; ``name`` stands in messages and progress."""

    name: str
    arguments: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """Why a task has no value: a class of the project's own exceptions, its message, which names the task, and the
    traceback."""

    kind: type[MirrorneuronError]
    message: str
    trace: str = ""

    def error(self) -> MirrorneuronError:
        """The exception to raise, with the traceback as its note."""
        error = self.kind(self.message)
        if self.trace:
            error.add_note(self.trace)
        return error


@dataclass(frozen=True)
class Finished(Generic[R]):
    """A task that ended: its number, its value or failure, its duration [s], and the process it ran in."""

    number: int
    value: R | None
    failure: Failure | None
    seconds: float
    where: str


class Executor(ABC):
    """A place where tasks run."""

    @abstractmethod
    def stream(self, function: Callable[..., R], tasks: Sequence[Task]) -> Generator[Finished[R], None, None]:
        """Run `function` for every task and yield each task as it ends, in any order; a failed task stops no other.

        A caller that stops early must close the generator, which ends the workers.

        Raises
        ------
        SpecError
            The function or a task cannot be sent to another process.
        ToolError
            The workers, or the connection to them, broke; tasks yielded before stay valid.
        """

    def run(self, function: Callable[..., R], tasks: Sequence[Task], *, progress: Progress | None = None) -> list[R]:
        """Run `function` for every task; the values in the order of the tasks.

        Raises
        ------
        MirrorneuronError
            A task failed: the error of the first failed task, raised when all others have ended. Or as `stream`.
        """
        ended: dict[int, Finished[R]] = {}
        for finished in self.stream(function, tasks):
            ended[finished.number] = finished
            if progress is not None:
                progress(len(ended), len(tasks), tasks[finished.number].name)
        values: list[R] = []
        for number in range(len(tasks)):
            failure = ended[number].failure
            if failure is not None:
                raise failure.error()
            values.append(ended[number].value)  # type: ignore[arg-type]
        return values


def name_of(function: Callable[..., Any]) -> str:
    """Module and name of a function, without its bound arguments."""
    while isinstance(function, partial):
        function = function.func
    return f"{getattr(function, '__module__', '?')}.{getattr(function, '__qualname__', type(function).__name__)}"
