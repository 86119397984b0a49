"""Fringe and sidewall capacitances of a flat layout, from its shapes and the technology file's coefficients.

This is the model of Magic since 8.3.277 (its area and overlap are taken from Magic itself)::

          x1        x2
          |         |            an edge of length L, whose fringe reaches out to the side, up to the halo (8 um) or the
     _____|         |______      next shape of its plane at distance d
     p    |<-- d -->|    p       q: shapes of other planes that nothing between the planes hides
     ~~~~~          ~~~~~~
        _____   ________         F(C, x) = 2/pi atan(C x / 50), C in aF/um^2, x in um: the part of the fringe that lands
        q            q           nearer than x

* to the substrate: P F(C_area, d) L, P the perimeter coefficient; all of P L if nothing is in the way;
* to each shape of another plane from x1 to x2: S (F(C_overlap, x2) - F(C_overlap, x1)) L, S the sideoverlap
  coefficient; a lower one takes P (F(C_area, x2) - F(C_area, x1)) L away from the substrate;
* to the shape that ends the gap: K L / (d + offset) for the pair of edges, K the sidewall coefficient.

Edges of a net do not couple to that net, but are in its way all the same. The cost grows with the area.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import klayout.db as kdb
import numpy as np
from mirrorneuron.flows.extract.coefficients import KINDS, SOURCES, CapacitanceRules
from mirrorneuron.flows.extract.conductors import METALS, SUBSTRATE, Conductors
from mirrorneuron.flows.extract.ext_file import ExtractedCell
from mirrorneuron.flows.extract.geometry import Boxes, Ints, boxes_of, find, gaps, pairs, transposed
from mirrorneuron.pdk_sky130.errors import EvidenceError
from mirrorneuron.pdk_sky130.technology import magic
from numpy.typing import NDArray

__all__ = ["add", "edge_capacitances", "node_names"]

Floats = NDArray[np.floating[Any]]

# Magic's numbers for 2/pi and for how fast the fringe falls off [um per aF/um^2].
_TWO_BY_PI: Final = 0.6366
_FALL: Final = 0.02
_TINY_AF: Final = 1e-9
# Magic rounds the lower left corner of a node down to 10 nm; nothing drawn is less than 10 nm wide.
_INSIDE_UM: Final = 0.005
# The layer where a kind's net is looked up, and the layers of Magic's planes.
_LOOKUP: Final = {"gate": "poly", "head": "poly"}
_PLANES: Final[dict[str, tuple[str, ...]]] = {
    "dwell": ("dnwell",),
    "well": ("nwell", "pwell"),
    "active": ("poly", "body", "diff"),
    "cap1": ("capm",),
    "cap2": ("cap2m",),
    **{KINDS[metal][0]: (metal,) for metal in METALS},
}


def add(extracted: ExtractedCell, conductors: Conductors, names: Mapping[int, str], rules: CapacitanceRules) -> None:
    """Add what the edges of a layout's shapes couple to, to an extraction without it.

    Raises
    ------
    EvidenceError
        A conductor of the layout has no node in the extraction.
    """
    for (net, other_net), value in sorted(edge_capacitances(conductors, rules).items()):
        if abs(value) < _TINY_AF:
            continue
        first, second = names.get(net), names.get(other_net)
        if first is None or second is None:
            raise EvidenceError(
                "Magic extracted no node for a conductor of the layout; a capacitance of "
                f"{value / 1000:.3g} fF would be lost. Use a Magic as new as its technology file asks for."
            )
        if first != second:
            extracted.couplings_af[min(first, second), max(first, second)] += value


def node_names(extracted: ExtractedCell, conductors: Conductors, types: magic.Types) -> dict[int, str]:
    """Magic's node of each net, by where Magic says that the node is.

    Raises
    ------
    EvidenceError
        Two nodes are one net.
    """
    names = {SUBSTRATE: extracted.substrate}
    places: dict[str, list[tuple[str, int, int]]] = {}
    for name, node in extracted.nodes.items():
        if name == extracted.substrate:
            continue
        # Comments and the like are nodes, too.
        for layer in _PLANES.get(types.plane(node.kind), ()):
            at = (round((node.x_um + _INSIDE_UM) / conductors.dbu), round((node.y_um + _INSIDE_UM) / conductors.dbu))
            places.setdefault(layer, []).append((name, *at))
    for layer, nodes in places.items():
        net_numbers = conductors.nets(layer, np.array([at for _, *at in nodes], dtype=np.int64))
        for (name, *_), net in zip(nodes, net_numbers.tolist(), strict=True):
            if net >= 0 and names.setdefault(net, name) != name:
                raise EvidenceError(
                    f"{names[net]} and {name} are one net as drawn, but two to Magic: the layout has something that "
                    "the calculation of capacitances does not know. Use a Magic as new as its technology file asks for."
                )
    return names


@dataclass(frozen=True)
class _Walls:
    """Edges that face free space to the right, `mirrored` to the left; `vertical` ones with x and y exchanged.

    `zones` is what is in front of each, up to the halo or the next shape. `far` is that shape's net, -1 if there is
    none; `facing` whether it has an edge there that couples.
    """

    zones: Boxes
    length_um: Floats
    distance_um: Floats
    vertical: bool
    mirrored: bool
    net: Ints
    far: Ints
    facing: NDArray[np.bool_]


class _Sums:
    """Capacitances [aF] between nets, gathered in arrays."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._keys: list[Ints] = []
        self._values: list[Floats] = []

    def add(self, nets: Ints, others: Ints, values: Floats) -> None:
        if not len(nets):
            return
        keys, places = np.unique(np.minimum(nets, others) * self._count + np.maximum(nets, others), return_inverse=True)
        self._keys.append(keys)
        self._values.append(np.bincount(places, values.astype(np.float64), len(keys)).astype(np.float64))

    def total(self) -> dict[tuple[int, int], float]:
        if not self._keys:
            return {}
        keys, places = np.unique(np.concatenate(self._keys), return_inverse=True)
        sums = np.bincount(places, np.concatenate(self._values), len(keys))
        return {divmod(key, self._count): value for key, value in zip(keys.tolist(), sums.tolist(), strict=True)}


def edge_capacitances(conductors: Conductors, rules: CapacitanceRules) -> dict[tuple[int, int], float]:
    """Capacitance [aF] between pairs of nets (the smaller number first), the substrate among them."""
    sums = _Sums(conductors.count())
    regions = {kind: conductors.regions[kind] for kind in KINDS}
    regions["poly"] = conductors.regions["poly"] - regions["gate"] - regions["head"]
    regions["poly"].min_coherence = True
    present = [kind for kind in SOURCES if not regions[kind].is_empty()]
    walls = {kind: list(_walls(kind, regions[kind], conductors, rules.halo_um)) for kind in present}
    for kind in present:
        for wall in walls[kind]:
            _substrate_and_sidewall(kind, wall, rules, sums)
    hidden = _Hidden(conductors, rules)
    for other, region in regions.items():
        for level in {rules.order[kind] for kind in present if (kind, other) in rules.side_overlap}:
            visible = hidden.visible(region, rules.order[other], level)
            target = _owned(visible, _LOOKUP.get(other, other), conductors)
            for kind in present:
                if rules.order[kind] == level and (kind, other) in rules.side_overlap:
                    for wall in walls[kind]:
                        _fringe(kind, other, wall, target, rules, conductors, sums)
    return sums.total()


class _Hidden:
    """What lies between two planes."""

    def __init__(self, conductors: Conductors, rules: CapacitanceRules) -> None:
        self._planes: dict[int, kdb.Region] = {}
        active = ("poly", "body", "diff")
        for kind, level in rules.order.items():
            for layer in active if level == rules.order["diff"] else (kind,):
                self._planes[level] = self._planes.get(level, kdb.Region()) + conductors.regions[layer]
        self._between: dict[tuple[int, int], kdb.Region] = {}

    def visible(self, region: kdb.Region, level: int, seen_from: int) -> kdb.Region:
        low, high = sorted((level, seen_from))
        if high - low < 2 or region.is_empty():
            return region
        if (low, high) not in self._between:
            between = kdb.Region()
            for inside in range(low + 1, high):
                between += self._planes.get(inside, kdb.Region())
            self._between[low, high] = between.merged()
        return region - self._between[low, high]


def _owned(region: kdb.Region, layer: str, conductors: Conductors) -> tuple[Boxes, Ints]:
    """A region's boxes, and the net of each by the layer that it is a part of."""
    boxes = boxes_of(region)[0]
    return boxes, conductors.nets(layer, boxes[:, :2])


def _walls(kind: str, region: kdb.Region, conductors: Conductors, halo_um: float) -> Iterator[_Walls]:
    """All edges of a kind that face free space, in the four directions."""
    halo = round(halo_um / conductors.dbu)
    frame = conductors.frame.enlarged(2 * halo, 2 * halo)
    own = boxes_of(region)[0]
    # On poly's plane an edge may face a gate, a resistor or a diffusion: it has no fringe there, nor do these stop one.
    others = kdb.Region()
    if kind == "poly":
        for name in ("poly", "body", "diff"):
            others += conductors.regions[name]
        others = others.merged() - region
    strangers = boxes_of(others)[0]
    for vertical in (False, True):

        def inside(points: Ints, boxes: Boxes, *, swap: bool = vertical) -> NDArray[np.bool_]:
            return find(points[:, ::-1] if swap else points, boxes, conductors.grid) >= 0

        def nets(points: Ints, *, swap: bool = vertical) -> Ints:
            return conductors.nets(kind, points[:, ::-1] if swap else points)

        walls = transposed(own) if vertical else own
        free = gaps(region, frame, vertical=vertical)
        faces = free
        if len(strangers):
            everything = region + others
            everything.min_coherence = True
            faces = gaps(everything.merged(), frame, vertical=vertical)
        for mirrored in (False, True):
            # Of the unit squares on either side of an edge at x, the lower left corners: `out` and `back`.
            column, out, back = (2, -1, 0) if mirrored else (0, 0, -1)
            # A side of a gap may be a wall in part only, where another kind's shape is flush with it, or be the frame.
            x, low, high, _ = _cut(faces[:, column], faces[:, 1], faces[:, 3], back, walls, conductors.grid)
            x, low, high, j = _cut(x, low, high, out, free, conductors.grid)
            to = free[j, 2 - column]
            middle = (low + high) // 2
            near = np.abs(to - x) <= halo
            end = np.where(near, to, x + (-halo if mirrored else halo))
            far = np.where(near, nets(np.stack((to + out, middle), axis=1)), -1)
            facing = far >= 0
            if len(strangers):
                facing &= ~inside(np.stack((to + back, middle), axis=1), strangers)
            yield _Walls(
                zones=np.stack((np.minimum(x, end), low, np.maximum(x, end), high), axis=1),
                length_um=(high - low) * conductors.dbu,
                distance_um=np.abs(to - x) * conductors.dbu,
                vertical=vertical,
                mirrored=mirrored,
                net=nets(np.stack((x + back, middle), axis=1)),
                far=far,
                facing=facing,
            )


def _cut(x: Ints, low: Ints, high: Ints, side: int, boxes: Boxes, grid: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Upright edges cut where boxes end that touch them from a side, without what touches none; and the boxes."""
    strips = np.stack((x + side, low, x + side + 1, high), axis=1)
    portions = list(pairs(strips, boxes, grid)) or [(np.empty(0, np.int64), np.empty(0, np.int64))]
    i, j = (np.concatenate(parts) for parts in zip(*portions, strict=True))
    return x[i], np.maximum(low[i], boxes[j, 1]), np.minimum(high[i], boxes[j, 3]), j


def _part(coefficient: float, distance_um: Floats) -> Floats:
    """The part of a fringe that lands nearer than a distance, for an area or overlap coefficient [aF/um^2]."""
    part: Floats = _TWO_BY_PI * np.arctan(_FALL * coefficient * distance_um)
    return part


def _substrate_and_sidewall(kind: str, wall: _Walls, rules: CapacitanceRules, sums: _Sums) -> None:
    kept = np.where(wall.far >= 0, _part(rules.area[kind], wall.distance_um), 1.0)
    ground = np.full(len(wall.net), SUBSTRATE)
    sums.add(wall.net, ground, rules.perimeter[kind] * wall.length_um * kept)
    coefficient, offset = rules.sidewall[kind]
    nets, others = wall.net[wall.facing], wall.far[wall.facing]
    # Half from either edge.
    sums.add(nets, others, coefficient / 2 * wall.length_um[wall.facing] / (wall.distance_um[wall.facing] + offset))


def _fringe(
    kind: str,
    other: str,
    wall: _Walls,
    target: tuple[Boxes, Ints],
    rules: CapacitanceRules,
    conductors: Conductors,
    sums: _Sums,
) -> None:
    boxes, nets = target
    if wall.vertical:
        boxes = transposed(boxes)
    for i, j in pairs(wall.zones, boxes, conductors.grid):
        zone, shape = wall.zones[i], boxes[j]
        length_um = (np.minimum(zone[:, 3], shape[:, 3]) - np.maximum(zone[:, 1], shape[:, 1])) * conductors.dbu
        left, right = np.maximum(zone[:, 0], shape[:, 0]), np.minimum(zone[:, 2], shape[:, 2])
        if wall.mirrored:
            first, last = zone[:, 2] - right, zone[:, 2] - left
        else:
            first, last = left - zone[:, 0], right - zone[:, 0]
        x1, x2 = first * conductors.dbu, last * conductors.dbu
        overlap = rules.overlap.get((kind, other), 0.0)
        coupled = rules.side_overlap[kind, other] * (_part(overlap, x2) - _part(overlap, x1)) * length_um
        sums.add(wall.net[i], nets[j], coupled)
        if rules.order[other] < rules.order[kind]:
            lost = rules.perimeter[kind] * (_part(rules.area[kind], x2) - _part(rules.area[kind], x1)) * length_um
            sums.add(wall.net[i], np.full(len(i), SUBSTRATE), -lost)
