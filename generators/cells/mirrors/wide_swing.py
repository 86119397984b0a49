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

from mirrorneuron.generators.cells.mirrors.parts import sizing
from mirrorneuron.generators.cells.mirrors.parts.cascodes import (
    add_cascode_bias,
    add_cascodes,
    draw_cascode_bias,
    draw_cascodes,
)
from mirrorneuron.generators.cells.mirrors.parts.spec import Cascoded, Mirror
from mirrorneuron.generators.circuit import Parts
from mirrorneuron.generators.primitives.drawing import Drawing
from mirrorneuron.generators.spec import NAME_TEXT, Name, kind_of_cell
from pydantic import Field

if TYPE_CHECKING:
    from klayout import db as kdb
    from mirrorneuron.generators.circuit import Netlist

__all__ = ["MIRROR", "MirrorWideSwingSpec"]


class MirrorWideSwingSpec(Cascoded, init=False):
    """The wide-swing cascode mirror: works from little more than two saturation voltages."""

    cell: Annotated[str, kind_of_cell("mirror_wide_swing")] = Field("mirror_wide_swing", description="Kind of cell")
    name: Name = Field("mirror_wide_swing", description=NAME_TEXT)


def _across(spec: MirrorWideSwingSpec) -> float:
    """V_DS of the units [V]: saturated, and enough for body effect and corners."""
    return sizing.saturation(spec, sizing.unit_of(spec)) + 0.045


def circuit(spec: MirrorWideSwingSpec) -> Netlist:
    """Pins: ``iin``, the outputs, both supplies."""
    rail = spec.side.rail
    _check(spec)
    parts = Parts()
    parts.array("main", sizing.main_array(spec), rail, rail, {pin: (f"{pin}_x", "iin") for pin in spec.counts})
    add_cascodes(parts, spec, "vb", {pin: pin for pin in spec.counts})
    add_cascode_bias(parts, spec, "iin", _across(spec))
    return parts.netlist(spec.name, [*spec.counts, *_SUPPLIES], spec.lines())


def layout(spec: MirrorWideSwingSpec) -> kdb.Layout:
    """The matched array and what makes the bias on the left of a spine, each pin's cascodes on the right."""
    rail = spec.side.rail
    _check(spec)
    draw = Drawing(spec.name, _SUPPLIES)
    main = draw.array(
        "main",
        sizing.main_array(spec),
        gates=dict.fromkeys(spec.counts, "iin"),
        drains={pin: f"low_{pin}" for pin in spec.counts},
        source=rail,
    )
    cascodes = draw_cascodes(draw, spec, "vcasc", {pin: pin for pin in spec.counts})
    bias = draw_cascode_bias(draw, spec, "iin", _across(spec))
    return draw.finish(left=[*bias, main], right=cascodes, pins=[*_SUPPLIES, *spec.counts], hang=True)


def _check(spec: MirrorWideSwingSpec) -> None:
    unit, cascode = sizing.unit_of(spec), sizing.cascode_unit(spec)
    sizing.fits_under_the_supply(spec, "input", {"V_GS of the unit": sizing.gate_source(spec, unit)})
    sizing.copy_fits(spec)
    upper = sizing.gate_source(spec, cascode, above=_across(spec))
    parts = {"V_GS of the cascode": upper, "V_DS of the unit": _across(spec)}
    sizing.fits_under_the_supply(spec, "bias", {**parts, "V_DS of the folding mirror": 0.1})


_SUPPLIES = ("vdd", "vss")


MIRROR = Mirror(spec=MirrorWideSwingSpec, circuit=circuit, layout=layout)
