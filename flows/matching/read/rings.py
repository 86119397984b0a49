"""Closed loops of tap: which there are, whether they are contacted all the way, and what lies in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import klayout.db as kdb

__all__ = ["CONTACT_GAP_NM", "OPEN_GAP_NM", "Loop", "almost_closed", "find_loops", "innermost"]

CONTACT_GAP_NM: Final = 5000
"""A longer stretch of a loop without a contact does not hold the bulk's potential [nm]."""
OPEN_GAP_NM: Final = 2000
"""A loop with gaps up to this was meant to be closed [nm]."""

Point = tuple[int, int]


@dataclass(frozen=True)
class Loop:
    """A closed loop of tap of one type ("n" in an n-well, "p" outside), with its holes; bars across make several."""

    kind: str
    box: kdb.Box
    polygon: kdb.Polygon
    holes: tuple[kdb.Polygon, ...]
    contacts: kdb.Region

    @cached_property
    def bare(self) -> Point | None:
        """Middle of the longest stretch without a contact where that is too long, else None."""
        ring = kdb.Region(self.polygon)
        rest = ring - (self.contacts & ring).sized(CONTACT_GAP_NM // 2)
        if rest.is_empty():
            return None
        box = max((part.bbox() for part in rest.each()), key=lambda part: part.width() + part.height())
        return box.center().x, box.center().y


def find_loops(taps: Mapping[str, kdb.Region], contacts: kdb.Region) -> tuple[Loop, ...]:
    """All closed loops in the merged taps by type, from the bottom left."""
    found = []
    for kind, region in taps.items():
        for polygon in region.each():
            if polygon.holes():
                holes = tuple(_hole(polygon, i) for i in range(polygon.holes()))
                found.append(Loop(kind, polygon.bbox(), polygon, holes, contacts))
    return tuple(sorted(found, key=lambda loop: (loop.box.bottom, loop.box.left, loop.box.top, loop.box.right)))


def _hole(polygon: kdb.Polygon, number: int) -> kdb.Polygon:
    return kdb.Polygon(list(polygon.each_point_hole(number)))


def innermost(loops: Sequence[Loop], points: Sequence[Point]) -> list[int]:
    """For each point the number of the loop that holds it most closely, or -1."""
    shapes = kdb.Shapes()
    for number, point in enumerate(points):
        spot = kdb.Point(*point)
        shapes.insert(kdb.Box(spot, spot).enlarged(1, 1), number + 1)
    found = [-1] * len(points)
    holes = [(hole.area(), number, hole) for number, loop in enumerate(loops) for hole in loop.holes]
    for _, number, hole in sorted(holes, key=lambda entry: entry[:2]):
        for shape in shapes.each_touching(hole.bbox()):
            at = shape.prop_id - 1
            if found[at] < 0 and hole.inside(kdb.Point(*points[at])):
                found[at] = number
    return found


def almost_closed(taps: kdb.Region) -> list[kdb.Polygon]:
    """What tap lies around, but for gaps that `OPEN_GAP_NM` bridges."""
    bridged = taps.sized(OPEN_GAP_NM // 2).merged().sized(-OPEN_GAP_NM // 2).merged()
    return [_hole(polygon, i) for polygon in bridged.each() for i in range(polygon.holes())]
