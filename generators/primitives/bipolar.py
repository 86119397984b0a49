"""Matched npn transistors: the foundry's cell on a grid, wires above each row, a substrate ring.

::

    m2   ----o---------------------o---------   a track for each net of the row
    m2   --------o--------o---------------o--
    m3           |   |    |   |    |   |  |
             .-----------------.
             | c   .-----.     |                collector (deep n-well), base and emitter, each in metal 1
             |     | b e |     |
             |     '-----'     |
             '-----------------'

Deep n-wells of different nets keep far apart, so there are no dummies: no neighbour is near.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from klayout import db as kdb
from mirrorneuron.generators.primitives.contacts import RAIL_HALF, RAIL_PITCH, TRUNK_HALF, via12, via23
from mirrorneuron.generators.primitives.ring import guard_ring
from mirrorneuron.generators.primitives.sheet import Block, Box, Rail, Sheet
from mirrorneuron.generators.units import BipolarArray
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.devices import MOSFETS, BipolarDevice, bipolar
from mirrorneuron.pdk_sky130.errors import MissingToolError, SpecError
from mirrorneuron.pdk_sky130.install import locate
from mirrorneuron.pdk_sky130.layers import Layer
from mirrorneuron.pdk_sky130.rules import GRID_NM, nm

__all__ = ["draw_bipolars"]

_RING_GAP = 400
_COLUMN = 900
_CONDUCTORS = 3


@dataclass(frozen=True)
class _Foundry:
    """The foundry's cell: its n-well's and deep n-well's box, and the places of metal 1 of collector, base and
    emitter."""

    cell: kdb.Cell
    well: Box
    deep: Box
    terminals: tuple[tuple[int, int], ...]


def draw_bipolars(
    sheet: Sheet, name: str, size: BipolarArray, nets: Mapping[str, tuple[str, str, str]], substrate: str
) -> Block:
    """Draw matched npn transistors.

    Parameters
    ----------
    nets
        Collector, base and emitter by owner.

    Raises
    ------
    SpecError
        There is no npn of this name, or an owner has no nets.
    MissingToolError
        The PDK does not have the foundry's cell.
    """
    if set(size.pattern.owners) != nets.keys():
        raise SpecError(f"npn of {list(size.pattern.owners)} in {name}, but nets of {sorted(nets)}")
    npn = _foundry_cell(sheet, bipolar(size.device))
    cell = sheet.cell(name)
    rows = [list(dict.fromkeys(net for owner in row if owner for net in nets[owner])) for row in size.pattern.rows]
    channel = (max(map(len, rows)) + 1) * RAIL_PITCH
    pitch_x = npn.deep.x1 - npn.deep.x0 + nm("dnwell.3")
    pitch_y = max(npn.deep.y1 - npn.deep.y0 + nm("dnwell.3"), npn.well.y1 - npn.well.y0 + channel + RAIL_PITCH)
    rails: list[Rail] = []
    for j, (owners, tracks) in enumerate(zip(size.pattern.rows, rows, strict=True)):
        y = j * pitch_y
        levels = {net: y + npn.well.y1 + (k + 1) * RAIL_PITCH for k, net in enumerate(tracks)}
        placed = [(nets[owner], i * pitch_x) for i, owner in enumerate(owners) if owner is not None]
        rails += _draw_row(sheet, cell, npn, placed, y, levels)
    right, top = (size.pattern.columns - 1) * pitch_x, (len(rows) - 1) * pitch_y
    content = Box(npn.well.x0, npn.well.y0, right + npn.well.x1, top + npn.well.y1 + channel)
    box, rail = guard_ring(sheet, cell, content.grown(_RING_GAP), MOSFETS["nfet_01v8"], substrate)
    # Wells of other blocks keep off.
    deep = Box(npn.deep.x0, npn.deep.y0, right + npn.deep.x1, top + npn.deep.y1).grown(nm("nwell.7"))
    return Block(cell, Box.around([box, deep]), (rail, *rails), well=True)


def _draw_row(
    sheet: Sheet,
    cell: kdb.Cell,
    npn: _Foundry,
    placed: list[tuple[tuple[str, str, str], int]],
    y: int,
    levels: Mapping[str, int],
) -> list[Rail]:
    """Draw a row of transistors, each with its nets and x, and a track at the level of each net."""
    ends: dict[str, list[int]] = {net: [] for net in levels}
    for nets, x in placed:
        sheet.place(cell, npn.cell, x, y)
        for net, (terminal_x, terminal_y) in zip(nets, npn.terminals, strict=True):
            _lead_up(sheet, cell, x + terminal_x, y + terminal_y, levels[net])
            ends[net].append(x + terminal_x)
    for net, places in ends.items():
        wire = Box(min(places), levels[net], max(places), levels[net]).grown(TRUNK_HALF, RAIL_HALF)
        sheet.rect(cell, layers.MET2, wire)
    return [Rail(net, levels[net], min(places), max(places)) for net, places in ends.items()]


def _lead_up(sheet: Sheet, cell: kdb.Cell, x: int, y: int, level: int) -> None:
    """Lead metal 1 at a point up to a track."""
    via12(sheet, cell, x, y)
    for end in (y, level):
        via23(sheet, cell, x, end)
    sheet.rect(cell, layers.MET3, Box(x - TRUNK_HALF, y - TRUNK_HALF, x + TRUNK_HALF, level + TRUNK_HALF))


def _foundry_cell(sheet: Sheet, device: BipolarDevice) -> _Foundry:
    pdk = locate()
    path = pdk.fd_pr / device.file if pdk.fd_pr else None
    if path is None or not path.is_file():
        raise MissingToolError(
            f"the PDK ({pdk.source}) does not have the foundry's cell of {device.name}, {device.file}: an npn cannot "
            "be drawn. Unset PDK_ROOT to use mirrorneuron's own assembly."
        )
    library = kdb.Layout()
    library.read(str(path))
    top = library.top_cell()
    wires, wells, deep = (_largest_first(library, layer) for layer in (layers.MET1, layers.NWELL, layers.DNWELL))
    if len(wires) != _CONDUCTORS or len(wells) != 1 or len(deep) != 1 or library.dbu != sheet.layout.dbu:
        raise MissingToolError(f"{path} is not the npn that mirrorneuron knows: unset PDK_ROOT")
    middle = wires[-1].bbox().center()
    # Collector and base are rings; a wire leaves from their upper sides.
    sides = [(wire.bbox().top + max(point.y for point in wire.each_point_hole(0))) // 2 for wire in wires[:2]]
    places = zip((_COLUMN, -_COLUMN, 0), (*sides, middle.y), strict=True)
    terminals = tuple((middle.x + dx, y // GRID_NM * GRID_NM) for dx, y in places)

    def copy(target: kdb.Cell) -> None:
        target.copy_tree(top)

    cell = sheet.shared(top.name, copy)
    return _Foundry(cell, _box(wells[0]), _box(deep[0]), terminals)


def _largest_first(library: kdb.Layout, layer: Layer) -> list[kdb.Polygon]:
    """The merged shapes of a layer."""
    merged = kdb.Region(library.top_cell().begin_shapes_rec(library.layer(*layer))).merged()
    return sorted(merged.each(), key=lambda polygon: -polygon.bbox().area())


def _box(polygon: kdb.Polygon) -> Box:
    box = polygon.bbox()
    return Box(box.left, box.bottom, box.right, box.top)
