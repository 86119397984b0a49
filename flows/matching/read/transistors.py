"""Every MOS transistor in a layout with its place, read from the polygons alone; other devices by `layout_parts`.

A finger is one piece of poly over diffusion with a source or drain on two sides. Nets follow contacts, vias and wells;
a label names one. Nothing is taken from cell names, so that anybody's layout can be read, flat or not. What looks like
a gate and is none that the process has a model for is kept as an `Oddity`, never dropped.

All lengths are nanometres in the coordinates of the top cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import klayout.db as kdb
from mirrorneuron.flows.matching.read import parts as layout_parts
from mirrorneuron.flows.matching.read.bodies import Body, Point, ends_of, find_bodies
from mirrorneuron.flows.matching.read.fingers import NO_NET, Finger, Oddity
from mirrorneuron.flows.matching.read.nets import CONDUCTORS, DBU, Nets, texts_of
from mirrorneuron.flows.matching.read.rings import Loop, find_loops, innermost
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.layers import Layer

__all__ = ["NO_NET", "Extraction", "Finger", "Oddity", "extract"]

_NARROW: Final = 420
"""Below this W [nm] a transistor of a standard cell has a model of its own."""

BoxKey = tuple[int, int, int, int]


@dataclass(frozen=True)
class Extraction:
    """What a layout holds.

    Parameters
    ----------
    fingers, parts, oddities
        Transistors' fingers; bars of poly resistors and bipolar transistors; what only looks like one. From the bottom,
        each row from the left.
    names
        Labels by net, sorted; nets without one are not there.
    anchors
        By net the lowest, then leftmost place of one of its terminals.
    drawn
        Merged shapes by layer name, as in `layers.DRAWING`.
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

    def name(self, net: int) -> str:
        """A net's label, or where it has none the place of one of its terminals [um]."""
        if net in self.names:
            return self.names[net][0]
        if net not in self.anchors:
            return "nothing" if net == NO_NET else f"well {net}"
        x, y = self.anchors[net]
        return f"net@{x / 1000:g},{y / 1000:g}"


_MARKERS: Final = ("lvtn", "hvtp", "hvi")
_DRAWN: Final = (
    *("dnwell", "nwell", "diff", "tap", "poly", "poly_res", "nsdm", "psdm", "areaid_sc", *_MARKERS),
    *("licon1", "mcon", "via", "via2", "via3", "via4", "capm", "cap2m", *CONDUCTORS),
    *("rpm", "urpm", "npc", "npn"),
)
_MODELS: Final[dict[tuple[str, ...], str]] = {
    ("n",): "nfet_01v8",
    ("n", "lvtn"): "nfet_01v8_lvt",
    ("n", "hvi"): "nfet_g5v0d10v5",
    ("n", "lvtn", "hvi"): "nfet_05v0_nvt",
    ("p",): "pfet_01v8",
    ("p", "lvtn"): "pfet_01v8_lvt",
    ("p", "hvtp"): "pfet_01v8_hvt",
    ("p", "hvi"): "pfet_g5v0d10v5",
}
_SPECIAL: Final = {"nfet_01v8": "special_nfet_01v8", "pfet_01v8_hvt": "special_pfet_01v8_hvt"}


def extract(layout: kdb.Layout, cell: kdb.Cell) -> Extraction:
    """Extract the devices of a cell with all below it; `layout` is left as it is."""
    drawn = {name: _region(layout, cell, layers.DRAWING[name]) for name in _DRAWN}
    gate_region = (drawn["poly"] & drawn["diff"]).merged()
    sources = (drawn["diff"] - drawn["poly"]).merged()
    flags = _flags(gate_region, drawn)
    gates, oddities = [], list(_over_tap(drawn))
    for gate in find_bodies(gate_region, sources):
        marks = flags[gate.polygon]
        reason = _no_model(marks) or ends_of(gate)
        if reason:
            oddities.append(_oddity(gate.box, reason))
        else:
            gates.append((gate, marks))
    bare = (drawn["diff"] + drawn["tap"]) - drawn["poly"]
    taps = {
        "n": (bare & (drawn["nsdm"] - drawn["psdm"]) & drawn["nwell"]).merged(),
        "p": ((bare & (drawn["psdm"] - drawn["nsdm"])) - drawn["nwell"]).merged(),
    }
    found = layout_parts.find(drawn)
    oddities += found.oddities
    terminals = [*_terminals(gate for gate, _ in gates), *found.terminals()]
    nets = Nets(drawn, sources, taps, terminals, texts_of(layout, cell))
    places = {name: _Pieces(region) for name, region in (("poly", drawn["poly"]), ("diff", drawn["diff"]))}
    places["ends"] = _Pieces(sources)
    rings = find_loops(taps, drawn["licon1"])
    around = innermost(rings, [gate.inside for gate, _ in gates])
    instances = _instances(layout, cell)
    fingers = []
    for (gate, marks), loop in zip(gates, around, strict=True):
        made = _finger(gate, marks, nets, places, instances.get(_key(gate.box), -1), loop)
        if isinstance(made, str):
            oddities.append(_oddity(gate.box, made))
        else:
            fingers.append(made)
    fingers.sort(key=lambda finger: (finger.y, finger.x))
    oddities.sort(key=lambda oddity: (oddity.y, oddity.x, oddity.reason))
    return Extraction(
        tuple(fingers),
        found.fingers(nets, rings, places["poly"].at),
        tuple(oddities),
        nets.names,
        _anchors(terminals, nets),
        drawn,
        taps,
        rings,
    )


def _region(layout: kdb.Layout, cell: kdb.Cell, pair: Layer) -> kdb.Region:
    index = layout.find_layer(*pair)
    region = kdb.Region() if index is None else kdb.Region(cell.begin_shapes_rec(index))
    if layout.dbu != DBU:
        region.transform(kdb.ICplxTrans(layout.dbu / DBU))
    return region.merged()


def _oddity(box: kdb.Box, reason: str) -> Oddity:
    return Oddity((box.left + box.right) / 2, (box.bottom + box.top) / 2, reason)


def _key(box: kdb.Box) -> BoxKey:
    return box.left, box.bottom, box.right, box.top


def _terminals(gates: Iterable[Body]) -> Iterator[tuple[str, Point]]:
    """Layers and places of gates, their ends, and the wells around them."""
    for gate in gates:
        for layer in ("poly", "nwell", "pwell"):
            yield layer, gate.inside
        for side in gate.ends:
            for at in side:
                yield "ends", at


def _anchors(terminals: Iterable[tuple[str, Point]], nets: Nets) -> dict[int, Point]:
    anchors: dict[int, Point] = {}
    drawn = [(layer, at) for layer, at in terminals if layer in ("poly", "ends")]
    for layer, at in sorted(drawn, key=lambda terminal: (terminal[1][1], terminal[1][0], terminal[0])):
        anchors.setdefault(nets.at(layer, at), at)
    anchors.pop(NO_NET, None)
    return anchors


# What a gate is


def _flags(gates: kdb.Region, drawn: Mapping[str, kdb.Region]) -> dict[kdb.Polygon, dict[str, bool | None]]:
    """For each gate whether it lies in a layer; None: in part."""
    found: dict[kdb.Polygon, dict[str, bool | None]] = {gate: {} for gate in gates.each()}
    for name in ("nsdm", "psdm", "nwell", "areaid_sc", *_MARKERS):
        met = set(gates.overlapping(drawn[name]).each())
        whole = set(gates.inside(drawn[name]).each())
        for gate, marks in found.items():
            marks[name] = True if gate in whole else None if gate in met else False
    return found


def _no_model(marks: Mapping[str, bool | None]) -> str:
    """Why a gate is no transistor of the process, or nothing."""
    part = [name for name, mark in marks.items() if mark is None and name != "areaid_sc"]
    if part:
        return f"{', '.join(part)} over part of a gate"
    if marks["nsdm"] == marks["psdm"]:
        return f"a gate with {'both source/drain implants' if marks['nsdm'] else 'no source/drain implant'}"
    if marks["nsdm"] and marks["nwell"]:
        return "a gate over n-type diffusion in an n-well"
    if marks["psdm"] and not marks["nwell"]:
        return "a gate over p-type diffusion outside an n-well"
    if _kind(marks) not in _MODELS:
        return f"a gate under {' and '.join(_kind(marks)[1:])}, of {_kind(marks)[0]} type: no model is known for it"
    return ""


def _kind(marks: Mapping[str, bool | None]) -> tuple[str, ...]:
    return ("n" if marks["nsdm"] else "p", *(name for name in _MARKERS if marks[name]))


def _over_tap(drawn: Mapping[str, kdb.Region]) -> Iterator[Oddity]:
    for shape in ((drawn["poly"] & drawn["tap"]) - drawn["diff"]).merged().each():
        yield _oddity(shape.bbox(), "poly over tap")


# Pieces and instances


class _Pieces:
    """The polygons of a merged region by number, found by a point inside."""

    def __init__(self, region: kdb.Region) -> None:
        self._polygons = list(region.each())
        self._shapes = kdb.Shapes()
        for number, polygon in enumerate(self._polygons):
            self._shapes.insert(polygon, number + 1)

    def at(self, point: Point) -> int:
        """Number of the polygon at a point, or -1."""
        spot = kdb.Point(*point)
        for shape in self._shapes.each_touching(kdb.Box(spot, spot)):
            if self._polygons[shape.prop_id - 1].inside(spot):
                return int(shape.prop_id) - 1
        return -1

    def reach(self, number: int, box: kdb.Box, axis: str) -> tuple[int, int]:
        """How far a polygon goes on from a box in it, along an axis, before and after it."""
        polygon = self._polygons[number]
        low, high, at = (
            (box.left, box.right, (box.bottom + box.top) / 2)
            if axis == "x"
            else (box.bottom, box.top, (box.left + box.right) / 2)
        )
        crossings = []
        for edge in polygon.each_edge():
            (a0, b0), (a1, b1) = ((edge.x1, edge.y1), (edge.x2, edge.y2))
            if axis == "y":
                a0, b0, a1, b1 = b0, a0, b1, a1
            if min(b0, b1) <= at < max(b0, b1):
                crossings.append(round(a0 + (a1 - a0) * (at - b0) / (b1 - b0)))
        before, after = [a for a in crossings if a <= low], [a for a in crossings if a >= high]
        return low - max(before, default=low), min(after, default=high) - high


def _instances(layout: kdb.Layout, cell: kdb.Cell) -> dict[BoxKey, int]:
    """Number of the placed cell whose own poly and diffusion make a gate, by the gate's box."""
    own: dict[int, list[kdb.Box]] = {}
    poly, diff = layout.find_layer(*layers.POLY), layout.find_layer(*layers.DIFF)
    if poly is None or diff is None:
        return {}
    for index in [cell.cell_index(), *cell.called_cells()]:
        shapes = layout.cell(index).shapes
        gates = (kdb.Region(shapes(poly)) & kdb.Region(shapes(diff))).merged()
        if not gates.is_empty():
            own[index] = [gate.bbox() for gate in gates.each()]
    holding = set(own) | {caller for index in own for caller in layout.cell(index).caller_cells()}
    found: dict[BoxKey, int] = {}
    count = 0

    def walk(index: int, trans: kdb.ICplxTrans) -> None:
        nonlocal count
        if index in own:
            for box in own[index]:
                found[_key(trans * box)] = count
            count += 1
        for instance in layout.cell(index).each_inst():
            if instance.cell_index in holding:
                for each in instance.cell_inst.each_cplx_trans():
                    walk(instance.cell_index, trans * each)

    walk(cell.cell_index(), kdb.ICplxTrans(layout.dbu / DBU))
    return found


def _finger(
    gate: Body, marks: Mapping[str, bool | None], nets: Nets, places: Mapping[str, _Pieces], instance: int, loop: int
) -> Finger | str:
    """The finger, or why it is none."""
    low, high = ([nets.at("ends", at) for at in side] for side in gate.ends)
    columns = [places["ends"].at(side[0]) for side in gate.ends]
    if gate.ends[0] == gate.ends[1]:
        # No two opposite sides: the nets tell the ends apart.
        every = sorted(set(low))
        if len(every) > 2:
            return "a gate with more than two ends"
        ends = (every[0], every[-1])
        where = dict(zip(low, gate.ends[0], strict=True))
        columns = [places["ends"].at(where[net]) for net in ends]
    elif len({*low}) > 1 or len({*high}) > 1:
        return "a gate with more than two ends"
    else:
        ends = (low[0], high[0])
    logic = marks["areaid_sc"] is not False
    model = _MODELS[_kind(marks)]
    if logic and gate.w < _NARROW:
        model = _SPECIAL.get(model, model)
    island = places["diff"].at(gate.inside)
    polarity = "n" if marks["nsdm"] else "p"
    return Finger(
        model=model,
        polarity=polarity,
        w=gate.w,
        l=gate.l,
        box=gate.box,
        axis=gate.axis,
        gate=nets.at("poly", gate.inside),
        ends=ends,
        bulk=nets.at("pwell" if polarity == "n" else "nwell", gate.inside),
        columns=(columns[0], columns[1]),
        reach=places["diff"].reach(island, gate.box, gate.axis) if island >= 0 else (0, 0),
        poly=places["poly"].at(gate.inside),
        island=island,
        instance=instance,
        loop=loop,
        plain=gate.plain,
        logic=logic,
    )
