"""Run testbenches in ngspice, and believe nothing that it did not prove.

::

    Bench, Condition
       |  flatten; take the models needed; refuse floating nodes
       v
    a deck --> ngspice, in a folder of its own --> raw file --> checked arrays
       ^                                              |
       `-------- the next way to a solution <---------'  something is missing, not finite, or out of the rails

There is a deck for all operating points together, and one for each other analysis.

ngspice ends with status 0 and shows the previous result when an analysis is aborted. So every operating point carries
its number through the circuit, on the node ``sel``, and one that comes back without it is missing.

Where ngspice finds no solution, other ways are tried: see `solver`. Many samples in one run: `sampling`.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from mirrorneuron.flows import tools
from mirrorneuron.flows.simulate.bench import Analysis, Bench, Points
from mirrorneuron.flows.simulate.deck import TEMPERATURES_C, Condition, Setup
from mirrorneuron.flows.simulate.ngspice import LOG
from mirrorneuron.flows.simulate.solver import Attempts, Data
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.models import library

__all__ = ["TEMPERATURES_C", "Condition", "Data", "Progress", "Result", "conditions", "run", "run_many"]

Progress: TypeAlias = Callable[[int, int, str], None]


def conditions(corners: Sequence[str], temperatures_c: Sequence[float]) -> list[Condition]:
    """Every corner at every temperature."""
    return [Condition(corner, temperature) for corner in corners for temperature in temperatures_c]


@dataclass(frozen=True)
class Result:
    """What a bench gave at a condition: `Data` by the analysis' name, and what it was made with.

    ``logs`` are ngspice's outputs (beside them the decks and raw files), if a folder to keep them in was given.
    """

    top: str
    netlist: Path
    condition: Condition
    data: Mapping[str, Data]
    ngspice: str
    models: str
    seconds: float
    logs: tuple[Path, ...] = ()

    def __getitem__(self, analysis: str) -> Data:
        """The data of an analysis by its name."""
        return self.data[analysis]


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
        Called as (processes done, processes in all, what the one just done was), in the caller's thread.
    pdk
        By default the one that is installed, or assembled.
    folder
        Where decks, logs and raw files are kept, in a folder for each process. By default they are removed, unless the
        run fails.
    timeout_s
        For one process.

    Raises
    ------
    InputError
        A bench, a netlist or a condition cannot be used.
    ToolError
        ngspice is missing, broke, or found no solution; the message names the netlist, the condition and ngspice's
        own words. What had not started by then is not run.
    """
    pdk = pdk or install.locate()
    version = tools.version("ngspice")
    started = time.monotonic()
    setups = [Setup(bench, condition, library(pdk.continuous, condition.corner)) for bench, condition in runs]
    jobs_of = [_jobs(setup, timeout_s, folder, number) for number, setup in enumerate(setups)]
    found: list[dict[str, Data]] = [{} for _ in runs]
    seconds = [0.0] * len(runs)
    with ThreadPoolExecutor(max_workers=max(1, jobs or os.cpu_count() or 1)) as pool:
        futures = {pool.submit(job.solve): (number, job) for number, group in enumerate(jobs_of) for job in group}
        try:
            for count, future in enumerate(as_completed(futures), 1):
                number, job = futures[future]
                found[number].update(future.result())
                seconds[number] = time.monotonic() - started
                if progress is not None:
                    progress(count, len(futures), f"{job.name}, {job.setup.condition}")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [
        Result(
            top=setup.bench.top,
            netlist=Path(setup.bench.netlist),
            condition=setup.condition,
            data={name: found[number][name] for name in setup.bench.analyses},
            ngspice=version,
            models=f"continuous {setup.library.digest}",
            seconds=seconds[number],
            logs=tuple(job.folder / LOG for job in jobs_of[number] if job.folder),
        )
        for number, setup in enumerate(setups)
    ]


@dataclass
class _Job:
    """What one ngspice process does for a setup: an analysis, or all its operating points together."""

    setup: Setup
    name: str
    analyses: Mapping[str, Analysis]
    timeout_s: float
    folder: Path | None

    def solve(self) -> dict[str, Data]:
        """Run it in its folder, in as many ways as it takes; the data by analysis."""
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            return self._attempts(self.folder).data()
        temporary = Path(tempfile.mkdtemp(prefix="mirrorneuron-"))
        data = self._attempts(temporary).data()
        # Only now: if it failed, the message names the log.
        shutil.rmtree(temporary, ignore_errors=True)
        return data

    def _attempts(self, folder: Path) -> Attempts:
        return Attempts(self.setup, self.analyses, folder, self.timeout_s)


def _jobs(setup: Setup, timeout_s: float, folder: Path | None, number: int) -> list[_Job]:
    analyses = setup.bench.analyses
    points = {name: analysis for name, analysis in analyses.items() if isinstance(analysis, Points)}
    groups: list[Mapping[str, Analysis]] = [points] if points else []
    groups += [{name: analysis} for name, analysis in analyses.items() if name not in points]
    jobs: list[_Job] = []
    for group in groups:
        name = f"{setup.bench.top} {', '.join(group)}"
        place = re.sub(r"[^A-Za-z0-9.=-]+", "_", f"{number} {setup.condition} {'-'.join(group)}")
        jobs.append(_Job(setup, name, group, timeout_s, folder / place[:100] if folder else None))
    return jobs
