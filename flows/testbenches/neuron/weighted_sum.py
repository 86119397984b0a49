"""The weighted sum at one condition: outputs of random vectors read backwards through the reference transfer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from mirrorneuron.flows.simulate import Condition
from mirrorneuron.flows.testbenches.measure import Logistic, Transfer, fit_logistic
from mirrorneuron.flows.testbenches.neuron.measurement import Floats, NeuronCorner, OutputCurve
from mirrorneuron.pdk_sky130.errors import EvidenceError
from scipy.interpolate import PchipInterpolator

__all__ = ["WeightedSum", "read_back", "refer", "rms"]

_FLAT: Final = 1e-3  # of the largest slope; a flatter transfer cannot be read backwards
_SLACK: Final = 0.01  # how far beyond the end of the transfer a sum may be read, relative to its range


@dataclass(frozen=True, eq=False)
class WeightedSum:
    """The weighted sum at one condition.

    Attributes
    ----------
    reference, random
        Outputs over ideal sums: of the reference transfer, and of the random vectors.
    referred
        Sums read back from the random outputs [A]; not a number in the flat part.
    unreferred
        Random vectors in the flat part [%].
    flat_output_error
        Largest output error of those vectors [% of the maximum output].
    problem
        Why no vector could be read back; empty if some were.
    """

    corner: NeuronCorner
    reference: OutputCurve
    random: OutputCurve
    referred: Floats
    unreferred: float
    flat_output_error: float
    problem: str


def read_back(condition: Condition, reference: OutputCurve, random: OutputCurve, full_scale: float) -> WeightedSum:
    """Read the outputs of random vectors back to sums.

    Parameters
    ----------
    reference, random
        Outputs over ideal sums [A].
    full_scale
        Of the sum [A].
    """
    referred = np.full(len(random.x), np.nan)
    problem = ""
    try:
        referred = refer(reference, random.y)
    except EvidenceError as error:
        problem = str(error)
    usable = np.isfinite(referred)
    errors = 100 * (referred[usable] - random.x[usable]) / full_scale
    highest = float(reference.y.max())
    scale = max(highest, np.finfo(float).tiny)  # a dead output has no full scale
    expected = PchipInterpolator(reference.x, reference.y)(random.x[~usable])
    flat = 100 * np.abs(random.y[~usable] - expected) / scale
    corner = NeuronCorner(
        condition,
        rms=rms(errors) if len(errors) else None,
        largest=float(np.abs(errors).max()) if len(errors) else None,
        output_max=highest,
        fit=_fit(np.append(reference.x, random.x), np.append(reference.y, random.y)) if usable.any() else None,
    )
    unreferred = 100 * float(np.mean(~usable))
    return WeightedSum(corner, reference, random, referred, unreferred, float(flat.max(initial=0.0)), problem)


def refer(reference: OutputCurve, outputs: Floats) -> Floats:
    """The sums that give the outputs by the reference transfer [A]; not a number where it is flat.

    Raises
    ------
    EvidenceError
        No output can be read backwards.
    """
    steep = _steep(reference)
    x, y = reference.x[steep], reference.y[steep]
    transfer = Transfer(x, y)
    slack = _SLACK * float(np.ptp(x))
    low = y[0] - slack * (y[1] - y[0]) / (x[1] - x[0])
    high = y[-1] + slack * (y[-1] - y[-2]) / (x[-1] - x[-2])
    usable = (outputs >= low) & (outputs <= high)
    if not usable.any():
        raise EvidenceError("no output of a random vector lies where the transfer can be read backwards")
    referred = np.full(len(outputs), np.nan)
    referred[usable] = transfer.inverse(outputs[usable], slack=1.0)
    return referred


def _steep(reference: OutputCurve) -> slice:
    """The points about the steepest place of a transfer, between which it is nowhere flat and nowhere falls."""
    slopes = np.diff(reference.y) / np.diff(reference.x)
    steepest = int(np.argmax(slopes))
    if not slopes[steepest] > 0:
        raise EvidenceError("the output does not rise with the sum")
    flat = slopes <= _FLAT * slopes[steepest]
    before, after = np.flatnonzero(flat[:steepest]), np.flatnonzero(flat[steepest:])
    first = int(before[-1]) + 1 if len(before) else 0
    last = steepest + int(after[0]) if len(after) else len(slopes)
    return slice(first, last + 1)


def _fit(x: Floats, y: Floats) -> Logistic | None:
    """The logistic through the points; None if there is none, or if it falls."""
    try:
        logistic = fit_logistic(x, y)
    except EvidenceError:
        return None
    return logistic if logistic.slope > 0 else None


def rms(values: Floats) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(values**2)))
