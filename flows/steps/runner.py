"""The one runner of steps: order, threads, skips, times, progress and evidence."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import Any

from mirrorneuron.flows.results.check import Check
from mirrorneuron.flows.results.watch import WatchedTask, Watcher, watched
from mirrorneuron.flows.steps.step import Inputs, Product, Record, Skip, Step
from mirrorneuron.pdk_sky130.errors import MirrorneuronError

__all__ = ["run"]


def run(steps: Sequence[Step[Any]], record: Record, *, jobs: int = 1, watcher: Watcher | None = None) -> Record:
    """Take a record through steps.

    A step starts when all that it needs or waits for is made, or known to be missing. It fails if a check of it fails,
    if it leaves no check, if it raises, or if a product that it needs is missing.

    Parameters
    ----------
    steps
        Each after the steps whose products it needs.
    record
        Holds the products that the run starts with; checks, times and further products are entered in it.
    jobs
        How many steps may run at the same time.

    Raises
    ------
    ValueError
        The steps are declared wrongly: a product has two makers, or none before the step that needs it.
    MirrorneuronError
        A vital step raised it.
    """
    _check_order(steps, record)
    return _Runner(record, watcher).run(list(steps), max(1, jobs))


def _check_order(steps: Sequence[Step[Any]], record: Record) -> None:
    made: set[Product[Any]] = set()
    for step in steps:
        absent = [need for need in (*step.needs, *step.after) if need not in made and not record.settled(need)]
        if absent:
            raise ValueError(f"step {step.task} needs {absent[0].name}, which no step before it makes")
        if step.makes in made or record.settled(step.makes):
            raise ValueError(f"step {step.task} makes {step.makes.name}, which is made already")
        made.add(step.makes)


class _Runner:
    def __init__(self, record: Record, watcher: Watcher | None) -> None:
        self._record = record
        self._watcher = watcher
        self._lock = threading.Lock()

    def run(self, waiting: list[Step[Any]], jobs: int) -> Record:
        running: set[Future[None]] = set()
        pool = ThreadPoolExecutor(jobs)
        try:
            while waiting or running:
                ready = [step for step in waiting if self._is_ready(step)]
                waiting = [step for step in waiting if step not in ready]
                if len(ready) == 1 and not running:
                    # Nothing else to do meanwhile: the caller's own thread, where any library works.
                    self._do(ready[0])
                    continue
                for step in sorted(ready, key=lambda step: -step.seconds):
                    # With the context of the caller, who may hold the folder's lock.
                    running.add(pool.submit(copy_context().run, self._do, step))
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                for future in ended:
                    future.result()
        finally:
            pool.shutdown(cancel_futures=True)
        return self._record

    def _is_ready(self, step: Step[Any]) -> bool:
        return all(self._record.settled(product) for product in (*step.needs, *step.after))

    def _do(self, step: Step[Any]) -> None:
        missing = next((need for need in step.needs if need not in self._record), None)
        if missing is not None:
            reason = self._record.absence(missing)
            self._enter(step, [step.check("ran", f"skipped because {reason}")])
            return
        with watched(self._watcher, step.task) as task:
            checks = self._attempt(step, task)
            task.passed = all(check.passed for check in checks)
        with self._lock:
            self._record.seconds[step.task] = task.seconds

    def _attempt(self, step: Step[Any], task: WatchedTask) -> Sequence[Check]:
        """Run a step, enter its product and return its checks; an error is a failed check."""
        try:
            value, checks = step.run(Inputs(self._record, task))
        except Skip as reason:
            return self._enter(step, [step.check("ran", f"skipped because {reason}")])
        except MirrorneuronError as error:
            if step.vital:
                raise
            with self._lock:
                self._record.errors.append(error)
            return self._enter(step, [step.check("ran", str(error))])
        if not checks:
            checks = [step.check("evidence", "the step left no check, so nothing is known of its result")]
        return self._enter(step, checks, value)

    def _enter(self, step: Step[Any], checks: Sequence[Check], *made: Any) -> Sequence[Check]:
        """Enter the checks, then the product, if it was made: whoever waits for it may start, and see the checks."""
        with self._lock:
            self._record.checks += checks
            if made:
                self._record.put(step.makes, *made)
            else:
                self._record.lack(step.makes)
        return checks
