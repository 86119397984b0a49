"""What the tests rest on: decks in the running KLayout end as in one of their own, and cells are built once a run."""

from __future__ import annotations

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from mirrorneuron.flows import tools
from mirrorneuron.flows.tools import TOOLS
from mirrorneuron.generators import catalog
from mirrorneuron.pdk_sky130.errors import ToolTimeoutError

from tests.kit import builds, klayout

DECK = """
source($input)
report("a report", $report)
input(68, 20).width(140.nm).output("narrow", "narrower than 0.14 um")
puts "looked at #{$input}"
$stderr.puts "in #{File.basename(Dir.pwd)}"
"""
SCRIPTS = {
    "ends well": ('puts "well"', 0),
    "exits with a status": ('puts "well"\nexit 7', 7),
    "raises": ('raise "bad layout"', 1),
    "cannot be read": ("def (", 1),
}


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory):
    """A KLayout for each run, and one that runs already."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(TOOLS["klayout"].variable, raising=False)
        own = tools.find("klayout")
        with klayout.running(tmp_path_factory.mktemp("klayout")) as running:
            yield own, running


def run(program: Path, folder: Path, script: Path, **variables: Path) -> subprocess.CompletedProcess[str]:
    words = [word for name, value in variables.items() for word in ("-rd", f"{name}={value}")]
    command = [program, "-b", "-r", script, *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_a_deck_leaves_the_same(programs, tmp_path):
    gds = builds.once(catalog.load("mirror_simple"), tmp_path / "builds").gds
    script = tmp_path / "deck.drc"
    script.write_text(DECK)
    left = []
    for number, program in enumerate(programs):
        report = tmp_path / f"{number}.lyrdb"
        done = run(program, tmp_path, script, input=gds, report=report)
        left.append((done.returncode, done.stdout, done.stderr, report.read_text()))
    assert left[0] == left[1]
    assert left[0][0] == 0


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_deck_ends_with_the_same_status(name, programs, tmp_path):
    text, status = SCRIPTS[name]
    script = tmp_path / "script.rb"
    script.write_text(text)
    own, running = (run(program, tmp_path, script) for program in programs)
    assert own.returncode == running.returncode == status
    assert own.stdout == running.stdout
    assert bool(own.stderr) == bool(running.stderr)


def test_no_deck_sees_the_variables_of_another(programs, tmp_path):
    script = tmp_path / "script.rb"
    script.write_text("puts $input.inspect")
    _, running = programs
    assert run(running, tmp_path, script, input=tmp_path).stdout == f'"{tmp_path}"\n'
    assert run(running, tmp_path, script).stdout == "nil\n"


def test_a_deck_that_takes_too_long_is_ended(programs, tmp_path, monkeypatch):
    script = tmp_path / "script.rb"
    script.write_text('File.write("started", Process.pid)\nsleep 60')
    monkeypatch.setenv(TOOLS["klayout"].variable, str(programs[1]))
    with pytest.raises(ToolTimeoutError):
        tools.run("klayout", ["-b", "-r", script], cwd=tmp_path, log=tmp_path / "log", timeout_s=4)
    deck = Path(f"/proc/{(tmp_path / 'started').read_text()}")
    end = time.monotonic() + 10
    while deck.exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert not deck.exists()


def test_a_cell_is_built_once(tmp_path, monkeypatch):
    calls = []
    build = builds.build
    monkeypatch.setattr(builds, "build", lambda spec, out: calls.append(spec) or build(spec, out))
    one, other = (catalog.load("mirror_simple", [f"ratios=[1,{ratio}]"]) for ratio in (1, 2))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda spec: builds.once(spec, tmp_path / "builds"), [one, one, other, one]))
    assert len(calls) == 2
    assert found[0] == found[1] == found[3]
    assert found[0].gds.is_file()
    assert found[2].gds != found[0].gds
