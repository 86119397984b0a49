"""Samples: what is drawn, that each result is of its own sample, and that nothing is made up where one fails."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mirrorneuron.flows import tools
from mirrorneuron.flows.simulate import Condition
from mirrorneuron.flows.simulate.bench import Ac, Bench, Points, Tran, Voltage, step, sweep
from mirrorneuron.flows.variation.deviations import Deviations
from mirrorneuron.flows.variation.sampling import METHODS, Samples, Variation, sample
from mirrorneuron.pdk_sky130.errors import EvidenceError, FileError, NetlistError, SpecError, ToolError, ToolFailedError

Benches = Callable[..., Bench]
TYPICAL = Condition()
NAMES = [f"x{k}.vth" for k in range(5)]


def _spread(currents: np.ndarray) -> float:
    return float(currents.std(ddof=1) / currents.mean())


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Has each sample solved in a process of its own."""
    return lambda: monkeypatch.setattr(Deviations, "alterable", lambda self: False)


# -- what is drawn


@pytest.mark.parametrize("method", METHODS)
def test_draws_are_standard_normal_and_independent(method: str) -> None:
    drawn = Variation(4096, seed=3, method=method).draw(NAMES, range(4096))
    assert drawn.mean(axis=0) == pytest.approx(np.zeros(5), abs=0.06)
    assert drawn.std(axis=0) == pytest.approx(np.ones(5), abs=0.05)
    assert np.corrcoef(drawn.T) == pytest.approx(np.eye(5), abs=0.06)
    assert 3 < np.abs(drawn).max() < 6


@pytest.mark.parametrize("method", METHODS)
def test_a_sample_is_the_same_whoever_draws_it(method: str) -> None:
    variation = Variation(64, seed=3, method=method)
    whole = variation.draw(NAMES, range(64))
    for which in ([0], [63], [5, 6, 7], [3, 40], list(range(17, 64))):
        assert np.array_equal(variation.draw(NAMES, which), whole[which])
    assert not np.array_equal(replace(variation, seed=4).draw(NAMES, range(64)), whole)
    assert len(np.unique(whole)) == whole.size


def test_what_a_sample_depends_on() -> None:
    for method, on_count in (("random", False), ("lhs", True)):
        variation = Variation(64, seed=3, method=method)
        whole = variation.draw(NAMES, range(64))
        assert np.array_equal(variation.draw(NAMES[::-1], range(64)), whole[:, ::-1])
        more = replace(variation, count=128).draw(NAMES, range(64))
        assert np.array_equal(more, whole) is not on_count


def test_latin_hypercube_has_one_number_in_each_stratum() -> None:
    drawn = np.sort(Variation(100, seed=1, method="lhs").draw(["a"], range(100))[:, 0])
    edges = np.array([-np.inf, *np.quantile(np.random.default_rng(0).standard_normal(10**6), np.arange(1, 100) / 100)])
    assert (drawn[1:] > edges[1:] - 0.02).all() and (drawn[:-1] < edges[1:] + 0.02).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"count": 0}, "at least one sample"),
        ({"seed": -1}, "seed=-1"),
        ({"method": "halton"}, "choose one of random, lhs, sobol"),
        ({"mismatch": False}, "nothing to draw"),
        ({"count": 100, "method": "sobol"}, "power of two, such as 64 or 128"),
    ],
)
def test_impossible_variations(given: dict[str, object], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        Variation(**{"count": 10, "seed": 1, **given})


# -- results


def test_mirror_spreads_as_its_transistors_do(mirror: Benches) -> None:
    circuit = mirror({"op": Points(), "in": sweep([1e-7, 1e-6, 2e-6], "in")})
    found = sample(circuit, TYPICAL, Variation(600, seed=1))
    assert found.names == ("xref.vth", "xunit.vth")
    assert found["op"].v("in").shape == (600, 1)
    currents = found["in"].i("out")
    assert currents.shape == (600, 3)
    # 4.47 +- 0.16 % and 6.0 +- 0.2 % draws the library by itself, at 1 uA and at 100 nA.
    assert [_spread(currents[:, k]) for k in (0, 1)] == pytest.approx([0.060, 0.0455], rel=0.08)
    assert currents[:, 1] == pytest.approx(found["op"].i("out")[:, 0], rel=1e-5)
    # To first order it is what the two thresholds do, with a transconductance of 17 per volt.
    shifts = found.drawn @ np.array([1, -1]) * found.terms[0].sigma
    change = currents[:, 1] / 1e-6 - 1.024
    assert np.corrcoef(shifts, change)[0, 1] > 0.99
    assert np.polyfit(shifts, change, 1)[0] == pytest.approx(17, rel=0.1)
    assert found["op"].ways == {"alter": 4 * 600}
    assert (found.top, found.condition, found.variation.seed) == ("top", TYPICAL, 1)
    assert found.guard_band_sigma == pytest.approx([2.1 * 1.893e-3] * 2, rel=1e-3)
    assert found.ngspice[0].isdigit() and found.models.startswith("continuous ")


@pytest.mark.parametrize("process", [False, True])
def test_altering_a_running_circuit_is_a_deck_of_its_own(
    mirror: Benches, alone: Callable[[], None], process: bool
) -> None:
    circuit = mirror({"op": Points(), "in": sweep([1e-7, 2e-6], "in")})
    variation = Variation(40, seed=2, process=process)
    together = sample(circuit, TYPICAL, variation)
    alone()
    apart = sample(circuit, TYPICAL, variation, which=[0, 7, 39])
    assert together["op"].ways == {"alter": 3 * 40}
    assert apart["op"].ways["sweep"] == 3 * 3
    for name in ("op", "in"):
        assert apart[name].i("out") == pytest.approx(together[name].i("out")[[0, 7, 39]], rel=1e-6)
        assert apart[name].v("in") == pytest.approx(together[name].v("in")[[0, 7, 39]], rel=1e-5)
    assert _spread(together["op"].i("out")[:, 0]) > 0.03


def test_process_alone_moves_all_together(mirror: Benches) -> None:
    circuit = mirror({"op": Points()})
    found = sample(circuit, TYPICAL, Variation(200, seed=2, mismatch=False, process=True))
    assert all(name.startswith("process.") for name in found.names)
    assert "process.vth0_nfet_01v8" in found.names
    # The mirror cancels it; its gate voltage shows it: 6 mV times the factor of the transistor's size.
    assert _spread(found["op"].i("out")[:, 0]) < 2e-3
    assert found["op"].v("in")[:, 0].std() == pytest.approx(6.8e-3, rel=0.15)
    with pytest.raises(SpecError, match="starts from corner tt, not from ff"):
        sample(circuit, Condition("ff"), Variation(2, seed=2, process=True))


def test_parts_are_the_whole(mirror: Benches) -> None:
    circuit = mirror({"op": Points()})
    variation = Variation(30, seed=5, method="lhs")
    whole = sample(circuit, TYPICAL, variation)
    parts = [sample(circuit, TYPICAL, variation, which=which) for which in ([20, 29, 21], range(20), range(22, 29))]
    joined = Samples.join(parts)
    assert joined.numbers.tolist() == list(range(30))
    assert np.array_equal(joined.drawn, whole.drawn)
    assert np.array_equal(joined["op"].i("out"), whole["op"].i("out"))
    assert joined["op"].ways == whole["op"].ways
    with pytest.raises(EvidenceError, match="sample 20 is in more than one part"):
        Samples.join([parts[0], parts[0]])
    with pytest.raises(EvidenceError, match="no samples"):
        Samples.join([])
    other = sample(circuit, Condition("ss"), variation, which=[3])
    with pytest.raises(EvidenceError, match="different condition"):
        Samples.join([parts[0], other])


FINGERS = """\
.subckt top in out vss
xref in in vss vss sky130_fd_pr__nfet_01v8 w=1 l=2
xr2 vss in in vss sky130_fd_pr__nfet_01v8 w=1 l=2
xo1 out in vss vss sky130_fd_pr__nfet_01v8 w=1 l=2
xo2 vss in out vss sky130_fd_pr__nfet_01v8 w=1 l=2
xo3 out in vss vss sky130_fd_pr__nfet_01v8 w=1 l=2
xo4 vss in out vss sky130_fd_pr__nfet_01v8 w=1 l=2
xo5 out in vss vss sky130_fd_pr__nfet_01v8 w=1 l=2
xo6 vss in out vss sky130_fd_pr__nfet_01v8 w=1 l=2
xo7 out in vss vss sky130_fd_pr__nfet_01v8 w=1 l=2
xo8 vss in out vss sky130_fd_pr__nfet_01v8 w=1 l=2
.ends
"""
COPIES = """\
.subckt top in out vss
xref in in vss vss sky130_fd_pr__nfet_01v8 w=2 l=2 nf=2
xout out in vss vss sky130_fd_pr__nfet_01v8 w=2 l=2 nf=2 m=4
.ends
"""


def test_schematic_and_fingers_spread_alike(mirror: Benches) -> None:
    variation = Variation(500, seed=8)

    def of(text: str, expand: bool = False) -> Samples:
        return sample(mirror({"op": Points()}, text), TYPICAL, replace(variation, expand=expand))

    schematic, extracted, apart = of(COPIES), of(FINGERS), of(FINGERS, expand=True)
    assert schematic.names == ("xref.vth", "xout.vth")
    assert extracted.names == ("xref.vth", "xo1.vth")
    assert [term.sigma for term in extracted.terms] == pytest.approx([term.sigma for term in schematic.terms])
    assert len(apart.names) == 10
    copies = of(COPIES, expand=True)
    assert copies.names == ("xref.vth", *(f"xout.{k}.vth" for k in range(4)))
    spreads = [_spread(one["op"].i("out")[:, 0]) for one in (schematic, extracted, apart, copies)]
    # Each has a relative standard error of 3 %, a difference of two 4.5 %.
    assert spreads == pytest.approx([spreads[0]] * 4, rel=0.1)


def test_resistors_and_bipolars_vary_too(bench: Benches) -> None:
    text = """\
.subckt top a b vss
xr a vss vss sky130_fd_pr__res_high_po w=0.69 l=10
xq b b vss vss sky130_fd_pr__npn_05v5_w1p00l1p00
.ends
"""
    circuit = bench(text, [Voltage("a", 1.0), Voltage("b", 0.7), Voltage("vss", 0.0)])
    found = sample(circuit, TYPICAL, Variation(60, seed=1, process=True))
    assert {"xr.rhead_rsh", "xr.rbody_rsh", "xq.var_is", "process.res_high_po_rs"} <= set(found.names)
    # Mostly the sheet resistance, 3.5 %.
    assert _spread(found["op"].i("a")[:, 0]) == pytest.approx(0.036, rel=0.3)
    column = found.names.index("process.res_high_po_rs")
    assert np.corrcoef(found.drawn[:, column], found["op"].i("a")[:, 0])[0, 1] < -0.8
    assert 0.01 < _spread(found["op"].i("b")[:, 0]) < 0.2


def test_waveforms_and_small_signals(bench: Benches) -> None:
    text = """\
.subckt top a mid vss
r1 a mid 10k
xc mid vss sky130_fd_pr__cap_mim_m3_1 w=20 l=20
.ends
"""
    analyses = {"step": Tran(50e-9, {"a": step(0, 1, 5e-9)}), "ac": Ac("a", 1e6, 1e8, 5), "op": Points()}
    circuit = bench(text, [Voltage("a", 0.5), Voltage("vss", 0.0)], analyses, open_pins=["mid"])
    found = sample(circuit, TYPICAL, Variation(6, seed=1, process=True))
    wave = found["step"]
    assert wave.v("mid").shape == (6, len(wave.x)) and wave.x_unit == "s"
    assert (np.diff(wave.x) > 0).all() and wave.x[[0, -1]] == pytest.approx([0.0, 50e-9])
    assert {5e-9, 6e-9} <= set(wave.x)  # the corners of the waveform
    # Each sample with its own capacitance, in both analyses.
    assert found["ac"].v("mid").shape == (6, 11)
    poles = found["ac"].x[-1] / np.abs(1 / found["ac"].v("mid")[:, -1])  # far above the pole
    row = np.searchsorted(wave.x, 15e-9)
    late = -(wave.x[row] - 5.5e-9) / np.log(1 - wave.v("mid")[:, row])
    assert late == pytest.approx(1 / (2 * np.pi * poles), rel=0.02)
    assert 0.01 < _spread(late) < 0.08
    assert found["op"].v("mid") == pytest.approx(np.full((6, 1), 0.5))


def test_inner_nodes_on_demand(mirror: Benches) -> None:
    text = (
        ".subckt top in out vss\nx1 in in vss vss sky130_fd_pr__nfet_01v8 w=2 l=2\nr1 in Mid 1k\nr2 mid out 1k\n.ends"
    )
    found = sample(mirror({"op": Points()}, text), TYPICAL, Variation(3, seed=1), nodes=["MID"])
    assert set(found["op"].volts) == {"in", "out", "vss", "mid"}
    with pytest.raises(NetlistError, match="no node mud"):
        sample(mirror({"op": Points()}, text), TYPICAL, Variation(3, seed=1), nodes=["mud"])


def test_a_neuron(neuron: Benches) -> None:
    circuit = neuron({"x": sweep([0.0, 0.5e-6, 1e-6], *(f"in{k}" for k in range(4)))})
    found = sample(circuit, TYPICAL, Variation(12, seed=1))
    assert len(found.names) == 45
    assert found["x"].i("iout").shape == (12, 3)
    assert np.abs(found["x"].i("iout")).std(axis=0).max() > 1e-9


# -- files


@pytest.mark.parametrize("ending", ["npz", "h5"])
def test_files_hold_everything(mirror: Benches, tmp_path: Path, ending: str) -> None:
    if ending == "h5":
        pytest.importorskip("h5py")
    circuit = mirror({"op": Points(), "in/out": sweep([1e-7, 2e-6], "in")})
    found = sample(circuit, Condition("ss", -40, {"out": 1.0}), Variation(5, seed=2**63, method="lhs"))
    path = tmp_path / f"samples.{ending}"
    found.save(path)
    again = Samples.load(path)
    for name in ("top", "netlist", "condition", "variation", "terms", "ngspice", "models", "seconds"):
        assert getattr(again, name) == getattr(found, name), name
    assert np.array_equal(again.numbers, found.numbers) and np.array_equal(again.drawn, found.drawn)
    for name, data in found.data.items():
        assert np.array_equal(again[name].x, data.x)
        assert (again[name].x_unit, again[name].ways) == (data.x_unit, data.ways)
        for mine, theirs in ((again[name].volts, data.volts), (again[name].amps, data.amps)):
            assert list(mine) == sorted(theirs) or list(mine) == list(theirs)
            assert all(np.array_equal(mine[key], theirs[key]) for key in theirs)
    assert len(Samples.join([again])) == 5
    assert list(tmp_path.glob(".*")) == []


def test_files_that_are_none(mirror: Benches, tmp_path: Path) -> None:
    found = sample(mirror({"op": Points()}), TYPICAL, Variation(2, seed=1))
    with pytest.raises(FileError, match=r"\.npz or \.h5"):
        found.save(tmp_path / "samples.csv")
    with pytest.raises(FileError, match="cannot be written"):
        found.save(tmp_path / "nowhere" / "samples.npz")
    with pytest.raises(FileError, match="cannot be read"):
        Samples.load(tmp_path / "samples.npz")
    whole = tmp_path / "whole.npz"
    found.save(whole)
    cut = tmp_path / "cut.npz"
    cut.write_bytes(whole.read_bytes()[:-200])
    with pytest.raises(FileError, match="cannot be read"):
        Samples.load(cut)
    np.savez(tmp_path / "other.npz", about=np.array('{"analyses": {}}'))
    with pytest.raises(FileError, match="does not hold samples"):
        Samples.load(tmp_path / "other.npz")


# -- what fails


def test_requests_that_cannot_be(mirror: Benches) -> None:
    circuit = mirror({"op": Points()})
    for which in ([], [-1], [3, 4]):
        with pytest.raises(SpecError, match="samples from 0 to 3"):
            sample(circuit, TYPICAL, Variation(4, seed=1), which=which)
    bare = mirror({"op": Points()}, ".subckt top in out vss\nr1 in vss 1k\nr2 out vss 1k\n.ends\n")
    with pytest.raises(SpecError, match="nothing in it varies"):
        sample(bare, TYPICAL, Variation(4, seed=1))
    halves = mirror({"op": Points()}, COPIES.replace("m=4", "m=2.5"))
    with pytest.raises(NetlistError, match=r"xout: m=2\.5 is no whole number"):
        sample(halves, TYPICAL, Variation(4, seed=1, expand=True))


# In the process of all samples, the solution of sample 3 is taken away.
LOSE = "text = deck.read_text()\nif 'samples' in deck.name:\n    deck.write_text({change})\nreal()"


@pytest.mark.parametrize(
    "change",
    [
        # An analysis that is aborted, so that what is written is not its result.
        "text.replace('.control', 'bp px 0 v = (v(sam)>2.5 && v(sam)<3.5) ? v(px)+1 : 0\\n.control', 1)",
        # No analysis, while the one before is still there.
        "re.sub(r'(op\\nwrite out.raw\\n)destroy all\\n(alter vsam=3\\n(?:alter.*\\n)*)op\\n', r'\\1\\2', text)",
        # A result that says it is of another sample.
        "text.replace('alter vsam=3\\n', '')",
        "text.replace('alter vsam=3\\n', 'alter vsam=3.2\\n')",
        # Nothing at all after it.
        "text.replace('alter vsam=3\\n', 'quit\\n')",
    ],
)
def test_a_sample_that_did_not_come_is_solved_by_itself(
    mirror: Benches, stand_in: Callable[[str], None], change: str
) -> None:
    circuit = mirror({"op": Points()})
    variation = Variation(5, seed=1)
    expected = sample(circuit, TYPICAL, variation)
    stand_in("import re\n" + LOSE.format(change=change))
    found = sample(circuit, TYPICAL, variation)
    assert found["op"].i("out") == pytest.approx(expected["op"].i("out"), rel=1e-6)
    # Two results of one sample are both refused; the end of the process takes the last sample as well.
    lost = 1 if "px" in change or "3.2" in change else 2
    assert (found["op"].ways["alter"], found["op"].ways["single"]) == (5 - lost, lost)


def test_a_sample_without_a_solution_is_named(mirror: Benches, stand_in: Callable[[str], None]) -> None:
    stand_in(
        "import re\ntext = deck.read_text()\n"
        "if 'samples' in deck.name:\n"
        "    deck.write_text(text.replace('alter vsam=3\\n', 'alter vsam=33\\n'))\n"
        "elif 'sample 3' in text:\n"
        "    deck.write_text(text.replace('.control', 'vplanted n_in 0 1\\nvplanted2 n_in 0 2\\n.control', 1))\n"
        "real()"
    )
    with pytest.raises(ToolFailedError, match=r"top, ss 27C, sample 3, op: no solution .* in any way.*ngspice: "):
        sample(mirror({"op": Points()}), Condition("ss"), Variation(5, seed=1))


def test_a_result_out_of_the_rails_is_not_taken(bench: Benches, stand_in: Callable[[str], None]) -> None:
    text = ".subckt top a b vss\nx1 a b vss vss sky130_fd_pr__nfet_01v8 w=1 l=1\nr1 a vss 1meg\n.ends\n"
    circuit = bench(text, [Voltage("a", 1.0), Voltage("b", 1.0), Voltage("vss", 0.0)])
    stand_in(
        "text = deck.read_text()\nif 'samples' in deck.name:\n"
        "    deck.write_text(text.replace('alter vsam=2\\n', 'alter vsam=2\\nalter v1=3\\n'))\nreal()"
    )
    # From sample 2 on the source on b is at 3 V, further than anything that the bench applies.
    assert sample(circuit, TYPICAL, Variation(4, seed=1))["op"].ways == {"alter": 2, "single": 2}


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        (
            "import subprocess\nsubprocess.call([{real!r}, *sys.argv[1:]])\n"
            "raw = Path('out.raw')\nraw.write_bytes(raw.read_bytes()[:-9])",
            EvidenceError,
            r"top, tt 27C, samples 0 to 4, op: out\.raw is cut short",
        ),
        ("os.kill(os.getpid(), signal.SIGSEGV)", ToolFailedError, r"top, tt 27C, samples 0 to 4, op: .*SIGSEGV"),
        ("time.sleep(30)", ToolError, r"top, tt 27C, samples 0 to 4, op: .*did not finish"),
        ("print('Error: out of memory', file=sys.stderr)", ToolFailedError, "refused the deck: Error: out of memory"),
    ],
)
def test_a_program_that_breaks(
    mirror: Benches, stand_in: Callable[[str], None], body: str, error: type[Exception], message: str
) -> None:
    real = tools.find("ngspice")
    stand_in(f"if 'samples' not in deck.name: real()\n{body.format(real=str(real))}")
    with pytest.raises(error, match=message) as caught:
        sample(mirror({"op": Points()}), TYPICAL, Variation(5, seed=1), timeout_s=2)
    assert re.search("netlist.spice", str(caught.value))


def test_folder_of_the_caller_keeps_deck_and_log(mirror: Benches, tmp_path: Path, scratch: Path) -> None:
    place = tmp_path / "kept"
    sample(mirror({"op": Points()}), TYPICAL, Variation(3, seed=1), folder=place)
    assert {"samples.cir", "ngspice.log", "out.raw"} <= {path.name for path in place.iterdir()}
    sample(mirror({"op": Points()}), TYPICAL, Variation(3, seed=1))
    assert list(scratch.iterdir()) == []
