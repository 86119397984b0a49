"""Owners on a grid with every centroid as near to the centre as the counts allow.

Coordinates are doubled, so that they are integers about the centre: ``2 * column - (columns - 1)``. An owner's centroid
is at the centre if its coordinates add up to zero.

What no pattern on a grid can be better than:

* An even number of rows has odd y only, and an odd number of odd numbers is not zero. So an owner with an odd count is
  off by ``1 / n`` of half a pitch, at least, in rows if their number is even and in columns if that is.
* Single units lie on the cells nearest to the centre; only one can be on it.
* All coordinates of a grid add up to zero. So a single dummy, where all owners are exact, is the centre cell itself.

This is a lower bound (`bound`), and what reaches it is proven to be best. It is reached with pairs of opposite cells,
and, for what is odd: the centre cell for one owner (or dummy); for two others three cells whose sum is as small as it can
be and the three opposite ones. Where a small grid has no room for that, a search tries everything; in a larger one,
exchanges try to repair what is off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, islice

import numpy as np
from mirrorneuron.generators.placement.objective import DUMMY, Ints

__all__ = ["Bound", "Grid", "bound", "hopeless", "noise", "seats"]

_SEARCH_CELLS = 26
_SEARCH_NODES = 60_000
_REPAIR_CELLS = 200
_REPAIR_ROUNDS = 12
_RINGS = 12
"""Choices among equally near cells for single units that are tried."""
_CANDIDATES = 160
_VARIANTS = ((26, 12), (200, 4), (1000, 2))
"""Patterns that are made, by the number of cells, where there is a choice."""
_FINE = 20
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
        """Doubled coordinates of all cells, row by row from the bottom left; the opposite of cell c is cells - 1 - c."""
        cell = np.arange(self.cells)
        return 2 * (cell % self.columns) - (self.columns - 1), 2 * (cell // self.columns) - (self.rows - 1)

    def distance(self) -> Ints:
        """Square of each cell's distance from the centre, in steps so small that equal ones are equal."""
        x, y = self.doubled()
        found: Ints = np.rint((x**2 * self._ratio + y**2 / self._ratio) * 2**_FINE).astype(np.int64)
        return found

    def least(self) -> float:
        """The same of the smallest sum that an odd number of cells can have."""
        return (1 - self.columns % 2) * self._ratio + (1 - self.rows % 2) / self._ratio

    @property
    def _ratio(self) -> float:
        return self.pitch[0] / self.pitch[1]


Bound = tuple[int, int]
"""Largest squared offset and sum of the squared offsets, in steps of `Grid.distance`."""


def bound(grid: Grid, counts: Sequence[int]) -> Bound:
    """What no pattern on this grid is better than."""
    singles = list(counts).count(1)
    largest, total = _nearest(_about_the_centre(grid, singles), singles)
    for n in counts:
        if n % 2 and n > 1:
            off = round(grid.least() / n**2 * 2**_FINE)
            largest, total = max(largest, off), total + off
    return largest, total


def hopeless(grid: Grid, counts: Sequence[int]) -> bool:
    """Whether it is clear that `bound` cannot be reached here."""
    dummies = grid.cells - sum(counts)
    if dummies < 0:
        return True
    # All exact, and so is the single dummy: the centre, which a single unit needs as well.
    return dummies == 1 and grid.cells % 2 == 1 and list(counts).count(1) == 1


def seats(grid: Grid, counts: Sequence[int]) -> Iterator[Ints]:
    """Patterns that reach `bound`; nothing if there is none or none was found.

    Yields
    ------
    Owner's number of each cell, `DUMMY` for a dummy, shape (cells,).
    """
    if hopeless(grid, counts):
        return
    rings = list(islice(_single_seats(grid, counts), _RINGS))
    # Two odd owners at least: then there is a choice of triples, and of who has the centre.
    choice = sum(1 for n in counts if n % 2 and n > 1) > 1
    variants = next((number for limit, number in _VARIANTS if grid.cells <= limit), 1) if choice else 1
    found = 0
    for dummies_first, tight in ((True, False), (True, True), (False, False), (False, True)):
        for singles in rings:
            for variant in range(variants):
                pattern = _Seating(grid, counts, singles, variant).constructed(dummies_first, tight)
                if pattern is None:
                    break
                found += 1
                yield pattern
        if found:
            return
    if grid.cells <= _SEARCH_CELLS:
        for singles in rings:
            pattern = _Search(grid, counts, singles).run()
            if pattern is not None:
                yield pattern
                return
    elif grid.cells <= _REPAIR_CELLS:
        pattern = _repaired(grid, counts, rings[0])
        if pattern is not None:
            yield pattern


def noise(n: int, seed: int) -> Ints:
    """Numbers without order, the same everywhere, shape (n,): a linear congruential generator with Knuth's constants."""
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


def _single_seats(grid: Grid, counts: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Cells for the single units: those nearest to the centre, all choices among equally near ones."""
    singles = list(counts).count(1)
    if not singles:
        yield ()
        return
    distance = grid.distance()
    order = np.argsort(distance, kind="stable")
    last = distance[order[singles - 1]]
    sure = [int(c) for c in order if distance[c] < last]
    ring = [int(c) for c in order if distance[c] == last]
    # Opposite cells one after the other, so that the first choices are the symmetrical ones.
    ring.sort(key=lambda c: (min(c, grid.cells - 1 - c), c))
    for chosen in combinations(ring, singles - len(sure)):
        yield (*sure, *chosen)


class _Seating:
    """A pattern under construction."""

    def __init__(self, grid: Grid, counts: Sequence[int], singles: tuple[int, ...], variant: int) -> None:
        self.grid, self.variant = grid, variant
        self.x, self.y = grid.doubled()
        self.owner = np.full(grid.cells, DUMMY, dtype=np.int64)
        self.free = np.ones(grid.cells, dtype=bool)
        self.left = list(counts)
        self.dummies = grid.cells - sum(counts)
        for cell, owner in zip(singles, (i for i, n in enumerate(counts) if n == 1), strict=True):
            self.give(owner, [cell])

    def give(self, owner: int, cells: Sequence[int]) -> None:
        """Let an owner have free cells."""
        self.owner[list(cells)] = owner
        self.free[list(cells)] = False
        if owner == DUMMY:
            self.dummies -= len(cells)
        else:
            self.left[owner] -= len(cells)

    def constructed(self, dummies_first: bool, tight: bool) -> Ints | None:
        """Pairs, and centre and triples for what is odd; None if that does not work out."""
        n = self.grid.cells
        odd = sorted((i for i, c in enumerate(self.left) if c % 2), key=lambda i: (-self.left[i], i))
        turn = self.variant % len(odd) if odd else 0
        odd = odd[turn:] + odd[:turn]
        for cell in [int(c) for c in np.flatnonzero(self.free) if c == n - 1 - c or not self.free[n - 1 - c]]:
            if cell == n - 1 - cell and self.dummies % 2 == 0 and odd:
                self.give(odd.pop(0), [cell])
            elif self.dummies:
                self.give(DUMMY, [cell])
            else:
                return None
        if self.dummies % 2:
            odd.append(DUMMY)
        if len(odd) % 2:
            return None
        if dummies_first:
            self._dummies_to_the_ends(self.dummies - (3 if self.dummies % 2 and self.dummies > 1 else self.dummies % 2))
        for one, other in zip(odd[::2], odd[1::2], strict=True):
            if not self._odd_pair(one, other, tight):
                return None
        self._dummies_to_the_ends(self.dummies)
        pairs = [int(c) for c in np.flatnonzero(self.free) if c < n - 1 - c]
        turns = sorted(((2 * k + 1) / c, i) for i, c in enumerate(self.left) for k in range(c // 2))
        if len(turns) != len(pairs):
            return None
        for cell, (_, owner) in zip(pairs, turns, strict=True):
            self.give(owner, [cell, n - 1 - cell])
        return self.owner

    def _odd_pair(self, one: int, other: int, tight: bool) -> bool:
        """Three cells with the smallest sum there is for one owner, the opposite ones for the other."""
        n = self.grid.cells
        least = self._least()
        for cell in [int(c) for c in np.flatnonzero(self.free & least)]:
            # One cell does it alone, and its opposite one: the cells beside the centre of a grid with even sides.
            if self.free[n - 1 - cell]:
                self.give(one, [cell])
                self.give(other, [n - 1 - cell])
                return True
        short = self.dummies if other == DUMMY else self.left[other]
        if short < 3 or self.left[one] < 3:
            return False
        triple = self._triple(tight)
        if triple is None:
            return False
        self.give(one, triple)
        self.give(other, [n - 1 - c for c in triple])
        return True

    def _least(self) -> NDArrayBool:
        found: NDArrayBool = (np.abs(self.x) == 1 - self.grid.columns % 2) & (
            np.abs(self.y) == 1 - self.grid.rows % 2
        )
        return found

    def _triple(self, tight: bool) -> list[int] | None:
        """Three free cells from three free pairs with the smallest sum there is.

        Their second moments are as near to three times the mean as can be; if `tight`, they use up the cells that are
        hardest to use, the outermost ones.
        """
        n, columns, rows = self.grid.cells, self.grid.columns, self.grid.rows
        cells = np.flatnonzero(self.free & self.free[::-1])
        if len(cells) < 6:
            return None
        rx, ry = self.grid.pitch[0] / max(self.grid.pitch), self.grid.pitch[1] / max(self.grid.pitch)
        x, y = self.x * rx, self.y * ry
        mean_x, mean_y = float((x**2).sum()) / n, float((y**2).sum()) / n
        # Those whose second moment is about the mean are the likely ones.
        rank = np.rint(np.abs(x[cells] ** 2 + y[cells] ** 2 - mean_x - mean_y) * 2**10)
        if tight:
            rank = -np.rint((x[cells] ** 2 + y[cells] ** 2) * 2**10)
        cells = cells[np.argsort(rank, kind="stable")][: 24 if tight else _CANDIDATES]
        a = cells[:2] if tight else cells
        every = np.flatnonzero(self.free & self.free[::-1]) if tight else cells
        shifts = [(0, 0)]
        if not (columns % 2 and rows % 2):
            shifts = [(int(self.x[c]), int(self.y[c])) for c in np.flatnonzero(self._least())]
        best: tuple[int, list[int]] | None = None
        for sx, sy in shifts:
            cx = sx - self.x[a][:, None] - self.x[every][None, :]
            cy = sy - self.y[a][:, None] - self.y[every][None, :]
            inside = (np.abs(cx) < columns) & (np.abs(cy) < rows)
            third = np.where(inside, (cy + rows - 1) // 2 * columns + (cx + columns - 1) // 2, 0)
            fits = inside & self.free[third] & self.free[n - 1 - third]
            one, two = np.broadcast_to(a[:, None], third.shape), np.broadcast_to(every[None, :], third.shape)
            for p, q in ((one, two), (one, third), (two, third)):
                fits &= (p != q) & (p != n - 1 - q)
            at = np.argwhere(fits)
            if len(at) == 0:
                continue
            trio = np.stack([a[at[:, 0]], every[at[:, 1]], third[at[:, 0], at[:, 1]]], axis=1)
            xx, yy, xy = (x[trio] ** 2).sum(1), (y[trio] ** 2).sum(1), (x[trio] * y[trio]).sum(1)
            off = (xx - 3 * mean_x) ** 2 + (yy - 3 * mean_y) ** 2 + 2 * xy**2
            if tight:
                off = -(xx + yy)
            score = np.rint(off * 2**10).astype(np.int64)
            k = int(np.argsort(score, kind="stable")[self.variant % len(score)]) if self.variant else int(score.argmin())
            if best is None or score[k] < best[0]:
                best = (int(score[k]), [int(c) for c in trio[k]])
        return best[1] if best else None

    def _dummies_to_the_ends(self, number: int) -> None:
        """Dummies in opposite pairs, outermost columns first, alike on both sides."""
        n, rows = self.grid.cells, self.grid.rows
        order = sorted(
            (int(c) for c in np.flatnonzero(self.free & self.free[::-1]) if c < n - 1 - c),
            key=lambda c: (-abs(int(self.x[c])), -abs(int(self.y[c])), c),
        )
        need = number // 2
        if need % 2 and rows % 2:
            # Both ends of the middle row go alone; in other rows two pairs make it look the same from both sides.
            middle = next((c for c in order if self.y[c] == 0), None)
            if middle is not None:
                order.remove(middle)
                order.insert(0, middle)
        for cell in order[:need]:
            self.give(DUMMY, [cell, n - 1 - cell])


class _Search:
    """Everything there is, for small grids; gives up after `_SEARCH_NODES` steps."""

    def __init__(self, grid: Grid, counts: Sequence[int], singles: tuple[int, ...]) -> None:
        x, y = grid.doubled()
        self.place = [(int(a), int(b)) for a, b in zip(x, y, strict=True)]
        self.number = {place: cell for cell, place in enumerate(self.place)}
        self.owner = np.full(grid.cells, DUMMY, dtype=np.int64)
        self.free = set(range(grid.cells)) - set(singles)
        alone = [i for i, n in enumerate(counts) if n == 1]
        self.owner[list(singles)] = alone
        self.groups = sorted((i for i, n in enumerate(counts) if n > 1), key=lambda i: (counts[i], i))
        self.counts = counts
        even_x, even_y = grid.columns % 2 == 0, grid.rows % 2 == 0
        self.odd = [(a, b) for a in ((-1, 1) if even_x else (0,)) for b in ((-1, 1) if even_y else (0,))]
        self.nodes = 0

    def run(self) -> Ints | None:
        """A pattern, or None."""
        return self.owner if self._place(0, -1) else None

    def _place(self, at: int, after: int) -> bool:
        if at == len(self.groups):
            return True
        owner = self.groups[at]
        n = self.counts[owner]
        again = at + 1 < len(self.groups) and self.counts[self.groups[at + 1]] == n
        for target in self.odd if n % 2 else [(0, 0)]:
            # Owners of one size are alike: their first cells go up.
            for chosen in self._sets(sorted(c for c in self.free if c > after), n, target):
                self.free -= set(chosen)
                if self._place(at + 1, chosen[0] if again else -1):
                    self.owner[list(chosen)] = owner
                    return True
                self.free |= set(chosen)
                if self.nodes > _SEARCH_NODES:
                    return False
        return False

    def _sets(self, cells: list[int], n: int, target: tuple[int, int]) -> Iterator[tuple[int, ...]]:
        for most in combinations(cells, n - 1):
            self.nodes += 1
            if self.nodes > _SEARCH_NODES:
                return
            rest = (
                target[0] - sum(self.place[c][0] for c in most),
                target[1] - sum(self.place[c][1] for c in most),
            )
            last = self.number.get(rest, -1)
            if last > most[-1] and last in self.free:
                yield (*most, last)


def _repaired(grid: Grid, counts: Sequence[int], singles: tuple[int, ...]) -> Ints | None:
    """Deal, then exchange two cells at a time until every sum is as small as it can be."""
    x, y = grid.doubled()
    n = grid.cells
    owner = np.full(n, DUMMY, dtype=np.int64)
    fixed = np.zeros(n, dtype=bool)
    fixed[list(singles)] = True
    owner[list(singles)] = [i for i, c in enumerate(counts) if c == 1]
    order = sorted((c for c in range(n) if not fixed[c]), key=lambda c: (min(c, n - 1 - c), c))
    names = [i for i, c in enumerate(counts) if c > 1 for _ in range(c)]
    owner[order[(len(order) - len(names)) // 2 :][: len(names)]] = names
    slack_x = np.array([(1 - grid.columns % 2) * (c % 2) for c in counts] + [0])
    slack_y = np.array([(1 - grid.rows % 2) * (c % 2) for c in counts] + [0])
    matters = np.array([c > 1 for c in counts] + [False])
    state = 1

    def off(sum_x: Ints, sum_y: Ints, who: Ints) -> Ints:
        far: Ints = (np.abs(np.abs(sum_x) - slack_x[who]) + np.abs(np.abs(sum_y) - slack_y[who])) * matters[who]
        return far

    for _ in range(_REPAIR_ROUNDS):
        for _ in range(4 * n):
            sum_x = np.array([x[owner == i].sum() for i in range(len(counts))] + [0])
            sum_y = np.array([y[owner == i].sum() for i in range(len(counts))] + [0])
            every = np.arange(len(counts) + 1)
            now = off(sum_x, sum_y, every)
            if not now.any():
                return owner
            moved = off(
                sum_x[owner][:, None] - x[:, None] + x[None, :],
                sum_y[owner][:, None] - y[:, None] + y[None, :],
                np.broadcast_to(owner[:, None], (n, n)),
            )
            gain = moved + moved.T - now[owner][:, None] - now[owner][None, :]
            gain[(owner[:, None] == owner[None, :]) | fixed[:, None] | fixed[None, :]] = 0
            k = int(gain.argmin())
            if gain.flat[k] >= 0:
                break
            a, b = divmod(k, n)
            owner[a], owner[b] = owner[b], owner[a]
        loose = np.flatnonzero(~fixed)
        for _ in range(3):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            a, b = loose[(state >> 33) % len(loose)], loose[(state >> 13) % len(loose)]
            owner[a], owner[b] = owner[b], owner[a]
    return None


NDArrayFloat = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
NDArrayBool = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
