"""Numbers of a mirror from operating points and small-signal resistance: ratio, compliance, input, output."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np
from mirrorneuron.flows.results.measurement import Numbers
from mirrorneuron.flows.simulate import Condition
from mirrorneuron.flows.testbenches.conditions import TYPICAL
from mirrorneuron.flows.testbenches.mirror.measurement import Floats, MirrorCorner
from mirrorneuron.flows.testbenches.mirror.operating_range import OperatingRange
from mirrorneuron.flows.testbenches.mirror.plan import MirrorPlan
from mirrorneuron.flows.testbenches.mirror.results import MirrorResults, resistance
from mirrorneuron.pdk_sky130.errors import EvidenceError

__all__ = ["enter_static", "worst"]

_WITHIN: Final = 0.01  # of the ratio at the spec's current
_COLD_C: Final = -40.0
_HOT_C: Final = 125.0


def enter_static(numbers: Numbers, results: MirrorResults, corners: Sequence[MirrorCorner]) -> None:
    """Enter ratio errors, compliance, supply current, input voltage and range, and output resistance."""
    typical = next(corner for corner in corners if corner.condition == TYPICAL)
    _enter_errors(numbers, results.plan, typical, corners)
    _enter_compliance(numbers, results, corners)
    _enter_input(numbers, results, corners)
    _enter_output(numbers, results, corners)


def worst(errors: Floats) -> float:
    """The error of the largest magnitude, with its sign."""
    return float(errors[np.abs(errors).argmax()])


def _enter_errors(numbers: Numbers, plan: MirrorPlan, typical: MirrorCorner, corners: Sequence[MirrorCorner]) -> None:
    take = numbers.take
    take("error_mid", lambda: worst(typical.errors(_middle(typical))))
    take("error_half", lambda: worst(typical.errors(plan.half)))
    take("error_top", lambda: worst(typical.errors(plan.spec.supply)))
    by_hand = plan.spec.systematic_error
    take("error_equal", lambda: _beyond(worst(typical.errors(typical.input_voltage)) - by_hand, abs(by_hand) / 2))
    take("outputs_apart", lambda: float(np.ptp(typical.errors(_middle(typical)))))
    take("corner_error", lambda: worst(np.concatenate([corner.errors(_middle(corner)) for corner in corners])))
    over_temperature = [corner for corner in corners if corner.condition.corner == "tt"]

    def drift() -> float:
        return float(np.ptp([corner.errors(_middle(corner)) for corner in over_temperature], axis=0).max())

    take("error_drift", drift)


def _enter_compliance(numbers: Numbers, results: MirrorResults, corners: Sequence[MirrorCorner]) -> None:
    plan, typical, take = results.plan, results.typical_range, numbers.take
    for key, low in zip(("output_low", "output_low_5"), typical.lows, strict=True):
        take(key, partial(_known, low, "the outputs carry no current, or lose none down to the rail"))
    take("corner_output_low", lambda: max(_lowest(corner) for corner in corners))
    take("supply_current", lambda: 1e6 * (typical.supply_current + plan.bias))
    take("power", lambda: 1e6 * plan.spec.supply * (plan.current + plan.bias + typical.supply_current))


def _enter_input(numbers: Numbers, results: MirrorResults, corners: Sequence[MirrorCorner]) -> None:
    take = numbers.take
    take("input_voltage", lambda: results.typical_range.input_voltage)
    take("corner_input_voltage", lambda: max(corner.input_voltage for corner in corners))
    cold, hot = (
        next(corner for corner in corners if corner.condition == Condition("tt", temperature))
        for temperature in (_COLD_C, _HOT_C)
    )
    take("input_drift", lambda: 1e3 * (hot.input_voltage - cold.input_voltage) / (_HOT_C - _COLD_C))
    take(["input_low", "input_high"], lambda: _input_range(results.plan, results.typical_range))


def _input_range(plan: MirrorPlan, typical: OperatingRange) -> tuple[float, float]:
    """The input currents between which the ratio stays within 1 % of its value at the spec's current [uA]."""
    nominal = int(np.abs(np.log(plan.inputs / plan.current)).argmin())
    at_nominal = float(np.interp(plan.current, plan.inputs, typical.transfer))
    good = typical.taken & (np.abs(typical.transfer / at_nominal - 1) <= _WITHIN)
    if not good[nominal]:
        raise EvidenceError("the ratio next to the spec's current differs from that at the spec's current by over 1 %")
    bad = np.flatnonzero(~good)
    below, above = bad[bad < nominal], bad[bad > nominal]
    first = int(below[-1]) + 1 if len(below) else 0
    last = int(above[0]) - 1 if len(above) else len(good) - 1
    return 1e6 * float(plan.inputs[first]), 1e6 * float(plan.inputs[last])


def _enter_output(numbers: Numbers, results: MirrorResults, corners: Sequence[MirrorCorner]) -> None:
    typical, take = results.typical, numbers.take
    outputs = list(zip(results.plan.outputs, results.units, strict=True))
    frequency = typical[f"out {results.plan.outputs[0]}"].x
    each = [float(units * resistance(typical[f"out {pin}"].i(pin)[0])) for pin, units in outputs]
    curves = [units * np.abs(1 / typical[f"out {pin}"].i(pin)) for pin, units in outputs]
    take("output_resistance", lambda: 1e-9 * _positive(min(each)))
    take("corner_output_resistance", lambda: 1e-9 * _positive(min(corner.resistance for corner in corners)))
    take("output_resistance_1m", lambda: 1e-6 * min(float(np.interp(1e6, frequency, curve)) for curve in curves))


def _beyond(value: float, slack: float) -> float:
    """How far a value is from 0, with its sign, beyond `slack` on either side."""
    return math.copysign(max(0.0, abs(value) - slack), value)


def _lowest(corner: MirrorCorner) -> float:
    """The output compliance of a corner [V].

    Raises
    ------
    EvidenceError
        There is none, so the output range has no middle either.
    """
    if not math.isfinite(corner.low):
        raise EvidenceError(f"{corner.condition}: the outputs have no lowest voltage, so their range has no middle")
    return corner.low


def _middle(corner: MirrorCorner) -> float:
    """The middle of a corner's output range [V], if it has one."""
    _lowest(corner)
    return corner.middle


def _known(value: float | None, reason: str) -> float:
    if value is None:
        raise EvidenceError(reason)
    return value


def _positive(ohm: float) -> float:
    if not ohm > 0:
        raise EvidenceError(f"the output resistance is {ohm:.3g} ohm: the current falls as the voltage rises")
    return ohm
