"""Magic's extraction of a layout's devices, for netgen to compare."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import klayout.db as kdb
from mirrorneuron.flows import tools
from mirrorneuron.flows.lvs import vpp as lvs_vpp
from mirrorneuron.flows.lvs.circuit import LvsCircuit, LvsDevice
from mirrorneuron.flows.lvs.labels import PIN_OF_LABEL
from mirrorneuron.flows.tools import gds as gds_file
from mirrorneuron.flows.tools import magic, wells
from mirrorneuron.pdk_sky130.errors import EvidenceError, NetlistError
from mirrorneuron.pdk_sky130.install import Pdk
from mirrorneuron.pdk_sky130.layers import DIFF, NWELL, TAP
from mirrorneuron.pdk_sky130.spice import netlist, number
from mirrorneuron.pdk_sky130.spice.devices import DEVICES
from mirrorneuron.pdk_sky130.spice.flatten import FlatElement, flatten
from mirrorneuron.pdk_sky130.technology import magic as technology

__all__ = ["CELL", "MagicNetlist", "extract", "run"]

_TIMEOUT_S: Final = 1800.0

# Magic 8.3.105 takes "l=l+0.16" of its technology file for a name, and does not add.
_LONGER: Final = re.compile(r"\bl\+([\d.]+)=(\S+)", re.IGNORECASE)


CELL: Final = "layout"
"""The name of the cell in Magic."""

_SCRIPT: Final = f"""
crashbackups stop
drc off
gds read {CELL}.gds
load {CELL}
select top cell
extract unique
extract no all
extract all
ext2spice lvs
ext2spice -o {CELL}.spice
"""


@dataclass(frozen=True)
class MagicNetlist:
    """The circuit that Magic extracted from a layout; ``adapted`` if it is too old for the official technology file."""

    circuit: LvsCircuit
    adapted: bool


def extract(layout: kdb.Layout, cell: kdb.Cell, pdk: Pdk, work: Path) -> MagicNetlist:
    """Extract the devices of `cell` in the folder `work`; `layout` is changed.

    Raises
    ------
    ToolError
        Magic is missing, fails, or leaves no netlist.
    """
    (work / f"{CELL}.spice").unlink(missing_ok=True)
    # Flat, so that gates and wells which are drawn in several cells are seen whole, and only the top cell's text names.
    _single_substrate_labels(layout, cell)
    _repeat_labels(layout, cell)
    boxes = lvs_vpp.take_out(cell)
    gds_file.flatten(layout, cell, work / f"{CELL}.gds", name=CELL, extra={wells.PWELL: wells.p_wells(layout, cell)})
    lvs_vpp.put_in(work / f"{CELL}.gds", CELL, boxes)
    return run(pdk, _SCRIPT, work, {box.vpp.model for box in boxes})


def run(pdk: Pdk, script: str, work: Path, boxes: Collection[str]) -> MagicNetlist:
    """Run a script that leaves the netlist of `CELL` in the folder `work`, and flatten it.

    Parameters
    ----------
    boxes
        The cells that stand for finger capacitors.

    Raises
    ------
    ToolError
        Magic is missing, fails, or leaves no netlist.
    """
    magic.run_script(pdk, script, name="extract", work=work, timeout_s=_TIMEOUT_S)
    adapted = technology.technology(pdk, tools.version("magic"), work) != pdk.magic_tech
    try:
        text = (work / f"{CELL}.spice").read_text()
        ports = {box: _box_ports(work / f"{box}.ext") for box in boxes}
    except OSError as error:
        raise EvidenceError(f"Magic left no netlist; see {work / 'extract.log'}") from error
    return MagicNetlist(_circuit(text, ports), adapted)


def _box_ports(ext: Path) -> tuple[str, ...]:
    """The ports of a cell that Magic extracted, in the order of its calls."""
    ports = re.findall(r'^port "([^"]+)" (\d+)', ext.read_text(), re.MULTILINE)
    return tuple(name for name, _ in sorted(ports, key=lambda port: int(port[1])))


def _repeat_labels(layout: kdb.Layout, cell: kdb.Cell) -> None:
    """Repeat text on a label purpose on the pin purpose: Magic up to 8.3.105 makes ports of text there only."""
    for label, pin in PIN_OF_LABEL.items():
        index = layout.find_layer(*label)
        if index is not None:
            texts = kdb.Shapes()
            for text in cell.shapes(index).each(kdb.Shapes.STexts):
                texts.insert(text)
            cell.shapes(layout.layer(*pin)).insert(texts)


def _single_substrate_labels(layout: kdb.Layout, cell: kdb.Cell) -> None:
    """Remove all but one of the labels of each name on the substrate; a label near diffusion stays if there is any.

    The substrate is one net; but where there is no diffusion, Magic sees no p-well and makes a net of the label.
    """
    diffusion = wells.region(layout, cell, DIFF) + wells.region(layout, cell, TAP) - wells.region(layout, cell, NWELL)
    seen = diffusion.sized(round(0.13 / layout.dbu))
    pockets = wells.isolated(layout, cell)
    for layer in (wells.PWELL, PIN_OF_LABEL[wells.PWELL]):
        index = layout.find_layer(*layer)
        if index is None:
            continue
        by_name: dict[str, list[tuple[bool, kdb.Shape]]] = {}
        for shape in cell.shapes(index).each(kdb.Shapes.STexts):
            point = kdb.Region(shape.bbox().enlarged(1, 1))
            if pockets.interacting(point).is_empty():
                away = seen.interacting(point).is_empty()
                by_name.setdefault(shape.text_string, []).append((away, shape))
        for labels in by_name.values():
            for _, shape in sorted(labels, key=lambda pair: pair[0])[1:]:
                cell.shapes(index).erase(shape)


def _circuit(text: str, ports: Mapping[str, Sequence[str]]) -> LvsCircuit:
    """The circuit of Magic's netlist, without pins and devices if it is not there.

    `ports` are the terminals of each finger capacitor, in the order in which Magic calls it.
    """
    circuits = netlist.parse(_LONGER.sub(_lengthened, text), "Magic's netlist")
    circuit = circuits.subcircuits.get(CELL)
    if circuit is None:
        return LvsCircuit(CELL, (), ())
    try:
        elements = [*flatten(circuits, circuit, DEVICES.__contains__)]
    except NetlistError as error:
        raise EvidenceError(f"Magic's netlist of {CELL} is not consistent: {error}") from error
    devices = tuple(_magic_device(element, ports) for element in elements if element.letter in "xr")
    return LvsCircuit(CELL, circuit.pins, devices)


def _lengthened(match: re.Match[str]) -> str:
    return f"l={float(match[1]) + (number(match[2]) or 0.0):.9g}"


def _magic_device(element: FlatElement, ports: Mapping[str, Sequence[str]]) -> LvsDevice:
    *nodes, model = element.words
    nets = element.nets(tuple(nodes))
    if model in ports:
        by_name = dict(zip(ports[model], nets, strict=True))
        nets = tuple(by_name.get(terminal, "") for terminal in lvs_vpp.models()[model])
    values = {key: number(text) for key, text in element.parameters.items()}
    sizes = {key: value for key, value in values.items() if value is not None}
    return LvsDevice(element.name, nets, model, sizes)
