"""One run at a time in a cell's folder, for every command that writes there; and nothing is left by those refused."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from mirrorneuron.flows import build as build_step
from mirrorneuron.flows import characterize, cli, datasheet, drc, extract, judge, lvs
from mirrorneuron.flows.build import build
from mirrorneuron.flows.testbenches.mirror import bench as mirror
from mirrorneuron.flows.tools.folders import alone, workspace
from mirrorneuron.generators import catalog
from mirrorneuron.pdk_sky130.errors import FileError, InputError

CELL = "mirror_simple"
HOLD = f"""
import sys
from pathlib import Path
from mirrorneuron.flows.tools.folders import workspace
with workspace({CELL!r}, Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A layout outside of the folder that the commands write in."""
    return build(catalog.load(CELL, ()), tmp_path_factory.mktemp("built")).gds


def commands(gds: Path) -> dict[str, list[str]]:
    """A call of each command that writes in a cell's folder."""
    spice = str(gds.with_suffix(".spice"))
    return {
        "build": ["build", CELL],
        "signoff": ["signoff", CELL],
        "simulate": ["simulate", CELL],
        "characterize": ["characterize", CELL],
        "characterize a netlist": ["characterize", CELL, "--netlist", spice],
        "compare": ["compare", CELL],
        "compare schematics": ["compare", CELL, "--schematic"],
        "drc": ["drc", str(gds)],
        "lvs": ["lvs", str(gds), spice],
        "extract": ["extract", str(gds)],
    }


NAMES = list(commands(Path("x.gds")))


@contextmanager
def other_run(out: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that is at work in the cell's folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(out)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


@pytest.mark.parametrize("name", NAMES)
def test_a_second_run_is_refused_at_once(name: str, built: Path, tmp_path: Path) -> None:
    with other_run(tmp_path):
        status, text, message = cli.execute([*commands(built)[name], "--out", str(tmp_path)], False)
        assert (status, text) == (2, None)
        assert message == (
            f"mirrorneuron: {tmp_path / CELL} is in use by another run. Wait for it, or choose another --out."
        )
        assert [path.name for path in (tmp_path / CELL).iterdir()] == [".lock"]


@pytest.mark.parametrize("name", NAMES)
def test_a_command_holds_the_folder_from_its_first_file_to_its_last(
    name: str, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it calls to do the work finds the folder held, by the command and not by itself."""
    at_work: list[bool] = []

    def held(*_: Any, **__: Any) -> Any:
        def enter() -> None:
            try:
                with alone(tmp_path / CELL):
                    at_work.append(False)
            except FileError:
                at_work.append(True)

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()

    def then_refused(*_: Any, **__: Any) -> Any:
        held()
        raise InputError("this is as far as it goes")

    monkeypatch.setattr(build_step.picture, "draw", lambda _, path: (held(), path.write_bytes(b""))[1])
    for module in (drc, lvs, extract):
        monkeypatch.setattr(module, "run", then_refused)
    monkeypatch.setattr(mirror, "measure", then_refused)
    monkeypatch.setattr(characterize, "characterize", then_refused)
    cli.execute([*commands(built)[name], "--out", str(tmp_path)], False)
    assert at_work
    assert all(at_work)
    with workspace(CELL, tmp_path):
        pass  # it is free again


def test_a_datasheet_holds_it_too(tmp_path: Path) -> None:
    spec = catalog.load(CELL, ())
    with other_run(tmp_path), pytest.raises(FileError, match="in use by another run"):
        datasheet.make(spec, tmp_path, targets=[judge.Target(value="output_resistance", min=1.0)])


@pytest.mark.parametrize("ended_by", [signal.SIGKILL, signal.SIGTERM])
def test_a_run_that_died_leaves_no_stale_lock(ended_by: signal.Signals, tmp_path: Path) -> None:
    with other_run(tmp_path) as process:
        process.send_signal(ended_by)
        process.wait()
        status, _, message = cli.execute(["build", CELL, "--out", str(tmp_path)], False)
    assert (status, message) == (0, None)
    assert not (tmp_path / CELL / ".lock").exists()


def test_a_run_may_enter_its_own_workspace_again(tmp_path: Path) -> None:
    with workspace("a", tmp_path) as folder:
        with workspace("a", tmp_path) as again:
            assert again == folder
        assert (folder / ".lock").exists()
        with pytest.raises(FileError, match="in use"), alone(folder):
            pass
    assert list(folder.iterdir()) == []


def _refused(tmp_path: Path, fill: Callable[[Path], None] = lambda _: None) -> None:
    with pytest.raises(InputError), workspace("a", tmp_path / "out") as folder:
        fill(folder)
        raise InputError("a bad spec")


def test_bad_input_leaves_no_folder_behind(tmp_path: Path) -> None:
    _refused(tmp_path)
    assert list(tmp_path.iterdir()) == []
    _refused(tmp_path, lambda folder: folder.joinpath("log").touch())
    assert [path.name for path in (tmp_path / "out/a").iterdir()] == ["log"]
    (tmp_path / "out/a/log").unlink()
    _refused(tmp_path)
    assert (tmp_path / "out/a").is_dir()  # it was there before
