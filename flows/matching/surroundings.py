"""Surroundings of a unit: the front-end layout near it, and the distance to the n-well's edge. Lengths are nm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, TypeAlias

import klayout.db as kdb
import numpy as np
from mirrorneuron.flows.matching.group import MatchedUnit
from mirrorneuron.flows.matching.read import Extraction
from numpy.typing import NDArray

__all__ = ["REACH_NM", "Surroundings"]

REACH_NM: Final = 5000
"""How far around a unit the layout is examined [nm]."""
_LAYERS: Final = ("diff", "tap", "poly", "nwell", "lvtn", "hvtp", "hvi")
_OWN: Final = ("licon1", "diff", "poly", "nwell", "lvtn", "hvtp", "hvi", "nsdm", "psdm")
_PART: Final = (
    *("licon1", "diff", "tap", "poly", "poly_res", "nwell", "dnwell"),
    *("nsdm", "psdm", "npc", "rpm", "urpm", "npn"),
)
_PIECE: Final = 500
"""Length of the pieces into which slanting edges are divided [nm]."""
_CHUNK: Final = 1 << 21
"""Pairs of gate and edge that are computed at once."""

View: TypeAlias = tuple[frozenset[kdb.Polygon], ...]
"""Shapes by layer, as seen from a point."""


class Surroundings:
    """The front-end shapes of a layout, as its units see them."""

    def __init__(self, extraction: Extraction) -> None:
        """Keep the shapes sorted by place."""
        self._layout = kdb.Layout()
        self._cell = self._layout.create_cell("all")
        self._layers: dict[str, int] = {}
        self._edges = _edges(extraction)
        for name in dict.fromkeys((*_LAYERS, *_OWN, *_PART)):
            if not extraction.drawn[name].is_empty():
                self._layers[name] = self._layout.insert_layer(kdb.LayerInfo(name))
                self._cell.shapes(self._layers[name]).insert(extraction.drawn[name])

    def view(self, box: kdb.Box, origin: kdb.Point) -> View:
        """The shapes in a box, by layer, as seen from `origin`."""
        return self._seen(_LAYERS, box, origin)

    def own(self, box: kdb.Box, origin: kdb.Point, poly: kdb.Region) -> View:
        """The shapes of diffusion and `poly` alone, with their contacts and implants."""
        return self._seen(_OWN, box, origin, poly + self._near("diff", box))

    def part(self, box: kdb.Box, origin: kdb.Point) -> View:
        """The shapes of all layers that make a resistor or a bipolar transistor."""
        return self._seen(_PART, box, origin)

    def _near(self, name: str, box: kdb.Box) -> kdb.Region:
        return kdb.Region(self._cell.begin_shapes_rec_touching(self._layers[name], box))

    def _seen(self, names: Sequence[str], box: kdb.Box, origin: kdb.Point, within: kdb.Region | None = None) -> View:
        window = kdb.Region(box) if within is None else (within.merged() & kdb.Region(box)).merged()
        move = kdb.Trans(kdb.Point() - origin)
        seen = []
        for name in names:
            if name in self._layers:
                seen.append(frozenset((self._near(name, box) & window).transformed(move).each()))
        return tuple(seen)

    def equal_radius(self, units: Sequence[MatchedUnit]) -> float:
        """The distance from its gates up to which every unit sees the same [nm], at most `REACH_NM`.

        Units are compared with the surroundings that most of them have.
        """
        views: Counter[View] = Counter()
        sizes = Counter((unit.box.width(), unit.box.height()) for unit in units)
        width, height = sizes.most_common(1)[0][0]
        for unit in units:
            if (unit.box.width(), unit.box.height()) != (width, height):
                return 0.0
            views[self.view(unit.box.enlarged(REACH_NM, REACH_NM), unit.box.p1)] += 1
        usual_view, *others = [view for view, _ in views.most_common()]
        own = kdb.Box(0, 0, width, height)
        distances = [_distance(own, part) for view in others for part in _difference(usual_view, view)]
        return min(distances, default=float(REACH_NM))

    def well_distances(self, boxes: Sequence[kdb.Box]) -> list[float]:
        """Distance of each box to the nearest n-well edge [nm], from inside or outside; empty where there is none."""
        edges = self._edges
        if not len(edges) or not boxes:
            return []
        gates = np.array([(box.left, box.bottom, box.right, box.top) for box in boxes], dtype=np.float64)
        nearest = np.empty(len(gates))
        step = max(1, _CHUNK // len(edges))
        for low in range(0, len(gates), step):
            part = gates[low : low + step, None, :]
            dx = np.maximum(0.0, np.maximum(edges[:, 0] - part[..., 2], part[..., 0] - edges[:, 2]))
            dy = np.maximum(0.0, np.maximum(edges[:, 1] - part[..., 3], part[..., 1] - edges[:, 3]))
            nearest[low : low + step] = np.hypot(dx, dy).min(axis=1)
        return [float(value) for value in nearest]


def _difference(view: View, other: View) -> list[kdb.Box]:
    """Boxes that cover the shapes that are in one of two views only."""
    parts: list[kdb.Box] = []
    for a, b in zip(view, other, strict=True):
        if a != b:
            left, right = kdb.Region(list(a - b)), kdb.Region(list(b - a))
            parts += [part.bbox() for shape in (left ^ right).each() for part in shape.decompose_trapezoids()]
    return parts


def _distance(box: kdb.Box, other: kdb.Box) -> float:
    dx = max(other.left - box.right, box.left - other.right, 0)
    dy = max(other.bottom - box.top, box.bottom - other.top, 0)
    return float(np.hypot(dx, dy))


def _edges(extraction: Extraction) -> NDArray[np.float64]:
    """The n-well's edges as boxes without area (left, bottom, right, top); slanting edges in small pieces."""
    pieces: list[tuple[float, ...]] = []
    for edge in extraction.drawn["nwell"].edges().each():
        slanting = edge.dx() and edge.dy()
        parts = max(1, round(edge.length() / _PIECE)) if slanting else 1
        for i in range(parts):
            x0, x1 = (edge.x1 + edge.dx() * k / parts for k in (i, i + 1))
            y0, y1 = (edge.y1 + edge.dy() * k / parts for k in (i, i + 1))
            pieces.append((min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)))
    return np.array(pieces, dtype=np.float64).reshape(-1, 4)
