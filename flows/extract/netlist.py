"""Writing an extracted cell as a SPICE netlist for the PDK's models.

Sizes are in um (the model library sets ``scale=1u``). The junction of a node (ad, as, pd, ps) is shared among the
transistors whose source or drain is on it, by their widths.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import klayout.db as kdb
from mirrorneuron.flows.extract.ext_file import ExtractedCell, ExtractedDevice, Terminal
from mirrorneuron.flows.extract.names import NetNames
from mirrorneuron.flows.extract.npn import Emitter
from mirrorneuron.flows.extract.resistance import Network
from mirrorneuron.pdk_sky130.errors import EvidenceError, NetlistError
from mirrorneuron.pdk_sky130.spice.devices import BIPOLAR_AREAS_UM2, FIXED_WIDTHS_UM, NPN, SPECIAL
from mirrorneuron.pdk_sky130.technology.magic import DeviceRules

__all__ = ["DrawnDevices", "PexNetlist"]


@dataclass(frozen=True)
class DrawnDevices:
    """Devices as KLayout sees them: gates (poly over diffusion) [um], and emitters of npn."""

    gates: Sequence[kdb.DPolygon]
    emitters: Sequence[Emitter]


class PexNetlist:
    """The devices of an extracted cell as SPICE lines. With ``wires``, terminals are on places of a net's wires.

    Raises
    ------
    EvidenceError
        Magic's devices are not those that are drawn, or its resistance classes are not those of `rules`.
    NetlistError
        A device is none that extraction handles.
    """

    def __init__(self, extracted: ExtractedCell, names: NetNames, drawn: DrawnDevices, rules: DeviceRules) -> None:
        """Check all devices."""
        self.wires: Network | None = None
        self._extracted = extracted
        self._names = names
        self._drawn = drawn
        self._rules = rules
        if extracted.resist_classes != rules.resist_classes:
            raise EvidenceError(
                "Magic's resistance classes are not those of its technology file, so the areas of sources and drains "
                "are unknown"
            )
        self._junctions = self._junction_widths()
        for number, device in enumerate(extracted.devices):
            self._device(number, device)
        fets = sum(1 for device in extracted.devices if _is_fet(device))
        if fets != len(drawn.gates):
            raise EvidenceError(
                f"the layout has {len(drawn.gates)} gates (poly over diffusion), but Magic extracted {fets} transistors"
            )

    def text(self, title: str, name: str, capacitors_af: Mapping[tuple[str, str], float]) -> str:
        """The netlist of the subcircuit `name`, with capacitors [aF] between pairs of nets."""
        return "\n".join(self._lines(title, name, capacitors_af)) + "\n"

    def _lines(self, title: str, name: str, capacitors_af: Mapping[tuple[str, str], float]) -> Iterator[str]:
        yield f"* {title}"
        yield "* l, w, pd, ps in um, ad, as in um^2, for models with scale=1u"
        yield f".subckt {name} {' '.join(self._names.pins)}"
        for number, device in enumerate(self._extracted.devices):
            yield self._device(number, device)
        for number, (net, start, end, ohm) in enumerate(self.wires.resistors if self.wires else ()):
            yield f"R{number} {self._place(net, start)} {self._place(net, end)} {ohm:.6g}"
        for number, ((first, second), value) in enumerate(capacitors_af.items()):
            yield f"C{number} {first} {second} {value * 1e-18:.5e}"
        yield f".ends {name}"

    def well_capacitances_af(self) -> Iterator[tuple[str, float]]:
        """Collectors of npn, and their capacitance to the substrate [aF] that is in the model already."""
        seen: set[int] = set()
        for device in self._extracted.devices:
            emitter = self._emitter(device) if _is_npn(device) else None
            if emitter is not None and emitter.well not in seen:
                seen.add(emitter.well)
                yield device.terminals[-1].node, emitter.well_af

    # Terminals

    def _nodes(self, device: int, nodes: Sequence[tuple[str, str]]) -> str:
        return " ".join(self._end(device, terminal, node) for terminal, node in nodes)

    def _end(self, number: int, terminal: str, node: str) -> str:
        """The name of the net, or of the place on its wires, at a device's terminal."""
        if self.wires is None:
            return self._names.spell(node)
        if terminal == "bulk":
            return self._place(node, self.wires.bulks.get(self._extracted.aliases.get(node, node), 0))
        if (number, terminal) not in self.wires.terminals:
            raise EvidenceError(
                f"the {self._extracted.devices[number].model} no. {number} has a terminal on {self._names.spell(node)} "
                "that is not found among the drawn shapes; extract without resistances"
            )
        return self._place(*self.wires.terminals[number, terminal])

    def _place(self, node: str, number: int) -> str:
        """A place on a net's wires; 0 is its pin."""
        return f"{self._names.spell(node)}.{number}" if number else self._names.spell(node)

    # Junctions

    def _junction_widths(self) -> dict[tuple[str, int], float]:
        """Summed width [um] of the sources and drains on a node, by node and resistance class."""
        widths: dict[tuple[str, int], float] = defaultdict(float)
        for device in self._extracted.devices:
            if _is_fet(device):
                for terminal in self._source_drain(device):
                    widths[self._junction(device, terminal)] += terminal.width_um
        return widths

    def _junction(self, device: ExtractedDevice, terminal: Terminal) -> tuple[str, int]:
        """Node and resistance class of a source or drain."""
        index = self._rules.diffusions.get(device.model)
        if index is None:
            raise EvidenceError(f"the Magic technology file does not say what diffusion {device.model} has")
        return self._extracted.aliases.get(terminal.node, terminal.node), index

    def _source_drain(self, device: ExtractedDevice) -> tuple[Terminal, Terminal]:
        first, second = device.terminals
        if first.width_um and second.width_um:
            return first, second
        # Magic saw one net: it stands on both sides, or on the only one; Magic then gives half the width.
        size = device.sizes_um["l"] * device.sizes_um["w"]
        corner = kdb.DPoint(device.x_um + 1e-3, device.y_um + 1e-3)
        if not any(abs(gate.area() / size - 1) < 0.1 for gate in self._drawn.gates if gate.inside(corner)):
            raise NetlistError(
                f"the {device.model} at {_at(device)} has no source or no drain: its diffusion ends at the gate"
            )
        each = (first.width_um + second.width_um) / 2
        return Terminal(first.node, each), Terminal(second.node, each)

    def _share(self, device: ExtractedDevice, terminal: Terminal) -> tuple[float, float]:
        """A terminal's part of its node's junction: area [um^2] and perimeter [um]."""
        name, index = key = self._junction(device, terminal)
        part = terminal.width_um / self._junctions[key]
        node = self._extracted.nodes[name]
        return node.areas_um2[index] * part, node.perimeters_um[index] * part

    # Devices

    def _device(self, number: int, device: ExtractedDevice) -> str:
        """The line of a device."""
        if _is_fet(device) and device.bulk is not None:
            return self._fet(number, device, device.bulk)
        if device.kind == "csubckt" and len(device.terminals) == 1:
            return self._line(number, [("gate", device.gate), ("0", device.terminals[0].node)], self._sized(device))
        if device.kind == "rsubckt" and len(device.terminals) == 2:
            nodes = [(str(index), terminal.node) for index, terminal in enumerate(device.terminals)]
            nodes += [("bulk", device.bulk)] if device.bulk else []
            return self._line(number, nodes, self._sized(device))
        if _is_npn(device) and len(device.terminals) == 2 and device.bulk is not None:
            emitter, collector = device.terminals
            nodes = [("1", collector.node), ("gate", device.gate), ("0", emitter.node), ("bulk", device.bulk)]
            return self._line(number, nodes, self._npn(device))
        raise NetlistError(f"the {device.model} ({device.kind}) at {_at(device)} is no device that extraction handles")

    def _line(self, number: int, nodes: Sequence[tuple[str, str]], model: str) -> str:
        return f"X{number} {self._nodes(number, nodes)} {model}"

    def _fet(self, number: int, device: ExtractedDevice, bulk: str) -> str:
        source, drain = self._source_drain(device)
        nodes = [("1", drain.node), ("gate", device.gate), ("0", source.node), ("bulk", bulk)]
        junction = " ".join(
            f"a{letter}={area:.6g} p{letter}={perimeter:.6g}"
            for letter, (area, perimeter) in (("d", self._share(device, drain)), ("s", self._share(device, source)))
        )
        return self._line(number, nodes, f"{self._sized(device)} nf=1 {junction}")

    def _sized(self, device: ExtractedDevice) -> str:
        """Model, length and width [um]. The models know the general device alone where Magic names a size apart."""
        sizes = dict(device.sizes_um)
        if "l" in sizes:
            sizes["l"] += self._rules.length_offsets_um.get(device.model, 0.0)
        model = SPECIAL.get(device.model, device.model)
        if model in FIXED_WIDTHS_UM:
            model, sizes["w"] = FIXED_WIDTHS_UM[model]
        return " ".join([model, *(f"{name}={sizes[name]:.6g}" for name in ("l", "w") if name in sizes)])

    def _npn(self, device: ExtractedDevice) -> str:
        """The model of an npn, by its emitter."""
        emitter = self._emitter(device)
        area = emitter.area if emitter else 0.0
        name = next((name for name, (kind, size) in BIPOLAR_AREAS_UM2.items() if (kind, size) == (NPN, area)), None)
        if name is None:
            raise NetlistError(
                f"the {device.model} at {_at(device)} has an emitter of {area:g} um2, which has no model"
            )
        return name

    def _emitter(self, device: ExtractedDevice) -> Emitter | None:
        """That of an npn: the nearest one up and right of Magic's place of the device."""
        x, y = device.x_um, device.y_um
        beyond = [e for e in self._drawn.emitters if e.box.left >= x and e.box.bottom >= y]
        return min(beyond, key=lambda e: e.box.left - x + e.box.bottom - y, default=None)


def _is_fet(device: ExtractedDevice) -> bool:
    return device.kind == "msubckt" and len(device.terminals) == 2 and {"l", "w"} <= device.sizes_um.keys()


def _is_npn(device: ExtractedDevice) -> bool:
    """Whether it is an npn, under the name of its kind (Magic 8.3.105) or of its size (8.3.411 and newer)."""
    return BIPOLAR_AREAS_UM2.get(device.model.lower(), (device.model,))[0] == NPN


def _at(device: ExtractedDevice) -> str:
    return f"({device.x_um:g}, {device.y_um:g}) um"
