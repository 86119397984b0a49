"""Resistance of the wires and contacts of a flat layout, as a network of resistors between pins and device terminals.

KLayout's network extractor counts squares of poly, local interconnect and metals; contacts and vias count one by one.
Sheet and contact resistances are the technology file's. Diffusions, wells and capacitor plates are one node each: what
is in them belongs to the device's model. So does the contact on a high-resistance resistor's head.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final

import klayout.db as kdb
import numpy as np
from mirrorneuron.flows.extract.coefficients import KINDS
from mirrorneuron.flows.extract.conductors import METALS, Conductors
from mirrorneuron.flows.extract.ext_file import ExtractedCell
from mirrorneuron.flows.extract.geometry import Ints
from mirrorneuron.pdk_sky130.errors import EvidenceError
from mirrorneuron.pdk_sky130.rules import nm
from mirrorneuron.pdk_sky130.technology import magic

__all__ = ["Network", "ResistanceRules", "network", "read"]

WIRES: Final = ("poly", *METALS)
# Cut, conductors below and above.
_VIAS: Final = (
    ("licon1", "poly", "li1"),
    ("mcon", "li1", "met1"),
    ("via", "met1", "met2"),
    ("via2", "met2", "met3"),
    ("via3", "met3", "met4"),
    ("via4", "met4", "met5"),
)
_PLATES: Final = (("via3_plate", "capm", "met4"), ("via4_plate", "cap2m", "met5"))
# Magic's type of each contact.
_CONTACTS: Final = {
    "licon1": "pc",
    "mcon": "mcon",
    "via": "m2c",
    "via2": "m3c",
    "via3": "via3",
    "via4": "via4",
    "via3_plate": "mimcc",
    "via4_plate": "mim2cc",
    "n": "ndc",
    "p": "pdc",
}
# KLayout has no types for it.
pex: Any = import_module("klayout.pex")
# A resistor that SPICE can bear.
_LEAST_OHM: Final = 1e-4
# As in `flows.extract.fringe`: where Magic says that something is, is its corner rounded down.
_INSIDE_UM: Final = 0.005
_SIDES: Final = {
    "licon1": "licon.1",
    "mcon": "ct.1",
    "via": "via.1a",
    "via2": "via2.1a",
    "via3": "via3.1",
    "via4": "via4.1",
}


@dataclass(frozen=True)
class ResistanceRules:
    """Sheet resistance of each wire [ohm per square] and resistance of one contact [ohm]."""

    sheet: Mapping[str, float]
    contact: Mapping[str, float]


def read(tech: str, variant: str) -> ResistanceRules:
    """The resistances of a technology file's text for a variant, for example ``"(si)"``.

    Raises
    ------
    EvidenceError
        One is missing, or a statement is not of the form that the official file has.
    """
    types = magic.Types(tech)
    sheet: dict[str, float] = {}
    contact: dict[str, float] = {}
    try:
        for words in magic.extract_statements(tech, variant):
            if words[0] == "resist" and words[2] != "None":
                listed = types.expand(words[1].split("/")[0].strip("()"))
                for wire in WIRES:
                    if types.name(KINDS[wire][1]) in listed:
                        sheet.setdefault(wire, float(words[2]) / 1000)
            elif words[0] == "contact":
                listed = types.expand(words[1])
                for cut, name in _CONTACTS.items():
                    if types.name(name) in listed:
                        contact.setdefault(cut, float(words[2]) / 1000)
    except (ValueError, KeyError, IndexError) as error:
        raise EvidenceError(
            f"the Magic technology file's resistances have a form that is not known ({error!r})"
        ) from error
    missing = [name for name in (*WIRES, *_CONTACTS) if name not in sheet and name not in contact]
    if missing:
        raise EvidenceError(f"the Magic technology file has no resistance for {', '.join(missing)}")
    return ResistanceRules(sheet, contact)


@dataclass
class Network:
    """Resistors, by Magic's node and two numbers: 0 is the node itself (its pin), others are places on its wires [ohm].

    ``terminals`` says where a device's terminal is: number of the device, then ``gate``, ``0`` or ``1``; ``bulks`` the
    number of a net's wells and substrate.
    """

    resistors: list[tuple[str, int, int, float]] = field(default_factory=list)
    terminals: dict[tuple[int, str], tuple[str, int]] = field(default_factory=dict)
    bulks: dict[str, int] = field(default_factory=dict)


@dataclass
class _Net:
    """A net's shapes by layer, and its taps: what is joined to it, at which layer and place, through how much [ohm]."""

    shapes: dict[str, kdb.Region] = field(default_factory=lambda: defaultdict(kdb.Region))
    taps: dict[str, list[tuple[str, kdb.Point, float]]] = field(default_factory=lambda: defaultdict(list))


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
        self.nets: dict[str, _Net] = defaultdict(_Net)
        regions = conductors.regions
        for layer in WIRES:
            region = regions[layer] - regions["head"] if layer == "poly" else regions[layer]
            for polygon, name in self._named(layer, region):
                self.nets[name].shapes[layer].insert(polygon)
        for cut, lower, _ in _VIAS:
            region = regions[cut] - regions["head"] if lower == "poly" else regions[cut]
            for polygon, name in self._named(lower, region):
                self.nets[name].shapes[cut].insert(polygon)
        for cut, plate, upper in _PLATES:
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
                taps[f"head{head}"].append(("li1", place, _LEAST_OHM))
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
                resistors, numbers = _resistors(net, self.rules, self.conductors.dbu)
                result.resistors += [(name, start, end, ohm) for start, end, ohm in resistors]
                places |= {(name, tap): number for tap, number in numbers.items()}
                if "bulk" in numbers:
                    result.bulks[name] = numbers["bulk"]
        result.terminals = {end: (net, places[net, tap]) for end, (net, tap) in ends.items()}
        return result


def _resistors(net: _Net, rules: ResistanceRules, dbu: float) -> tuple[list[tuple[int, int, float]], dict[str, int]]:
    """A net's resistors between numbered nodes, and the number of each tap; the pin, or else the first tap, is 0."""
    order = {layer: number for number, layer in enumerate((*WIRES, *(cut for cut, *_ in _VIAS)))}
    tech = pex.RExtractorTech()
    for wire in WIRES:
        conductor = pex.RExtractorTechConductor()
        conductor.layer, conductor.resistance = order[wire], rules.sheet[wire]
        tech.add_conductor(conductor)
    for cut, lower, upper in _VIAS:
        via = pex.RExtractorTechVia()
        via.bottom_conductor, via.cut_layer, via.top_conductor = order[lower], order[cut], order[upper]
        via.resistance = rules.contact[cut] * (nm(_SIDES[cut]) / 1000) ** 2
        tech.add_via(via)
    # Taps that are on one place share its vertex.
    ports: dict[int, list[kdb.Point]] = defaultdict(list)
    index: dict[tuple[int, int, int], int] = {}
    joints: list[tuple[str, tuple[int, int], float]] = []
    for tap, where in net.taps.items():
        for layer, place, ohm in where:
            number = order[layer]
            key = (number, place.x, place.y)
            if key not in index:
                index[key] = len(ports[number])
                ports[number].append(place)
            joints.append((tap, (number, index[key]), ohm))
    geometry = {order[name]: region.merged() for name, region in net.shapes.items()}
    solved = pex.RNetExtractor(dbu).extract(tech, geometry, dict(ports), {})
    first = "pin" if "pin" in net.taps else next(iter(net.taps))
    numbers = {first: 0}
    for tap in net.taps:
        numbers.setdefault(tap, len(numbers))
    nodes: dict[int, int] = {}
    vertices: dict[tuple[int, int], int] = {}
    count = len(numbers)
    for node in solved.each_node():
        nodes[node.object_id()] = count
        if node.type() == pex.RNodeType.VertexPort:
            vertices[node.layer(), node.port_index()] = count
        count += 1
    found = [
        (nodes[element.a().object_id()], nodes[element.b().object_id()], max(element.resistance(), _LEAST_OHM))
        for element in solved.each_element()
    ]
    # A tap without a resistance of its own is its vertex.
    same: dict[int, int] = {}
    for tap, vertex, ohm in joints:
        at = vertices.get(vertex)
        if at is None:
            raise EvidenceError(f"the resistance extraction lost the {tap} of a net")
        if ohm or at in same:
            found.append((numbers[tap], at, max(ohm, _LEAST_OHM)))
        else:
            same[at] = numbers[tap]
    return [(same.get(one, one), same.get(other, other), ohm) for one, other, ohm in found], numbers


def _inside(polygon: kdb.Polygon) -> kdb.Point:
    """A point in a polygon: the lower left corner of its first box."""
    if polygon.is_box():
        return polygon.bbox().p1
    return polygon.decompose_trapezoids(kdb.Polygon.TD_htrapezoids)[0].bbox().p1


def _array(points: Sequence[kdb.Point]) -> Ints:
    return np.array([(point.x, point.y) for point in points], dtype=np.int64).reshape(-1, 2)
