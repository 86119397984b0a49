"""Characterization: corners, samples, what the spread comes from, yields that must be proven, bad input."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from mirrorneuron.flows import characterize as step
from mirrorneuron.flows import cli
from mirrorneuron.flows.build import build
from mirrorneuron.flows.characterize import page as characterize_report
from mirrorneuron.flows.compute.executor import LocalExecutor
from mirrorneuron.flows.variation.sampling import Samples, Variation
from mirrorneuron.generators import catalog
from mirrorneuron.pdk_sky130.errors import FileError, InputError, SpecError

SETTINGS = ("ratios=[1,4]", "w=2", "l=2")


def spec_of(*settings):
    return catalog.load("matched_array", settings or SETTINGS)


@pytest.fixture(scope="module")
def netlist(tmp_path_factory):
    return build(spec_of(), tmp_path_factory.mktemp("built")).spice


@pytest.fixture(scope="module")
def found(netlist, tmp_path_factory):
    return step.characterize(
        spec_of(),
        netlist,
        step.Study(conditions=step.conditions_of(["tt", "ss"], [27.0, -40.0]), variation=Variation(300, seed=7)),
        executor=LocalExecutor(2),
        folder=tmp_path_factory.mktemp("kept"),
    )


def test_corners(found):
    assert list(found.corners) == ["tt 27C", "tt -40C", "ss 27C", "ss -40C"]
    assert all(abs(numbers["ratio_d1"]) < 1e-6 for numbers in found.corners.values())


def test_the_spread_is_pelgroms(found):
    """A unit against four: the variances of one and of a quarter; shares of 4/5 and 1/5."""
    sigma = found.summaries["ratio_d1"]
    first, second = found.contributions["ratio_d1"].parts[:2]
    assert (first.name, second.name) == ("xarray_d0", "xarray_d1")
    assert first.share == pytest.approx(0.8, abs=4 * first.error)
    assert second.share == pytest.approx(0.2, abs=4 * second.error)
    assert 2 < sigma.sigma_interval_any.low < sigma.sigma < sigma.sigma_interval_any.high < 6
    assert np.allclose(found.drawn["ratio_worst"], np.abs(found.drawn["ratio_d1"]))


def test_four_times_the_area_halves_it(netlist, found, tmp_path):
    large = spec_of("ratios=[1,4]", "w=4", "l=4")
    other = step.characterize(
        large, build(large, tmp_path).spice, step.Study(variation=Variation(300, seed=8)), executor=LocalExecutor(2)
    )
    ratio = found.summaries["ratio_d1"].sigma / other.summaries["ratio_d1"].sigma
    # Two sigmas of 300 samples each: 4.1 % of their ratio.
    assert ratio == pytest.approx(2, rel=4 * math.sqrt(2 / (2 * 299)))


def test_what_is_kept(found, netlist):
    saved = Samples.load(Path(found.files["samples"]))
    assert len(saved) == 300
    record = json.loads(Path(found.files["json"]).read_text())
    assert record["passed"]
    assert record["mismatch"]["samples"] == 300
    assert record["mismatch"]["seeds"] == [7]
    assert record["mismatch"]["guard_band"] >= 1
    assert record["mismatch"]["statistics"]["ratio_d1"]["sigma"] == pytest.approx(found.summaries["ratio_d1"].sigma)


def test_the_same_seed_gives_the_same_on_any_number_of_workers(netlist):
    study = step.Study(variation=Variation(60, seed=3))
    drawn = [step.characterize(spec_of(), netlist, study, executor=LocalExecutor(jobs)).drawn for jobs in (1, 2)]
    assert np.array_equal(drawn[0]["ratio_d1"], drawn[1]["ratio_d1"])


def test_sobol_is_judged_by_replicates(netlist):
    found = step.characterize(
        spec_of(), netlist, step.Study(variation=Variation(256, seed=1, method="sobol")), executor=LocalExecutor(2)
    )
    assert len(found.samples) == 8
    assert found.summaries["ratio_d1"].replicates == 8
    with pytest.raises(SpecError, match=r"100 samples by lhs: .* multiple of 8"):
        step.characterize(spec_of(), netlist, step.Study(variation=Variation(100, seed=1, method="lhs")))


def limit(**fields):
    return step.SpreadLimit(**{"value": "ratio_worst", "yield": 0.9, **fields})


@pytest.mark.parametrize(
    ("limits", "passed"),
    [
        (limit(max=30.0), True),
        (limit(max=1.0), False),
        # 60 samples cannot prove 99 %, however good they all are.
        (limit(max=30.0, **{"yield": 0.99}), False),
    ],
)
def test_a_yield_must_be_proven(netlist, limits, passed):
    found = step.characterize(
        spec_of(), netlist, step.Study(variation=Variation(60, seed=3), limits=[limits]), executor=LocalExecutor(2)
    )
    assert found.passed is passed
    assert found.checks[-1].passed is passed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("spread: 3", "spread must be a list"),
        ("spread: [3]", r"spread 1 is 3"),
        ("spread: [{value: ratio_worst, max: 1}]", "yield: Field required"),
        ("spread: [{value: ratio_worst, yield: 0.9}]", "needs min, max, or both"),
        ("spread: [{value: ratio_worst, min: 2.0, max: 1.0, yield: 0.9}]", "min below max"),
        ("spread: [{value: ratio_worst, max: 1.0, yield: 1.5}]", "less than 1"),
        ("spread: [{value: nothing, max: 1.0, yield: 0.9}]", "no value nothing; there are ratio_d1, ratio_worst"),
        ("a: [", "YAML"),
        ("spread: []\nspread: []", "spread is there twice"),
    ],
)
def test_bad_limits(tmp_path, text, message):
    path = tmp_path / "x.targets.yaml"
    path.write_text(text)
    with pytest.raises(SpecError, match=message):
        step.limits_of(path, step.quantities_of(spec_of()))
    with pytest.raises(FileError, match="cannot be read"):
        step.limits_of(tmp_path / "none.yaml", {})


def test_a_cell_without_a_spread_is_refused(netlist):
    with pytest.raises(InputError, match="no testbench for synapse_array"):
        step.quantities_of(catalog.load("synapse_array"))


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        cli.main(["characterize", "matched_array", *arguments])
    out, err = capsys.readouterr()
    return ended.value.code, out, err


def test_the_command(capsys, tmp_path):
    settings = [argument for setting in SETTINGS for argument in ("--set", setting)]
    where = ["--out", str(tmp_path), "--corners", "tt", "--temperatures", "27", "--mismatch", "40", "--json"]
    status, out, _ = run(capsys, *settings, *where)
    record = json.loads(out)
    assert status == 0
    assert record["passed"]
    assert list(record["corners"]) == ["tt 27C"]
    assert record["mismatch"]["samples"] == 40


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--corners", "xx"), "corner 'xx' does not exist"),
        (("--temperatures", "hot"), "--temperatures hot: must be numbers"),
        (("--temperatures", "200"), "temperature 200.0 C is outside"),
        (("--mismatch", "10", "--method", "guess"), "method 'guess' does not exist"),
        (("--mismatch", "3"), "3 samples by random: at least 4 are needed"),
        (("--mismatch", "16", "--method", "sobol"), "16 samples by sobol: at least 32 are needed"),
        (("--supplies", "1.8"), "no voltage source on vdd"),
    ],
)
def test_bad_arguments(capsys, tmp_path, arguments, message):
    status, _, err = run(capsys, "--out", str(tmp_path), *arguments)
    assert status == 2
    assert message in err


def test_the_page(found):
    text = Path(found.files["report"]).read_text(encoding="utf-8")
    assert "MEASURED" in text  # without limits nothing has passed
    for told in ("Ratio error of d1 to d0", "xarray_d0", "ss -40C", "Guard band", "seed 7", "ngspice"):
        assert told in text
    assert f"{found.summaries['ratio_d1'].sigma:.4g}" in text
    assert text.count("<svg") == 2
    assert not re.search(r'(src|href)="(?!#|data:)', text)
    assert found.ways
    assert characterize_report.render(found) == text


def test_the_page_of_a_broken_limit(netlist, tmp_path):
    limits = [limit(max=0.1)]
    broken = step.characterize(
        spec_of(),
        netlist,
        step.Study(variation=Variation(20, seed=1), limits=limits),
        executor=LocalExecutor(2),
        folder=tmp_path,
    )
    assert not broken.passed
    text = Path(broken.files["report"]).read_text(encoding="utf-8")
    assert "FAILED" in text
    assert "What failed" in text
