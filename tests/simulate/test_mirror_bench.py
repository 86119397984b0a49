"""The mirrors' testbench: its numbers against each other, planted defects, polarity, and which targets apply."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mirrorneuron.flows import judge, simulate
from mirrorneuron.flows.simulate.bench import Points
from mirrorneuron.flows.testbenches import registry
from mirrorneuron.flows.testbenches.conditions import TYPICAL
from mirrorneuron.flows.testbenches.mirror import bench as mirror
from mirrorneuron.flows.testbenches.mirror import plan as mirror_plan
from mirrorneuron.flows.testbenches.mirror.dynamic import band
from mirrorneuron.flows.testbenches.mirror.hand import hand_values
from mirrorneuron.flows.testbenches.mirror.plan import MirrorPlan
from mirrorneuron.flows.testbenches.mirror.quantities import LAYOUT_ONLY, QUANTITIES
from mirrorneuron.flows.variation import sampling
from mirrorneuron.flows.variation.sampling import Variation
from mirrorneuron.generators import catalog
from mirrorneuron.generators.cells import mirrors
from mirrorneuron.generators.hand import Hand
from mirrorneuron.pdk_sky130.errors import EvidenceError, InputError, NetlistError, SpecError

MIRRORS = [name for name in catalog.names() if name.startswith("mirror_")]
TARGETS = Path(mirrors.__file__).parent


def netlist(spec, folder, *changes):
    text = catalog.circuit_of(spec).to_spice()
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    path = folder / f"{spec.name}{len(list(folder.iterdir()))}.spice"
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def cascode():
    return catalog.load("mirror_cascode", ())


DEFECTS = {
    "cascode's gate on the lower one": ("Xiout1_cascode_cascode iout1 iin ", "Xiout1_cascode_cascode iout1 iin_x "),
    "a unit too many": ("Xmain_iout1 iout1_x iin_x vss vss sky130_fd_pr__nfet_01v8 w=2 l=2 nf=2 m=1", "Xmain_iout1 "
                        "iout1_x iin_x vss vss sky130_fd_pr__nfet_01v8 w=2 l=2 nf=2 m=2"),
    "leak at the output": (".ends", "rleak iout1 vss 100meg\n.ends"),
    "gate open to nothing but the rail": ("Xiout1_cascode_cascode iout1 iin ", "Xiout1_cascode_cascode iout1 vss "),
    "a wire's capacitance": (".ends", "cwire iin_x vss 5p\n.ends"),
}  # fmt: skip


@pytest.fixture(scope="module")
def found(cascode, tmp_path_factory):
    """The cascode mirror as it is, and with each defect."""
    folder = tmp_path_factory.mktemp("cascode")
    paths = [netlist(cascode, folder), *(netlist(cascode, folder, change) for change in DEFECTS.values())]
    return dict(zip(["good", *DEFECTS], mirror.measure(cascode, paths, jobs=2), strict=True))


def failures(spec, schematic, layout):
    """The values whose targets are missed."""
    bench = registry.needed(spec)
    judgements = judge.judge(bench, judge.targets(bench), schematic, mirror.compared(schematic, layout))
    return {one.target.value for one in judgements if not one.passed}


def test_it_is_measured_whole(found, cascode):
    good = found["good"]
    assert not good.limited
    assert good.points == 15 * (181 + 73 + 1)
    assert {*good.numbers, *good.missing} == {*QUANTITIES}
    assert {*good.missing} == {*LAYOUT_ONLY, "mismatch_factor"}
    assert all(check.passed for check in registry.needed(cascode).checks("schematic", good))


def test_the_numbers_are_a_cascodes(found):
    numbers = found["good"].numbers
    assert abs(numbers["error_mid"]) < 0.1
    assert numbers["output_resistance"] == pytest.approx(1.41, rel=0.05)
    assert numbers["input_voltage"] == pytest.approx(1.36, abs=0.02)
    assert 0.5 < numbers["output_low"] < 0.6
    assert numbers["output_low_5"] < numbers["output_low"] < numbers["corner_output_low"]
    assert numbers["corner_output_resistance"] < numbers["output_resistance"]
    assert numbers["power"] == pytest.approx(1.8, rel=1e-3)
    assert numbers["input_low"] < 0.01 < 1 < numbers["input_high"]
    assert numbers["bandwidth_small"] < numbers["bandwidth"] / 10


def test_small_signals_and_differences_give_one_resistance(found):
    """The output's resistance is found by small signals; the swept currents must say the same."""
    good = found["good"]
    volts, middle = good.typical.volts, good.typical.middle
    low, high = (float(np.interp(middle + off, volts, good.typical.ratios[0])) for off in (-0.1, 0.1))
    assert 0.2 / ((high - low) * good.current) == pytest.approx(1e9 * good.numbers["output_resistance"], rel=0.05)


def test_the_impedance_falls_with_a_capacitance(found):
    """20 dB a decade at the end: what is left is a capacitor of some femtofarads."""
    good = found["good"]
    at = [float(np.interp(hertz, good.impedance_at, good.impedance)) for hertz in (1e5, 1e6)]
    assert at[0] / at[1] == pytest.approx(10, rel=0.2)


def test_settling_and_bandwidth_agree(found):
    """A step of one pole settles to 1 % within ln(100) / (2 pi f); two poles take somewhat longer."""
    numbers = found["good"].numbers
    single = 1e6 * math.log(100) / (2 * math.pi * 1e6 * numbers["bandwidth_small"])
    assert 0.8 * single < numbers["settling_small"] < 2 * single


def test_mismatch_is_that_of_samples(found, cascode, tmp_path):
    plan = MirrorPlan(cascode)
    bench = plan.bench(netlist(cascode, tmp_path), {"nominal": Points()})
    samples = sampling.sample(bench, TYPICAL, Variation(400, seed=9))
    ratio = (samples["nominal"].i("iout1") / samples["nominal"].i("iin"))[:, 0]
    sigma = 100 * float(np.std(ratio, ddof=1))
    # Of 400 samples sigma is known to 3.5 %.
    assert found["good"].numbers["mismatch"] == pytest.approx(sigma, rel=0.12)
    assert found["good"].numbers["mismatch_vth"] == found["good"].numbers["mismatch"]
    assert sum(share for _, share in found["good"].shares) == pytest.approx(1)
    assert {name for name, _ in found["good"].shares[:2]} == {"xmain_iin", "xmain_iout1"}


@pytest.mark.parametrize(
    ("defect", "missed"),
    [
        ("cascode's gate on the lower one", {"error_after_layout", "error_mid", "output_resistance"}),
        ("a unit too many", {"error_after_layout", "error_mid", "error_half", "error_top"}),
        ("leak at the output", {"resistance_after_layout", "output_resistance"}),
        ("gate open to nothing but the rail", {"error_mid", "error_half", "output_low", "bandwidth", "stable_high"}),
        ("a wire's capacitance", {"bandwidth_after_layout", "bandwidth"}),
    ],
)
def test_planted_defects_miss_their_targets(found, cascode, defect, missed):
    good = failures(cascode, found["good"], found["good"])
    assert missed <= failures(cascode, found["good"], found[defect])
    assert not {value for value in missed if value.endswith("after_layout")} & good


def test_what_carries_no_current_has_no_numbers(found):
    """Missing numbers are told, not made up."""
    dead = found["gate open to nothing but the rail"]
    assert "output_low" not in dead.numbers
    assert "no lowest voltage" in dead.missing["corner_error"]
    assert dead.missing["bandwidth"] == "the input does not move the output"
    assert "does not settle" in dead.missing["stable_high"]
    assert "does not move" in dead.missing["settling_full"]
    assert "does not move" in dead.missing["settling_small"]


def test_a_netlist_of_another_mirror_is_refused(cascode, tmp_path):
    path = tmp_path / "other.spice"
    path.write_text(catalog.circuit_of(cascode).to_spice().replace("iin iout1 vss\n", "iin iout2 vss\n"))
    with pytest.raises(NetlistError, match="no pin iout1"):
        mirror.measure(cascode, [path])


@pytest.fixture(scope="module")
def upside_down(tmp_path_factory):
    """A p mirror of unequal outputs."""
    spec = catalog.load("mirror_simple", ("polarity=p", "ratios=[2,1,2,3,8]"))
    return mirror.measure(spec, [netlist(spec, tmp_path_factory.mktemp("p"))], jobs=2)[0]


def test_p_mirrors_are_counted_from_their_rail(upside_down):
    numbers = upside_down.numbers
    assert not upside_down.limited
    assert 0.9 < numbers["input_voltage"] < 1.2
    assert numbers["error_half"] < 0 < numbers["error_top"]  # the input's V_DS is above half the supply
    assert numbers["power"] == pytest.approx(1.8, rel=1e-3)
    assert numbers["stable_low"] == pytest.approx(0.02)


def test_all_outputs_are_of_one_ratio(upside_down):
    assert upside_down.typical.ratios.shape == (4, 181)
    assert upside_down.numbers["outputs_apart"] < 1e-3


@pytest.fixture(scope="module")
def npn(tmp_path_factory):
    """A mirror whose output works from above half the supply, without gates."""
    spec = catalog.load("mirror_npn_wilson", ())
    return mirror.measure(spec, [netlist(spec, tmp_path_factory.mktemp("npn"))], jobs=2)[0]


def test_a_compliance_above_half_the_supply_is_found(npn):
    assert not npn.limited
    assert 0.9 < npn.numbers["output_low"] < npn.numbers["corner_output_low"] < 1.1
    assert abs(npn.numbers["error_mid"]) < 1 < abs(npn.numbers["error_half"])
    hand = hand_values(catalog.load("mirror_npn_wilson", ()))
    for key, part in (("output_resistance", 0.1), ("input_voltage", 0.05), ("noise_white", 0.1), ("output_low", 0.1)):
        assert hand[key].value == pytest.approx(npn.numbers[key], rel=part)


def test_what_has_no_threshold_varies_by_its_current_factor(npn):
    assert npn.numbers["mismatch"] == npn.numbers["mismatch_factor"]
    assert "threshold" in npn.missing["mismatch_vth"]
    assert "gate area" in npn.missing["mismatch_area"]


def test_outputs_of_an_npn_wilson_mirror_agree_beside_its_loop(tmp_path):
    spec = catalog.load("mirror_npn_wilson", ("ratios=[2,3,5]",))
    assert catalog.circuit_of(spec).pins == ("iin", "iout1", "iout2", "vdd", "vss")
    plan = MirrorPlan(spec)
    bench = plan.bench(netlist(spec, tmp_path), {"nominal": Points()}, out=1.4)
    data = simulate.run(bench, TYPICAL)["nominal"]
    errors = [100 * (float(data.i(pin)[0]) / 1e-6 / ratio - 1) for pin, ratio in (("iout1", 1.5), ("iout2", 2.5))]
    assert errors[0] == pytest.approx(errors[1], abs=0.01)
    hand = hand_values(spec)
    assert errors[0] == pytest.approx(hand["error_half"].value, abs=1.5)
    assert 1e6 * float(data.i("vdd")[0]) == pytest.approx(hand["supply_current"].value, rel=0.2)


def test_a_gain_that_stays_has_all_the_bandwidth_there_is():
    frequency = np.logspace(2, 10, 161)
    assert band(frequency, np.full(161, 0.15), 0.01) == (pytest.approx(1e10), 0.0)
    falling = 0.15 / np.sqrt(1 + (frequency / 1e6) ** 2)
    assert band(frequency, falling, 0.01) == (pytest.approx(1e6, rel=0.01), 0.0)
    with pytest.raises(EvidenceError, match="does not move the output"):
        band(frequency, np.full(161, 0.005), 0.01)


@pytest.mark.parametrize("name", ["mirror_wide_swing", "mirror_wide_swing_boosted"])
def test_a_bias_that_does_not_start_is_seen(name, tmp_path):
    """A copy whose gate is what is made from it stays off; an operating point by sweeps does not tell."""
    spec = catalog.load(name)
    plan = MirrorPlan(spec)

    def end(path):
        output = simulate.run(plan.power_up(path, plan.held), TYPICAL)["start"].i("iout1")
        return float(output[-1]) / spec.current

    whole = netlist(spec, tmp_path)
    assert end(whole) == pytest.approx(1, abs=0.01)
    assert end(netlist(spec, tmp_path, ("Xcopy_copy fold iin ", "Xcopy_copy fold vb "))) < 0.2


def test_power_up_is_a_number_and_has_a_target(found, cascode):
    assert found["good"].numbers["start"] == pytest.approx(100, abs=0.1)
    dead = replace(found["good"], numbers={**found["good"].numbers, "start": 8.6})
    assert "start" in failures(cascode, found["good"], dead)
    assert "start" not in failures(cascode, found["good"], found["good"])


# What is judged


def test_every_mirror_has_the_bench():
    for name in MIRRORS:
        spec = catalog.load(name, ())
        assert registry.needed(spec).quantities is QUANTITIES
        assert judge.targets(registry.needed(spec))


def test_no_targets_without_a_mirror():
    of = {path.name.removesuffix(".targets.yaml") for path in TARGETS.glob("mirror_*.targets.yaml")}
    assert of <= {*MIRRORS}


def test_a_cells_own_targets_are_for_its_default():
    def values(*changes):
        return {target.value for target in judge.targets(registry.needed(catalog.load("mirror_cascode", changes)))}

    assert "output_resistance" in values()
    assert values("name=mine") == values()
    for change in ("ratios=[1,2]", "current=2uA", "polarity=p"):
        assert "output_resistance" not in values(change)
        assert {"error_after_layout", "outputs_apart", "stable_high"} <= values(change)


def test_an_unknown_pin_is_refused(monkeypatch, cascode):
    circuit = catalog.circuit_of(catalog.load("mirror_active_input", ()))
    monkeypatch.setattr(mirror_plan.catalog, "circuit_of", lambda spec: circuit)
    with pytest.raises(InputError, match="has no such field"):
        MirrorPlan(cascode).bench(Path("x.spice"), {})


# By hand


@pytest.mark.parametrize("name", MIRRORS)
def test_every_mirror_has_formulas(name):
    hand = hand_values(catalog.load(name, ()))
    assert {"output_resistance", "output_low", "error_half"} <= {*hand} <= {*QUANTITIES}
    for one in hand.values():
        assert math.isfinite(one.value)
        assert one.formula
        assert one.source


def test_what_holds_for_any_mirror_is_there_without_formulas(monkeypatch):
    cell = replace(catalog.cell("mirror_cascode"), hand=None)
    monkeypatch.setattr(catalog, "cell", lambda _: cell)
    assert "mismatch" in hand_values(catalog.load("mirror_cascode", ()))


def test_a_formula_is_entered_by_its_cell(monkeypatch):
    hand = Hand(1.0, "1", "by design")
    cell = replace(catalog.cell("mirror_cascode"), hand=lambda _: {"peaking": hand})
    monkeypatch.setattr(catalog, "cell", lambda _: cell)
    assert hand_values(catalog.load("mirror_cascode", ()))["peaking"] is hand


def test_formulas_scale():
    def of(*changes):
        return hand_values(catalog.load("mirror_simple", changes))

    usual, wide = of(), of("w=4", "l=4")
    assert wide["mismatch"].value == pytest.approx(usual["mismatch"].value / 2)
    assert wide["output_resistance"].value == pytest.approx(2 * usual["output_resistance"].value)
    assert wide["mismatch_area"].value == pytest.approx(usual["mismatch_area"].value)
    assert of("ratios=[1,4]")["mismatch"].value == pytest.approx(usual["mismatch"].value * math.sqrt(5 / 8))


def test_theory_holds_where_it_should(tmp_path):
    # With long cascodes: lambda is no constant over L at 0.5 um.
    long = catalog.load("mirror_cascode", ("cascode_w=2", "cascode_l=2"))
    (measured,) = mirror.measure(long, [netlist(long, tmp_path)], jobs=2)
    hand, numbers = hand_values(long), measured.numbers
    assert hand["output_resistance"].value == pytest.approx(numbers["output_resistance"], rel=0.15)
    assert hand["mismatch"].value == pytest.approx(numbers["mismatch"], rel=0.25)
    assert hand["input_voltage"].value == pytest.approx(numbers["input_voltage"], rel=0.12)


def test_a_mirror_may_say_what_its_ratio_is(cascode):
    class Half(type(cascode), init=False):
        def transfer(self, pin):
            return 0.5

    assert MirrorPlan(cascode).ideal.tolist() == [1]
    assert MirrorPlan(Half()).ideal.tolist() == [0.5]


def test_no_other_cell_is_a_mirror():
    assert registry.bench_of(catalog.load("matched_array", ("ratios=[1,1]",))).spec is not mirror.MirrorSpec
    with pytest.raises(SpecError):
        catalog.load("mirror_of_nothing", ())
    assert {name for name in catalog.names() if catalog.cell(name).family == "mirror"} == {*MIRRORS}
