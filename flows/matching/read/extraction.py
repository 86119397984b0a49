"""Every device of a layout that the matching report reads, with its place, read from the polygons alone.

Nets follow contacts, vias and wells; a label names a net. Nothing is taken from cell names, so that any layout can be
read, flat or not.

All lengths are nanometres in the coordinates of the top cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import klayout.db as kdb
from mirrorneuron.flows.matching.read import parts as drawn_parts
from mirrorneuron.flows.matching.read import transistors
from mirrorneuron.flows.matching.read.bodies import Point
from mirrorneuron.flows.matching.read.fingers import NO_NET, Finger, Oddity
from mirrorneuron.flows.matching.read.nets import CONDUCTORS, DBU, Nets, texts_of
from mirrorneuron.flows.matching.read.pieces import Pieces, gate_instances
from mirrorneuron.flows.matching.read.rings import Loop, find_loops, innermost
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.layers import Layer

__all__ = ["Extraction", "extract"]

_LAYERS: Final = (
    *("dnwell", "nwell", "diff", "tap", "poly", "poly_res", "nsdm", "psdm", "areaid_sc", *transistors.MARKERS),
    *("licon1", "mcon", "via", "via2", "via3", "via4", "capm", "cap2m", *CONDUCTORS),
    *("rpm", "urpm", "npc", "npn"),
)


@dataclass(frozen=True)
class Extraction:
    """The devices of a layout.

    Attributes
    ----------
    fingers, parts, oddities
        Transistors' fingers; bars of poly resistors and bipolar transistors; shapes that only look like devices. From
        the bottom, each row from the left.
    names
        Labels by net, sorted; nets without a label are not there.
    anchors
        By net the lowest, then leftmost place of one of its terminals.
    drawn
        Merged shapes by layer name, as in `layers.DRAWING`.
    taps
        Tap by type, "n" in n-wells and "p" outside.
    loops
        Closed loops of tap.
    """

    fingers: tuple[Finger, ...]
    parts: tuple[Finger, ...]
    oddities: tuple[Oddity, ...]
    names: Mapping[int, tuple[str, ...]]
    anchors: Mapping[int, Point]
    drawn: Mapping[str, kdb.Region]
    taps: Mapping[str, kdb.Region]
    loops: tuple[Loop, ...]

    @property
    def devices(self) -> tuple[Finger, ...]:
        """All that is read: `fingers`, then `parts`."""
        return (*self.fingers, *self.parts)

    def name(self, net: int) -> str:
        """A net's label, or where it has none the place of one of its terminals [um]."""
        if net in self.names:
            return self.names[net][0]
        if net not in self.anchors:
            return "nothing" if net == NO_NET else f"well {net}"
        x, y = self.anchors[net]
        return f"net@{x / 1000:g},{y / 1000:g}"


def extract(layout: kdb.Layout, cell: kdb.Cell) -> Extraction:
    """Extract the devices of a cell with all below it; `layout` is left as it is."""
    drawn = {name: _region(layout, cell, layers.DRAWING[name]) for name in _LAYERS}
    sources = (drawn["diff"] - drawn["poly"]).merged()
    taps = _taps(drawn)
    gates, oddities = transistors.find(drawn, sources)
    parts = drawn_parts.find(drawn)
    terminals = [*transistors.terminals(gates), *parts.terminals()]
    nets = Nets(Nets.conductors(drawn, sources, taps), terminals, texts_of(layout, cell))
    loops = find_loops(taps, drawn["licon1"])
    poly = Pieces(drawn["poly"])
    reader = transistors.FingerReader(nets, poly, Pieces(drawn["diff"]), Pieces(sources), gate_instances(layout, cell))
    around = innermost(loops, [gate.body.inside for gate in gates])
    read = [reader.finger(gate, loop) for gate, loop in zip(gates, around, strict=True)]
    fingers = [finger for finger in read if isinstance(finger, Finger)]
    oddities += [*parts.oddities, *(oddity for oddity in read if isinstance(oddity, Oddity))]
    return Extraction(
        fingers=tuple(sorted(fingers, key=lambda finger: (finger.y, finger.x))),
        parts=parts.fingers(nets, loops, poly.at),
        oddities=tuple(sorted(oddities, key=lambda oddity: (oddity.y, oddity.x, oddity.reason))),
        names=nets.names,
        anchors=_anchors(terminals, nets),
        drawn=drawn,
        taps=taps,
        loops=loops,
    )


def _region(layout: kdb.Layout, cell: kdb.Cell, pair: Layer) -> kdb.Region:
    """The merged shapes of a layer, in nanometres."""
    index = layout.find_layer(*pair)
    region = kdb.Region() if index is None else kdb.Region(cell.begin_shapes_rec(index))
    if layout.dbu != DBU:
        region.transform(kdb.ICplxTrans(layout.dbu / DBU))
    return region.merged()


def _taps(drawn: Mapping[str, kdb.Region]) -> dict[str, kdb.Region]:
    """Diffusion or tap of the well's own type: n+ in n-wells, p+ outside."""
    bare = (drawn["diff"] + drawn["tap"]) - drawn["poly"]
    return {
        "n": (bare & (drawn["nsdm"] - drawn["psdm"]) & drawn["nwell"]).merged(),
        "p": ((bare & (drawn["psdm"] - drawn["nsdm"])) - drawn["nwell"]).merged(),
    }


def _anchors(terminals: Iterable[tuple[str, Point]], nets: Nets) -> dict[int, Point]:
    anchors: dict[int, Point] = {}
    on_conductors = [(layer, point) for layer, point in terminals if layer in ("poly", "ends")]
    for layer, point in sorted(on_conductors, key=lambda terminal: (terminal[1][1], terminal[1][0], terminal[0])):
        anchors.setdefault(nets.at(layer, point), point)
    anchors.pop(NO_NET, None)
    return anchors
