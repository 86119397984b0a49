"""Targets and what is held against them."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path

import pytest
from mirrorneuron.flows import judge
from mirrorneuron.flows.judge import Target
from mirrorneuron.flows.testbenches import registry
from mirrorneuron.flows.testbenches.neuron.bench import BENCH
from mirrorneuron.flows.testbenches.neuron.quantities import LAYOUT_ONLY, QUANTITIES
from mirrorneuron.generators import catalog
from mirrorneuron.pdk_sky130.errors import FileError, SpecError

from .conftest import measurement

EXAMPLES = Path(__file__).parents[2] / "examples"
POWER = Target(value="power_mid", max=30.0)
OUTPUT = Target(value="output_high", min=0.9)
SLOPE = Target(value="slope", min=0.4, typ=0.5, max=0.6)


@pytest.mark.parametrize(
    ("target", "value", "passed", "margin"),
    [
        (POWER, 29.0, True, 1.0),
        (POWER, 30.0, True, 0.0),
        (POWER, 30.001, False, -0.001),
        (OUTPUT, 1.0, True, 0.1),
        (OUTPUT, 0.9, True, 0.0),
        (OUTPUT, 0.899, False, -0.001),
        (SLOPE, 0.52, True, 0.08),
        (SLOPE, 0.45, True, 0.05),
        (SLOPE, 0.39, False, -0.01),
        (SLOPE, 0.61, False, -0.01),
    ],
)
def test_limits(target: Target, value: float, passed: bool, margin: float) -> None:
    (found,) = judge.judge(BENCH, [target], None, measurement(**{target.value: value}))
    assert (found.passed, found.margin) == (passed, pytest.approx(margin))
    check = found.check()
    assert (check.step, check.passed, check.value, check.limit) == ("judge", passed, value, target.limit(value))
    assert check.unit == QUANTITIES[target.value].unit


def test_both_limits_and_what_is_typical_are_told() -> None:
    (found,) = judge.judge(BENCH, [SLOPE], None, measurement(slope=0.45))
    assert SLOPE.limits_text("1/uA") == "0.4 to 0.6 1/uA (typ 0.5)"
    assert (found.check().limit, SLOPE.limit()) == (0.4, 0.6)
    assert "typically 0.5" in found.check().detail


def test_a_missing_number_fails_and_says_why() -> None:
    lacking = measurement(missing={"power_mid": "the supply went away"})
    (found,) = judge.judge(BENCH, [POWER], measurement(power_mid=1.0), lacking)
    assert not found.passed
    assert found.schematic == 1.0
    check = found.check()
    assert (check.passed, check.value) == (False, None)
    assert "the supply went away" in check.detail


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_missing(number: float) -> None:
    for target in (POWER, OUTPUT):
        (found,) = judge.judge(BENCH, [target], None, measurement(**{target.value: number}))
        assert not found.passed
        assert found.value is None


def test_nothing_measured_fails_everything() -> None:
    found = judge.judge(BENCH, judge.targets(BENCH), None, None)
    assert found
    assert not any(one.passed for one in found)
    assert all("not simulated" in one.check().detail for one in found)
    assert not any(one.passed for one in judge.judge(BENCH, judge.targets(BENCH), None, None, of_layout=False))


def test_the_number_after_layout_decides() -> None:
    good, bad = measurement(power_mid=10.0), measurement(power_mid=50.0)
    assert not judge.judge(BENCH, [POWER], good, bad)[0].passed
    assert judge.judge(BENCH, [POWER], bad, good)[0].passed
    # Without the layout's number the schematic's does not step in.
    assert not judge.judge(BENCH, [POWER], good, None)[0].passed


def test_a_schematic_alone_is_judged_by_what_it_has() -> None:
    found = judge.judge(BENCH, judge.targets(BENCH), measurement(sum_error_rms=0.5), None, of_layout=False)
    assert not {one.target.value for one in found} & set(LAYOUT_ONLY)
    assert [one.target.value for one in found if not one.passed] == ["sum_error_rms"]


def test_the_targets_of_the_reference_neuron() -> None:
    chosen = judge.targets(BENCH, judge.companion(str(EXAMPLES / "neuron4.yaml")))
    assert {target.value: target.max for target in chosen} == {
        "sum_error_rms": 0.2,
        "sum_error_after_layout": 0.1,
        "sum_shift_after_layout": 1.0,
        "corner_sum_error_rms": 1.0,
        "unreferred": 10.0,
        "flat_output_error": 1.0,
        "fit_rms": 0.5,
        "slope_drift": 5.0,
        "settling_full": 0.5,
        "settling_small": 0.5,
        "excursions": 0.0,
        "power_mid": 30.0,
    }


def test_a_users_target_replaces_the_one_of_the_same_value(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("targets:\n  - {value: sum_error_rms, max: 0.05}\n  - {value: slope, min: 1, name: Steepness}\n")
    chosen = {target.value: target for target in judge.targets(BENCH, path)}
    assert len(chosen) == len(judge.targets(BENCH)) + 1
    assert chosen["sum_error_rms"].max == 0.05
    assert (chosen["slope"].max, chosen["slope"].name) == (None, "Steepness")
    titles = [one.title for one in judge.judge(BENCH, [chosen["slope"], chosen["unreferred"]], None, None)]
    assert titles == ["Steepness", QUANTITIES["unreferred"].text]


def test_a_target_of_another_testbench_is_refused() -> None:
    with pytest.raises(SpecError, match="there is no value ratio_error; there are sum_error_rms"):
        judge.judge(BENCH, [Target(value="ratio_error", max=1.0)], None, None)


@pytest.mark.parametrize("cell", ["matched_array", "neuron"])
def test_every_testbench_is_that_of_a_cell_and_has_targets(cell: str) -> None:
    spec = catalog.load(cell)
    bench = registry.needed(spec)
    assert type(spec) is bench.spec
    assert set(bench.layout_only) < set(bench.quantities)
    chosen = judge.targets(bench)
    assert {target.value for target in chosen} <= set(bench.quantities)
    # The schematic's numbers are bounded, and those of the layout against it.
    assert {target.value in bench.layout_only for target in chosen} == {True, False}


def test_companion(tmp_path: Path) -> None:
    assert judge.companion("neuron") is None
    assert judge.companion(str(tmp_path / "a.yaml")) is None
    beside = tmp_path / "a.targets.yaml"
    beside.write_text("")
    assert judge.companion(str(tmp_path / "a.yaml")) == beside


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("targets: [", "no YAML"),
        ("", "targets: and a list"),
        ("targets: []", "targets: and a list"),
        ("targets: [{value: slope, min: 1}]\nextra: 1", "nothing else"),
        ("- value: slope", "targets: and a list"),
        ("targets: [5]", "target 1 is 5"),
        ("targets: [{max: 1}]", "target 1: value is missing"),
        ("targets: [{value: speed, max: 1}]", "no value speed; there are sum_error_rms"),
        ("targets: [{value: slope}]", "slope needs a limit: max, min, or both"),
        ("targets: [{value: slope, max: 1, min: 2}]", "slope: min, typ and max must rise"),
        ("targets: [{value: slope, max: 1, typ: 2}]", "slope: min, typ and max must rise"),
        ("targets: [{value: slope, max: one}]", "max is 'one'"),
        ("targets: [{value: slope, max: .nan}]", "max is nan"),
        ("targets: [{value: slope, max: true}]", "max is True"),
        ("targets: [{value: power_mid, max: 3, unit: mW}]", "power_mid is in uW, not in mW"),
        ("targets: [{value: slope, max: 3, limit: 2}]", "limit is no field of a target"),
        ("targets: [{value: slope, max: 3}, {value: slope, max: 4}]", "target 2: slope has a target already"),
    ],
)
def test_targets_that_cannot_be_used(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.targets.yaml"
    path.write_text(text)
    with pytest.raises(SpecError) as caught:
        judge.targets(BENCH, path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_targets_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"none\.yaml"):
        judge.targets(BENCH, tmp_path / "none.yaml")
    with pytest.raises(FileError, match="cannot be read"):
        judge.targets(BENCH, tmp_path)
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SpecError, match="no YAML"):
        judge.targets(BENCH, binary)


def test_the_default_targets_and_the_template_are_shipped() -> None:
    root = Path(__file__).parents[2]
    shipped = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    files = [
        path.relative_to(root)
        for package, patterns in shipped.items()
        for pattern in patterns
        for path in (root / package.removeprefix("mirrorneuron.").replace(".", "/")).glob(pattern)
    ]
    for cell in (name for name in catalog.names() if catalog.cell(name).family):
        assert {path.relative_to(root) for path in registry.needed(catalog.load(cell)).targets} <= {*files}
    assert Path("flows/reports/templates/report.html.j2") in files
