"""Runs benches in ngspice, and accepts only what its results prove.

::

    Bench, Condition
       |  flatten; select the models; refuse floating nodes
       v
    a deck --> ngspice, in a folder of its own --> raw file --> checked arrays
       ^                                              |
       `-------- the next way to a solution <---------'  a value is missing, not finite, or outside the rails

There is one deck for all operating points together, and one for each other analysis.

When an analysis is aborted ngspice ends with status 0 and shows the previous result. So every operating point carries
its number through the circuit, on the node ``sel``; a point that comes back without its number is missing.

Where ngspice finds no solution, other ways are tried: see `solver`. Many samples in one run:
`mirrorneuron.flows.variation.sampling`.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from mirrorneuron.flows import tools
from mirrorneuron.flows.simulate.analyses import Analysis, Points
from mirrorneuron.flows.simulate.attempts import SolverJob
from mirrorneuron.flows.simulate.bench import Bench
from mirrorneuron.flows.simulate.condition import Condition
from mirrorneuron.flows.simulate.deck import Setup
from mirrorneuron.flows.simulate.ngspice import LOG
from mirrorneuron.flows.simulate.result import Data, Progress, Result
from mirrorneuron.flows.simulate.solver import solve
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.models import library

__all__ = ["run", "run_many"]


def run(
    bench: Bench,
    condition: Condition | None = None,
    *,
    pdk: install.Pdk | None = None,
    folder: Path | None = None,
    timeout_s: float = 300.0,
    jobs: int = 1,
) -> Result:
    """Run all analyses of a bench at one condition; as `run_many` with one run."""
    return run_many([(bench, condition or Condition())], pdk=pdk, folder=folder, timeout_s=timeout_s, jobs=jobs)[0]


def run_many(
    runs: Sequence[tuple[Bench, Condition]],
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
    pdk: install.Pdk | None = None,
    folder: Path | None = None,
    timeout_s: float = 300.0,
) -> list[Result]:
    """Run benches at conditions, in the order given whatever finishes first.

    Parameters
    ----------
    jobs
        Processes at a time; by default one for each processor.
    progress
        Called as (processes done, processes in all, the analysis just done), in the caller's thread.
    pdk
        By default the PDK that is installed, or else assembled.
    folder
        Where decks, logs and raw files are kept, in a folder for each process. By default they are removed, unless a
        process fails.
    timeout_s
        For one process.

    Raises
    ------
    InputError
        A bench, a netlist or a condition cannot be used.
    ToolError
        ngspice is missing, broke, or found no solution; the message names the netlist, the condition and ngspice's
        own words. Processes that had not started by then are not run.
    """
    pdk = pdk or install.locate()
    version = tools.version("ngspice")
    started = time.monotonic()
    setups = [Setup(bench, condition, library(pdk.continuous, condition.corner)) for bench, condition in runs]
    processes = [
        process for number, setup in enumerate(setups) for process in _processes(setup, number, folder, timeout_s)
    ]
    data: list[dict[str, Data]] = [{} for _ in runs]
    seconds = [0.0] * len(runs)
    for process, solved in _solved(processes, jobs or os.cpu_count() or 1, progress):
        data[process.number].update(solved)
        seconds[process.number] = time.monotonic() - started
    return [
        Result(
            top=setup.bench.top,
            netlist=Path(setup.bench.netlist),
            condition=setup.condition,
            data={name: data[number][name] for name in setup.bench.analyses},
            ngspice=version,
            models=f"continuous {setup.library.digest}",
            seconds=seconds[number],
            logs=tuple(each.folder / LOG for each in processes if each.number == number and each.folder),
        )
        for number, setup in enumerate(setups)
    ]


@dataclass(frozen=True, eq=False)
class _NgspiceRun:
    """The work of one process of ngspice for the run of a `number`: an analysis, or all its operating points."""

    number: int
    setup: Setup
    analyses: Mapping[str, Analysis]
    folder: Path | None
    timeout_s: float

    @property
    def name(self) -> str:
        """Circuit and analyses, for the progress."""
        return f"{self.setup.bench.top} {', '.join(self.analyses)}"

    def solve(self) -> dict[str, Data]:
        """Solve it in its folder; the data by analysis."""
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            return solve(SolverJob(self.setup, self.analyses, self.folder, self.timeout_s))
        temporary = Path(tempfile.mkdtemp(prefix="mirrorneuron-"))
        data = solve(SolverJob(self.setup, self.analyses, temporary, self.timeout_s))
        # Not before: if it failed, the message names the log.
        shutil.rmtree(temporary, ignore_errors=True)
        return data


def _solved(
    processes: Sequence[_NgspiceRun], jobs: int, progress: Progress | None
) -> Iterator[tuple[_NgspiceRun, dict[str, Data]]]:
    """Each process with its data as it ends, `jobs` at a time; after an error no further process starts."""
    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        futures = {pool.submit(process.solve): process for process in processes}
        try:
            for count, future in enumerate(as_completed(futures), 1):
                process = futures[future]
                yield process, future.result()
                if progress is not None:
                    progress(count, len(futures), f"{process.name}, {process.setup.condition}")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _processes(setup: Setup, number: int, folder: Path | None, timeout_s: float) -> list[_NgspiceRun]:
    analyses = setup.bench.analyses
    points = {name: analysis for name, analysis in analyses.items() if isinstance(analysis, Points)}
    groups: list[Mapping[str, Analysis]] = [points] if points else []
    groups += [{name: analysis} for name, analysis in analyses.items() if name not in points]
    processes: list[_NgspiceRun] = []
    for group in groups:
        place = re.sub(r"[^A-Za-z0-9.=-]+", "_", f"{number} {setup.condition} {'-'.join(group)}")
        processes.append(_NgspiceRun(number, setup, group, folder / place[:100] if folder else None, timeout_s))
    return processes
