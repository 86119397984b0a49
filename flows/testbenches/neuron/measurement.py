"""What was measured on one netlist of a neuron."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np
from mirrorneuron.flows.results.measurement import Measurement
from mirrorneuron.flows.simulate import Condition
from mirrorneuron.flows.testbenches.measure import Logistic, StepResponse, step_response
from mirrorneuron.flows.testbenches.neuron.quantities import QUANTITIES
from numpy.typing import NDArray

__all__ = ["NeuronCorner", "NeuronMeasurement", "OutputCurve", "RandomVectors", "StepTrace"]

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class OutputCurve:
    """The output `y` [A] over an input current or a sum `x` [A]."""

    x: Floats
    y: Floats


@dataclass(frozen=True, eq=False)
class RandomVectors:
    """Random input vectors: ideal sums, outputs, and sums read back from them [A] (not a number in the flat part)."""

    sums: Floats
    outputs: Floats
    referred: Floats


@dataclass(frozen=True, eq=False)
class StepTrace:
    """One step and back: its kind and inputs, when it rises and falls [s], and the output [A] over time [s]."""

    kind: str
    inputs: str
    up_s: float
    down_s: float
    end_s: float
    time: Floats
    output: Floats

    @property
    def size(self) -> float:
        """The change of the output [A]."""
        before, after = np.interp([self.up_s, self.down_s], self.time, self.output)
        return abs(float(after - before))

    def answers(self, band: float) -> tuple[StepResponse, StepResponse]:
        """The responses to the step up and the step down, within a band of half-width `band` [A]."""
        return (
            step_response(self.time, self.output, self.up_s, self.down_s, band),
            step_response(self.time, self.output, self.down_s, self.end_s, band),
        )


@dataclass(frozen=True, eq=False)
class NeuronCorner:
    """The weighted sum at a condition: errors [% of full scale] and maximum output [A]; None where one is missing."""

    condition: Condition
    rms: float | None
    largest: float | None
    output_max: float
    fit: Logistic | None


@dataclass(frozen=True, eq=False, kw_only=True)
class NeuronMeasurement(Measurement):
    """All that was measured on one netlist of a neuron.

    Attributes
    ----------
    full_scale
        Of the ideal sum [A]: the weights' magnitudes with all inputs at full scale.
    band
        Half-width of the settling band [A].
    alone, together
        Output while one input rises and the others are at 0, by its pin; and while all rise together.
    reference, vectors, fit
        The reference transfer, the random vectors, and the logistic fitted to both; at tt, 27 C.
    steps
        The steps.
    corners
        By condition.
    """

    quantities: ClassVar = QUANTITIES

    full_scale: float
    band: float
    alone: Mapping[str, OutputCurve]
    together: OutputCurve
    reference: OutputCurve
    vectors: RandomVectors
    fit: Logistic | None
    steps: Sequence[StepTrace]
    corners: Sequence[NeuronCorner]
