"""What is measured on a neuron: on its circuit, on circuits with planted defects, and on transfers made by hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mirrorneuron.flows.simulate import Condition, conditions
from mirrorneuron.flows.testbenches.conditions import TEMPERATURES
from mirrorneuron.flows.testbenches.neuron import bench as neuron
from mirrorneuron.flows.testbenches.neuron.evaluate import settling_us
from mirrorneuron.flows.testbenches.neuron.measurement import NeuronMeasurement, OutputCurve, StepTrace
from mirrorneuron.flows.testbenches.neuron.plan import NeuronPlan
from mirrorneuron.flows.testbenches.neuron.quantities import LAYOUT_ONLY, QUANTITIES
from mirrorneuron.flows.testbenches.neuron.weighted_sum import WeightedSum, read_back
from mirrorneuron.generators import catalog
from mirrorneuron.generators.cells.neuron.spec import NeuronSpec
from mirrorneuron.pdk_sky130.errors import EvidenceError, NetlistError

FULL_SCALE = 2e-6


@pytest.fixture(autouse=True)
def few_conditions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neuron, "CONDITIONS", tuple(conditions(["tt"], TEMPERATURES)))


SPEC = NeuronSpec(name="pair", weights=[2, -1], reference_units=1)


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> NeuronMeasurement:
    """The pair without a fault."""
    path = tmp_path_factory.mktemp("good") / "netlist.spice"
    path.write_text(catalog.circuit_of(SPEC).flattened().to_spice())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neuron, "CONDITIONS", tuple(conditions(["tt"], TEMPERATURES)))
        return neuron.measure(SPEC, [path], jobs=2)[0]


@pytest.fixture
def bad(write: Callable[..., Path], good: NeuronMeasurement) -> Callable[[Callable[[str], str]], NeuronMeasurement]:
    """Measures the pair after a change of its netlist's text."""

    def _measure(change: Callable[[str], str]) -> NeuronMeasurement:
        text = good.netlist.read_text()
        changed = change(text)
        assert changed != text
        (found,) = neuron.measure(SPEC, [write(changed)], jobs=2)
        return found

    return _measure


def _replacing(pattern: str, replacement: str) -> Callable[[str], str]:
    return lambda text: re.sub(pattern, replacement, text, flags=re.M)


def _swapping(text: str) -> str:
    head, start, body = text.partition("\nXbias")
    return head + start + body.replace("iin0", "other").replace("iin1", "iin0").replace("other", "iin1")


def test_a_neuron_is_measured_wholly(good: NeuronMeasurement) -> None:
    found = good
    assert set(found.numbers) == set(QUANTITIES) - set(LAYOUT_ONLY)
    assert set(found.missing) == set(LAYOUT_ONLY)
    assert found.full_scale == pytest.approx(3e-6)
    assert found.limited == ()
    assert len(found.vectors.sums) >= 100
    assert [str(corner.condition) for corner in found.corners] == ["tt -40C", "tt 27C", "tt 125C"]
    # Loose limits: the sizes' own targets are judged elsewhere.
    assert found.numbers["sum_error_rms"] < 0.5
    assert found.numbers["sum_error_rms"] <= found.numbers["corner_sum_error_rms"]
    assert found.numbers["unreferred"] == 0
    assert found.numbers["fit_rms"] < 2
    assert 0.3 < found.numbers["slope"] < 3
    assert 5 < found.numbers["power_idle"] < found.numbers["power_mid"] < 30
    assert 0.5 < found.numbers["corner_output_min"] <= found.numbers["corner_output_max"] < 1.5
    assert 0 < found.numbers["settling_full"] < 2
    # Inputs excite or inhibit as their weights say, the one of weight 2 more.
    rise = {pin: curve.y[-1] - curve.y[0] for pin, curve in found.alone.items()}
    assert rise["iin0"] > -rise["iin1"] > 0
    assert found.as_json()["numbers"]["power_mid"]["unit"] == "uW"


def test_the_same_netlist_gives_the_same_numbers(good: NeuronMeasurement) -> None:
    (again,) = neuron.measure(SPEC, [good.netlist], jobs=2)
    assert again.numbers == good.numbers
    assert neuron.compared(good, again).numbers["sum_error_after_layout"] == 0


@pytest.mark.parametrize(
    "change",
    [
        _replacing(r"^(Xrow1_synapse_weight .* m=)1$", r"\g<1>2"),
        _replacing(r"^(Xrow0_synapse_weight .*) w=2 ", r"\1 w=2.2 "),
        _replacing(r"^(Xrow0_synapse_weight) colp ", r"\1 coln "),
        _swapping,
    ],
    ids=["a unit too many", "a unit too wide", "the wrong sign", "inputs swapped"],
)
def test_a_wrong_weight_is_seen(
    good: NeuronMeasurement, bad: Callable[[Callable[[str], str]], NeuronMeasurement], change: Callable[[str], str]
) -> None:
    compared = neuron.compared(good, bad(change))
    # Its own transfer shares the fault where one input alone has its sign; the schematic's does not.
    assert compared.numbers.get("sum_shift_after_layout", 100) > 1


def test_a_wrong_weight_among_others_is_an_error_of_the_sum(write: Callable[..., Path]) -> None:
    spec = NeuronSpec(name="three", weights=[2, 2, 3], reference_units=2)
    text = catalog.circuit_of(spec).flattened().to_spice()
    wrong = re.sub(r"^(Xrow0_synapse_weight .* m=)2$", r"\g<1>3", text, flags=re.M)
    assert wrong != text
    good, bad = (neuron.measure(spec, [write(one)], jobs=2)[0] for one in (text, wrong))
    assert bad.numbers["sum_error_rms"] > 1 > 2 * good.numbers["sum_error_rms"]
    assert neuron.compared(good, bad).numbers["sum_error_after_layout"] > 1


def test_a_dead_output_has_no_numbers(bad: Callable[[Callable[[str], str]], NeuronMeasurement]) -> None:
    found = bad(_replacing(r"^(Xsigmoid_output_cascode_cascode) iout ", r"\1 vdd "))
    for key in ("sum_error_rms", "corner_sum_error_rms", "fit_rms", "slope_drift", "settling_full", "excursions"):
        assert key not in found.numbers
        assert found.missing[key]
    assert found.numbers["unreferred"] == 100


def test_a_netlist_of_another_cell_is_refused(write: Callable[..., Path]) -> None:
    text = catalog.circuit_of(SPEC).flattened().to_spice()
    with pytest.raises(NetlistError, match=r"has no \.subckt pair.*more, other"):
        neuron.measure(SPEC, [write(text.replace("pair", "other") + ".subckt more a b\nR1 a b 1\n.ends\n")])
    with pytest.raises(NetlistError, match="no pin iin1"):
        neuron.measure(SPEC, [write(text.replace("iin1 iout", "other iout"))])


# The plan


@pytest.mark.parametrize(
    ("weights", "last", "first"),
    [
        # One input makes the sum, beyond its full scale if it must; else those of its sign together.
        ([1, 2, -3, 4], [0, 0, 0, 1.75], [0, 0, 1, 0]),
        ([1, 1, 1, -2, -2], [1, 1, 1, 0, 0], [0, 0, 0, 2, 0]),
        ([-3, 0], [0, 0], [1, 0]),
    ],
)
def test_reference_transfer(weights: list[int], last: list[float], first: list[float]) -> None:
    plan = NeuronPlan(NeuronSpec(weights=weights, reference_units=2))
    sums = plan.sums(plan.reference)
    assert np.all(np.diff(sums) > 0)
    assert plan.reference[-1] == pytest.approx(np.asarray(last) * 1e-6)
    assert plan.reference[0] == pytest.approx(np.asarray(first) * 1e-6)
    assert sums[-1] == pytest.approx(sum(w for w in weights if w > 0) / 2 * 1e-6)
    assert sums[0] == pytest.approx(sum(w for w in weights if w < 0) / 2 * 1e-6)
    assert plan.full_scale == pytest.approx(sum(map(abs, weights)) / 2 * 1e-6)


# Readings of transfers made by hand

SUMS = np.linspace(-1e-6, 1e-6, 41)
DRAWN = np.random.default_rng(3).uniform(-0.95e-6, 0.95e-6, 100)


def _logistic(sums: np.ndarray, slope: float = 3e6) -> np.ndarray:
    return 1e-6 / (1 + np.exp(-slope * sums))


def _read(reference: np.ndarray, outputs: np.ndarray) -> WeightedSum:
    return read_back(Condition(), OutputCurve(SUMS, reference), OutputCurve(DRAWN, outputs), FULL_SCALE)


def test_an_error_is_read_back_as_it_was_made() -> None:
    made = np.random.default_rng(4).normal(0, 1e-9, len(DRAWN))
    found = _read(_logistic(SUMS), _logistic(DRAWN + made))
    assert found.corner.rms == pytest.approx(100 * np.sqrt(np.mean(made**2)) / FULL_SCALE, rel=0.05)
    assert found.corner.largest == pytest.approx(100 * np.abs(made).max() / FULL_SCALE, rel=0.1)
    assert found.unreferred == 0


def test_outputs_in_the_flat_part_are_counted_and_bounded() -> None:
    reference = _logistic(SUMS, 30e6)
    expected = 100 * np.mean(np.abs(DRAWN) > 0.3e-6)
    found = _read(reference, _logistic(DRAWN, 30e6))
    assert found.unreferred == pytest.approx(expected, abs=8)
    assert found.flat_output_error < 0.1
    assert found.corner.rms is not None
    # One that is stuck where the sum says otherwise cannot hide there.
    stuck = _logistic(DRAWN, 30e6)
    stuck[0] = 1e-6 if DRAWN[0] < 0 else 0.0
    assert _read(reference, stuck).flat_output_error > 40


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        (_logistic(-SUMS), "does not rise"),
        (np.full_like(SUMS, 0.5e-6), "does not rise"),
        (np.where(SUMS > 0, 1e-6, 0.0), "points"),
    ],
    ids=["falling", "constant", "a switch"],
)
def test_a_transfer_that_cannot_be_read_backwards(reference: np.ndarray, problem: str) -> None:
    found = _read(reference, np.interp(DRAWN, SUMS, reference))
    assert (found.corner.rms, found.corner.largest, found.unreferred) == (None, None, 100)
    assert problem in found.problem


def test_a_transfer_that_turns_is_read_on_one_side_of_the_turn() -> None:
    reference = _logistic(SUMS)
    reference[30] = reference[28]
    found = _read(reference, np.interp(DRAWN, SUMS, reference))
    assert found.unreferred > 15


# Steps

TIME = np.linspace(0, 4.1e-6, 4101)


def _trace(kind: str, shape: Callable[[np.ndarray], np.ndarray]) -> StepTrace:
    """A step up at 0.1 us and back at 2.1 us, by a shape from 0 to 1 that begins at its time 0."""
    up = shape(np.maximum(TIME - 0.1e-6, 0))
    back = np.where(TIME > 2.1e-6, shape(np.maximum(TIME - 2.1e-6, 0)), 0)
    return StepTrace(kind, "iin0", 0.1e-6, 2.1e-6, 4.1e-6, TIME, 1e-7 + 4e-7 * (up - back))


def test_settling_is_the_longest() -> None:
    quick, slow = (_trace("full", lambda t, tau=tau: 1 - np.exp(-t / tau)) for tau in (2e-8, 1e-7))
    band = 0.01 * 4e-7
    assert settling_us([(quick, band)]) == pytest.approx(0.0921, rel=0.02)
    assert settling_us([(quick, band), (slow, band)]) == pytest.approx(0.4605, rel=0.02)
    assert quick.size == pytest.approx(4e-7, rel=1e-3)


def test_what_does_not_settle_has_no_time() -> None:
    drifting = _trace("small", lambda t: 1 - np.exp(-t / 2e-6))
    with pytest.raises(EvidenceError, match="small step of iin0 does not settle within 2 us"):
        settling_us([(drifting, 1e-9)])
    with pytest.raises(EvidenceError, match="less than 1 %"):
        settling_us([])


def test_ringing_is_counted() -> None:
    ringing = _trace("full", lambda t: 1 - np.exp(-t / 2e-7) * np.cos(2 * np.pi * t / 2e-7))
    assert max(answer.excursions for answer in ringing.answers(0.01 * 4e-7)) > 3
    still = _trace("full", lambda t: 1 - np.exp(-t / 5e-8))
    assert [answer.excursions for answer in still.answers(0.01 * 4e-7)] == [0, 0]


# Before and after layout


def test_the_difference_is_taken_vector_by_vector(good: NeuronMeasurement) -> None:
    found = good
    vectors = found.vectors
    moved = np.where(np.arange(len(vectors.sums)) % 2, 3e-9, -3e-9)
    other = replace(found, vectors=replace(vectors, referred=vectors.referred + moved))
    numbers = neuron.compared(found, other).numbers
    assert numbers["sum_error_after_layout"] == pytest.approx(0.1)
    assert numbers["sum_shift_after_layout"] == 0
    lost = replace(found, vectors=replace(vectors, referred=np.full_like(vectors.sums, np.nan)))
    compared = neuron.compared(found, lost)
    assert "sum_error_after_layout" not in compared.numbers
    assert "both before and after" in compared.missing["sum_error_after_layout"]
