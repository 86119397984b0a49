"""The cascode mirror: two simple mirrors stacked. The upper one keeps the lower one's V_DS equal.

::

    iin --+--.            iout1
          |  |              |
       |--'  +------------|  cascode
       | ref cascode        |
    x1 +--.                x2
       |  |                 |
       |--'---------------|  main
      ref                   |
      rail                rail
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mirrorneuron.generators.cell import Cell
from mirrorneuron.generators.cells.mirrors.parts.cascodes import add_cascodes, draw_cascodes, stack_fits
from mirrorneuron.generators.cells.mirrors.parts.spec import Cascoded
from mirrorneuron.generators.cells.mirrors.parts.theory import (
    RAZAVI,
    SQUARE,
    MirrorPoint,
    cascode_stack,
    counted_units,
)
from mirrorneuron.generators.cells.mirrors.parts.units import add_units, draw_units
from mirrorneuron.generators.circuit import Netlist, Parts
from mirrorneuron.generators.hand import Hand
from mirrorneuron.generators.primitives.drawing import Drawing
from mirrorneuron.generators.spec import NAME_TEXT, Name, kind_of_cell
from pydantic import Field

if TYPE_CHECKING:
    from klayout import db as kdb

__all__ = ["CELL", "MirrorCascodeSpec"]


class MirrorCascodeSpec(Cascoded, init=False):
    """The cascode mirror: a high output resistance for two gate-source voltages of input."""

    P_DEVICE = "pfet_01v8_lvt"

    cell: Annotated[str, kind_of_cell("mirror_cascode")] = Field("mirror_cascode", description="Kind of cell")
    name: Name = Field("mirror_cascode", description=NAME_TEXT)


def circuit(spec: MirrorCascodeSpec) -> Netlist:
    """Pins: ``iin``, the outputs, the rail."""
    stack_fits(spec)
    parts = Parts()
    add_units(parts, spec, {pin: f"{pin}_x" for pin in spec.counts}, gate="iin_x")
    add_cascodes(parts, spec, "iin", {pin: pin for pin in spec.counts})
    return parts.netlist(spec.name, [*spec.counts, spec.side.rail], spec.lines())


def layout(spec: MirrorCascodeSpec) -> kdb.Layout:
    """The matched array on the left of a spine, each pin's cascodes on the right."""
    rail = spec.side.rail
    stack_fits(spec)
    draw = Drawing(spec.name, [rail], spec.variant)
    main = draw_units(draw, spec, {pin: f"low_{pin}" for pin in spec.counts}, gate="low_iin")
    cascodes = draw_cascodes(draw, spec, "iin", {pin: pin for pin in spec.counts})
    return draw.finish(left=[main], right=cascodes, pins=[rail, *spec.counts], hang=True)


def hand(spec: MirrorCascodeSpec) -> dict[str, Hand]:
    """Hand values: two V_GS at the input, V_GS + V_OV at the output, g_m r_o r_o of output resistance."""
    at = MirrorPoint(spec)
    held = at.unit.vgs + at.cascode.vgs
    per_unit = spec.ratios[0] / at.input
    errors = {
        key: Hand(100 * (volt - held) / at.cascoded * per_unit, "(V_out - 2 V_GS) / (R_out I)", RAZAVI)
        for key, volt in (("error_half", at.half), ("error_top", at.supply))
    }
    own = {
        **errors,
        **cascode_stack(at),
        "error_mid": Hand(0.0, "0: equal V_DS", SQUARE),
        "output_resistance": Hand(1e-9 * at.cascoded, "2 r_o + g_m r_o r_o", RAZAVI),
    }
    return counted_units(at, own)


CELL = Cell(spec=MirrorCascodeSpec, circuit=circuit, layout=layout, family="mirror", hand=hand)
