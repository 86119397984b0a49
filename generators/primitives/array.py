"""The unit-transistor fabric: rows of equal units that share diffusion, dummies at their ends and around, a guard ring.

One row, with two owners A and B whose gates are common and whose sources are one net::

    m2   ------------------ drain of B ---------      a metal 2 track for each drain in the row,
    m2   ------- drain of A --------------------      reached by the drains' metal 1 strips
    m2   ===o=====o=====o=====o================  li   the gates' contacts, on one rail
           |_|   |_|   |_|   |_|
         S  g  D  g  S  g  D  g  S  ...                unit = S g D g S, the outer S shared with the neighbour
           |_|   |_|   |_|   |_|
    m2   ===o===========o===========o===========  m1   sources; a dummy's gate and drain are tied to it

Units and dummies are one cell; a second gate net (a differential pair) takes the units' lower contacts, on a rail of
its own below the diffusion. A unit with an odd number of fingers ends in a drain and stands on an island of its own.
All rows lie at one pitch.

Where owners have sources of their own, every unit stands on an island, and each source has a metal 2 track below the
diffusion, as the drains have above it; dummies are tied to the bulk's::

    m1       |     |     |     |
    m2   ----o-----|-----o-----|---------------   bulk: dummies, and owners whose source it is
    m2             o-----------o---------------   source of A, then that of B

Every wire that leaves is a metal 2 rail at a y of its own, which a spine beside the array reaches by prolonging it.
What the units of a row do not share is the length of rail to the spine: `wiring_resistance` gives its limit.
"""

from __future__ import annotations

from functools import partial

from klayout import db as kdb
from mirrorneuron.generators.primitives.ring import RING_WIDTH, guard_ring
from mirrorneuron.generators.primitives.row import ArrayNets, ArrayRow, ArrayWiring
from mirrorneuron.generators.primitives.sheet import Block, Box, Sheet
from mirrorneuron.generators.primitives.unit import (
    COLUMN,
    RING_GAP_X,
    RING_GAP_Y,
    SOURCE_RAIL_MAX,
    SOURCE_RAIL_MIN,
    UnitGeometry,
)
from mirrorneuron.generators.primitives.unit_cells import column_cell, unit_cell
from mirrorneuron.generators.units import ArraySize
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.rules import GRID_NM, nm

__all__ = ["ArrayNets", "draw_array"]


def draw_array(
    sheet: Sheet,
    name: str,
    size: ArraySize,
    nets: ArrayNets,
    *,
    source_rail_nm: int = SOURCE_RAIL_MIN,
) -> Block:
    """Draw a matched array.

    Parameters
    ----------
    source_rail_nm
        Height of the rails that carry the sources [nm]; sources by owner have the lowest rails.

    Raises
    ------
    SpecError
        `UnitGeometry.of` refuses a size, the source rail is too low or too high, there are more than two gate nets, or
        a dummy lies among the units of the second gate net.
    """
    pattern = size.pattern
    wiring = _wiring(name, size, nets, source_rail_nm)
    unit, gate_nets = wiring.unit, len(wiring.gate_nets)
    cell = sheet.cell(name)
    rows = [ArrayRow(sheet, cell, owners, wiring) for owners in pattern.rows]
    tracks, sources = max(len(row.drain_nets) for row in rows), max(len(row.source_nets) for row in rows)
    height, depth = unit.height(tracks), unit.depth(source_rail_nm, gate_nets=gate_nets, sources=sources)
    pitch, barred = unit.row_pitch(len(rows), tracks, source_rail_nm, gate_nets=gate_nets, sources=sources)
    bars = [index * pitch + height + RING_GAP_Y for index in range(len(rows) - 1)] if barred else []
    _draw_units(sheet, cell, unit, pattern.columns, len(rows), pitch)
    if not wiring.apart:
        rows[0].draw_sources(pitch, len(rows))
    rails = [rail for index, row in enumerate(rows) for rail in row.draw(index * pitch)]
    right = (pattern.columns - 1) * unit.pitch + unit.fingers * unit.step
    content = Box(-COLUMN // 2, -depth, right + COLUMN // 2, (len(rows) - 1) * pitch + height)
    ring_inner = content.grown(RING_GAP_X, RING_GAP_Y)
    box, ring_rail = guard_ring(sheet, cell, ring_inner, unit.device, nets.bulk, bars)
    if nets.source == nets.bulk:
        levels = [index * pitch + row.source_y for index, row in enumerate(rows)]
        _join_ring(sheet, cell, ring_inner, levels, source_rail_nm)
    return Block(cell, box, (ring_rail, *rails), well=unit.device.polarity == "p")


def _wiring(name: str, size: ArraySize, nets: ArrayNets, source_rail_nm: int) -> ArrayWiring:
    apart = not isinstance(nets.source, str)
    unit = UnitGeometry.of(size.unit, apart=apart)
    if apart and source_rail_nm != SOURCE_RAIL_MIN:
        raise SpecError(f"source rail of {name} is {source_rail_nm} nm: sources by owner have {SOURCE_RAIL_MIN} nm")
    if not SOURCE_RAIL_MIN <= source_rail_nm <= SOURCE_RAIL_MAX or source_rail_nm % (2 * GRID_NM):
        raise SpecError(
            f"source rail of {name} is {source_rail_nm} nm: {SOURCE_RAIL_MIN} to {SOURCE_RAIL_MAX} nm in steps of "
            f"{2 * GRID_NM} nm (via.5a, m1.3a, x.1a)"
        )
    gate_nets = tuple(dict.fromkeys(nets.gates[o] for row in size.pattern.rows for o in row if o))
    if len(gate_nets) > 2:
        raise SpecError(f"array {name} has {len(gate_nets)} gate nets ({', '.join(gate_nets)}): at most 2 can be wired")
    return ArrayWiring(unit, nets, gate_nets, source_rail_nm)


def _join_ring(sheet: Sheet, cell: kdb.Cell, inner: Box, levels: list[int], rail_nm: int) -> None:
    """Prolong the source rails at these y into the ring, which feeds them from both ends."""
    half = rail_nm // 2
    for y in levels:
        sheet.rect(cell, layers.MET1, Box(inner.x0 - RING_WIDTH // 2, y - half, inner.x1 + RING_WIDTH // 2, y + half))


def _draw_units(sheet: Sheet, cell: kdb.Cell, unit: UnitGeometry, columns: int, rows: int, pitch: int) -> None:
    """Place all units, and the columns of contacts between those that share diffusion."""
    place = partial(sheet.place_grid, cell, x_step=unit.pitch, y_step=pitch, rows=rows)
    place(unit_cell(sheet, unit), columns=columns)
    if unit.shared:
        place(column_cell(sheet, unit), columns=columns + 1)
        return
    # Islands stand nearer to each other than two implants may.
    half, end = COLUMN // 2, (columns - 1) * unit.pitch + unit.fingers * unit.step
    for row in range(rows):
        sheet.rect(
            cell,
            unit.device.implant,
            Box(-half, 0, end + half, unit.finger_nm).grown(nm("nsd.5a")).moved(0, row * pitch),
        )
