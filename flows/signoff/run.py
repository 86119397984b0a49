"""Taking a cell through all steps of the sign-off."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mirrorneuron.flows import steps
from mirrorneuron.flows.judge import Target
from mirrorneuron.flows.results.watch import Watcher
from mirrorneuron.flows.signoff.plan import COMMAND, PLAN, VERSIONS, result_of
from mirrorneuron.flows.signoff.result import Signoff
from mirrorneuron.flows.steps import Record
from mirrorneuron.flows.steps.cell import BENCH, JOB, TARGETS, CellJob
from mirrorneuron.flows.testbenches import registry
from mirrorneuron.flows.tools import provenance
from mirrorneuron.flows.tools.folders import workspace
from mirrorneuron.generators.spec import CellSpec
from mirrorneuron.pdk_sky130 import install

__all__ = ["run"]


def run(
    spec: CellSpec,
    out: Path,
    *,
    targets: Sequence[Target],
    jobs: int = 1,
    watcher: Watcher | None = None,
    command: str = "",
) -> Signoff:
    """Take a cell through all steps.

    Parameters
    ----------
    out
        Everything is written in ``out/<name>``.
    targets
        Of the cell's testbench; they are ignored for a cell without one.
    jobs
        How many programs may run at the same time.
    command
        The command line, for the report.

    Raises
    ------
    InputError
        The cell cannot be built, or nothing can be written there, or a target is none of its testbench.
    ToolError
        The PDK is missing. Errors of later steps are in the result.
    """
    pdk = install.locate()
    bench = registry.bench_of(spec)
    record = Record()
    record.put(JOB, CellJob(spec, out, jobs))
    record.put(TARGETS, targets)
    record.put(VERSIONS, provenance.versions(pdk))
    record.put(COMMAND, command)
    if bench is None:
        record.lack(BENCH, f"there is no testbench for {spec.cell}")
    else:
        record.put(BENCH, bench)
    with workspace(spec.name, out):
        return result_of(steps.run(PLAN, record, jobs=jobs, watcher=watcher))
