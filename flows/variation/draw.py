"""Drawing samples: what varies, how often, and by which method. Samples depend on the seed, not on the machine.

Latin hypercubes are drawn here and not by `scipy.stats.qmc`: there all columns come from one generator, while the
deviations of a term must not depend on which other terms there are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from mirrorneuron.pdk_sky130.errors import SpecError
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["METHODS", "Variation"]

Floats: TypeAlias = NDArray[np.float64]

METHODS: Final = ("random", "lhs", "sobol")
"""Plain Monte Carlo, Latin hypercube, scrambled Sobol sequence."""


@dataclass(frozen=True)
class Variation:
    """What varies, in how many samples, and by which method they are drawn.

    Parameters
    ----------
    count
        Number of samples; a power of two for ``sobol``, whose points are evenly spread only then.
    seed
        0 or more; equal seeds give equal samples.
    mismatch, process
        Whether devices vary one by one, and whether all vary together (at corner tt only).
    method
        ``random``: the deviations of a term depend only on the seed, the number of the sample and the name of the term.
        ``lhs`` (Latin hypercube): also on `count`. ``sobol``: also on which other terms there are.
    expand
        Whether the copies of a device (``m``) and equal parallel devices vary one by one; by default such a group
        is one device, with the deviation of one copy over the square root of their number.
    """

    count: int
    seed: int
    mismatch: bool = True
    process: bool = False
    method: str = "random"
    expand: bool = False

    def __post_init__(self) -> None:
        """Check the numbers."""
        if self.method not in METHODS:
            raise SpecError(f"method {self.method!r} does not exist; choose one of {', '.join(METHODS)}")
        if self.count < 1:
            raise SpecError(f"count={self.count}: at least one sample is needed")
        if not 0 <= self.seed < 2**64:
            raise SpecError(f"seed={self.seed} must be from 0 to 2**64 - 1")
        if not (self.mismatch or self.process):
            raise SpecError("neither mismatch nor process varies: there is nothing to draw")
        if self.method == "sobol" and self.count & (self.count - 1):
            below = 1 << (self.count.bit_length() - 1)
            raise SpecError(f"count={self.count}: sobol needs a power of two, such as {below} or {2 * below}")

    def draw(self, names: Sequence[str], which: Sequence[int]) -> Floats:
        """Standard normal numbers: a row for each sample of `which`, a column for each name."""
        numbers = np.asarray(which, dtype=np.intp)
        if not len(names):
            return np.zeros((len(numbers), 0))
        if self.method == "sobol":
            from scipy.stats import qmc  # costs every worker a second

            engine = qmc.Sobol(len(names), seed=np.random.default_rng(self.seed))
            uniform = engine.random_base2(self.count.bit_length() - 1)[numbers]
        else:
            column = self._stratum if self.method == "lhs" else self._column
            uniform = np.column_stack([column(name, numbers) for name in names])
        # All are multiples of 2**-53 below 1, or finer: half a step more leaves out 0, whose quantile is infinite.
        return np.asarray(ndtri(np.clip(uniform + 2.0**-54, 2.0**-54, 1 - 2.0**-53)))

    def _column(self, name: str, numbers: NDArray[np.intp]) -> Floats:
        # Philox is a function of a counter, of which each step gives four numbers.
        first = int(numbers.min()) // 4
        generator = np.random.Generator(np.random.Philox(key=[self.seed, _key(name)], counter=first))
        return generator.random(int(numbers.max()) + 1 - 4 * first)[numbers - 4 * first]

    def _stratum(self, name: str, numbers: NDArray[np.intp]) -> Floats:
        generator = np.random.default_rng([self.seed, _key(name), self.count])
        strata = generator.permutation(self.count)
        return (strata + generator.random(self.count))[numbers] / self.count


def _key(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")
