"""Where the units of matched devices lie: integers in, integers out, no geometry.

A pattern is a grid of owners. Cells are numbered in doubled coordinates about the centre of the grid
(``2*column - (columns - 1)``), so that the centroid of an owner is a sum of integers and "exactly at the centre" is an
integer comparison.

A common-centroid pattern is built from pairs of cells that lie opposite each other. An owner with an odd count has one
unit without a partner: it takes the centre cell; a second one with three units or more takes three cells whose
coordinates add up to zero. Two single units cannot share a centroid; then the second lies next to the centre.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from mirrorneuron.pdk_sky130.errors import SpecError

__all__ = ["MAX_UNITS", "Pattern", "common_centroid"]

MAX_UNITS = 4096

Cell = tuple[int, int]


@dataclass(frozen=True)
class Pattern:
    """A grid of owners, ``rows[0]`` at the bottom; None is a dummy unit.

    ``edge_columns`` dummy columns lie at each end, ``edge_rows`` dummy rows above and below; they are part of ``rows``.
    """

    rows: tuple[tuple[str | None, ...], ...]

    @property
    def columns(self) -> int:
        """Units in a row, dummies included."""
        return len(self.rows[0])

    @property
    def dummies(self) -> int:
        """How many cells hold a dummy."""
        return sum(row.count(None) for row in self.rows)

    def count(self, owner: str) -> int:
        """How many units an owner has."""
        return sum(row.count(owner) for row in self.rows)

    def centroid(self, owner: str) -> tuple[float, float]:
        """Mean (column, row) of an owner's units from the centre of the grid, in pitches.

        Raises
        ------
        SpecError
            The pattern holds no unit of this owner.
        """
        places = [
            (2 * x - (self.columns - 1), 2 * y - (len(self.rows) - 1))
            for y, row in enumerate(self.rows)
            for x, name in enumerate(row)
            if name == owner
        ]
        if not places:
            there = sorted({name for row in self.rows for name in row if name})
            raise SpecError(f"no unit of {owner!r} in this pattern; it holds {there}")
        return (sum(x for x, _ in places) / (2 * len(places)), sum(y for _, y in places) / (2 * len(places)))


def common_centroid(counts: Mapping[str, int], *, rows: int = 1, edge_columns: int = 1, edge_rows: int = 0) -> Pattern:
    """Grid of owners in which every owner's centroid is the centre, wherever the counts allow it.

    Parameters
    ----------
    counts
        Units of each owner, at least 1; together at most `MAX_UNITS`.
    rows
        Rows of units, without the dummy rows.
    edge_columns, edge_rows
        Dummy columns at each end, dummy rows above and below.

    Raises
    ------
    SpecError
        No owner, a count below 1, too many units, or fewer than one row.
    """
    total = sum(counts.values())
    if not counts or any(c < 1 for c in counts.values()):
        raise SpecError(f"unit counts are {dict(counts)}: at least one owner, and at least one unit for each")
    if total > MAX_UNITS:
        raise SpecError(f"{total} units in one array: at most {MAX_UNITS}; split the array")
    if rows < 1:
        raise SpecError(f"rows is {rows}: at least 1")
    odd = [name for name, count in counts.items() if count % 2]
    columns = -(-total // rows)
    if odd:
        # A centre cell, and room for a triple of each further odd owner, need an odd grid.
        rows += 1 - rows % 2
        columns = -(-total // rows)
        columns += 1 - columns % 2
        if len(odd) > 1:
            columns = max(columns, 3)
            if rows * columns < total + 2 or rows == 1:
                columns += 2
    grid = _fill(counts, odd, columns, rows)
    body = [tuple(grid.get((2 * x - (columns - 1), 2 * y - (rows - 1))) for x in range(columns)) for y in range(rows)]
    edge = (None,) * edge_columns
    width = columns + 2 * edge_columns
    dummy_row = ((None,) * width,)
    return Pattern(dummy_row * edge_rows + tuple(edge + row + edge for row in body) + dummy_row * edge_rows)


def _fill(counts: Mapping[str, int], odd: list[str], columns: int, rows: int) -> dict[Cell, str]:
    """Owner of each cell, by doubled coordinates about the centre."""
    free = sorted(
        ((x, y) for x in range(1 - columns, columns, 2) for y in range(1 - rows, rows, 2)),
        # Inner columns first; within a column the rows, so that the owners of a pair of columns alternate over both.
        key=lambda cell: (abs(cell[0]), abs(cell[1]), cell),
    )
    left = dict(counts)
    grid: dict[Cell, str] = {}

    def take(owner: str, *cells: Cell) -> None:
        for cell in cells:
            grid[cell] = owner
            free.remove(cell)
        left[owner] -= len(cells)

    # Those that can do without the centre (three units or more) leave it to one that cannot.
    for position, owner in enumerate(sorted(odd, key=lambda name: counts[name])):
        if position == 0 and (0, 0) in free:
            take(owner, (0, 0))
        elif counts[owner] >= 3 and (triple := _triple(free)):
            take(owner, *triple)
        else:
            take(owner, free[0])
    # Deal the opposite pairs out in proportion to what each owner still needs, so that all are spread alike.
    need = {name: count for name, count in left.items() if count}
    given = dict.fromkeys(need, 0)
    while any(left[name] for name in need):
        pair = next(((c, (-c[0], -c[1])) for c in free if (-c[0], -c[1]) in free and c != (0, 0)), None)
        owner = min((n for n in need if left[n]), key=lambda n: ((given[n] + 1) / need[n], n))
        if pair is None or left[owner] == 1:
            take(owner, free[0])
            given[owner] += 1
        else:
            take(owner, *pair)
            given[owner] += 2
    return grid


def _triple(free: list[Cell]) -> tuple[Cell, Cell, Cell] | None:
    """Three free cells about the centre whose coordinates add up to zero, as near to it as there are."""
    near = sorted((c for c in free if c != (0, 0)), key=lambda c: (c[0] ** 2 + c[1] ** 2, c))[:24]
    known = set(near)
    best: tuple[int, tuple[Cell, Cell, Cell]] | None = None
    for a, b in combinations(near, 2):
        c = (-a[0] - b[0], -a[1] - b[1])
        if c in known and c not in (a, b):
            spread = sum(x * x + y * y for x, y in (a, b, c))
            if best is None or spread < best[0]:
                best = (spread, (a, b, c))
    return best[1] if best else None
