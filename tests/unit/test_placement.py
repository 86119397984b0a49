"""Common-centroid patterns."""

from __future__ import annotations

from itertools import product

import pytest
from mirrorneuron.generators.placement import MAX_UNITS, Pattern, common_centroid
from mirrorneuron.pdk_sky130.errors import SpecError


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5])
def test_two_owners_share_a_centroid_wherever_that_is_possible(rows: int) -> None:
    for a, b in product(range(1, 17), range(1, 17)):
        pattern = common_centroid({"a": a, "b": b}, rows=rows)
        assert (pattern.count("a"), pattern.count("b")) == (a, b)
        if (a, b) != (1, 1):
            assert pattern.centroid("a") == pattern.centroid("b") == (0.0, 0.0), (a, b)


def test_several_owners_share_a_centroid_if_one_of_them_at_most_is_single() -> None:
    for *counts, rows in product(range(1, 8), range(1, 8), range(1, 8), range(1, 4)):
        pattern = common_centroid(dict(zip("abc", counts, strict=True)), rows=rows)
        assert [pattern.count(name) for name in "abc"] == counts
        if counts.count(1) < 2:
            assert {pattern.centroid(name) for name in "abc"} == {(0.0, 0.0)}, (counts, rows)


def test_of_two_single_units_one_lies_beside_the_centre() -> None:
    pattern = common_centroid({"a": 1, "b": 1})
    assert {pattern.centroid("a"), pattern.centroid("b")} == {(0.0, 0.0), (-1.0, 0.0)}


def test_owners_are_spread_alike() -> None:
    pattern = common_centroid({"a": 8, "b": 8})
    (row,) = pattern.rows
    longest = max(len(run) for run in "".join(owner or " " for owner in row).replace("a", " ").split())
    assert longest <= 2


def test_dummies_lie_around() -> None:
    pattern = common_centroid({"a": 4, "b": 4}, rows=2, edge_columns=2, edge_rows=1)
    assert (pattern.columns, len(pattern.rows)) == (8, 4)
    assert all(owner is None for owner in pattern.rows[0] + pattern.rows[-1])
    assert all(row[:2] == row[-2:] == (None, None) for row in pattern.rows)
    assert pattern.dummies == 32 - 8


def test_the_grid_wastes_little() -> None:
    for a, b, rows in product(range(1, 17), range(1, 17), range(1, 5)):
        inner = common_centroid({"a": a, "b": b}, rows=rows, edge_columns=0)
        assert inner.dummies <= 2 * len(inner.rows) + inner.columns, (a, b, rows)


def test_equal_counts_give_equal_patterns() -> None:
    assert common_centroid({"a": 3, "b": 5}, rows=3) == common_centroid({"a": 3, "b": 5}, rows=3)


def test_the_centroid_sees_a_unit_that_is_out_of_place() -> None:
    assert Pattern((("a", "b", "a"),)).centroid("a") == (0.0, 0.0)
    assert Pattern((("a", "a", "b"),)).centroid("a") == (-0.5, 0.0)
    assert Pattern((("a", "b"), ("b", "b"))).centroid("a") == (-0.5, -0.5)


@pytest.mark.parametrize("counts", [{}, {"a": 0}, {"a": 1, "b": -1}, {"a": MAX_UNITS + 1}])
def test_impossible_counts(counts: dict[str, int]) -> None:
    with pytest.raises(SpecError, match=r"at least one|at most"):
        common_centroid(counts)


def test_impossible_grids_and_owners() -> None:
    with pytest.raises(SpecError, match="rows is 0"):
        common_centroid({"a": 1}, rows=0)
    with pytest.raises(SpecError, match="no unit of 'c'"):
        common_centroid({"a": 1}).centroid("c")
