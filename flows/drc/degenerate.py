"""Shapes without area and paths without length, from the layout itself.

KLayout's layers do not hold them, a copy of the layout does not either, and the shuttle's check gives their places as
if every cell were the top cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import klayout.db as kdb
from mirrorneuron.flows.drc.hierarchy import Hierarchy
from mirrorneuron.pdk_sky130.layers import Layer

__all__ = ["RULES", "Degenerate", "degenerate"]

RULES = ("zero_area_shape", "zero_length_path")
"""As our deck and the shuttle's check call them."""

_DRAWN = kdb.Shapes.SBoxes | kdb.Shapes.SPolygons | kdb.Shapes.SPaths


class Degenerate(NamedTuple):
    """A shape that a mask cannot hold: the rule, the cell that it is drawn in, its layer, and its box [um]."""

    rule: str
    cell: str
    layer: Layer
    box: kdb.DBox


def degenerate(hierarchy: Hierarchy) -> Iterator[Degenerate]:
    """All such shapes of a layout, each once for the cell that holds it. A path without length may have an area."""
    for cell in hierarchy.cells():
        for index in hierarchy.layout.layer_indexes():
            info = hierarchy.layout.get_info(index)
            layer = Layer(info.layer, info.datatype)
            for shape in cell.shapes(index).each(_DRAWN):
                if not shape.area():
                    yield Degenerate("zero_area_shape", cell.name, layer, shape.dbbox())
                if shape.is_path() and len(set(shape.each_point())) == 1:
                    yield Degenerate("zero_length_path", cell.name, layer, shape.dbbox())
