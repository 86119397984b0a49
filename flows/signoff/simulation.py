"""Measuring and judging alone: the schematic, or schematic and extracted netlist."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mirrorneuron.flows import steps
from mirrorneuron.flows.judge import Target
from mirrorneuron.flows.results.check import Check
from mirrorneuron.flows.results.watch import Watcher
from mirrorneuron.flows.steps import Inputs, Product, Record, Step
from mirrorneuron.flows.steps.cell import BENCH, JOB, JUDGEMENT, MEASURED, TARGETS, CellJob, Netlists, measure
from mirrorneuron.flows.testbench import LAYOUT, SCHEMATIC, Measurement
from mirrorneuron.flows.testbenches import registry
from mirrorneuron.flows.tools.folders import store, workspace
from mirrorneuron.generators import catalog
from mirrorneuron.generators.spec import CellSpec

__all__ = ["Simulation", "simulate"]


@dataclass(frozen=True)
class Simulation:
    """The measurements by `SCHEMATIC` and `LAYOUT`, and all checks."""

    measured: Mapping[str, Measurement]
    checks: Sequence[Check]

    @property
    def passed(self) -> bool:
        """Whether all checks passed."""
        return all(check.passed for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        """Verdict, checks and numbers as a JSON object."""
        return {
            "passed": self.passed,
            "checks": [check.as_json() for check in self.checks],
            "measured": {name: measurement.as_json() for name, measurement in self.measured.items()},
        }


NETLISTS: Final = Product[Netlists]("netlists")


def simulate(
    spec: CellSpec,
    out: Path,
    *,
    extracted: Path | None,
    targets: Sequence[Target],
    jobs: int = 1,
    watcher: Watcher | None = None,
) -> Simulation:
    """Measure a cell's schematic, and its extracted netlist if there is one, and hold the numbers against the targets.

    The netlist is written to ``out/<name>/<name>.spice``, ngspice's decks and results beside it in ``simulate``.

    Raises
    ------
    InputError
        There is no testbench for the cell, nothing can be written there, or the extracted netlist cannot be used.
    ToolError
        ngspice or the PDK is missing, broke, or found no solution.
    """
    record = Record()
    record.put(JOB, CellJob(spec, out, jobs))
    record.put(BENCH, registry.needed(spec))
    record.put(TARGETS, targets)
    with workspace(spec.name, out) as folder:
        netlist = folder / f"{spec.name}.spice"
        store(netlist, catalog.circuit_of(spec).to_spice())
        record.put(NETLISTS, {SCHEMATIC: netlist} | ({LAYOUT: extracted} if extracted is not None else {}))
        steps.run(_PLAN, record, jobs=jobs, watcher=watcher)
    return Simulation(record[MEASURED], record.checks)


def _measure(inputs: Inputs) -> tuple[Mapping[str, Measurement], list[Check]]:
    netlists = inputs[NETLISTS]
    measured, checks = measure(inputs, netlists, inputs[JOB].folder / "simulate")
    if LAYOUT in netlists:
        checks.append(_wiring(netlists[LAYOUT]))
    return measured, checks


def _wiring(netlist: Path) -> Check:
    """Whether an extracted netlist has the capacitors of its wires."""
    count = len(re.findall(r"^c", netlist.read_text(errors="replace"), re.MULTILINE | re.IGNORECASE))
    name = f"{LAYOUT}: capacitors in the netlist"
    return Check("simulate", name, count > 0, count, detail="" if count else "this is no extracted netlist")


_PLAN: Final = (Step("simulate", (JOB, BENCH, NETLISTS), MEASURED, _measure, vital=True), JUDGEMENT)
