"""A Dask cluster and its workers: the connection, and whether every worker would give the results of this machine."""

from __future__ import annotations

import contextlib
import logging
import platform
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from mirrorneuron.flows.compute.environment import environment
from mirrorneuron.pdk_sky130.errors import (
    MissingToolError,
    SpecError,
    ToolError,
    ToolFailedError,
    ToolTimeoutError,
)

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["WorkerReport", "check_address", "check_workers", "connected", "within", "workers_report"]

R = TypeVar("R")

_ADDRESS: Final = re.compile(r"(?:tcp|tls)://(?:\[[0-9a-fA-F:.]+\]|[^\s:/\[\]]+):\d{1,5}")
_PROBE_S: Final = 60.0
_INSTALL: Final = "pip install 'mirrorneuron[dask]'"


def check_address(address: str) -> None:
    """Refuse what is no address of a Dask scheduler."""
    if not _ADDRESS.fullmatch(address):
        raise SpecError(f"--scheduler {address}: a Dask scheduler's address looks like tcp://host:8786")


@contextlib.contextmanager
def connected(address: str, answer_s: float) -> Iterator[Client]:
    """A connection to the scheduler at an address, which must answer within `answer_s` [s].

    Raises
    ------
    MissingToolError
        dask.distributed is not installed.
    ToolTimeoutError
        No scheduler answers.
    """
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
    """Silence Dask's own log: it writes pages about a lost connection, which the error reports in one line."""
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "distributed"]
    levels = {logger: logger.level for logger in map(logging.getLogger, names)}
    try:
        for logger in levels:
            logger.setLevel(logging.CRITICAL)
        yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)


def within(seconds: float, call: Callable[[], R], who: str) -> R:
    """The value of a call to `who`, if it returns in time; calls of Dask have no limit if the other end hangs."""
    future: Future[R] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        return future.result(seconds)
    except FutureTimeoutError as error:
        if future.done():
            raise
        raise ToolTimeoutError(f"{who} did not answer within {seconds:g} s") from error


@dataclass(frozen=True)
class WorkerReport:
    """A Dask worker: its host, the `environment` that its results depend on, and the findings of ``doctor`` there.

    ``problem`` is None, or the reason why no task can run there.
    """

    address: str
    host: str
    problem: str | None
    environment: Mapping[str, str]
    doctor: Mapping[str, Any]


def workers_report(address: str, *, answer_s: float = 10.0) -> list[WorkerReport]:
    """The findings of ``mirrorneuron doctor`` on each worker of a Dask cluster.

    Raises
    ------
    SpecError
        The address is none of a Dask scheduler.
    ToolError
        dask.distributed is missing, or no scheduler answers.
    """
    check_address(address)
    with connected(address, answer_s) as client:
        return _reports(client, thorough=True)


def _reports(client: Client, *, thorough: bool) -> list[WorkerReport]:
    def probe(thorough: bool) -> dict[str, Any]:
        # Pickled by value: a worker without the package must still be able to run it.
        try:
            from mirrorneuron.flows.compute import dask_workers
        except ImportError as error:
            import platform

            problem = f"the Python package mirrorneuron cannot be imported: {error}"
            return {"host": platform.node(), "problem": problem, "environment": {}, "doctor": {}}
        report: dict[str, Any] = dask_workers.own_report(thorough)
        return report

    answers = within(_PROBE_S, lambda: client.run(probe, thorough, on_error="return"), "the Dask workers")
    reports: list[WorkerReport] = []
    for worker, answer in sorted(answers.items()):
        if isinstance(answer, BaseException):
            answer = {"host": "", "problem": f"{type(answer).__name__}: {answer}", "environment": {}, "doctor": {}}
        reports.append(WorkerReport(worker, **answer))
    return reports


def check_workers(client: Client, address: str, workers_s: float) -> None:
    """Check that there are workers, and that all of them would give the results of this machine.

    Raises
    ------
    MissingToolError
        A worker lacks something, or has another version.
    ToolFailedError
        There is no worker within `workers_s` [s].
    """
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


def own_report(thorough: bool) -> dict[str, Any]:
    """The fields of this worker's `WorkerReport`, without the address."""
    problem: str | None = None
    versions: dict[str, str] = {}
    try:
        versions = environment()
    except ToolError as error:
        problem = str(error)
    diagnosis: dict[str, Any] = {}
    if thorough:
        from mirrorneuron.flows.tools.doctor import examine

        diagnosis = examine().as_json()
    return {"host": platform.node(), "problem": problem, "environment": versions, "doctor": diagnosis}
