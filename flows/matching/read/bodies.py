"""Pieces of layout through which a current goes from one end to the other: gates, and the bodies of resistors.

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
"""Side of the square [nm] by which a terminal is found among the nets."""


@dataclass(slots=True)
class Body:
    """A gate or a resistor's body while its terminals are being found.

    ``sides``: pieces of its boundary that an end touches, by the outward direction there. ``ends``: points
    just inside the ends, of the low and the high side.
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


def _line(edge: kdb.Edge) -> tuple[Point, int, int, int]:
    """The line an edge is on (direction without sign, offset), and from where to where along it."""
    dx, dy = edge.dx(), edge.dy()
    shrink = math.gcd(dx, dy)
    dx, dy = dx // shrink, dy // shrink
    if (dx, dy) < (0, 0):
        dx, dy = -dx, -dy
    at = sorted((edge.x1 * dx + edge.y1 * dy, edge.x2 * dx + edge.y2 * dy))
    return (dx, dy), edge.x1 * dy - edge.y1 * dx, at[0], at[1]


def find_bodies(bodies: kdb.Region, ends: kdb.Region) -> list[Body]:
    """Every body with the pieces of its boundary that an end touches."""
    found: list[Body] = []
    lines: dict[tuple[Point, int], list[tuple[int, int, Point, Body]]] = defaultdict(list)
    for polygon in bodies.each():
        gate = Body(polygon, polygon.bbox(), _inner_point(polygon))
        found.append(gate)
        for edge in polygon.each_edge():
            direction, offset, low, high = _line(edge)
            length = max(abs(edge.dx()), abs(edge.dy()))
            # The inside is on the right of an edge.
            out = (round(-edge.dy() / length), round(edge.dx() / length))
            lines[direction, offset].append((low, high, out, gate))
    for entries in lines.values():
        entries.sort(key=lambda entry: entry[:2])
    for edge in (bodies.edges() & ends.edges()).each():
        if edge.length() == 0:
            continue
        direction, offset, low, high = _line(edge)
        entries = lines[direction, offset]
        at = bisect_right(entries, low, key=lambda entry: entry[0]) - 1
        _, _, out, gate = entries[at]
        middle = ((edge.x1 + edge.x2) // 2, (edge.y1 + edge.y2) // 2)
        gate.sides[out].append((round(edge.length()), (middle[0] + out[0] * MARK // 2, middle[1] + out[1] * MARK // 2)))
    return found


def _inner_point(polygon: kdb.Polygon) -> Point:
    """A point inside, for a rectangle its centre."""
    box = polygon.bbox()
    if not polygon.is_box():
        box = max((part.bbox() for part in polygon.decompose_trapezoids()), key=lambda part: part.area())
    return (box.left + box.right) // 2, (box.bottom + box.top) // 2


_ALONG: Final = {"x": ((-1, 0), (1, 0)), "y": ((0, -1), (0, 1))}


def ends_of(gate: Body, what: str = "a gate", end: str = "source or drain") -> str:
    """Fill in axis, W, L and ends; or say why they cannot be, in which `what` and `end` are called so."""
    lengths = {out: sum(length for length, _ in pieces) for out, pieces in gate.sides.items()}
    if not lengths:
        return f"{what} without {end}"
    if len(lengths) == 1:
        return f"{what} with one end only"
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
