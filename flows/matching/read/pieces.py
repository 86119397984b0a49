"""Numbers for pieces of a layout: the polygon at a point, and the placed cell that makes a gate. Lengths are nm."""

from __future__ import annotations

from typing import TypeAlias

import klayout.db as kdb
from mirrorneuron.flows.matching.read.bodies import Point
from mirrorneuron.flows.matching.read.nets import DBU
from mirrorneuron.pdk_sky130 import layers

__all__ = ["BoxKey", "Pieces", "box_key", "gate_instances"]

BoxKey: TypeAlias = tuple[int, int, int, int]


class Pieces:
    """The polygons of a merged region by number."""

    def __init__(self, region: kdb.Region) -> None:
        """Number the polygons in the region's order."""
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
        """How far a polygon goes on from a box in it, along an axis, before and after the box."""
        low, high, middle = (
            (box.left, box.right, (box.bottom + box.top) / 2)
            if axis == "x"
            else (box.bottom, box.top, (box.left + box.right) / 2)
        )
        crossings = _crossings(self._polygons[number], axis, middle)
        before, after = [at for at in crossings if at <= low], [at for at in crossings if at >= high]
        return low - max(before, default=low), min(after, default=high) - high


def _crossings(polygon: kdb.Polygon, axis: str, level: float) -> list[int]:
    """Where the boundary of a polygon crosses a line along an axis, at a level of the other axis."""
    crossings = []
    for edge in polygon.each_edge():
        (a0, b0), (a1, b1) = ((edge.x1, edge.y1), (edge.x2, edge.y2))
        if axis == "y":
            a0, b0, a1, b1 = b0, a0, b1, a1
        if min(b0, b1) <= level < max(b0, b1):
            crossings.append(round(a0 + (a1 - a0) * (level - b0) / (b1 - b0)))
    return crossings


def box_key(box: kdb.Box) -> BoxKey:
    """A box as a key of a dictionary."""
    return box.left, box.bottom, box.right, box.top


def gate_instances(layout: kdb.Layout, cell: kdb.Cell) -> dict[BoxKey, int]:
    """Number of the placed cell whose own poly and diffusion make a gate, by the gate's box."""
    own = _own_gates(layout, cell)
    holding = set(own) | {caller for index in own for caller in layout.cell(index).caller_cells()}
    instances: dict[BoxKey, int] = {}
    count = 0

    def walk(index: int, trans: kdb.ICplxTrans) -> None:
        nonlocal count
        if index in own:
            for box in own[index]:
                instances[box_key(trans * box)] = count
            count += 1
        for instance in layout.cell(index).each_inst():
            if instance.cell_index in holding:
                for placement in instance.cell_inst.each_cplx_trans():
                    walk(instance.cell_index, trans * placement)

    walk(cell.cell_index(), kdb.ICplxTrans(layout.dbu / DBU))
    return instances


def _own_gates(layout: kdb.Layout, cell: kdb.Cell) -> dict[int, list[kdb.Box]]:
    """Boxes of the gates that a cell's own shapes make, by cell index."""
    poly, diff = layout.find_layer(*layers.POLY), layout.find_layer(*layers.DIFF)
    own: dict[int, list[kdb.Box]] = {}
    if poly is None or diff is None:
        return own
    for index in [cell.cell_index(), *cell.called_cells()]:
        shapes = layout.cell(index).shapes
        gates = (kdb.Region(shapes(poly)) & kdb.Region(shapes(diff))).merged()
        if not gates.is_empty():
            own[index] = [gate.bbox() for gate in gates.each()]
    return own
