"""What is measured on a matched array: on circuits, some with planted defects, and on currents made by hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mirrorneuron.flows import judge, simulate
from mirrorneuron.flows.simulate import Condition
from mirrorneuron.flows.simulate.bench import Bench, CurrentInput, Points, Resistance, Voltage
from mirrorneuron.flows.testbenches.conditions import TYPICAL
from mirrorneuron.flows.testbenches.matched_array import bench as matched_array
from mirrorneuron.flows.testbenches.matched_array.bench import BENCH
from mirrorneuron.flows.testbenches.matched_array.evaluate import lowest, slope, worst
from mirrorneuron.flows.testbenches.matched_array.measurement import ArrayMeasurement, largest, ratio_errors
from mirrorneuron.flows.testbenches.matched_array.quantities import QUANTITIES
from mirrorneuron.generators import catalog
from mirrorneuron.generators.cells.matched_array.spec import MatchedArraySpec
from mirrorneuron.pdk_sky130.errors import EvidenceError, NetlistError, ToolFailedError

LAYOUT_ONLY = {"ratio_after_layout", "reference_after_layout"}
SPEC = MatchedArraySpec(name="array", ratios=[1, 2, 8])
Write = Callable[..., Path]


def _text(spec: MatchedArraySpec = SPEC) -> str:
    return catalog.circuit_of(spec).to_spice()


def _measured(spec: MatchedArraySpec, path: Path) -> ArrayMeasurement:
    (found,) = matched_array.measure(spec, [path], jobs=2)
    return found


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> ArrayMeasurement:
    """The array without a fault."""
    path = tmp_path_factory.mktemp("good") / "netlist.spice"
    path.write_text(_text())
    return _measured(SPEC, path)


@pytest.fixture
def bad(write: Write) -> Callable[[str, str], ArrayMeasurement]:
    """Measures the array after a change of its netlist's text."""

    def _bad(pattern: str, replacement: str) -> ArrayMeasurement:
        changed = re.sub(pattern, replacement, _text(), flags=re.M)
        assert changed != _text()
        return _measured(SPEC, write(changed))

    return _bad


def _failed(found: ArrayMeasurement, schematic: ArrayMeasurement) -> set[str]:
    """The targets that it misses after layout."""
    layout = matched_array.compared(schematic, found)
    judged = judge.judge(BENCH, judge.targets(BENCH), schematic, layout)
    return {one.target.value for one in judged if not one.passed}


def test_an_array_is_measured_wholly_and_is_exact(good: ArrayMeasurement) -> None:
    assert set(good.numbers) == set(QUANTITIES) - LAYOUT_ONLY
    assert set(good.missing) == LAYOUT_ONLY
    assert len(good.conditions) == len(good.currents) == len(good.voltages) == 15
    assert good.points == 15 * 181 + 15 + 181
    assert good.limited == ()
    assert all(check.passed for check in BENCH.checks("schematic", good))
    assert good.numbers["corner_ratio_error"] < 1e-6
    assert good.numbers["unit_current"] == pytest.approx(5)
    # Each drain carries its units' currents, at every condition.
    for current in good.currents.values():
        assert current == pytest.approx(np.array(SPEC.ratios) * 5e-6, rel=2e-3)
    assert 0.5 < good.numbers["reference_voltage"] < good.numbers["reference_voltage_max"] < 1.0
    assert good.numbers["output_low"] < good.numbers["reference_voltage"]
    assert good.as_json()["numbers"]["output_resistance"]["unit"] == "Mohm"
    assert not _failed(good, good)


@pytest.mark.parametrize(
    ("device", "w", "l"), [("pfet_01v8", 2, 1), ("pfet_01v8_hvt", 20, 20), ("pfet_01v8_lvt", 0.84, 0.35)]
)
def test_p_with_a_bulk_of_its_own(write: Write, device: str, w: float, l: float) -> None:  # noqa: E741
    spec = MatchedArraySpec(name="array", ratios=[3, 5, 1], device=device, bulk="own", w=w, l=l)
    found = _measured(spec, write(_text(spec)))
    assert set(found.missing) == LAYOUT_ONLY
    assert found.limited == ()
    assert found.numbers["corner_ratio_error"] < 1e-6
    assert found.numbers["unit_current"] == pytest.approx(0.6 * w / l)
    # Headroom: in every corner the diodes stay well below the supply.
    assert 0.1 < found.numbers["reference_voltage"] < found.numbers["reference_voltage_max"] < 1.4


def test_slope_and_lowest_voltage_are_the_outputs(write: Write, good: ArrayMeasurement) -> None:
    """Against the output held at single voltages."""
    start = good.numbers["reference_voltage"]

    def current(volt: float) -> float:
        held = [Voltage(pin, start) for pin in ("g", "d0", "d1")]
        bench = Bench(write(_text()), "array", [Voltage("s", 0), *held, Voltage("d2", volt)], {"op": Points()})
        return float(simulate.run(bench)["op"].i("d2")[0])

    change = (current(start + 0.5) - current(start)) / 0.5
    assert good.numbers["output_slope"] == pytest.approx(100 * change / current(start), rel=1e-3)
    assert good.numbers["output_resistance"] == pytest.approx(8e-6 / change, rel=1e-3)
    assert current(good.numbers["output_low"]) / current(start) == pytest.approx(0.99, abs=1e-4)


def test_the_units_are_in_moderate_inversion(write: Write) -> None:
    """Transconductance over current of a unit as a diode: 10 to 13 per volt, as the bench says."""
    text = "* a unit\n.subckt top g s\nx1 g g s s sky130_fd_pr__nfet_01v8 w=2 l=1\n.ends\n"
    sources = [Voltage("s", 0), Voltage("vdd", 1.8), Voltage("vss", 0), CurrentInput("g", 5e-6)]
    bench = Bench(write(text), "top", sources, {"op": Points({"g": [4.9e-6, 5.1e-6]})}, [Resistance("g", "s", 1e12)])
    low, high = simulate.run(bench)["op"].v("g")
    assert 10 < np.log(5.1 / 4.9) / (high - low) < 13


# Planted defects


@pytest.mark.parametrize(
    ("pattern", "replacement", "error"),
    [
        (r"^(Xarray_d2 .* m=)8$", r"\g<1>7", 12.5),
        (r"^(Xarray_d1 .* m=)2$", r"\g<1>4", 100),
        # The effective width is smaller than the drawn one.
        (r"^(Xarray_d1 .*) w=2 ", r"\1 w=2.005 ", 0.3),
        # The reference's own fault is in every ratio.
        (r"^(Xarray_d0 .* m=)1$", r"\g<1>2", 50),
        (r"^(Xarray_d2) d2 g ", r"\1 d2 s ", 100),
    ],
    ids=["a unit lost", "units of another", "5 nm of W", "reference doubled", "gate on the source"],
)
def test_a_wrong_ratio_is_seen(
    good: ArrayMeasurement, bad: Callable[..., ArrayMeasurement], pattern: str, replacement: str, error: float
) -> None:
    found = bad(pattern, replacement)
    assert found.numbers["ratio_error"] == pytest.approx(error, rel=0.1)
    assert found.numbers["corner_ratio_error"] >= found.numbers["ratio_error"]
    assert _failed(found, good) >= {"ratio_error", "corner_ratio_error", "ratio_after_layout"}


def test_outputs_that_are_exchanged_are_seen(good: ArrayMeasurement, write: Write) -> None:
    text = _text().replace("Xarray_d1 d1", "Xarray_d1 d9").replace("Xarray_d2 d2", "Xarray_d2 d1").replace(" d9", " d2")
    found = _measured(SPEC, write(text))
    assert ratio_errors(found) == pytest.approx([300, -75])
    assert "ratio_after_layout" in _failed(found, good)


def test_a_fault_of_all_units_is_seen_by_the_references_voltage(
    good: ArrayMeasurement, bad: Callable[..., ArrayMeasurement]
) -> None:
    found = bad(r" w=2 ", " w=1 ")
    assert found.numbers["corner_ratio_error"] < 1e-6
    assert matched_array.compared(good, found).numbers["reference_after_layout"] > 30
    assert _failed(found, good) == {"reference_after_layout"}


def test_a_reference_that_cannot_carry_its_current_has_no_ratios(
    good: ArrayMeasurement, bad: Callable[..., ArrayMeasurement]
) -> None:
    found = bad(r"^(Xarray_d0 d0) g ", r"\1 s ")
    assert "d0 (tt 27C)" in found.limited
    assert "tt 27C: the reference carries" in found.missing["ratio_error"]
    assert not all(check.passed for check in BENCH.checks("schematic", found))
    assert {"ratio_error", "corner_ratio_error"} <= _failed(found, good)


def test_a_netlist_of_another_cell_is_refused(write: Write) -> None:
    with pytest.raises(NetlistError, match=r"has no \.subckt array.*more, other"):
        _measured(SPEC, write(_text().replace("array", "other") + ".subckt more a b\nR1 a b 1\n.ends\n"))
    with pytest.raises(NetlistError, match="no pin d2"):
        _measured(SPEC, write(_text().replace("d2", "other")))


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        ("sys.exit(0)", ToolFailedError, "ngspice left no result"),
        (
            "deck.write_text(deck.read_text().replace('save v4#branch\\n', '')); real()",
            EvidenceError,
            "lacks i\\(v4\\)",
        ),
    ],
    ids=["nothing", "a current lacking"],
)
def test_numbers_that_do_not_come_are_no_zeros(
    stand_in: Callable[[str], None], write: Write, body: str, error: type[Exception], message: str
) -> None:
    path = write(_text())
    stand_in(body)
    with pytest.raises(error, match=message):
        _measured(SPEC, path)


# Currents made by hand


def test_what_is_not_finite_is_missing(good: ArrayMeasurement) -> None:
    hot = {**good.currents, "ff 125C": np.array([5e-6, np.nan, 4e-5])}
    found = replace(good, currents=hot)
    assert found.errors(TYPICAL) == pytest.approx(0, abs=1e-6)
    assert np.isnan(worst(*(found.errors(one) for one in found.conditions)))
    assert largest(found)["ff 125C"] is None
    (_, table) = BENCH.tables({"schematic": found})
    assert [row[-1] for row in table.rows if row[0] == "ff"] == [None]
    dead = replace(good, currents={**good.currents, "ff 125C": np.zeros(3)})
    with pytest.raises(EvidenceError, match="ff 125C: the reference carries 0 A"):
        dead.errors(Condition("ff", 125.0))


def _hand(good: ArrayMeasurement, output: Any) -> ArrayMeasurement:
    return replace(good, outputs=np.array([output, 4 * output]), voltages={**good.voltages, str(TYPICAL): 0.7})


def test_slope_and_lowest_voltage_by_hand(good: ArrayMeasurement) -> None:
    # 1 uA at 0.7 V, 5 % a volt more above it; below 0.3 V in proportion to the voltage.
    flat = 1e-6 * (1 + 0.05 * (good.outputs_at - 0.7))
    found = _hand(good, np.where(good.outputs_at < 0.3, flat * good.outputs_at / 0.3, flat))
    change, resistance = slope(found)
    assert change == pytest.approx(5)
    assert resistance == pytest.approx(2 / 0.05)  # 0.2 uA a volt of the output that has 4 uA in 8 units is less
    assert lowest(found) == pytest.approx(0.5)


@pytest.mark.parametrize("output", [np.zeros(181), np.full(181, np.nan), np.linspace(1e-6, 0.5e-6, 181)])
def test_outputs_that_are_none(good: ArrayMeasurement, output: Any) -> None:
    with pytest.raises(EvidenceError):
        slope(_hand(good, output))
    if not output[0] > 0:
        with pytest.raises(EvidenceError):
            lowest(_hand(good, output))


# Before and after layout, and what is shown


def test_the_difference_is_taken_output_by_output(good: ArrayMeasurement) -> None:
    at = str(TYPICAL)
    moved = replace(good, currents={**good.currents, at: good.currents[at] * [1, 1.001, 0.998]})
    numbers = matched_array.compared(good, moved).numbers
    assert numbers["ratio_after_layout"] == pytest.approx(0.2)
    assert numbers["reference_after_layout"] == 0
    # Errors that both have alike are none of the layout.
    assert matched_array.compared(moved, moved).numbers["ratio_after_layout"] == 0
    lost = replace(good, currents={**good.currents, at: good.currents[at] * 0.5})
    assert "the reference carries" in matched_array.compared(good, lost).missing["ratio_after_layout"]


def test_figures_and_tables(good: ArrayMeasurement) -> None:
    found = {"schematic": good, "after layout": matched_array.compared(good, good)}
    assert [figure.title for figure in BENCH.plots(found)] == ["Ratios", "Corners", "Outputs"]
    outputs, corners = BENCH.tables(found)
    assert [row[:2] for row in outputs.rows] == [["d0", 1], ["d1", 2], ["d2", 8]]
    assert [len(row) for row in outputs.rows] == [len(outputs.head)] * 3
    assert [row[0] for row in corners.rows] == ["tt", "ss", "ff", "sf", "fs"]
    assert corners.head[1:] == ["-40 C", "27 C", "125 C"]


def test_progress_goes_from_first_to_last(write: Write) -> None:
    told: list[tuple[int, int]] = []
    path = write(_text())
    matched_array.measure(SPEC, [path, path], jobs=2, progress=lambda done, of, _: told.append((done, of)))
    assert told == [(k, 62) for k in range(1, 63)]
