"""The simple mirror: a diode, and transistors at its gate.

::

    iin --+---.          iout1   iout2
          |   |            |       |
          |   +------------+-------+--  gates
       |--'                |       |
         ref             1 : n1 :  n2
          |                |       |
         rail             rail    rail
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mirrorneuron.generators.cell import Cell
from mirrorneuron.generators.cells.mirrors.parts import checks, sizing
from mirrorneuron.generators.cells.mirrors.parts.spec import MirrorSpec
from mirrorneuron.generators.cells.mirrors.parts.theory import (
    EKV,
    SQUARE,
    MirrorPoint,
    counted_units,
    no_supply,
)
from mirrorneuron.generators.cells.mirrors.parts.units import add_units, draw_units
from mirrorneuron.generators.circuit import Netlist, Parts
from mirrorneuron.generators.hand import Hand
from mirrorneuron.generators.primitives.drawing import Drawing
from mirrorneuron.generators.spec import NAME_TEXT, Name, kind_of_cell
from pydantic import Field

if TYPE_CHECKING:
    from klayout import db as kdb

__all__ = ["CELL", "MirrorSimpleSpec"]


class MirrorSimpleSpec(MirrorSpec, init=False):
    """The simple mirror: the smallest one; its accuracy depends on equal V_DS."""

    cell: Annotated[str, kind_of_cell("mirror_simple")] = Field("mirror_simple", description="Kind of cell")
    name: Name = Field("mirror_simple", description=NAME_TEXT)


def circuit(spec: MirrorSimpleSpec) -> Netlist:
    """Pins: ``iin``, the outputs, the rail."""
    _check(spec)
    parts = Parts()
    add_units(parts, spec, {pin: pin for pin in spec.counts}, gate="iin")
    return parts.netlist(spec.name, [*spec.counts, spec.side.rail], spec.lines())


def layout(spec: MirrorSimpleSpec) -> kdb.Layout:
    """One matched array."""
    rail = spec.side.rail
    _check(spec)
    draw = Drawing(spec.name, [rail], spec.variant)
    main = draw_units(draw, spec, {pin: pin for pin in spec.counts}, gate="iin")
    return draw.finish(left=[main], pins=[rail, *spec.counts])


def hand(spec: MirrorSimpleSpec) -> dict[str, Hand]:
    """Hand values: ratio error by lambda, compliance, output resistance, input voltage."""
    at = MirrorPoint(spec)
    unit = at.unit
    lows = {
        key: Hand(
            max(unit.sat, at.half - loss / unit.early), f"V_DSsat, or where lambda alone costs {100 * loss:g} %", SQUARE
        )
        for key, loss in (("output_low", 0.01), ("output_low_5", 0.05))
    }
    middle = (lows["output_low"].value + at.supply) / 2

    def error(volt: float, output: str) -> Hand:
        return Hand(100 * unit.early * (volt - unit.vgs), f"lambda ({output} - V_GS)", SQUARE)

    own = {
        "error_half": error(at.half, "V_out"),
        "error_top": error(at.supply, "V_out"),
        "error_mid": error(middle, "V_mid"),
        **lows,
        "output_resistance": Hand(1e-9 * unit.ro, "r_o = 1 / (lambda I)", SQUARE),
        "input_voltage": Hand(unit.vgs, "V_GS", EKV),
        **no_supply(spec),
    }
    return counted_units(at, own)


def _check(spec: MirrorSimpleSpec) -> None:
    unit = sizing.unit_of(spec)
    checks.fits_under_the_supply(spec, "input", {"V_GS": checks.gate_source(spec, unit)})


CELL = Cell(spec=MirrorSimpleSpec, circuit=circuit, layout=layout, family="mirror", hand=hand)
