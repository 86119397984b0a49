"""Mirrors side by side, all measured alike: one table, ratio error and output resistance over the output's voltage."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mirrorneuron.flows import datasheet
from mirrorneuron.flows.reports import console
from mirrorneuron.flows.results.check import Check
from mirrorneuron.flows.testbench import LAYOUT, SCHEMATIC
from mirrorneuron.flows.testbenches import registry
from mirrorneuron.flows.testbenches.mirror.measurement import MirrorMeasurement
from mirrorneuron.flows.testbenches.mirror.quantities import QUANTITIES
from mirrorneuron.flows.tools.folders import store
from mirrorneuron.generators import catalog
from mirrorneuron.generators.cells.mirrors.parts.spec import MirrorSpec
from mirrorneuron.generators.spec import CellSpec
from mirrorneuron.pdk_sky130.errors import InputError, SpecError

if TYPE_CHECKING:
    from mirrorneuron.flows.signoff import Watcher

__all__ = ["KEYS", "Comparison", "Entry", "compare", "lines", "write"]

KEYS: Final = {
    "error_mid": "Error",
    "output_resistance": "R out",
    "output_low": "V out from",
    "input_voltage": "V in",
    "bandwidth": "-3 dB",
    "peaking": "Peaking",
    "settling_full": "Settling",
    "stable_low": "Stable from",
    "stable_high": "to",
    "power": "Power",
    "noise_rms": "Noise",
    "mismatch": "Mismatch",
}
"""What the table has of the testbench's numbers, beside the area, and how they are called there."""


@dataclass(frozen=True)
class Entry:
    """One mirror: its spec, the measurement that is shown, and the area of its layout's box."""

    spec: MirrorSpec
    found: MirrorMeasurement
    area_um2: float


@dataclass(kw_only=True)
class Comparison:
    """Mirrors as measured; ``where`` is `SCHEMATIC` or `LAYOUT`."""

    entries: Sequence[Entry]
    where: str
    checks: Sequence[Check]
    files: dict[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether everything was measured; nothing is judged."""
        return all(check.passed for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        """As a JSON object; the same for the same mirrors."""
        return {
            "passed": self.passed,
            "checks": [check.as_json() for check in self.checks],
            "where": self.where,
            "mirrors": {
                one.spec.name: {
                    "spec": one.spec.model_dump(mode="json"),
                    "area_um2": one.area_um2,
                    **one.found.as_json(),
                    "curves": one.found.curves(),
                }
                for one in self.entries
            },
            "files": dict(self.files),
        }


def compare(
    specs: Sequence[CellSpec],
    out: Path,
    *,
    layout: bool = True,
    jobs: int = 1,
    watcher: Watcher | None = None,
) -> Comparison:
    """Build and measure mirrors, one after the other.

    Raises
    ------
    InputError
        One is no mirror, two have one name, or they are not at the same current: what would be compared?
    ToolError
        A program is missing, broke, or found no solution.
    """
    mirrors = [spec for spec in specs if isinstance(spec, MirrorSpec)]
    for spec in specs:
        if not isinstance(spec, MirrorSpec):
            raise InputError(f"{spec.name} is a {spec.cell}, no mirror; `mirrorneuron list` shows them")
    names = [spec.name for spec in mirrors]
    if len(set(names)) < len(names):
        raise SpecError(f"two mirrors of one name among {', '.join(names)}; give them names of their own")
    currents = {spec.current for spec in mirrors}
    if len(currents) != 1:
        told = ", ".join(f"{spec.name} {1e6 * spec.current:g} uA" for spec in mirrors)
        raise SpecError(f"the mirrors are not made for one current: {told}; give all the same, --set current=1uA")
    for spec in mirrors:
        catalog.circuit_of(spec)  # a bad one is refused before another is measured
    where = LAYOUT if layout else SCHEMATIC
    entries: list[Entry] = []
    checks: list[Check] = []
    for spec in mirrors:
        built, found = datasheet.measured(spec, out, layout=layout, jobs=jobs, watcher=watcher)
        one = found[where]
        if not isinstance(one, MirrorMeasurement):
            raise InputError(f"the testbench of {spec.cell} measures no mirror")
        entries.append(Entry(spec, one, built.area_um2))
        checks += registry.needed(spec).checks(spec.name, one)
    return Comparison(entries=entries, where=where, checks=checks)


def write(found: Comparison, folder: Path) -> None:
    """Write ``mirrors.html`` and ``mirrors.json``, and enter them in its files."""
    from mirrorneuron.flows.compare import page as compare_report  # matplotlib, as slow as all else to import

    page, record = folder / "mirrors.html", folder / "mirrors.json"
    found.files |= {"report": str(page), "json": str(record)}
    store(page, compare_report.render(found))
    store(record, json.dumps(found.as_json(), indent=2) + "\n")


def lines(found: Comparison) -> list[str]:
    """The table for people."""
    rows = [["", *(f"{short}, {QUANTITIES[key].unit}" for key, short in KEYS.items()), "area, um2"]]
    for one in found.entries:
        values = [*(one.found.numbers.get(key) for key in KEYS), one.area_um2]
        rows.append([one.spec.name, *("-" if value is None else f"{value:.4g}" for value in values)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    told = console.checks([check.as_json() for check in found.checks if not check.passed])
    for name, *cells in rows:
        numbers = "  ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=True))
        told.append(f"{name:{widths[0]}}  {numbers}")
    return told
