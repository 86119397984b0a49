"""One task in a process: its call, and its value or failure as bytes for another process."""

from __future__ import annotations

import pickle
import time
import traceback
from collections.abc import Callable
from typing import TypeVar

from mirrorneuron.flows.compute.contract import Failure, Finished, Task
from mirrorneuron.pdk_sky130 import errors
from mirrorneuron.pdk_sky130.errors import MirrorneuronError, SpecError, ToolFailedError

__all__ = ["attempt", "failure_of", "packed", "pickled"]

R = TypeVar("R")


def attempt(function: Callable[..., R], number: int, task: Task, where: str, *, apart: bool = True) -> Finished[R]:
    """Call the function; an exception becomes a failure that names the task.

    In a process `apart` from the caller's an exit becomes a failure, too; in the caller's own process it ends the
    program.
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
    # The nearest class of the project: a foreign exception may not be picklable.
    kind = next((base for base in type(error).__mro__ if base.__module__ == errors.__name__), None)
    trace = "".join(traceback.format_exception(error)).rstrip()
    if kind is not None and issubclass(kind, MirrorneuronError):
        return Failure(kind, f"{name}: {error}", trace)
    return Failure(ToolFailedError, f"{name}: {type(error).__name__}: {error}", trace)


def packed(finished: Finished[R], name: str) -> bytes:
    """The outcome of the task `name` as bytes for another process; a value that cannot be pickled is a failure."""
    try:
        return pickle.dumps(finished, protocol=5)
    except Exception as error:
        message = f"{name}: its result, a {type(finished.value).__name__}, cannot be sent to another process: {error}"
        failure = Failure(SpecError, message)
        return pickle.dumps(Finished(finished.number, None, failure, finished.seconds, finished.where), protocol=5)


def pickled(value: object, name: str) -> bytes:
    """A function or a task called `name` as bytes for another process.

    Raises
    ------
    SpecError
        It cannot be pickled, or another process could not import it.
    """
    if getattr(value, "__module__", None) == "__main__" and callable(value):
        raise SpecError(
            f"{name} is defined in the program that runs; another process cannot import it from there. Put it into "
            "a module of its own, or run with jobs=1."
        )
    try:
        return pickle.dumps(value, protocol=5)
    except Exception as error:
        raise SpecError(f"{name} cannot be sent to another process: {error}") from error
