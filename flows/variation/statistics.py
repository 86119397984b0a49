"""Figures of samples, each with the interval in which the true one lies; and which devices the spread comes from.

An `Interval` at level 0.95 contains the true figure in 95 of 100 such runs. Samples are rows: ``(n,)`` of one quantity,
``(n, m)`` of several. A sample that is missing (NaN) is missing evidence and an error.

Plain random samples are independent, and the intervals follow from that. Samples of a Latin hypercube or a Sobol
sequence are not: they repel each other, and intervals made for independent ones would be wrong, mostly far too wide.
For these, give several independent replicates (runs that differ in their seed) one after the other, and their number as
``replicates``: the interval then comes from how much the replicates differ (Student's t; A. Owen, "Monte Carlo theory,
methods and examples", ch. 10 and 17; P. L'Ecuyer, C. Lemieux in "Modeling Uncertainty", 2002, ch. 20). Ten replicates
are plenty, with less than five the intervals are wide.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeAlias

import numpy as np
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

# Fewer samples per replicate than this beyond a percentile, or failing, and Student's t does not hold for them.
_ENOUGH: Final = 5.0


@dataclass(frozen=True)
class Interval:
    """From ``low`` to ``high`` with probability ``level``; infinite where there are too few samples for a bound.

    ``method`` says how it was made, and what it takes for granted.
    """

    low: float
    high: float
    level: float
    method: str

    def __contains__(self, value: float) -> bool:
        """Whether a value lies in it."""
        return self.low <= value <= self.high

    def as_json(self) -> dict[str, Any]:
        """As a JSON object; no bound is null."""
        return {name: _finite_or_none(value) for name, value in asdict(self).items()}


def _finite_or_none(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


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
    """What samples of one quantity look like, in the unit of the samples (skewness and kurtosis have none).

    ``sigma_interval`` holds for a normal distribution only; ``sigma_interval_any`` also for others. Where the two
    differ, the distribution is not normal, and the second is to be believed. ``skewness_error`` and
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
        data["percentiles"] = [one.as_json() for one in self.percentiles]
        return {name: one.as_json() if isinstance(one, Interval) else one for name, one in data.items()}


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
        Of samples that are not independent: see the module's head. The replicates lie one after the other and are
        equally long.

    Raises
    ------
    EvidenceError
        A sample is missing or not finite.
    SpecError
        There are fewer than 4 samples, or they do not divide into the replicates.
    """
    values = _samples(samples, 1, at_least=4)
    parts = _parts(values, replicates)
    _check_level(level)
    n = len(values)
    mean, sigma = float(values.mean()), float(values.std(ddof=1))
    if sigma == 0:
        raise EvidenceError(f"all {n} samples are {mean:g}: nothing varied")
    if replicates == 1:
        half = float(special.stdtrit(n - 1, 0.5 + level / 2)) * sigma / math.sqrt(n)
        mean_interval = Interval(mean - half, mean + half, level, "Student's t")
        sigma_interval = _chi_square(sigma, n, level)
        sigma_any = _bonett(values, level)
    else:
        mean_interval = _student(parts.mean(axis=1), level)
        # About the common mean, as a replicate's own would take its part of the spread away.
        spread = ((parts - mean) ** 2).mean(axis=1) * n / (n - 1)
        sigma_interval = sigma_any = _student_of_root(spread, level)
    second, third, fourth = (float(np.mean((values - mean) ** power)) for power in (2, 3, 4))
    skewness = math.sqrt(n * (n - 1)) / (n - 2) * third / second**1.5
    kurtosis = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (fourth / second**2 - 3) + 6)
    skewness_error = math.sqrt(6 * n * (n - 1) / ((n - 2) * (n + 1) * (n + 3)))
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
        kurtosis_error=2 * skewness_error * math.sqrt((n * n - 1) / ((n - 3) * (n + 5))),
        minimum=float(values.min()),
        maximum=float(values.max()),
        percentiles=tuple(_percentile(values, parts, percent, level) for percent in percentiles),
    )


def _samples(samples: ArrayLike, dimensions: int, *, at_least: int) -> Floats:
    values = np.asarray(samples, dtype=float)
    if values.ndim != dimensions:
        raise SpecError(f"samples of shape {values.shape}: {dimensions} dimension(s) are needed")
    if len(values) < at_least:
        raise SpecError(f"{len(values)} samples are too few: at least {at_least} are needed")
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        raise EvidenceError(
            f"{len(bad)} of {values.size} numbers are missing or not finite, first in sample {bad[0][0]}"
        )
    return values


def _parts(values: NDArray[Any], replicates: int) -> NDArray[Any]:
    """The samples by replicate: (replicates, samples, ...)."""
    if replicates < 1 or len(values) % replicates or len(values) < 2 * replicates:
        raise SpecError(f"{len(values)} samples do not divide into {replicates} equal replicates of at least 2")
    parts = values.reshape(replicates, -1, *values.shape[1:])
    for k in range(1, replicates):
        if np.array_equal(parts[k], parts[k - 1]):
            raise EvidenceError(f"replicates {k - 1} and {k} are equal: they need seeds of their own")
    return parts


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise SpecError(f"level={level}: a probability between 0 and 1 is needed")


def _chi_square(sigma: float, n: int, level: float) -> Interval:
    low, high = (
        sigma * math.sqrt((n - 1) / float(special.chdtri(n - 1, above))) for above in (0.5 - level / 2, 0.5 + level / 2)
    )
    return Interval(low, high, level, "chi-square; for a normal distribution")


def _bonett(values: Floats, level: float) -> Interval:
    n = len(values)
    z = float(special.ndtri(0.5 + level / 2))
    if n <= z:
        return Interval(0.0, math.inf, level, "Bonett; for any distribution")
    centred = values - values.mean()
    cut = int(n / (2 * math.sqrt(n - 4))) if n > 4 else 0
    trimmed = values - (np.sort(values)[cut : n - cut] if 2 * cut < n else values).mean()
    fourth = n * float((trimmed**4).sum()) / float((centred**2).sum()) ** 2
    error = math.sqrt(max(fourth - (n - 3) / n, 0.0) / (n - 1))
    scale = n / (n - z)
    middle = math.log(scale * float(values.var(ddof=1)))
    low, high = (math.exp((middle + sign * z * scale * error) / 2) for sign in (-1, 1))
    return Interval(low, high, level, "Bonett; for any distribution")


def _student(estimates: Floats, level: float) -> Interval:
    """Around the mean of independent replicates' estimates."""
    count = len(estimates)
    half = float(special.stdtrit(count - 1, 0.5 + level / 2)) * float(estimates.std(ddof=1)) / math.sqrt(count)
    middle = float(estimates.mean())
    return Interval(middle - half, middle + half, level, f"Student's t over {count} replicates")


def _student_of_root(squares: Floats, level: float) -> Interval:
    """For the root of what replicates estimate: by logarithms, so that it stays above 0."""
    plain = _student(squares, level)
    middle = float(squares.mean())
    factor = math.exp((plain.high - middle) / middle / 2)
    return Interval(math.sqrt(middle) / factor, math.sqrt(middle) * factor, level, plain.method)


def _percentile(values: Floats, parts: Floats, percent: float, level: float) -> Percentile:
    if not 0 < percent < 100:
        raise SpecError(f"percentile {percent}: it must be between 0 and 100")
    part = percent / 100
    value = float(np.quantile(values, part, method="median_unbiased"))
    interval = _order_statistics(values, part, level)
    replicates, size = parts.shape
    if replicates > 1 and size * min(part, 1 - part) >= _ENOUGH:
        interval = _student(np.quantile(parts, part, axis=1, method="median_unbiased"), level)
    return Percentile(percent, value, interval)


def _order_statistics(values: Floats, part: float, level: float) -> Interval:
    """Between two samples, of which too many lie on one side with probability (1 - level) / 2 at most each."""
    n, tail = len(values), (1 - level) / 2
    ordered = np.sort(values)
    # The j-th smallest is above the percentile if less than j samples lie below it.
    counts = np.arange(n)
    below = int((special.bdtr(counts, n, part) <= tail).sum()) - 1
    above = int((special.bdtrc(counts, n, part) > tail).sum()) + 1
    low = float(ordered[below]) if below >= 0 else -math.inf
    high = float(ordered[above - 1]) if above <= n else math.inf
    return Interval(low, high, level, "order statistics; for any distribution")


# Yield


@dataclass(frozen=True)
class Limits:
    """What a sample must lie between, limits included; None is no limit."""

    minimum: float | None = None
    maximum: float | None = None

    def __post_init__(self) -> None:
        """Check the limits against each other."""
        given = [limit for limit in (self.minimum, self.maximum) if limit is not None]
        if not given or not all(map(math.isfinite, given)) or given != sorted(given):
            raise SpecError(f"{self}: at least one limit, and minimum <= maximum, are needed")

    def passed(self, values: Floats) -> NDArray[np.bool_]:
        """Which values are within."""
        within = np.ones(values.shape, dtype=bool)
        if self.minimum is not None:
            within &= values >= self.minimum
        if self.maximum is not None:
            within &= values <= self.maximum
        return within


@dataclass(frozen=True)
class Yield:
    """How many samples are within their limits: all limits at once, and in ``each`` every one alone."""

    passed: int
    count: int
    interval: Interval
    each: tuple[Yield, ...] = ()

    @property
    def fraction(self) -> float:
        """Part of the samples that passed."""
        return self.passed / self.count

    def as_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "passed": self.passed,
            "count": self.count,
            "fraction": self.fraction,
            "interval": self.interval.as_json(),
            "each": [one.as_json() for one in self.each],
        }


def yield_of(
    samples: ArrayLike, limits: Limits | Sequence[Limits], *, level: float = 0.95, replicates: int = 1
) -> Yield:
    """Part of the samples that is within the limits, with its interval.

    Source: C. J. Clopper, E. S. Pearson, Biometrika 26 (1934) 404; exact, so it covers the true yield at least as often
    as asked, for any yield. With ``replicates`` it is Student's t over their yields; where a replicate has less than
    five samples on either side, that is not to be trusted and the interval covers both this and Clopper and Pearson's.

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
    _check_level(level)
    every = [limits] if isinstance(limits, Limits) else list(limits)
    values = np.asarray(samples, dtype=float)
    if isinstance(limits, Limits) and values.ndim == 1:
        values = values[:, None]
    values = _samples(values, 2, at_least=1)
    if values.shape[1] != len(every):
        raise SpecError(f"{len(every)} limits for samples of shape {values.shape}: one for each column is needed")
    if replicates > 1:
        _parts(values, replicates)
    columns = np.stack([one.passed(values[:, k]) for k, one in enumerate(every)], axis=1)
    each = [_yield(column, level, replicates) for column in columns.T] if len(every) > 1 else []
    joint = _yield(np.logical_and.reduce(columns, axis=1), level, replicates)
    return Yield(joint.passed, joint.count, joint.interval, tuple(each))


def _yield(passed: NDArray[np.bool_], level: float, replicates: int) -> Yield:
    count, good = len(passed), int(passed.sum())
    tail = (1 - level) / 2
    low = float(special.betaincinv(good, count - good + 1, tail)) if good else 0.0
    high = float(special.betaincinv(good + 1, count - good, 1 - tail)) if good < count else 1.0
    interval = Interval(low, high, level, "Clopper-Pearson")
    if replicates > 1:
        among = _student(passed.reshape(replicates, -1).mean(axis=1), level)
        low, high, method = max(among.low, 0.0), min(among.high, 1.0), among.method
        if min(good, count - good) < _ENOUGH * replicates:
            low, high = min(low, interval.low), max(high, interval.high)
            method += ", and Clopper-Pearson"
        interval = Interval(low, high, level, method)
    return Yield(good, count, interval)


# Where the spread comes from


@dataclass(frozen=True)
class Contribution:
    """A part of the output's variance: ``share`` (1 is all of it) with its standard error.

    A share below 0 is one that cannot be told from 0. ``slope`` is the change of the output per unit of the parameter;
    None for a device, which has several.
    """

    name: str
    share: float
    error: float
    slope: float | None = None


@dataclass(frozen=True)
class Contributions:
    """Shares of an output's variance, largest first; with ``unexplained`` they add up to 1.

    ``unexplained`` is what no parameter explains linearly: curvature, what parameters do together, noise, and
    parameters that are not in the list.
    """

    parts: tuple[Contribution, ...]
    unexplained: Contribution
    count: int
    method: str

    def by_device(self, device_of: Callable[[str], str] | None = None) -> Contributions:
        """The same, the parameters of a device together.

        Parameters
        ----------
        device_of
            A parameter's device; by default what is before the last dot of its name.
        """
        groups: dict[str, list[Contribution]] = {}
        for part in self.parts:
            device = device_of(part.name) if device_of else part.name.rpartition(".")[0] or part.name
            groups.setdefault(device, []).append(part)
        parts = [
            Contribution(name, sum(one.share for one in some), math.hypot(*(one.error for one in some)))
            for name, some in groups.items()
        ]
        return Contributions(_sorted(parts), self.unexplained, self.count, self.method)

    def as_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


def _sorted(parts: list[Contribution]) -> tuple[Contribution, ...]:
    return tuple(sorted(parts, key=lambda part: -part.share))


def contributions(
    parameters: ArrayLike,
    names: Sequence[str],
    output: ArrayLike,
    *,
    sigmas: ArrayLike | None = None,
    method: str = "auto",
) -> Contributions:
    """Share of each parameter in the variance of the output; the parameters are independent of each other.

    ``regression``, when there are clearly more samples than parameters: least squares; the share of parameter j is its
    slope squared times its variance. A slope squared is too large by the slope's own variance, which is taken off.
    Errors of slopes allow for a spread that depends on the parameters (HC2: J. G. MacKinnon, H. White, Journal of
    Econometrics 29 (1985) 305), as it does where the output is curved.

    ``correlation``, when there are not: the square of each parameter's correlation with the output is its first-order
    Sobol index as far as it acts linearly (A. Saltelli et al., "Global Sensitivity Analysis", 2008, 1.2 and 4), less
    what chance alone gives. The sum over parameters is then the estimate of L. H. Dicker, Biometrika 101 (2014) 269,
    which holds whether few or many parameters matter. Penalised regressions (lasso, ridge) would look more certain, but
    share out variance by their penalty.
    It wants parameters that are normally distributed.

    Parameters
    ----------
    parameters
        Shape (n, p).
    sigmas
        Standard deviations of the parameters, if they are known better than from the samples.
    method
        ``auto`` chooses regression if at least a fifth of the samples is left over after p + 1.

    Raises
    ------
    EvidenceError
        A number is missing, nothing varied, or parameters are copies of each other.
    SpecError
        Shapes do not fit, or there are too few samples for the method.
    """
    y = _samples(output, 1, at_least=10)
    x = _samples(parameters, 2, at_least=10)
    n, p = x.shape
    if len(y) != n or len(names) != p or len(set(names)) != p:
        raise SpecError(
            f"parameters of shape {x.shape}, {len(names)} names ({len(set(names))} different) and {len(y)} outputs do "
            "not fit together"
        )
    constant = [name for name, column in zip(names, x.T, strict=True) if column.min() == column.max()]
    if constant or y.min() == y.max():
        raise EvidenceError(f"{constant[0] if constant else 'the output'} does not vary in the {n} samples")
    own = x.std(axis=0, ddof=1) if sigmas is None else np.asarray(sigmas, dtype=float)
    if own.shape != (p,) or not (np.isfinite(own) & (own > 0)).all():
        raise SpecError(f"sigmas of shape {own.shape}: {p} numbers above 0 are needed")
    if method == "auto":
        method = "regression" if n - p - 1 >= n / 5 else "correlation"
    if method not in ("regression", "correlation"):
        raise SpecError(f"method {method!r}: choose auto, regression or correlation")
    if method == "regression" and n - p - 1 < 5:
        raise SpecError(f"{n} samples are too few for the regression of {p} parameters; use method='correlation'")
    z, centred = (x - x.mean(axis=0)) / own, y - y.mean()
    shares = _regression if method == "regression" else _correlation
    values, errors, slopes, rest, rest_error = shares(z, centred, sigmas is not None)
    parts = [
        Contribution(name, float(share), float(error), float(slope))
        for name, share, error, slope in zip(names, values, errors, slopes / own, strict=True)
    ]
    return Contributions(_sorted(parts), Contribution("not explained linearly", rest, rest_error), n, method)


_Shares: TypeAlias = tuple[Floats, Floats, Floats, float, float]


def _regression(z: Floats, y: Floats, known: bool) -> _Shares:
    """Shares, their errors, slopes; the share that is left, and its error."""
    n, p = z.shape
    q, r = np.linalg.qr(z)
    if np.abs(np.diag(r)).min() < 1e-8 * np.abs(np.diag(r)).max():
        raise EvidenceError("the parameters are not independent: one is a sum of others")
    inverse = np.linalg.inv(r)
    slopes = inverse @ (q.T @ y)
    residual = y - z @ slopes
    leverage = np.minimum((q**2).sum(axis=1) + 1 / n, 1 - 1e-9)
    # (Z'Z)^-1 Z' as rows of parameters; each with the residuals' own squares.
    weights = inverse @ q.T
    variances = (weights**2) @ (residual**2 / (1 - leverage))
    left = float(residual @ residual) / (n - p - 1)
    parts = slopes**2 - variances
    spread = _spread_of_squares(slopes, variances)
    if not known:
        spread = spread + 2 * slopes**4 / (n - 1)
    fourth = float(np.mean(residual**4)) / max(float(np.mean(residual**2)) ** 2, 1e-300)
    left_spread = left**2 * (max(fourth, 1.0) - 1 + 2 * p / (n - p - 1)) / n
    total = float(parts.sum()) + left
    shares, rest = parts / total, left / total
    every, all_spread = np.append(shares, rest), np.append(spread, left_spread)
    # To first order: a part moves its own share up and all shares down.
    errors = np.sqrt((1 - 2 * every) * all_spread + every**2 * all_spread.sum()) / total
    return shares, errors[:-1], slopes, rest, float(errors[-1])


def _spread_of_squares(values: Floats, variances: Floats) -> Floats:
    """Variance of the square of normal variables, from one draw of each, by their variances."""
    return 4 * np.maximum(values**2 - variances, 0) * variances + 2 * variances**2


def _correlation(z: Floats, y: Floats, known: bool) -> _Shares:
    """As `_regression`."""
    del known
    n, p = z.shape
    m = n - 1  # one degree of freedom went into the means
    products = z * y[:, None]
    sums = products.sum(axis=0)
    power = float(y @ y)
    shares = (sums**2 / power - 1) / (m + 1)
    slopes = sums / m
    # Leave each sample out in turn: B. Efron, C. Stein, Annals of Statistics 9 (1981) 586.
    less = power - y**2
    each = ((sums - products) ** 2 / less[:, None] - 1) / m
    raw = m / n * ((each - each.mean(axis=0)) ** 2).sum(axis=0)
    # At a share of 0 the above is 0: add what chance gives.
    errors = np.sqrt(raw + 2 / m**2)
    totals = each.sum(axis=1)
    rest_error = math.sqrt(m / n * float(((totals - totals.mean()) ** 2).sum()) + 2 * p / m**2)
    return shares, errors, slopes, 1 - float(shares.sum()), rest_error


def area_factor(share: float, wanted: float) -> float:
    """By how much to multiply a device's area so that its part of the then smaller variance becomes `wanted`.

    The variance of a device goes with 1/(W L) (M. Pelgrom, A. Duinmaijer, A. Welbers, IEEE JSSC 24 (1989) 1433); below
    1, the device has area to give away.

    Raises
    ------
    SpecError
        A share is not between 0 and 1.
    """
    if not (0 < share < 1 and 0 < wanted < 1):
        raise SpecError(f"share {share:g}, wanted {wanted:g}: both must be between 0 and 1")
    return share * (1 - wanted) / (wanted * (1 - share))


def area_factor_for_sigma(share: float, ratio: float) -> float:
    """By how much to multiply a device's area so that the output's sigma becomes `ratio` times what it is.

    As `area_factor`; what the other devices contribute stays, so no area of this one brings sigma below
    sqrt(1 - share).

    Raises
    ------
    SpecError
        The ratio is out of reach.
    """
    lowest = math.sqrt(1 - share) if 0 < share <= 1 else 1.0
    if not ratio > lowest:
        raise SpecError(
            f"share {share:g}: this device alone brings sigma to no less than {lowest:.4g} of what it is, not "
            f"{ratio:g}. Take others too."
        )
    return share / (ratio**2 - 1 + share)


# Sampling methods against each other


@dataclass(frozen=True)
class Gain:
    """How many times less variance estimates have than those of plain random samples of equal number.

    So many times more random samples would do the same.
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
    _check_level(level)
    ours, theirs = _samples(estimates, 1, at_least=4), _samples(random, 1, at_least=4)
    for values in (ours, theirs):
        if len(np.unique(values)) == 1:
            raise EvidenceError(f"{len(values)} replicates are equal: they need seeds of their own")
    ratio = float(theirs.var(ddof=1) / ours.var(ddof=1))
    degrees = len(theirs) - 1, len(ours) - 1
    low, high = (ratio / float(special.fdtri(*degrees, p)) for p in (0.5 + level / 2, 0.5 - level / 2))
    return Gain(ratio, Interval(low, high, level, "F; for normally distributed estimates"))
