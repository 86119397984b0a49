"""The cells that rows of units are made of: the unit, its columns of contacts, its gate's contact, strips and pads.

Each name carries all that the drawing depends on, so that equal names are equal cells in any layout. The layers of a
device lie together in one cell, and so do those of a contact (cut, both conductors, npc): Magic derives devices and
contacts cell by cell.
"""

from __future__ import annotations

from klayout import db as kdb
from mirrorneuron.generators.primitives.contacts import cut_row, fit_cuts, via12
from mirrorneuron.generators.primitives.sheet import Box, Sheet
from mirrorneuron.generators.primitives.unit import (
    BAR_HALF,
    BAR_WIDTH_MIN,
    COLUMN,
    HEAD,
    LI_END,
    LI_HALF,
    STRIP_HALF,
    UnitGeometry,
)
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.devices import MosDevice
from mirrorneuron.pdk_sky130.rules import nm

__all__ = ["column_cell", "contact_cell", "pad_cell", "strip_cell", "strip_span", "unit_cell"]


def column_cell(sheet: Sheet, unit: UnitGeometry) -> kdb.Cell:
    """A column of contacts on diffusion, with li and mcon, about x = 0."""

    def draw(cell: kdb.Cell) -> None:
        half = COLUMN // 2
        _diffusion(sheet, cell, Box(-half, 0, half, unit.finger_nm), unit.device)
        _column(sheet, cell, 0, unit.finger_nm)

    return sheet.shared(f"{unit.name}_column", draw)


def strip_cell(sheet: Sheet, unit: UnitGeometry, level: int, name: str) -> kdb.Cell:
    """The metal 1 that leads a column's mcon up or down to a rail at a y, with the via to it, about x = 0."""

    def draw(cell: kdb.Cell) -> None:
        low, high = strip_span(unit)
        low, high = (level, high) if level < 0 else (low, level)
        sheet.rect(cell, layers.MET1, Box(-STRIP_HALF, low, STRIP_HALF, high))
        via12(sheet, cell, 0, level)

    return sheet.shared(f"{unit.name}_{name}", draw)


def strip_span(unit: UnitGeometry) -> tuple[int, int]:
    """Lower and upper end of the metal 1 that covers a column's mcon."""
    low, high = _mcon_span(unit.finger_nm)
    return low - nm("m1.5"), high + nm("m1.5")


def pad_cell(sheet: Sheet) -> kdb.Cell:
    """A via stack from li up to metal 2, about the origin."""

    def draw(cell: kdb.Cell) -> None:
        half = nm("ct.1") // 2
        sheet.rect(cell, layers.LI1, Box(-LI_HALF, -LI_HALF, LI_HALF, LI_HALF))
        sheet.rect(cell, layers.MCON, Box(-half, -half, half, half))
        via12(sheet, cell, 0, 0)

    return sheet.shared("via_li1_met2", draw)


def contact_cell(sheet: Sheet, unit: UnitGeometry) -> kdb.Cell:
    """A contact on the bar that joins a unit's gates, about the origin."""

    def draw(cell: kdb.Cell) -> None:
        half = nm("licon.1") // 2
        licon = Box(-half, -half, half, half)
        sheet.rect(cell, layers.POLY, licon.grown(BAR_WIDTH_MIN // 2 - half, BAR_HALF - half))
        sheet.rect(cell, layers.LICON1, licon)
        sheet.rect(cell, layers.NPC, licon.grown(nm("licon.15")))
        sheet.rect(cell, layers.LI1, Box(-LI_END, -LI_HALF, LI_END, LI_HALF))

    return sheet.shared(f"{unit.name}_gate_contact", draw)


def unit_cell(sheet: Sheet, unit: UnitGeometry) -> kdb.Cell:
    """A unit from its first column to its last, its gates joined above and below."""

    def draw(cell: kdb.Cell) -> None:
        half, width = COLUMN // 2, unit.fingers * unit.step
        edge = 0 if unit.shared else half
        _diffusion(sheet, cell, Box(-edge, 0, width + edge, unit.finger_nm), unit.device)
        inner = range(1, unit.fingers) if unit.shared else range(unit.fingers + 1)
        for k in inner:
            _column(sheet, cell, k * unit.step, unit.finger_nm)
        low, high = -HEAD, unit.finger_nm + HEAD
        for k in range(unit.fingers):
            x = half + k * unit.step
            sheet.rect(cell, layers.POLY, Box(x, low - BAR_HALF, x + unit.length_nm, high + BAR_HALF))
        left = min(half, unit.head_x - BAR_WIDTH_MIN // 2)
        right = max(width - half, unit.head_x + BAR_WIDTH_MIN // 2)
        for y in (low, high):
            sheet.rect(cell, layers.POLY, Box(left, y - BAR_HALF, right, y + BAR_HALF))

    return sheet.shared(unit.name, draw)


def _diffusion(sheet: Sheet, cell: kdb.Cell, box: Box, device: MosDevice) -> None:
    """Diffusion with all layers that make it this device's."""
    sheet.rect(cell, layers.DIFF, box)
    sheet.rect(cell, device.implant, box.grown(nm("nsd.5a")))
    for marker in device.markers:
        sheet.rect(cell, marker, box.grown(nm("lvtn.4b")))
    if device.polarity == "p":
        sheet.rect(cell, layers.NWELL, box.grown(nm("lvtn.4b") + nm("lvtn.10")))


def _column(sheet: Sheet, cell: kdb.Cell, x: int, finger_nm: int) -> None:
    """Contacts, li and mcon of a source or drain about `x`."""
    half = nm("licon.1") // 2
    low, high = _licon_span(finger_nm)
    cut_row(sheet, cell, layers.LICON1, Box(x - half, low, x + half, high), nm("licon.1"), nm("licon.2"))
    sheet.rect(cell, layers.LI1, Box(x - half, low - nm("li.5"), x + half, high + nm("li.5")))
    low, high = _mcon_span(finger_nm)
    cut_row(sheet, cell, layers.MCON, Box(x - half, low, x + half, high), nm("ct.1"), nm("ct.2"))


def _licon_span(finger_nm: int) -> tuple[int, int]:
    """Lower and upper end of the contacts on a finger's diffusion."""
    reach = nm("licon.5c")
    return _centred(reach, finger_nm - reach, nm("licon.1"), nm("licon.2"))


def _mcon_span(finger_nm: int) -> tuple[int, int]:
    """Lower and upper end of a column's mcon: on its li, and short enough that its metal 1 stays over the finger."""
    low, high = _licon_span(finger_nm)
    reach = nm("m1.5")
    return _centred(max(reach, low - nm("li.5")), min(finger_nm - reach, high + nm("li.5")), nm("ct.1"), nm("ct.2"))


def _centred(low: int, high: int, size: int, space: int) -> tuple[int, int]:
    """Lower edge of the first and upper edge of the last cut that fit."""
    cuts = fit_cuts(low, high, size, space)
    return cuts[0], cuts[-1] + size
