"""The wide-swing cascode mirror, with the cascodes' gate voltage made inside from a copy of the input current.

::

              other supply
               |      |
               |--.---|                          a part of a unit's current, folded back
    iin --+    |  |   vb--.        iout1
          |   fold    |   |          |
    cascode|--vb      |---'  vb---| cascode
          x1        bias             x2
    main  |---- iin  |          iin-|  main
         rail       rail            rail
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mirrorneuron.generators.cell import Cell
from mirrorneuron.generators.cells.mirrors.parts import checks, sizing
from mirrorneuron.generators.cells.mirrors.parts.cascode_bias import (
    add_cascode_bias,
    copied_part,
    copy_fits,
    draw_cascode_bias,
)
from mirrorneuron.generators.cells.mirrors.parts.cascodes import add_cascodes, draw_cascodes
from mirrorneuron.generators.cells.mirrors.parts.spec import Cascoded
from mirrorneuron.generators.cells.mirrors.parts.theory import (
    BY_DESIGN,
    EKV,
    SOOCH,
    MirrorPoint,
    counted_units,
    equal_v_ds,
    lowest_output,
)
from mirrorneuron.generators.cells.mirrors.parts.units import add_units, draw_units
from mirrorneuron.generators.circuit import Netlist, Parts
from mirrorneuron.generators.hand import Hand
from mirrorneuron.generators.primitives.drawing import Drawing
from mirrorneuron.generators.spec import NAME_TEXT, Name, kind_of_cell
from pydantic import Field

if TYPE_CHECKING:
    from klayout import db as kdb

__all__ = ["CELL", "MirrorWideSwingSpec"]

_SUPPLIES = ("vdd", "vss")
_BODY_AND_CORNERS_V = 0.045
"""V_DS beyond saturation that covers the cascodes' body effect and the corners [V]."""


class MirrorWideSwingSpec(Cascoded, init=False):
    """The wide-swing cascode mirror: works from little more than two saturation voltages."""

    cell: Annotated[str, kind_of_cell("mirror_wide_swing")] = Field("mirror_wide_swing", description="Kind of cell")
    name: Name = Field("mirror_wide_swing", description=NAME_TEXT)


def circuit(spec: MirrorWideSwingSpec) -> Netlist:
    """Pins: ``iin``, the outputs, both supplies."""
    _check(spec)
    parts = Parts()
    add_units(parts, spec, {pin: f"{pin}_x" for pin in spec.counts}, gate="iin")
    add_cascodes(parts, spec, "vb", {pin: pin for pin in spec.counts})
    add_cascode_bias(parts, spec, "iin", _across(spec))
    return parts.netlist(spec.name, [*spec.counts, *_SUPPLIES], spec.lines())


def layout(spec: MirrorWideSwingSpec) -> kdb.Layout:
    """The matched array and what makes the bias on the left of a spine, each pin's cascodes on the right."""
    _check(spec)
    draw = Drawing(spec.name, _SUPPLIES, spec.variant)
    main = draw_units(draw, spec, {pin: f"low_{pin}" for pin in spec.counts}, gate="iin")
    cascodes = draw_cascodes(draw, spec, "vcasc", {pin: pin for pin in spec.counts})
    bias = draw_cascode_bias(draw, spec, "iin", _across(spec))
    return draw.finish(left=[*bias, main], right=cascodes, pins=[*_SUPPLIES, *spec.counts], hang=True)


def hand(spec: MirrorWideSwingSpec) -> dict[str, Hand]:
    """Hand values: V_GS at the input, two V_OV at the output, g_m r_o r_o of output resistance."""
    at = MirrorPoint(spec)
    copies = 2 * copied_part(spec) * at.unit.current
    own = {
        **equal_v_ds(),
        **lowest_output(at.unit.sat + at.cascode.sat, "2 V_OV", SOOCH),
        "output_resistance": Hand(1e-9 * at.cascoded, "2 r_o + g_m r_o r_o", SOOCH),
        "input_voltage": Hand(at.unit.vgs, "V_GS", EKV),
        "supply_current": Hand(1e6 * copies, "twice what a copy takes, (w/l)' / (w/l) I", BY_DESIGN),
        "power": Hand(1e6 * at.supply * (at.input + copies), "V (I_in + 2 (w/l)' / (w/l) I)", BY_DESIGN),
    }
    return counted_units(at, own)


def _across(spec: MirrorWideSwingSpec) -> float:
    """V_DS of the units [V]: saturated, with a margin for body effect and corners."""
    return checks.saturation(spec, sizing.unit_of(spec)) + _BODY_AND_CORNERS_V


def _check(spec: MirrorWideSwingSpec) -> None:
    unit, cascode = sizing.unit_of(spec), sizing.cascode_unit(spec)
    checks.fits_under_the_supply(spec, "input", {"V_GS of the unit": checks.gate_source(spec, unit)})
    copy_fits(spec)
    across = _across(spec)
    upper = checks.gate_source(spec, cascode, above=across)
    voltages = {"V_GS of the cascode": upper, "V_DS of the unit": across, "V_DS of the folding mirror": 0.1}
    checks.fits_under_the_supply(spec, "bias", voltages)


CELL = Cell(spec=MirrorWideSwingSpec, circuit=circuit, layout=layout, family="mirror", hand=hand)
