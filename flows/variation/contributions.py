"""Where the spread of an output comes from: the share of each parameter, and of each device, in its variance."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np
from mirrorneuron.flows.variation.intervals import checked_samples
from mirrorneuron.pdk_sky130.errors import EvidenceError, SpecError
from numpy.typing import ArrayLike, NDArray

__all__ = ["Contribution", "Contributions", "area_factor", "area_factor_for_sigma", "contributions"]

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Contribution:
    """A part of the variance of the output: ``share`` (1 is all of it) with its standard error.

    A share below 0 cannot be distinguished from 0. ``slope`` is the change of the output per unit of the parameter;
    None for a device, which has several parameters.
    """

    name: str
    share: float
    error: float
    slope: float | None = None


@dataclass(frozen=True)
class Contributions:
    """Shares of the variance of an output, largest first; with ``unexplained`` they add up to 1.

    ``unexplained`` is the part that no parameter explains linearly: curvature, interaction of parameters, noise, and
    parameters that are not in the list.
    """

    parts: tuple[Contribution, ...]
    unexplained: Contribution
    count: int
    method: str

    def by_device(self, device_of: Callable[[str], str] | None = None) -> Contributions:
        """The shares of devices, each the sum of its parameters'.

        Parameters
        ----------
        device_of
            The device of a parameter; by default its name up to the last dot.
        """
        groups: dict[str, list[Contribution]] = {}
        for part in self.parts:
            device = device_of(part.name) if device_of else part.name.rpartition(".")[0] or part.name
            groups.setdefault(device, []).append(part)
        parts = [
            Contribution(name, sum(part.share for part in of), math.hypot(*(part.error for part in of)))
            for name, of in groups.items()
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
    x, y, own = _checked(parameters, names, output, sigmas)
    n, p = x.shape
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


def _checked(
    parameters: ArrayLike, names: Sequence[str], output: ArrayLike, sigmas: ArrayLike | None
) -> tuple[Floats, Floats, Floats]:
    """Parameters (n, p), output (n,) and standard deviations of the parameters (p,), all of which vary."""
    y = checked_samples(output, 1, at_least=10)
    x = checked_samples(parameters, 2, at_least=10)
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
    return x, y, own


_Shares: TypeAlias = tuple[Floats, Floats, Floats, float, float]


def _regression(z: Floats, y: Floats, known: bool) -> _Shares:
    """Shares, their errors, slopes; the share that is not explained, and its error."""
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
    """The factor of a device's area by which its share of the variance, which then is smaller, becomes `wanted`.

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
    """The factor of a device's area by which the sigma of the output becomes `ratio` times its present value.

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
            f"share {share:g}: this device alone brings sigma to no less than {lowest:.4g} of its present value, "
            f"not to {ratio:g}. Enlarge other devices too."
        )
    return share / (ratio**2 - 1 + share)
