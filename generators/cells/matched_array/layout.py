"""The layout of a matched array, from its spec: the array, a spine on its right that gathers its rows, the pins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirrorneuron.generators.cells.matched_array.sizing import size_array, size_wiring
from mirrorneuron.generators.cells.matched_array.spec import MatchedArraySpec
from mirrorneuron.generators.primitives.array import ArrayNets, draw_array
from mirrorneuron.generators.primitives.sheet import Sheet
from mirrorneuron.generators.primitives.spine import Power, Stacks, compose, draw_pins

if TYPE_CHECKING:
    from klayout import db as kdb

__all__ = ["draw_matched_array"]

GATE, SOURCE, BULK = "g", "s", "b"


def draw_matched_array(spec: MatchedArraySpec) -> kdb.Layout:
    """Draw a matched array: one top cell of the spec's name, with its pins.

    Raises
    ------
    SpecError
        The units cannot be drawn or laid out, or the source's wiring cannot be wide enough.
    """
    size = size_array(spec)
    wiring = size_wiring(spec, size)
    sheet = Sheet()
    own_bulk = spec.bulk == "own"
    array = draw_array(
        sheet,
        f"{spec.name}_array_{spec.variant}",
        size,
        ArrayNets(
            gates=dict.fromkeys(spec.drains, GATE),
            drains={drain: drain for drain in spec.drains},
            source=SOURCE,
            bulk=BULK if own_bulk else SOURCE,
        ),
        source_rail_nm=wiring.rail_nm,
    )
    top = compose(
        sheet,
        spec.name,
        Stacks([array]),
        exports=[SOURCE, *([BULK] if own_bulk else []), GATE, *spec.drains],
        power=Power([SOURCE], wiring.trunk_columns),
    )
    draw_pins(sheet, top, ())
    return sheet.finish()
