"""The steps in order: what fails, what breaks, and what is left behind."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import klayout.db as kdb
import pytest
from mirrorneuron.flows import build as build_step
from mirrorneuron.flows import cli, matching, signoff
from mirrorneuron.flows.drc import DrcResult, Violation
from mirrorneuron.flows.extract import ExtractResult
from mirrorneuron.flows.lvs import LvsResult
from mirrorneuron.flows.signoff import STEPS, Signoff
from mirrorneuron.flows.testbenches import registry
from mirrorneuron.flows.testbenches.neuron import bench as neuron
from mirrorneuron.generators import catalog
from mirrorneuron.generators.cells.matched_array import layout as matched_array_layout
from mirrorneuron.generators.cells.matched_array.sizing import centroid_limit, size_array
from mirrorneuron.generators.cells.matched_array.spec import MatchedArraySpec
from mirrorneuron.generators.cells.neuron.spec import NeuronSpec
from mirrorneuron.generators.placement import Pattern
from mirrorneuron.generators.units import ArraySize
from mirrorneuron.pdk_sky130.errors import (
    EvidenceError,
    FileError,
    MirrorneuronError,
    MissingToolError,
    NetlistError,
    ToolTimeoutError,
)

from .conftest import PINS, Steps, layout_with_pins, matched, measurement

BUILD, MATCHING = build_step.build, matching.run
PROGRAM = Path(sys.executable).with_name("mirrorneuron")
Signed = Callable[..., Signoff]


@pytest.fixture(autouse=True)
def no_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """They take a second, and have tests of their own."""
    monkeypatch.setattr(neuron, "BENCH", replace(neuron.BENCH, plots=lambda _: []))


def _failed(found: Signoff) -> set[str]:
    return {check.step for check in found.checks if not check.passed}


def test_all_steps_pass(signed: Signed, tmp_path: Path) -> None:
    found = signed()
    assert (found.passed, found.status, _failed(found)) == (True, 0, set())
    data = found.as_json()
    assert list(data) == ["passed", "checks", "files"]
    assert list(dict.fromkeys(check["step"] for check in data["checks"])) == list(STEPS)
    assert all({"step", "name", "passed", "value", "limit", "unit"} <= set(check) for check in data["checks"])
    assert {"gds", "spice", "pex", "report"} <= set(data["files"])
    assert all(Path(path).is_file() for path in data["files"].values())
    record = json.loads((tmp_path / "out/pair/report.json").read_text())
    assert {key: record[key] for key in data} == data
    assert record["spec"]["weights"] == [1, -1]
    assert set(record["measured"]) == {"schematic", "after layout"}
    tasks = {"build", "drc", "lvs", "matching", "extract", "simulate schematic", "simulate after layout"}
    assert set(found.seconds) >= tasks
    assert not list((tmp_path / "out/pair").glob(".*"))


def test_the_record_is_the_same_each_time(signed: Signed, tmp_path: Path) -> None:
    signed()
    first = (tmp_path / "out/pair/report.json").read_bytes()
    signed()
    assert (tmp_path / "out/pair/report.json").read_bytes() == first


VIOLATION = Violation("official", "met1.1", "width", "met1", 0.0, 0.0)


@pytest.mark.parametrize(
    ("step", "result", "failed"),
    [
        ("drc", DrcResult((VIOLATION,), {"official": 10}), {"drc"}),
        ("drc", DrcResult((replace(VIOLATION, deck="other"),), {"official": 10}), {"drc"}),
        ("drc", DrcResult((), {}), {"drc"}),
        ("lvs", LvsResult(False, 12, False, True, ("klayout: net a",)), {"lvs"}),
        ("lvs", LvsResult(False, 12, True, False, ("netgen: property",)), {"lvs"}),
        ("lvs", LvsResult(False, 0, True, True, ()), {"lvs"}),
        ("matching", matched("netlist: iout has 1 unit, 2 are wanted"), {"matching"}),
        ("matching", replace(matched(), groups=()), {"matching"}),
        ("matching", matched(ring=False), {"matching"}),
        ("extract", ExtractResult(Path("x"), 0, 5, 1e-15, PINS, "magic"), {"extract"}),
        ("extract", ExtractResult(Path("x"), 5, 0, 0.0, PINS, "magic"), {"extract"}),
        ("schematic", replace(measurement(), limited=("iin0 (random, ss -40C)",)), {"simulate"}),
        ("layout", replace(measurement(), points=0), {"simulate"}),
        ("layout", measurement(sum_error_rms=0.3), {"judge"}),
        ("layout", measurement(missing={"sum_error_rms": "none"}), {"judge"}),
    ],
)
def test_a_failed_step_fails_alone(signed: Signed, steps: Steps, step: str, result: Any, failed: set[str]) -> None:
    setattr(steps, step, result)
    found = signed()
    assert (found.passed, found.status, _failed(found)) == (False, 1, failed)
    # All others ran, and the report tells.
    assert {check.step for check in found.checks} == set(STEPS)
    assert Path(found.files["report"]).is_file()


@pytest.mark.parametrize(
    ("step", "error", "status", "failed"),
    [
        ("drc", MissingToolError("klayout is missing"), 3, {"drc"}),
        ("lvs", ToolTimeoutError("netgen hung"), 3, {"lvs"}),
        ("lvs", NetlistError("no such subcircuit"), 2, {"lvs"}),
        ("matching", NetlistError("it holds no transistor"), 2, {"matching"}),
        ("extract", EvidenceError("no device"), 3, {"extract", "simulate", "judge"}),
        ("schematic", EvidenceError("no solution"), 3, {"simulate", "judge"}),
        ("layout", EvidenceError("no solution"), 3, {"simulate", "judge"}),
    ],
)
def test_a_broken_step_is_told_and_the_others_run(
    signed: Signed, steps: Steps, step: str, error: MirrorneuronError, status: int, failed: set[str]
) -> None:
    setattr(steps, step, error)
    found = signed()
    assert (found.passed, found.status) == (False, status)
    assert _failed(found) == failed
    assert any(str(error) in check.detail for check in found.checks)
    assert {check.step for check in found.checks} == set(STEPS)
    assert str(error) in Path(found.files["report"]).read_text()
    assert not json.loads(Path(found.files["json"]).read_text())["passed"]


def test_what_cannot_run_says_why(signed: Signed, steps: Steps, tmp_path: Path) -> None:
    stale = tmp_path / "out/pair/pair.pex.spice"
    stale.parent.mkdir(parents=True)
    stale.write_text("of an earlier run")
    steps.extract = EvidenceError("no device")
    found = signed()
    (skipped,) = [check for check in found.checks if check.step == "simulate" and not check.passed]
    assert skipped.detail == "skipped because the layout was not extracted"
    assert "pex" not in found.files
    assert not stale.exists()
    assert found.schematic is not None


def test_rings_of_standard_cells_are_not_asked_for(signed: Signed, steps: Steps) -> None:
    steps.matching = matched(ring=False, logic=True)
    assert signed().passed


def test_centroids_are_held_against_what_the_spec_asks_for(
    steps: Steps, spec: NeuronSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Path, Path, float | None]] = []

    def run(gds: Path, netlist: Path, *, centroid_limit: float | None) -> matching.MatchingResult:
        asked.append((gds, netlist, centroid_limit))
        return matched()

    monkeypatch.setattr(matching, "run", run)
    monkeypatch.setattr(registry, "bench_of", lambda _: None)
    array = MatchedArraySpec(ratios=[1, 2], pattern="block", rows=1)
    files = [signoff.run(one, tmp_path, targets=[]).built for one in (spec, array)]
    limits = [None, centroid_limit(array)]
    assert limits[1] is not None and limits[1] > 1
    assert asked == [(one.gds, one.spice, limit) for one, limit in zip(files, limits, strict=True)]


def test_a_cell_without_a_testbench_cannot_pass(signed: Signed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "bench_of", lambda _: None)
    found = signed()
    assert (found.passed, found.status, _failed(found)) == (False, 1, {"simulate", "judge"})
    told = [check for check in found.checks if not check.passed]
    assert {check.detail for check in told} == {"skipped because there is no testbench for neuron"}
    # All others ran, and the report tells.
    assert {check.step for check in found.checks} == set(STEPS)
    assert "there is no testbench for neuron" in Path(found.files["report"]).read_text()
    assert json.loads(Path(found.files["json"]).read_text())["measured"] == {}


@pytest.mark.parametrize("command", [["simulate"], ["signoff", "--targets", "some.yaml"]])
def test_what_needs_a_testbench_is_refused_without_one(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "bench_of", lambda _: None)
    status, text, said = cli.execute([*command, "neuron", "--out", str(tmp_path / "out")], False)
    assert (status, text) == (2, None)
    assert said is not None
    assert "there is no testbench for neuron" in said
    assert not (tmp_path / "out").exists()


def test_without_targets_nothing_passes(spec: NeuronSpec, steps: Steps, tmp_path: Path) -> None:
    found = signoff.run(spec, tmp_path, targets=[])
    assert (found.passed, _failed(found)) == (False, {"judge"})


def test_a_step_without_a_check_is_no_pass(signed: Signed) -> None:
    found = signed()
    for step in STEPS:
        left = replace(found, checks=[check for check in found.checks if check.step != step])
        assert (left.passed, left.status) == (False, 1), step


def test_a_fault_of_ours_is_not_hidden(signed: Signed, steps: Steps) -> None:
    steps.lvs = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        signed()


def test_a_report_that_cannot_be_written(signed: Signed, tmp_path: Path) -> None:
    (tmp_path / "out/pair/report.html").mkdir(parents=True)
    found = signed()
    assert (found.status, _failed(found)) == (2, {"report"})
    assert "report" not in found.files


def test_the_watcher_is_told_of_every_task(signed: Signed, steps: Steps) -> None:
    steps.lvs = LvsResult(False, 12, False, True, ())
    told: dict[str, bool] = {}

    class Watcher:
        def started(self, task: str) -> None:
            assert task not in told

        def advanced(self, task: str, done: int, of: int) -> None:
            raise AssertionError

        def ended(self, task: str, passed: bool, seconds: float) -> None:
            told[task] = passed

    found = signed(watcher=Watcher())
    assert set(told) == set(found.seconds)
    assert [task for task, passed in told.items() if not passed] == ["lvs"]


# A planted defect


def _exchanged(pattern: Pattern) -> Pattern:
    """A unit of d1 in the place of one of d2, and the other way round."""
    rows = [list(row) for row in pattern.rows]
    (a, b), (c, d) = (
        next((r, k) for r, row in enumerate(rows) for k in range(len(row)) if row[k] == o) for o in DRAINS
    )
    rows[a][b], rows[c][d] = rows[c][d], rows[a][b]
    return replace(pattern, rows=tuple(map(tuple, rows)))


def _given_away(pattern: Pattern) -> Pattern:
    """Some units of d1 to d2: a ratio that is drawn other than asked."""
    one, other = DRAINS
    rows = [[other if owner == one and k % 2 else owner for k, owner in enumerate(row)] for row in pattern.rows]
    return replace(pattern, rows=tuple(map(tuple, rows)))


DRAINS = ("d1", "d2")
ARRAY = MatchedArraySpec(ratios=[2, 4, 8])


@pytest.mark.parametrize(
    ("spoil", "told"),
    [(None, ""), (_exchanged, "centroid: "), (_given_away, "netlist: ratio of gate g")],
    ids=["as it is", "owners exchanged", "units given away"],
)
def test_a_wrong_owner_fails_in_matching(
    steps: Steps,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Pattern], Pattern] | None,
    told: str,
) -> None:
    """Building and matching are the true ones here."""
    if spoil is not None:

        def size(spec: MatchedArraySpec) -> ArraySize:
            right = size_array(spec)
            return replace(right, pattern=spoil(right.pattern))

        monkeypatch.setattr(matched_array_layout, "size_array", size)
    monkeypatch.setattr(build_step, "build", BUILD)
    monkeypatch.setattr(matching, "run", MATCHING)
    monkeypatch.setattr(registry, "bench_of", lambda _: None)
    found = signoff.run(ARRAY, tmp_path, targets=[])
    assert _failed(found) == {"simulate", "judge"} | ({"matching"} if spoil else set())
    assert found.matching is not None
    assert [group.gate for group in found.matching.groups if group.kind == "mirror"] == ["g"]
    details = [check.detail for check in found.checks if check.step == "matching" and not check.passed]
    assert told in "".join(details)
    assert bool(details) == bool(spoil)


# Building


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], kdb.Layout]], None]:
    """Lets the catalog draw something else."""
    return lambda draw: monkeypatch.setattr(catalog, "layout_of", lambda _: draw())


def test_build_writes_all_files_the_same_each_time(
    spec: NeuronSpec, drawn: Callable[[Callable[[], kdb.Layout]], None], tmp_path: Path
) -> None:
    drawn(layout_with_pins)
    found = []
    for _ in range(2):
        built = build_step.build(spec, tmp_path)
        assert built.passed, built.checks
        found.append([Path(path).read_bytes() for path in built.files().values()])
        time.sleep(0.01)
    assert found[0] == found[1]
    assert sorted(path.name for path in (tmp_path / "pair").iterdir()) == ["pair.gds", "pair.png", "pair.spice"]
    again = kdb.Layout()
    again.read(str(built.gds))
    assert [cell.name for cell in again.top_cells()] == ["pair"]
    assert built.picture.read_bytes().startswith(b"\x89PNG")


def _without_label() -> kdb.Layout:
    layout = layout_with_pins()
    layout.top_cell().shapes(layout.layer(68, 5)).clear()
    return layout


def _without_pin_shape() -> kdb.Layout:
    layout = layout_with_pins()
    shapes = layout.top_cell().shapes(layout.layer(68, 16))
    for shape in list(shapes.each(kdb.Shapes.SBoxes))[:1]:
        shapes.erase(shape)
    return layout


@pytest.mark.parametrize(
    ("draw", "detail"),
    [
        (lambda: layout_with_pins(pins=PINS[1:]), "not drawn: iin0"),
        (lambda: layout_with_pins(pins=(*PINS, "extra")), "not in the netlist: extra"),
        (_without_label, "not drawn: ibias, iin0"),
        (_without_pin_shape, "not drawn: iin0"),
    ],
)
def test_build_notices_pins_that_are_wrong(
    spec: NeuronSpec,
    drawn: Callable[[Callable[[], kdb.Layout]], None],
    tmp_path: Path,
    draw: Callable[[], kdb.Layout],
    detail: str,
) -> None:
    drawn(draw)
    built = build_step.build(spec, tmp_path)
    assert not built.passed
    assert any(detail in check.detail for check in built.checks if not check.passed)


def test_build_needs_one_top_cell_of_the_name(
    spec: NeuronSpec, drawn: Callable[[Callable[[], kdb.Layout]], None], tmp_path: Path
) -> None:
    drawn(lambda: layout_with_pins("other"))
    with pytest.raises(NetlistError, match="has the top cells other"):
        build_step.build(spec, tmp_path)
    drawn(kdb.Layout)
    with pytest.raises(NetlistError, match="has the top cells none"):
        build_step.build(spec, tmp_path)
    assert not (tmp_path / "pair").exists()


def test_build_looks_at_the_folder_first(
    spec: NeuronSpec, drawn: Callable[[Callable[[], kdb.Layout]], None], tmp_path: Path
) -> None:
    drawn(lambda: pytest.fail("it was drawn"))
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot write there"):
        build_step.build(spec, tmp_path / "file")


def test_build_leaves_nothing_half_written(
    spec: NeuronSpec, drawn: Callable[[Callable[[], kdb.Layout]], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn(layout_with_pins)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(build_step.picture, "draw", full)
    with pytest.raises(FileError, match="No space left"):
        build_step.build(spec, tmp_path)
    assert not (tmp_path / "pair").exists()


# The command


def _call(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize("command", ["build", "simulate", "signoff"])
def test_bad_input_is_status_2_and_leaves_nothing(command: str, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("cell: neuron\nweigths: [1]\n")
    (tmp_path / "file").write_text("")
    out = tmp_path / "out"
    cases: list[tuple[list[str | Path], str]] = [
        ([tmp_path / "none.yaml", "--out", out], "no such file"),
        ([tmp_path / "bad.yaml", "--out", out], "did you mean weights?"),
        (["neuron", "--set", "weights=[99]", "--out", out], "99"),
        (["neuron", "--out", tmp_path / "file"], "cannot write there"),
    ]
    if command != "build":
        cases.append(
            (["neuron", "--targets", tmp_path / "none.targets.yaml", "--out", out], "none.targets.yaml cannot be read")
        )
    for arguments, message in cases:
        status, text, said = cli.execute([command, *map(str, arguments)], False)
        assert (status, text) == (2, None), said
        assert said is not None
        assert message in said
    assert not out.exists()


def test_build_command(tmp_path: Path) -> None:
    done = _call("build", "neuron", "--set", "weights=[2]", "--set", "name=one", "--out", tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["passed"]
    assert set(found["files"]) == {"gds", "spice", "picture"}
    assert all(Path(path).stat().st_size > 1000 for path in found["files"].values())


def test_simulate_command_judges_schematic_and_extracted_netlist(tmp_path: Path) -> None:
    fields = ["neuron", "--set", "weights=[2]", "--set", "name=one"]
    done = _call("simulate", *fields, "--out", tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    assert list(json.loads(done.stdout)["measured"]) == ["schematic"]
    schematic = (tmp_path / "one/one.spice").read_text()
    wrong = tmp_path / "wrong.spice"
    wrong.write_text(re.sub(r"(?m)^(Xsynapse_weight .* m=)2$", r"\g<1>3", schematic))
    assert wrong.read_text() != schematic
    done = _call("simulate", *fields, "--netlist", wrong, "--out", tmp_path, "--json")
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    assert list(found["measured"]) == ["schematic", "after layout"]
    assert found["measured"]["after layout"]["numbers"]["sum_shift_after_layout"]["value"] > 10
    # Nor is a netlist without wiring the extracted one.
    failed = {check["name"]: check["detail"] for check in found["checks"] if not check["passed"]}
    assert failed["after layout: capacitors in the netlist"] == "this is no extracted netlist"


@pytest.mark.parametrize("cell", [["neuron", "--set", "weights=[2]"], ["matched_array", "--set", "ratios=[2,3]"]])
def test_signoff_of_a_small_cell(tmp_path: Path, cell: list[str]) -> None:
    done = _call("signoff", *cell, "--set", "name=one", "--out", tmp_path, "--jobs", "2", "--json")
    found = json.loads(done.stdout)
    failed = [check for check in found["checks"] if not check["passed"]]
    assert (done.returncode, failed) == (0, []), done.stderr
    assert found["passed"]
    assert set(dict.fromkeys(check["step"] for check in found["checks"])) == set(STEPS)
    page = Path(found["files"]["report"]).read_text()
    assert "PASSED" in page
    # Each step has its line on stderr where there is no terminal.
    assert all(step in done.stderr for step in STEPS)
