"""netgen's comparison: Magic's netlist of the layout with the schematic, by the official set-up."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from mirrorneuron.flows import tools
from mirrorneuron.flows.lvs.circuit import LvsCircuit
from mirrorneuron.flows.lvs.magic import CELL, MagicNetlist
from mirrorneuron.flows.lvs.normalise import normalised
from mirrorneuron.flows.lvs.tolerance import Tolerances
from mirrorneuron.pdk_sky130.errors import EvidenceError
from mirrorneuron.pdk_sky130.install import Pdk

__all__ = ["compare", "run", "verdict"]

_TIMEOUT_S: Final = 1800.0
# From 1.5.2xx on: "(no pin)" and "(no pin, node is NET)" as well, and "Final result: " before the last verdict.
_NO_PIN: Final = re.compile(r"\(no (?:matching )?pin\b.*\)")
_FINAL: Final = r"^(?:Final result: )?"
_BAD_LINES: Final = re.compile(_FINAL + r"(?:Netlists do not match|Netlists match .* errors|Top level cell failed)")
_PROPERTIES: Final = re.compile(_FINAL + r"(?:Property errors were found|The following cells had property errors)")
_GOOD_LINE: Final = re.compile(_FINAL + r"Circuits match (?:uniquely|correctly)\.", re.M)
# Stands before each comparison of a pair of cells, the top's last.
_COMPARISON: Final = "Subcircuit summary:"


def compare(
    extracted: MagicNetlist, schematic: LvsCircuit, pdk: Pdk, work: Path, tolerances: Tolerances | None = None
) -> tuple[int, tuple[str, ...]]:
    """Number of devices that netgen compared in the folder `work`, and every difference.

    `tolerances` are those of netgen's set-up, or None if sizes must be equal; netgen itself allows them in any case.

    Raises
    ------
    ToolError
        netgen is missing, fails, or leaves no verdict.
    """
    layout, adapted = extracted.circuit, extracted.adapted
    if not layout.devices:
        return 0, ("Magic finds no device in the layout",)
    if not layout.pins:
        return 0, ("Magic finds no pin in the layout",)
    ours, theirs = normalised(layout, schematic, adapted=adapted, tolerances=tolerances)
    (work / f"{CELL}.spice").write_text(ours)
    (work / "schematic.spice").write_text(theirs)
    devices, errors = run(schematic.name, pdk.netgen_setup, work)
    # netgen does not compare pins on which no device lies.
    lost = [f"pin {name} is in the netlist only" for name in schematic.pins if name not in layout.pins]
    extra = [f"pin {name} is in the layout only" for name in layout.pins if name not in schematic.pins]
    return devices, tuple(dict.fromkeys([*errors, *lost, *extra]))


def run(top: str, setup: Path, work: Path) -> tuple[int, tuple[str, ...]]:
    """netgen on the two netlists in the folder `work`: devices compared in the top cell, and every difference.

    The layout's is ``layout.spice`` with the cell `CELL`, the other ``schematic.spice`` with the cell `top`.

    Raises
    ------
    ToolError
        netgen is missing, fails, or leaves no verdict.
    """
    report, data = work / "netgen.out", work / "netgen.json"
    for path in (report, data):
        path.unlink(missing_ok=True)
    sides = [f"{CELL}.spice {CELL}", f"schematic.spice {top}"]
    tools.run(
        "netgen",
        ["-batch", "lvs", *sides, setup, report.name, "-json"],
        cwd=work,
        log=work / "netgen.log",
        timeout_s=_TIMEOUT_S,
    )
    try:
        return verdict(report.read_text(), data.read_text(), top)
    except OSError as error:
        raise EvidenceError(f"netgen left no report; see {work / 'netgen.log'}") from error


def verdict(report: str, data: str, top: str) -> tuple[int, tuple[str, ...]]:
    """The verdict of netgen's two reports on the top cell: devices compared, and every difference.

    The text alone will not do: 1.5.133 ends it with "Circuits match uniquely." also when pins are missing or swapped
    (only the table of pins shows it) and when sizes differ. The data alone will not do either: it has no verdict.

    Raises
    ------
    EvidenceError
        The reports do not hold the comparison of the top cell.
    """
    try:
        cells: list[dict[str, Any]] = json.loads(data)
    except json.JSONDecodeError as error:
        raise EvidenceError(f"netgen's data is no JSON: {error}") from error
    cell = next((c for c in reversed(cells) if [n.lower() for n in c.get("name", ())] == [CELL, top.lower()]), None)
    if cell is None:
        if re.search(r"has no elements", report):
            return 0, ("netgen finds no device in the layout or in the netlist",)
        raise EvidenceError(f"netgen's report has no comparison of {top}")
    errors = list(_errors(cell))
    # A cell below the top that does not match is flattened, and counts then in its parent; its sizes count at once.
    last = report.rpartition(_COMPARISON)[2]
    errors += [line for line in dict.fromkeys(last.splitlines()) if _BAD_LINES.match(line)]
    errors += [line for line in dict.fromkeys(report.splitlines()) if _PROPERTIES.match(line)]
    if not errors and not _GOOD_LINE.search(last):
        raise EvidenceError(f"netgen's report has no verdict on {top}")
    return sum(count for _, count in cell["devices"][0]), tuple(errors)


def _errors(cell: dict[str, Any]) -> list[str]:
    errors = []
    # SPICE knows no case, and neither does netgen: Magic writes some names of devices with capitals.
    ours, theirs = ({name.lower(): count for name, count in side} for side in cell["devices"])
    for name in dict.fromkeys([*ours, *theirs]):
        if ours.get(name, 0) != theirs.get(name, 0):
            errors.append(f"{name}: {ours.get(name, 0)} in the layout, {theirs.get(name, 0)} in the netlist")
    if not ours:
        errors.append("no device was compared")
    if len(set(cell["nets"])) != 1:
        errors.append(f"{cell['nets'][0]} nets in the layout, {cell['nets'][1]} in the netlist")
    for group in cell["badnets"]:
        sides = [", ".join(net[0] for net in side) for side in group]
        errors.append(f"nets without counterpart: layout {sides[0]}; netlist {sides[1]}")
    for group in cell["badelements"]:
        sides = [", ".join(element[0] for element in side) for side in group]
        errors.append(f"devices without counterpart: layout {sides[0]}; netlist {sides[1]}")
    for pair in cell.get("properties", []):
        sides = [f"{name} {' '.join('='.join(value) for value in values)}" for name, values in pair]
        errors.append(f"sizes differ: layout {sides[0]}, netlist {sides[1]}")
    for ours_pin, theirs_pin in zip(*cell.get("pins", [[], []]), strict=True):
        missing = [_NO_PIN.fullmatch(pin) is not None for pin in (ours_pin, theirs_pin)]
        if any(missing):
            where = "netlist" if missing[0] else "layout"
            errors.append(f"pin {theirs_pin if where == 'netlist' else ours_pin} is in the {where} only")
        elif ours_pin.lower() != theirs_pin.lower():
            errors.append(f"pin {ours_pin} of the layout is {theirs_pin} in the netlist")
    return errors
