"""Pieces of layout that carry a current from one end to the other: gates, and the bodies of resistors.

All lengths are nanometres.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import klayout.db as kdb

__all__ = ["MARK", "Body", "Point", "ends_of", "find_bodies"]

Point: TypeAlias = tuple[int, int]

MARK: Final = 2
"""Side of the square [nm] that locates a terminal among the nets."""

_Interval: TypeAlias = tuple[int, int, Point, "Body"]
_Line: TypeAlias = tuple[Point, int]

_ALONG: Final = {"x": ((-1, 0), (1, 0)), "y": ((0, -1), (0, 1))}
"""Outward directions of the low and the high end, by the axis of the current."""


@dataclass(slots=True)
class Body:
    """A gate or a resistor's body, before its terminals are known.

    ``sides``: pieces of its boundary that touch an end, by the outward direction there: length, and a point just
    outside the body. ``axis``: direction of the current. ``plain``: the body is a rectangle with one W. ``ends``:
    points just inside the ends, of the low and of the high side.
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


def find_bodies(bodies: kdb.Region, ends: kdb.Region) -> list[Body]:
    """Every body with the pieces of its boundary that touch an end."""
    every = [Body(polygon, polygon.bbox(), _inner_point(polygon)) for polygon in bodies.each()]
    lines = _boundaries(every)
    for edge in (bodies.edges() & ends.edges()).each():
        if edge.length() == 0:
            continue
        direction, offset, low, _ = _line(edge)
        intervals = lines[direction, offset]
        position = bisect_right(intervals, low, key=lambda interval: interval[0]) - 1
        _, _, out, body = intervals[position]
        x, y = (edge.x1 + edge.x2) // 2, (edge.y1 + edge.y2) // 2
        body.sides[out].append((round(edge.length()), (x + out[0] * MARK // 2, y + out[1] * MARK // 2)))
    return every


def _boundaries(bodies: list[Body]) -> dict[_Line, list[_Interval]]:
    """The bodies' edges by the line that they lie on: from, to, outward direction and body, sorted."""
    lines: dict[_Line, list[_Interval]] = defaultdict(list)
    for body in bodies:
        for edge in body.polygon.each_edge():
            direction, offset, low, high = _line(edge)
            length = max(abs(edge.dx()), abs(edge.dy()))
            # The inside is on the right of an edge.
            out = (round(-edge.dy() / length), round(edge.dx() / length))
            lines[direction, offset].append((low, high, out, body))
    for intervals in lines.values():
        intervals.sort(key=lambda interval: interval[:2])
    return lines


def _line(edge: kdb.Edge) -> tuple[Point, int, int, int]:
    """The line of an edge (direction without sign, offset), and from where to where the edge goes along it."""
    dx, dy = edge.dx(), edge.dy()
    divisor = math.gcd(dx, dy)
    dx, dy = dx // divisor, dy // divisor
    if (dx, dy) < (0, 0):
        dx, dy = -dx, -dy
    low, high = sorted((edge.x1 * dx + edge.y1 * dy, edge.x2 * dx + edge.y2 * dy))
    return (dx, dy), edge.x1 * dy - edge.y1 * dx, low, high


def _inner_point(polygon: kdb.Polygon) -> Point:
    """A point inside, for a rectangle its centre."""
    box = polygon.bbox()
    if not polygon.is_box():
        box = max((part.bbox() for part in polygon.decompose_trapezoids()), key=lambda part: part.area())
    return (box.left + box.right) // 2, (box.bottom + box.top) // 2


def ends_of(body: Body, noun: str = "a gate", end: str = "source or drain") -> str:
    """Fill in a body's axis, W, L and ends.

    Returns
    -------
    str
        Empty; or the reason why the body has no two ends, in which `noun` names the body and `end` its ends.
    """
    lengths = {out: sum(length for length, _ in pieces) for out, pieces in body.sides.items()}
    if not lengths:
        return f"{noun} without {end}"
    if len(lengths) == 1:
        return f"{noun} with one end only"
    for axis, directions in _ALONG.items():
        if set(lengths) == set(directions):
            _opposite_ends(body, axis, lengths)
            return ""
    _scattered_ends(body, lengths)
    return ""


def _opposite_ends(body: Body, axis: str, lengths: dict[Point, int]) -> None:
    """The ends lie on the low and the high side along an axis."""
    box = body.box
    width, length = (box.height(), box.width()) if axis == "x" else (box.width(), box.height())
    body.axis, body.l = axis, length
    body.plain = body.polygon.is_box() and all(lengths[out] == width for out in _ALONG[axis])
    body.w = width if body.plain else round(sum(lengths.values()) / 2)
    low, high = ([point for _, point in body.sides[out]] for out in _ALONG[axis])
    body.ends = (tuple(low), tuple(high))
    if not body.plain:
        body.l = round(body.polygon.area() / body.w)


def _scattered_ends(body: Body, lengths: dict[Point, int]) -> None:
    """The ends lie on other sides, as those of a bent gate do: W is the mean of both, L the area over it."""
    body.plain = False
    body.w = round(sum(lengths.values()) / 2)
    body.l = round(body.polygon.area() / body.w)
    vertical = sum(lengths.get(out, 0) for out in _ALONG["y"])
    body.axis = "y" if vertical > sum(lengths.values()) - vertical else "x"
    every = tuple(point for pieces in body.sides.values() for _, point in pieces)
    body.ends = (every, every)  # the nets tell the two ends apart, once they are known
