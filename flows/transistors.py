"""Every MOS transistor in a layout with its place, read from the polygons alone.

A finger is one piece of poly over diffusion with a source or drain on two sides. Nets follow contacts, vias and wells;
a label names one. Nothing is taken from cell names, so that anybody's layout can be read, flat or not. What looks like
a gate and is none that the process has a model for is kept as an `Oddity`, never dropped.

All lengths are nanometres in the coordinates of the top cell.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import klayout.db as kdb
from mirrorneuron.flows.matching_rings import Loop, find_loops, innermost
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.layers import PIN_LAYERS, Layer

__all__ = ["NO_NET", "Extraction", "Finger", "Oddity", "extract"]

NO_NET: Final = -1
"""Net of a terminal that lies on nothing that conducts."""

_DBU: Final = 0.001
_NARROW: Final = 420
"""Below this W [nm] a transistor of a standard cell has a model of its own."""
_MARK: Final = 2
"""Side of the square [nm] by which a terminal is found among the nets."""
_MARGIN: Final = 10_000

Point = tuple[int, int]
BoxKey = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Finger:
    """A gate with its two ends.

    ``axis`` is the direction of the current, "x" or "y"; ``ends`` are the nets on the low and the high side along it,
    ``columns`` the pieces of diffusion there (two fingers that share one have the same number), ``reach`` how far the
    diffusion goes on from the gate on either side, other gates not counted (SA, SB). ``poly`` and ``island`` number the
    pieces of poly and of diffusion that the gate is part of, ``instance`` the placed cell that holds both (-1: none).
    ``loop`` is the innermost closed loop of tap around it (index in `Extraction.loops`, -1: none). ``plain`` is false
    where the gate is no rectangle with one W; W is then the mean over both sides and L the area over it. ``logic``: in
    a standard cell.
    """

    model: str
    polarity: str
    w: int
    l: int  # noqa: E741
    box: kdb.Box
    axis: str
    gate: int
    ends: tuple[int, int]
    bulk: int
    columns: tuple[int, int]
    reach: tuple[int, int]
    poly: int
    island: int
    instance: int
    loop: int
    plain: bool
    logic: bool

    @property
    def x(self) -> float:
        """Centre [nm]."""
        return (self.box.left + self.box.right) / 2

    @property
    def y(self) -> float:
        """Centre [nm]."""
        return (self.box.bottom + self.box.top) / 2


@dataclass(frozen=True, slots=True)
class Oddity:
    """What looks like a transistor and is not extracted as one: its centre [nm] and why."""

    x: float
    y: float
    reason: str


@dataclass(frozen=True)
class Extraction:
    """What a layout holds.

    Parameters
    ----------
    fingers, oddities
        From the bottom, each row from the left.
    names
        Labels by net, sorted; nets without one are not there.
    anchors
        By net the lowest, then leftmost place of one of its gates, sources and drains.
    drawn
        Merged shapes by layer name, as in `layers.DRAWING`.
    loops
        Closed loops of tap.
    """

    fingers: tuple[Finger, ...]
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


@dataclass(slots=True)
class _Gate:
    """A gate while its terminals are being found.

    ``sides``: pieces of its boundary that a source or drain touches, by the outward direction there. ``ends``: points
    just inside the sources or drains, of the low and the high side.
    """

    polygon: kdb.Polygon
    box: kdb.Box
    inside: Point
    sides: dict[Point, list[tuple[int, Point]]] = field(default_factory=lambda: defaultdict(list))
    axis: str = "x"
    w: int = 0
    l: int = 0  # noqa: E741
    plain: bool = True
    ends: tuple[tuple[Point, ...], tuple[Point, ...]] = ((), ())


_CONDUCTORS: Final = tuple(PIN_LAYERS)
_MARKERS: Final = ("lvtn", "hvtp", "hvi")
_DRAWN: Final = (
    *("dnwell", "nwell", "diff", "tap", "poly", "poly_res", "nsdm", "psdm", "areaid_sc", *_MARKERS),
    *("licon1", "mcon", "via", "via2", "via3", "via4", "capm", "cap2m", *_CONDUCTORS),
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
    """Extract the transistors of a cell with all below it; `layout` is left as it is."""
    drawn = {name: _region(layout, cell, layers.DRAWING[name]) for name in _DRAWN}
    gate_region = (drawn["poly"] & drawn["diff"]).merged()
    sources = (drawn["diff"] - drawn["poly"]).merged()
    flags = _flags(gate_region, drawn)
    gates, oddities = [], list(_over_tap(drawn))
    for gate in _gates(gate_region, sources):
        marks = flags[gate.polygon]
        reason = _no_model(marks) or _terminals(gate)
        if reason:
            oddities.append(_oddity(gate.box, reason))
        else:
            gates.append((gate, marks))
    bare = (drawn["diff"] + drawn["tap"]) - drawn["poly"]
    taps = {
        "n": (bare & (drawn["nsdm"] - drawn["psdm"]) & drawn["nwell"]).merged(),
        "p": ((bare & (drawn["psdm"] - drawn["nsdm"])) - drawn["nwell"]).merged(),
    }
    texts = list(_texts(layout, cell))
    nets = _Nets(drawn, sources, taps, [gate for gate, _ in gates], texts)
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
        tuple(fingers), tuple(oddities), nets.names, _anchors([g for g, _ in gates], nets), drawn, taps, rings
    )


def _region(layout: kdb.Layout, cell: kdb.Cell, pair: Layer) -> kdb.Region:
    index = layout.find_layer(*pair)
    region = kdb.Region() if index is None else kdb.Region(cell.begin_shapes_rec(index))
    if layout.dbu != _DBU:
        region.transform(kdb.ICplxTrans(layout.dbu / _DBU))
    return region.merged()


def _oddity(box: kdb.Box, reason: str) -> Oddity:
    return Oddity((box.left + box.right) / 2, (box.bottom + box.top) / 2, reason)


def _key(box: kdb.Box) -> BoxKey:
    return box.left, box.bottom, box.right, box.top


def _anchors(gates: Iterable[_Gate], nets: _Nets) -> dict[int, Point]:
    terminals = [(gate.inside, "poly") for gate in gates]
    terminals += [(at, "ends") for gate in gates for side in gate.ends for at in side]
    anchors: dict[int, Point] = {}
    for at, layer in sorted(terminals, key=lambda terminal: (terminal[0][1], terminal[0][0], terminal[1])):
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


# Where its ends are


def _line(edge: kdb.Edge) -> tuple[Point, int, int, int]:
    """The line an edge is on (direction without sign, offset), and from where to where along it."""
    dx, dy = edge.dx(), edge.dy()
    shrink = math.gcd(dx, dy)
    dx, dy = dx // shrink, dy // shrink
    if (dx, dy) < (0, 0):
        dx, dy = -dx, -dy
    at = sorted((edge.x1 * dx + edge.y1 * dy, edge.x2 * dx + edge.y2 * dy))
    return (dx, dy), edge.x1 * dy - edge.y1 * dx, at[0], at[1]


def _gates(gates: kdb.Region, sources: kdb.Region) -> list[_Gate]:
    """Every gate with the pieces of its boundary that a source or drain touches."""
    found: list[_Gate] = []
    lines: dict[tuple[Point, int], list[tuple[int, int, Point, _Gate]]] = defaultdict(list)
    for polygon in gates.each():
        gate = _Gate(polygon, polygon.bbox(), _inner_point(polygon))
        found.append(gate)
        for edge in polygon.each_edge():
            direction, offset, low, high = _line(edge)
            length = max(abs(edge.dx()), abs(edge.dy()))
            # The inside is on the right of an edge.
            out = (round(-edge.dy() / length), round(edge.dx() / length))
            lines[direction, offset].append((low, high, out, gate))
    for entries in lines.values():
        entries.sort(key=lambda entry: entry[:2])
    for edge in (gates.edges() & sources.edges()).each():
        if edge.length() == 0:
            continue
        direction, offset, low, high = _line(edge)
        entries = lines[direction, offset]
        at = bisect_right(entries, low, key=lambda entry: entry[0]) - 1
        _, _, out, gate = entries[at]
        middle = ((edge.x1 + edge.x2) // 2, (edge.y1 + edge.y2) // 2)
        gate.sides[out].append(
            (round(edge.length()), (middle[0] + out[0] * _MARK // 2, middle[1] + out[1] * _MARK // 2))
        )
    return found


def _inner_point(polygon: kdb.Polygon) -> Point:
    """A point inside, for a rectangle its centre."""
    box = polygon.bbox()
    if not polygon.is_box():
        box = max((part.bbox() for part in polygon.decompose_trapezoids()), key=lambda part: part.area())
    return (box.left + box.right) // 2, (box.bottom + box.top) // 2


_ALONG: Final = {"x": ((-1, 0), (1, 0)), "y": ((0, -1), (0, 1))}


def _terminals(gate: _Gate) -> str:
    """Fill in axis, W, L and ends; or say why they cannot be."""
    lengths = {out: sum(length for length, _ in pieces) for out, pieces in gate.sides.items()}
    if not lengths:
        return "a gate without source or drain"
    if len(lengths) == 1:
        return "a gate with one end only"
    box = gate.box
    for axis, pair in _ALONG.items():
        if set(lengths) == set(pair):
            width, length = (box.height(), box.width()) if axis == "x" else (box.width(), box.height())
            gate.axis, gate.l = axis, length
            gate.plain = gate.polygon.is_box() and all(lengths[out] == width for out in pair)
            gate.w = width if gate.plain else round(sum(lengths.values()) / 2)
            low, high = ([at for _, at in gate.sides[out]] for out in pair)
            gate.ends = (tuple(low), tuple(high))
            if not gate.plain:
                gate.l = round(gate.polygon.area() / gate.w)
            return ""
    gate.plain = False
    gate.w = round(sum(lengths.values()) / 2)
    gate.l = round(gate.polygon.area() / gate.w)
    across = sum(lengths.get(out, 0) for out in _ALONG["y"])
    gate.axis = "y" if across > sum(lengths.values()) - across else "x"
    every = tuple(at for pieces in gate.sides.values() for _, at in pieces)
    gate.ends = (every, every)  # sorted by net later
    return ""


# Nets


class _Nets:
    """Net of every terminal, by a small square that lies on it; label of every net that has one."""

    def __init__(
        self,
        drawn: Mapping[str, kdb.Region],
        sources: kdb.Region,
        taps: Mapping[str, kdb.Region],
        gates: Sequence[_Gate],
        texts: Iterable[tuple[str, str, Point]],
    ) -> None:
        """Connect everything and look the squares up."""
        nwell = drawn["nwell"]
        extent = kdb.Box()
        for region in drawn.values():
            extent += region.bbox()
        everything = kdb.Region(extent.enlarged(_MARGIN, _MARGIN)) if not extent.empty() else kdb.Region()
        pwell = everything - nwell
        # Pockets that a deep n-well and n-wells around cut off from the substrate.
        pockets = pwell.inside(drawn["dnwell"])
        via3_plate, via4_plate = drawn["via3"] & drawn["capm"], drawn["via4"] & drawn["cap2m"]
        regions: dict[str, kdb.Region] = {
            **{name: drawn[name] for name in ("licon1", "mcon", "via", "via2", "capm", "cap2m", *_CONDUCTORS)},
            "poly": drawn["poly"] - drawn["poly_res"],
            "ends": sources,
            "ntap": taps["n"],
            "ptap": taps["p"],
            "nwell": nwell,
            "dnwell": drawn["dnwell"],
            "pwell": pwell,
            "substrate": everything - pockets.sized(_MARGIN // 100),
            "via3_plate": via3_plate,
            "via3_wire": drawn["via3"] - drawn["capm"],
            "via4_plate": via4_plate,
            "via4_wire": drawn["via4"] - drawn["cap2m"],
        }
        touches = [
            *(("licon1", name) for name in ("poly", "ends", "ntap", "ptap", "li1")),
            *(("mcon", "li1"), ("mcon", "met1"), ("via", "met1"), ("via", "met2"), ("via2", "met2"), ("via2", "met3")),
            *(("via3_wire", "met3"), ("via3_wire", "met4"), ("via3_plate", "capm"), ("via3_plate", "met4")),
            *(("via4_wire", "met4"), ("via4_wire", "met5"), ("via4_plate", "cap2m"), ("via4_plate", "met5")),
            *(("ntap", "nwell"), ("dnwell", "nwell"), ("ptap", "pwell"), ("pwell", "substrate")),
        ]
        squares: dict[str, dict[Point, Point]] = defaultdict(dict)
        self._strings: dict[str, dict[Point, list[str]]] = defaultdict(lambda: defaultdict(list))
        for gate in gates:
            for layer in ("poly", "nwell", "pwell"):
                squares[layer][_corner(gate.inside)] = gate.inside
            for at in (*gate.ends[0], *gate.ends[1]):
                squares["ends"][_corner(at)] = at
        for metal, string, at in texts:
            squares[metal][_corner(at)] = at
            self._strings[metal][_corner(at)].append(string)
        marks = {f"{layer}_mark": layer for layer in squares}
        for name, layer in marks.items():
            region = kdb.Region()
            region.merged_semantics = False
            for x, y in squares[layer]:
                region.insert(kdb.Box(x, y, x + _MARK, y + _MARK))
            regions[name] = region
        self._found: dict[str, dict[Point, int]] = defaultdict(dict)
        self._connect(regions, [*touches, *((name, layer) for name, layer in marks.items())], marks)
        names: dict[int, set[str]] = defaultdict(set)
        for metal, strings in self._strings.items():
            for corner, written in strings.items():
                if corner in self._found[metal]:
                    names[self._found[metal][corner]].update(written)
        self.names = {net: tuple(sorted(found)) for net, found in names.items()}

    def _connect(
        self, regions: Mapping[str, kdb.Region], touches: Iterable[tuple[str, str]], marks: Mapping[str, str]
    ) -> None:
        l2n = kdb.LayoutToNetlist("top", _DBU)
        for name, region in regions.items():
            l2n.register(region, name)
        for name, region in regions.items():
            if name not in marks:
                l2n.connect(region)
        for one, other in touches:
            l2n.connect(regions[one], regions[other])
        l2n.extract_netlist()
        for circuit in l2n.netlist().each_circuit():
            for net in circuit.each_net():
                for name, layer in marks.items():
                    found = self._found[layer]
                    for shape in l2n.shapes_of_net(net, regions[name], True).each():
                        box = shape.bbox()
                        found[box.left, box.bottom] = net.cluster_id

    def at(self, layer: str, point: Point) -> int:
        """The net of a layer at a terminal's point."""
        return self._found[layer].get(_corner(point), NO_NET)


def _corner(at: Point) -> Point:
    return at[0] - _MARK // 2, at[1] - _MARK // 2


def _texts(layout: kdb.Layout, cell: kdb.Cell) -> Iterator[tuple[str, str, Point]]:
    """Conductor, text and place of the labels of the highest level that has any: those below name nothing up here."""
    scale = kdb.ICplxTrans(layout.dbu / _DBU)
    pairs = [
        (metal, layout.find_layer(*pair)) for metal, where in PIN_LAYERS.items() for pair in (where.pin, where.label)
    ]
    for depth in range(cell.hierarchy_levels() + 1):
        found = False
        for metal, index in pairs:
            if index is None:
                continue
            shapes = kdb.RecursiveShapeIterator(layout, cell, index)
            shapes.shape_flags = kdb.Shapes.STexts
            shapes.min_depth = shapes.max_depth = depth
            while not shapes.at_end():
                text = shapes.shape().text.transformed(scale * shapes.trans())
                found = True
                yield metal, text.string, (text.x, text.y)
                shapes.next()
        if found:
            return


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

    walk(cell.cell_index(), kdb.ICplxTrans(layout.dbu / _DBU))
    return found


def _finger(
    gate: _Gate, marks: Mapping[str, bool | None], nets: _Nets, places: Mapping[str, _Pieces], instance: int, loop: int
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
