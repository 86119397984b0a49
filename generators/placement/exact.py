"""Owners on a grid with every centroid as near to the centre as the counts allow.

`grid.bound` is the limit; a pattern that reaches it is proven to be the best. It is reached with pairs of opposite
cells, and, for what is odd: the centre cell for one owner (or dummy); for two others three cells whose sum is as small
as it can be and the three opposite ones. Where a small grid has no room for that, a search tries all patterns; in a
larger one, exchanges reduce the remaining offsets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, islice

import numpy as np
from mirrorneuron.generators.placement.grid import Grid, hopeless
from mirrorneuron.generators.placement.objective import DUMMY, Ints
from mirrorneuron.generators.placement.search import Search, repaired
from numpy.typing import NDArray

__all__ = ["others", "seats"]

_SEARCH_CELLS, _SEARCH_STEPS = 26, 60_000
"""Largest grid in which all patterns are tried, and the limit of steps."""
_LISTED_UNITS, _LISTED, _LISTED_STEPS = 15, 80, 3000
"""Number of units up to which more patterns are listed, their number, and the limit of steps."""
_END_CELLS, _END_LAYOUTS = 40, 16
"""Largest grid in which places for the dummies near the ends of the rows are searched, and how many such places."""
_REPAIR_CELLS = 200
_RINGS = 12
"""Choices among equally near cells for single units that are tried."""
_CANDIDATES = 160
"""Cells among which a triple is looked for."""
_TRIPLE_STEPS, _OUTER = 600, 6
"""Steps of the search for all triples at once; outermost cells of which the one with the fewest choices goes first."""
_VARIANTS = ((26, 12), (80, 6), (400, 2))
"""Patterns that are made, by the number of cells, where there is a choice."""


def seats(grid: Grid, counts: Sequence[int]) -> list[Ints]:
    """Patterns that reach `bound`; an empty list where there is none, or the search finds none.

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
            for dummies in islice(_end_dummies(grid, sum(counts), singles), _END_LAYOUTS):
                yield from islice(Search(grid, counts, singles, _LISTED_STEPS, dummies).run(), 1)

    def exhausted() -> Iterator[Ints]:
        for singles in rings:
            yield from islice(Search(grid, counts, singles, _SEARCH_STEPS).run(), 1)

    # Dummies at the ends of the rows if that can be, or else anywhere.
    patterns = list(constructed(True, False)) or list(constructed(True, True))
    if not patterns and grid.cells <= _END_CELLS:
        patterns = list(islice(searched(), 1))
    patterns = patterns or list(constructed(False, False)) or list(constructed(False, True))
    if not patterns and grid.cells <= _SEARCH_CELLS:
        patterns = list(islice(exhausted(), 1))
    elif not patterns and grid.cells <= _REPAIR_CELLS:
        pattern = repaired(grid, counts, rings[0])
        patterns = [] if pattern is None else [pattern]
    return patterns


def others(grid: Grid, counts: Sequence[int], like: Ints) -> list[Ints]:
    """More patterns that reach `bound`, with singles and dummies where `like` has them.

    There are some where the units are so few, and triples are among them, that exchanges do not reach everything.
    """
    if sum(counts) > _LISTED_UNITS or not any(n % 2 and n > 1 for n in counts):
        return []
    singles = [int(np.flatnonzero(like == i)[0]) for i, n in enumerate(counts) if n == 1]
    dummies = [int(c) for c in np.flatnonzero(like == DUMMY)]
    return list(islice(Search(grid, counts, singles, _LISTED_STEPS, dummies).run(), _LISTED))


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
    for rest in combinations(ring, singles - len(sure)):
        yield (*sure, *rest)


def _end_dummies(grid: Grid, units: int, singles: Sequence[int]) -> Iterator[list[int]]:
    """Cells for the dummies: opposite pairs, the outermost first, and the centre if their number is odd."""
    n, number = grid.cells, grid.cells - units
    x, y = grid.doubled()
    middle = [n // 2] * (number % 2)
    if number % 2 and (n % 2 == 0 or n // 2 in singles):
        return
    pairs = [c for c in range(n // 2) if c not in singles and n - 1 - c not in singles]
    pairs.sort(key=lambda c: (-abs(int(x[c])), abs(int(y[c])), c))
    for cells in combinations(pairs, number // 2):
        yield [*middle, *cells, *(n - 1 - c for c in cells)]


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
        """Give free cells to an owner."""
        self.owner[list(cells)] = owner
        self.free[list(cells)] = False
        if owner == DUMMY:
            self.dummies -= len(cells)
        else:
            self.left[owner] -= len(cells)

    def constructed(self, dummies_first: bool, tight: bool) -> Ints | None:
        """A pattern of pairs, with the centre and triples for odd counts; None if there is none."""
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
        """Give these cells to the first of the two, the opposite ones to the second."""
        self.give(couple[0], cells)
        self.give(couple[1], [self.grid.cells - 1 - c for c in cells])

    def _least(self) -> NDArray[np.bool_]:
        """The cells with the smallest coordinates."""
        nearest: NDArray[np.bool_] = (np.abs(self.x) == 1 - self.grid.columns % 2) & (
            np.abs(self.y) == 1 - self.grid.rows % 2
        )
        return nearest

    def _shifts(self) -> list[tuple[int, int]]:
        """The smallest sums of coordinates that three cells can have."""
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
        first, second = np.repeat(cells, len(cells)), np.tile(cells, len(cells))
        scores, trios = [], []
        for sx, sy in self._shifts():
            cx, cy = sx - self.x[first] - self.x[second], sy - self.y[first] - self.y[second]
            inside = (np.abs(cx) < columns) & (np.abs(cy) < rows)
            third = np.where(inside, (cy + rows - 1) // 2 * columns + (cx + columns - 1) // 2, 0)
            fits = inside & self.free[third] & self.free[n - 1 - third]
            for p, q in ((first, second), (first, third), (second, third)):
                fits &= (p != q) & (p != n - 1 - q)
            trio = np.stack([first[fits], second[fits], third[fits]], axis=1)
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
            partners = []
            for sx, sy in shifts:
                for b in place:
                    c = (sx - a[0] - b[0], sy - a[1] - b[1])
                    apart = c != (-b[0], -b[1]) and (a[0], a[1]) not in ((-b[0], -b[1]), (-c[0], -c[1]))
                    if b < c and c in place and a not in (b, c) and apart:
                        partners.append((b, c))
            return sorted(partners, key=lambda bc: (-size(bc[0]) - size(bc[1]), bc))

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
        """Place dummies in opposite pairs, outermost columns first, alike on both sides."""
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
