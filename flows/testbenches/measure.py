"""Numbers from waveforms and transfers: settling, ringing, logistic fit, inverse transfer, power. All values are SI."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from mirrorneuron.flows.simulate import Data
from mirrorneuron.pdk_sky130.errors import EvidenceError
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import PchipInterpolator
from scipy.optimize import curve_fit

__all__ = ["Logistic", "StepResponse", "Transfer", "fit_logistic", "power", "step_response"]

Floats: TypeAlias = NDArray[np.float64]

# The final value is known if the last part of the record, this long, stays within half the band.
_TAIL: Final = 0.1


@dataclass(frozen=True)
class StepResponse:
    """The response of a waveform to a step.

    Attributes
    ----------
    initial, final
        Value at the step, and at the end of the record.
    settling_s
        From the step until the waveform stays within the band about `final`; infinite if it does not, or if the record
        ends too early to decide.
    overshoot
        Largest excursion beyond `final`, or back beyond `initial`, relative to the step (to the band, if that is
        larger); 0 or more.
    excursions
        How often the waveform leaves the band after having reached it: 0 without ringing.
    """

    initial: float
    final: float
    settling_s: float
    overshoot: float
    excursions: int


def step_response(time: ArrayLike, value: ArrayLike, at_s: float, until_s: float, band: float) -> StepResponse:
    """Settling and ringing of `value` after a step at `at_s`, observed until `until_s`.

    Parameters
    ----------
    band
        Half-width of the band around the final value, in the unit of `value` (1 % of full scale, say).

    Raises
    ------
    EvidenceError
        The record does not reach from `at_s` to `until_s`, or is not finite.
    """
    t, y = _row(time), _row(value)
    if len(t) != len(y) or not np.isfinite(y).all() or t[0] > at_s or t[-1] < until_s * (1 - 1e-9) or at_s >= until_s:
        raise EvidenceError(f"the waveform is not finite, or does not cover {at_s:g} to {until_s:g} s")
    if band <= 0:
        raise EvidenceError(f"a settling band of half-width {band:g} must be above 0")
    inside = (t > at_s) & (t < until_s)
    ends = np.interp([at_s, until_s], t, y)
    t = np.concatenate([[at_s], t[inside], [until_s]])
    y = np.concatenate([ends[:1], y[inside], ends[1:]])
    initial, final = float(y[0]), float(y[-1])
    off = y - final
    outside = np.abs(off) > band
    entered = np.flatnonzero(~outside)[0]
    later = outside[entered:].astype(int)
    excursions = int(later[0] + np.count_nonzero(np.diff(later) == 1))
    tail = t >= until_s - _TAIL * (until_s - at_s)
    if np.abs(off[tail]).max() > band / 2:
        settling = math.inf
    elif not outside.any():
        settling = 0.0
    else:
        last = int(np.flatnonzero(outside)[-1])
        edge = math.copysign(band, off[last])
        part = (off[last] - edge) / (off[last] - off[last + 1])
        settling = float(t[last] + part * (t[last + 1] - t[last]) - at_s)
    size = max(abs(final - initial), band)
    sign = math.copysign(1.0, final - initial)
    beyond = max(float((sign * off).max()), float((sign * (initial - y)).max()), 0.0)
    return StepResponse(initial, final, settling, beyond / size, excursions)


@dataclass(frozen=True)
class Logistic:
    """``low + (high - low) / (1 + exp(-slope * (x - middle)))``, and the deviation of the data from it.

    ``rms`` and ``worst`` are relative to `high`.
    """

    low: float
    high: float
    slope: float
    middle: float
    rms: float
    worst: float

    def __call__(self, x: ArrayLike) -> Floats:
        """The value at `x`."""
        return _logistic(_row(x), self.low, self.high, self.slope, self.middle)


def fit_logistic(x: ArrayLike, y: ArrayLike) -> Logistic:
    """The logistic that fits rising data by least squares; `slope` is in 1/unit of `x`.

    Raises
    ------
    EvidenceError
        Fewer than eight points, a number that is not finite, data that do not rise, or no fit.
    """
    a, b = _row(x), _row(y)
    if len(a) != len(b) or len(a) < 8 or not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise EvidenceError(f"{len(a)} points do not determine a logistic: at least 8 are needed, all finite")
    order = np.argsort(a)
    a, b = a[order], b[order]
    width, height = float(np.ptp(a)), float(np.ptp(b))
    if not (width > 0 and height > 0 and b[-1] > b[0]):
        raise EvidenceError("the data do not rise, so no logistic fits them")
    # Scaled to the spans of the data, as the steps of the solver are relative to 1.
    u, w = (a - a[0]) / width, (b - b.min()) / height
    # A logistic takes 2.2 / slope from a quarter to three quarters of its height.
    quarter, half, three = (float(v) for v in np.interp((0.25, 0.5, 0.75), np.maximum.accumulate(w), u))
    guess = (0.0, 1.0, 2.2 / max(three - quarter, 1e-3), half)
    try:
        fitted, _ = curve_fit(_logistic, u, w, p0=guess, maxfev=20000)
    except RuntimeError as error:
        raise EvidenceError(f"no logistic fits the data: {error}") from error
    low, high, slope, middle = (float(v) for v in fitted)
    residual = (_logistic(u, low, high, slope, middle) - w) * height
    low, high = (float(b.min() + height * v) for v in (low, high))
    scale = abs(high)
    return Logistic(
        low=low,
        high=high,
        slope=slope / width,
        middle=float(a[0] + middle * width),
        rms=float(np.sqrt(np.mean(residual**2))) / scale,
        worst=float(np.abs(residual).max()) / scale,
    )


class Transfer:
    """A measured monotone transfer ``y(x)`` that can be read backwards.

    Parameters
    ----------
    x, y
        The measured points, in any order of `x`.

    Raises
    ------
    EvidenceError
        There are fewer than four points, or `y` neither rises nor falls throughout; the message names the place.
    """

    def __init__(self, x: ArrayLike, y: ArrayLike) -> None:
        """Check that the transfer can be read backwards."""
        a, b = _row(x), _row(y)
        if len(a) != len(b) or len(a) < 4 or not (np.isfinite(a).all() and np.isfinite(b).all()):
            raise EvidenceError(f"{len(a)} points do not make a transfer: at least 4 are needed, all finite")
        order = np.argsort(a)
        a, b = a[order], b[order]
        if not np.all(np.diff(a) > 0):
            raise EvidenceError("a transfer with two values at one x cannot be read backwards")
        rising = b[-1] > b[0]
        turns = np.flatnonzero(np.diff(b) <= 0 if rising else np.diff(b) >= 0)
        if len(turns):
            at = turns[0]
            raise EvidenceError(
                f"the transfer turns between x={a[at]:g} and {a[at + 1]:g}: it cannot be read backwards"
            )
        if not rising:
            a, b = a[::-1], b[::-1]
        self._y = b
        self._inverse = PchipInterpolator(b, a)

    def inverse(self, y: ArrayLike, slack: float = 0.0) -> Floats:
        """The values of `x` that give `y`, by monotone cubic interpolation.

        Parameters
        ----------
        slack
            How far beyond the measured range a value may lie, relative to it; the slope of the end is continued there.

        Raises
        ------
        EvidenceError
            A value lies further outside.
        """
        wanted = _row(y)
        low, high = self._y[0], self._y[-1]
        reach = slack * (high - low)
        bad = ~((wanted >= low - reach) & (wanted <= high + reach))
        if bad.any():
            raise EvidenceError(
                f"{wanted[bad][0]:g} is outside of the measured transfer ({low:g} to {high:g}), so no x gives it"
            )
        inside = np.clip(wanted, low, high)
        slopes = self._inverse.derivative()(inside)
        return np.asarray(self._inverse(inside) + (wanted - inside) * slopes, dtype=float)


def power(data: Data, supply: str, inputs: Sequence[str]) -> Floats:
    """Supply current plus input currents, times the supply voltage [W]: the power if inputs come from the supply."""
    current = np.asarray(data.i(supply) + sum(data.i(pin) for pin in inputs))
    return np.asarray(data.v(supply) * current, dtype=float)


def _row(values: ArrayLike) -> Floats:
    return np.atleast_1d(np.asarray(values, dtype=float))


def _logistic(x: Floats, low: float, high: float, slope: float, middle: float) -> Floats:
    return np.asarray(low + (high - low) / (1 + np.exp(np.clip(-slope * (x - middle), -500, 500))), dtype=float)
