"""What was measured on one netlist of a matched array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, TypeAlias

import numpy as np
from mirrorneuron.flows.results.measurement import Measurement
from mirrorneuron.flows.simulate import Condition
from mirrorneuron.flows.testbenches.conditions import TYPICAL
from mirrorneuron.flows.testbenches.matched_array.quantities import QUANTITIES
from mirrorneuron.pdk_sky130.errors import EvidenceError
from numpy.typing import NDArray

__all__ = ["ArrayMeasurement", "carries", "largest", "ratio_errors", "relative_errors"]

Floats: TypeAlias = NDArray[np.float64]

_DIGITS: Final = 6  # of a ratio error in %; further digits are rounding
_CARRIED: Final = 0.01  # tolerance of the reference current, which lies between two voltages of the sweep


@dataclass(frozen=True, eq=False, kw_only=True)
class ArrayMeasurement(Measurement):
    """All that was measured on one netlist; voltages [V] are magnitudes from the source, currents [A] magnitudes.

    Attributes
    ----------
    pins, units
        Drains and their units, the reference first.
    unit_current
        The nominal current of a unit.
    voltages
        The V_GS of the reference at its nominal current, by condition.
    currents
        Currents of the drains, all at that voltage, by condition.
    outputs_at, outputs
        Output voltages, and for each output a row of its currents there; at tt, 27 C.
    """

    quantities: ClassVar = QUANTITIES

    pins: Sequence[str]
    units: Floats
    unit_current: float
    voltages: Mapping[str, float]
    currents: Mapping[str, Floats]
    outputs_at: Floats
    outputs: Floats

    def errors(self, condition: Condition) -> Floats:
        """Ratio errors of the outputs [%], without the rounding of the arithmetic.

        Raises
        ------
        EvidenceError
            The reference does not carry its nominal current, so there is nothing to compare with.
        """
        current = self.currents[str(condition)]
        nominal = self.unit_current * self.units[0]
        if not carries(current[0], nominal):
            raise EvidenceError(f"{condition}: the reference carries {current[0]:.4g} A, not {nominal:.4g} A")
        return np.asarray(relative_errors(current, self.units).round(_DIGITS), dtype=float)


def carries(current: float, nominal: float) -> bool:
    """Whether the reference carries its nominal current [A] to 1 %."""
    return abs(current / nominal - 1) < _CARRIED


def relative_errors(currents: Floats, units: Floats) -> Floats:
    """Ratio errors of the outputs [%] from the currents of all drains, shape (drains, ...), the reference first."""
    units = units.reshape(-1, *[1] * (currents.ndim - 1))
    return np.asarray(100 * (currents[1:] / currents[0] * (units[0] / units[1:]) - 1), dtype=float)


def ratio_errors(measurement: ArrayMeasurement, condition: Condition = TYPICAL) -> list[float | None]:
    """The ratio errors of the outputs [%]; None where there is nothing to compare with."""
    try:
        return [float(error) if np.isfinite(error) else None for error in measurement.errors(condition)]
    except EvidenceError:
        return [None] * (len(measurement.pins) - 1)


def largest(measurement: ArrayMeasurement) -> dict[str, float | None]:
    """The largest ratio error [%] by condition; None where the error of an output is missing."""
    worst: dict[str, float | None] = {}
    for condition in measurement.conditions:
        errors = ratio_errors(measurement, condition)
        sizes = [abs(error) for error in errors if error is not None]
        worst[str(condition)] = max(sizes) if sizes and len(sizes) == len(errors) else None
    return worst
