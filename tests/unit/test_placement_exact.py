"""Centroids as near to the centre as any assignment has them, against a search that knows nothing of the method."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from itertools import combinations

import pytest
from mirrorneuron.generators.placement import common_centroid
from mirrorneuron.generators.placement.pattern import Pattern

UNITS = 12
Option = tuple[int, int]
"""Squared offset in parts, and the cells as bits."""
PARTS = 4 * 27720**2
"""Every squared offset of up to 12 units is a whole number of these parts."""


def partitions(units: int, least: int = 1) -> Iterator[tuple[int, ...]]:
    if units == 0:
        yield ()
    for first in range(least, units + 1):
        for rest in partitions(units - first, first):
            yield (first, *rest)


CASES = [(counts, rows) for n in range(1, UNITS + 1) for counts in partitions(n) for rows in (None, 1, 2, 3, 4)]


@cache
def options(columns: int, rows: int, units: int) -> tuple[Option, ...]:
    """Every set of so many cells, by offset from the centre."""
    cells = [(2 * x - columns + 1, 2 * y - rows + 1) for y in range(rows) for x in range(columns)]
    found = []
    for chosen in combinations(range(len(cells)), units):
        x, y = sum(cells[c][0] for c in chosen), sum(cells[c][1] for c in chosen)
        found.append(((x * x + y * y) * PARTS // (4 * units * units), sum(1 << c for c in chosen)))
    return tuple(sorted(found))


def better(columns: int, rows: int, counts: tuple[int, ...], largest: int, total: int) -> bool:
    """Whether an assignment has (largest, sum) of the squared offsets below these, by trying them all."""
    least = [options(columns, rows, n)[0][0] for n in counts]

    def place(at: int, used: int, so_far: int, worst: int, after: int) -> bool:
        if at == len(counts):
            return (worst, so_far) < (largest, total)
        n = counts[at]
        rest = sum(least[at + 1 :])
        if (max(worst, *least[at:]), so_far + least[at] + rest) >= (largest, total):
            return False
        for index, (offset, cells) in enumerate(options(columns, rows, n)):
            if offset > largest or (max(worst, offset) == largest and so_far + offset + rest >= total):
                return False
            if index <= after or cells & used:
                continue
            # Owners of one size are alike: the order in which they choose does not matter.
            same = at + 1 < len(counts) and counts[at + 1] == n
            if place(at + 1, used | cells, so_far + offset, max(worst, offset), index if same else -1):
                return True
        return False

    return place(0, 0, 0, 0, -1)


def offsets(pattern: Pattern, counts: tuple[int, ...]) -> tuple[int, int]:
    """Largest and sum of the squared offsets, in parts, from the pattern's own cells."""
    parts = []
    for owner, n in enumerate(counts):
        cells = [
            (2 * x - pattern.columns + 1, 2 * y - len(pattern.rows) + 1)
            for y, row in enumerate(pattern.rows)
            for x, name in enumerate(row)
            if name == f"o{owner}"
        ]
        assert len(cells) == n
        x, y = sum(c[0] for c in cells), sum(c[1] for c in cells)
        parts.append((x * x + y * y) * PARTS // (4 * n * n))
    return max(parts), sum(parts)


def check(counts: tuple[int, ...], rows: int | None) -> None:
    pattern = common_centroid({f"o{i}": n for i, n in enumerate(counts)}, rows=rows, edge_columns=0)
    columns = pattern.columns
    if rows is not None:
        assert len(pattern.rows) == rows
    largest, total = offsets(pattern, counts)
    assert not total or not better(columns, len(pattern.rows), counts, largest, total), (counts, rows, pattern.rows)
    if rows is None:
        # With a grid of one's own choice, two single units are all that can be in the way.
        assert (total == 0) == (counts.count(1) < 2), (counts, pattern.rows)
        return
    # A smaller grid of so many rows is no match; one with three columns more is no better.
    for other in (*range(-(-sum(counts) // rows), columns), *((columns + 1, columns + 2) if total else ())):
        limit = (1, 1) if total == 0 else (largest, total)
        assert not better(other, rows, counts, *limit), (counts, rows, other, pattern.rows)


def test_a_sample() -> None:
    for counts, rows in random.Random(3).sample([c for c in CASES if rows_fit(*c)], 60):
        check(counts, rows)


@pytest.mark.slow
def test_all_counts_up_to_twelve_units() -> None:
    for counts, rows in CASES:
        if rows_fit(counts, rows):
            check(counts, rows)


def rows_fit(counts: tuple[int, ...], rows: int | None) -> bool:
    return rows is None or rows <= sum(counts)


def test_the_search_knows_better() -> None:
    assert better(3, 1, (2, 1), 1, 1)
    assert not better(4, 1, (2, 1), 1, 1)
    assert not better(2, 1, (1, 1), PARTS // 4, PARTS // 2)
    assert better(3, 1, (1, 1), PARTS, PARTS + 1)
