"""Figures of patterns: against hand calculation, and against fields that were really drawn."""

from __future__ import annotations

from math import exp, sqrt

import numpy as np
import pytest
from mirrorneuron.generators.placement import Pattern, block, common_centroid
from mirrorneuron.generators.placement.metrics import (
    centroid_offset,
    correlated_mismatch,
    dispersion,
    gradient_residual,
    largest_offset,
    neighbourhoods,
    summary,
    wiring,
)
from mirrorneuron.pdk_sky130.errors import SpecError
from numpy.typing import NDArray


def at(*cells: tuple[float, float]) -> NDArray[np.float64]:
    return np.array(cells, dtype=np.float64)


ABBA = {"a": at((-1.5, 0), (1.5, 0)), "b": at((-0.5, 0), (0.5, 0))}
AABB = {"a": at((0, 0), (1, 0)), "b": at((2, 0), (3, 0))}


def test_offsets_are_from_the_mean_of_all_units() -> None:
    assert centroid_offset(AABB) == {"a": (-1.0, 0.0), "b": (1.0, 0.0)}
    assert largest_offset(AABB) == 1.0
    assert largest_offset({"a": at((0, 0), (0, 2)), "b": at((3, 0), (3, 10))}) == pytest.approx(2.5)
    assert largest_offset(ABBA) == 0.0


def test_residuals_are_those_of_a_field_with_that_gradient() -> None:
    assert gradient_residual(ABBA)["a"].xx == pytest.approx(1.0)
    assert gradient_residual(ABBA)["b"].xx == pytest.approx(-1.0)
    places = {"a": at((0, 0), (5, 1), (2, 7)), "b": at((1, 1), (3, 2))}
    xy = np.concatenate(list(places.values()))
    for name, residual in gradient_residual(places).items():
        x, y = (places[name] - xy.mean(axis=0)).T
        all_x, all_y = (xy - xy.mean(axis=0)).T
        for found, f in (
            (residual.x, lambda p, q: p),
            (residual.y, lambda p, q: q),
            (residual.xx, lambda p, q: p * p),
            (residual.xy, lambda p, q: p * q),
            (residual.yy, lambda p, q: q * q),
        ):
            field = 1 + 0.01 * f(x, y)
            assert found == pytest.approx(100 * (field.mean() - (1 + 0.01 * f(all_x, all_y)).mean()))
    assert gradient_residual(AABB)["a"].first_order == 1.0
    assert gradient_residual(ABBA)["b"].second_order == 1.0


def test_dispersion_is_one_for_owners_that_are_spread_like_all() -> None:
    assert dispersion(ABBA) == pytest.approx({"a": sqrt(2.25 / 1.25), "b": sqrt(0.25 / 1.25)})
    spread = dispersion(common_centroid({"a": 4, "b": 4}, rows=1).places())
    assert spread == pytest.approx({"a": 1.0, "b": 1.0})
    assert dispersion({"a": at((4, 4))}) == {"a": 0.0}


def test_mismatch_of_two_units() -> None:
    for distance in (0.1, 1.0, 7.0):
        found = correlated_mismatch({"a": at((0, 0)), "b": at((0, distance))}, 3.0)
        assert found.between[0, 1] == pytest.approx(sqrt(2 - 2 * exp(-distance / 3)))
        assert found.owner[0] == pytest.approx(found.between[0, 1] / 2)
        assert found.owners == ("a", "b")


def test_mismatch_is_what_random_fields_have() -> None:
    places = common_centroid({"a": 3, "b": 5, "c": 8}, rows=2).places((1.0, 2.0))
    places["c"] = places["c"] + at((0.5, 0))
    xy = np.concatenate(list(places.values()))
    covariance = np.exp(-np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)) / 4.0)
    fields = np.random.default_rng(1).standard_normal((40_000, len(xy))) @ np.linalg.cholesky(covariance).T
    mean = np.stack([part.mean(axis=1) for part in np.split(fields, [3, 8], axis=1)], axis=1)
    found = correlated_mismatch(places, 4.0)
    assert found.owner == pytest.approx((mean - fields.mean(axis=1, keepdims=True)).std(axis=0), rel=0.02)
    assert found.between[0, 2] == pytest.approx((mean[:, 0] - mean[:, 2]).std(), rel=0.02)
    assert found.between.diagonal() == pytest.approx(0, abs=1e-6)


def test_mismatch_of_the_largest_array() -> None:
    places = block({"a": 2048, "b": 2048}, rows=64).places()
    found = correlated_mismatch(places, 64.0)
    assert found.between[0, 1] > 10 * correlated_mismatch(common_centroid({"a": 32, "b": 32}).places(), 64.0).owner[0]


def test_neighbours_and_row_ends() -> None:
    pattern = Pattern(((None, "a", "b", None), (None, "a", "a", "b")))
    found = neighbourhoods(pattern)
    assert (found["a"].own, found["a"].other, found["a"].dummy, found["a"].outside) == (4 / 12, 3 / 12, 2 / 12, 3 / 12)
    assert (found["b"].own, found["b"].other, found["b"].dummy, found["b"].outside) == (0, 3 / 8, 2 / 8, 3 / 8)
    assert (found["a"].row_ends, found["b"].row_ends) == (2, 2)


def test_wires_reach_from_the_left_edge_to_the_last_unit_of_each_row() -> None:
    pattern = Pattern((("a", "b", "a", "b"), ("a", "a", None, None), (None, None, None, None)))
    assert wiring(pattern).tracks == (2, 1, 0)
    assert wiring(pattern).length == 2.5 + 3.5 + 1.5
    assert wiring(pattern, (4.0, 9.0)).length == 4 * 7.5


def test_the_summary_holds_what_the_functions_say() -> None:
    pattern = common_centroid({"a": 4, "b": 8}, rows=2)
    found = summary(pattern, (2.0, 3.0), 5.0)
    places = pattern.places((2.0, 3.0))
    assert (found.units, found.rows, found.columns, found.dummies) == (12, 2, 8, 4)
    assert found.offset == 0.0
    assert found.mismatch == correlated_mismatch(places, 5.0).owner.max()
    assert found.second_order == max(r.second_order for r in gradient_residual(places).values())
    assert (found.dispersion_min, found.dispersion_max) == (
        min(dispersion(places).values()),
        max(dispersion(places).values()),
    )
    assert found.tracks == max(wiring(pattern).tracks)
    assert found.as_json()["wire_length"] == wiring(pattern, (2.0, 3.0)).length
    assert summary(pattern).correlation_length == pytest.approx(sqrt(64 + 4))


def test_a_moved_unit_shows_in_every_figure() -> None:
    good = Pattern((("a", "b", "b", "a", "b", "a", "a", "b"),))
    bad = Pattern((("a", "a", "b", "b", "b", "a", "a", "b"),))
    assert summary(good).offset == 0 < summary(bad).offset
    assert summary(good).second_order == 0 < summary(bad).second_order
    assert summary(good).mismatch < summary(bad).mismatch


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ({}, "no owner has a place"),
        ({"a": np.zeros((0, 2))}, "places of a have the shape .0, 2."),
        ({"a": np.zeros((3, 3))}, "places of a have the shape .3, 3."),
        ({"a": np.zeros(2)}, "places of a"),
        ({"a": at((0, float("nan")))}, "finite numbers"),
    ],
)
def test_places_that_are_none(places: dict[str, NDArray[np.float64]], message: str) -> None:
    for measure in (centroid_offset, gradient_residual, dispersion, lambda p: correlated_mismatch(p, 1.0)):
        with pytest.raises(SpecError, match=message):
            measure(places)


def test_lengths_and_patterns_that_are_none() -> None:
    for length in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(SpecError, match="correlation length is"):
            correlated_mismatch(ABBA, length)
    for measure in (neighbourhoods, wiring, summary):
        with pytest.raises(SpecError, match="holds no unit"):
            measure(Pattern(((None, None),)))
    with pytest.raises(SpecError, match="pitch is"):
        wiring(Pattern((("a",),)), (0.0, 1.0))
