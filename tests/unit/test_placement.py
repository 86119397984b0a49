"""Common-centroid and named patterns."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from itertools import combinations, product
from math import exp, hypot, inf, nan
from time import process_time

import pytest
from mirrorneuron.generators.placement import MAX_UNITS, STYLES, Pattern, abba, block, common_centroid, interdigitated
from mirrorneuron.generators.placement.metrics import correlated_mismatch, largest_offset, summary, wiring
from mirrorneuron.pdk_sky130.errors import SpecError

Rows = tuple[tuple[str | None, ...], ...]


def rows_of(picture: str) -> Rows:
    """``"abba baab"``: rows from the bottom; a dot is a dummy."""
    return tuple(tuple(None if c == "." else c for c in row) for row in picture.split())


def body(pattern: Pattern, edge_columns: int = 1, edge_rows: int = 0) -> Rows:
    rows = pattern.rows[edge_rows : len(pattern.rows) - edge_rows]
    return tuple(row[edge_columns : len(row) - edge_columns] for row in rows)


def exact(pattern: Pattern) -> bool:
    return all(pattern.centroid(owner) == (0.0, 0.0) for owner in pattern.owners)


def possible(counts: list[int], rows: int) -> bool:
    """What parity allows: odd counts need odd sides, and only one single unit has the centre."""
    return counts.count(1) < 2 and (rows % 2 == 1 or not any(n % 2 for n in counts))


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5])
def test_two_owners_share_a_centroid_wherever_that_is_possible(rows: int) -> None:
    for a, b in product(range(1, 17), (1, 2, 3, 4, 7, 8, 15)):
        if rows > a + b:
            continue
        pattern = common_centroid({"a": a, "b": b}, rows=rows)
        assert (pattern.count("a"), pattern.count("b"), len(pattern.rows)) == (a, b, rows)
        assert exact(pattern) == possible([a, b], rows), (a, b)


def test_several_owners_share_a_centroid_if_one_of_them_at_most_is_single() -> None:
    for *counts, rows in product(range(1, 5), range(1, 5), range(2, 6), range(1, 4)):
        pattern = common_centroid(dict(zip("abc", counts, strict=True)), rows=rows)
        assert [pattern.count(name) for name in "abc"] == counts
        assert exact(pattern) == possible(counts, rows), (counts, rows)


def test_many_random_counts_are_exact_in_a_grid_of_ones_own_choice() -> None:
    choice = random.Random(1)
    for owners in (4, 7, 11, 16):
        counts = {f"o{i}": choice.randint(2, 15) for i in range(owners)} | {"one": 1}
        pattern = common_centroid(counts)
        assert exact(pattern), counts
        assert {owner: pattern.count(owner) for owner in counts} == counts


def test_even_rows_leave_an_odd_count_off_by_as_little_as_there_is() -> None:
    pattern = common_centroid({"a": 3, "b": 5}, rows=2)
    assert pattern.centroid("a")[0] == pattern.centroid("b")[0] == 0
    assert abs(pattern.centroid("a")[1]) == pytest.approx(0.5 / 3)
    assert abs(pattern.centroid("b")[1]) == pytest.approx(0.5 / 5)


def test_single_units_lie_beside_the_centre_where_the_pitch_is_smaller() -> None:
    assert body(common_centroid({"a": 1, "b": 1})) == rows_of("ab")
    assert body(common_centroid({"a": 1, "b": 1}, pitch=(3.0, 1.0))) == rows_of("a b")
    far = common_centroid({"a": 1, "b": 1, "c": 2}, rows=2, pitch=(5.0, 1.0))
    assert [abs(far.centroid(name)[1]) for name in "ab"] == [0.5, 0.5]
    assert far.centroid("a")[0] == far.centroid("b")[0] == 0


def test_what_needs_triples_that_are_not_opposite() -> None:
    """Thirteen cells in a row hold four threes in one way only: no two of them are mirror images."""
    (row,) = body(common_centroid(dict.fromkeys("abcd", 3), rows=1))
    assert len(row) == 13
    assert row[6] is None


@pytest.mark.parametrize(
    ("counts", "rows", "picture"),
    [
        ("ab", 1, "ab"),
        ("aabb", 1, "abba"),
        ("aabb", 2, "ab ba"),
        # The second moments agree too: Prouhet's partition of 1 to 8, by the sequence of Thue and Morse.
        ("aaaabbbb", 1, "abbabaab"),
        ("abb", 1, "bab"),
        ("aaabbbccc", 3, None),
    ],
)
def test_small_patterns_that_every_layouter_knows(counts: str, rows: int, picture: str | None) -> None:
    pattern = common_centroid({name: counts.count(name) for name in sorted(set(counts))}, rows=rows, edge_columns=0)
    assert exact(pattern) or counts == "ab"
    assert pattern.dummies == 0
    if picture:
        assert pattern.rows == rows_of(picture)


def test_the_grid_is_near_the_wanted_aspect() -> None:
    counts = {"a": 32, "b": 32}
    for aspect, shape in ((1, (8, 8)), (4, (4, 16)), (0.25, (16, 4)), (64, (1, 64))):
        grid = body(common_centroid(counts, aspect=aspect))
        assert (len(grid), len(grid[0])) == shape
    wide = body(common_centroid(counts, pitch=(4.0, 1.0)))
    assert (len(wide), len(wide[0])) == (16, 4)
    assert len(common_centroid(counts, max_rows=3).rows) <= 3
    assert len(common_centroid({"a": 3, "b": 4}, max_rows=2).rows) == 1


def test_a_chosen_grid_wastes_little() -> None:
    for a, b in product(range(2, 33, 3), range(2, 33, 5)):
        pattern = common_centroid({"a": a, "b": b}, edge_columns=0)
        assert pattern.dummies <= 3 + (a + b) // 6, (a, b, pattern.rows)


def test_dummies_inside_lie_at_the_ends_of_the_rows_alike_on_both_sides() -> None:
    for counts, rows in (({"a": 6, "b": 8}, 4), ({"a": 10, "b": 12}, 3), ({"a": 5, "b": 8, "c": 20}, 5)):
        grid = body(common_centroid(counts, rows=rows))
        for row, opposite in zip(grid, reversed(grid), strict=True):
            units = [x for x, name in enumerate(row) if name]
            assert None not in row[units[0] : units[-1]], grid
            assert [name is None for name in row] == [name is None for name in reversed(opposite)], grid


def test_dummies_around() -> None:
    pattern = common_centroid({"a": 4, "b": 4}, rows=2, edge_columns=2, edge_rows=1)
    assert (pattern.columns, len(pattern.rows)) == (8, 4)
    assert all(owner is None for owner in pattern.rows[0] + pattern.rows[-1])
    assert all(row[:2] == row[-2:] == (None, None) for row in pattern.rows)
    assert pattern.dummies == 32 - 8


def blind_error(cells: dict[str, list[tuple[int, int]]], columns: int, rows: int) -> float:
    """The objective without the wiring, from its definition in docs/placement.md."""
    places = [c for mine in cells.values() for c in mine]
    diagonal = hypot(columns, rows)
    mean = sum(x * x + y * y for x, y in places) / len(places)
    ends = {}
    for x, y in places:
        row = [p for p, q in places if q == y]
        ends[x, y] = 1 / (1 + (x - min(row)) / 2) + 1 / (1 + (max(row) - x) / 2)
    middle = sum(ends.values()) / len(ends)
    spread = max(0.1, (sum((e - middle) ** 2 for e in ends.values()) / len(ends)) ** 0.5)

    def field(u: tuple[int, int], v: tuple[int, int]) -> float:
        near = exp(-hypot(u[0] - v[0], u[1] - v[1]) / 2 / diagonal)
        return near + (u[0] * v[0] + u[1] * v[1]) ** 2 / mean**2 + 0.05 * ends[u] * ends[v] / spread**2

    whole = sum(field(u, v) for u in places for v in places) / len(places) ** 2
    total = 0.0
    for mine in cells.values():
        own = sum(field(u, v) for u in mine for v in mine) / len(mine) ** 2
        total += own + whole - 2 * sum(field(u, v) for u in mine for v in places) / len(mine) / len(places)
    return total


@pytest.mark.parametrize(
    "counts", [(4, 4), (3, 5), (2, 5, 5), (3, 4, 4), (2, 2, 3, 3), (1, 3, 3, 5), (5, 6), (2, 4, 6)]
)
def test_the_best_of_all_exact_patterns_is_found(counts: tuple[int, ...]) -> None:
    """In one row, where wiring does not differ, against every pattern with the same dummies."""
    (row,) = body(common_centroid({f"o{i}": n for i, n in enumerate(counts)}, rows=1))
    place = {i: 2 * i - len(row) + 1 for i, name in enumerate(row) if name}

    def cells(chosen: list[tuple[int, ...]]) -> dict[str, list[tuple[int, int]]]:
        return {str(i): [(x, 0) for x in each] for i, each in enumerate(chosen)}

    def patterns(left: list[int], at: int) -> list[list[tuple[int, ...]]]:
        if at == len(counts):
            return [[]]
        found = []
        for chosen in combinations(left, counts[at]):
            if sum(chosen) == 0:
                found += [[chosen, *rest] for rest in patterns([x for x in left if x not in chosen], at + 1)]
        return found

    mine = [tuple(place[i] for i, name in enumerate(row) if name == f"o{k}") for k in range(len(counts))]
    best = min(blind_error(cells(p), len(row), 1) for p in patterns(list(place.values()), 0))
    assert blind_error(cells(mine), len(row), 1) <= best * 1.001


@pytest.mark.parametrize("counts", [(8, 8), (4, 8, 16, 32), (3, 5, 7), (16, 16, 16, 16), (7, 9, 13, 21)])
def test_better_than_every_named_pattern(counts: tuple[int, ...]) -> None:
    owners = {f"o{i}": n for i, n in enumerate(counts)}
    ours = common_centroid(owners)
    length = hypot(ours.columns, len(ours.rows))
    mine = float(correlated_mismatch(ours.places(), length).owner.max())
    for make in (interdigitated, abba, block):
        other = make(owners, rows=len(ours.rows))
        assert mine < float(correlated_mismatch(other.places(), length).owner.max()) + 1e-9, make.__name__


def test_owners_that_need_not_be_in_every_row_are_not() -> None:
    counts = {f"o{i:02d}": 64 for i in range(16)}
    ours = summary(common_centroid(counts))
    assert ours.rows == 32
    assert ours.tracks <= 12
    assert sum(wiring(common_centroid(counts)).tracks) <= 32 * 8
    dealt = summary(interdigitated(counts, rows=32))
    assert dealt.tracks == 16
    assert ours.mismatch < dealt.mismatch / 2


@pytest.mark.parametrize(
    ("counts", "rows", "seconds"),
    [
        ({"a": 500, "b": 500}, None, 1),
        ({f"o{i}": 20 + i for i in range(24)}, None, 1),
        ({"a": 1, "b": 1, "c": 4094}, None, 10),
        ({f"o{i}": 64 for i in range(64)}, None, 10),
        ({"a": 2049, "b": 2047}, 63, 10),
    ],
)
def test_large_arrays_are_fast(counts: dict[str, int], rows: int | None, seconds: float) -> None:
    start = process_time()
    pattern = common_centroid(counts, rows=rows)
    assert process_time() - start < seconds
    assert largest_offset(pattern.places()) < 1e-9 or counts.get("a") == 1


def test_the_same_in_every_process() -> None:
    program = (
        "from mirrorneuron.generators.placement import common_centroid\n"
        "for counts in ({f'o{i}': 3 + i for i in range(9)}, {'a': 3, 'b': 5, 'c': 7}):\n"
        "    print(common_centroid(counts).rows)"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1


def test_owners_of_one_size_come_in_the_order_in_which_they_were_given() -> None:
    pattern = common_centroid(dict.fromkeys(("x", "b", "k"), 4), rows=2, edge_columns=0)
    assert list(dict.fromkeys(name for row in pattern.rows for name in row)) == ["x", "b", "k"]


def test_a_pattern_knows_its_units() -> None:
    pattern = Pattern(rows_of(".ab. .ba."))
    assert (pattern.owners, pattern.columns, pattern.dummies) == (("a", "b"), 4, 4)
    assert pattern.places((2.0, 3.0))["a"].tolist() == [[-1.0, -1.5], [1.0, 1.5]]
    assert str(pattern) == ". b a .\n. a b ."
    assert Pattern((("a", "b", "a"),)).centroid("a") == (0.0, 0.0)
    assert Pattern((("a", "a", "b"),)).centroid("a") == (-0.5, 0.0)
    assert Pattern((("a", "b"), ("b", "b"))).centroid("a") == (-0.5, -0.5)


@pytest.mark.parametrize(
    ("style", "rows", "picture"),
    [
        ("interdigitated", 1, "bcabcabcabc"),
        ("interdigitated", 2, "bcabc. abcabc"),
        ("abba", 2, None),
        ("block", 1, "aaabbbbcccc"),
        ("block", 2, "aaabb. bbcccc"),
    ],
)
def test_named_patterns(style: str, rows: int, picture: str | None) -> None:
    counts = {"a": 3, "b": 4, "c": 4}
    pattern = STYLES[style](counts, rows=rows, edge_columns=2, edge_rows=1)
    assert {name: pattern.count(name) for name in counts} == counts
    assert len(pattern.rows) == rows + 2
    if picture:
        assert body(pattern, 2, 1) == rows_of(picture)


def test_abba_rows_are_mirrored_one_against_the_next() -> None:
    assert body(abba({"a": 2, "b": 2})) == rows_of("abba")
    assert body(abba({"a": 4, "b": 4}, rows=2)) == rows_of("abba baab")
    assert body(abba({"a": 2, "b": 4, "c": 2})) == rows_of("bacbbcab")
    for row in body(abba({"a": 6, "b": 10, "c": 4}, rows=2)):
        assert row == row[::-1]


def test_named_patterns_fill_any_grid() -> None:
    for a, b, rows in product(range(1, 8), range(1, 8), range(1, 5)):
        if rows > a + b:
            continue
        for make in (interdigitated, abba, block):
            grid = body(make({"a": a, "b": b}, rows=rows))
            names = [name for row in grid for name in row]
            assert (names.count("a"), names.count("b"), len(grid)) == (a, b, rows)
            for row in grid:
                units = [x for x, name in enumerate(row) if name]
                assert None not in row[units[0] : units[-1]]


@pytest.mark.parametrize("style", sorted(STYLES))
@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({}, "at least one owner"),
        ({"a": 0}, "at least one unit for each"),
        ({"a": 1, "b": -1}, "at least one unit for each"),
        ({"a": MAX_UNITS, "b": 1}, f"{MAX_UNITS + 1} units in one array: at most {MAX_UNITS}; split the array"),
        ({"a": 2.0}, "a has 2.0 units: a count is a whole number"),
        ({"a": 2, "b": True}, "b has True units"),
        ({"a": nan}, "a has nan units"),
    ],
)
def test_impossible_counts(style: str, counts: dict[str, int], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        STYLES[style](counts)


@pytest.mark.parametrize("style", sorted(STYLES))
@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"rows": 0}, "rows is 0: "),
        ({"rows": 5}, "rows is 5: .*number of units"),
        ({"rows": 2.0}, "rows is 2.0"),
        ({"edge_columns": -1}, "edge_columns is -1: a whole number from 0 to 64"),
        ({"edge_rows": 65}, "edge_rows is 65"),
        ({"edge_rows": True}, "edge_rows is True"),
    ],
)
def test_impossible_grids(style: str, more: dict[str, int], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        STYLES[style]({"a": 2, "b": 2}, **more)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"max_rows": 0}, "max_rows is 0: a whole number, at least 1"),
        ({"max_rows": True}, "max_rows is True"),
        ({"rows": 3, "max_rows": 2}, "rows is 3 and max_rows is 2: give one of them"),
        ({"aspect": 0.0}, "aspect is 0.0: width over height, a number above 0"),
        ({"aspect": inf}, "aspect is inf"),
        ({"aspect": nan}, "aspect is nan"),
        ({"aspect": True}, "aspect is True"),
        ({"pitch": (1.0, 0.0)}, "pitch is .1.0, 0.0.: two lengths above 0"),
        ({"pitch": (nan, 1.0)}, "pitch is .nan, 1.0."),
        ({"pitch": (1.0,)}, "two lengths"),
        ({"pitch": (1.0, 1e4)}, "at most 1000 times the other"),
    ],
)
def test_impossible_wishes(more: dict[str, float], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        common_centroid({"a": 2, "b": 2}, **more)  # type: ignore[arg-type]


def test_nobody_has_no_centroid() -> None:
    with pytest.raises(SpecError, match="no unit of 'c'"):
        common_centroid({"a": 1}).centroid("c")
