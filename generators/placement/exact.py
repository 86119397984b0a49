"""Owners on a grid with every centroid as near to the centre as the counts allow.

Coordinates are doubled, so that they are integers about the centre: ``2 * column - (columns - 1)``. An owner's centroid
is at the centre if its coordinates add up to zero.

What no pattern on a grid can be better than:

* An even number of rows has odd y only, and an odd number of odd numbers is not zero. So an owner with an odd count is
  off by ``1 / n`` of half a pitch, at least, in rows if their number is even and in columns if that is.
* Single units lie on the cells nearest to the centre; only one can be on it.
* All coordinates of a grid add up to zero. So a single dummy, where all owners are exact, is the centre cell itself.

This is a lower bound (`bound`), and what reaches it is proven to be best. It is reached with pairs of opposite cells,
and, for what is odd: the centre cell for one owner (or dummy); for two others three cells whose sum is as small as it
can be and the three opposite ones. Where a small grid has no room for that, a search tries everything; in a larger one,
exchanges try to repair what is off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, islice

import numpy as np
from mirrorneuron.generators.placement.objective import DUMMY, Ints

__all__ = ["FINE_BITS", "Bound", "Grid", "bound", "hopeless", "noise", "others", "seats"]

_SEARCH_CELLS = 26
_SEARCH_STEPS = 60_000
_LISTED_UNITS = 15
_LISTED_STEPS = 3000
_LISTED = 80
_END_LAYOUTS = 16
_END_CELLS = 40
_REPAIR_CELLS = 200
_REPAIR_STEPS = 600
_REPAIR_REST = 6
_RINGS = 12
"""Choices among equally near cells for single units that are tried."""
_CANDIDATES = 160
_TRIPLE_STEPS = 600
_OUTER = 6
_VARIANTS = ((26, 12), (80, 6), (400, 2))
"""Patterns that are made, by the number of cells, where there is a choice."""
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
        found: Ints = np.rint((x**2 * self._ratio + y**2 / self._ratio) * 2**FINE_BITS).astype(np.int64)
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
            off = round(grid.least() / n**2 * 2**FINE_BITS)
            largest, total = max(largest, off), total + off
    return largest, total


def hopeless(grid: Grid, counts: Sequence[int]) -> bool:
    """Whether it is clear that `bound` cannot be reached here."""
    dummies = grid.cells - sum(counts)
    if dummies < 0:
        return True
    # All exact, and so is the single dummy: the centre, which a single unit needs as well.
    return dummies == 1 and grid.cells % 2 == 1 and list(counts).count(1) == 1


def seats(grid: Grid, counts: Sequence[int]) -> list[Ints]:
    """Patterns that reach `bound`; none if there is none or none was found.

    Returns
    -------
    Of each pattern the owner's number of each cell, `DUMMY` for a dummy, shape (cells,).
    """
    if hopeless(grid, counts):
        return []
    rings = list(islice(_single_seats(grid, counts), _RINGS))
    # Two odd owners at least: then there is a choice of triples, and of who has the centre.
    choice = sum(1 for n in counts if n % 2 and n > 1) > 1
    variants = next((number for limit, number in _VARIANTS if grid.cells <= limit), 1) if choice else 1

    def constructed(dummies_first: bool, tight: bool) -> Iterator[Ints]:
        for singles in rings:
            for variant in range(variants):
                pattern = _Seating(grid, counts, singles, variant).constructed(dummies_first, tight)
                if pattern is None:
                    break
                yield pattern

    def searched() -> Iterator[Ints]:
        for singles in rings:
            for dummies in islice(_end_dummies(grid, total, singles), _END_LAYOUTS):
                yield from islice(_Search(grid, counts, singles, _LISTED_STEPS, dummies).run(), 1)

    def exhausted() -> Iterator[Ints]:
        for singles in rings:
            yield from islice(_Search(grid, counts, singles, _SEARCH_STEPS).run(), 1)

    # Dummies at the ends of the rows if that can be, or else anywhere.
    found = list(constructed(True, False)) or list(constructed(True, True))
    if not found and grid.cells <= _END_CELLS:
        found = list(islice(searched(), 1))
    found = found or list(constructed(False, False)) or list(constructed(False, True))
    if not found and grid.cells <= _SEARCH_CELLS:
        found = list(islice(exhausted(), 1))
    elif not found and grid.cells <= _REPAIR_CELLS:
        repaired = _repaired(grid, counts, rings[0])
        found = [] if repaired is None else [repaired]
    return found


def others(grid: Grid, counts: Sequence[int], like: Ints) -> list[Ints]:
    """More patterns that reach `bound`, with singles and dummies where `like` has them.

    There are some where the units are so few, and triples are among them, that exchanges do not reach everything.
    """
    if sum(counts) > _LISTED_UNITS or not any(n % 2 and n > 1 for n in counts):
        return []
    singles = [int(np.flatnonzero(like == i)[0]) for i, n in enumerate(counts) if n == 1]
    dummies = [int(c) for c in np.flatnonzero(like == DUMMY)]
    return list(islice(_Search(grid, counts, singles, _LISTED_STEPS, dummies).run(), _LISTED))


def noise(n: int, seed: int) -> Ints:
    """Numbers without order, the same everywhere, shape (n,): the linear congruential generator of Knuth's MMIX."""
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


def _end_dummies(grid: Grid, units: int, singles: Sequence[int]) -> Iterator[list[int]]:
    """Cells for the dummies: opposite pairs, the outermost first, and the centre if their number is odd."""
    n, number = grid.cells, grid.cells - units
    x, y = grid.doubled()
    middle = [n // 2] * (number % 2)
    if number % 2 and (n % 2 == 0 or n // 2 in singles):
        return
    pairs = [c for c in range(n // 2) if c not in singles and n - 1 - c not in singles]
    pairs.sort(key=lambda c: (-abs(int(x[c])), abs(int(y[c])), c))
    for chosen in combinations(pairs, number // 2):
        yield [*middle, *chosen, *(n - 1 - c for c in chosen)]


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
            # A single dummy must be beside the centre; three or more can do without.
            odd.insert(0 if self.dummies == 1 else len(odd), DUMMY)
        if len(odd) % 2:
            return None
        if dummies_first:
            self._dummies_to_the_ends(self.dummies - (3 if self.dummies % 2 and self.dummies > 1 else self.dummies % 2))
        couples = list(zip(odd[::2], odd[1::2], strict=True))
        # One cell beside the centre does it alone, where a side of the grid is even.
        for cell in [int(c) for c in np.flatnonzero(self._least())] if n % 2 == 0 else []:
            if couples and self.free[cell] and self.free[n - 1 - cell]:
                self._mirrored(couples.pop(0), [cell])
        if any((self.dummies if owner == DUMMY else self.left[owner]) < 3 for couple in couples for owner in couple):
            return None
        trios = self._all_triples(len(couples)) if tight else [None] * len(couples)
        if trios is None:
            return None
        for couple, trio in zip(couples, trios, strict=True):
            cells = trio or self._triple()
            if cells is None:
                return None
            self._mirrored(couple, cells)
        self._dummies_to_the_ends(self.dummies)
        pairs = [int(c) for c in np.flatnonzero(self.free) if c < n - 1 - c]
        turns = sorted(((2 * k + 1) / c, i) for i, c in enumerate(self.left) for k in range(c // 2))
        if len(turns) != len(pairs):
            return None
        for cell, (_, owner) in zip(pairs, turns, strict=True):
            self.give(owner, [cell, n - 1 - cell])
        return self.owner

    def _mirrored(self, couple: tuple[int, int], cells: Sequence[int]) -> None:
        """These cells for one of the two, the opposite ones for the other."""
        self.give(couple[0], cells)
        self.give(couple[1], [self.grid.cells - 1 - c for c in cells])

    def _least(self) -> NDArrayBool:
        found: NDArrayBool = (np.abs(self.x) == 1 - self.grid.columns % 2) & (np.abs(self.y) == 1 - self.grid.rows % 2)
        return found

    def _shifts(self) -> list[tuple[int, int]]:
        """The smallest sums there are."""
        if self.grid.cells % 2:
            return [(0, 0)]
        return [(int(self.x[c]), int(self.y[c])) for c in np.flatnonzero(self._least())]

    def _triple(self) -> list[int] | None:
        """Three free cells from three free pairs with the smallest sum there is.

        Their second moments are as near to three times the mean as can be; a variant takes one of the next best.
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
        cells = cells[np.argsort(rank, kind="stable")][:_CANDIDATES]
        one, two = np.repeat(cells, len(cells)), np.tile(cells, len(cells))
        scores, trios = [], []
        for sx, sy in self._shifts():
            cx, cy = sx - self.x[one] - self.x[two], sy - self.y[one] - self.y[two]
            inside = (np.abs(cx) < columns) & (np.abs(cy) < rows)
            three = np.where(inside, (cy + rows - 1) // 2 * columns + (cx + columns - 1) // 2, 0)
            fits = inside & self.free[three] & self.free[n - 1 - three]
            for p, q in ((one, two), (one, three), (two, three)):
                fits &= (p != q) & (p != n - 1 - q)
            trio = np.stack([one[fits], two[fits], three[fits]], axis=1)
            xx, yy, xy = (x[trio] ** 2).sum(1), (y[trio] ** 2).sum(1), (x[trio] * y[trio]).sum(1)
            off = (xx - 3 * mean_x) ** 2 + (yy - 3 * mean_y) ** 2 + 2 * xy**2
            scores.append(np.rint(off * 2**10).astype(np.int64))
            trios.append(trio)
        score = np.concatenate(scores)
        if len(score) == 0:
            return None
        best = np.argsort(score, kind="stable")[self.variant % len(score)] if self.variant else score.argmin()
        return [int(c) for c in np.concatenate(trios)[best]]

    def _all_triples(self, number: int) -> list[list[int]] | None:
        """So many disjoint triples as in `_triple`, by a search that begins with the cells that are hardest to use."""
        place = {(int(self.x[c]), int(self.y[c])): int(c) for c in np.flatnonzero(self.free & self.free[::-1])}
        shifts, steps = self._shifts(), _TRIPLE_STEPS

        def trios(a: tuple[int, int]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
            found = []
            for sx, sy in shifts:
                for b in place:
                    c = (sx - a[0] - b[0], sy - a[1] - b[1])
                    apart = c != (-b[0], -b[1]) and (a[0], a[1]) not in ((-b[0], -b[1]), (-c[0], -c[1]))
                    if b < c and c in place and a not in (b, c) and apart:
                        found.append((b, c))
            return sorted(found, key=lambda bc: (-size(bc[0]) - size(bc[1]), bc))

        def size(cell: tuple[int, int]) -> int:
            return cell[0] ** 2 + cell[1] ** 2

        def search(missing: int) -> list[list[int]] | None:
            nonlocal steps
            steps -= 1
            if missing == 0:
                return []
            outer = sorted((c for c in place if c > (-c[0], -c[1])), key=lambda c: (-size(c), c))
            if steps < 0 or len(outer) < 3 * missing:
                return None
            choices = {c: trios(c) for c in outer[:_OUTER]}
            a = min(choices, key=lambda c: (len(choices[c]), -size(c), c))
            for b, c in choices[a]:
                gone = {m: place.pop(m) for cell in (a, b, c) for m in (cell, (-cell[0], -cell[1]))}
                rest = search(missing - 1)
                if rest is not None:
                    return [[gone[a], gone[b], gone[c]], *rest]
                place.update(gone)
                if steps < 0:
                    return None
            if len(outer) == 3 * missing:
                return None
            gone = {m: place.pop(m) for m in (a, (-a[0], -a[1]))}
            rest = search(missing)
            place.update(gone)
            return rest

        return search(number)

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
    """Everything there is on a small grid in at most so many steps; singles, and dummies if given, have their cells."""

    def __init__(
        self, grid: Grid, counts: Sequence[int], singles: Sequence[int], steps: int, dummies: Sequence[int] = ()
    ) -> None:
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
            for chosen in self._sets(sorted(c for c in self.free if c > after), n, target):
                self.free -= set(chosen)
                self.owner[list(chosen)] = owner
                yield from self.run(at + 1, chosen[0] if again else -1)
                self.owner[list(chosen)] = DUMMY
                self.free |= set(chosen)

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


def _repaired(grid: Grid, counts: Sequence[int], singles: Sequence[int]) -> Ints | None:
    """Deal, then exchange two cells at a time until every sum is as small as it can be.

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
        after = (np.abs(of_x - least_x[owner][:, None]) + np.abs(of_y - least_y[owner][:, None])) * matters[owner][
            :, None
        ]
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


NDArrayFloat = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
NDArrayBool = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
