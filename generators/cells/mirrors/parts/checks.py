"""Operating points that a mirror's transistors cannot have: refused before anything is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Final

from mirrorneuron.generators.cells.mirrors.parts.spec import WIDEST_UM, MirrorSpec
from mirrorneuron.generators.units import Unit
from mirrorneuron.pdk_sky130.devices import BIPOLARS, NARROW_LENGTH_MAX_UM, mosfet
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.models import headroom
from mirrorneuron.pdk_sky130.models.hand import BODY_FACTOR, hand_model

__all__ = [
    "SPARE_V",
    "above_leakage",
    "fits_under_the_supply",
    "gate_source",
    "length_fits",
    "saturates",
    "saturation",
]

SPARE_V: Final = 0.03
"""Headroom reserve under the supply [V]: at fs, -40 C two V_GS can exceed the ss values used here by so much."""

_LEAKAGES: Final = 5
"""Smallest current of a unit over its leakage: with less, ratios were off by 10 % and more (ff, 125 C)."""
_NARROW_UM: Final = 0.86
"""Width of a unit from which on long nfets converge at ss: two fingers of 0.43 um."""


def length_fits(device: str, field: str, length_um: float, width_um: float) -> None:
    """Refuse a length that the process does not offer for the device, or at which its models do not converge.

    Raises
    ------
    SpecError
        The length of `field` is such a length.
    """
    if device == "nfet_01v8" and width_um < _NARROW_UM and length_um > NARROW_LENGTH_MAX_UM:
        raise SpecError(
            f"{field} is {length_um:g} um, of a {device} of {width_um:g} um: the models do not converge for it at ss, "
            f"so it could not be verified. At most {NARROW_LENGTH_MAX_UM:g} um, or at least {_NARROW_UM:g} um of width"
        )
    mos = mosfet(device)
    if round(1000 * length_um) < mos.length_min_nm:
        raise SpecError(
            f"{field} is {length_um:g} um: {device} has at least {mos.length_min_nm / 1000:g} um ({mos.length_rule}). "
            "Take a longer gate, or another device"
        )


def above_leakage(spec: MirrorSpec, field: str, value: float, current: float) -> None:
    """Refuse a unit's current [A] near its leakage, which no gate voltage controls.

    Parameters
    ----------
    field, value
        The field that sets the current, and its value [A].

    Raises
    ------
    SpecError
        The current is less than five times the leakage at ff and 125 C.
    """
    leaks = headroom.leakage(spec.main_device, spec.w, spec.l)
    if current < _LEAKAGES * leaks:
        least = _LEAKAGES * leaks
        raise SpecError(
            f"{field} is {value * 1e6:g} uA, {current * 1e9:.4g} nA a unit: {spec.main_device} of {spec.w:g}/{spec.l:g}"
            f" um leaks {leaks * 1e9:.3g} nA when it is off (ff, 125 C), and a unit must carry {_LEAKAGES} times that: "
            f"{least * 1e9:.3g} nA. Take more current a unit, a narrower or longer unit, or a device with a higher "
            "threshold"
        )


def saturates(spec: MirrorSpec, field: str, v_ds: float) -> None:
    """Refuse units that are not saturated at their V_DS.

    Parameters
    ----------
    field, v_ds
        The field that sets V_DS, and its value [V].

    Raises
    ------
    SpecError
        The units' saturation voltage, by the hand model, is higher.
    """
    needed = hand_model(spec.main_device).saturation(spec.unit_current, spec.w / spec.l)
    if needed > v_ds:
        raise SpecError(
            f"current is {spec.current * 1e6:g} uA, {spec.unit_current * 1e6:g} uA a unit of {spec.w:g}/{spec.l:g} um: "
            f"it needs {needed:.2f} V of V_DS to be saturated, and {field} is {v_ds:g} V. Take less current a unit, or "
            "a wider or shorter unit"
        )


def gate_source(spec: MirrorSpec, unit: Unit, *, above: float = 0.0) -> float:
    """V_GS of a unit transistor at the spec's current at ss, and -40 or 125 C [V].

    `above` is the voltage of its source from the rail [V]: it adds the body effect.
    """
    volt = headroom.gate_source(unit.device, spec.unit_current, unit.width_nm / 1000, unit.length_nm / 1000)
    return volt + (BODY_FACTOR - 1) * above


def saturation(spec: MirrorSpec, unit: Unit) -> float:
    """V_DS that saturates a unit transistor at the spec's current [V], by the hand model."""
    return hand_model(unit.device).saturation(spec.unit_current, unit.width_nm / unit.length_nm)


def fits_under_the_supply(spec: MirrorSpec, path: str, voltages: Mapping[str, float]) -> None:
    """Refuse a mirror in which a stack of voltages exceeds the supply.

    Parameters
    ----------
    path
        The path from rail to rail, by name.
    voltages
        The voltages on it, by name [V].

    Raises
    ------
    SpecError
        Their sum and the reserve `SPARE_V` exceed the supply; the message has the sum.
    """
    needed = sum(voltages.values()) + SPARE_V
    if needed <= spec.supply:
        return
    terms = [*(f"{name} {volt:.2f} V" for name, volt in voltages.items()), f"{SPARE_V:.2f} V to spare"]
    device = spec.main_device
    if device in BIPOLARS:
        unit, remedy, where = device, "more supply", "-40 C"
    else:
        wider = min(WIDEST_UM, ceil(spec.w * 4))
        unit, where = f"{spec.w:g}/{spec.l:g} um", "-40 or 125 C"
        remedy = f"more supply, a wider or shorter unit (w: {wider}), device: {device.removesuffix('_lvt')}_lvt"
    raise SpecError(
        f"current is {spec.current * 1e6:g} uA, {spec.unit_current * 1e6:g} uA a unit of {unit}: the {path} needs "
        f"{' + '.join(terms)} = {needed:.2f} V at ss, {where}, and supply is {spec.supply:g} V. Take less current a "
        f"unit (more units: ratios), {remedy}, or another mirror"
    )
