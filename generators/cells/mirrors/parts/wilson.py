"""The Wilson mirrors: the output's current, mirrored back, is held against the input's by the output's own gate.

The improved one has a diode in the input's branch, so that input and output have one V_DS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mirrorneuron.generators.cells.mirrors.parts.cascodes import add_cascodes, draw_cascodes, stack_fits
from mirrorneuron.generators.cells.mirrors.parts.spec import CASCODE_WIDTH_TEXT, Cascoded, CascodeWidth
from mirrorneuron.generators.cells.mirrors.parts.theory import (
    WILSON,
    MirrorPoint,
    cascode_stack,
    ratio_errors,
)
from mirrorneuron.generators.cells.mirrors.parts.units import add_units, draw_units
from mirrorneuron.generators.circuit import Netlist, Parts
from mirrorneuron.generators.hand import Hand
from mirrorneuron.generators.primitives.drawing import Drawing
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.models.hand import hand_model
from pydantic import Field

if TYPE_CHECKING:
    from klayout import db as kdb

__all__ = ["WilsonSpec", "wilson_circuit", "wilson_error", "wilson_hand", "wilson_layout"]

_POLE_RATIO_MAX: Final = 6
_EDGE_UM: Final = 0.05


class WilsonSpec(Cascoded, init=False):
    """The fields of both Wilson mirrors."""

    P_DEVICE = "pfet_01v8_lvt"

    # Wider than other cascodes, for a calm loop; in the simple one the V_DS differ by their V_GS.
    cascode_w: CascodeWidth = Field(8.0, description=CASCODE_WIDTH_TEXT)


def wilson_circuit(spec: WilsonSpec, *, diode: bool) -> Netlist:
    """The circuit; `diode`: with the cascode on the input's branch that the improved mirror has.

    Pins: ``iin``, the outputs, the rail.
    """
    _check(spec, diode=diode)
    parts = Parts()
    drains = {"iin": "iin_x" if diode else "iin"} | {pin: f"{pin}_x" for pin in spec.outputs}
    add_units(parts, spec, drains, gate=f"{spec.outputs[0]}_x")
    add_cascodes(parts, spec, "iin", _cascoded(spec, diode=diode))
    return parts.netlist(spec.name, [*spec.counts, spec.side.rail], spec.lines())


def wilson_layout(spec: WilsonSpec, *, diode: bool) -> kdb.Layout:
    """The layout: the matched array on the left of a spine, the cascodes on the right."""
    rail = spec.side.rail
    _check(spec, diode=diode)
    draw = Drawing(spec.name, [rail], spec.variant)
    drains = {"iin": "low_iin" if diode else "iin", **{pin: f"low_{pin}" for pin in spec.outputs}}
    main = draw_units(draw, spec, drains, gate="low_iout1")
    cascodes = draw_cascodes(draw, spec, "iin", _cascoded(spec, diode=diode))
    return draw.finish(left=[main], right=cascodes, pins=[rail, *spec.counts], hang=True)


def _cascoded(spec: WilsonSpec, *, diode: bool) -> dict[str, str]:
    return {pin: pin for pin in (spec.counts if diode else spec.outputs)}


def wilson_hand(at: MirrorPoint[Any]) -> dict[str, Hand]:
    """Hand values that both mirrors share, and the ratio error of the simple one."""
    return {
        **cascode_stack(at),
        **ratio_errors(wilson_error(at), "-lambda V_GS: the input's V_DS is one V_GS more"),
        "output_resistance": Hand(1e-9 * at.cascode.ro * (2 + at.unit.gm * at.unit.ro), "r_o (2 + g_m r_o)", WILSON),
    }


def wilson_error(at: MirrorPoint[Any]) -> float:
    """Ratio error of the simple Wilson mirror [%]: -lambda V_GS."""
    return -100 * at.unit.early * at.cascode.vgs


def _check(spec: WilsonSpec, *, diode: bool) -> None:
    stack_fits(spec)
    _settles(spec, sum(spec.ratios if diode else spec.ratios[1:]))


def _settles(spec: WilsonSpec, cascodes: int) -> None:
    """Refuse a Wilson mirror whose loop rings or oscillates, as its second pole lies too low.

    The dominant pole is that of the input node: a unit's transconductance and the gates of `cascodes` cascodes. The
    second is that of a cascode's transconductance and all units' gates. Of 80 random mirrors, simulated at tt, ss -40 C
    and ff 125 C, all settled up to a ratio of 6, and half of those above did not.

    Raises
    ------
    SpecError
        The ratio is above 6.
    """
    model = hand_model(spec.main_device)
    lower = model.gm(spec.unit_current, spec.w / spec.l)
    upper = model.gm(spec.unit_current, spec.cascode_w / spec.cascode_l)
    units = sum(spec.ratios)
    # Overlaps and junctions at the input, as equivalent gate area [um2].
    at_input = cascodes * spec.cascode_w * spec.cascode_l + _EDGE_UM * units * spec.w
    ratio = units * spec.w * spec.l * lower / (at_input * upper)
    if ratio > _POLE_RATIO_MAX:
        raise SpecError(
            f"units are {spec.w:g}/{spec.l:g} um and cascodes {spec.cascode_w:g}/{spec.cascode_l:g} um: the loop's "
            f"second pole would be {ratio:.3g} times too low, and beyond {_POLE_RATIO_MAX} it rings or oscillates. "
            "Take smaller units, larger cascodes, or mirror_cascode"
        )
