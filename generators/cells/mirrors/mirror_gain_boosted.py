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

from mirrorneuron.generators.cell import Cell
from mirrorneuron.generators.cells.mirrors.parts import amplified, checks, sizing
from mirrorneuron.generators.cells.mirrors.parts.amplified import SUPPLIES
from mirrorneuron.generators.cells.mirrors.parts.spec import Amplified
from mirrorneuron.generators.cells.mirrors.parts.theory import (
    EKV,
    MirrorPoint,
    amplifier_supply,
    counted_units,
    ratio_errors,
    regulated_output,
)
from mirrorneuron.generators.cells.mirrors.parts.units import add_units, draw_units
from mirrorneuron.generators.circuit import Netlist, Parts
from mirrorneuron.generators.hand import Hand
from mirrorneuron.generators.primitives.drawing import Drawing
from mirrorneuron.generators.spec import NAME_TEXT, Name, SiQuantity, kind_of_cell
from pydantic import Field

if TYPE_CHECKING:
    from klayout import db as kdb

__all__ = ["CELL", "MirrorGainBoostedSpec"]


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
            remedy="0.5 V costs 1.8 % of ratio and works from 0.4 V of output; less works lower, with more error",
        ),
    ] = Field(0.5, description="Voltage of pin vref, which the nodes are held at")

    @property
    def systematic_error(self) -> float:
        """Ratio error by hand with the outputs at the input's voltage [%]: lambda (V_ref - V_GS), at any voltage."""
        return _error(MirrorPoint(self))


def circuit(spec: MirrorGainBoostedSpec) -> Netlist:
    """Pins: ``iin``, the outputs, ``vref``, ``ibias``, both supplies."""
    _check(spec)
    parts = Parts()
    add_units(parts, spec, {"iin": "iin"} | {pin: f"{pin}_x" for pin in spec.outputs}, gate="iin")
    amplified.add_bias(parts, spec)
    amplified.add_outputs(parts, spec, "vref")
    return parts.netlist(spec.name, [*spec.counts, "vref", "ibias", *SUPPLIES], spec.lines())


def layout(spec: MirrorGainBoostedSpec) -> kdb.Layout:
    """The matched array and the bias on the left of a spine, a regulated cascode for each output on the right."""
    _check(spec)
    draw = Drawing(spec.name, SUPPLIES, spec.variant)
    main = draw_units(draw, spec, {"iin": "iin"} | {pin: f"low_{pin}" for pin in spec.outputs}, gate="iin")
    outputs = amplified.draw_outputs(draw, spec, "vref")
    pins = [*SUPPLIES, *spec.counts, "vref", "ibias"]
    return draw.finish(left=[*amplified.draw_bias(draw, spec), main], right=outputs, pins=pins, hang=True)


def hand(spec: MirrorGainBoostedSpec) -> dict[str, Hand]:
    """Hand values: the error of V_DS = V_ref at the outputs, the gain-boosted output resistance."""
    at = MirrorPoint(spec)
    own = {
        **ratio_errors(_error(at), "lambda (V_ref - V_GS)"),
        **regulated_output(at, spec.reference, "V_ref"),
        "input_voltage": Hand(at.unit.vgs, "V_GS", EKV),
        **amplifier_supply(at, len(spec.outputs)),
    }
    return counted_units(at, own)


def _error(at: MirrorPoint[MirrorGainBoostedSpec]) -> float:
    return 100 * at.unit.early * (at.spec.reference - at.unit.vgs)


def _check(spec: MirrorGainBoostedSpec) -> None:
    unit = sizing.unit_of(spec)
    checks.fits_under_the_supply(spec, "input", {"V_GS": checks.gate_source(spec, unit)})
    checks.saturates(spec, "reference", spec.reference)
    amplified.check_output_gates(spec, ("vref", spec.reference), headroom=("V_DS of the amplifier's load", 0.2))


CELL = Cell(spec=MirrorGainBoostedSpec, circuit=circuit, layout=layout, family="mirror", hand=hand)
