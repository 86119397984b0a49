"""Shared hand formulas of the npn mirrors, with the figures of `mirrorneuron.pdk_sky130.devices`."""

from __future__ import annotations

import math

from mirrorneuron.generators.cells.mirrors.parts.spec import MirrorSpec
from mirrorneuron.generators.cells.mirrors.parts.theory import BY_DESIGN, SQUARE
from mirrorneuron.generators.hand import Hand
from mirrorneuron.pdk_sky130.constants import ELEMENTARY_CHARGE_C
from mirrorneuron.pdk_sky130.devices import bipolar

__all__ = ["diode_input", "npn_values", "units_per_input"]


def npn_values(spec: MirrorSpec, error: float, formula: str, *, stacked: bool = False) -> dict[str, Hand]:
    """Values that the npn mirrors have in common, and the ratio error, relative to the current.

    `stacked`: an npn on the output's, within its loop, as the Wilson mirror has it.
    """
    device, out, first = bipolar(spec.main_device), spec.ratios[1], spec.ratios[0]
    v_be = device.base_emitter(spec.unit_current)
    shot = math.sqrt(2 * ELEMENTARY_CHARGE_C * spec.unit_current * (out + out**2 / first))
    low, low_text = (device.saturated_v + v_be, "V_BE + V_CEsat") if stacked else (device.saturated_v, "V_CEsat")
    factor, resistance = (device.beta / 2, "beta V_A / (2 I)") if stacked else (1.0, "V_A / I")
    return {
        "error_half": Hand(100 * error, formula, SQUARE),
        "outputs_apart": Hand(0.0, "0: equal units", BY_DESIGN),
        "output_low": Hand(low, low_text, SQUARE),
        "output_resistance": Hand(1e-9 * factor * device.early_v / spec.unit_current, resistance, SQUARE),
        "noise_white": Hand(1e12 * shot, "sqrt(2 q I (N + N^2 / N_in))", SQUARE),
        "power": Hand(1e6 * spec.supply * spec.current, "V I_in", BY_DESIGN),
    }


def diode_input(spec: MirrorSpec) -> dict[str, Hand]:
    """Input voltage of a mirror whose input is one diode."""
    v_be = bipolar(spec.main_device).base_emitter(spec.unit_current)
    return {"input_voltage": Hand(v_be, "V_BE = Ut ln(I / I_S)", SQUARE)}


def units_per_input(spec: MirrorSpec) -> float:
    """All units over the input's: the base currents over the input's collector current, times beta."""
    return float(sum(spec.ratios)) / float(spec.ratios[0])
