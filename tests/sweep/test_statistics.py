"""Figures of samples against known distributions; simulated: intervals contain the truth as often as they say."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from mirrorneuron.flows.variation import statistics
from mirrorneuron.flows.variation.statistics import (
    Contributions,
    Interval,
    Limits,
    area_factor,
    area_factor_for_sigma,
    contributions,
    gain,
    summarise,
    yield_of,
)
from mirrorneuron.pdk_sky130.errors import EvidenceError, SpecError
from numpy.typing import NDArray
from scipy import stats
from scipy.stats import qmc

Floats = NDArray[np.float64]
RUNS = 200


def _covered(interval_of: Callable[[np.random.Generator], Interval], truth: float, runs: int = RUNS) -> float:
    """How often an interval contains the truth."""
    generator = np.random.default_rng(20)
    return float(np.mean([truth in interval_of(generator) for _ in range(runs)]))


def _near(covered: float, level: float = 0.95, runs: int = RUNS) -> bool:
    """Whether that often is the level, within 4 standard deviations."""
    return abs(covered - level) < 4 * math.sqrt(level * (1 - level) / runs)


def _repelling(method: str, replicates: int, size: int, seed: np.random.Generator, dimensions: int = 4) -> Floats:
    """Replicates of normal samples that are not independent: (replicates * size, dimensions)."""
    drawn = []
    for _ in range(replicates):
        engine = (qmc.LatinHypercube if method == "lhs" else qmc.Sobol)(dimensions, rng=seed)
        drawn.append(stats.norm.ppf(engine.random(size)))
    return np.concatenate(drawn)


# Summaries


def test_the_figures_are_those_of_the_textbook() -> None:
    values = np.array([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0])
    found = summarise(values, percentiles=[50.0])
    assert (found.count, found.mean, found.minimum, found.maximum) == (8, 5.0, 2.0, 9.0)
    assert found.sigma == pytest.approx(math.sqrt(32 / 7))
    assert found.percentiles[0].value == 4.5
    # G1 = sqrt(n (n - 1)) / (n - 2) * m3 / m2^1.5 with m2 = 4, m3 = 5.25
    assert found.skewness == pytest.approx(math.sqrt(56) / 6 * 5.25 / 8)
    assert found.kurtosis == pytest.approx(float(stats.kurtosis(values, bias=False)))
    # t(0.975, 7) = 2.36462, chi2(0.025, 7) = 1.68987, chi2(0.975, 7) = 16.01276 in every table
    assert found.mean_interval.high - 5 == pytest.approx(2.36462 * found.sigma / math.sqrt(8), rel=1e-5)
    assert found.sigma_interval.low == pytest.approx(math.sqrt(32 / 16.01276), rel=1e-5)
    assert found.sigma_interval.high == pytest.approx(math.sqrt(32 / 1.68987), rel=1e-5)
    # The 1st and the 8th of 8 enclose the median with probability 1 - 2/256, the 2nd and 7th with 1 - 18/256 only.
    assert (found.percentiles[0].interval.low, found.percentiles[0].interval.high) == (2.0, 9.0)


DISTRIBUTIONS = {
    "normal": stats.norm(3, 2),
    "lognormal": stats.lognorm(0.5),
    "uniform": stats.uniform(-1, 2),
}


@pytest.mark.parametrize("name", list(DISTRIBUTIONS))
def test_intervals_contain_the_truth_as_often_as_they_say(name: str) -> None:
    distribution = DISTRIBUTIONS[name]
    generator = np.random.default_rng(3)
    found = [summarise(distribution.rvs(400, random_state=generator), percentiles=[2.5, 50, 97.5]) for _ in range(RUNS)]
    mean, sigma = distribution.mean(), distribution.std()
    assert _near(np.mean([mean in one.mean_interval for one in found]))
    assert np.mean([sigma in one.sigma_interval_any for one in found]) > (0.9 if name == "lognormal" else 0.93)
    for k, part in enumerate((0.025, 0.5, 0.975)):
        covered = float(np.mean([distribution.ppf(part) in one.percentiles[k].interval for one in found]))
        assert covered > 0.95 - 4 * math.sqrt(0.05 * 0.95 / RUNS)
    of_normal = float(np.mean([sigma in one.sigma_interval for one in found]))
    if name == "normal":
        assert _near(of_normal)
    else:  # it says that it holds for a normal distribution only
        assert abs(of_normal - 0.95) > 0.04


def test_an_interval_with_the_wrong_level_would_be_noticed() -> None:
    def of(generator: np.random.Generator) -> Interval:
        return summarise(generator.normal(size=50), level=0.8, percentiles=[]).mean_interval

    covered = _covered(of, 0.0)
    assert _near(covered, 0.8)
    assert not _near(covered, 0.95)


@pytest.mark.parametrize("method", ["lhs", "sobol"])
def test_replicates_give_the_intervals_of_repelling_samples(method: str) -> None:
    generator = np.random.default_rng(5)
    weights = np.array([3.0, 2.0, 1.0, 1.0])
    plain, ours = [], []
    for _ in range(80):
        values = _repelling(method, 8, 64, generator) @ weights
        plain.append(summarise(values, percentiles=[30]))
        ours.append(summarise(values, percentiles=[30], replicates=8))
    sigma = float(np.sqrt(weights @ weights))
    for truth, interval_of in (
        (0.0, lambda one: one.mean_interval),
        (sigma, lambda one: one.sigma_interval_any),
        (stats.norm.ppf(0.3) * sigma, lambda one: one.percentiles[0].interval),
    ):
        assert _near(np.mean([truth in interval_of(one) for one in ours]), runs=80)
    # Taken for independent, the mean's interval would be several times too wide.
    wide, narrow = (np.mean([one.mean_interval.high - one.mean_interval.low for one in some]) for some in (plain, ours))
    assert wide > 4 * narrow
    assert np.mean([0.0 in one.mean_interval for one in plain]) == 1.0


def test_replicates_of_independent_samples_do_as_well() -> None:
    def of(generator: np.random.Generator) -> Interval:
        return summarise(generator.normal(2, 3, 400), percentiles=[], replicates=10).sigma_interval_any

    assert _near(_covered(of, 3.0))


def test_percentiles_out_of_reach_have_no_bound() -> None:
    found = summarise(np.random.default_rng(1).normal(size=1000), percentiles=[0.1, 99.9])
    low, high = (one.interval for one in found.percentiles)
    assert low.low == -math.inf
    assert math.isfinite(low.high)
    assert high.high == math.inf
    data = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert data["percentiles"][0]["interval"]["low"] is None
    assert data["sigma_interval"]["method"] == "chi-square; for a normal distribution"


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_missing_sample_is_missing_evidence(value: float) -> None:
    values = np.arange(20.0)
    values[7] = value
    calls: list[Callable[[], Any]] = [
        lambda: summarise(values),
        lambda: yield_of(values, Limits(maximum=3)),
        lambda: contributions(np.random.default_rng(1).normal(size=(20, 2)), ["a", "b"], values),
        lambda: contributions(values[:, None], ["a"], np.arange(20.0)),
        lambda: gain(values, values),
    ]
    for call in calls:
        with pytest.raises(EvidenceError, match="1 of 20 numbers are missing or not finite, first in sample 7"):
            call()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: summarise([1.0, 2.0, 3.0]), "3 samples are too few"),
        (lambda: summarise(np.ones((4, 4))), "1 dimension"),
        (lambda: summarise(np.arange(10.0), replicates=3), "do not divide into 3"),
        (lambda: summarise(np.arange(10.0), replicates=10), "do not divide into 10"),
        (lambda: summarise(np.arange(10.0), level=95), "level=95"),
        (lambda: summarise(np.arange(10.0), percentiles=[100]), "percentile 100"),
    ],
)
def test_bad_input(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        call()


def test_samples_that_are_all_equal_are_no_evidence() -> None:
    with pytest.raises(EvidenceError, match="all 10 samples are 3: nothing varied"):
        summarise(np.full(10, 3.0))


def test_replicates_of_one_seed_are_no_evidence() -> None:
    values = np.random.default_rng(1).normal(size=20)
    with pytest.raises(EvidenceError, match="replicates 0 and 1 are equal"):
        summarise(np.concatenate([values, values]), replicates=2)
    with pytest.raises(EvidenceError, match="4 replicates are equal"):
        gain([1.0] * 4, [1.0, 2.0, 3.0, 4.0])


# Yield


def test_the_yield_is_clopper_and_pearsons() -> None:
    # 10 of 100 fail, 95 %: 0.8238 to 0.9510, as published for 10 of 100
    found = yield_of(np.arange(100.0), Limits(maximum=89.0))
    assert (found.passed, found.count, found.fraction) == (90, 100, 0.9)
    assert found.interval.low == pytest.approx(1 - 0.1762226, abs=1e-6)
    assert found.interval.high == pytest.approx(1 - 0.0490047, abs=1e-6)
    # None of n fails: 1 - (alpha / 2) ** (1 / n)
    assert yield_of(np.zeros(100), Limits(minimum=0.0)).interval.low == pytest.approx(0.025 ** (1 / 100))
    assert yield_of(np.zeros(100), Limits(minimum=0.0)).interval.high == 1.0
    assert yield_of(np.zeros(100), Limits(minimum=1.0)).interval.low == 0.0


@pytest.mark.parametrize("truth", [0.5, 0.9, 0.99])
def test_the_yields_interval_covers_at_least_as_often_as_it_says(truth: float) -> None:
    def of(generator: np.random.Generator) -> Interval:
        return yield_of(generator.random(200), Limits(maximum=truth)).interval

    assert 0.95 - 4 * math.sqrt(0.05 * 0.95 / 1000) < _covered(of, truth, runs=1000) < 0.995


def test_the_joint_yield_counts_samples_that_pass_all() -> None:
    samples = np.array([[0.0, 0.0], [0.0, 2.0], [2.0, 0.0], [2.0, 2.0], [0.5, 1.0]])
    found = yield_of(samples, [Limits(0.0, 1.0), Limits(maximum=1.0)])
    assert found.passed == 2
    assert [one.passed for one in found.each] == [3, 3]
    assert found.as_json()["each"][1]["fraction"] == 0.6


@pytest.mark.parametrize("truth", [0.3, 0.9, 0.999])
@pytest.mark.parametrize("method", ["lhs", "sobol"])
def test_the_yield_of_repelling_samples(method: str, truth: float) -> None:
    generator = np.random.default_rng(6)
    limit = Limits(maximum=float(stats.norm.ppf(truth) * 2))
    found = [yield_of(_repelling(method, 8, 64, generator).sum(axis=1), limit, replicates=8) for _ in range(80)]
    covered = float(np.mean([truth in one.interval for one in found]))
    assert covered > 0.95 - 4 * math.sqrt(0.05 * 0.95 / 80)
    if truth == 0.999:
        # Most runs have no failure at all; that is no certainty.
        assert all(one.interval.low < 1 for one in found)
        assert "Clopper-Pearson" in found[0].interval.method
    else:
        assert covered < 1.0


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: Limits(), "at least one limit"),
        (lambda: Limits(2.0, 1.0), "minimum <= maximum"),
        (lambda: Limits(math.nan, 1.0), "minimum <= maximum"),
        (lambda: yield_of(np.zeros((4, 2)), [Limits(1.0)]), "1 limits for samples of shape"),
        (lambda: yield_of([], Limits(1.0)), "0 samples are too few"),
    ],
)
def test_bad_limits(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        call()


# Contributions


def _shares(found: Contributions) -> dict[str, tuple[float, float]]:
    shares = {part.name: (part.share, part.error) for part in found.parts}
    return shares | {"rest": (found.unexplained.share, found.unexplained.error)}


def _simulated(
    n: int, p: int, curvature: float, runs: int, seed: int = 8
) -> tuple[dict[str, float], list[dict[str, tuple[float, float]]]]:
    """True shares of five devices of `p`, and those found in `runs` runs of `n` samples."""
    generator = np.random.default_rng(seed)
    slopes = np.zeros(p)
    slopes[:5] = [5, 3, 2, 1, 0.5]
    noise = 0.5
    variance = float(slopes @ slopes) + 2 * curvature**2 + noise**2
    names = [f"x{k}" for k in range(p)]
    true = {name: float(slope**2) / variance for name, slope in zip(names, slopes, strict=True)}
    true["rest"] = (2 * curvature**2 + noise**2) / variance
    found = []
    for _ in range(runs):
        x = generator.normal(size=(n, p))
        y = 7 + x @ slopes + curvature * (x[:, 0] ** 2 - 1) + noise * generator.normal(size=n)
        found.append(_shares(contributions(x, names, y, sigmas=np.ones(p))))
    return true, found


@pytest.mark.parametrize(
    ("n", "p", "curvature"), [(400, 20, 0.0), (400, 20, 3.0), (60, 40, 0.0), (200, 400, 0.0), (200, 400, 2.0)]
)
def test_shares_are_right_and_their_errors_too(n: int, p: int, curvature: float) -> None:
    runs = 120
    true, found = _simulated(n, p, curvature, runs)
    for name in ("x0", "x1", "x2", "x3", "x9", "rest"):
        shares, errors = np.array([one[name] for one in found]).T
        # No bias: the mean is the truth within its own uncertainty; errors are the scatter.
        assert abs(shares.mean() - true[name]) < 4 * shares.std() / math.sqrt(runs) + 1e-5
        covered = np.mean(np.abs(shares - true[name]) < 1.96 * errors)
        assert covered > 0.82
        assert errors.mean() < 3 * shares.std() + 1e-4
    for one in found:
        assert sum(share for share, _ in one.values()) == pytest.approx(1.0)


def test_the_largest_comes_first_and_slopes_are_the_circuits() -> None:
    generator = np.random.default_rng(2)
    x = generator.normal(size=(300, 3)) * [1e-3, 5e-3, 2e-3]
    found = contributions(x, ["a.vth", "b.vth", "c.vth"], 1.0 + x @ [20.0, -10.0, 0.0])
    assert [part.name for part in found.parts] == ["b.vth", "a.vth", "c.vth"]
    assert [part.slope for part in found.parts] == pytest.approx([-10.0, 20.0, 0.0], abs=1e-9)
    assert [part.share for part in found.parts] == pytest.approx([50**2 / 2900, 20**2 / 2900, 0.0], abs=0.04)
    assert found.unexplained.share == pytest.approx(0.0, abs=1e-9)
    assert (found.method, found.count) == ("regression", 300)


def test_parameters_of_a_device_are_added_up() -> None:
    x = np.random.default_rng(2).normal(size=(500, 4))
    names = ["top.m1.vth", "top.m1.beta", "top.m2.vth", "process"]
    found = contributions(x, names, x @ [1.0, 1.0, 3.0, 1.0]).by_device()
    assert [part.name for part in found.parts] == ["top.m2", "top.m1", "process"]
    assert found.parts[1].share == pytest.approx(2 / 12, abs=0.05)
    by_kind = contributions(x, names, x @ [1.0, 1.0, 3.0, 1.0]).by_device(lambda name: name.rpartition(".")[2])
    assert [part.name for part in by_kind.parts] == ["vth", "beta", "process"] or by_kind.parts[0].name == "vth"
    assert sum(part.share for part in found.parts) + found.unexplained.share == pytest.approx(1.0)


def test_what_is_not_linear_is_said_to_be_unexplained() -> None:
    x = np.random.default_rng(4).normal(size=(2000, 2))
    found = contributions(x, ["a", "b"], x[:, 0] * x[:, 1])
    assert found.unexplained.share == pytest.approx(1.0, abs=4 * found.unexplained.error + 0.01)


def test_fewer_samples_than_parameters_use_the_correlations() -> None:
    x = np.random.default_rng(4).normal(size=(100, 300))
    found = contributions(x, [f"x{k}" for k in range(300)], x[:, 17] + 0.1 * x[:, 5])
    assert found.method == "correlation"
    assert found.parts[0].name == "x17"
    assert found.parts[0].share == pytest.approx(1.0, abs=3 * found.parts[0].error)
    # With so few samples the sum over 300 parameters is vague, and says so.
    assert found.unexplained.error > 0.1


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"names": ["a"]}, SpecError, "1 names"),
        ({"names": ["a", "a", "b"]}, SpecError, "2 different"),
        ({"output": np.arange(11.0)}, SpecError, "do not fit"),
        ({"output": np.ones(30)}, EvidenceError, "the output does not vary"),
        ({"parameters": np.ones((30, 3))}, EvidenceError, "a does not vary in the 30"),
        ({"parameters": np.arange(30.0)[:, None] * [1.0, 2.0, 3.0]}, EvidenceError, "not independent"),
        ({"sigmas": [1.0, 0.0, 1.0]}, SpecError, "3 numbers above 0"),
        ({"method": "lasso"}, SpecError, "choose auto, regression or correlation"),
    ],
)
def test_bad_parameters(change: dict[str, Any], error: type[Exception], said: str) -> None:
    generator = np.random.default_rng(1)
    good = {"parameters": generator.normal(size=(30, 3)), "names": ["a", "b", "c"], "output": generator.normal(size=30)}
    with pytest.raises(error, match=said):
        contributions(**(good | change))


def test_too_few_samples_for_a_regression() -> None:
    x = np.random.default_rng(1).normal(size=(12, 10))
    with pytest.raises(SpecError, match="12 samples are too few for the regression of 10"):
        contributions(x, [str(k) for k in range(10)], x[:, 0], method="regression")


# Area


@pytest.mark.parametrize(("share", "wanted"), [(0.6, 0.3), (0.2, 0.5), (0.05, 0.01)])
def test_the_area_factor_brings_the_wanted_share(share: float, wanted: float) -> None:
    generator = np.random.default_rng(9)
    factor = area_factor(share, wanted)
    assert (factor > 1) == (wanted < share)
    # Pelgrom: sigma of that device falls by the root of the area.
    x = generator.normal(size=(40000, 2)) * [math.sqrt(share / factor), math.sqrt(1 - share)]
    assert contributions(x, ["a", "b"], x.sum(axis=1), method="regression").parts[
        0 if wanted > 0.5 else -1
    ].share == pytest.approx(min(wanted, 1 - wanted) if wanted != 0.5 else 0.5, abs=0.015)


def test_the_area_factor_brings_the_wanted_sigma() -> None:
    factor = area_factor_for_sigma(0.6, 0.8)
    assert math.sqrt(0.4 + 0.6 / factor) == pytest.approx(0.8)
    with pytest.raises(SpecError, match=r"no less than 0\.6325 of its present value, not to 0\.5"):
        area_factor_for_sigma(0.6, 0.5)


@pytest.mark.parametrize(("share", "wanted"), [(0.0, 0.5), (1.0, 0.5), (0.5, 0.0), (0.5, 1.0), (-0.01, 0.5)])
def test_shares_without_an_area(share: float, wanted: float) -> None:
    with pytest.raises(SpecError, match="between 0 and 1"):
        area_factor(share, wanted)


# Gain


def test_the_gain_is_the_ratio_of_variances_with_its_interval() -> None:
    def of(generator: np.random.Generator) -> Interval:
        return gain(generator.normal(5, 1, 20), generator.normal(5, 3, 20)).interval

    assert _near(_covered(of, 9.0))
    found = gain([1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 8.0])
    assert found.value == pytest.approx(4.0)


def test_a_latin_hypercube_gains_on_a_linear_output() -> None:
    generator = np.random.default_rng(7)
    weights = np.array([3.0, 2.0, 1.0, 1.0])
    ours = [float((_repelling("lhs", 1, 64, generator) @ weights).mean()) for _ in range(20)]
    plain = [float((generator.normal(size=(64, 4)) @ weights).mean()) for _ in range(20)]
    assert gain(ours, plain).interval.low > 5
    assert 1.0 in gain(plain, [float((generator.normal(size=(64, 4)) @ weights).mean()) for _ in range(20)]).interval


def test_all_public_names_are_there() -> None:
    for name in statistics.__all__:
        assert hasattr(statistics, name)
