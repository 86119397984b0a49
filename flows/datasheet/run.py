"""A cell's datasheet: all that its testbench measures, schematic and layout side by side, and the textbook beside it.

::

    spec --> build --+-----------------------> measure --.
                     `-- extract (or --netlist) measure --+--> targets, theory --> HTML and JSON
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mirrorneuron.flows import build, extract, judge
from mirrorneuron.flows.build import Built
from mirrorneuron.flows.judge import Judgement, Target
from mirrorneuron.flows.results.check import Check
from mirrorneuron.flows.signoff import page as report
from mirrorneuron.flows.testbench import LAYOUT, SCHEMATIC, Hand, Measurement, Testbench
from mirrorneuron.flows.testbenches import registry
from mirrorneuron.flows.tools.folders import store
from mirrorneuron.generators.spec import CellSpec
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import InputError

if TYPE_CHECKING:
    from mirrorneuron.flows.signoff import Watcher

__all__ = ["Datasheet", "lines", "make", "measured", "write"]


@dataclass(kw_only=True)
class Datasheet:
    """What was found on one cell; ``measured`` is by `SCHEMATIC` and `LAYOUT`, ``theory`` by the numbers' keys."""

    spec: CellSpec
    bench: Testbench[Any, Any]
    built: Built
    measured: Mapping[str, Measurement]
    theory: Mapping[str, Hand]
    judgements: Sequence[Judgement]
    checks: Sequence[Check]
    versions: Mapping[str, str]
    files: dict[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether everything was measured, and all targets are met."""
        return all(check.passed for check in self.checks)

    @property
    def best(self) -> Measurement:
        """The measurement after layout; of the schematic, if that is all there is."""
        return self.measured.get(LAYOUT) or self.measured[SCHEMATIC]

    def as_json(self) -> dict[str, Any]:
        """As a JSON object; the same for the same cell."""
        return {
            "passed": self.passed,
            "checks": [check.as_json() for check in self.checks],
            "cell": self.spec.cell,
            "spec": self.spec.model_dump(mode="json"),
            "area_um2": self.built.area_um2,
            "measured": {name: one.as_json() for name, one in self.measured.items()},
            "theory": {key: hand.as_json() for key, hand in self.theory.items()},
            "curves": {name: one.curves() for name, one in self.measured.items()},
            "versions": dict(self.versions),
            "files": dict(self.files),
        }


def measured(
    spec: CellSpec,
    out: Path,
    *,
    netlist: Path | None = None,
    layout: bool = True,
    jobs: int = 1,
    watcher: Watcher | None = None,
) -> tuple[Built, dict[str, Measurement]]:
    """Build a cell and measure its schematic and, unless `layout` is false, its extracted layout, or `netlist`.

    Raises
    ------
    InputError
        There is no testbench for the cell, or it cannot be built, or the netlist cannot be used.
    ToolError
        A program is missing, broke, or found no solution.
    """
    bench = registry.needed(spec)
    built = build.build(spec, out)
    netlists = {SCHEMATIC: built.spice}
    if layout:
        if netlist is None:
            netlist = built.gds.parent / f"{spec.name}.pex.spice"
            extract.run(built.gds, out=netlist, work=built.gds.parent / "extract", schematic=built.spice)
        netlists[LAYOUT] = netlist
    task, started = f"measure {spec.name}", time.monotonic()

    def progress(done: int, of: int, _: str) -> None:
        if watcher is not None:
            watcher.advanced(task, done, of)

    if watcher is not None:
        watcher.started(task)
    passed = False
    try:
        found = bench.measure(spec, [*netlists.values()], jobs=jobs, progress=progress)
        passed = True
    finally:
        if watcher is not None:
            watcher.ended(task, passed, time.monotonic() - started)
    by_name = dict(zip(netlists, found, strict=True))
    if layout:
        by_name[LAYOUT] = bench.compared(*found)
    return built, by_name


def make(
    spec: CellSpec,
    out: Path,
    *,
    targets: Sequence[Target],
    netlist: Path | None = None,
    jobs: int = 1,
    watcher: Watcher | None = None,
) -> Datasheet:
    """Measure a cell for its datasheet; as `measured`, with targets and theory.

    Raises
    ------
    InputError
        Also: the cell's testbench knows nothing by hand, so there is no datasheet of it.
    """
    bench = registry.needed(spec)
    if bench.theory is None:
        raise InputError(f"the testbench of {spec.cell} makes no datasheet; simulate and signoff report its numbers")
    built, by_name = measured(spec, out, netlist=netlist, jobs=jobs, watcher=watcher)
    checks = [check for name, one in by_name.items() for check in bench.checks(name, one)]
    judgements = judge.judge(bench, targets, by_name[SCHEMATIC], by_name[LAYOUT])
    return Datasheet(
        spec=spec,
        bench=bench,
        built=built,
        measured=by_name,
        theory=bench.theory(spec),
        judgements=judgements,
        checks=[*checks, *(judgement.check() for judgement in judgements)],
        versions=report.versions(install.locate()),
    )


def write(found: Datasheet, folder: Path) -> None:
    """Write ``datasheet.html`` and ``datasheet.json``, and enter them in its files."""
    from mirrorneuron.flows.datasheet import page as datasheet_report  # matplotlib, as slow as all else to import

    page, record = folder / "datasheet.html", folder / "datasheet.json"
    found.files |= {"datasheet": str(page), "datasheet_json": str(record)}
    store(page, datasheet_report.render(found))
    store(record, json.dumps(found.as_json(), indent=2) + "\n")


def lines(found: Datasheet) -> list[str]:
    """The numbers for people: schematic, after layout, by hand."""
    width = max(len(quantity.text) for quantity in found.bench.quantities.values())
    head = "".join(f"{name:>14}" for name in [*found.measured, "by hand"])
    told = [f"{'':{width}}{head}"]
    for key, quantity in found.bench.quantities.items():
        values = [one.numbers.get(key) for one in found.measured.values()]
        hand = found.theory.get(key)
        values.append(hand.value if hand else None)
        if any(value is not None for value in values):
            cells = "".join(f"{'' if value is None else f'{value:.4g}':>14}" for value in values)
            told.append(f"{quantity.text:{width}}{cells} {quantity.unit}".rstrip())
    return told
