"""Figures from waveforms and transfers: settling, ringing, logistic fit, inverse transfer, power. All values are SI."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from mirrorneuron.pdk_sky130.errors import EvidenceError
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import PchipInterpolator
from scipy.optimize import curve_fit

if TYPE_CHECKING:
    from mirrorneuron.flows.simulate import Data

__all__ = ["Logistic", "StepResponse", "Transfer", "fit_logistic", "power", "step_response"]

Floats: TypeAlias = NDArray[np.float64]

# A record tells the final value if its last part, this long, stays within half the band.
_TAIL: Final = 0.1


@dataclass(frozen=True)
class StepResponse:
    """How a waveform answers a step.

    Attributes
    ----------
    initial, final
        Value at the step, and at the record's end.
    settling_s
        From the step until the waveform stays within the band around `final`; infinite if it does not, or if the
        record ends too early to tell.
    overshoot
        How far it goes beyond `final` on the far side, or back beyond `initial`, as a part of the step (of the band,
        if that is larger); 0 or more.
    excursions
        How often it leaves the band again after having reached it: 0 without ringing.
    """

    initial: float
    final: float
    settling_s: float
    overshoot: float
    excursions: int


def step_response(time: ArrayLike, value: ArrayLike, at_s: float, until_s: float, band: float) -> StepResponse:
    """Settling and ringing of `value` after a step at `at_s`, looked at until `until_s`.

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
        raise EvidenceError(f"the waveform does not tell of {at_s:g} to {until_s:g} s")
    if band <= 0:
        raise EvidenceError(f"a band of {band:g} cannot be settled to")
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
    """``low + (high - low) / (1 + exp(-slope * (x - middle)))``, and how far the data are from it.

    ``rms`` and ``worst`` are parts of `high`.
    """

    low: float
    high: float
    slope: float
    middle: float
    rms: float
    worst: float

    def __call__(self, x: ArrayLike) -> Floats:
        """Its value at `x`."""
        return _logistic(_row(x), self.low, self.high, self.slope, self.middle)


def fit_logistic(x: ArrayLike, y: ArrayLike) -> Logistic:
    """The logistic nearest to rising data, by least squares; `slope` is in 1/unit of `x`.

    Raises
    ------
    EvidenceError
        Fewer than eight points, a number that is not finite, data that do not rise, or no fit.
    """
    a, b = _row(x), _row(y)
    if len(a) != len(b) or len(a) < 8 or not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise EvidenceError(f"{len(a)} points (eight are needed, all finite) do not determine a logistic")
    order = np.argsort(a)
    a, b = a[order], b[order]
    width, height = float(np.ptp(a)), float(np.ptp(b))
    if not (width > 0 and height > 0 and b[-1] > b[0]):
        raise EvidenceError("the data do not rise, so no logistic fits them")
    # In units of the data's own spans, as the solver's steps are relative to 1.
    u, w = (a - a[0]) / width, (b - b.min()) / height
    # A logistic takes 2.2 / slope from a quarter to three quarters of its height.
    quarter, half, three = (float(v) for v in np.interp((0.25, 0.5, 0.75), np.maximum.accumulate(w), u))
    guess = (0.0, 1.0, 2.2 / max(three - quarter, 1e-3), half)
    try:
        found, _ = curve_fit(_logistic, u, w, p0=guess, maxfev=20000)
    except RuntimeError as error:
        raise EvidenceError(f"no logistic fits the data: {error}") from error
    low, high, slope, middle = (float(v) for v in found)
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
    """A measured monotone transfer ``y(x)``, to be read backwards.

    Parameters
    ----------
    x, y
        The measured points, in any order of `x`.

    Raises
    ------
    EvidenceError
        Fewer than four points, or `y` neither rises nor falls throughout; the message says where it turns.
    """

    def __init__(self, x: ArrayLike, y: ArrayLike) -> None:
        """Check that it can be read backwards."""
        a, b = _row(x), _row(y)
        if len(a) != len(b) or len(a) < 4 or not (np.isfinite(a).all() and np.isfinite(b).all()):
            raise EvidenceError(f"{len(a)} points (four are needed, all finite) do not make a transfer")
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
        """The `x` that give `y`, by monotone cubic interpolation.

        Parameters
        ----------
        slack
            How far beyond the measured range (as a part of it) a value may lie; the end's slope is continued there.

        Raises
        ------
        EvidenceError
            A value lies further out.
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
    """Supply current plus input currents, times the supply voltage [W]: the cost if inputs come from the supply."""
    current = np.asarray(data.i(supply) + sum(data.i(pin) for pin in inputs))
    return np.asarray(data.v(supply) * current, dtype=float)


def _row(values: ArrayLike) -> Floats:
    return np.atleast_1d(np.asarray(values, dtype=float))


def _logistic(x: Floats, low: float, high: float, slope: float, middle: float) -> Floats:
    return np.asarray(low + (high - low) / (1 + np.exp(np.clip(-slope * (x - middle), -500, 500))), dtype=float)
