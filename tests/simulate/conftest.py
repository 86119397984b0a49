"""Netlists, benches and ngspice stand-ins for the simulation tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mirrorneuron.flows import tools
from mirrorneuron.flows.simulate.bench import Analysis, Bench, CurrentInput, Points, Source, Voltage
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.models import Library, library

NETLISTS = Path(__file__).parent / "netlists"
MIRROR = """\
* simple mirror, 1:1
.subckt top in out vss
xref in in vss vss sky130_fd_pr__nfet_01v8 w=2 l=2
xunit out in vss vss sky130_fd_pr__nfet_01v8 w=2 l=2
.ends
"""


@pytest.fixture(scope="session")
def pdk() -> install.Pdk:
    return install.locate()


@pytest.fixture(scope="session")
def typical(pdk: install.Pdk) -> Library:
    return library(pdk.continuous, "tt")


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where runs that fail leave their folders."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a netlist and returns its path."""

    def _write(text: str, name: str = "netlist.spice") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return _write


@pytest.fixture
def bench(write: Callable[..., Path]) -> Callable[..., Bench]:
    """A bench of a netlist's text, whose subcircuit is called `top`."""

    def _bench(text: str, sources: list[Source], analyses: dict[str, Analysis] | None = None, **more: Any) -> Bench:
        return Bench(write(text), "top", sources, analyses or {"op": Points()}, **more)

    return _bench


@pytest.fixture
def mirror(bench: Callable[..., Bench]) -> Callable[..., Bench]:
    """A bench of a simple mirror at 1 uA and 0.9 V, with the given analyses."""
    sources = [Voltage("out", 0.9), Voltage("vss", 0.0), Voltage("vdd", 1.8), CurrentInput("in", 1e-6)]
    return lambda analyses, text=MIRROR, **more: bench(text, sources, analyses, **more)


@pytest.fixture
def neuron() -> Callable[..., Bench]:
    """A bench of a neuron with four inputs, all at 0.5 uA."""

    def _bench(analyses: dict[str, Analysis]) -> Bench:
        held = [Voltage(pin, volt) for pin, volt in {"vdd": 1.8, "vss": 0.0, "vref": 0.2, "iout": 0.9}.items()]
        inputs = [CurrentInput(f"in{k}", 0.5e-6) for k in range(4)]
        return Bench(NETLISTS / "neuron.spice", "neuron", [*held, CurrentInput("ibias", 1e-6), *inputs], analyses)

    return _bench


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a Python program in ngspice's place; in it `real()` runs the true one and `deck` is the deck's path."""
    real = tools.find("ngspice")
    version = tools.version("ngspice")

    def _install(body: str) -> None:
        program = tmp_path / "stand_in.py"
        program.write_text(
            f"#!{sys.executable}\n"
            "import os, sys, signal, subprocess, time\n"
            "from pathlib import Path\n"
            f"if '--version' in sys.argv: print('** ngspice-{version} :'); sys.exit()\n"
            "deck = Path(sys.argv[-1])\n"
            f"def real(): sys.exit(subprocess.call([{str(real)!r}, *sys.argv[1:]]))\n"
            f"{body}\n"
        )
        program.chmod(0o755)
        monkeypatch.setenv(tools.TOOLS["ngspice"].variable, os.fspath(program))

    return _install
