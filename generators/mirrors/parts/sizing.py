"""Sizes of a mirror's arrays, and whether its transistors fit under the supply."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, sqrt

from mirrorneuron.generators.mirrors.parts.spec import CascodeSizes, MirrorSpec
from mirrorneuron.generators.placement import common_centroid
from mirrorneuron.generators.units import ArraySize, Unit
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.hand import hand_model

__all__ = [
    "array",
    "cascode_arrays",
    "cascode_unit",
    "fits_under_the_supply",
    "gate_source",
    "main_array",
    "saturation",
    "unit_of",
]

_WIDE = 10  # units of a row, from which on there are several


def array(unit: Unit, counts: Mapping[str, int], *, dummy_rows: int = 0) -> ArraySize:
    """An array of some units by owner, about as high as wide."""
    units = sum(counts.values())
    rows = 1 if units <= _WIDE else max(2, round(sqrt(units / 3)))
    # Only an odd number of rows has a middle for an odd count.
    rows += rows % 2 == 0 and any(count % 2 for count in counts.values())
    return ArraySize(unit, common_centroid(counts, rows=rows, edge_rows=dummy_rows))


def unit_of(spec: MirrorSpec) -> Unit:
    """The unit transistor."""
    return Unit(spec.main_device, spec.w_nm, spec.l_nm)


def main_array(spec: MirrorSpec, **more: int) -> ArraySize:
    """The units that make the ratio, by pin, and `more` owners beside them."""
    return array(unit_of(spec), {**spec.counts, **more}, dummy_rows=1)


def cascode_unit(spec: MirrorSpec) -> Unit:
    """The cascode of one unit's current; as the unit itself where the spec gives it no sizes of its own."""
    if isinstance(spec, CascodeSizes):
        return Unit(spec.main_device, spec.cascode_w_nm, spec.cascode_l_nm)
    return unit_of(spec)


def cascode_arrays(spec: MirrorSpec, **more: int) -> dict[str, ArraySize]:
    """The cascodes of each pin's units: an array for each, as their sources are nets of their own."""
    unit = cascode_unit(spec)
    return {pin: array(unit, {"cascode": count}) for pin, count in {**spec.counts, **more}.items()}


def gate_source(spec: MirrorSpec, unit: Unit) -> float:
    """V_GS of a unit transistor at the spec's current, at ss and -40 C [V], by the hand model."""
    return hand_model(unit.device).gate_source(spec.unit_current, unit.width_nm / unit.length_nm, slow=True)


def saturation(spec: MirrorSpec, unit: Unit) -> float:
    """V_DS that keeps a unit transistor saturated at the spec's current [V], by the hand model."""
    return hand_model(unit.device).saturation(spec.unit_current, unit.width_nm / unit.length_nm)


def fits_under_the_supply(spec: MirrorSpec, what: str, parts: Mapping[str, float]) -> None:
    """Refuse a mirror whose transistors' voltages, one on the other, are more than the supply.

    Parameters
    ----------
    what
        The path that they lie on.
    parts
        Voltages by name [V].

    Raises
    ------
    SpecError
        They are; the message has the sum.
    """
    needed = sum(parts.values())
    if needed <= spec.supply:
        return
    told = " + ".join(f"{name} {value:.2f} V" for name, value in parts.items())
    wider = ceil(spec.w * 4)
    raise SpecError(
        f"current is {spec.current * 1e6:g} uA, {spec.unit_current * 1e6:g} uA a unit of {spec.w:g}/{spec.l:g} um: the "
        f"{what} needs {told} = {needed:.2f} V at ss, -40 C, and supply is {spec.supply:g} V. Take less current a unit, a "
        f"wider or shorter unit (w: {wider}), device: {spec.main_device.removesuffix('_lvt')}_lvt, or another mirror"
    )
