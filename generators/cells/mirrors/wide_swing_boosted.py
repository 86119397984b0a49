"""The wide-swing mirror with amplifiers: the outputs' lower transistors have the input's V_DS, which the cascode sets.

::

    iin --+                       iout1
          |             .-----.     |
    cascode|--vb    .---|+    |---| cascode
          |         | .-|-    |     |
         x0---------' | '-----'    x1
          |           '-------------+
    main  |--iin              iin --|  main
         vss                       vss

``vb`` is made as in the wide-swing mirror, from a part of a unit's current. The amplifiers compare with the
input's own x0: no reference is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mirrorneuron.generators.cells.mirrors.parts import amplified, sizing
from mirrorneuron.generators.cells.mirrors.parts.cascodes import (
    add_cascode_bias,
    add_cascodes,
    draw_cascode_bias,
    draw_cascodes,
)
from mirrorneuron.generators.cells.mirrors.parts.spec import Amplified, Mirror
from mirrorneuron.generators.circuit import Parts
from mirrorneuron.generators.primitives.drawing import Drawing
from mirrorneuron.generators.spec import NAME_TEXT, Name, kind_of_cell
from pydantic import Field

if TYPE_CHECKING:
    from klayout import db as kdb
    from mirrorneuron.generators.circuit import Netlist

__all__ = ["MIRROR", "MirrorWideSwingBoostedSpec"]

_SUPPLIES = ("vdd", "vss")


class MirrorWideSwingBoostedSpec(Amplified, init=False):
    """The wide-swing mirror with regulated outputs: low voltages, equal V_DS and a very high output resistance."""

    cell: Annotated[str, kind_of_cell("mirror_wide_swing_boosted")] = Field(
        "mirror_wide_swing_boosted", description="Kind of cell"
    )
    name: Name = Field("mirror_wide_swing_boosted", description=NAME_TEXT)


def _across(spec: MirrorWideSwingBoostedSpec) -> float:
    """V_DS of the units [V]: on the edge of saturation, which the ratio hardly feels, as all of them have the same."""
    return sizing.saturation(spec, sizing.unit_of(spec))


def circuit(spec: MirrorWideSwingBoostedSpec) -> Netlist:
    """Pins: ``iin``, the outputs, ``ibias``, both supplies."""
    rail = spec.side.rail
    _check(spec)
    parts = Parts()
    parts.array(
        "main",
        sizing.main_array(spec),
        rail,
        rail,
        {pin: (f"{pin}_x", "iin") for pin in spec.counts},
    )
    add_cascodes(parts, spec, "vb", {"iin": "iin"})
    add_cascode_bias(parts, spec, "iin", _across(spec))
    amplified.add_bias(parts, spec)
    amplified.add_outputs(parts, spec, "iin_x")
    return parts.netlist(spec.name, [*spec.counts, "ibias", *_SUPPLIES], spec.lines())


def layout(spec: MirrorWideSwingBoostedSpec) -> kdb.Layout:
    """Matched array, cascodes and bias on the left of a spine, a regulated cascode for each output on the right."""
    _check(spec)
    draw = Drawing(spec.name, _SUPPLIES)
    main = draw.array(
        "main",
        sizing.main_array(spec),
        gates=dict.fromkeys(spec.counts, "iin"),
        drains={pin: f"low_{pin}" for pin in spec.counts},
        source=spec.side.rail,
    )
    cascodes = draw_cascodes(draw, spec, "vcasc", {"iin": "iin"})
    bias = draw_cascode_bias(draw, spec, "iin", _across(spec))
    outputs = amplified.draw_outputs(draw, spec, "low_iin")
    left = [*amplified.draw_bias(draw, spec), *bias, *cascodes, main]
    return draw.finish(left=left, right=outputs, pins=[*_SUPPLIES, *spec.counts, "ibias"], hang=True)


def _check(spec: MirrorWideSwingBoostedSpec) -> None:
    unit = sizing.unit_of(spec)
    sizing.fits_under_the_supply(spec, "input", {"V_GS of the unit": sizing.gate_source(spec, unit)})
    sizing.copy_fits(spec)
    across = _across(spec)
    amplified.check_gates(spec, across)
    upper = sizing.gate_source(spec, sizing.cascode_unit(spec), above=across)
    parts = {"V_GS of the cascode": upper, "V_DS of the unit": across, "V_DS of the amplifier's pair and tail": 0.3}
    sizing.fits_under_the_supply(spec, "output's gate", parts)


MIRROR = Mirror(spec=MirrorWideSwingBoostedSpec, circuit=circuit, layout=layout)
