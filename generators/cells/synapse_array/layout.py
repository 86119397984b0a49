"""The layout of a layer's weights, from its spec.

::

    row 1  [ iin1, gate1 <- S g D g S g D ... ]----+--|--+--|      the rows' drains go into the columns' buses,
    row 0  [ iin0, gate0 <- S g D g S g D ... ]----|--+--+--|      metal 3 from the bottom to the top
                                                 col0p col0n col1p ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirrorneuron.generators.cells.synapse_array.sizing import REFERENCE, size_rows
from mirrorneuron.generators.cells.synapse_array.spec import SynapseArraySpec
from mirrorneuron.generators.primitives.array import ArrayNets, draw_array
from mirrorneuron.generators.primitives.sheet import Block, Sheet
from mirrorneuron.generators.primitives.spine import POWER_COLUMNS_MAX, Power, Stacks, compose, draw_pins
from mirrorneuron.generators.primitives.unit import UnitGeometry, source_rail
from mirrorneuron.generators.units import ArraySize

if TYPE_CHECKING:
    from klayout import db as kdb

__all__ = ["draw_synapse_array"]

VSS = "vss"
ROW_SOURCE_OHM = 20.0
"""By how much the source resistance of two units of a row may differ, as far as the widest rail goes [ohm]."""


def draw_synapse_array(spec: SynapseArraySpec) -> kdb.Layout:
    """Draw a layer's weights: one top cell of the spec's name, with its pins.

    Raises
    ------
    SpecError
        A size cannot be drawn.
    """
    sheet = Sheet()
    rows = [_row(sheet, spec, i, size) for i, size in enumerate(size_rows(spec))]
    drawn = {rail.net for row in rows for rail in row.rails}
    buses = [net for j in range(len(spec.weights[0])) for net in (f"col{j}p", f"col{j}n") if net in drawn]
    inputs = [f"{line}{i}" for i in range(len(rows)) for line in ("iin", "gate")]
    top = compose(
        sheet,
        spec.name,
        Stacks(rows),
        exports=[VSS, *buses],
        through=inputs,
        power=Power([VSS], POWER_COLUMNS_MAX),
    )
    draw_pins(sheet, top, inputs)
    return sheet.finish()


def _row(sheet: Sheet, spec: SynapseArraySpec, i: int, size: ArraySize) -> Block:
    drains = {str(j): f"col{j}{'p' if weight > 0 else 'n'}" for j, weight in enumerate(spec.weights[i]) if weight}
    return draw_array(
        sheet,
        f"{spec.name}_row{i}_{spec.variant}",
        size,
        ArrayNets(
            gates=dict.fromkeys((REFERENCE, *drains), f"gate{i}"),
            drains={REFERENCE: f"iin{i}", **drains},
            source=VSS,
            bulk=VSS,
        ),
        source_rail_nm=source_rail(UnitGeometry.of(size.unit), size.pattern.columns, ROW_SOURCE_OHM),
    )
