"""A MIM capacitor: bottom plate on metal 3, top plate under metal 4, both connected to metal 2 rails on its left.

::

    met4   ======================         connection of the top plate, over the bottom plate's edge
    via3   #            #  #  #
    capm   .          ----------
    met3   =     =================        bottom plate
    via2   #     #
    met2  ===  =====
"""

from __future__ import annotations

from klayout import db as kdb
from mirrorneuron.generators.primitives.contacts import RAIL_HALF, via23, via34
from mirrorneuron.generators.primitives.sheet import Block, Box, Rail, Sheet
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.devices import MIM
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.rules import GRID_NM, nm

__all__ = ["draw_mim_capacitor"]

_VIA_PITCH = 2000
_PAD_HALF = 250
# Magic keeps other metal 3 off the plate by the bottom plate's enclosure and its spacing together.
_CLEAR = nm("capm.3") + nm("capm.2b")


def draw_mim_capacitor(sheet: Sheet, name: str, side_nm: int, *, top: str, bottom: str) -> Block:
    """Draw a square capacitor of the given side.

    Raises
    ------
    SpecError
        The side is off the grid or outside its limits.
    """
    if side_nm % (2 * GRID_NM) or not MIM.side_min_nm <= side_nm <= MIM.side_max_nm:
        raise SpecError(
            f"MIM capacitor of {side_nm} nm: {MIM.side_min_nm} to {MIM.side_max_nm} nm in steps of {2 * GRID_NM} nm "
            "(capm.1, models)"
        )
    cell = sheet.cell(name)
    _draw_plates(sheet, cell, side_nm)
    top_x, top_y = -_CLEAR - _PAD_HALF, side_nm - 2 * _PAD_HALF
    via34(sheet, cell, top_x, top_y)
    via23(sheet, cell, top_x, top_y)
    sheet.rect(cell, layers.MET4, Box(top_x, top_y - _PAD_HALF, 0, top_y + _PAD_HALF))
    bottom_x, bottom_y = -nm("capm.3") - _PAD_HALF, 2 * _PAD_HALF
    via23(sheet, cell, bottom_x, bottom_y)
    sheet.rect(cell, layers.MET3, Box(bottom_x - _PAD_HALF, bottom_y - _PAD_HALF, 0, bottom_y + _PAD_HALF))
    left = top_x - _PAD_HALF
    rails = tuple(Rail(net, y, left, x) for net, x, y in ((top, top_x, top_y), (bottom, bottom_x, bottom_y)))
    for rail in rails:
        sheet.rect(cell, layers.MET2, Box(rail.x0, rail.y - RAIL_HALF, rail.x1, rail.y + RAIL_HALF))
    # Trunks of a spine are metal 3 as well and keep off the plate.
    return Block(cell, Box(left, -_CLEAR, side_nm + _CLEAR, side_nm + _CLEAR), rails)


def _draw_plates(sheet: Sheet, cell: kdb.Cell, side_nm: int) -> None:
    """Both plates, and a grid of vias on the top plate."""
    plate = Box(0, 0, side_nm, side_nm)
    sheet.rect(cell, layers.CAPM, plate)
    sheet.rect(cell, layers.MET3, plate.grown(nm("capm.3")))
    sheet.rect(cell, layers.MET4, plate)
    size = nm("via3.1")
    count = max(1, (side_nm - 2 * (nm("capm.4") + size)) // _VIA_PITCH)
    first = (side_nm - (count - 1) * _VIA_PITCH - size) // 2 // GRID_NM * GRID_NM
    for i in range(count):
        for j in range(count):
            x, y = first + i * _VIA_PITCH, first + j * _VIA_PITCH
            sheet.rect(cell, layers.VIA3, Box(x, y, x + size, y + size))
