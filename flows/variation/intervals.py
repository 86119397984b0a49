"""Confidence intervals, and the checks of the samples that they are made of.

An `Interval` at level 0.95 contains the true figure in 95 of 100 such runs.

Plain random samples are independent, and their intervals follow from that. Samples of a Latin hypercube or a Sobol
sequence are not: they repel each other, and intervals for independent samples would be wrong, mostly far too wide.
For these, give several independent replicates (runs that differ in their seed) one after the other, and their number as
``replicates``: the interval then comes from how much the replicates differ (Student's t; A. Owen, "Monte Carlo theory,
methods and examples", ch. 10 and 17; P. L'Ecuyer, C. Lemieux in "Modeling Uncertainty", 2002, ch. 20). Ten replicates
are plenty; with fewer than five the intervals are wide.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np
from mirrorneuron.pdk_sky130.errors import EvidenceError, SpecError
from numpy.typing import ArrayLike, NDArray
from scipy import special

__all__ = [
    "ENOUGH",
    "Interval",
    "bonett",
    "check_level",
    "checked_samples",
    "chi_square",
    "clopper_pearson",
    "in_replicates",
    "order_statistics",
    "student",
    "student_of_root",
]

Floats: TypeAlias = NDArray[np.float64]

ENOUGH = 5.0
"""Samples in each replicate beyond a percentile, or failing, below which Student's t does not hold for them."""


@dataclass(frozen=True)
class Interval:
    """From ``low`` to ``high`` at a confidence ``level``; infinite where there are too few samples for a bound.

    ``method`` names the method and its assumption.
    """

    low: float
    high: float
    level: float
    method: str

    def __contains__(self, value: float) -> bool:
        """Whether a value lies in the interval."""
        return self.low <= value <= self.high

    def as_json(self) -> dict[str, Any]:
        """As a JSON object; a missing bound is null."""
        return {name: _finite_or_none(value) for name, value in asdict(self).items()}


def _finite_or_none(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def checked_samples(samples: ArrayLike, dimensions: int, *, at_least: int) -> Floats:
    """Samples as an array of so many dimensions.

    Raises
    ------
    EvidenceError
        A number is missing or not finite.
    SpecError
        There are other dimensions, or too few samples.
    """
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


def in_replicates(values: NDArray[Any], replicates: int) -> NDArray[Any]:
    """The samples by replicate: (replicates, samples, ...).

    Raises
    ------
    EvidenceError
        Two replicates are equal.
    SpecError
        The samples do not divide into so many equal replicates.
    """
    if replicates < 1 or len(values) % replicates or len(values) < 2 * replicates:
        raise SpecError(f"{len(values)} samples do not divide into {replicates} equal replicates of at least 2")
    parts = values.reshape(replicates, -1, *values.shape[1:])
    for k in range(1, replicates):
        if np.array_equal(parts[k], parts[k - 1]):
            raise EvidenceError(f"replicates {k - 1} and {k} are equal: they need seeds of their own")
    return parts


def check_level(level: float) -> None:
    """Refuse a level that is no probability between 0 and 1."""
    if not 0 < level < 1:
        raise SpecError(f"level={level}: a probability between 0 and 1 is needed")


def chi_square(sigma: float, n: int, level: float) -> Interval:
    """Of sigma, from `n` samples of a normal distribution (NIST/SEMATECH e-Handbook, 7.2.3.1)."""
    low, high = (
        sigma * math.sqrt((n - 1) / float(special.chdtri(n - 1, above))) for above in (0.5 - level / 2, 0.5 + level / 2)
    )
    return Interval(low, high, level, "chi-square; for a normal distribution")


def bonett(values: Floats, level: float) -> Interval:
    """Of sigma, for any distribution with a fourth moment.

    Source: D. G. Bonett, Computational Statistics & Data Analysis 50 (2006) 775.
    """
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


def student(estimates: Floats, level: float) -> Interval:
    """Of a figure, about the mean of its estimates by independent replicates (Student's t)."""
    count = len(estimates)
    half = float(special.stdtrit(count - 1, 0.5 + level / 2)) * float(estimates.std(ddof=1)) / math.sqrt(count)
    middle = float(estimates.mean())
    return Interval(middle - half, middle + half, level, f"Student's t over {count} replicates")


def student_of_root(squares: Floats, level: float) -> Interval:
    """Of the root of what replicates estimate; by logarithms, so that it stays above 0."""
    plain = student(squares, level)
    middle = float(squares.mean())
    factor = math.exp((plain.high - middle) / middle / 2)
    return Interval(math.sqrt(middle) / factor, math.sqrt(middle) * factor, level, plain.method)


def order_statistics(values: Floats, part: float, level: float) -> Interval:
    """Of the quantile at `part`, between two samples, for any continuous distribution.

    Each end has the quantile on its wrong side with a probability of (1 - level) / 2 at most. Source: H. A. David,
    H. N. Nagaraja, "Order Statistics", 7.1.
    """
    n, tail = len(values), (1 - level) / 2
    ordered = np.sort(values)
    # The j-th smallest is above the percentile if less than j samples lie below it.
    counts = np.arange(n)
    below = int((special.bdtr(counts, n, part) <= tail).sum()) - 1
    above = int((special.bdtrc(counts, n, part) > tail).sum()) + 1
    low = float(ordered[below]) if below >= 0 else -math.inf
    high = float(ordered[above - 1]) if above <= n else math.inf
    return Interval(low, high, level, "order statistics; for any distribution")


def clopper_pearson(passed: int, count: int, level: float) -> Interval:
    """Of a yield, from the number of samples that passed.

    Source: C. J. Clopper, E. S. Pearson, Biometrika 26 (1934) 404; exact, so it covers the true yield at least as often
    as its level says, for any yield.
    """
    from scipy.stats import binomtest  # takes most of a second to import, which every command would pay for

    interval = binomtest(passed, count).proportion_ci(level, "exact")
    return Interval(float(interval.low), float(interval.high), level, "Clopper-Pearson")
