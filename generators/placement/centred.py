"""Common-centroid patterns: the choice of the grid, and the best pattern on it; docs/placement.md has the objective."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from math import isfinite, log

from mirrorneuron.generators.placement.exact import others, seats
from mirrorneuron.generators.placement.grid import FINE_BITS, Grid, bound, hopeless
from mirrorneuron.generators.placement.objective import DUMMY, Ints
from mirrorneuron.generators.placement.optimise import improved
from mirrorneuron.generators.placement.pattern import Pattern, check_counts, check_edges, check_pitch, framed
from mirrorneuron.pdk_sky130.errors import SpecError

__all__ = ["common_centroid"]

_ASPECT = 0.15
"""Cost of a factor e in the aspect ratio, relative to the units' area."""
_MIDDLE = 0.25
"""Cost of a dummy in the centre cell."""
_OFFSET = 0.5
"""Cost of an offset of one pitch (the geometric mean of the two) where two owners or more have a single unit."""
_ROW_COUNTS = 200
_PITCHES = 1000
_MORE_COLUMNS = 12


def common_centroid(
    counts: Mapping[str, int],
    *,
    rows: int | None = None,
    max_rows: int | None = None,
    aspect: float = 1.0,
    pitch: tuple[float, float] = (1.0, 1.0),
    edge_columns: int = 1,
    edge_rows: int = 0,
) -> Pattern:
    """Grid of owners in which every owner's centroid is the centre, wherever the counts allow it.

    Elsewhere the largest offset is as small as can be, and then the sum of the squared offsets. Among such patterns it
    is the best that was found for second-order gradients, correlated variation, row ends and wiring. The same arguments
    give the same pattern, always and on every machine.

    Parameters
    ----------
    counts
        Units of each owner, at least 1; together at most `MAX_UNITS`.
    rows
        Rows of units, without the dummy rows: exactly so many, with the fewest columns in which the centroids are as
        good as they can be with so many rows. Without it, the grid is chosen among those that allow exact centroids:
        the smallest sum of dummies over units and 0.15 |ln(width / height / aspect)|; where two owners have a single
        unit, 0.5 for an offset of one pitch is added.
    max_rows
        At most so many rows of units, where `rows` is not given.
    aspect
        Wanted width over height of the units' grid, without the dummies around it, where `rows` is not given.
    pitch
        From column to column and from row to row, any unit of length.
    edge_columns, edge_rows
        Dummy columns at each end, dummy rows above and below.

    Raises
    ------
    SpecError
        Counts, rows, aspect, pitch or edges that cannot be.
    """
    total = check_counts(counts)
    check_edges(edge_columns, edge_rows)
    check_pitch(pitch)
    if not 1 / _PITCHES <= pitch[0] / pitch[1] <= _PITCHES:
        raise SpecError(f"pitch is {pitch!r}: one at most {_PITCHES} times the other; give both in the same unit")
    if type(aspect) not in (int, float) or not (isfinite(aspect) and aspect > 0):
        raise SpecError(f"aspect is {aspect!r}: width over height, a number above 0")
    for name, value in (("rows", rows), ("max_rows", max_rows)):
        if value is not None and (type(value) is not int or value < 1):
            raise SpecError(f"{name} is {value!r}: a whole number, at least 1")
    if rows is not None and rows > total:
        raise SpecError(f"rows is {rows}: at most {total}, the number of units; a row without a unit is no row")
    if rows is not None and max_rows is not None and rows > max_rows:
        raise SpecError(f"rows is {rows} and max_rows is {max_rows}: give one of them, or rows up to max_rows")
    order = sorted(counts, key=lambda name: counts[name])
    body = _best(
        tuple(counts[name] for name in order),
        rows,
        max_rows,
        float(aspect),
        (float(pitch[0]), float(pitch[1])),
    )
    names = [tuple(None if i == DUMMY else order[i] for i in row) for row in body]
    return framed(names, edge_columns, edge_rows)


@lru_cache(maxsize=256)
def _best(
    counts: tuple[int, ...],
    rows: int | None,
    max_rows: int | None,
    aspect: float,
    pitch: tuple[float, float],
) -> tuple[tuple[int, ...], ...]:
    grids = _with_rows(counts, rows, pitch) if rows is not None else _any_rows(counts, max_rows, aspect, pitch)
    grid, starts = next((grid, patterns) for grid in grids if (patterns := seats(grid, counts)))
    owner = improved(starts, others(grid, counts, starts[0]), grid, counts)
    return _tidy(owner.reshape(grid.rows, grid.columns), counts)


def _with_rows(counts: tuple[int, ...], rows: int, pitch: tuple[float, float]) -> Iterator[Grid]:
    """Grids of so many rows that allow the best centroids, the narrowest first."""
    least = -(-sum(counts) // rows)
    while True:
        grids = [Grid(rows, least + more, pitch) for more in range(_MORE_COLUMNS)]
        keys = {grid: bound(grid, counts) for grid in grids}
        best = min(keys.values())
        # The bounds of wide grids depend on whether columns are odd only: a worse one is never needed.
        yield from (grid for grid in grids if keys[grid] == best)
        least += _MORE_COLUMNS


def _any_rows(
    counts: tuple[int, ...], max_rows: int | None, aspect: float, pitch: tuple[float, float]
) -> Iterator[Grid]:
    """Grids by their cost, the lowest first."""
    total = sum(counts)
    singles = counts.count(1)
    centred = singles < 2 and any(n % 2 for n in counts)

    def aspect_cost(rows: int, columns: int) -> float:
        return _ASPECT * abs(log(columns * pitch[0] / (rows * pitch[1]) / aspect))

    row_counts = sorted(range(1, min(total, max_rows or total) + 1), key=lambda r: aspect_cost(r, -(-total // r)))
    ranked: list[tuple[int, int, int]] = []
    for rows in row_counts[:_ROW_COUNTS]:
        least = -(-total // rows)
        grids = [Grid(rows, columns, pitch) for columns in range(least, least + _MORE_COLUMNS)]
        offset = 0.0
        if singles > 1:
            # As `_with_rows` does for a number of rows.
            bounds = [bound(grid, counts) for grid in grids]
            best = min(bounds)
            grids = [grid for grid, its in zip(grids, bounds, strict=True) if its == best]
            offset = (best[0] / 2**FINE_BITS) ** 0.5 / 2
        for grid in grids:
            # An odd count is exact on odd sides only.
            if (centred and grid.cells % 2 == 0) or hopeless(grid, counts):
                continue
            dummies = grid.cells - total
            cost = dummies / total + aspect_cost(rows, grid.columns) + _MIDDLE * (grid.cells % 2 * dummies % 2)
            ranked.append((round((cost + _OFFSET * offset) * 2**20), rows, grid.columns))
    for _, rows, columns in sorted(ranked):
        yield Grid(rows, columns, pitch)
    yield from _with_rows(counts, 1, pitch)


def _tidy(grid: Ints, counts: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Of a pattern's four mirror images the one with the shortest drain tracks; owners of one size in order."""
    images = []
    for image in (grid, grid[:, ::-1], grid[::-1], grid[::-1, ::-1]):
        name: dict[int, int] = {DUMMY: DUMMY}
        waiting = {n: [i for i, c in enumerate(counts) if c == n] for n in set(counts)}
        for owner in image.flat:
            if int(owner) not in name:
                name[int(owner)] = waiting[counts[owner]].pop(0)
        rows = tuple(tuple(name[int(owner)] for owner in row) for row in image)
        reach = sum(sum({owner: x for x, owner in enumerate(row) if owner != DUMMY}.values()) for row in rows)
        images.append((reach, rows))
    return min(images)[1]
