"""Parasitics of a layout: Magic's extraction as a SPICE netlist that ngspice runs as it is.

A Magic as new as the official technology file requires gives all capacitances; with an older one (8.3.105 is Debian's)
fringe and sidewall are calculated (`flows.extract.fringe`). Resistances are an option (`flows.extract.resistance`).

The cell is flattened first: Magic 8.3.105 corrects the capacitances between cells of a hierarchy wrongly.
An npn's model has the junction of its deep n-well to the substrate; Magic's capacitance for it is subtracted.
The pins of the netlist are in the schematic's order.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import klayout.db as kdb
from mirrorneuron.flows import tools
from mirrorneuron.flows.extract import coefficients, ext_file, fringe, resistance_rules
from mirrorneuron.flows.extract import resistance as wire_resistance
from mirrorneuron.flows.extract.capacitors import capacitors_af
from mirrorneuron.flows.extract.conductors import Conductors
from mirrorneuron.flows.extract.ext_file import ExtractedCell
from mirrorneuron.flows.extract.names import NetNames
from mirrorneuron.flows.extract.netlist import DrawnDevices, PexNetlist
from mirrorneuron.flows.extract.npn import emitters, region
from mirrorneuron.flows.extract.result import ExtractResult
from mirrorneuron.flows.tools import gds as gds_file
from mirrorneuron.flows.tools import magic, wells
from mirrorneuron.flows.tools.folders import store, writable
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import EvidenceError
from mirrorneuron.pdk_sky130.install import Pdk
from mirrorneuron.pdk_sky130.layers import DIFF, PIN_LAYERS, POLY
from mirrorneuron.pdk_sky130.spice import netlist as spice
from mirrorneuron.pdk_sky130.technology import magic as technology

__all__ = ["run"]

_TIMEOUT_S: Final = 1800.0
_VARIANT: Final = "(si)"
_CELL: Final = "layout"
_DEFAULT_SUBSTRATE: Final = "VSUBS"
_CALCULATED: Final = (
    "Area and overlap capacitance by {tool}, fringe and sidewall calculated from the drawn shapes with the official "
    "coefficients. Held against Magic 8.3.677 on 419 standard cells: nets above 0.3 fF have a median of 1.000, "
    "10th to 90th percentile 0.998 to 1.005."
)
_OFFICIAL: Final = "All capacitances by {tool} with the official technology file."

# The style comes before the GDS: 8.3.105 scales capacitances wrongly if it is set on a grid that reading has refined.
_SCRIPT: Final = f"""
crashbackups stop
drc off
set SUB {_DEFAULT_SUBSTRATE}
extract style ngspice{_VARIANT}
gds read {_CELL}.gds
load {_CELL}
select top cell
puts "box [box values]"
extract no adjust
extract unique
extract all
feedback save feedback.txt
"""


def run(
    gds: Path,
    *,
    out: Path,
    work: Path,
    top: str | None = None,
    schematic: Path | None = None,
    resistance: bool = False,
    timeout_s: float = _TIMEOUT_S,
) -> ExtractResult:
    """Extract a layout with its capacitances, and on demand with the resistances of its wires and contacts.

    Parameters
    ----------
    gds
        Any GDS, drawn by us or not.
    out
        The netlist to write; nothing is left there if anything fails.
    work
        Folder for Magic's files and logs; made if it is not there.
    top
        Cell to extract; needed only if the file has several top cells.
    schematic
        Netlist with a subcircuit of the cell's name, whose pin order is taken over. Without it the pins are the
        layout's ports in Magic's order, or all labelled nets by name if it has none.
    resistance
        Whether wires and contacts are resistors; capacitances stay at the net's pin.
    timeout_s
        For Magic [s].

    Raises
    ------
    InputError
        Not a GDS, no such cell, a schematic pin that has no net of its own in the layout, a device that is not handled.
    EvidenceError
        No device was extracted, or Magic's result is incomplete or not plausible.
    ToolError
        Magic is missing, crashed or hung.
    """
    layout = gds_file.read(gds)
    cell = gds_file.top_cell(layout, gds, top)
    pins = spice.read(schematic).subcircuit(cell.name).spelling if schematic else None
    pdk = install.locate()
    extracted = _extract(layout, cell, pdk, work.resolve(), timeout_s)
    if not extracted.devices:
        raise EvidenceError(
            f"no device was extracted from {cell.name}: the layout has none, or its layers are not SKY130's"
        )
    tech = pdk.magic_tech.read_text()
    names = NetNames(extracted, cell.name, pins)
    netlist = PexNetlist(extracted, names, _drawn(layout, cell, tech), technology.device_rules(tech, _VARIANT))
    version = tools.version("magic")
    adapted = technology.is_adapted(tech, version)
    if adapted or resistance:
        conductors = Conductors(layout, cell)
        nodes = fringe.node_names(extracted, conductors, technology.Types(tech))
        if adapted:
            fringe.add(extracted, conductors, nodes, coefficients.read(tech, _VARIANT))
        if resistance:
            ohms = resistance_rules.read(tech, _VARIANT)
            netlist.wires = wire_resistance.network(
                extracted, conductors, nodes, names.pin_nodes, _texts(layout, cell), ohms
            )
    capacitors = capacitors_af(extracted, names.spell, names.pins, [*netlist.well_capacitances_af()])
    tool = f"magic {version}"
    title = f"{cell.name} extracted from {gds.name} with {tool}, style ngspice{_VARIANT}"
    text = netlist.text(title, cell.name, capacitors)
    writable(out.parent, out.parent)
    store(out, text)
    return ExtractResult(
        pex=out,
        devices=len(extracted.devices),
        capacitors=len(capacitors),
        total_capacitance=sum(capacitors.values()) * 1e-18,
        pins=names.pins,
        tool=tool,
        warnings=tuple(names.warnings),
        accuracy=(_CALCULATED if adapted else _OFFICIAL).format(tool=tool),
        resistors=len(netlist.wires.resistors) if netlist.wires else 0,
    )


def _extract(layout: kdb.Layout, cell: kdb.Cell, pdk: Pdk, work: Path, timeout_s: float) -> ExtractedCell:
    """The flat cell as Magic extracts it in the folder `work`."""
    work.mkdir(parents=True, exist_ok=True)
    for stale in (f"{_CELL}.ext", "feedback.txt"):
        (work / stale).unlink(missing_ok=True)
    p_wells = {wells.PWELL: wells.p_wells(layout, cell)}
    gds_file.flatten(layout, cell, work / f"{_CELL}.gds", name=_CELL, extra=p_wells)
    done = magic.run_script(pdk, _SCRIPT, name="extract", work=work, timeout_s=timeout_s)
    if re.search(r"^box \S+ \S+ \S+ \S+$", done.stdout, re.MULTILINE) is None:
        raise EvidenceError(f"Magic sees nothing in {cell.name} (log: {work / 'extract.log'})")
    return ext_file.read(work / f"{_CELL}.ext")


def _drawn(layout: kdb.Layout, cell: kdb.Cell, tech: str) -> DrawnDevices:
    gates = (region(layout, cell, POLY) & region(layout, cell, DIFF)).merged()
    return DrawnDevices(
        [polygon.to_dtype(layout.dbu) for polygon in gates.each()], emitters(layout, cell, tech, _VARIANT)
    )


def _texts(layout: kdb.Layout, cell: kdb.Cell) -> list[tuple[str, kdb.Point]]:
    """Conductor and place of the cell's own labels, from the left."""
    texts = []
    for metal, pair in PIN_LAYERS.items():
        for layer in (pair.pin, pair.label):
            index = layout.find_layer(*layer)
            shapes = cell.shapes(index).each(kdb.Shapes.STexts) if index is not None else ()
            texts += [(metal, kdb.Point(shape.text_pos.x, shape.text_pos.y)) for shape in shapes]
    return sorted(texts, key=lambda text: (text[0], text[1].x, text[1].y))
