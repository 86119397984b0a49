"""Resistance of the wires and contacts of a flat layout, as a network of resistors between pins and device terminals.

KLayout's network extractor counts squares of poly, local interconnect and metals; contacts and vias count one by one.
Sheet and contact resistances are the technology file's. Diffusions, wells and capacitor plates are one node each: what
is in them belongs to the device's model. So does the contact on a high-resistance resistor's head.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import klayout.db as kdb
import numpy as np
from mirrorneuron.flows.extract.conductors import METALS, Conductors
from mirrorneuron.flows.extract.ext_file import ExtractedCell
from mirrorneuron.flows.extract.geometry import Ints
from mirrorneuron.flows.extract.resistance_rules import PLATES, VIAS, WIRES, ResistanceRules
from mirrorneuron.flows.extract.wire_network import LEAST_OHM, NetShapes, resistors

__all__ = ["Network", "network"]

# As in `flows.extract.fringe`: Magic's place of a node or device is its corner rounded down.
_INSIDE_UM: Final = 0.005


@dataclass
class Network:
    """Resistors, by Magic's node and two numbers: 0 is the node itself (its pin), others are places on its wires [ohm].

    ``terminals`` says where a device's terminal is: number of the device, then ``gate``, ``0`` or ``1``; ``bulks`` the
    number of a net's wells and substrate.
    """

    resistors: list[tuple[str, int, int, float]] = field(default_factory=list)
    terminals: dict[tuple[int, str], tuple[str, int]] = field(default_factory=dict)
    bulks: dict[str, int] = field(default_factory=dict)


def network(
    extracted: ExtractedCell,
    conductors: Conductors,
    names: Mapping[int, str],
    pins: Collection[str],
    texts: Sequence[tuple[str, kdb.Point]],
    rules: ResistanceRules,
) -> Network:
    """The resistors of all nets.

    Parameters
    ----------
    names
        Magic's node of each net.
    pins
        The nodes that are pins: their place is that of their first text.
    texts
        Conductor and place of the layout's labels.

    Raises
    ------
    EvidenceError
        A device's terminal is not found among the shapes.
    """
    builder = _Builder(extracted, conductors, names, rules)
    builder.place_pins(pins, texts)
    return builder.finish(builder.place_devices())


class _Builder:
    def __init__(
        self, extracted: ExtractedCell, conductors: Conductors, names: Mapping[int, str], rules: ResistanceRules
    ) -> None:
        self.extracted, self.conductors, self.names, self.rules = extracted, conductors, names, rules
        self.nets: dict[str, NetShapes] = defaultdict(NetShapes)
        regions = conductors.regions
        for layer in WIRES:
            region = regions[layer] - regions["head"] if layer == "poly" else regions[layer]
            for polygon, name in self._named(layer, region):
                self.nets[name].shapes[layer].insert(polygon)
        for cut, lower, _ in VIAS:
            region = regions[cut] - regions["head"] if lower == "poly" else regions[cut]
            for polygon, name in self._named(lower, region):
                self.nets[name].shapes[cut].insert(polygon)
        for cut, plate, upper in PLATES:
            for polygon, name in self._named(upper, regions[cut]):
                self.nets[name].taps[plate].append((upper, polygon.bbox().center(), rules.contact[cut]))
        self._contacts_on_diffusion()

    def _named(self, layer: str, region: kdb.Region) -> Iterator[tuple[kdb.Polygon, str]]:
        """The polygons of a region that lie on a layer, with their node."""
        polygons = list(region.each_merged())
        places = [_inside(polygon) for polygon in polygons]
        for polygon, net in zip(polygons, self.conductors.nets(layer, _array(places)).tolist(), strict=True):
            if net in self.names:
                yield polygon, self.names[net]

    def _contacts_on_diffusion(self) -> None:
        """Each diffusion is a node; its contacts are resistors from there to the local interconnect."""
        conductors = self.conductors
        cuts = [polygon.bbox().center() for polygon in conductors.regions["licon1"].each_merged()]
        at = _array(cuts)
        layers = ("diff", "nsdm", "ntap", "ptap", "head")
        on = zip(
            conductors.nets("li1", at).tolist(),
            *(conductors.polygons(layer, at).tolist() for layer in layers),
            strict=True,
        )
        for place, (net, diffusion, n_type, n_tap, p_tap, head) in zip(cuts, on, strict=True):
            if net not in self.names:
                continue
            taps = self.nets[self.names[net]].taps
            if head >= 0:
                taps[f"head{head}"].append(("li1", place, LEAST_OHM))
            elif diffusion >= 0:
                name = f"diff{diffusion}" if n_tap < 0 and p_tap < 0 else "bulk"
                taps[name].append(("li1", place, self.rules.contact["n" if n_type >= 0 else "p"]))

    def place_pins(self, pins: Collection[str], texts: Sequence[tuple[str, kdb.Point]]) -> None:
        for layer in METALS:
            places = [place for metal, place in texts if metal == layer]
            for place, net in zip(places, self.conductors.nets(layer, _array(places)).tolist(), strict=True):
                name = self.names.get(net, "")
                if name in pins and "pin" not in self.nets[name].taps:
                    self.nets[name].taps["pin"].append((layer, place, 0.0))

    def place_devices(self) -> dict[tuple[int, str], tuple[str, str]]:
        """For each device and terminal its net and the tap of that net."""
        devices = self.extracted.devices
        step = round(_INSIDE_UM / self.conductors.dbu)
        corners = [
            kdb.Point(round(d.x_um / self.conductors.dbu) + step, round(d.y_um / self.conductors.dbu) + step)
            for d in devices
        ]
        at = _array(corners)
        gates, bodies = self.conductors.polygons("gate", at).tolist(), self.conductors.polygons("body", at).tolist()
        gate_polygons = list(self.conductors.regions["gate"].each_merged())
        diffusions = self.conductors.beside("gate", "diff")
        heads, wires = self.conductors.beside("body", "head"), self.conductors.beside("body", "poly")
        body_polygons = list(self.conductors.regions["body"].each_merged())
        ends: dict[tuple[int, str], tuple[str, str]] = {}
        for number, device in enumerate(devices):
            net = self._name(device.gate)
            if gates[number] >= 0:
                place = gate_polygons[gates[number]].bbox().center()
                self.nets[net].taps[f"gate{number}"].append(("poly", place, 0.0))
                ends[number, "gate"] = (net, f"gate{number}")
                beside = [f"diff{i}" for i in diffusions.get(gates[number], ())]
            elif bodies[number] >= 0:
                beside = [f"head{i}" for i in heads.get(bodies[number], ())]
                if not beside:
                    beside = self._poly_ends(body_polygons[bodies[number]], wires.get(bodies[number], ()))
            elif device.kind == "csubckt":
                # The plate, and the wire below its corner.
                plate = "cap2m" if "m3_2" in device.model else "capm"
                ends[number, "gate"] = (net, plate)
                below = self._name(device.terminals[0].node)
                layer = "met4" if plate == "cap2m" else "met3"
                self.nets[below].taps[f"below{number}"].append((layer, corners[number], 0.0))
                ends[number, "0"] = (below, f"below{number}")
                continue
            else:
                continue
            for index, terminal in enumerate(device.terminals[:2]):
                name = self._name(terminal.node)
                tap = next((end for end in beside if end in self.nets[name].taps), None)
                if tap is not None:
                    if len(beside) > 1:
                        beside.remove(tap)
                    ends[number, str(index)] = (name, tap)
        return ends

    def _poly_ends(self, body: kdb.Polygon, wires: Sequence[int]) -> list[str]:
        """Taps on the poly at either end of a resistor's body."""
        polygons = list(self.conductors.regions["poly"].each_merged())
        taps = []
        for number in wires:
            touching = (kdb.Region(body).sized(1) & kdb.Region(polygons[number])).bbox()
            place = touching.center()
            net = int(self.conductors.nets("poly", _array([place]))[0])
            if net in self.names:
                name = f"end{place.x}_{place.y}"
                self.nets[self.names[net]].taps[name].append(("poly", place, 0.0))
                taps.append(name)
        return taps

    def _name(self, node: str) -> str:
        return self.extracted.aliases.get(node, node)

    def finish(self, ends: Mapping[tuple[int, str], tuple[str, str]]) -> Network:
        result = Network()
        places: dict[tuple[str, str], int] = {}
        for name in sorted(self.nets):
            net = self.nets[name]
            if net.taps:
                solved = resistors(net, self.rules, self.conductors.dbu)
                result.resistors += [(name, start, end, ohm) for start, end, ohm in solved.values]
                places |= {(name, tap): number for tap, number in solved.taps.items()}
                if "bulk" in solved.taps:
                    result.bulks[name] = solved.taps["bulk"]
        result.terminals = {end: (net, places[net, tap]) for end, (net, tap) in ends.items()}
        return result


def _inside(polygon: kdb.Polygon) -> kdb.Point:
    """A point in a polygon: the lower left corner of its first box."""
    if polygon.is_box():
        return polygon.bbox().p1
    return polygon.decompose_trapezoids(kdb.Polygon.TD_htrapezoids)[0].bbox().p1


def _array(points: Sequence[kdb.Point]) -> Ints:
    return np.array([(point.x, point.y) for point in points], dtype=np.int64).reshape(-1, 2)
