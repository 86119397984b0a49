"""A grid of cells, and the smallest offsets that owners can have on it.

Coordinates are doubled, so that they are integers about the centre: ``2 * column - (columns - 1)``. An owner's centroid
is at the centre if its coordinates add up to zero. Limits of any pattern:

* An even number of rows has odd y only, and an odd number of odd numbers is not zero. So an owner with an odd count is
  off by ``1 / n`` of half a pitch, at least, in rows if their number is even and in columns if that is.
* Single units lie on the cells nearest to the centre; only one can be on it.
* All coordinates of a grid add up to zero. So a single dummy, where all owners are exact, is the centre cell itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from mirrorneuron.generators.placement.objective import Ints

__all__ = ["FINE_BITS", "Bound", "Grid", "bound", "hopeless", "noise"]

FINE_BITS = 26
"""Bits after the point of a squared distance: equal ones are equal, whatever the rounding."""


@dataclass(frozen=True)
class Grid:
    """Rows and columns of cells, and the squares of the pitches in any unit."""

    rows: int
    columns: int
    pitch: tuple[float, float] = (1.0, 1.0)

    @property
    def cells(self) -> int:
        """Number of cells."""
        return self.rows * self.columns

    def doubled(self) -> tuple[Ints, Ints]:
        """Doubled coordinates of all cells, row by row from the bottom left; cells - 1 - c lies opposite cell c."""
        cell = np.arange(self.cells)
        return 2 * (cell % self.columns) - (self.columns - 1), 2 * (cell // self.columns) - (self.rows - 1)

    def distance(self) -> Ints:
        """Square of each cell's distance from the centre, in steps so small that equal ones are equal."""
        x, y = self.doubled()
        squares: Ints = np.rint((x**2 * self._ratio + y**2 / self._ratio) * 2**FINE_BITS).astype(np.int64)
        return squares

    def least(self) -> float:
        """The same of the smallest sum that an odd number of cells can have."""
        return (1 - self.columns % 2) * self._ratio + (1 - self.rows % 2) / self._ratio

    @property
    def _ratio(self) -> float:
        return self.pitch[0] / self.pitch[1]


Bound = tuple[int, int]
"""Largest squared offset and sum of the squared offsets, in steps of `Grid.distance`."""


def bound(grid: Grid, counts: Sequence[int]) -> Bound:
    """The lower limit of the offsets of any pattern on this grid."""
    singles = list(counts).count(1)
    largest, total = _nearest(_about_the_centre(grid, singles), singles)
    for n in counts:
        if n % 2 and n > 1:
            off = round(grid.least() / n**2 * 2**FINE_BITS)
            largest, total = max(largest, off), total + off
    return largest, total


def hopeless(grid: Grid, counts: Sequence[int]) -> bool:
    """Whether no pattern on this grid can reach `bound`."""
    dummies = grid.cells - sum(counts)
    if dummies < 0:
        return True
    # All exact, and so is the single dummy: the centre, which a single unit needs as well.
    return dummies == 1 and grid.cells % 2 == 1 and list(counts).count(1) == 1


def noise(n: int, seed: int) -> Ints:
    """Pseudo-random numbers, the same on every machine, shape (n,): the linear congruential generator of Knuth's
    MMIX."""
    numbers = np.empty(n, dtype=np.int64)
    state = seed
    for k in range(-8, n):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        numbers[max(k, 0)] = state >> 33
    return numbers


def _about_the_centre(grid: Grid, number: int) -> Grid:
    """The part of a grid that holds the `number` cells nearest to the centre."""
    rows, columns = (min(side, number + 2 + (side - number) % 2) for side in (grid.rows, grid.columns))
    return Grid(rows, columns, grid.pitch)


@lru_cache(maxsize=4096)
def _nearest(grid: Grid, number: int) -> tuple[int, int]:
    """Largest distance and sum of the distances of the cells nearest to the centre, as `Grid.distance`."""
    near = np.sort(grid.distance())[:number]
    return (int(near[-1]), int(near.sum())) if number else (0, 0)
