"""The second opinion of LVS: Magic extracts the devices, netgen compares with the official set-up."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import klayout.db as kdb
from mirrorneuron.flows import tools
from mirrorneuron.flows.lvs import vpp as lvs_vpp
from mirrorneuron.flows.lvs.alike import alike
from mirrorneuron.flows.lvs.schematic import Schematic
from mirrorneuron.flows.tools import gds as gds_file
from mirrorneuron.flows.tools import magic
from mirrorneuron.pdk_sky130.errors import EvidenceError
from mirrorneuron.pdk_sky130.install import Pdk
from mirrorneuron.pdk_sky130.layers import DIFF, DNWELL, NWELL, PIN_LAYERS, POLY, TAP, Layer
from mirrorneuron.pdk_sky130.spice import logical_lines
from mirrorneuron.pdk_sky130.technology import magic as technology

__all__ = ["Extracted", "compare", "extract", "verdict"]

_TIMEOUT_S: Final = 1800.0

# Magic up to 8.3.105 makes a port only of text on the pin purpose, so text on a label purpose is repeated there.
_PIN_OF_LABEL: Final[dict[Layer, Layer]] = {
    **{layers.label: layers.pin for layers in PIN_LAYERS.values()},
    Layer(NWELL.layer, 5): Layer(NWELL.layer, 16),
    Layer(POLY.layer, 5): Layer(POLY.layer, 16),
    Layer(64, 59): Layer(122, 16),  # p-well
}

# Magic sees a p-well only near diffusion; a shape here makes it see the whole of an isolated one.
_PWELL: Final = Layer(64, 59)

_CELL: Final = "layout"
_SCRIPT: Final = f"""
crashbackups stop
drc off
gds read {_CELL}.gds
load {_CELL}
select top cell
extract unique
extract no all
extract all
ext2spice lvs
ext2spice -o {_CELL}.spice
"""

_NO_PIN: Final = "(no matching pin)"
_BAD_LINES: Final = re.compile(r"^(?:Netlists do not match|Property errors were found|Top level cell failed)", re.M)
_GOOD_LINE: Final = re.compile(r"^Circuits match (?:uniquely|correctly)\.", re.M)


@dataclass(frozen=True)
class Extracted:
    """What Magic found in a layout: its netlist, its pins, and in which order it gives a finger capacitor's terminals.

    ``adapted`` tells that this Magic is too old for the official technology file.
    """

    text: str
    pins: tuple[str, ...]
    ports: dict[str, tuple[str, ...]]
    adapted: bool


def extract(layout: kdb.Layout, cell: kdb.Cell, pdk: Pdk, work: Path) -> Extracted:
    """Extract the devices of `cell` in the folder `work`; `layout` is changed.

    Raises
    ------
    ToolError
        Magic is missing, fails, or leaves no netlist.
    """
    spice = work / f"{_CELL}.spice"
    spice.unlink(missing_ok=True)
    # Flat, so that gates and wells which are drawn in several cells are seen whole, and only the top cell's text names.
    _single_substrate_labels(layout, cell)
    _repeat_labels(layout, cell)
    boxes = lvs_vpp.take_out(cell)
    gds_file.flatten(layout, cell, work / f"{_CELL}.gds", name=_CELL, extra={_PWELL: _isolated(layout, cell)})
    lvs_vpp.put_in(work / f"{_CELL}.gds", _CELL, boxes)
    magic.run_script(pdk, _SCRIPT, name="extract", work=work, timeout_s=_TIMEOUT_S)
    adapted = technology.technology(pdk, tools.version("magic"), work) != pdk.magic_tech
    try:
        text = spice.read_text()
        ports = {box.vpp.model: _box_ports(work / f"{box.vpp.model}.ext") for box in boxes}
    except OSError as error:
        raise EvidenceError(f"Magic left no netlist; see {work / 'extract.log'}") from error
    return Extracted(text, tuple(_ports(text)), ports, adapted)


def compare(extracted: Extracted, schematic: Schematic, pdk: Pdk, work: Path) -> tuple[int, tuple[str, ...]]:
    """Number of devices that netgen compared in the folder `work`, and what is wrong.

    Raises
    ------
    ToolError
        netgen is missing, fails, or leaves no verdict.
    """
    if not re.search(r"^[xr]", extracted.text, re.MULTILINE | re.IGNORECASE):
        return 0, ("Magic finds no device in the layout",)
    if not extracted.pins:
        return 0, ("Magic finds no pin in the layout",)
    (work / f"{_CELL}.spice").write_text(alike(extracted.text, adapted=extracted.adapted, ports=extracted.ports))
    (work / "schematic.spice").write_text(alike(schematic.flat, adapted=extracted.adapted))
    devices, errors = _netgen(schematic.top, pdk.netgen_setup, work)
    # netgen passes over pins on which no device lies.
    lost = [f"pin {name} is in the netlist only" for name in schematic.pins if name not in extracted.pins]
    extra = [f"pin {name} is in the layout only" for name in extracted.pins if name not in schematic.pins]
    return devices, tuple(dict.fromkeys([*errors, *lost, *extra]))


def _box_ports(ext: Path) -> tuple[str, ...]:
    """The ports of a cell that Magic extracted, in the order of its calls."""
    ports = re.findall(r'^port "([^"]+)" (\d+)', ext.read_text(), re.MULTILINE)
    return tuple(name for name, _ in sorted(ports, key=lambda port: int(port[1])))


def _repeat_labels(layout: kdb.Layout, cell: kdb.Cell) -> None:
    for label, pin in _PIN_OF_LABEL.items():
        index = layout.find_layer(*label)
        if index is not None:
            texts = kdb.Shapes()
            for text in cell.shapes(index).each(kdb.Shapes.STexts):
                texts.insert(text)
            cell.shapes(layout.layer(*pin)).insert(texts)


def _region(layout: kdb.Layout, cell: kdb.Cell, layer: Layer) -> kdb.Region:
    index = layout.find_layer(*layer)
    return kdb.Region() if index is None else kdb.Region(cell.begin_shapes_rec(index))


def _isolated(layout: kdb.Layout, cell: kdb.Cell) -> kdb.Region:
    """P-wells that a deep n-well and a closed ring of n-well cut off the substrate."""
    dnwell = _region(layout, cell, DNWELL)
    return (kdb.Region(dnwell.bbox().enlarged(1)) - _region(layout, cell, NWELL)).merged().inside(dnwell)


def _single_substrate_labels(layout: kdb.Layout, cell: kdb.Cell) -> None:
    """Of the labels of one name on the substrate leave one, if it can be one near diffusion.

    The substrate is one net; but where there is no diffusion, Magic sees no p-well and makes a net of the label.
    """
    diffusion = _region(layout, cell, DIFF) + _region(layout, cell, TAP) - _region(layout, cell, NWELL)
    seen = diffusion.sized(round(0.13 / layout.dbu))
    pockets = _isolated(layout, cell)
    for layer in (_PWELL, _PIN_OF_LABEL[_PWELL]):
        index = layout.find_layer(*layer)
        if index is None:
            continue
        by_name: dict[str, list[tuple[bool, kdb.Shape]]] = {}
        for shape in cell.shapes(index).each(kdb.Shapes.STexts):
            point = kdb.Region(shape.bbox().enlarged(1, 1))
            if pockets.interacting(point).is_empty():
                away = seen.interacting(point).is_empty()
                by_name.setdefault(shape.text_string, []).append((away, shape))
        for found in by_name.values():
            for _, shape in sorted(found, key=lambda pair: pair[0])[1:]:
                cell.shapes(index).erase(shape)


def _ports(spice: str) -> list[str]:
    for line in logical_lines(spice):
        words = line.split()
        if words[:2] == [".subckt", _CELL]:
            return words[2:]
    return []


def _netgen(top: str, setup: Path, work: Path) -> tuple[int, tuple[str, ...]]:
    report, data = work / "netgen.out", work / "netgen.json"
    for path in (report, data):
        path.unlink(missing_ok=True)
    sides = [f"{_CELL}.spice {_CELL}", f"schematic.spice {top}"]
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
    """What netgen's two reports say of the top cell: devices compared, and what is wrong.

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
    cell = next((c for c in reversed(cells) if [n.lower() for n in c["name"]] == [_CELL, top.lower()]), None)
    if cell is None:
        if re.search(r"has no elements", report):
            return 0, ("netgen finds no device in the layout or in the netlist",)
        raise EvidenceError(f"netgen's report has no comparison of {top}")
    errors = list(_errors(cell))
    errors += [line for line in dict.fromkeys(report.splitlines()) if _BAD_LINES.match(line)]
    if not errors and not _GOOD_LINE.search(report):
        raise EvidenceError(f"netgen's report has no verdict on {top}")
    return sum(count for _, count in cell["devices"][0]), tuple(errors)


def _errors(cell: dict[str, Any]) -> list[str]:
    errors = []
    ours, theirs = (dict(map(tuple, side)) for side in cell["devices"])
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
        if _NO_PIN in (ours_pin, theirs_pin):
            where = "netlist" if ours_pin == _NO_PIN else "layout"
            errors.append(f"pin {theirs_pin if where == 'netlist' else ours_pin} is in the {where} only")
        elif ours_pin.lower() != theirs_pin.lower():
            errors.append(f"pin {ours_pin} of the layout is {theirs_pin} in the netlist")
    return errors
