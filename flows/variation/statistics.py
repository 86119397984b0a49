"""Figures of samples: mean, sigma, skewness, percentiles, yield; each with its confidence interval (see `intervals`).

Samples are rows: ``(n,)`` of one quantity, ``(n, m)`` of several. A missing sample (NaN) is missing evidence and an
error. Where the spread comes from is in `contributions`; its names are importable from here, too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from mirrorneuron.flows.variation.contributions import (
    Contribution,
    Contributions,
    area_factor,
    area_factor_for_sigma,
    contributions,
)
from mirrorneuron.flows.variation.intervals import (
    ENOUGH,
    Interval,
    bonett,
    check_level,
    checked_samples,
    chi_square,
    clopper_pearson,
    in_replicates,
    order_statistics,
    student,
    student_of_root,
)
from mirrorneuron.pdk_sky130.errors import EvidenceError, SpecError
from numpy.typing import ArrayLike, NDArray
from scipy import special

__all__ = [
    "PERCENTILES",
    "Contribution",
    "Contributions",
    "Gain",
    "Interval",
    "Limits",
    "Percentile",
    "Summary",
    "Yield",
    "area_factor",
    "area_factor_for_sigma",
    "contributions",
    "gain",
    "summarise",
    "yield_of",
]

Floats: TypeAlias = NDArray[np.float64]

PERCENTILES: Final = (0.135, 2.275, 15.866, 50.0, 84.134, 97.725, 99.865)
"""In percent: the median, and where 1, 2 and 3 sigma of a normal distribution lie."""


@dataclass(frozen=True)
class Percentile:
    """The value below which ``percent`` of the samples' distribution lies."""

    percent: float
    value: float
    interval: Interval

    def as_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {"percent": self.percent, "value": self.value, "interval": self.interval.as_json()}


@dataclass(frozen=True)
class Summary:
    """The distribution of the samples of one quantity, in their unit (skewness and kurtosis have none).

    ``sigma_interval`` holds for a normal distribution only, ``sigma_interval_any`` for any distribution. Where the two
    differ the distribution is not normal, and the second one holds. ``skewness_error`` and
    ``kurtosis_error`` are the standard errors that samples of a normal distribution would have; ``kurtosis`` is the
    excess, 0 for a normal distribution.
    """

    count: int
    replicates: int
    mean: float
    mean_interval: Interval
    sigma: float
    sigma_interval: Interval
    sigma_interval_any: Interval
    skewness: float
    skewness_error: float
    kurtosis: float
    kurtosis_error: float
    minimum: float
    maximum: float
    percentiles: tuple[Percentile, ...]

    def as_json(self) -> dict[str, Any]:
        """As a JSON object."""
        data = {name: getattr(self, name) for name in self.__dataclass_fields__}
        data["percentiles"] = [percentile.as_json() for percentile in self.percentiles]
        return {name: value.as_json() if isinstance(value, Interval) else value for name, value in data.items()}


def summarise(
    samples: ArrayLike,
    *,
    level: float = 0.95,
    percentiles: Sequence[float] = PERCENTILES,
    replicates: int = 1,
) -> Summary:
    """Mean, sigma, skewness and percentiles of one quantity, with their intervals.

    Sources: mean, Student's t; sigma of a normal distribution, chi-square (NIST/SEMATECH e-Handbook, 7.2.3.1); sigma of
    any distribution with a fourth moment, D. G. Bonett, Computational Statistics & Data Analysis 50 (2006) 775;
    percentiles, order statistics, which hold for any continuous distribution (H. A. David, H. N. Nagaraja, "Order
    Statistics", 7.1); their values, R. J. Hyndman, Y. Fan, American Statistician 50 (1996) 361, type 8; skewness and
    kurtosis G1, G2 and their errors, D. N. Joanes, C. A. Gill, The Statistician 47 (1998) 183.

    Parameters
    ----------
    samples
        Shape (n,).
    replicates
        Number of replicates, for samples that are not independent: see `intervals`. The replicates lie one after the
        other and are equally long.

    Raises
    ------
    EvidenceError
        A sample is missing or not finite.
    SpecError
        There are fewer than 4 samples, or they do not divide into the replicates.
    """
    values = checked_samples(samples, 1, at_least=4)
    parts = in_replicates(values, replicates)
    check_level(level)
    n = len(values)
    mean, sigma = float(values.mean()), float(values.std(ddof=1))
    if sigma == 0:
        raise EvidenceError(f"all {n} samples are {mean:g}: nothing varied")
    mean_interval, sigma_interval, sigma_any = _moments(values, parts, level)
    skewness, skewness_error, kurtosis, kurtosis_error = _shape(values)
    return Summary(
        count=n,
        replicates=replicates,
        mean=mean,
        mean_interval=mean_interval,
        sigma=sigma,
        sigma_interval=sigma_interval,
        sigma_interval_any=sigma_any,
        skewness=skewness,
        skewness_error=skewness_error,
        kurtosis=kurtosis,
        kurtosis_error=kurtosis_error,
        minimum=float(values.min()),
        maximum=float(values.max()),
        percentiles=tuple(_percentile(values, parts, percent, level) for percent in percentiles),
    )


def _moments(values: Floats, parts: Floats, level: float) -> tuple[Interval, Interval, Interval]:
    """The intervals of the mean, of sigma for a normal distribution, and of sigma for any."""
    n, mean, sigma = len(values), float(values.mean()), float(values.std(ddof=1))
    if len(parts) == 1:
        half = float(special.stdtrit(n - 1, 0.5 + level / 2)) * sigma / math.sqrt(n)
        of_mean = Interval(mean - half, mean + half, level, "Student's t")
        return of_mean, chi_square(sigma, n, level), bonett(values, level)
    # About the common mean, as a replicate's own mean would take away a part of the spread.
    spread = ((parts - mean) ** 2).mean(axis=1) * n / (n - 1)
    of_sigma = student_of_root(spread, level)
    return student(parts.mean(axis=1), level), of_sigma, of_sigma


def _shape(values: Floats) -> tuple[float, float, float, float]:
    """Skewness G1 and kurtosis G2, each with its standard error."""
    n, mean = len(values), float(values.mean())
    second, third, fourth = (float(np.mean((values - mean) ** power)) for power in (2, 3, 4))
    skewness = math.sqrt(n * (n - 1)) / (n - 2) * third / second**1.5
    kurtosis = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (fourth / second**2 - 3) + 6)
    skewness_error = math.sqrt(6 * n * (n - 1) / ((n - 2) * (n + 1) * (n + 3)))
    kurtosis_error = 2 * skewness_error * math.sqrt((n * n - 1) / ((n - 3) * (n + 5)))
    return skewness, skewness_error, kurtosis, kurtosis_error


def _percentile(values: Floats, parts: Floats, percent: float, level: float) -> Percentile:
    if not 0 < percent < 100:
        raise SpecError(f"percentile {percent}: it must be between 0 and 100")
    part = percent / 100
    value = float(np.quantile(values, part, method="median_unbiased"))
    interval = order_statistics(values, part, level)
    replicates, size = parts.shape
    if replicates > 1 and size * min(part, 1 - part) >= ENOUGH:
        interval = student(np.quantile(parts, part, axis=1, method="median_unbiased"), level)
    return Percentile(percent, value, interval)


@dataclass(frozen=True)
class Limits:
    """The limits of a sample, inclusive; None is no limit."""

    minimum: float | None = None
    maximum: float | None = None

    def __post_init__(self) -> None:
        """Check the limits against each other."""
        limits = [limit for limit in (self.minimum, self.maximum) if limit is not None]
        if not limits or not all(map(math.isfinite, limits)) or limits != sorted(limits):
            raise SpecError(f"{self}: at least one limit, and minimum <= maximum, are needed")

    def passed(self, values: Floats) -> NDArray[np.bool_]:
        """Which values are within the limits."""
        within = np.ones(values.shape, dtype=bool)
        if self.minimum is not None:
            within &= values >= self.minimum
        if self.maximum is not None:
            within &= values <= self.maximum
        return within


@dataclass(frozen=True)
class Yield:
    """The number of samples within all limits at once; ``each`` holds the yield of every limit alone."""

    passed: int
    count: int
    interval: Interval
    each: tuple[Yield, ...] = ()

    @property
    def fraction(self) -> float:
        """The part of the samples that passed."""
        return self.passed / self.count

    def as_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "passed": self.passed,
            "count": self.count,
            "fraction": self.fraction,
            "interval": self.interval.as_json(),
            "each": [alone.as_json() for alone in self.each],
        }


def yield_of(
    samples: ArrayLike, limits: Limits | Sequence[Limits], *, level: float = 0.95, replicates: int = 1
) -> Yield:
    """The part of the samples within the limits, with its interval.

    Source: C. J. Clopper, E. S. Pearson, Biometrika 26 (1934) 404; exact, so it covers the true yield at least as often
    as asked, for any yield. With ``replicates`` it is Student's t over their yields; where a replicate has less than
    five samples on either side, Student's t does not hold, and the interval covers both this and Clopper-Pearson's.

    Parameters
    ----------
    samples
        Shape (n,) for one `Limits`, (n, m) for m of them: a sample passes if all its m values do.
    replicates
        As for `summarise`.

    Raises
    ------
    EvidenceError
        A sample is missing or not finite.
    SpecError
        The limits are not as many as the columns, or the samples do not divide into the replicates.
    """
    check_level(level)
    every = [limits] if isinstance(limits, Limits) else list(limits)
    values = np.asarray(samples, dtype=float)
    if isinstance(limits, Limits) and values.ndim == 1:
        values = values[:, None]
    values = checked_samples(values, 2, at_least=1)
    if values.shape[1] != len(every):
        raise SpecError(f"{len(every)} limits for samples of shape {values.shape}: one for each column is needed")
    if replicates > 1:
        in_replicates(values, replicates)
    columns = np.stack([limit.passed(values[:, k]) for k, limit in enumerate(every)], axis=1)
    each = [_yield(column, level, replicates) for column in columns.T] if len(every) > 1 else []
    joint = _yield(np.logical_and.reduce(columns, axis=1), level, replicates)
    return Yield(joint.passed, joint.count, joint.interval, tuple(each))


def _yield(passed: NDArray[np.bool_], level: float, replicates: int) -> Yield:
    count, good = len(passed), int(passed.sum())
    exact = clopper_pearson(good, count, level)
    if replicates == 1:
        return Yield(good, count, exact)
    among = student(passed.reshape(replicates, -1).mean(axis=1), level)
    low, high, method = max(among.low, 0.0), min(among.high, 1.0), among.method
    if min(good, count - good) < ENOUGH * replicates:
        low, high = min(low, exact.low), max(high, exact.high)
        method += ", and Clopper-Pearson"
    return Yield(good, count, Interval(low, high, level, method))


@dataclass(frozen=True)
class Gain:
    """The variance of estimates from plain random samples over that from as many samples of another method.

    So many times more random samples would be as exact.
    """

    value: float
    interval: Interval


def gain(estimates: ArrayLike, random: ArrayLike, *, level: float = 0.95) -> Gain:
    """The gain of a sampling method, from estimates of one figure by independent replicates of either method.

    The interval is that of a ratio of two normal variances (F; NIST/SEMATECH e-Handbook, 1.3.5.9).

    Raises
    ------
    EvidenceError
        An estimate is missing, or replicates are equal.
    SpecError
        There are fewer than 4 replicates.
    """
    check_level(level)
    ours, theirs = checked_samples(estimates, 1, at_least=4), checked_samples(random, 1, at_least=4)
    for values in (ours, theirs):
        if len(np.unique(values)) == 1:
            raise EvidenceError(f"{len(values)} replicates are equal: they need seeds of their own")
    ratio = float(theirs.var(ddof=1) / ours.var(ddof=1))
    degrees = len(theirs) - 1, len(ours) - 1
    low, high = (ratio / float(special.fdtri(*degrees, p)) for p in (0.5 + level / 2, 0.5 - level / 2))
    return Gain(ratio, Interval(low, high, level, "F; for normally distributed estimates"))
