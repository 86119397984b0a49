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

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

from mirrorneuron.generators.cell import Cell
from mirrorneuron.generators.cells.mirrors.parts import amplified
from mirrorneuron.generators.cells.mirrors.parts.amplified import SUPPLIES
from mirrorneuron.generators.cells.mirrors.parts.amplifiers import input_capacitors
from mirrorneuron.generators.cells.mirrors.parts.spec import Amplified
from mirrorneuron.generators.cells.mirrors.parts.theory import (
    BY_DESIGN,
    MirrorPoint,
    amplifier_supply,
    counted_units,
    equal_v_ds,
    regulated_output,
)
from mirrorneuron.generators.cells.mirrors.parts.units import add_units, draw_units
from mirrorneuron.generators.circuit import Netlist, Parts
from mirrorneuron.generators.hand import Hand
from mirrorneuron.generators.primitives.drawing import Drawing
from mirrorneuron.generators.spec import NAME_TEXT, Name, SiQuantity, kind_of_cell
from mirrorneuron.pdk_sky130.errors import SpecError
from pydantic import Field, model_validator

if TYPE_CHECKING:
    from klayout import db as kdb

__all__ = ["CELL", "MirrorActiveInputSpec"]

_REFERENCE = 0.2
_REFERENCE_P = 0.3
"""Reference of a p mirror [V]: its amplifiers have n inputs, with 0.3 V less of V_GS than p inputs, and its gates need
the headroom."""
_BIAS_MAX: Final = 2
"""Largest bias over the input's current. Simulated at tt, ss -40 C and ff 125 C with 0.6 to 400 um2 of gate, 20 nA to
1 uA of bias: small steps settled with 3 in all mirrors, with 10 in some, with 20 in none; at 3.4 a full step threw an
output's node beyond the supply."""


class MirrorActiveInputSpec(Amplified, init=False):
    """The active-input mirror: input and outputs held at one low voltage by amplifiers."""

    cell: Annotated[str, kind_of_cell("mirror_active_input")] = Field("mirror_active_input", description="Kind of cell")
    name: Name = Field("mirror_active_input", description=NAME_TEXT)
    reference: Annotated[
        float,
        SiQuantity(
            low=0.1, high=0.8, unit="V", rule="V_DS of all units", remedy="0.2 V; less takes units out of saturation"
        ),
    ] = Field(_REFERENCE, description=f"Voltage of pin vref, which the nodes are held at; {_REFERENCE_P} V for p")

    @model_validator(mode="before")
    @classmethod
    def _p_is_held_lower(cls, fields: Any) -> Any:
        if isinstance(fields, Mapping) and fields.get("polarity") == "p":
            return {"reference": _REFERENCE_P, **fields}
        return fields


def circuit(spec: MirrorActiveInputSpec) -> Netlist:
    """Pins: ``iin``, the outputs, ``vref``, ``ibias``, both supplies."""
    _check(spec)
    parts = Parts()
    add_units(parts, spec, {"iin": "iin"} | {pin: f"{pin}_x" for pin in spec.outputs}, gate="gates")
    amplified.add_bias(parts, spec)
    amplified.add_amplifier(parts, spec, "iin", plus="iin", minus="vref", out="gates")
    count, side = input_capacitors(spec)
    for i in range(count):
        parts.capacitor(f"iin_capacitor{i}", side, top="gates", bottom="iin")
    amplified.add_outputs(parts, spec, "vref")
    return parts.netlist(spec.name, [*spec.counts, "vref", "ibias", *SUPPLIES], spec.lines())


def layout(spec: MirrorActiveInputSpec) -> kdb.Layout:
    """Array, input amplifier and bias on the left of a spine, a regulated cascode for each output on the right."""
    _check(spec)
    draw = Drawing(spec.name, SUPPLIES, spec.variant)
    main = draw_units(draw, spec, {"iin": "iin"} | {pin: f"low_{pin}" for pin in spec.outputs}, gate="drive")
    regulator = amplified.draw_amplifier(draw, spec, "iin", plus="iin", minus="vref", out="drive")
    count, side = input_capacitors(spec)
    capacitors = [draw.capacitor("iin_capacitor", side, top="drive", bottom="iin")] * count
    outputs = amplified.draw_outputs(draw, spec, "vref")
    left = [*amplified.draw_bias(draw, spec), *regulator, *capacitors, main]
    return draw.finish(left=left, right=outputs, pins=[*SUPPLIES, *spec.counts, "vref", "ibias"], hang=True)


def hand(spec: MirrorActiveInputSpec) -> dict[str, Hand]:
    """Hand values: input at V_ref, equal V_DS, the gain-boosted output resistance."""
    at = MirrorPoint(spec)
    own = {
        **equal_v_ds(at_supply=True),
        **regulated_output(at, spec.reference, "V_ref"),
        "input_voltage": Hand(spec.reference, "V_ref", BY_DESIGN),
        **amplifier_supply(at, len(spec.outputs) + 1),  # one more holds the input
    }
    return counted_units(at, own)


def _stays_slow(spec: MirrorActiveInputSpec) -> None:
    """Refuse a bias with which the input's amplifier is faster than the units that it drives."""
    if spec.bias > _BIAS_MAX * spec.current:
        raise SpecError(
            f"bias is {spec.bias * 1e9:.4g} nA and current {spec.current * 1e9:.4g} nA: the input's amplifier would be "
            f"faster than the units that it drives, and ring. At most {_BIAS_MAX} times the current, "
            f"{_BIAS_MAX * spec.current * 1e9:.4g} nA of bias, or more current"
        )


def _check(spec: MirrorActiveInputSpec) -> None:
    _stays_slow(spec)
    amplified.check_input(spec, spec.reference)
    node = ("vref", spec.reference)
    amplified.check_output_gates(spec, node, headroom=("V_DS of the amplifier's pair and tail", 0.3))


CELL = Cell(spec=MirrorActiveInputSpec, circuit=circuit, layout=layout, family="mirror", hand=hand)
