"""From the results on one netlist of a matched array to its measurement; and the comparison of layout and schematic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from mirrorneuron.flows.results.measurement import Numbers, operating_points
from mirrorneuron.flows.simulate import Result
from mirrorneuron.flows.testbenches.conditions import TYPICAL
from mirrorneuron.flows.testbenches.matched_array.measurement import ArrayMeasurement, Floats, carries
from mirrorneuron.flows.testbenches.matched_array.plan import SUPPLY, ArrayPlan
from mirrorneuron.flows.testbenches.matched_array.quantities import LAYOUT_ONLY
from mirrorneuron.pdk_sky130.errors import EvidenceError

__all__ = ["compared", "evaluate", "lowest", "slope", "worst"]

_SPAN_V: Final = 0.5  # over which the slope of the output current is taken
_WITHIN: Final = 0.01  # of an output current at the V_GS of the reference


def evaluate(plan: ArrayPlan, diodes: Sequence[Result], held: Sequence[Result]) -> ArrayMeasurement:
    """The measurement of one netlist from the first round (`diodes`) and the second (`held`)."""
    measurement = _without_numbers(plan, diodes, held)
    at, conditions = str(TYPICAL), measurement.conditions
    numbers = Numbers()
    numbers.take("ratio_error", lambda: worst(measurement.errors(TYPICAL)))
    numbers.take("corner_ratio_error", lambda: worst(*(measurement.errors(condition) for condition in conditions)))
    numbers.take("unit_current", lambda: 1e6 * measurement.unit_current)
    numbers.take("reference_voltage", lambda: measurement.voltages[at])
    numbers.take("reference_voltage_max", lambda: worst(np.array([*measurement.voltages.values()])))
    numbers.take(["output_slope", "output_resistance"], lambda: slope(measurement))
    numbers.take("output_low", lambda: lowest(measurement))
    numbers.lack(LAYOUT_ONLY, "schematic and layout were not both simulated")
    return replace(measurement, numbers=numbers.values, missing=numbers.missing)


def compared(schematic: ArrayMeasurement, layout: ArrayMeasurement) -> ArrayMeasurement:
    """The measurement after layout, with its differences from the schematic entered, output by output."""
    numbers = Numbers(layout)
    numbers.take("ratio_after_layout", lambda: worst(layout.errors(TYPICAL) - schematic.errors(TYPICAL)))
    at = str(TYPICAL)
    numbers.take("reference_after_layout", lambda: 1e3 * abs(layout.voltages[at] - schematic.voltages[at]))
    return replace(layout, numbers=numbers.values, missing=numbers.missing)


def _without_numbers(plan: ArrayPlan, diodes: Sequence[Result], held: Sequence[Result]) -> ArrayMeasurement:
    (swept,) = [result for result in held if "outputs" in result.data]
    equal = [result for result in held if result is not swept]
    currents = {
        str(result.condition): plan.sign * np.array([result["equal"].i(pin)[0] for pin in plan.pins])
        for result in equal
    }
    return ArrayMeasurement(
        netlist=swept.netlist,
        numbers={},
        missing={},
        conditions=[result.condition for result in equal],
        limited=tuple(
            f"d0 ({at})" for at, current in currents.items() if not carries(current[0], plan.reference_current)
        ),
        points=operating_points([*diodes, *held]),
        ngspice=swept.ngspice,
        models=swept.models,
        pins=plan.pins,
        units=plan.units,
        unit_current=plan.unit_current,
        voltages={str(result.condition): plan.voltage(result) for result in diodes},
        currents=currents,
        outputs_at=plan.through,
        outputs=plan.sign * np.array([swept["outputs"].i(pin) for pin in plan.pins[1:]]),
    )


def worst(*values: Floats) -> float:
    """The largest magnitude; not a number if one of the values is none."""
    return float(np.abs(np.concatenate(values)).max())


def slope(measurement: ArrayMeasurement) -> tuple[float, float]:
    """The largest slope of an output current [%/V], and the lowest resistance of a unit [Mohm], above the V_GS of the
    reference.

    Raises
    ------
    EvidenceError
        The supply leaves too little voltage, or an output current does not rise with its voltage.
    """
    start = measurement.voltages[str(TYPICAL)]
    end = start + _SPAN_V
    if end > SUPPLY:
        raise EvidenceError(
            f"the reference V_GS of {start:.3g} V leaves less than {_SPAN_V:g} V up to the supply of {SUPPLY:g} V"
        )
    at_start = _currents(measurement, start)
    change = (_currents(measurement, end) - at_start) / (end - start)
    if not (change > 0).all():
        raise EvidenceError("an output's current does not rise with its voltage")
    return 100 * float((change / at_start).max()), 1e-6 * float((measurement.units[1:] / change).min())


def lowest(measurement: ArrayMeasurement) -> float:
    """The output compliance: the lowest output voltage [V], going down from the V_GS of the reference, at which all
    outputs keep their currents to 1 %.

    Raises
    ------
    EvidenceError
        An output carries no current, or keeps it down to 0 V.
    """
    start = measurement.voltages[str(TYPICAL)]
    lost = 1 - (measurement.outputs.T / _currents(measurement, start)).min(axis=1)  # by the output that loses most
    below = np.flatnonzero((measurement.outputs_at < start) & (lost > _WITHIN))
    if not len(below):
        raise EvidenceError("the outputs keep their current down to 0 V, where a transistor carries none")
    here = slice(int(below[-1]), int(below[-1]) + 2)
    return float(np.interp(-_WITHIN, -lost[here], measurement.outputs_at[here]))


def _currents(measurement: ArrayMeasurement, volt: float) -> Floats:
    """The output currents [A] at an output voltage.

    Raises
    ------
    EvidenceError
        An output carries no current.
    """
    currents = np.array([np.interp(volt, measurement.outputs_at, output) for output in measurement.outputs])
    if not (currents > 0).all():
        raise EvidenceError(f"not every output carries a current at {volt:.3g} V")
    return currents
