"""Patterns by name: interdigitated, ABBA, block. None of them guarantees a common centroid; `metrics` has their
figures.

The units left over where the rows are not full are dummies at the ends of the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mirrorneuron.generators.placement.pattern import Pattern, check_counts, check_edges, framed
from mirrorneuron.pdk_sky130.errors import SpecError

__all__ = ["abba", "block", "interdigitated"]


def interdigitated(counts: Mapping[str, int], *, rows: int = 1, edge_columns: int = 1, edge_rows: int = 0) -> Pattern:
    """``A B A B``: the owners by turns, each in proportion to its count, from the bottom row to the top.

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
        Counts, rows or edges that cannot be.
    """
    return _in_rows(counts, _dealt, rows, edge_columns, edge_rows)


def block(counts: Mapping[str, int], *, rows: int = 1, edge_columns: int = 1, edge_rows: int = 0) -> Pattern:
    """``A A B B``: one owner after the other, from the bottom row to the top.

    Parameters and errors as for `interdigitated`.
    """
    return _in_rows(counts, _one_by_one, rows, edge_columns, edge_rows)


def abba(counts: Mapping[str, int], *, rows: int = 1, edge_columns: int = 1, edge_rows: int = 0) -> Pattern:
    """``A B B A`` above ``B A A B``: each row a mirror image of itself, wherever its counts are even.

    Rows are filled two by two from the bottom. A row's half is dealt as in `interdigitated`; every second row is dealt
    with the owners in the opposite order. Odd units stand in the middle of a row.

    Parameters and errors as for `interdigitated`.
    """
    total = _check(counts, rows, edge_columns, edge_rows)
    sizes = _row_sizes(total, rows)
    columns = max(sizes)
    left = dict(counts)
    body = []
    for index, size in enumerate(sizes):
        names = list(left) if index % 2 == 0 else list(reversed(left))
        share = _share({name: left[name] for name in names}, size)
        for name, units in share.items():
            left[name] -= units
        half = _dealt({name: units // 2 for name, units in share.items() if units > 1})
        odd = [name for name, units in share.items() if units % 2]
        body.append(_centred([*half, *odd, *reversed(half)], columns))
    return framed(body, edge_columns, edge_rows)


def _in_rows(
    counts: Mapping[str, int],
    order: Callable[[Mapping[str, int]], list[str]],
    rows: int,
    edge_columns: int,
    edge_rows: int,
) -> Pattern:
    sizes = _row_sizes(_check(counts, rows, edge_columns, edge_rows), rows)
    names = order(counts)
    body, start = [], 0
    for size in sizes:
        body.append(_centred(names[start : start + size], max(sizes)))
        start += size
    return framed(body, edge_columns, edge_rows)


def _check(counts: Mapping[str, int], rows: int, edge_columns: int, edge_rows: int) -> int:
    total = check_counts(counts)
    check_edges(edge_columns, edge_rows)
    if type(rows) is not int or not 1 <= rows <= total:
        raise SpecError(f"rows is {rows!r}: from 1 to the number of units, {total}, so that no row is empty")
    return total


def _row_sizes(total: int, rows: int) -> list[int]:
    """Units in each row, as equal as can be; the longer rows are spread evenly."""
    return [total * (row + 1) // rows - total * row // rows for row in range(rows)]


def _centred(names: list[str], columns: int) -> tuple[str | None, ...]:
    before = (columns - len(names)) // 2
    return (None,) * before + tuple(names) + (None,) * (columns - len(names) - before)


def _one_by_one(counts: Mapping[str, int]) -> list[str]:
    return [name for name, count in counts.items() for _ in range(count)]


def _dealt(counts: Mapping[str, int]) -> list[str]:
    """Every owner as often as it has units, spread evenly: the k-th of n stands at (2 k + 1) / (2 n) of the way."""
    order = {name: index for index, name in enumerate(counts)}
    scale = 1
    for count in counts.values():
        scale *= count
    turns = [((2 * k + 1) * (scale // n), order[name], name) for name, n in counts.items() for k in range(n)]
    return [name for *_, name in sorted(turns)]


def _share(left: Mapping[str, int], size: int) -> dict[str, int]:
    """A row's part of what is left of each owner: in proportion, in twos as long as that is possible."""
    total = sum(left.values())
    share = {name: min(units, 2 * (units * size // (2 * total))) for name, units in left.items()}
    for step in (2, 1):
        while sum(share.values()) + step <= size:
            behind = [n for n in left if left[n] - share[n] >= step]
            if not behind:
                break
            # Whoever is furthest behind its proportion; exact, in integers.
            name = max(behind, key=lambda n: left[n] * size - share[n] * total)
            share[name] += step
    return {name: units for name, units in share.items() if units}
