"""The p-type surface of a layout, as Magic must be shown it."""

from __future__ import annotations

import klayout.db as kdb
from mirrorneuron.pdk_sky130.layers import DNWELL, NWELL, Layer

__all__ = ["PWELL", "isolated", "p_wells", "region"]

PWELL = Layer(64, 59)
"""The layer on which Magic reads a p-well that is drawn."""

_MARGIN_DBU = 1000


def region(layout: kdb.Layout, cell: kdb.Cell, layer: Layer) -> kdb.Region:
    """The shapes of a layer under a cell."""
    index = layout.find_layer(*layer)
    return kdb.Region() if index is None else kdb.Region(cell.begin_shapes_rec(index))


def isolated(layout: kdb.Layout, cell: kdb.Cell) -> kdb.Region:
    """P-wells that a deep n-well and a closed ring of n-well cut off the substrate."""
    dnwell = region(layout, cell, DNWELL)
    return (kdb.Region(dnwell.bbox().enlarged(1)) - region(layout, cell, NWELL)).merged().inside(dnwell)


def p_wells(layout: kdb.Layout, cell: kdb.Cell) -> kdb.Region:
    """The p-type surface of a layout with a deep n-well, to be drawn on `PWELL` so that Magic sees it whole.

    Magic sees a p-well only near diffusion. Without a deep n-well it joins all of them in the substrate; with one
    anywhere in the layout, 8.3.105 keeps each as a net of its own, inside the deep n-well or not.
    """
    if region(layout, cell, DNWELL).is_empty():
        return kdb.Region()
    return kdb.Region(cell.bbox().enlarged(_MARGIN_DBU, _MARGIN_DBU)) - region(layout, cell, NWELL)
