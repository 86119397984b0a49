"""The active-input mirror: one amplifier holds the input at a reference by driving all gates, others the outputs.

::

                .-----.                      .-----.
     iin --+----|+    |--+-- gates   vref ---|+    |---| cascode --- iout1
           |  .-|-    |  |                .--|-    |     |
           |  | '-----'  |                |  '-----'    x1
           |  vref       |                '--------------+
          ref |----------+------------------------------| main
          vss                                           vss

All V_DS are the reference, at any output voltage, and the input needs no more than that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mirrorneuron.generators.amplifiers.five_transistor import add_five_transistor, five_transistor_blocks
from mirrorneuron.generators.circuit import Parts
from mirrorneuron.generators.mirrors.parts import amplified, sizing
from mirrorneuron.generators.mirrors.parts.spec import Amplified, Mirror
from mirrorneuron.generators.primitives.drawing import Drawing
from mirrorneuron.generators.spec import NAME_TEXT, Name, SiQuantity, kind_of_cell
from pydantic import Field

if TYPE_CHECKING:
    from klayout import db as kdb
    from mirrorneuron.generators.circuit import Netlist

__all__ = ["MIRROR", "MirrorActiveInputSpec"]

_SUPPLIES = ("vdd", "vss")


class MirrorActiveInputSpec(Amplified, init=False):
    """The active-input mirror: input and outputs held at one low voltage by amplifiers."""

    cell: Annotated[str, kind_of_cell("mirror_active_input")] = Field("mirror_active_input", description="Kind of cell")
    name: Name = Field("mirror_active_input", description=NAME_TEXT)
    reference: Annotated[
        float,
        SiQuantity(
            low=0.1, high=0.8, unit="V", rule="V_DS of all units", remedy="0.2 V; less takes units out of saturation"
        ),
    ] = Field(0.2, description="Voltage of pin vref, which the nodes are held at")


def circuit(spec: MirrorActiveInputSpec) -> Netlist:
    """Pins: ``iin``, the outputs, ``vref``, ``ibias``, both supplies."""
    _check(spec)
    parts = Parts()
    drains = {"iin": "iin"} | {pin: f"{pin}_x" for pin in spec.outputs}
    parts.array("main", sizing.main_array(spec), "vss", "vss", {pin: (net, "gates") for pin, net in drains.items()})
    amplified.add_bias(parts)
    amplifier = sizing.amplifier_sizes().amplifier
    add_five_transistor(parts, "iin", amplifier, plus="iin", minus="vref", out="gates", bias="pb")
    count, side = sizing.input_capacitors(spec)
    for i in range(count):
        parts.capacitor(f"iin_capacitor{i}", side, top="gates", bottom="iin")
    amplified.add_outputs(parts, spec, "vref")
    return parts.netlist(spec.name, [*spec.counts, "vref", "ibias", *_SUPPLIES], spec.lines())


def layout(spec: MirrorActiveInputSpec) -> kdb.Layout:
    """Array, input amplifier and bias on the left of a spine, a regulated cascode for each output on the right."""
    _check(spec)
    draw = Drawing(spec.name, _SUPPLIES)
    main = draw.array(
        "main",
        sizing.main_array(spec),
        gates=dict.fromkeys(spec.counts, "drive"),
        drains={"iin": "iin", **{pin: f"low_{pin}" for pin in spec.outputs}},
        source="vss",
    )
    amplifier = sizing.amplifier_sizes().amplifier
    regulator = five_transistor_blocks(draw, "iin", amplifier, plus="iin", minus="vref", out="drive", bias="tails")
    count, side = sizing.input_capacitors(spec)
    capacitors = [draw.capacitor("iin_capacitor", side, top="drive", bottom="iin")] * count
    outputs = amplified.draw_outputs(draw, spec, "vref")
    left = [*amplified.draw_bias(draw), *reversed(regulator), *capacitors, main]
    return draw.finish(left=left, right=outputs, pins=[*_SUPPLIES, *spec.counts, "vref", "ibias"], hang=True)


def _check(spec: MirrorActiveInputSpec) -> None:
    sizing.n_alone(spec)
    unit = sizing.unit_of(spec)
    drive = {"V_GS of the unit": sizing.gate_source(spec, unit), "V_DS of the amplifier's pair and tail": 0.3}
    sizing.fits_under_the_supply(spec, "gates' amplifier", drive)
    upper = sizing.gate_source(spec, sizing.cascode_unit(spec))
    parts = {"V_GS of the cascode": upper, "vref": spec.reference, "V_DS of the amplifier's pair and tail": 0.3}
    sizing.fits_under_the_supply(spec, "output's gate", parts)


MIRROR = Mirror(spec=MirrorActiveInputSpec, circuit=circuit, layout=layout)
