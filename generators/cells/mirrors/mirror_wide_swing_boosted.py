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

from mirrorneuron.generators.cell import Cell
from mirrorneuron.generators.cells.mirrors.parts import amplified, checks, sizing
from mirrorneuron.generators.cells.mirrors.parts.amplified import SUPPLIES
from mirrorneuron.generators.cells.mirrors.parts.cascode_bias import (
    add_cascode_bias,
    copied_part,
    copy_fits,
    draw_cascode_bias,
)
from mirrorneuron.generators.cells.mirrors.parts.cascodes import add_cascodes, draw_cascodes
from mirrorneuron.generators.cells.mirrors.parts.spec import Amplified
from mirrorneuron.generators.cells.mirrors.parts.theory import (
    EKV,
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
from mirrorneuron.generators.spec import NAME_TEXT, Name, kind_of_cell
from pydantic import Field

if TYPE_CHECKING:
    from klayout import db as kdb

__all__ = ["CELL", "MirrorWideSwingBoostedSpec"]


class MirrorWideSwingBoostedSpec(Amplified, init=False):
    """The wide-swing mirror with regulated outputs: low voltages, equal V_DS and a very high output resistance."""

    cell: Annotated[str, kind_of_cell("mirror_wide_swing_boosted")] = Field(
        "mirror_wide_swing_boosted", description="Kind of cell"
    )
    name: Name = Field("mirror_wide_swing_boosted", description=NAME_TEXT)


def circuit(spec: MirrorWideSwingBoostedSpec) -> Netlist:
    """Pins: ``iin``, the outputs, ``ibias``, both supplies."""
    _check(spec)
    parts = Parts()
    add_units(parts, spec, {pin: f"{pin}_x" for pin in spec.counts}, gate="iin")
    add_cascodes(parts, spec, "vb", {"iin": "iin"})
    add_cascode_bias(parts, spec, "iin", _across(spec))
    amplified.add_bias(parts, spec)
    amplified.add_outputs(parts, spec, "iin_x")
    return parts.netlist(spec.name, [*spec.counts, "ibias", *SUPPLIES], spec.lines())


def layout(spec: MirrorWideSwingBoostedSpec) -> kdb.Layout:
    """Matched array, cascodes and bias on the left of a spine, a regulated cascode for each output on the right."""
    _check(spec)
    draw = Drawing(spec.name, SUPPLIES, spec.variant)
    main = draw_units(draw, spec, {pin: f"low_{pin}" for pin in spec.counts}, gate="iin")
    cascodes = draw_cascodes(draw, spec, "vcasc", {"iin": "iin"})
    bias = draw_cascode_bias(draw, spec, "iin", _across(spec))
    outputs = amplified.draw_outputs(draw, spec, "low_iin")
    left = [*amplified.draw_bias(draw, spec), *bias, *cascodes, main]
    return draw.finish(left=left, right=outputs, pins=[*SUPPLIES, *spec.counts, "ibias"], hang=True)


def hand(spec: MirrorWideSwingBoostedSpec) -> dict[str, Hand]:
    """Hand values: those of a wide-swing mirror, its output resistance multiplied by the amplifier's gain."""
    at = MirrorPoint(spec)
    copies = 2 * copied_part(spec) * at.unit.current
    own = {
        **equal_v_ds(at_supply=True),
        **regulated_output(at, at.unit.sat, "V_OV"),
        "input_voltage": Hand(at.unit.vgs, "V_GS", EKV),
        **amplifier_supply(at, len(spec.outputs), more=copies, more_text=", 2 (w/l)' / (w/l) I"),
    }
    return counted_units(at, own)


def _across(spec: MirrorWideSwingBoostedSpec) -> float:
    """V_DS of the units [V]: on the edge of saturation; the ratio hardly depends on it, as all units have the same."""
    return checks.saturation(spec, sizing.unit_of(spec))


def _check(spec: MirrorWideSwingBoostedSpec) -> None:
    unit = sizing.unit_of(spec)
    checks.fits_under_the_supply(spec, "input", {"V_GS of the unit": checks.gate_source(spec, unit)})
    copy_fits(spec)
    node = ("V_DS of the unit", _across(spec))
    amplified.check_output_gates(spec, node, headroom=("V_DS of the amplifier's pair and tail", 0.3))


CELL = Cell(spec=MirrorWideSwingBoostedSpec, circuit=circuit, layout=layout, family="mirror", hand=hand)
