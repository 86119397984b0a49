"""The record of the matched array."""

from __future__ import annotations

from mirrorneuron.generators.cell import Cell
from mirrorneuron.generators.cells.matched_array.circuit import build_matched_array
from mirrorneuron.generators.cells.matched_array.layout import draw_matched_array
from mirrorneuron.generators.cells.matched_array.sizing import centroid_limit
from mirrorneuron.generators.cells.matched_array.spec import MatchedArraySpec

__all__ = ["CELL"]

CELL = Cell(
    spec=MatchedArraySpec,
    circuit=build_matched_array,
    layout=draw_matched_array,
    family="matched_array",
    centroid_limit=centroid_limit,
)
