"""Boxes for the calculation of parasitics: regions as boxes, which boxes meet, and the free space beside a shape.

Coordinates are integers in database units; boxes are rows of left, bottom, right, top. KLayout's scan lines cut regions
into boxes; what meets what is found on a grid, so that the cost grows with the drawn area, not with its square.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from typing import Final

import klayout.db as kdb
import numpy as np
from numpy.typing import NDArray

__all__ = ["Boxes", "Ints", "boxes_of", "find", "gaps", "pairs", "stairs", "transposed"]

Ints = NDArray[np.int64]
Boxes = NDArray[np.int64]

# Pairs that are looked at in one go: bounds the memory.
_CHUNK: Final = 4_000_000


def stairs(region: kdb.Region, step: int) -> kdb.Region:
    """The merged region with slanted edges cut into stairs of `step`; corners that only touch do not connect."""
    region.min_coherence = True
    merged = region.merged()
    slanted = merged.non_rectilinear()
    if slanted.is_empty():
        return merged
    result = merged.rectilinear()
    for polygon in slanted.each():
        for part in polygon.decompose_trapezoids(kdb.Polygon.TD_htrapezoids):
            for box in _steps(part, step):
                result.insert(box)
    result.min_coherence = True
    return result.merged()


def _steps(part: kdb.SimplePolygon, step: int) -> list[kdb.Box]:
    whole = part.bbox()
    if part.is_box():
        return [whole]
    boxes = []
    for bottom in range(whole.bottom, whole.top, step):
        top = min(bottom + step, whole.top)
        middle = (bottom + top) / 2
        # Where the sides are at half height: a trapezoid has two edges that are not horizontal.
        sides = [
            edge.p1.x + (middle - edge.p1.y) * edge.dx() / edge.dy()
            for edge in part.each_edge()
            if edge.dy() and min(edge.p1.y, edge.p2.y) <= middle <= max(edge.p1.y, edge.p2.y)
        ]
        if len(sides) > 1 and round(max(sides)) > round(min(sides)):
            boxes.append(kdb.Box(round(min(sides)), bottom, round(max(sides)), top))
    return boxes


def boxes_of(region: kdb.Region, mode: int = kdb.Polygon.TD_htrapezoids) -> tuple[Boxes, Ints]:
    """A merged rectilinear region as boxes, and for each the number of the polygon that it is a part of."""
    boxes: list[tuple[int, int, int, int]] = []
    owners: list[int] = []
    for number, polygon in enumerate(region.each_merged()):
        parts = [polygon] if polygon.is_box() else polygon.decompose_trapezoids(mode)
        for part in parts:
            box = part.bbox()
            boxes.append((box.left, box.bottom, box.right, box.top))
            owners.append(number)
    return np.array(boxes, dtype=np.int64).reshape(-1, 4), np.array(owners, dtype=np.int64)


def transposed(boxes: Boxes) -> Boxes:
    """The boxes with x and y exchanged."""
    return boxes[:, [1, 0, 3, 2]]


def pairs(boxes: Boxes, others: Boxes, cell: int) -> Iterator[tuple[Ints, Ints]]:
    """Index pairs of the boxes that share some area, each once, in portions; `cell` is the grid's pitch."""
    if not len(boxes) or not len(others):
        return
    low = np.minimum(boxes[:, :2].min(axis=0), others[:, :2].min(axis=0))
    columns = int((max(boxes[:, 2].max(), others[:, 2].max()) - low[0]) // cell) + 1
    first, in_first = _binned(boxes, low, columns, cell)
    second, in_second = _binned(others, low, columns, cell)
    start = np.searchsorted(second, first, "left")
    count = np.searchsorted(second, first, "right") - start
    ends = np.cumsum(count)
    begin = 0
    while begin < len(first):
        done = ends[begin - 1] if begin else 0
        end = max(int(np.searchsorted(ends, done + _CHUNK, "right")), begin + 1)
        many = count[begin:end]
        offsets = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
        bins = np.repeat(first[begin:end], many)
        i = np.repeat(in_first[begin:end], many)
        j = in_second[np.repeat(start[begin:end], many) + offsets]
        begin = end
        a, b = boxes[i], others[j]
        x, y = np.maximum(a[:, 0], b[:, 0]), np.maximum(a[:, 1], b[:, 1])
        # Both may meet in several grid cells; the boxes with the lower left corner of what they share counts.
        here = (y - low[1]) // cell * columns + (x - low[0]) // cell == bins
        here &= (x < np.minimum(a[:, 2], b[:, 2])) & (y < np.minimum(a[:, 3], b[:, 3]))
        yield i[here], j[here]


def _binned(boxes: Boxes, low: Ints, columns: int, cell: int) -> tuple[Ints, Ints]:
    """Grid cells that the boxes cover, in order, and the box of each entry."""
    first = (boxes[:, :2] - low) // cell
    last = (boxes[:, 2:] - 1 - low) // cell
    wide, high = (last - first + 1).T
    count = wide * high
    index = np.repeat(np.arange(len(boxes)), count)
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    x = first[index, 0] + offset % wide[index]
    y = first[index, 1] + offset // wide[index]
    bins = y * columns + x
    order = np.argsort(bins, kind="stable")
    return bins[order], index[order]


def find(points: Ints, boxes: Boxes, cell: int) -> Ints:
    """For each point (lower left corner of a unit square) a box that covers it; -1 where there is none."""
    indices = np.full(len(points), -1, dtype=np.int64)
    for i, j in pairs(np.hstack((points, points + 1)), boxes, cell):
        indices[i] = j
    return indices


def gaps(walls: kdb.Region, frame: kdb.Box, *, vertical: bool) -> Boxes:
    """What merged rectilinear walls leave free of the frame, as boxes from wall to wall in x, no two of them one gap.

    `vertical`: from wall to wall in y, and x and y are exchanged in the result.

    A line sweeps upwards and keeps the x of all sides that it crosses; of these, sorted, every second pair is a gap.
    """
    changes: dict[int, tuple[list[int], list[int]]] = {}
    for edge in walls.edges().each():
        box = edge.bbox()
        x, low, high = (box.bottom, box.left, box.right) if vertical else (box.left, box.bottom, box.top)
        if low < high:
            changes.setdefault(high, ([], []))[0].append(x)
            changes.setdefault(low, ([], []))[1].append(x)
    left, bottom, right, top = frame.left, frame.bottom, frame.right, frame.top
    if vertical:
        left, bottom, right, top = bottom, left, top, right
    sides = [left, right]
    since = {(left, right): bottom}
    boxes: list[tuple[int, int, int, int]] = []
    for y in sorted(changes):
        gone, come = changes[y]
        closed = {}
        for x in (*gone, *come):
            for gap in _around(sides, x):
                if gap in since:
                    closed[gap] = since.pop(gap)
        for x in gone:
            del sides[bisect_left(sides, x)]
        for x in come:
            insort(sides, x)
        for x in (*gone, *come):
            for gap in _around(sides, x):
                since.setdefault(gap, closed.pop(gap, y))
        boxes += [(gap[0], start, gap[1], y) for gap, start in closed.items() if start < y]
    boxes += [(gap[0], start, gap[1], top) for gap, start in since.items() if start < top]
    return np.array(boxes, dtype=np.int64).reshape(-1, 4)


def _around(sides: list[int], x: int) -> Iterator[tuple[int, int]]:
    """The gaps that hold x or end there."""
    for even in {(bisect_left(sides, x) - 1) // 2 * 2, bisect_left(sides, x) // 2 * 2, bisect_right(sides, x) // 2 * 2}:
        if 0 <= even < len(sides) - 1 and sides[even] < sides[even + 1]:
            yield sides[even], sides[even + 1]
