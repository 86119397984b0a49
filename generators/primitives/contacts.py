"""Cuts and the metal around them: rows of contacts, and vias between neighbouring metals.

::

    met3   ========      via2  200
    met2  ==========     via   150
    met1   ========      mcon  170
    li1     ======       licon 170
    poly, diffusion, tap
"""

from __future__ import annotations

from klayout import db as kdb
from mirrorneuron.generators.primitives.sheet import Box, Sheet
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.layers import Layer
from mirrorneuron.pdk_sky130.rules import GRID_NM, nm

__all__ = ["RAIL_HALF", "RAIL_PITCH", "TRUNK_HALF", "cut_row", "fit_cuts", "via12", "via23", "via34"]

RAIL_HALF = nm("via.1a") // 2 + nm("m2.4")
"""Half the height of a metal 2 rail that holds a row of vias [nm]."""
RAIL_PITCH = nm("via2.1a") + 2 * nm("via2.4") + nm("m2.2")
"""Pitch of rails [nm] at which neighbouring rails may both have a via2 (its metal 2 is higher than the rail) at one
x."""
TRUNK_HALF = nm("via2.1a") // 2 + nm("m3.4") + 20
"""Half the width of a metal 3 trunk [nm]: the via's metal and 20 nm: a trunk between two rails then has m3.6's area."""


def fit_cuts(low: int, high: int, size: int, space: int) -> range:
    """Lower edges [nm] of the most cuts of `size` at `space` that fit between `low` and `high`, centred on the grid."""
    count = (high - low + space) // (size + space)
    start = low + (high - low - count * (size + space) + space) // 2 // GRID_NM * GRID_NM
    return range(start, start + count * (size + space), size + space)


def cut_row(sheet: Sheet, cell: kdb.Cell, layer: Layer, box: Box, size: int, space: int) -> None:
    """Fill a box with a centred grid of square cuts."""
    columns, rows = fit_cuts(box.x0, box.x1, size, space), fit_cuts(box.y0, box.y1, size, space)
    if not (columns and rows):
        raise ValueError(f"no cut of {size} nm fits in {tuple(box)} nm")
    for x in columns:
        for y in rows:
            sheet.rect(cell, layer, Box(x, y, x + size, y + size))


def via12(sheet: Sheet, cell: kdb.Cell, x: int, y: int) -> None:
    """A via from metal 1 to metal 2 about a point, with both metals; metal 1 is higher than wide, metal 2 wider."""
    half = nm("via.1a") // 2
    cut = Box(x - half, y - half, x + half, y + half)
    sheet.rect(cell, layers.VIA, cut)
    sheet.rect(cell, layers.MET1, cut.grown(nm("via.4a"), nm("via.5a")))
    sheet.rect(cell, layers.MET2, cut.grown(nm("m2.5"), nm("m2.4")))


def via23(sheet: Sheet, cell: kdb.Cell, x: int, y: int, columns: int = 1) -> None:
    """Vias from metal 2 to metal 3, side by side about a point, with both metals."""
    size, space = nm("via2.1a"), nm("via2.2")
    half_x, half_y = (columns * (size + space) - space) // 2, size // 2
    cuts = Box(x - half_x, y - half_y, x + half_x, y + half_y)
    cut_row(sheet, cell, layers.VIA2, cuts, size, space)
    sheet.rect(cell, layers.MET2, cuts.grown(nm("via2.5"), nm("via2.4")))
    sheet.rect(cell, layers.MET3, cuts.grown(nm("m3.4")))


def via34(sheet: Sheet, cell: kdb.Cell, x: int, y: int) -> None:
    """A via from metal 3 to metal 4 about a point, with a square of each metal that meets its minimum area."""
    half, pad = nm("via3.1") // 2, 250
    sheet.rect(cell, layers.VIA3, Box(x - half, y - half, x + half, y + half))
    for layer in (layers.MET3, layers.MET4):
        sheet.rect(cell, layer, Box(x - pad, y - pad, x + pad, y + pad))
