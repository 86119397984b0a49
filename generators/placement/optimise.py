"""Improvement of patterns by exchanges that leave every centroid in its place.

Two kinds of exchange leave every centroid where it is. Opposite pairs of cells may change owners: their sum is zero
whoever has them. That is quick, and for large arrays enough. In small ones any two cells of one owner may also go
against any two of another with the same sum (and three against three), which finds patterns that are not symmetrical,
such as ``A B B A B A A B``, whose second moments are equal too.

Every step takes the best exchange there is, the first of several equal ones; all numbers are integers. Small arrays
begin from several patterns, and the best result counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import combinations

import numpy as np
from mirrorneuron.generators.placement.grid import Grid, noise
from mirrorneuron.generators.placement.objective import DUMMY, Ints, Problem

__all__ = ["improved"]

_PAIRS_LIMIT = 80
"""Units up to which two cells go against any two with the same sum; above it, opposite pairs only."""
_TRIPLES_LIMIT = 16
_EFFORT = ((24, 8, 0), (80, 4, 12), (160, 3, 16), (400, 2, 8))
"""By the number of units: deals of the opposite pairs to begin with, and changes to the best of them."""
_POLISHED = ((24, 8), (40, 12), (80, 8))
"""Of them, those that the slower exchanges go on with."""
_ROW_LIMIT = 24
"""Units of a single row up to which it gets all that; in longer ones more than a little gains 0.3 % in mismatch."""
_SWEEPS = 12
_STEPS = 200


def improved(starts: Sequence[Ints], more: Sequence[Ints], grid: Grid, counts: Sequence[int]) -> Ints:
    """The best pattern by exchanges from any of `starts` and `more`; only `starts` are also dealt anew before.

    Parameters
    ----------
    starts
        Owner's number of each cell, row by row from the bottom left, `DUMMY` for a dummy, shape (grid.cells,).
    """
    total = sum(counts)
    tables: dict[bytes, _Tables] = {}
    ranked: dict[bytes, tuple[int, int, Ints, _Tables]] = {}
    for index, start in enumerate([*starts, *more]):
        layout = (start == DUMMY).tobytes()
        if layout not in tables:
            tables[layout] = _Tables(Problem.of(start, grid.rows, grid.columns, grid.pitch, counts))
        table = tables[layout]
        as_it_is = [start[table.problem.cells]]
        dealt = _dealt(table.problem, table.total_field, start, len(starts))
        for trial in dealt if index < len(starts) else as_it_is:
            whole = start.copy()
            whole[table.problem.cells] = trial
            if whole.tobytes() not in ranked:
                ranked[whole.tobytes()] = (table.problem.value(trial, table.total_field), len(ranked), whole, table)
    polish = next((n for limit, n in _POLISHED if total <= limit), 1)
    if grid.rows == 1 and total > _ROW_LIMIT:
        polish = 1
    best = sorted(ranked.values(), key=lambda entry: entry[:2])[:polish]
    if total > _PAIRS_LIMIT or len(counts) == 1:
        return best[0][2]
    polished = []
    for _, _, whole, table in best:
        trial = table.exchanges.run(whole[table.problem.cells])
        whole[table.problem.cells] = trial
        polished.append((table.problem.value(trial, table.total_field), whole))
    return min(polished, key=lambda entry: entry[0])[1]


class _Tables:
    """Tables that patterns with their dummies in the same places share."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.total_field = problem, problem.total_field()

    @cached_property
    def exchanges(self) -> _Exchanges:
        return _Exchanges(self.problem, self.total_field)


def _dealt(problem: Problem, total_field: Ints, start: Ints, of: int) -> Iterator[Ints]:
    """Owners of the cells with a unit, after the opposite pairs were dealt in several ways and exchanged."""
    owner = start[problem.cells]
    n = len(owner)
    index = np.full(len(start), -1)
    index[problem.cells] = np.arange(n)
    opposite = index[::-1][problem.cells]
    # Opposite cells with one owner; a cell opposite a dummy has index -1 there.
    first = np.flatnonzero((opposite > np.arange(n)) & (owner[opposite] == owner))
    if len(first) < 2 or len(set(owner[first].tolist())) < 2:
        yield owner
        return
    moves = _PairMoves(problem, total_field, first, opposite[first], owner)
    best: tuple[int, Ints] | None = None
    deals, shakes = next(((d, s) for limit, d, s in _EFFORT if n <= limit), (1, 0))
    if problem.rows == 1 and n > _ROW_LIMIT:
        deals, shakes = (2, 2) if n <= _PAIRS_LIMIT else (1, 0)
    for number in range(deals + shakes // of):
        # First from the deals, then from the best so far with some of its pairs dealt anew.
        begin = moves.deal(number) if best is None or number < deals else moves.shaken(best[1], number)
        pairs, trial = moves.run(begin)
        value = problem.value(trial, total_field) if deals > 1 else 0
        if best is None or value < best[0]:
            best = (value, pairs)
        yield trial


class _PairMoves:
    """Opposite pairs of cells that change owners.

    A row and the one opposite it are taken for one as far as tracks go; they have the same, but for odd units.
    """

    def __init__(self, problem: Problem, total_field: Ints, first: Ints, second: Ints, start: Ints) -> None:
        self.problem, self.first, self.second, self.start = problem, first, second, start
        self.kernel = np.empty((len(first), len(first)), dtype=np.int64)
        for low in range(0, len(first), 128):
            part = first[low : low + 128]
            self.kernel[low : low + 128] = problem.kernel(part, first)
            self.kernel[low : low + 128] += problem.kernel(part, second)
        self.diagonal = np.diagonal(self.kernel).copy()
        held = np.ones(len(start), dtype=bool)
        held[first] = held[second] = False
        owners = range(len(problem.a))
        fixed = problem.fields([np.flatnonzero(held & (start == i)) for i in owners])
        self.base = 2 * (fixed[:, first] + fixed[:, second])
        self.total_field = total_field[first] + total_field[second]
        folded = np.minimum(problem.row, problem.rows - 1 - problem.row)
        self.row = folded[first]
        self.rows = 2 - (np.arange((problem.rows + 1) // 2) * 2 == problem.rows - 1)
        self.fixed = np.zeros((len(problem.a), len(self.rows)), dtype=np.int64)
        # A unit without an opposite one stays: its track does not depend on the pairs.
        np.add.at(self.fixed, (start[held], folded[held]), 2)

    def deal(self, number: int) -> Ints:
        """Owners of the pairs: each spread in proportion along one of several orders of the pairs."""
        owner = self.start[self.first]
        need = np.bincount(owner, minlength=len(self.problem.a))
        turns = sorted(((2 * k + 1) / (2 * n), i) for i, n in enumerate(need) for k in range(n))
        x, y = np.abs(self.problem.x[self.first]), np.abs(self.problem.y[self.first])
        radius = x**2 * self.problem.moment[0] + y**2 * self.problem.moment[1]
        orders = (np.lexsort((y, x)), np.lexsort((x, y)), np.lexsort((x, y, radius)))
        order = orders[number] if number < len(orders) else np.argsort(noise(len(owner), number), kind="stable")
        dealt = np.empty_like(owner)
        dealt[order] = [i for _, i in turns]
        return dealt

    def shaken(self, owner: Ints, number: int) -> Ints:
        """Owners of the pairs, those of an eighth of them (but four at least) in another order."""
        subset = np.argsort(noise(len(owner), number), kind="stable")[: max(4, len(owner) // 8)]
        result = owner.copy()
        result[subset] = np.roll(owner[subset], 1)
        return result

    def run(self, owner: Ints) -> tuple[Ints, Ints]:
        """Exchange as long as the objective falls; returns the owners of the pairs, and of all units."""
        p = self.problem
        m, pairs = len(owner), np.arange(len(owner))
        fields = self.base.copy()
        for i in range(len(p.a)):
            fields[i] += 4 * self.kernel[owner == i].sum(axis=0)
        table = self.fixed.copy()
        np.add.at(table, (owner, self.row), 1)
        for _ in range(_SWEEPS):
            moved = 0
            fresh = True
            for here in range(m):
                if fresh:
                    own, weight, linear = fields[owner, pairs], p.a[owner], p.b[owner]
                    alone, none = (table == 1).astype(np.int64), (table == 0).astype(np.int64)
                    tracks = 2 * np.count_nonzero(table, axis=0)
                    last, height, both = alone[owner, self.row], tracks[self.row], self.rows[self.row]
                    fresh = False
                i, r = owner[here], self.row[here]
                cross = self.diagonal - 2 * self.kernel[here]
                cross += self.diagonal[here]
                cross *= 2
                gain = fields[i] + cross
                gain -= fields[i, here]
                gain *= p.a[i]
                cross += fields[:, here][owner]
                cross -= own
                cross *= weight
                gain += cross
                gain -= (self.total_field - self.total_field[here]) * (p.b[i] - linear)
                if p.wire:
                    near = none[:, r][owner] - alone[i, r]
                    change = (tracks[r] + near) * near * self.rows[r]
                    far = none[i][self.row] - last
                    change += (height + far) * far * both
                    change[self.row == r] = 0
                    change *= p.wire
                    gain += change
                gain[owner == i] = 0
                there = int(gain.argmin())
                if gain[there] >= 0:
                    continue
                moved += 1
                fresh = True
                j = owner[there]
                step = 4 * (self.kernel[there] - self.kernel[here])
                fields[i] += step
                fields[j] -= step
                owner[here], owner[there] = j, i
                table[i, r] -= 1
                table[j, r] += 1
                table[j, self.row[there]] -= 1
                table[i, self.row[there]] += 1
            # The gain of the last few exchanges in a large array is not worth another sweep.
            if moved <= m // 40:
                break
        result = self.start.copy()
        result[self.first] = result[self.second] = owner
        return owner, result


class _Exchanges:
    """Two or three cells of one owner against as many of another with the same sum."""

    def __init__(self, problem: Problem, total_field: Ints) -> None:
        self.problem = problem
        n = len(problem.cells)
        cells = np.arange(n)
        self.kernel = problem.kernel(cells, cells)
        self.moves = []
        for size in (2, 3) if n <= _TRIPLES_LIMIT else (2,):
            left, right = _equal_sums(problem, size)
            if len(left) == 0:
                continue
            both = np.concatenate([left, right], axis=1)
            sign = np.repeat([-1, 1], size)
            cross = (self.kernel[both[:, :, None], both[:, None, :]] * np.outer(sign, sign)).sum(axis=(1, 2))
            self.moves.append((left, right, cross, (total_field[both] * sign).sum(axis=1)))

    def run(self, owner: Ints) -> Ints:
        """Exchange as long as the objective falls."""
        p = self.problem
        owner = owner.copy()
        fields = np.stack([self.kernel[owner == i].sum(axis=0) for i in range(len(p.a))])
        for _ in range(_STEPS):
            best: tuple[int, Ints, Ints] | None = None
            for left, right, cross, linear in self.moves:
                owners_left, owners_right = owner[left], owner[right]
                i, j = owners_left[:, 0], owners_right[:, 0]
                fits = i != j
                for k in range(1, left.shape[1]):
                    fits &= (owners_left[:, k] == i) & (owners_right[:, k] == j)
                at = np.flatnonzero(fits)
                if len(at) == 0:
                    continue
                i, j, lefts, rights = i[at, None], j[at, None], left[at], right[at]
                # Each owner's own quadratic part, and the linear part.
                gain = (2 * (fields[i, rights] - fields[i, lefts]).sum(axis=1) + cross[at]) * p.a[i[:, 0]]
                gain += (2 * (fields[j, lefts] - fields[j, rights]).sum(axis=1) + cross[at]) * p.a[j[:, 0]]
                gain -= linear[at] * (p.b[i[:, 0]] - p.b[j[:, 0]])
                if p.wire:
                    gain += p.wire * self._wire(p.tracks(owner), i[:, 0], j[:, 0], lefts, rights)
                k = int(gain.argmin())
                if gain[k] < 0 and (best is None or gain[k] < best[0]):
                    best = (int(gain[k]), lefts[k], rights[k])
            if best is None:
                break
            _, cells, others = best
            mine, theirs = owner[cells[0]], owner[others[0]]
            step = (self.kernel[others] - self.kernel[cells]).sum(axis=0)
            fields[mine] += step
            fields[theirs] -= step
            owner[cells], owner[others] = theirs, mine
        return owner

    def _wire(self, table: Ints, i: Ints, j: Ints, left: Ints, right: Ints) -> Ints:
        """Change of ``sum of t_r^2`` for each of the exchanges."""
        tracks = np.count_nonzero(table, axis=0)
        rows = self.problem.row[np.concatenate([left, right], axis=1)]
        sign = np.repeat([-1, 1], left.shape[1])
        change = np.zeros(len(i), dtype=np.int64)
        for k in range(rows.shape[1]):
            r = rows[:, k]
            same = rows == r[:, None]
            net = (same * sign).sum(axis=1)
            before_i, before_j = table[i, r], table[j, r]
            delta = (before_i + net > 0).astype(np.int64) - (before_i > 0)
            delta += (before_j - net > 0).astype(np.int64) - (before_j > 0)
            # A row that came before is counted already.
            change += (2 * tracks[r] + delta) * delta * ~same[:, :k].any(axis=1)
        return change


def _equal_sums(problem: Problem, size: int) -> tuple[Ints, Ints]:
    """All sets of `size` cells against all others with no cell in common and the same sum of coordinates."""
    n = len(problem.cells)
    sets = np.array(list(combinations(range(n), size)), dtype=np.int64).reshape(-1, size)
    key = problem.x[sets].sum(axis=1) * 2**20 + problem.y[sets].sum(axis=1)
    order = np.argsort(key, kind="stable")
    sets, key = sets[order], key[order]
    left, right = [], []
    for distance in range(1, len(sets)):
        at = np.flatnonzero(key[distance:] == key[:-distance])
        if len(at) == 0:
            break
        left.append(at)
        right.append(at + distance)
    if not left:
        return sets[:0], sets[:0]
    lefts, rights = sets[np.concatenate(left)], sets[np.concatenate(right)]
    apart = (lefts[:, :, None] != rights[:, None, :]).all(axis=(1, 2))
    return lefts[apart], rights[apart]
