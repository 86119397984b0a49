"""Closed guard rings: tap, implant, contacts, li and metal 1 without a gap; for p transistors with their n-well."""

from __future__ import annotations

from collections.abc import Sequence

from klayout import db as kdb
from mirrorneuron.generators.primitives.contacts import RAIL_HALF, cut_row, via12
from mirrorneuron.generators.primitives.sheet import Box, Rail, Sheet
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.devices import MosDevice
from mirrorneuron.pdk_sky130.rules import nm

__all__ = ["RING_WIDTH", "WELL_MARGIN", "guard_ring"]

RING_WIDTH = nm("licon.1") + 2 * (nm("licon.7") + 5)
"""Width of the tap [nm]: a contact with its enclosure on all sides, 5 nm over so that the contact is on the grid."""
WELL_MARGIN = nm("difftap.10") + 20
"""From the ring's outer edge to the n-well's [nm]."""
_METAL = nm("licon.1") + 2 * nm("li.5")
_CONTACT_PITCH = 1000


def guard_ring(
    sheet: Sheet, cell: kdb.Cell, inner: Box, device: MosDevice, net: str, bars: Sequence[int] = ()
) -> tuple[Box, Rail]:
    """Draw a closed ring around a box, on `net`, with a bar of the same layers across it at each y of `bars`.

    A ring in the substrate has its net's name as a port on li1: without one, Magic does not lead the substrate of a
    cell up to its parent where the tap's net ends in a cell further below.

    Returns
    -------
    Box
        The area of the ring: its outer edge, or its n-well's.
    Rail
        A metal 2 rail of the ring's net over its bottom side.
    """
    outer = inner.grown(RING_WIDTH)
    across = [Box(inner.x0, y, inner.x1, y + RING_WIDTH) for y in bars]
    _draw_layers(sheet, cell, inner, device, across)
    _draw_cuts(sheet, cell, [*_sides(inner, outer), *across])
    y = (outer.y0 + inner.y0) // 2
    ends = (outer.x0 + 2 * RING_WIDTH, outer.x1 - 2 * RING_WIDTH)
    for x in ends:
        via12(sheet, cell, x // 10 * 10, y)
    rail = Rail(net, y, ends[0] // 10 * 10, ends[1] // 10 * 10)
    sheet.rect(cell, layers.MET2, Box(rail.x0, y - RAIL_HALF, rail.x1, y + RAIL_HALF))
    if device.polarity == "n":
        sheet.port(cell, "li1", net, (outer.x0 + outer.x1) // 2 // 10 * 10, y)
        return outer, rail
    well = outer.grown(WELL_MARGIN)
    sheet.rect(cell, layers.NWELL, well)
    return well, rail


def _draw_layers(sheet: Sheet, cell: kdb.Cell, inner: Box, device: MosDevice, across: Sequence[Box]) -> None:
    """Tap, implant, li and metal 1 of the ring around `inner`, and of the bars."""
    outer = inner.grown(RING_WIDTH)
    inset = (RING_WIDTH - _METAL) // 2
    for layer, inward, outward in (
        (layers.TAP, 0, 0),
        (device.tap_implant, -nm("nsd.5b"), nm("nsd.5b")),
        (layers.LI1, inset, -inset),
        (layers.MET1, inset, -inset),
    ):
        for side in _sides(inner.grown(inward), outer.grown(outward)):
            sheet.rect(cell, layer, side)
        for bar in across:
            sheet.rect(cell, layer, bar.grown(inset, outward))


def _draw_cuts(sheet: Sheet, cell: kdb.Cell, sides: Sequence[Box]) -> None:
    """Contacts and mcon along the ring's sides and bars."""
    cut = nm("licon.1")
    # Contacts of two sides that meet in a corner keep their distance along x alone.
    corner = RING_WIDTH + nm("ct.2") - (RING_WIDTH - cut) // 2
    for side in sides:
        wide = side.x1 - side.x0 > side.y1 - side.y0
        row = side.grown(-corner, -(RING_WIDTH - cut) // 2) if wide else side.grown(-(RING_WIDTH - cut) // 2, 0)
        cut_row(sheet, cell, layers.LICON1, row, cut, _CONTACT_PITCH - cut)
        cut_row(sheet, cell, layers.MCON, row, nm("ct.1"), _CONTACT_PITCH - nm("ct.1"))


def _sides(inner: Box, outer: Box) -> tuple[Box, Box, Box, Box]:
    """The bottom and top side of a ring (with the corners), then the left and right one."""
    return (
        Box(outer.x0, outer.y0, outer.x1, inner.y0),
        Box(outer.x0, inner.y1, outer.x1, outer.y1),
        Box(outer.x0, inner.y0, inner.x0, inner.y1),
        Box(inner.x1, inner.y0, outer.x1, inner.y1),
    )
