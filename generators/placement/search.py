"""Patterns without symmetry: all of them on a small grid, one by repair on a larger one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from mirrorneuron.generators.placement.grid import Grid, noise
from mirrorneuron.generators.placement.objective import DUMMY, Ints

__all__ = ["Search", "repaired"]

_REPAIR_STEPS = 600
_REPAIR_REST = 6


class Search:
    """All patterns on a small grid, in at most so many steps; singles, and dummies if listed, have fixed cells."""

    def __init__(
        self, grid: Grid, counts: Sequence[int], singles: Sequence[int], steps: int, dummies: Sequence[int] = ()
    ) -> None:
        """`singles` in the order of the owners with one unit; `dummies` may be some of the dummies or none."""
        x, y = grid.doubled()
        self.place = [(int(a), int(b)) for a, b in zip(x, y, strict=True)]
        self.number = {place: cell for cell, place in enumerate(self.place)}
        self.owner = np.full(grid.cells, DUMMY, dtype=np.int64)
        self.free = set(range(grid.cells)) - set(singles) - set(dummies)
        self.owner[list(singles)] = [i for i, n in enumerate(counts) if n == 1]
        self.groups = sorted((i for i, n in enumerate(counts) if n > 1), key=lambda i: (counts[i], i))
        self.counts = counts
        even_x, even_y = grid.columns % 2 == 0, grid.rows % 2 == 0
        self.odd = [(a, b) for a in ((-1, 1) if even_x else (0,)) for b in ((-1, 1) if even_y else (0,))]
        self.steps = steps

    def run(self, at: int = 0, after: int = -1) -> Iterator[Ints]:
        """All patterns, one after the other."""
        if at == len(self.groups):
            yield self.owner.copy()
            return
        owner = self.groups[at]
        n = self.counts[owner]
        again = at + 1 < len(self.groups) and self.counts[self.groups[at + 1]] == n
        for target in self.odd if n % 2 else [(0, 0)]:
            # Owners of one size are alike: their first cells go up.
            for cells in self._sets(sorted(c for c in self.free if c > after), n, target):
                self.free -= set(cells)
                self.owner[list(cells)] = owner
                yield from self.run(at + 1, cells[0] if again else -1)
                self.owner[list(cells)] = DUMMY
                self.free |= set(cells)

    def _sets(self, cells: list[int], n: int, target: tuple[int, int]) -> Iterator[tuple[int, ...]]:
        for most in combinations(cells, n - 1):
            self.steps -= 1
            if self.steps < 0:
                return
            last = self.number.get(
                (
                    target[0] - sum(self.place[c][0] for c in most),
                    target[1] - sum(self.place[c][1] for c in most),
                ),
                -1,
            )
            if last > most[-1] and last in self.free:
                yield (*most, last)


def repaired(grid: Grid, counts: Sequence[int], singles: Sequence[int]) -> Ints | None:
    """A pattern dealt in proportion, in which exchanges of two cells then make every sum as small as possible.

    Each step takes the best exchange of cells that did not move just now, even where it makes things worse.
    """
    x, y = grid.doubled()
    n, k = grid.cells, len(counts)
    owner = np.full(n, k, dtype=np.int64)
    fixed = np.zeros(n, dtype=bool)
    fixed[list(singles)] = True
    owner[list(singles)] = [i for i, c in enumerate(counts) if c == 1]
    order = sorted((c for c in range(n) if not fixed[c]), key=lambda c: (min(c, n - 1 - c), c))
    names = [i for i, c in enumerate(counts) if c > 1 for _ in range(c)]
    owner[order[(len(order) - len(names)) // 2 :][: len(names)]] = names
    # The least sum in x and y that an owner can have; dummies (number k) and singles may have any.
    least_x = np.array([(1 - grid.columns % 2) * (c % 2) for c in counts] + [0])
    least_y = np.array([(1 - grid.rows % 2) * (c % 2) for c in counts] + [0])
    matters = np.array([c > 1 for c in counts] + [False])
    sums = np.zeros((2, k + 1), dtype=np.int64)
    np.add.at(sums[0], owner, x)
    np.add.at(sums[1], owner, y)
    moved = np.full(n, -n)
    ties = noise(n, 1) % 64
    for step in range(_REPAIR_STEPS):
        now = (np.abs(np.abs(sums[0]) - least_x) + np.abs(np.abs(sums[1]) - least_y)) * matters
        if not now.any():
            owner[owner == k] = DUMMY
            return owner
        of_x = np.abs(sums[0][owner][:, None] - x[:, None] + x[None, :])
        of_y = np.abs(sums[1][owner][:, None] - y[:, None] + y[None, :])
        after = np.abs(of_x - least_x[owner][:, None]) + np.abs(of_y - least_y[owner][:, None])
        after *= matters[owner][:, None]
        gain = (after + after.T - now[owner][:, None] - now[owner][None, :]) * 64 + (ties[:, None] ^ ties[None, :])
        stay = fixed | (moved > step - _REPAIR_REST)
        gain[(owner[:, None] == owner[None, :]) | stay[:, None] | stay[None, :]] = 2**40
        a, b = divmod(int(gain.argmin()), n)
        for axis, place in enumerate((x, y)):
            sums[axis, owner[a]] += place[b] - place[a]
            sums[axis, owner[b]] += place[a] - place[b]
        owner[a], owner[b] = owner[b], owner[a]
        moved[a] = moved[b] = step
    return None
