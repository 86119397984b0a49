"""What is simulated: operating points, transients, small signals, noise. All values are SI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from mirrorneuron.flows.simulate.sources import Pwl
from mirrorneuron.pdk_sky130.errors import SpecError
from numpy.typing import ArrayLike, NDArray

__all__ = ["Ac", "Analysis", "Noise", "Points", "Tran", "random_points", "sweep"]

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Points:
    """Operating points: for each named source an array of values [V or A], all of equal length or scalars.

    Without arrays it is the one operating point at the sources' own values. ``seed`` goes into the result if the values
    were drawn at random.

    Raises
    ------
    SpecError
        Arrays differ in length, have more than one dimension, or hold a value that is not finite.
    """

    values: Mapping[str, Floats] = field(default_factory=dict)
    seed: int | None = None

    def __init__(self, values: Mapping[str, ArrayLike] | None = None, seed: int | None = None) -> None:
        """Check the arrays, and broadcast scalars."""
        arrays = {name.lower(): np.atleast_1d(np.asarray(value, dtype=float)) for name, value in (values or {}).items()}
        try:
            spread = np.broadcast_arrays(*arrays.values())
        except ValueError as error:
            sizes = ", ".join(f"{name}: {array.shape}" for name, array in arrays.items())
            raise SpecError(f"all sources need equally many points, not {sizes}") from error
        for name, array in zip(arrays, spread, strict=True):
            if array.ndim != 1 or array.size == 0 or not np.isfinite(array).all():
                raise SpecError(f"the points of {name} must be a row of finite numbers")
        object.__setattr__(self, "values", dict(zip(arrays, spread, strict=True)))
        object.__setattr__(self, "seed", seed)

    def __len__(self) -> int:
        """The number of points."""
        return len(next(iter(self.values.values()), (0,)))


def sweep(values: ArrayLike, *names: str) -> Points:
    """One source, or several together, swept through `values` [V or A]."""
    return Points(dict.fromkeys(names, values))


def random_points(ranges: Mapping[str, tuple[float, float]], count: int, seed: int) -> Points:
    """`count` random vectors, uniform and independent within the (lowest, highest) value of each source [V or A].

    Equal seeds give equal vectors.

    Raises
    ------
    SpecError
        The count is below 1.
    """
    if count < 1:
        raise SpecError(f"count={count}: at least one point is needed")
    drawn = np.random.default_rng(seed).random((count, len(ranges)))
    return Points({n: lo + (hi - lo) * drawn[:, k] for k, (n, (lo, hi)) in enumerate(ranges.items())}, seed=seed)


@dataclass(frozen=True)
class Tran:
    """A transient from the operating point to `stop_s`, with waveforms of sources in `waves`.

    ``max_step_s`` bounds the time step; the default is 1/200 of the whole. ``reltol`` is the accuracy: where time
    constants are far shorter than the steps, the usual 1e-4 leaves a ripple of some parts in a thousand.
    """

    stop_s: float
    waves: Mapping[str, Pwl] = field(default_factory=dict)
    max_step_s: float | None = None
    reltol: float = 1e-4

    def __post_init__(self) -> None:
        """Check the times."""
        if not 0 < self.longest_step_s <= self.stop_s < float("inf"):
            raise SpecError(
                f"stop_s={self.stop_s} and max_step_s={self.max_step_s}: 0 < max_step_s <= stop_s is needed"
            )
        object.__setattr__(self, "waves", {name.lower(): wave for name, wave in self.waves.items()})

    @property
    def longest_step_s(self) -> float:
        """The bound of the time step [s]."""
        return self.stop_s / 200 if self.max_step_s is None else self.max_step_s


@dataclass(frozen=True)
class Ac:
    """Small-signal transfer from a `source` of amplitude 1, from `start_hz` to `stop_hz`."""

    source: str
    start_hz: float
    stop_hz: float
    per_decade: int = 20

    def __post_init__(self) -> None:
        """Check the frequencies."""
        if not (0 < self.start_hz < self.stop_hz < float("inf") and self.per_decade >= 1):
            raise SpecError(f"{self}: 0 < start_hz < stop_hz and per_decade >= 1 are needed")
        object.__setattr__(self, "source", self.source.lower())


@dataclass(frozen=True)
class Noise:
    """Density of the noise current into the pin of the voltage source `output` [A/sqrt(Hz)].

    ngspice also refers noise to an input, so it needs another `source`; the density does not depend on it.
    """

    output: str
    source: str
    start_hz: float
    stop_hz: float
    per_decade: int = 10

    def __post_init__(self) -> None:
        """Check the frequencies."""
        if not (0 < self.start_hz < self.stop_hz < float("inf") and self.per_decade >= 1):
            raise SpecError(f"{self}: 0 < start_hz < stop_hz and per_decade >= 1 are needed")
        object.__setattr__(self, "output", self.output.lower())
        object.__setattr__(self, "source", self.source.lower())


Analysis: TypeAlias = Points | Tran | Ac | Noise
