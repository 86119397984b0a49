"""The engine against known results, and against circuits that have none."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mirrorneuron.flows import simulate
from mirrorneuron.flows.simulate import Condition
from mirrorneuron.flows.simulate.bench import (
    Ac,
    Bench,
    Capacitance,
    CurrentInput,
    Points,
    Pwl,
    Resistance,
    Tran,
    Voltage,
    random_points,
    step,
    sweep,
)
from mirrorneuron.pdk_sky130.errors import FileError, NetlistError, SpecError, ToolFailedError

Benches = Callable[..., Bench]
INPUTS = [f"in{k}" for k in range(4)]


# -- known results


def test_simple_mirror_has_the_known_figures(mirror: Benches) -> None:
    # NMOS 2/2, 1 uA: +2.4 % at 0.9 V, +10 % at 1.8 V, output resistance 11 Mohm, input at 0.64 V.
    result = simulate.run(mirror({"out": sweep([0.9, 1.8, 1.0], "out")}))
    data = result["out"]
    error = data.i("out") / 1e-6 - 1
    assert error[0] == pytest.approx(0.024, abs=1e-3)
    assert error[1] == pytest.approx(0.10, abs=5e-3)
    assert 0.1 / (data.i("out")[2] - data.i("out")[0]) == pytest.approx(11e6, rel=0.05)
    assert data.v("in") == pytest.approx(0.64, abs=5e-3)
    assert data.i("in") == pytest.approx(1e-6, rel=1e-9)
    assert data.limited == ()
    assert result.ngspice[0].isdigit()
    assert result.models.startswith("continuous ")


def test_extracted_netlist_runs_alike(mirror: Benches) -> None:
    text = """\
* NGSPICE file created from top.ext - technology: sky130A
.subckt top in out vss
X0 out in VSS vss sky130_fd_pr__nfet_01v8 ad=5.8e+11p pd=4.58e+06u as=0.29 ps=2.29 w=2e+06u l=2e+06u
X1 in in vss vss sky130_fd_pr__nfet_01v8 ad=0.58 pd=4.58 as=0.29 ps=2.29 w=2 l=2
C0 in vss 12.5fF
C1 out in 0.8f
.ends
"""
    schematic = simulate.run(mirror({"op": Points()}))["op"].i("out")
    assert simulate.run(mirror({"op": Points()}, text))["op"].i("out") == pytest.approx(schematic, rel=1e-4)


def test_rc_step_and_transfer(bench: Benches) -> None:
    text = ".subckt top in out vss\nr1 in out 1k\nc1 out vss 1n\n.ends\n"
    analyses = {"step": Tran(10e-6, {"in": step(0, 1, 1e-6, rise_s=1e-9)}), "ac": Ac("in", 1e3, 1e7)}
    result = simulate.run(bench(text, [Voltage("in", 0.0), Voltage("vss", 0.0)], analyses, open_pins=["out"]))
    data = result["step"]
    late = data.x > 1.1e-6
    assert data.v("out")[late] == pytest.approx(1 - np.exp(-(data.x[late] - 1.0005e-6) / 1e-6), abs=1e-3)
    assert data.i("in")[late] == pytest.approx((1 - data.v("out")[late]) / 1e3, abs=1e-9)
    ac = result["ac"]
    assert ac.v("out") == pytest.approx(1 / (1 + 2j * np.pi * ac.x * 1e-6), rel=1e-6)
    assert (ac.x[0], ac.x[-1]) == (pytest.approx(1e3), pytest.approx(1e7))


def test_loads_and_power(bench: Benches) -> None:
    text = ".subckt top a b vss\nr1 a b 1k\n.ends\n"
    circuit = bench(
        text,
        [Voltage("a", 2.0), Voltage("vss", 0.0)],
        {"op": Points(), "step": Tran(1e-6, {"a": step(0, 2, 0.1e-6)})},
        loads=[Resistance("b", "0", 1e3), Capacitance("b", "vss", 100e-12)],
    )
    result = simulate.run(circuit)
    assert result["op"].v("b") == pytest.approx(1.0)
    assert result["op"].power() == pytest.approx(2e-3)
    settled = result["step"].x > 0.1e-6 + 10 * 500 * 100e-12
    assert result["step"].v("b")[settled] == pytest.approx(1.0, rel=1e-3)


def test_current_out_of_a_pin(bench: Benches) -> None:
    text = ".subckt top in vdd vss\nxp in in vdd vdd sky130_fd_pr__pfet_01v8 w=2 l=2\nr1 vdd vss 1meg\n.ends\n"
    sources = [Voltage("vdd", 1.8), Voltage("vss", 0.0), CurrentInput("in", -1e-6)]
    data = simulate.run(bench(text, sources))["op"]
    assert 0.3 < data.v("in")[0] < 1.0
    assert data.i("in")[0] == pytest.approx(-1e-6)
    assert data.i("vdd")[0] == pytest.approx(1e-6 + 1.8e-6)


def test_corners_temperature_and_supply_matter(mirror: Benches) -> None:
    circuit = mirror({"op": Points()})
    runs = [(circuit, Condition(corner, t)) for corner, t in [("tt", 27), ("ss", 27), ("ff", 27), ("tt", -40)]]
    gate = [float(result["op"].v("in")[0]) for result in simulate.run_many(runs)]
    assert gate[2] < gate[0] < gate[1]
    assert gate[3] > gate[0] + 0.02
    low = simulate.run(circuit, Condition(volts={"OUT": 0.3}))["op"]
    assert low.v("out")[0] == pytest.approx(0.3)


def test_nodes_may_be_called_like_operators(bench: Benches) -> None:
    text = (
        ".subckt top ne gt vss\nr1 ne and 1k\nr2 and or[1] 1k\nr3 or[1] gt 1k\nr4 not! or<1> 1\nr5 or<1> vss 1\n.ends\n"
    )
    sources = [Voltage("ne", 3.0), Voltage("gt", 0.0), Voltage("vss", 0.0)]
    data = simulate.run(bench(text, sources))["op"]
    assert [float(data.v(n)[0]) for n in ("NE", "and", "or[1]", "or<1>", "not!")] == pytest.approx([3, 2, 1, 0, 0])


def test_devices_of_every_kind(bench: Benches) -> None:
    text = """\
.model junction d is=1e-15
.subckt top a b vss
xr a mid vss sky130_fd_pr__res_xhigh_po_0p69 l=6.9
xh mid b vss sky130_fd_pr__res_high_po w=0.69 l=6.9
xc mid vss sky130_fd_pr__cap_mim_m3_1 w=10 l=10
xq a b vss vss sky130_fd_pr__npn_05v5_w1p00l1p00
rm a far sky130_fd_pr__res_generic_m1 w=0.14 l=14
d1 vss far junction
e1 copy vss mid vss 2
g1 vss sense mid vss 1m
r1 sense vss 1k
i1 vss far dc 1u
.ends
"""
    sources = [Voltage("a", 1.0), Voltage("b", 0.5), Voltage("vss", 0.0)]
    result = simulate.run(bench(text, sources, {"op": Points(), "ac": Ac("a", 1e6, 1e7)}))
    data = result["op"]
    mid = float(data.v("mid")[0])
    assert 0.5 < mid < 0.6  # 20 kohm to 3.3 kohm
    assert float(data.v("copy")[0]) == pytest.approx(2 * mid)
    assert float(data.v("sense")[0]) == pytest.approx(mid)
    assert float(data.v("far")[0]) == pytest.approx(1 + 1e-6 * 12.5, abs=1e-5)
    assert abs(result["ac"].v("mid")[-1]) < abs(result["ac"].v("mid")[0])


# -- many points


def test_order_of_points_does_not_matter(neuron: Benches) -> None:
    points = random_points(dict.fromkeys(INPUTS, (0.0, 1e-06)), 24, seed=3)
    shuffled = np.random.default_rng(0).permutation(24)
    other = Points({name: values[shuffled] for name, values in points.values.items()})
    alone = Points({name: values[:1] for name, values in points.values.items()})
    result = simulate.run(neuron({"a": points}))["a"].i("iout")
    again = simulate.run(neuron({"a": other}))["a"].i("iout")
    assert again == pytest.approx(result[shuffled], rel=1e-4)
    single = simulate.run(neuron({"a": alone}))["a"]
    assert single.ways["single"] == 1
    assert single.i("iout") == pytest.approx(result[:1], rel=1e-4)


def test_points_of_several_analyses_share_a_process_and_come_apart(neuron: Benches, tmp_path: Path) -> None:
    analyses = {"one": sweep(np.linspace(0, 1e-6, 5), "in2"), "op": Points(), "all": sweep([1e-7, 9e-7], *INPUTS)}
    result = simulate.run(neuron(analyses), folder=tmp_path / "kept")
    assert len(result.logs) == 1
    assert [len(result[name].x) for name in analyses] == [5, 1, 2]
    # The middle of the sweep is the bench's own 0.5 uA.
    assert result["one"].i("iout")[2] == pytest.approx(result["op"].i("iout")[0], rel=1e-5)
    assert result["one"].i("in2") == pytest.approx(np.linspace(0, 1e-6, 5), abs=1e-15)
    assert result["all"].i("in0") == pytest.approx([1e-7, 9e-7], rel=1e-9)
    assert result["all"].v("in3") == pytest.approx(0.2, abs=0.01)  # held at vref
    assert result.logs[0].exists()
    assert {path.suffix for path in result.logs[0].parent.iterdir()} >= {".cir", ".raw", ".log", ".err"}


def test_points_are_found_from_their_neighbours(neuron: Benches) -> None:
    data = simulate.run(neuron({"a": random_points(dict.fromkeys(INPUTS, (0.0, 1e-06)), 60, seed=7)}))["a"]
    assert data.ways["sweep"] == 60
    assert data.ways.get("gmin stepping", 0) <= 6
    assert data.seed == 7
    assert data.limited == ()


def test_seed_decides_the_points() -> None:
    ranges = {"a": (0.0, 1.0), "b": (-2.0, -1.0)}
    one, same, other = (random_points(ranges, 50, seed) for seed in (1, 1, 2))
    assert all((one.values[name] == same.values[name]).all() for name in ranges)
    assert not np.array_equal(one.values["a"], other.values["a"])
    assert -2 <= one.values["b"].min() < -1.9
    assert -1.1 < one.values["b"].max() <= -1
    assert abs(np.corrcoef(one.values["a"], one.values["b"])[0, 1]) < 0.5


def test_run_many_keeps_the_order_and_tells_progress(mirror: Benches) -> None:
    circuit = mirror({"op": Points(), "step": Tran(1e-6, {"in": step(1e-6, 2e-6, 1e-7)})})
    where = simulate.conditions(["ff", "tt"], [125, -40])
    seen: list[tuple[int, int, str]] = []
    results = simulate.run_many(
        [(circuit, condition) for condition in where], jobs=3, progress=lambda *told: seen.append(told)
    )
    assert [result.condition for result in results] == where
    assert [(done, total) for done, total, _ in seen] == [(k, 8) for k in range(1, 9)]
    alone = [simulate.run(circuit, condition) for condition in where]
    for together, single in zip(results, alone, strict=True):
        assert (together["op"].i("out") == single["op"].i("out")).all()


def test_nothing_is_left_behind_unless_it_failed(mirror: Benches, scratch: Path) -> None:
    simulate.run(mirror({"op": Points()}))
    assert list(scratch.iterdir()) == []
    with pytest.raises(ToolFailedError) as error:
        simulate.run(mirror({"op": Points()}, rail_margin_v=-0.7))
    assert len(list(scratch.iterdir())) == 1
    assert str(scratch) in str(error.value)


# -- what has no solution, or a false one


def test_kilovolts_are_rejected_by_name(bench: Benches) -> None:
    text = ".subckt top vdd vss\nr1 vdd lost 5.6g\ni1 vss lost 1u\n.ends\n"
    for analysis in (Points(), Tran(1e-6), Ac("vdd", 1e3, 1e6)):
        circuit = bench(text, [Voltage("vdd", 1.8), Voltage("vss", 0.0)], {"x": analysis})
        with pytest.raises(ToolFailedError, match=r"top, tt 27C, x: .*node lost at 5602 V, outside of -0\.3 to 2\.1 V"):
            simulate.run(circuit)


def test_rail_margin_is_the_callers(bench: Benches) -> None:
    text = ".subckt top vdd vss\nr1 vdd up 500k\ni1 vss up 1u\n.ends\n"
    circuit = bench(text, [Voltage("vdd", 1.8), Voltage("vss", 0.0)])
    with pytest.raises(ToolFailedError, match=r"up at 2\.3 V"):
        simulate.run(circuit)
    assert simulate.run(replace(circuit, rail_margin_v=0.6))["op"].v("up") == pytest.approx(2.3)


def test_current_input_that_finds_no_way_stays_at_the_supply(bench: Benches) -> None:
    # The transistor is off: an ideal source would drive the pin to kilovolts.
    text = ".subckt top in vdd vss\nx1 in vss vss vss sky130_fd_pr__nfet_01v8 w=1 l=1\nr1 vdd vss 1meg\n.ends\n"
    sources = [Voltage("vdd", 1.8), Voltage("vss", 0.0), CurrentInput("in", 1e-6)]
    data = simulate.run(bench(text, sources, {"p": sweep([0.0, 1e-7, 1e-6], "in")}))["p"]
    assert data.v("in").max() == pytest.approx(1.81, abs=1e-3)
    assert data.i("in").max() < 1e-9
    assert data.limited == ("in",)


def test_contradicting_sources_are_reported_with_ngspices_words(bench: Benches) -> None:
    text = ".subckt top a vss\nv1 a vss 1\n.ends\n"
    for analysis in (Points(), Tran(1e-6), sweep([0.5, 0.7], "a"), Ac("a", 1, 10)):
        circuit = bench(text, [Voltage("a", 2.0), Voltage("vss", 0.0)], {"x": analysis})
        with pytest.raises(ToolFailedError, match=r"netlist\.spice, top, ss -40C, x: no solution for .*ngspice: .*"):
            simulate.run(circuit, Condition("ss", -40))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x1 a g vss vss sky130_fd_pr__nfet_01v8 w=1 l=1", "floating: g;"),
        ("r1 a vss 1k\nc1 a deep.node 1f", "floating: deep.node;"),
        ("x1 a vss vss vss sky130_fd_pr__nfet_02v8 w=1 l=1", "no subcircuit of the netlist and no device"),
        ("x1 a vss vss vss sky130_fd_pr__nfet_01v8 w=1 l=0.1", "top: x1: .* outside the models"),
        ("x1 a vss vss sky130_fd_pr__nfet_01v8 w=1 l=1", "4 pins d g s b"),
        ("x1 a vss vss vss sky130_fd_pr__nfet_01v8 w=1 l=1 fingers=2", "no parameter fingers"),
        ("m1 a vss vss vss nch w=1 l=1", "model is not in the netlist"),
    ],
)
def test_wrong_netlists(bench: Benches, text: str, message: str) -> None:
    circuit = bench(f".subckt top a vss\n{text}\n.ends\n", [Voltage("a", 1.0), Voltage("vss", 0.0)])
    with pytest.raises(NetlistError, match=message):
        simulate.run(circuit)


def test_pins_and_sources_must_agree(mirror: Benches) -> None:
    circuit = mirror({"op": Points()})
    out, vss, vdd, current = circuit.sources

    def refused(error: type[Exception], message: str, **changed: object) -> None:
        with pytest.raises(error, match=message):
            simulate.run(replace(circuit, **changed))

    refused(NetlistError, "nothing is connected to pin out", sources=[vss, vdd, current])
    refused(NetlistError, "no pin outt; its pins are in out vss", sources=[out, vss, vdd, current, Voltage("outt", 1)])
    refused(NetlistError, "needs voltage sources on vdd and vss", sources=[out, vss, current])
    # A single circuit may have another name; of two it is not known which is meant.
    more = circuit.netlist.with_name("more.spice")
    more.write_text(circuit.netlist.read_text() + ".subckt more a b\nr1 a b 1\n.ends\n")
    refused(NetlistError, "no .subckt other", top="other", netlist=more)
    refused(NetlistError, "no pin nowhere", open_pins=["nowhere"])
    refused(FileError, "none.spice", netlist=Path("none.spice"))
    refused(SpecError, "two sources on out", sources=[out, out, vss, vdd, current])
    refused(SpecError, "not finite", sources=[Voltage("out", float("nan")), vss, vdd, current])
    refused(SpecError, "analysis x: no source on inn", analyses={"x": sweep([1e-6], "inn")})
    refused(SpecError, "above 0", loads=[Resistance("out", "0", 0.0)])
    with pytest.raises(SpecError, match="no voltage source on vbb"):
        simulate.run(circuit, Condition(volts={"vbb": 1.0}))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Condition(temperature_c=400.0),
        lambda: Condition(temperature_c=float("nan")),
        lambda: simulate.run(Bench(Path("x"), "x", [], {})),
        lambda: Points({"a": [1.0, 2.0], "b": [1.0, 2.0, 3.0]}),
        lambda: Points({"a": [1.0, float("inf")]}),
        lambda: Points({"a": []}),
        lambda: Tran(0.0),
        lambda: Tran(1e-6, max_step_s=2e-6),
        lambda: Ac("a", 1e6, 1e3),
        lambda: Pwl(((0.0, 1.0), (0.0, 2.0))),
        lambda: random_points({"a": (0, 1)}, 0, seed=1),
    ],
)
def test_impossible_requests(make: Callable[[], object]) -> None:
    with pytest.raises(SpecError):
        make()


def test_unknown_corner(mirror: Benches) -> None:
    with pytest.raises(SpecError, match="corner 'xx'"):
        simulate.run(mirror({"op": Points()}), Condition("xx"))


def test_names_that_are_not_there(mirror: Benches) -> None:
    data = simulate.run(mirror({"op": Points()}))["op"]
    with pytest.raises(NetlistError, match="no node outt; there are in, out"):
        data.v("outt")
    with pytest.raises(NetlistError, match="no source on gate"):
        data.i("gate")
