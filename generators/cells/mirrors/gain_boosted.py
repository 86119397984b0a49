"""The gain-boosted mirror, or feedback-assisted: an amplifier holds the output transistor's drain at a reference.

::

    iin --+--.                      iout1
          |  |            .-----.     |
          |  |    vref ---|+    |---| cascode
          |  |         .--|-    |     |
          |  |         |  '-----'    x1
          |  |         '--------------+
       |--'--+-----------------------|  main
      ref                             |
      vss                            vss

Its V_DS are not equal: that of the input is V_GS, that of the outputs the reference. An error for a low output voltage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mirrorneuron.generators.cells.mirrors.parts import amplified, checks, sizing
from mirrorneuron.generators.cells.mirrors.parts.spec import Amplified, Mirror
from mirrorneuron.generators.circuit import Parts
from mirrorneuron.generators.primitives.drawing import Drawing
from mirrorneuron.generators.spec import NAME_TEXT, Name, SiQuantity, kind_of_cell
from pydantic import Field

if TYPE_CHECKING:
    from klayout import db as kdb
    from mirrorneuron.generators.circuit import Netlist

__all__ = ["MIRROR", "MirrorGainBoostedSpec"]

_SUPPLIES = ("vdd", "vss")


class MirrorGainBoostedSpec(Amplified, init=False):
    """The gain-boosted mirror: a regulated cascode on a simple mirror."""

    cell: Annotated[str, kind_of_cell("mirror_gain_boosted")] = Field("mirror_gain_boosted", description="Kind of cell")
    name: Name = Field("mirror_gain_boosted", description=NAME_TEXT)
    reference: Annotated[
        float,
        SiQuantity(
            low=0.1,
            high=0.8,
            unit="V",
            rule="V_DS of the outputs' transistors",
            remedy="0.5 V costs 1.8 % of ratio and works from 0.4 V of output; less works lower and errs more",
        ),
    ] = Field(0.5, description="Voltage of pin vref, which the nodes are held at")


def circuit(spec: MirrorGainBoostedSpec) -> Netlist:
    """Pins: ``iin``, the outputs, ``vref``, ``ibias``, both supplies."""
    rail = spec.side.rail
    _check(spec)
    parts = Parts()
    drains = {"iin": "iin"} | {pin: f"{pin}_x" for pin in spec.outputs}
    parts.array(
        "main",
        sizing.main_array(spec),
        rail,
        rail,
        {pin: (net, "iin") for pin, net in drains.items()},
    )
    amplified.add_bias(parts, spec)
    amplified.add_outputs(parts, spec, "vref")
    return parts.netlist(spec.name, [*spec.counts, "vref", "ibias", *_SUPPLIES], spec.lines())


def layout(spec: MirrorGainBoostedSpec) -> kdb.Layout:
    """The matched array and the bias on the left of a spine, a regulated cascode for each output on the right."""
    _check(spec)
    draw = Drawing(spec.name, _SUPPLIES)
    main = draw.array(
        "main",
        sizing.main_array(spec),
        gates=dict.fromkeys(spec.counts, "iin"),
        drains={"iin": "iin", **{pin: f"low_{pin}" for pin in spec.outputs}},
        source=spec.side.rail,
    )
    outputs = amplified.draw_outputs(draw, spec, "vref")
    pins = [*_SUPPLIES, *spec.counts, "vref", "ibias"]
    return draw.finish(left=[*amplified.draw_bias(draw, spec), main], right=outputs, pins=pins, hang=True)


def _check(spec: MirrorGainBoostedSpec) -> None:
    unit = sizing.unit_of(spec)
    sizing.fits_under_the_supply(spec, "input", {"V_GS": sizing.gate_source(spec, unit)})
    checks.saturates(spec, "reference", spec.reference)
    amplified.check_gates(spec, spec.reference)
    upper = sizing.gate_source(spec, sizing.cascode_unit(spec), above=spec.reference)
    parts = {"V_GS of the cascode": upper, "vref": spec.reference, "V_DS of the amplifier's load": 0.2}
    sizing.fits_under_the_supply(spec, "output's gate", parts)


MIRROR = Mirror(spec=MirrorGainBoostedSpec, circuit=circuit, layout=layout)
