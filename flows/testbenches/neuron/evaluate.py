"""From the results on one netlist of a neuron to its measurement; and the comparison of layout and schematic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np
from mirrorneuron.flows.results.measurement import Numbers, operating_points, out_of_compliance
from mirrorneuron.flows.simulate import Condition, Result
from mirrorneuron.flows.testbenches.conditions import TYPICAL
from mirrorneuron.flows.testbenches.measure import Logistic, power
from mirrorneuron.flows.testbenches.neuron.measurement import (
    Floats,
    NeuronCorner,
    NeuronMeasurement,
    OutputCurve,
    RandomVectors,
    StepTrace,
)
from mirrorneuron.flows.testbenches.neuron.plan import BEFORE_S, NeuronPlan, output
from mirrorneuron.flows.testbenches.neuron.quantities import LAYOUT_ONLY, QUANTITIES
from mirrorneuron.flows.testbenches.neuron.weighted_sum import WeightedSum, read_back, refer, rms
from mirrorneuron.pdk_sky130.errors import EvidenceError

__all__ = ["compared", "evaluate", "settling_us"]

_DEAD: Final = 1e-3  # of full scale: an output that moves less is dead
_BAND: Final = 0.01  # of the output's full scale, which equals an input's; or of the step
_STEP_KEYS: Final = (
    "settling_full",
    "settling_small",
    "settling_full_own",
    "settling_small_own",
    "excursions",
    "overshoot",
)


def evaluate(plan: NeuronPlan, results: Sequence[Result]) -> NeuronMeasurement:
    """The measurement of one netlist from its results at all conditions."""
    typical = next(result for result in results if result.condition == TYPICAL)
    sums = [_weighted_sum(plan, result) for result in results]
    nominal = sums[results.index(typical)]
    corners = [weighted.corner for weighted in sums]
    traces = _steps(plan, typical)
    numbers = Numbers()
    _enter_sum_errors(numbers, nominal, sums)
    _enter_logistic(numbers, corners)
    _enter_steps(numbers, plan, typical, traces)
    _enter_power(numbers, plan, typical)
    numbers.lack(LAYOUT_ONLY, "schematic and layout were not both simulated")
    values, missing = numbers.in_order(QUANTITIES)
    return NeuronMeasurement(
        netlist=typical.netlist,
        numbers=values,
        missing=missing,
        conditions=[corner.condition for corner in corners],
        limited=out_of_compliance(results),
        points=operating_points(results),
        ngspice=typical.ngspice,
        models=typical.models,
        full_scale=plan.full_scale,
        band=_BAND * plan.unit,
        alone={pin: OutputCurve(plan.ramp, output(typical[pin])) for pin in plan.pins},
        together=OutputCurve(plan.ramp, output(typical["together"])),
        reference=nominal.reference,
        vectors=RandomVectors(nominal.random.x, nominal.random.y, nominal.referred),
        fit=nominal.corner.fit,
        steps=traces,
        corners=corners,
    )


def compared(schematic: NeuronMeasurement, layout: NeuronMeasurement) -> NeuronMeasurement:
    """The measurement after layout, with its differences from the schematic entered, vector by vector."""
    numbers = Numbers(layout)

    def change(referred: Floats) -> float:
        difference = referred - schematic.vectors.referred
        both = np.isfinite(difference)
        if not both.any():
            raise EvidenceError("no random vector could be referred to the sum both before and after layout")
        return 100 * rms(difference[both]) / layout.full_scale

    numbers.take("sum_error_after_layout", lambda: change(layout.vectors.referred))
    numbers.take("sum_shift_after_layout", lambda: change(refer(schematic.reference, layout.vectors.outputs)))
    return replace(layout, numbers=numbers.values, missing=numbers.missing)


def _weighted_sum(plan: NeuronPlan, result: Result) -> WeightedSum:
    reference = OutputCurve(plan.sums(plan.reference), output(result["reference"]))
    random = OutputCurve(plan.sums(plan.random), output(result["random"]))
    return read_back(result.condition, reference, random, plan.full_scale)


def _enter_sum_errors(numbers: Numbers, nominal: WeightedSum, sums: Sequence[WeightedSum]) -> None:
    def worst(of: Sequence[WeightedSum]) -> list[float]:
        errors: list[tuple[float, float]] = []
        for weighted in of:
            corner = weighted.corner
            if corner.rms is None or corner.largest is None:
                raise EvidenceError(f"{corner.condition}: {weighted.problem}")
            errors.append((corner.rms, corner.largest))
        return [max(values) for values in zip(*errors, strict=True)]

    numbers.take(["sum_error_rms", "sum_error_max"], lambda: worst([nominal]))
    numbers.take(["corner_sum_error_rms", "corner_sum_error_max"], lambda: worst(sums))
    numbers.take("unreferred", lambda: max(weighted.unreferred for weighted in sums))
    numbers.take("flat_output_error", lambda: max(weighted.flat_output_error for weighted in sums))
    highest = [1e6 * weighted.corner.output_max for weighted in sums]
    numbers.take(["corner_output_min", "corner_output_max"], lambda: [min(highest), max(highest)])


def _enter_logistic(numbers: Numbers, corners: Sequence[NeuronCorner]) -> None:
    def fit(temperature_c: float) -> Logistic:
        corner = next(c for c in corners if c.condition == Condition("tt", temperature_c))
        if corner.fit is None:
            raise EvidenceError(f"no logistic fits the output at {corner.condition}")
        return corner.fit

    def typical() -> list[float]:
        f = fit(27.0)
        return [100 * f.rms, 100 * f.worst, f.slope / 1e6, f.middle * 1e6, f.low * 1e6, f.high * 1e6]

    def drift() -> list[float]:
        cold, hot = (100 * (fit(temperature).slope / fit(27.0).slope - 1) for temperature in (-40.0, 125.0))
        return [cold, hot, max(abs(cold), abs(hot))]

    numbers.take(["fit_rms", "fit_max", "slope", "centre", "output_low", "output_high"], typical)
    numbers.take(["slope_cold", "slope_hot", "slope_drift"], drift)


def _steps(plan: NeuronPlan, typical: Result) -> list[StepTrace]:
    down = BEFORE_S + plan.hold_s
    traces: list[StepTrace] = []
    for name, transient in plan.transients().items():
        kind, _, inputs = name.partition(" ")
        data = typical[name]
        traces.append(StepTrace(kind, inputs, BEFORE_S, down, transient.stop_s, data.x, output(data)))
    return traces


def _enter_steps(numbers: Numbers, plan: NeuronPlan, typical: Result, traces: Sequence[StepTrace]) -> None:
    band = _BAND * plan.unit
    if float(np.ptp(output(typical["reference"]))) < _DEAD * plan.unit:
        numbers.lack(_STEP_KEYS, "the output does not move")
        return
    for kind in ("full", "small"):
        of_kind = [trace for trace in traces if trace.kind == kind]
        numbers.take(f"settling_{kind}", partial(settling_us, [(trace, band) for trace in of_kind]))
        # Where inputs of both signs cancel, the output makes no step that it could settle to.
        sized = [(trace, _BAND * trace.size) for trace in of_kind if trace.size > band]
        numbers.take(f"settling_{kind}_own", partial(settling_us, sized))

    def ringing() -> list[float]:
        answers = [answer for trace in traces for answer in trace.answers(band)]
        return [max(a.excursions for a in answers), 100 * max(a.overshoot for a in answers)]

    numbers.take(["excursions", "overshoot"], ringing)


def settling_us(steps: Sequence[tuple[StepTrace, float]]) -> float:
    """The longest settling time [us] of steps, up or down, each into its band [A]."""
    if not steps:
        raise EvidenceError("the step moves the output by less than 1 % of full scale")
    longest = 0.0
    for trace, band in steps:
        for answer in trace.answers(band):
            if not math.isfinite(answer.settling_s):
                held = (trace.down_s - trace.up_s) * 1e6
                raise EvidenceError(f"the {trace.kind} step of {trace.inputs} does not settle within {held:g} us")
            longest = max(longest, answer.settling_s)
    return 1e6 * longest


def _enter_power(numbers: Numbers, plan: NeuronPlan, typical: Result) -> None:
    inputs = ["ibias", *plan.pins]
    watts = [float(power(typical[analysis], "vdd", inputs)[0]) for analysis in ("mid", "idle")]
    numbers.take(["power_mid", "power_idle"], lambda: [1e6 * watt for watt in watts])
