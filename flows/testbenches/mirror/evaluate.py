"""From the results on one netlist to its measurement; and the comparison of layout and schematic."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import numpy as np
from mirrorneuron.flows.results.measurement import Numbers, operating_points, out_of_compliance
from mirrorneuron.flows.testbenches.mirror.dynamic import enter_dynamic, full_step, small_steps
from mirrorneuron.flows.testbenches.mirror.measurement import MirrorMeasurement
from mirrorneuron.flows.testbenches.mirror.quantities import LAYOUT_ONLY, QUANTITIES
from mirrorneuron.flows.testbenches.mirror.results import MirrorResults
from mirrorneuron.flows.testbenches.mirror.static import enter_static, worst
from mirrorneuron.flows.testbenches.mirror.statistical import enter_mismatch, enter_noise
from mirrorneuron.pdk_sky130.errors import EvidenceError
from numpy.typing import NDArray

__all__ = ["compared", "evaluate"]

Floats: TypeAlias = NDArray[np.float64]


def evaluate(results: MirrorResults) -> MirrorMeasurement:
    """The measurement of one netlist."""
    plan, typical, ranges = results.plan, results.typical, results.typical_range
    pin, noise = plan.outputs[0], typical["noise"]
    numbers, corners, steps = Numbers(), results.corners(), small_steps(results)
    enter_static(numbers, results, corners)
    enter_dynamic(numbers, results, steps)
    enter_noise(numbers, results)
    shares = enter_mismatch(numbers, results)
    numbers.lack(LAYOUT_ONLY, "schematic and layout were not both simulated")
    values, missing = numbers.in_order(QUANTITIES)
    return MirrorMeasurement(
        netlist=typical.netlist,
        numbers=values,
        missing=missing,
        conditions=[corner.condition for corner in corners],
        limited=_limited(results),
        points=operating_points([operating.result for operating in results.ranges]),
        ngspice=typical.ngspice,
        models=typical.models,
        outputs=plan.outputs,
        current=plan.current,
        current_of_unit=float(plan.current * plan.ideal[0] / results.units[0]),
        corners=corners,
        inputs=plan.inputs[ranges.taken],
        transfer=ranges.transfer[ranges.taken],
        frequency=typical["transfer"].x,
        gain=_gain(results),
        impedance_at=typical[f"out {pin}"].x,
        impedance=np.asarray(results.units[0] * np.abs(1 / typical[f"out {pin}"].i(pin)), dtype=float),
        noise_at=noise.x,
        noise=np.asarray(noise.i(pin), dtype=float),
        full=full_step(results),
        steps=steps,
        shares=shares,
    )


def _gain(results: MirrorResults) -> Floats:
    """Gain of the first output over frequency, relative to the lowest frequency."""
    gain = np.abs(results.typical["transfer"].i(results.plan.outputs[0]))
    return np.asarray(gain / max(float(gain[0]), np.finfo(float).tiny), dtype=float)


def _limited(results: MirrorResults) -> tuple[str, ...]:
    """Where the input's current source is out of compliance although the mirror should take the current.

    The sweeps of the first round go on purpose to where a mirror takes no current; there only the output range counts.
    At other inputs than the spec's a mirror that rings may leave the range; `SmallStep.stable` says which those are.
    """
    nominal = [replace(operating.result, data={"nominal": operating.result["nominal"]}) for operating in results.ranges]
    step = results.plan.step_name(1.0)
    stepped = [replace(result, data={step: result[step]}) for result in results.stepped]
    refusing = [f"iin (outputs, {operating.condition})" for operating in results.ranges if operating.refuses]
    return (*out_of_compliance([*nominal, *stepped, results.typical, *results.anywhere]), *refusing)


def compared(schematic: MirrorMeasurement, layout: MirrorMeasurement) -> MirrorMeasurement:
    """The measurement after layout, with its differences from the schematic entered."""
    numbers = Numbers(layout)

    def both(key: str) -> tuple[float, float]:
        for measurement in (schematic, layout):
            if key not in measurement.numbers:
                raise EvidenceError(measurement.missing.get(key, f"{key} was not measured"))
        return schematic.numbers[key], layout.numbers[key]

    def error() -> float:
        middle = schematic.typical.middle
        return worst(layout.typical.errors(middle) - schematic.typical.errors(middle))

    def percent(key: str) -> float:
        before, after = both(key)
        return 100 * after / before

    numbers.take("error_after_layout", error)
    numbers.take("input_after_layout", lambda: -1e3 * float(np.subtract(*both("input_voltage"))))
    numbers.take("resistance_after_layout", lambda: percent("output_resistance"))
    numbers.take("bandwidth_after_layout", lambda: percent("bandwidth"))
    return replace(layout, numbers=numbers.values, missing=numbers.missing)
