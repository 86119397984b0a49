"""The resistors of one net, solved by KLayout's network extractor from the net's shapes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final

import klayout.db as kdb
from mirrorneuron.flows.extract.resistance_rules import VIAS, WIRES, ResistanceRules
from mirrorneuron.pdk_sky130.errors import EvidenceError
from mirrorneuron.pdk_sky130.rules import nm

__all__ = ["LEAST_OHM", "NetShapes", "Resistors", "resistors"]

# KLayout has no types for it.
_pex: Any = import_module("klayout.pex")

LEAST_OHM: Final = 1e-4
"""Smallest resistor that a simulator takes [ohm]."""

_SIDES: Final = {
    "licon1": "licon.1",
    "mcon": "ct.1",
    "via": "via.1a",
    "via2": "via2.1a",
    "via3": "via3.1",
    "via4": "via4.1",
}
# Numbers of the layers for KLayout.
_LAYERS: Final = {layer: number for number, layer in enumerate((*WIRES, *(cut for cut, *_ in VIAS)))}


@dataclass
class NetShapes:
    """A net's shapes by layer, and its taps: connections at a layer and a place, through a resistance [ohm]."""

    shapes: dict[str, kdb.Region] = field(default_factory=lambda: defaultdict(kdb.Region))
    taps: dict[str, list[tuple[str, kdb.Point, float]]] = field(default_factory=lambda: defaultdict(list))


@dataclass(frozen=True)
class Resistors:
    """Resistors [ohm] between numbered nodes, and the number of each tap; the pin, or else the first tap, is 0."""

    values: list[tuple[int, int, float]]
    taps: dict[str, int]


def resistors(net: NetShapes, rules: ResistanceRules, dbu: float) -> Resistors:
    """The resistors of a net with at least one tap.

    Raises
    ------
    EvidenceError
        KLayout's extractor has lost a tap.
    """
    ports, joints = _ports(net)
    geometry = {_LAYERS[name]: region.merged() for name, region in net.shapes.items()}
    solved = _pex.RNetExtractor(dbu).extract(_technology(rules), geometry, ports, {})
    first = "pin" if "pin" in net.taps else next(iter(net.taps))
    taps = {first: 0}
    for tap in net.taps:
        taps.setdefault(tap, len(taps))
    nodes: dict[int, int] = {}
    vertices: dict[tuple[int, int], int] = {}
    for number, node in enumerate(solved.each_node(), len(taps)):
        nodes[node.object_id()] = number
        if node.type() == _pex.RNodeType.VertexPort:
            vertices[node.layer(), node.port_index()] = number
    values = [
        (nodes[element.a().object_id()], nodes[element.b().object_id()], max(element.resistance(), LEAST_OHM))
        for element in solved.each_element()
    ]
    # A tap without a resistance of its own is its vertex.
    same: dict[int, int] = {}
    for tap, vertex, ohm in joints:
        at = vertices.get(vertex)
        if at is None:
            raise EvidenceError(f"the resistance extraction lost the {tap} of a net")
        if ohm or at in same:
            values.append((taps[tap], at, max(ohm, LEAST_OHM)))
        else:
            same[at] = taps[tap]
    return Resistors([(same.get(start, start), same.get(end, end), ohm) for start, end, ohm in values], taps)


def _technology(rules: ResistanceRules) -> Any:
    """The resistances in KLayout's form."""
    tech = _pex.RExtractorTech()
    for wire in WIRES:
        conductor = _pex.RExtractorTechConductor()
        conductor.layer, conductor.resistance = _LAYERS[wire], rules.sheet[wire]
        tech.add_conductor(conductor)
    for cut, lower, upper in VIAS:
        via = _pex.RExtractorTechVia()
        via.bottom_conductor, via.cut_layer, via.top_conductor = _LAYERS[lower], _LAYERS[cut], _LAYERS[upper]
        via.resistance = rules.contact[cut] * (nm(_SIDES[cut]) / 1000) ** 2
        tech.add_via(via)
    return tech


def _ports(net: NetShapes) -> tuple[dict[int, list[kdb.Point]], list[tuple[str, tuple[int, int], float]]]:
    """Places of taps by layer; and each tap with the layer and index of its place, and its resistance [ohm].

    Taps at one place share it.
    """
    ports: dict[int, list[kdb.Point]] = defaultdict(list)
    index: dict[tuple[int, int, int], int] = {}
    joints: list[tuple[str, tuple[int, int], float]] = []
    for tap, connections in net.taps.items():
        for layer, place, ohm in connections:
            number = _LAYERS[layer]
            key = (number, place.x, place.y)
            if key not in index:
                index[key] = len(ports[number])
                ports[number].append(place)
            joints.append((tap, (number, index[key]), ohm))
    return dict(ports), joints
