"""Parasitics of a layout: Magic's extraction as a SPICE netlist that ngspice runs as it is.

A Magic as new as the official technology file asks for gives all capacitances; with an older one (8.3.105 is Debian's)
fringe and sidewall are calculated (`flows.parasitics`). Resistances are an option (`flows.parasitics_resistance`).

The cell is flattened first: Magic 8.3.105 corrects the capacitances between cells of a hierarchy wrongly.
An npn's model has the junction of its deep n-well to the substrate; Magic's capacitance for it is taken off again.
What is written has the schematic's pin order, sizes in um (the model library sets ``scale=1u``), and the junctions
(ad, as, pd, ps) of a node shared among its transistors by their widths.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import klayout.db as kdb
import numpy as np
from mirrorneuron.flows import tools
from mirrorneuron.flows.extract import coefficients as parasitics_rules
from mirrorneuron.flows.extract import ext_file as ext
from mirrorneuron.flows.extract import fringe as parasitics
from mirrorneuron.flows.extract import resistance as parasitics_resistance
from mirrorneuron.flows.extract.conductors import Conductors
from mirrorneuron.pdk_sky130.spice.devices import BIPOLAR_AREAS_UM2
from mirrorneuron.flows.tools import gds as gds_file
from mirrorneuron.flows.tools import magic
from mirrorneuron.flows.tools.folders import store, writable
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import EvidenceError, FileError, NetlistError
from mirrorneuron.pdk_sky130.layers import DIFF, DNWELL, NPN, NWELL, PIN_LAYERS, POLY, Layer
from mirrorneuron.pdk_sky130.technology import magic as technology

__all__ = ["Agreement", "ExtractResult", "compare", "run"]

_TIMEOUT_S: Final = 1800.0
_VARIANT: Final = "(si)"
_CELL: Final = "layout"
_DEFAULT_SUBSTRATE: Final = "VSUBS"
# Label layer of the p-well. Magic takes a shape on it for a p-well; it knows no other way to tell that the whole inside
# of an n-well ring over a deep n-well is one net.
_PWELL: Final = Layer(64, 59)
# Nets below are not compared.
_WORTH_F: Final = 0.3e-15
_CALCULATED: Final = (
    "Area and overlap capacitance by {tool}, fringe and sidewall calculated from the drawn shapes with the official "
    "coefficients. Held against Magic 8.3.677 on 419 standard cells: nets above 0.3 fF have a median of 1.000, "
    "10th to 90th percentile 0.998 to 1.005."
)
_OFFICIAL: Final = "All capacitances by {tool} with the official technology file."
# How far the n-well of the foundry's npn goes beyond its deep n-well (nwell.5).
_WELL_UM: Final = 0.4
# Rounding in Magic's sums; a real capacitance is larger by orders of magnitude.
_NOTHING_AF: Final = 1e-3
# A newer Magic names some sizes apart; the continuous models know the general name only.
_NPN: Final = "sky130_fd_pr__npn_05v5"
_FIXED_WIDTH: Final = re.compile(r"(?P<model>sky130_fd_pr__res_x?high_po)_(?P<width>\d+p\d+)")

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


@dataclass(frozen=True)
class Agreement:
    """Capacitance of nets above 0.3 fF over what another Magic gives for them: median, 10th and 90th percentile."""

    tool: str
    nets: int
    median: float
    p10: float
    p90: float

    def as_json(self) -> dict[str, Any]:
        """The agreement as a JSON object."""
        return asdict(self)


@dataclass(frozen=True)
class ExtractResult:
    """An extracted netlist and what stands in it.

    ``total_capacitance`` is the sum of all parasitic capacitors [F] (devices not counted); ``warnings`` says what a
    person should look at: a label on unconnected nets, a net tied to ground for want of a pin. ``accuracy`` says who
    calculated the capacitances and how far they are known to be right.
    """

    pex: Path
    devices: int
    capacitors: int
    total_capacitance: float
    pins: tuple[str, ...]
    tool: str
    warnings: tuple[str, ...] = ()
    accuracy: str = ""
    resistors: int = 0
    agreement: Agreement | None = None

    def as_json(self) -> dict[str, Any]:
        """The result as a JSON object; capacitance in F."""
        return {
            "pex": str(self.pex),
            "devices": self.devices,
            "capacitors": self.capacitors,
            "total_capacitance": self.total_capacitance,
            "pins": list(self.pins),
            "tool": self.tool,
            "accuracy": self.accuracy,
            "resistors": self.resistors,
            "agreement": self.agreement.as_json() if self.agreement else None,
            "warnings": list(self.warnings),
        }


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
    wanted = _schematic_pins(schematic, cell.name) if schematic else None
    pdk = install.locate()
    work = work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    for stale in (f"{_CELL}.ext", "feedback.txt"):
        (work / stale).unlink(missing_ok=True)
    _write_flat(layout, cell, work / f"{_CELL}.gds")
    gates = (_region(layout, cell, POLY) & _region(layout, cell, DIFF)).merged()
    done = magic.run_script(pdk, _SCRIPT, name="extract", work=work, timeout_s=timeout_s)
    if re.search(r"^box \S+ \S+ \S+ \S+$", done.stdout, re.MULTILINE) is None:
        raise EvidenceError(f"Magic sees nothing in {cell.name} (log: {work / 'extract.log'})")
    extracted = ext.read(work / f"{_CELL}.ext")
    tech = pdk.magic_tech.read_text()
    version = tools.version("magic")
    adapted = technology.is_adapted(tech, version)
    netlist = _Netlist(
        extracted, cell.name, tech, wanted, _places(gates, layout.dbu), _emitters(layout, cell, _well_af(tech))
    )
    if adapted or resistance:
        conductors = Conductors(layout, cell)
        names = parasitics.node_names(extracted, conductors, technology.Types(tech))
        if adapted:
            parasitics.add(extracted, conductors, names, parasitics_rules.read(tech, _VARIANT))
        if resistance:
            pins = frozenset(netlist.spelling)
            ohms = parasitics_resistance.read(tech, _VARIANT)
            netlist.wires = parasitics_resistance.network(
                extracted, conductors, names, pins, _texts(layout, cell), ohms
            )
    capacitors_af = netlist.capacitors()
    tool = f"magic {version}"
    text = netlist.text(f"{cell.name} extracted from {gds.name} with {tool}, style ngspice{_VARIANT}", capacitors_af)
    writable(out.parent, out.parent)
    store(out, text)
    return ExtractResult(
        pex=out,
        devices=len(extracted.devices),
        capacitors=len(capacitors_af),
        total_capacitance=sum(capacitors_af.values()) * 1e-18,
        pins=netlist.pins,
        tool=tool,
        warnings=tuple(netlist.warnings),
        accuracy=(_CALCULATED if adapted else _OFFICIAL).format(tool=tool),
        resistors=len(netlist.wires.resistors) if netlist.wires else 0,
    )


def compare(result: ExtractResult, gds: Path, magic_program: Path, *, work: Path, top: str | None = None) -> Agreement:
    """How an extraction agrees with what another Magic gives for the same layout.

    Not for use beside other runs of Magic in one process: they would get the other program, too.

    Raises
    ------
    EvidenceError
        The two have no net above 0.3 fF in common.
    InputError, ToolError
        As for `run`.
    """
    variable = tools.TOOLS["magic"].variable
    before = os.environ.get(variable)
    os.environ[variable] = str(magic_program)
    try:
        other = run(gds, out=work / "other.pex.spice", work=work, top=top)
    finally:
        if before is None:
            del os.environ[variable]
        else:
            os.environ[variable] = before
    own, others = _sums(result.pex), _sums(other.pex)
    ratios = [own[net] / value for net, value in others.items() if value > _WORTH_F and net in own]
    if not ratios:
        raise EvidenceError(f"{result.tool} and {other.tool} have no net above {_WORTH_F * 1e15:g} fF in common")
    low, median, high = (float(value) for value in np.percentile(ratios, (10, 50, 90)))
    return Agreement(other.tool, len(ratios), median, low, high)


def _sums(netlist: Path) -> dict[str, float]:
    """Capacitance [F] of each net of an extracted netlist; places on a net's wires count for the net."""
    sums: dict[str, float] = defaultdict(float)
    for line in netlist.read_text().splitlines():
        if line.startswith("C"):
            _, one, other, value = line.split()
            sums[one] += float(value)
            sums[other] += float(value)
    return sums


def _write_flat(layout: kdb.Layout, cell: kdb.Cell, path: Path) -> None:
    """The flat cell that Magic gets, its isolated p-wells marked."""
    marks = {_PWELL: _region(layout, cell, DNWELL) - _region(layout, cell, NWELL)}
    gds_file.flatten(layout, cell, path, name=_CELL, extra=marks)


def _texts(layout: kdb.Layout, cell: kdb.Cell) -> list[tuple[str, kdb.Point]]:
    """Conductor and place of the cell's own labels, from the left."""
    found = []
    for metal, pair in PIN_LAYERS.items():
        for layer in (pair.pin, pair.label):
            index = layout.find_layer(*layer)
            shapes = cell.shapes(index).each(kdb.Shapes.STexts) if index is not None else ()
            found += [(metal, kdb.Point(shape.text_pos.x, shape.text_pos.y)) for shape in shapes]
    return sorted(found, key=lambda text: (text[0], text[1].x, text[1].y))


def _region(layout: kdb.Layout, cell: kdb.Cell, layer: Layer) -> kdb.Region:
    index = layout.find_layer(*layer)
    return kdb.Region() if index is None else kdb.Region(cell.begin_shapes_rec(index))


def _places(gates: kdb.Region, dbu: float) -> list[kdb.DPolygon]:
    return [polygon.to_dtype(dbu) for polygon in gates.each()]


@dataclass(frozen=True)
class _Emitter:
    """Of an npn: its box [um], area [um2], its deep n-well's number, and Magic's capacitance for that well [aF]."""

    box: kdb.DBox
    area: float
    well: int
    well_af: float


def _well_af(tech: str) -> Mapping[str, float]:
    """What Magic takes for wells on the substrate [aF/um^2], by its name of the layer."""
    found = {
        words[1]: float(words[-1])
        for words in technology.extract_statements(tech, _VARIANT)
        if words[0] == "defaultareacap" and words[1] in ("nwell", "dnwell")
    }
    if len(found) != 2:
        raise EvidenceError(
            "the Magic technology file has no capacitance for n-wells; install the official one of SKY130"
        )
    return found


def _emitters(layout: kdb.Layout, cell: kdb.Cell, well_af: Mapping[str, float]) -> list[_Emitter]:
    deep, nwell = _region(layout, cell, DNWELL).merged(), _region(layout, cell, NWELL)
    reach, unit = round(_WELL_UM / layout.dbu), layout.dbu**2
    found: list[_Emitter] = []
    for polygon in (_region(layout, cell, NPN) & _region(layout, cell, DIFF)).merged().each():
        number = next((k for k, well in enumerate(deep.each()) if well.inside(polygon.bbox().center())), -1)
        around = kdb.Region(list(deep.each())[number]) if number >= 0 else kdb.Region()
        beside = (nwell & around.sized(reach)) - around
        value = (well_af["dnwell"] * around.area() + well_af["nwell"] * beside.area()) * unit
        found.append(_Emitter(polygon.bbox().to_dtype(layout.dbu), round(polygon.area() * unit, 4), number, value))
    return found


def _schematic_pins(path: Path, name: str) -> tuple[str, ...]:
    """Pins of a subcircuit, in order and in the spelling of the netlist."""
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"the netlist {path} cannot be read: {error}") from error
    found = []
    for line in re.sub(r"\n\s*\+", " ", text).splitlines():
        words = line.split()
        if len(words) > 1 and words[0].lower() == ".subckt":
            found.append(words[1])
            if words[1].lower() == name.lower():
                return tuple(word for word in words[2:] if "=" not in word and not word.lower().startswith("params:"))
    raise NetlistError(
        f"{path} has no subcircuit {name}, the layout's top cell; it has: {', '.join(found) or 'none'}. "
        "Name the subcircuit as the cell."
    )


class _Netlist:
    """An extracted cell turned into SPICE lines."""

    def __init__(
        self,
        extracted: ext.Extracted,
        name: str,
        tech: str,
        wanted: Sequence[str] | None,
        gates: Sequence[kdb.DPolygon],
        emitters: Sequence[_Emitter],
    ) -> None:
        self.extracted = extracted
        self.emitters = emitters
        self.name = name
        self.gates = gates
        self.wires: parasitics_resistance.Network | None = None
        self.warnings: list[str] = []
        if not extracted.devices:
            raise EvidenceError(
                f"no device was extracted from {name}: the layout has none, or its layers are not SKY130's"
            )
        self.spelling: dict[str, str] = {}
        self.pins = tuple(wanted) if wanted is not None else self._layout_pins()
        for pin in self.pins:
            self._bind(pin)
        self._look_for_split_nets()
        if extracted.substrate not in self.spelling:
            self.warnings.append(
                f"the substrate ({extracted.substrate}) is on no pin of {name}; it is tied to node 0 here: add a p-tap"
            )
            self.spelling[extracted.substrate] = "0"
        self.rules = technology.device_rules(tech, _VARIANT)
        if extracted.resist_classes != self.rules.resist_classes:
            raise EvidenceError(
                "Magic's resistance classes are not those of its technology file; source and drain areas cannot be told"
            )
        self.junctions = self._junctions()
        self.bodies = {
            device.gate: tuple(terminal.node for terminal in device.terminals)
            for device in extracted.devices
            if device.kind == "rsubckt"
        }
        for number, device in enumerate(extracted.devices):
            self._device(number, device)
        fets = sum(1 for device in extracted.devices if _is_fet(device))
        if fets != len(gates):
            raise EvidenceError(
                f"{name} has {len(gates)} gates (poly over diffusion), but Magic extracted {fets} transistors from it"
            )

    def _layout_pins(self) -> tuple[str, ...]:
        ports = sorted(self.extracted.ports, key=lambda port: self.extracted.ports[port])
        if not ports:
            # What Magic names itself ends in a hash.
            ports = sorted(name for name in self.extracted.nodes if not name.endswith("#") and self._is_used(name))
        return tuple(port for port in ports if self.extracted.node(port))

    def _is_used(self, name: str) -> bool:
        node = self.extracted.nodes[name]
        return name == self.extracted.substrate or any(node.areas_um2)

    def _bind(self, pin: str) -> None:
        node = self.extracted.node(pin) or self._by_case(pin)
        if node is None:
            raise NetlistError(
                f"pin {pin} of {self.name} has no net in the layout. Draw its shape on the pin purpose (datatype 16) "
                "and put the text on datatypes 5 and 16 of the same layer."
            )
        if node in self.spelling:
            raise NetlistError(
                f"pins {self.spelling[node]} and {pin} of {self.name} are one net in the layout: a short"
            )
        self.spelling[node] = pin

    def _by_case(self, pin: str) -> str | None:
        """SPICE does not tell cases apart; layouts do."""
        names = [name for name in (*self.extracted.nodes, *self.extracted.aliases) if name.lower() == pin.lower()]
        return self.extracted.node(names[0]) if len(names) == 1 else None

    def _look_for_split_nets(self) -> None:
        # "extract unique" renames the second of two unconnected nets with one label.
        split = {
            match.group(1) for name in self.extracted.nodes if (match := re.fullmatch(r"(.+)_uq\d+", name)) is not None
        }
        self.warnings += [f"label {label} lies on nets that are not connected" for label in sorted(split)]

    def _place(self, node: str, number: int) -> str:
        """A place on a net's wires; 0 is its pin."""
        return f"{self._spell(node)}.{number}" if number else self._spell(node)

    def _end(self, device: int, terminal: str, node: str) -> str:
        """The name of what a device's terminal is on."""
        if self.wires is None:
            return self._spell(node)
        if terminal == "bulk":
            return self._place(node, self.wires.bulks.get(self.extracted.aliases.get(node, node), 0))
        if (device, terminal) not in self.wires.terminals:
            raise EvidenceError(
                f"the {self.extracted.devices[device].model} no. {device} has a terminal on {self._spell(node)} that "
                "is not found among the drawn shapes; extract without resistances"
            )
        return self._place(*self.wires.terminals[device, terminal])

    def _spell(self, node: str) -> str:
        return self.spelling.get(self.extracted.aliases.get(node, node), self.extracted.aliases.get(node, node))

    def _junctions(self) -> dict[tuple[str, int], float]:
        """Summed width [um] of the sources and drains on a node, by node and resistance class."""
        widths: dict[tuple[str, int], float] = defaultdict(float)
        for device in self.extracted.devices:
            if _is_fet(device):
                for terminal in self._source_drain(device):
                    widths[self._key(device, terminal)] += terminal.width_um
        return widths

    def _key(self, device: ext.Device, terminal: ext.Terminal) -> tuple[str, int]:
        index = self.rules.diffusions.get(device.model)
        if index is None:
            raise EvidenceError(f"the Magic technology file does not say what diffusion {device.model} has")
        return self.extracted.aliases.get(terminal.node, terminal.node), index

    def _source_drain(self, device: ext.Device) -> tuple[ext.Terminal, ext.Terminal]:
        first, second = device.terminals
        if first.width_um and second.width_um:
            return first, second
        # Magic saw one net: it stands on both sides, or on the only one; Magic then gives half the width.
        size = device.sizes_um["l"] * device.sizes_um["w"]
        corner = kdb.DPoint(device.x_um + 1e-3, device.y_um + 1e-3)
        if not any(abs(gate.area() / size - 1) < 0.1 for gate in self.gates if gate.inside(corner)):
            raise NetlistError(
                f"the {device.model} at ({device.x_um:g}, {device.y_um:g}) um has no source or no drain: "
                "its diffusion ends at the gate"
            )
        each = (first.width_um + second.width_um) / 2
        return ext.Terminal(first.node, each), ext.Terminal(second.node, each)

    def _device(self, number: int, device: ext.Device) -> str:
        place = f"({device.x_um:g}, {device.y_um:g}) um"
        sizes = dict(device.sizes_um)
        if "l" in sizes:
            sizes["l"] += self.rules.length_offsets_um.get(device.model, 0.0)
        model = device.model.replace("__special_", "__") if _is_fet(device) else device.model
        fixed = _FIXED_WIDTH.fullmatch(model)
        if fixed:
            model = fixed["model"]
            sizes["w"] = float(fixed["width"].replace("p", "."))
        size = " ".join(f"{name}={sizes[name]:.6g}" for name in ("l", "w") if name in sizes)
        if _is_fet(device) and device.bulk is not None:
            source, drain = self._source_drain(device)
            junction = " ".join(
                f"a{letter}={area:.6g} p{letter}={perimeter:.6g}"
                for letter, (area, perimeter) in (("d", self._share(device, drain)), ("s", self._share(device, source)))
            )
            nodes = [("1", drain.node), ("gate", device.gate), ("0", source.node), ("bulk", device.bulk)]
            return f"X{number} {self._nodes(number, nodes)} {model} {size} nf=1 {junction}"
        if device.kind == "csubckt" and len(device.terminals) == 1:
            nodes = [("gate", device.gate), ("0", device.terminals[0].node)]
            return f"X{number} {self._nodes(number, nodes)} {model} {size}"
        if device.kind == "rsubckt" and len(device.terminals) == 2:
            nodes = [(str(index), terminal.node) for index, terminal in enumerate(device.terminals)]
            nodes += [("bulk", device.bulk)] if device.bulk else []
            return f"X{number} {self._nodes(number, nodes)} {model} {size}"
        if device.model == _NPN and len(device.terminals) == 2 and device.bulk is not None:
            emitter, collector = device.terminals
            nodes = [("1", collector.node), ("gate", device.gate), ("0", emitter.node), ("bulk", device.bulk)]
            return f"X{number} {self._nodes(number, nodes)} {self._npn(device)}"
        raise NetlistError(f"the {device.model} ({device.kind}) at {place} is no device that extraction handles")

    def _npn(self, device: ext.Device) -> str:
        """The model of an npn, by its emitter."""
        emitter = self._emitter(device)
        area = emitter.area if emitter else 0.0
        name = next((name for name, (kind, size) in BIPOLAR_AREAS_UM2.items() if (kind, size) == (_NPN, area)), None)
        if name is None:
            place = f"({device.x_um:g}, {device.y_um:g}) um"
            raise NetlistError(f"the {device.model} at {place} has an emitter of {area:g} um2, which has no model")
        return name

    def _emitter(self, device: ext.Device) -> _Emitter | None:
        """That of an npn, which lies up and right from where Magic says that the device is."""
        boxes = [one for one in self.emitters if one.box.left >= device.x_um and one.box.bottom >= device.y_um]
        return min(boxes, key=lambda one: one.box.left - device.x_um + one.box.bottom - device.y_um, default=None)

    def _modelled(self) -> Iterator[tuple[str, float]]:
        """Collectors of npn, and what of their capacitance to the substrate [aF] is in the model already."""
        seen: set[int] = set()
        for device in self.extracted.devices:
            emitter = self._emitter(device) if device.model == _NPN else None
            if emitter is not None and emitter.well not in seen:
                seen.add(emitter.well)
                yield device.terminals[-1].node, emitter.well_af

    def _nodes(self, device: int, nodes: Sequence[tuple[str, str]]) -> str:
        return " ".join(self._end(device, terminal, node) for terminal, node in nodes)

    def _share(self, device: ext.Device, terminal: ext.Terminal) -> tuple[float, float]:
        """A terminal's part of its node's junction: area [um^2] and perimeter [um]."""
        name, index = key = self._key(device, terminal)
        part = terminal.width_um / self.junctions[key]
        node = self.extracted.nodes[name]
        return node.areas_um2[index] * part, node.perimeters_um[index] * part

    def capacitors(self) -> dict[tuple[str, str], float]:
        """Capacitance [aF] by pair of nets as they are spelled, in alphabetical order."""
        sums: dict[tuple[str, str], float] = defaultdict(float)
        pairs = [(name, self.extracted.substrate, node.capacitance_af) for name, node in self.extracted.nodes.items()]
        pairs += [(first, second, value) for (first, second), value in self.extracted.couplings_af.items()]
        pairs += [(collector, self.extracted.substrate, -value) for collector, value in self._modelled()]
        for first, second, value in pairs:
            for one, part in self._ends(first):
                for other, share in self._ends(second):
                    if one != other:
                        sums[min(one, other), max(one, other)] += value * part * share
        kept = {pair: value for pair, value in sums.items() if abs(value) > _NOTHING_AF}
        negative = {pair: value for pair, value in kept.items() if value < 0}
        if negative:
            pair = min(negative, key=lambda key: negative[key])
            raise EvidenceError(
                f"Magic finds {len(negative)} negative capacitances, the worst {negative[pair] / 1000:.4g} fF between "
                f"{pair[0]} and {pair[1]}: its model does not hold for this layout. Use a newer Magic."
            )
        return dict(sorted(_without_floating(kept, self._driven()).items()))

    def _ends(self, node: str) -> tuple[tuple[str, float], ...]:
        """The nets that a node's capacitance belongs to, with their parts: a resistor's body is half at either end."""
        ends = self.bodies.get(self.extracted.aliases.get(node, node))
        return tuple((self._spell(end), 0.5) for end in ends) if ends else ((self._spell(node), 1.0),)

    def _driven(self) -> set[str]:
        """Nets that a pin or a device holds."""
        held = {*self.pins, self._spell(self.extracted.substrate)}
        for device in self.extracted.devices:
            held |= {self._spell(name) for name in (device.gate, device.bulk) if name}
            held |= {self._spell(terminal.node) for terminal in device.terminals}
        return held

    def text(self, title: str, capacitors_af: Mapping[tuple[str, str], float]) -> str:
        """The netlist, with capacitors [aF] between pairs of nets."""
        return "\n".join(self._lines(title, capacitors_af)) + "\n"

    def _lines(self, title: str, capacitors_af: Mapping[tuple[str, str], float]) -> Iterator[str]:
        yield f"* {title}"
        yield "* l, w, pd, ps in um, ad, as in um^2, for models with scale=1u"
        yield f".subckt {self.name} {' '.join(self.pins)}"
        for number, device in enumerate(self.extracted.devices):
            yield self._device(number, device)
        for number, (net, start, end, ohm) in enumerate(self.wires.resistors if self.wires else ()):
            yield f"R{number} {self._place(net, start)} {self._place(net, end)} {ohm:.6g}"
        for number, ((one, other), value) in enumerate(capacitors_af.items()):
            yield f"C{number} {one} {other} {value * 1e-18:.5e}"
        yield f".ends {self.name}"


def _is_fet(device: ext.Device) -> bool:
    return device.kind == "msubckt" and len(device.terminals) == 2 and {"l", "w"} <= device.sizes_um.keys()


def _without_floating(sums: dict[tuple[str, str], float], driven: set[str]) -> dict[tuple[str, str], float]:
    """Replace each net that only capacitors meet by what it does between its neighbours (star to mesh).

    Exact for a conductor without charge; left in, it would have no operating point.
    """
    around: dict[str, dict[str, float]] = defaultdict(dict)
    for (one, other), value in sums.items():
        around[one][other] = around[other][one] = value
    for net in sorted(around.keys() - driven):
        star = around.pop(net)
        total = sum(star.values())
        neighbours = sorted(star)
        for neighbour in neighbours:
            del around[neighbour][net]
        for i, one in enumerate(neighbours):
            for other in neighbours[i + 1 :]:
                value = around[one].get(other, 0.0) + star[one] * star[other] / total
                around[one][other] = around[other][one] = value
    return {(one, other): value for one, row in around.items() for other, value in row.items() if one < other}
