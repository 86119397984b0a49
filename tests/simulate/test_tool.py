"""What a missing, broken, hanging or lying ngspice leads to."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from mirrorneuron.flows import simulate, tools
from mirrorneuron.flows.simulate import rawfile
from mirrorneuron.flows.simulate.bench import Ac, Bench, Points, Tran, step, sweep
from mirrorneuron.pdk_sky130.errors import EvidenceError, MissingToolError, ToolFailedError, ToolTimeoutError

Benches = Callable[..., Bench]
StandIn = Callable[[str], None]
THREE = {"p": sweep([0.5e-6, 1e-6, 2e-6], "in")}

# Runs the true ngspice, then changes what is in the raw file; `put` replaces a number in the last row.
CHANGE = """
import numpy as np
def put(data, name, value):
    head, binary, numbers = data.partition(b"Binary:\\n")
    names = [line.split()[1] for line in head[head.index(b"Variables:\\n") :].splitlines()[1:]]
    table = np.frombuffer(numbers, complex if b"Flags: complex" in head else float).copy()
    table[names.index(name) - len(names)] = value
    return head + binary + table.tobytes()
done = subprocess.run([{real!r}, *sys.argv[1:]])
raw = Path("out.raw")
raw.write_bytes((lambda data: {change})(raw.read_bytes()))
sys.exit(done.returncode)
"""


@pytest.fixture
def changed(stand_in: StandIn) -> Callable[[str], None]:
    real = str(tools.find("ngspice"))
    return lambda change: stand_in(CHANGE.format(real=real, change=change))


def test_missing(mirror: Benches, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIRRORNEURON_NGSPICE", "/nowhere/ngspice")
    with pytest.raises(MissingToolError, match="apt-get install ngspice"):
        simulate.run(mirror(THREE))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("sys.exit(3)", "it ended with status 3"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("print('Error: out of parsley', file=sys.stderr)", "Error: out of parsley"),
        ("print('Fatal error: no')", "Fatal error: no"),
        ("pass", "ngspice left no result"),
    ],
)
def test_broken(mirror: Benches, stand_in: StandIn, body: str, message: str) -> None:
    stand_in(body)
    with pytest.raises(ToolFailedError, match=rf"netlist.spice, top, tt 27C, p: .*{message}"):
        simulate.run(mirror(THREE))


def test_hanging(mirror: Benches, stand_in: StandIn) -> None:
    stand_in("time.sleep(60)")
    started = time.monotonic()
    with pytest.raises(ToolTimeoutError, match=r"top, tt 27C, p: .*0\.5 s"):
        simulate.run(mirror(THREE), timeout_s=0.5)
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("b''", "empty"),
        ("data[:-8]", "cut short"),
        ("b'hello' + data", "no raw file"),
        ("data.replace(b'v(n_out)', b'v(n_oux)')", r"lacks v\(n_out\)"),
        ("data.replace(b'i(v0)', b'i(v9)')", r"lacks i\(v0\)"),
        ("data.replace(b'v(sel)', b'v(sex)')", r"lacks v\(sel\)"),
    ],
)
def test_result_without_all_that_was_asked_for(
    mirror: Benches, changed: Callable[[str], None], change: str, message: str
) -> None:
    changed(change)
    with pytest.raises(EvidenceError, match=message):
        simulate.run(mirror(THREE))


@pytest.mark.parametrize("analyses", [{"x": Points()}, THREE, {"x": Tran(1e-7)}, {"x": Ac("in", 1e3, 1e6)}])
def test_numbers_that_are_none(mirror: Benches, changed: Callable[[str], None], analyses: dict[str, object]) -> None:
    changed("put(data, b'v(n_in)', float('nan')) if data.count(b'Title') == 1 else data[:-8] + b'\\xff' * 8")
    with pytest.raises(ToolFailedError, match="no solution"):
        simulate.run(mirror(analyses))


def test_result_of_another_point_is_not_taken(mirror: Benches, stand_in: StandIn) -> None:
    # As after an aborted analysis: every result is that of the first operating point.
    stand_in(r"""
import re
text = deck.read_text()
text = re.sub(r"alter vsel = \d+", "alter vsel = 1", text.replace("dc vsel 1 ", "dc vsel 999 "))
deck.write_text(re.sub(r"vsel sel 0 \d+", "vsel sel 0 1", text))
real()
""")
    with pytest.raises(ToolFailedError, match="2 of 3 operating points, the first at"):
        simulate.run(mirror(THREE))


def test_aborted_analysis_is_not_a_result(mirror: Benches, stand_in: StandIn) -> None:
    # From the second point on a pin carries a current that no voltage balances; ngspice still ends with status 0, and
    # its transient search would even report success.
    stand_in(r"""
text = deck.read_text()
trap = "bt trap 0 i=(v(sel)<1.5) ? 0 : ((v(trap)>0.5) ? 1e-2 : -1e-2)\nvt t0 0 1\nrt t0 trap 1k\n.control"
deck.write_text(text.replace(".control", trap))
real()
""")
    with pytest.raises(ToolFailedError, match=r"2 of 3 operating points, the first at .*in=.*ngspice: "):
        simulate.run(mirror(THREE))


@pytest.mark.parametrize(
    ("failing", "analysis", "way"),
    [
        ("sweep", THREE["p"], "single"),
        ("sweep single", THREE["p"], "ramp"),
        ("single", Points(), "ramp"),
        ("trap", Tran(1e-6, {"in": step(1e-6, 2e-6, 1e-7)}), "ramp"),
        ("trap ramp", Tran(1e-6, {"in": step(1e-6, 2e-6, 1e-7)}), "gear"),
        ("ac", Ac("in", 1e3, 1e6), "ramp"),
    ],
)
def test_next_way_is_taken_and_reported(
    mirror: Benches, stand_in: StandIn, failing: str, analysis: Points | Tran | Ac, way: str
) -> None:
    expected = simulate.run(mirror({"x": analysis}))["x"]
    stand_in(f"""
if deck.stem in {failing.split()!r}:
    print("doAnalyses: iteration limit reached\\n\\nrun simulation(s) aborted", file=sys.stderr)
    sys.exit()
real()
""")
    found = simulate.run(mirror({"x": analysis}))["x"]
    assert way in found.ways
    assert way not in expected.ways
    assert found.v("in")[-1] == pytest.approx(expected.v("in")[-1], rel=1e-4)


@pytest.mark.parametrize("solved", [True, False])
def test_an_iteration_out_of_an_expressions_range_is_no_refusal(
    mirror: Benches, stand_in: StandIn, solved: bool
) -> None:
    """As a poly resistor's law says it of 1e154 V; ngspice's next help may still find the point."""
    expected = simulate.run(mirror({"x": Points()}))["x"]
    stand_in(f"""
if {solved} or deck.stem == "single":
    print("Error: 2.13517e+154, 2 out of range for ^\\n    in line b.xx5.brbody", file=sys.stderr)
if deck.stem != "single" or {solved}:
    real()
""")
    found = simulate.run(mirror({"x": Points()}))["x"]
    assert ("ramp" in found.ways) is not solved
    assert found.v("in")[-1] == pytest.approx(expected.v("in")[-1], rel=1e-4)


def test_only_what_is_left_is_tried_again(mirror: Benches, changed: Callable[[str], None]) -> None:
    # One number of the sweep is out of the rails; single points come right.
    changed("put(data, b'v(n_in)', 5600.0) if deck.stem == 'sweep' else data")
    data = simulate.run(mirror({"p": sweep(np.linspace(1e-7, 1e-6, 12), "in")}))["p"]
    assert data.ways["sweep"] == 11
    assert data.ways["single"] == 1
    assert data.v("in").max() < 0.7


def test_first_failure_ends_the_rest(mirror: Benches, stand_in: StandIn, tmp_path: Path) -> None:
    count = tmp_path / "count"
    count.write_text("")
    stand_in(f"Path({str(count)!r}).open('a').write('x')\nsys.exit(9)")
    runs = [(mirror(THREE), condition) for condition in simulate.conditions(["tt", "ss"], range(0, 100, 10))]
    with pytest.raises(ToolFailedError, match="status 9"):
        simulate.run_many(runs, jobs=1)
    assert len(count.read_text()) < 5


def test_raw_file_of_several_analyses(tmp_path: Path) -> None:
    deck = "* t\nv1 a 0 dc 1 ac 1\nr1 a 0 1\n.control\nset appendwrite\nop\nwrite o.raw\nac dec 1 1 10\nwrite o.raw\n"
    (tmp_path / "d.cir").write_text(deck + "quit\n.endc\n.end\n")
    tools.run("ngspice", ["-b", "d.cir"], cwd=tmp_path, log=tmp_path / "log", timeout_s=20)
    point, ac = rawfile.read(tmp_path / "o.raw")
    assert point.vectors["v(a)"] == pytest.approx([1.0])
    assert ac.vectors["frequency"].real == pytest.approx([1, 10])
    assert ac.vectors["v(a)"] == pytest.approx([1, 1])
    with pytest.raises(EvidenceError, match=r"left no none\.raw"):
        rawfile.read(tmp_path / "none.raw")
