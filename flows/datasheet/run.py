"""Making a cell's datasheet: all numbers of its testbench, of schematic and layout, and theory beside them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from mirrorneuron.flows.datasheet import page
from mirrorneuron.flows.datasheet.plan import measure_and_judge
from mirrorneuron.flows.datasheet.result import Datasheet
from mirrorneuron.flows.judge import Target
from mirrorneuron.flows.results.watch import Watcher
from mirrorneuron.flows.steps.cell import BUILT, JUDGED, MEASURED, CellJob
from mirrorneuron.flows.testbenches import registry
from mirrorneuron.flows.tools import provenance
from mirrorneuron.flows.tools.folders import store
from mirrorneuron.generators.spec import CellSpec
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import InputError

__all__ = ["make", "write"]


def make(
    spec: CellSpec,
    out: Path,
    *,
    targets: Sequence[Target],
    netlist: Path | None = None,
    jobs: int = 1,
    watcher: Watcher | None = None,
) -> Datasheet:
    """Measure a cell for its datasheet: the schematic, and the extracted layout or `netlist`.

    Raises
    ------
    InputError
        There is no testbench for the cell, or it has no hand formulas, so that there is no datasheet; or the cell
        cannot be built, or the netlist cannot be used.
    ToolError
        A program is missing, broke, or found no solution.
    """
    bench = registry.needed(spec)
    if bench.theory is None:
        raise InputError(f"the testbench of {spec.cell} makes no datasheet; simulate and signoff report its numbers")
    record = measure_and_judge(CellJob(spec, out, jobs), targets, netlist=netlist, watcher=watcher)
    return Datasheet(
        spec=spec,
        bench=bench,
        built=record[BUILT],
        measured=record[MEASURED],
        theory=bench.theory(spec),
        judgements=record[JUDGED],
        checks=record.checks,
        versions=provenance.versions(install.locate()),
    )


def write(datasheet: Datasheet, folder: Path) -> None:
    """Write ``datasheet.html`` and ``datasheet.json``, and enter them in its files."""
    html, record = folder / "datasheet.html", folder / "datasheet.json"
    datasheet.files.update({"datasheet": str(html), "datasheet_json": str(record)})
    store(html, page.render(datasheet))
    store(record, json.dumps(datasheet.as_json(), indent=2) + "\n")
