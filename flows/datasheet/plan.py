"""The steps of a datasheet, which a comparison takes every cell through, too.

::

    build --+--------------------------- simulate -- judge
            `-- extract (or --netlist) --'
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from mirrorneuron.flows import steps
from mirrorneuron.flows.judge import Target
from mirrorneuron.flows.results.watch import Watcher
from mirrorneuron.flows.steps import Record, Step
from mirrorneuron.flows.steps.cell import (
    BENCH,
    BUILD,
    EXTRACT,
    JOB,
    JUDGEMENT,
    LAYOUT_NETLIST,
    MEASURE,
    TARGETS,
    CellJob,
)
from mirrorneuron.flows.testbenches import registry
from mirrorneuron.flows.tools.folders import workspace

__all__ = ["measure", "measure_and_judge"]

_MEASURED: Final[tuple[Step[Any], ...]] = (BUILD, EXTRACT, MEASURE)


def measure(job: CellJob, *, layout: bool = True, watcher: Watcher | None = None) -> Record:
    """Build a cell and measure its schematic and, if `layout`, its extracted layout.

    Raises
    ------
    InputError
        There is no testbench for the cell, or it cannot be built, or another run is at work in its folder.
    ToolError
        A program is missing, broke, or found no solution.
    """
    record = _record(job)
    if layout:
        return _run(job, _MEASURED, record, watcher)
    record.lack(LAYOUT_NETLIST, "the schematic alone is measured")
    return _run(job, (BUILD, MEASURE), record, watcher)


def measure_and_judge(
    job: CellJob, targets: Sequence[Target], *, netlist: Path | None = None, watcher: Watcher | None = None
) -> Record:
    """Build a cell, measure its schematic and its extracted layout, or `netlist` in the layout's place, and judge them.

    Raises as `measure` does, also if the netlist cannot be used.
    """
    record = _record(job)
    record.put(TARGETS, targets)
    if netlist is None:
        return _run(job, (*_MEASURED, JUDGEMENT), record, watcher)
    record.put(LAYOUT_NETLIST, netlist)
    return _run(job, (BUILD, MEASURE, JUDGEMENT), record, watcher)


def _record(job: CellJob) -> Record:
    record = Record()
    record.put(JOB, job)
    record.put(BENCH, registry.needed(job.spec))
    return record


def _run(job: CellJob, plan: Sequence[Step[Any]], record: Record, watcher: Watcher | None) -> Record:
    with workspace(job.spec.name, job.out):
        return steps.run(plan, record, jobs=job.jobs, watcher=watcher)
