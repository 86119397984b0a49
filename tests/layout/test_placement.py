"""Placement: counts, mirror symmetry, and centroids as good as an exhaustive search finds."""

from __future__ import annotations

from itertools import combinations, product

import pytest
from mirrorneuron.generators.placement import MAX_UNITS, Pattern, common_centroid
from mirrorneuron.pdk_sky130.errors import SpecError

SMALL = [
    dict(zip("abc", counts, strict=False))
    for owners in (1, 2, 3)
    for counts in product(range(1, 6), repeat=owners)
    if sum(counts) <= 9 and list(counts) == sorted(counts)
]


def body(pattern: Pattern, edge_columns: int = 1, edge_rows: int = 0) -> list[tuple[str | None, ...]]:
    rows = pattern.rows[edge_rows : len(pattern.rows) - edge_rows]
    return [row[edge_columns : len(row) - edge_columns] for row in rows]


def centred(pattern: Pattern, owners: str) -> bool:
    return all(pattern.centroid(owner) == (0, 0) for owner in owners)


def can_be_centred(counts: dict[str, int], columns: int, rows: int) -> bool:
    """Whether any assignment to this grid puts all centroids at its centre, by trying them all."""
    cells = frozenset((x, y) for x in range(1 - columns, columns, 2) for y in range(1 - rows, rows, 2))

    def place(left: list[int], free: frozenset[tuple[int, int]]) -> bool:
        if not left:
            return True
        return any(
            sum(x for x, _ in chosen) == 0 == sum(y for _, y in chosen) and place(left[1:], free - set(chosen))
            for chosen in combinations(sorted(free), left[0])
        )

    return place(sorted(counts.values()), cells)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_no_worse_than_an_exhaustive_search(rows):
    """On the grid that was chosen."""
    for counts in SMALL:
        pattern = common_centroid(counts, rows=rows)
        grid = body(pattern)
        if not centred(pattern, "".join(counts)):
            assert not can_be_centred(counts, len(grid[0]), len(grid)), (counts, pattern.rows)


def test_owners_that_cannot_share_a_centre_lie_next_to_it():
    pattern = common_centroid({"a": 1, "b": 1})
    assert pattern.centroid("a") == (0, 0)
    assert sorted(abs(v) for v in pattern.centroid("b")) in ([0, 1], [0, 0.5])


@pytest.mark.parametrize("rows", [1, 2, 3, 5])
@pytest.mark.parametrize("reference", [1, 2, 3, 4, 15, 16])
def test_reference_and_weight_always_share_a_centre(rows, reference):
    for weight in range(1, 16):
        if weight == reference == 1:  # two units have two centres
            continue
        pattern = common_centroid({"ref": reference, "weight": weight}, rows=rows)
        assert pattern.centroid("ref") == pattern.centroid("weight") == (0, 0), (reference, weight, pattern.rows)


@pytest.mark.parametrize("counts", [{"a": 2}, {"a": 3, "b": 2}, {"a": 5, "b": 5, "c": 7}, {"a": 1, "b": 40}])
@pytest.mark.parametrize("edges", [(0, 0), (1, 0), (2, 1)])
@pytest.mark.parametrize("rows", [1, 2, 4])
def test_counts_and_dummies(counts, edges, rows):
    columns, levels = edges
    pattern = common_centroid(counts, rows=rows, edge_columns=columns, edge_rows=levels)
    assert {owner: pattern.count(owner) for owner in counts} == counts
    assert len({len(row) for row in pattern.rows}) == 1
    assert pattern.dummies == pattern.columns * len(pattern.rows) - sum(counts.values())
    inner = body(pattern, columns, levels)
    kept = sum(row.count(owner) for row in inner for owner in counts)
    assert kept == sum(counts.values())


def test_even_counts_are_mirrored_through_the_centre():
    pattern = common_centroid({"a": 4, "b": 6, "c": 2}, rows=2)
    assert [row[::-1] for row in pattern.rows[::-1]] == list(pattern.rows)


def test_the_same_pattern_whatever_the_order_of_sets():
    assert common_centroid({"a": 3, "b": 5}, rows=3) == common_centroid({"a": 3, "b": 5}, rows=3)


@pytest.mark.parametrize(
    ("counts", "rows", "message"),
    [
        ({}, 1, "at least one owner"),
        ({"a": 0}, 1, "at least one unit for each"),
        ({"a": 2, "b": -1}, 1, "at least one unit for each"),
        ({"a": MAX_UNITS, "b": 1}, 1, f"{MAX_UNITS + 1} units in one array: at most {MAX_UNITS}"),
        ({"a": 2}, 0, "rows is 0: at least 1"),
    ],
)
def test_what_cannot_be_placed(counts, rows, message):
    with pytest.raises(SpecError, match=message):
        common_centroid(counts, rows=rows)


def test_the_centroid_of_nobody_is_an_error():
    with pytest.raises(SpecError, match="no unit of 'x' in this pattern"):
        common_centroid({"a": 2}).centroid("x")
