"""Measuring mirrors side by side, all in the same way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from mirrorneuron.flows import datasheet
from mirrorneuron.flows.compare import page
from mirrorneuron.flows.compare.result import ComparedMirror, Comparison
from mirrorneuron.flows.results.check import Check
from mirrorneuron.flows.results.watch import Watcher
from mirrorneuron.flows.steps.cell import BUILT, MEASURED, CellJob
from mirrorneuron.flows.testbench import LAYOUT, SCHEMATIC
from mirrorneuron.flows.testbenches.mirror.measurement import MirrorMeasurement
from mirrorneuron.flows.tools.folders import store, workspace
from mirrorneuron.generators import catalog
from mirrorneuron.generators.cells.mirrors.parts.spec import MirrorSpec
from mirrorneuron.generators.spec import CellSpec
from mirrorneuron.pdk_sky130.errors import InputError, SpecError

__all__ = ["compare", "write"]


@dataclass(frozen=True)
class _OfCell:
    """A watcher of one cell's tasks among those of others: their names begin with the cell's."""

    watcher: Watcher
    cell: str

    def started(self, task: str) -> None:
        self.watcher.started(f"{self.cell} {task}")

    def advanced(self, task: str, done: int, of: int) -> None:
        self.watcher.advanced(f"{self.cell} {task}", done, of)

    def ended(self, task: str, passed: bool, seconds: float) -> None:
        self.watcher.ended(f"{self.cell} {task}", passed, seconds)


def compare(
    specs: Sequence[CellSpec],
    out: Path,
    *,
    layout: bool = True,
    jobs: int = 1,
    watcher: Watcher | None = None,
) -> Comparison:
    """Build and measure mirrors, one after the other: their extracted layouts, or their schematics alone.

    Raises
    ------
    InputError
        A spec is no mirror's, two mirrors have one name, or they are not made for the same current; or another run
        is at work in a mirror's folder.
    ToolError
        A program is missing, broke, or found no solution.
    """
    mirrors = _mirrors(specs)
    for spec in mirrors:
        catalog.circuit_of(spec)  # a bad one is refused before another is measured
    where = LAYOUT if layout else SCHEMATIC
    compared: list[ComparedMirror] = []
    checks: list[Check] = []
    with ExitStack() as stack:
        # All folders before the first cell: another run at work in the last one is known at once.
        for spec in mirrors:
            stack.enter_context(workspace(spec.name, out))
        for spec in mirrors:
            named = None if watcher is None else _OfCell(watcher, spec.name)
            record = datasheet.measure(CellJob(spec, out, jobs), layout=layout, watcher=named)
            measurement = record[MEASURED][where]
            if not isinstance(measurement, MirrorMeasurement):
                raise InputError(f"the testbench of {spec.cell} measures no mirror")
            compared.append(ComparedMirror(spec, measurement, record[BUILT].area_um2))
            checks += [replace(check, name=f"{spec.name}: {check.name}") for check in record.checks]
    return Comparison(mirrors=compared, where=where, checks=checks)


def _mirrors(specs: Sequence[CellSpec]) -> list[MirrorSpec]:
    """The specs, if they can be compared."""
    mirrors: list[MirrorSpec] = []
    for spec in specs:
        if not isinstance(spec, MirrorSpec):
            raise InputError(f"{spec.name} is a {spec.cell}, no mirror; `mirrorneuron list` shows the mirrors")
        mirrors.append(spec)
    names = [spec.name for spec in mirrors]
    if len(set(names)) < len(names):
        raise SpecError(f"two mirrors of one name among {', '.join(names)}; each needs a name of its own")
    if len({spec.current for spec in mirrors}) != 1:
        currents = ", ".join(f"{spec.name} {1e6 * spec.current:g} uA" for spec in mirrors)
        raise SpecError(f"the mirrors are not made for one current: {currents}; set one for all, --set current=1uA")
    return mirrors


def write(comparison: Comparison, folder: Path) -> None:
    """Write ``mirrors.html`` and ``mirrors.json``, and enter them in its files."""
    html, record = folder / "mirrors.html", folder / "mirrors.json"
    comparison.files.update({"report": str(html), "json": str(record)})
    store(html, page.render(comparison))
    store(record, json.dumps(comparison.as_json(), indent=2) + "\n")
