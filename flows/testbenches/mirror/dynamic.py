"""Numbers of a mirror over frequency and time: bandwidth, settling, stability, power-up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from mirrorneuron.flows.results.measurement import Numbers
from mirrorneuron.flows.simulate import Result
from mirrorneuron.flows.testbenches.conditions import TYPICAL
from mirrorneuron.flows.testbenches.measure import StepResponse, step_response
from mirrorneuron.flows.testbenches.mirror.measurement import Floats, SmallStep
from mirrorneuron.flows.testbenches.mirror.operating_range import DEAD
from mirrorneuron.flows.testbenches.mirror.plan import BEFORE_S, DYNAMIC, INPUTS, SMALLEST, STEP, MirrorPlan
from mirrorneuron.flows.testbenches.mirror.results import MirrorResults
from mirrorneuron.pdk_sky130.errors import EvidenceError

__all__ = ["band", "enter_dynamic", "full_step", "small_steps"]

_BAND: Final = 0.01  # of a step


def enter_dynamic(numbers: Numbers, results: MirrorResults, steps: Sequence[SmallStep]) -> None:
    """Enter bandwidth, settling of small and full steps, the stable input range, and the output after power-up."""
    plan, take = results.plan, numbers.take
    take(["bandwidth", "peaking"], lambda: _bandwidth(plan, results.typical, "transfer"))
    take(["bandwidth_small", "peaking_small"], lambda: _bandwidth(plan, results.small, "small"))
    take("settling_small", lambda: _settling_small(steps[0] if steps else None, plan))
    take("ringing", lambda: max(answer.excursions for step in steps for answer in step.answers))
    take("stable_low", lambda: _stable_end(plan, steps, down=True))
    take("stable_high", lambda: _stable_end(plan, steps, down=False))
    take("start", lambda: _power_up(results))
    take(["settling_full", "overshoot_full"], lambda: _settling_full(results))


def full_step(results: MirrorResults) -> tuple[Floats, Floats]:
    """Time [s] and first output [A] of the input step from 10 % to 100 % and back."""
    data, plan = results.typical["full"], results.plan
    return data.x, np.asarray(plan.side.sign * data.i(plan.outputs[0]), dtype=float)


def small_steps(results: MirrorResults) -> list[SmallStep]:
    """The small steps, by condition and within it by input current."""
    plan = results.plan
    return [
        _small_step(plan, result, part)
        for result in results.stepped
        for part in INPUTS
        if plan.step_name(part) in result.data
    ]


def _small_step(plan: MirrorPlan, result: Result, part: float) -> SmallStep:
    data, hold = result[plan.step_name(part)], plan.hold_s(part)
    output = plan.side.sign * data.i(plan.outputs[0])
    size = abs(float(np.diff(np.interp([BEFORE_S, BEFORE_S + hold], data.x, output))[0]))
    least = DEAD * (STEP - 1) * part * plan.current * float(plan.ideal[0])
    answers = _answers(data.x, output, hold, _BAND * max(size, least))
    return SmallStep(result.condition, part * plan.current, data.x, output, size > least, answers)


def _answers(time: Floats, output: Floats, hold: float, half_width: float) -> tuple[StepResponse, StepResponse]:
    """The responses to a step at `BEFORE_S` and back after `hold` [s]."""
    back = BEFORE_S + hold
    return (
        step_response(time, output, BEFORE_S, back, half_width),
        step_response(time, output, back, back + hold, half_width),
    )


def _bandwidth(plan: MirrorPlan, result: Result, analysis: str) -> tuple[float, float]:
    """The lowest bandwidth [MHz] and the highest peaking [dB] of the outputs."""
    data = result[analysis]
    of_outputs = [
        band(data.x, np.abs(data.i(pin)), DEAD * ideal)
        for pin, ideal in zip(plan.outputs, plan.ideal.tolist(), strict=True)
    ]
    return 1e-6 * min(bandwidth for bandwidth, _ in of_outputs), max(peaking for _, peaking in of_outputs)


def band(frequency: Floats, gain: Floats, least: float) -> tuple[float, float]:
    """-3 dB bandwidth [Hz] and peaking [dB] relative to the lowest frequency, for a gain of at least `least` there.

    A gain that is smaller than what passes through the capacitances of the transistors, as a Widlar mirror's, does not
    fall: its bandwidth is where it has risen by 3 dB. A gain that stays within 3 dB has at least the highest frequency,
    which is returned.

    Raises
    ------
    EvidenceError
        There is no gain.
    """
    if not gain[0] > least:
        raise EvidenceError("the input does not move the output")
    decibel = 20 * np.log10(np.maximum(gain / gain[0], 1e-12))
    edge = 20 * math.log10(math.sqrt(2))
    falls = -decibel if (decibel < -edge).any() else decibel
    beyond = np.flatnonzero(falls > edge)
    if not len(beyond):
        return float(frequency[-1]), max(0.0, float(decibel.max()))
    here = slice(int(beyond[0]) - 1, int(beyond[0]) + 1)
    at = float(np.exp(np.interp(edge, falls[here], np.log(frequency[here]))))
    return at, max(0.0, float(decibel.max()))


def _settling_small(step: SmallStep | None, plan: MirrorPlan) -> float:
    """The longer settling time of the smallest step and back, at tt, 27 C [us]."""
    if step is None or step.condition != TYPICAL or step.input != SMALLEST * plan.current:
        raise EvidenceError("the smallest step was not simulated")
    if not step.moves:
        raise EvidenceError("the smallest step does not move the output")
    longest = max(answer.settling_s for answer in step.answers)
    if not math.isfinite(longest):
        raise EvidenceError(f"the smallest step does not settle within {1e6 * plan.hold_s(SMALLEST):.3g} us")
    return 1e6 * longest


def _settling_full(results: MirrorResults) -> tuple[float, float]:
    """The longer settling time [us] and the larger overshoot [%] of the full step and back."""
    plan, hold = results.plan, results.plan.hold_s(0.1)
    time, output = full_step(results)
    at_end = abs(float(np.interp(BEFORE_S + hold, time, output)))
    if not at_end > DEAD * plan.current * float(plan.ideal[0]):
        raise EvidenceError("the full step does not move the output")
    answers = _answers(time, output, hold, _BAND * at_end)
    longest = max(answer.settling_s for answer in answers)
    if not math.isfinite(longest):
        raise EvidenceError(f"the full step does not settle within {1e6 * hold:.3g} us")
    return 1e6 * longest, 100 * max(answer.overshoot for answer in answers)


def _stable_end(plan: MirrorPlan, steps: Sequence[SmallStep], *, down: bool) -> float:
    """The lowest (`down`) or highest input current down (up) to which all small steps settle at all corners [uA]."""
    end = math.nan
    for part in sorted((part for part in INPUTS if (part <= 1 if down else part >= 1)), reverse=down):
        here = [step for step in steps if step.input == part * plan.current]
        if len(here) < len(DYNAMIC) or not all(step.stable for step in here):
            break
        end = 1e6 * part * plan.current
    if math.isnan(end):
        raise EvidenceError("a small step at the spec's own current does not settle at every corner")
    return end


def _power_up(results: MirrorResults) -> float:
    """The output at the end of power-up over its operating point [%]; of all outputs and conditions the worst."""
    plan = results.plan
    reached: list[float] = []
    for result in results.started:
        dc = next(dc for dc in results.ranges if dc.condition == result.condition)
        for pin, row, ideal in zip(plan.outputs, dc.ratios, plan.ideal.tolist(), strict=True):
            end = plan.side.sign * float(result["start"].i(pin)[-1]) / plan.current / ideal
            reached.append(100 * end / float(np.interp(dc.middle, dc.volts, row)))
    return max(reached, key=lambda percent: abs(percent - 100))
