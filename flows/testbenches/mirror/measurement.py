"""What was measured on one netlist of a mirror."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, TypeAlias

import numpy as np
from mirrorneuron.flows.results.measurement import Measurement
from mirrorneuron.flows.simulate import Condition
from mirrorneuron.flows.testbenches.conditions import TYPICAL
from mirrorneuron.flows.testbenches.measure import StepResponse
from mirrorneuron.flows.testbenches.mirror.quantities import QUANTITIES
from numpy.typing import NDArray

__all__ = ["MirrorCorner", "MirrorMeasurement", "SmallStep"]

Floats: TypeAlias = NDArray[np.float64]

_APART: Final = 6  # points of the output voltage between which a resistance is taken
_SHARES: Final = 12  # devices in a datasheet


@dataclass(frozen=True, eq=False)
class MirrorCorner:
    """The static behaviour at one condition.

    Attributes
    ----------
    ratios
        Output currents over their nominal values: a row for each output, a column for each of `volts`.
    volts
        Output voltages from the rail [V].
    low
        Output compliance for 1 % [V]; not a number if there is none.
    middle
        Middle of the output range [V].
    input_voltage
        From the rail [V].
    resistance
        Output resistance of a unit [ohm].
    """

    condition: Condition
    ratios: Floats
    volts: Floats
    low: float
    middle: float
    input_voltage: float
    resistance: float

    def errors(self, volt: float) -> Floats:
        """Ratio errors of the outputs at an output voltage [%]."""
        return np.array([100 * (float(np.interp(volt, self.volts, row)) - 1) for row in self.ratios])


@dataclass(frozen=True, eq=False)
class SmallStep:
    """A step of 10 % and back at an input current [A]: the first output [A] over time [s], and its two responses."""

    condition: Condition
    input: float
    time: Floats
    output: Floats
    moves: bool
    answers: tuple[StepResponse, StepResponse]

    @property
    def stable(self) -> bool:
        """Whether the output moves, and settles up and down."""
        return self.moves and all(math.isfinite(answer.settling_s) for answer in self.answers)


@dataclass(frozen=True, eq=False, kw_only=True)
class MirrorMeasurement(Measurement):
    """All that was measured on one netlist of a mirror.

    Attributes
    ----------
    outputs, current, current_of_unit
        Pins of the outputs; the spec's input current, and the nominal current of a unit of the first output [A].
    corners
        By condition.
    inputs, transfer
        Input currents that the mirror takes [A], and the first output's current over its nominal value; at tt, 27 C.
    frequency, gain
        Of the first output [Hz], relative to the gain at the lowest frequency.
    impedance_at, impedance
        Frequencies [Hz], and output impedance of a unit [ohm].
    noise_at, noise
        Frequencies [Hz], and noise density of the first output [A/sqrt(Hz)].
    full
        Time [s] and first output [A] of the step from 10 % to 100 %.
    steps
        The small steps.
    shares
        What the mismatch comes from: device, and its part of the variance, largest first.
    """

    quantities: ClassVar = QUANTITIES

    outputs: Sequence[str]
    current: float
    current_of_unit: float
    corners: Sequence[MirrorCorner]
    inputs: Floats
    transfer: Floats
    frequency: Floats
    gain: Floats
    impedance_at: Floats
    impedance: Floats
    noise_at: Floats
    noise: Floats
    full: tuple[Floats, Floats]
    steps: Sequence[SmallStep]
    shares: Sequence[tuple[str, float]]

    @property
    def typical(self) -> MirrorCorner:
        """The static behaviour at tt, 27 C."""
        return next(corner for corner in self.corners if corner.condition == TYPICAL)

    def resistances(self) -> Floats:
        """Output resistance of a unit of the first output [ohm] over its voltage, for a plot: by differences over 60 mV
        of 1.8 V."""
        row, volts = self.typical.ratios[0], self.typical.volts
        change = row[_APART:] - row[:-_APART]
        across = volts[_APART:] - volts[:-_APART]
        with np.errstate(divide="ignore"):
            return np.asarray(across / (change * self.current_of_unit), dtype=float)

    def curves(self) -> dict[str, Any]:
        """At tt, 27 C: ratio errors of the outputs, impedance, transfer, gain, noise, and parts of the mismatch."""
        return {
            "ratio_error": {
                "volt": self.typical.volts.tolist(),
                "percent": dict(zip(self.outputs, (100 * (self.typical.ratios - 1)).tolist(), strict=True)),
            },
            "output_impedance": {"hertz": self.impedance_at.tolist(), "ohm": self.impedance.tolist()},
            "transfer": {"ampere": self.inputs.tolist(), "ratio": self.transfer.tolist()},
            "gain": {"hertz": self.frequency.tolist(), "ratio": self.gain.tolist()},
            "noise": {"hertz": self.noise_at.tolist(), "ampere_per_rthz": self.noise.tolist()},
            "mismatch": dict(self.shares[:_SHARES]),
        }
