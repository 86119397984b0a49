"""Closed loops of tap: where they lie, whether they are contacted all the way, and the points inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import klayout.db as kdb
from mirrorneuron.flows.matching.read.bodies import Point

__all__ = ["CONTACT_GAP_NM", "OPEN_GAP_NM", "Loop", "almost_closed", "find_loops", "innermost"]

CONTACT_GAP_NM: Final = 5000
"""A longer stretch of a loop without a contact does not hold the bulk's potential [nm]."""
OPEN_GAP_NM: Final = 2000
"""A loop with gaps up to this was meant to be closed [nm]."""


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
        """Middle of the longest stretch without a contact where it is longer than `CONTACT_GAP_NM`, else None."""
        ring = kdb.Region(self.polygon)
        rest = ring - (self.contacts & ring).sized(CONTACT_GAP_NM // 2)
        if rest.is_empty():
            return None
        box = max((part.bbox() for part in rest.each()), key=lambda part: part.width() + part.height())
        return box.center().x, box.center().y


def find_loops(taps: Mapping[str, kdb.Region], contacts: kdb.Region) -> tuple[Loop, ...]:
    """All closed loops in the merged taps by type, from the bottom left."""
    loops = []
    for kind, region in taps.items():
        for polygon in region.each():
            if polygon.holes():
                holes = tuple(_hole(polygon, i) for i in range(polygon.holes()))
                loops.append(Loop(kind, polygon.bbox(), polygon, holes, contacts))
    return tuple(sorted(loops, key=lambda loop: (loop.box.bottom, loop.box.left, loop.box.top, loop.box.right)))


def _hole(polygon: kdb.Polygon, number: int) -> kdb.Polygon:
    return kdb.Polygon(list(polygon.each_point_hole(number)))


def innermost(loops: Sequence[Loop], points: Sequence[Point]) -> list[int]:
    """For each point the number of the innermost loop around it, or -1."""
    shapes = kdb.Shapes()
    for number, point in enumerate(points):
        spot = kdb.Point(*point)
        shapes.insert(kdb.Box(spot, spot).enlarged(1, 1), number + 1)
    loop_of = [-1] * len(points)
    holes = [(hole.area(), number, hole) for number, loop in enumerate(loops) for hole in loop.holes]
    for _, number, hole in sorted(holes, key=lambda entry: entry[:2]):
        for shape in shapes.each_touching(hole.bbox()):
            index = shape.prop_id - 1
            if loop_of[index] < 0 and hole.inside(kdb.Point(*points[index])):
                loop_of[index] = number
    return loop_of


def almost_closed(taps: kdb.Region) -> list[kdb.Polygon]:
    """The areas that tap encloses, but for gaps up to `OPEN_GAP_NM`."""
    bridged = taps.sized(OPEN_GAP_NM // 2).merged().sized(-OPEN_GAP_NM // 2).merged()
    return [_hole(polygon, i) for polygon in bridged.each() for i in range(polygon.holes())]
