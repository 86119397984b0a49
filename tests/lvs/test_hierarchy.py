"""A schematic in two levels against a layout of ours: LVS, matching, extraction and simulation all take it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mirrorneuron.flows import extract, lvs, matching, simulate
from mirrorneuron.flows.build import build
from mirrorneuron.flows.simulate.bench import Bench, CurrentInput, Points, Voltage
from mirrorneuron.generators import catalog

FET = "sky130_fd_pr__nfet_01v8"
TWO_LEVELS = f"""\
* mirror_cascode: a branch is a unit and its cascode
.subckt branch out gate cascode_gate tail rail params: wc=4 lc=0.5
Xunit tail gate rail rail {FET} w=2 l=2 nf=2 m=1
Xcascode out cascode_gate tail rail {FET} w={{wc}} l=lc nf=2 m=1
.ends branch
.subckt idle rail
Xdummy rail rail rail rail {FET} w=2 l=2 nf=2
.ends idle
.SUBCKT mirror_cascode Iin iout1
+ VSS
Xin iin ref iin ref vss branch
Xout iout1 ref iin x vss branch wc='2*2'
Xidle vss idle m=10
.ENDS
"""


@pytest.fixture(scope="module")
def cell(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """The layout, its own netlist in one level, and that in two."""
    folder = tmp_path_factory.mktemp("cascode")
    built = build(catalog.load("mirror_cascode"), folder)
    hierarchical = folder / "two_levels.spice"
    hierarchical.write_text(TWO_LEVELS)
    return built.gds, built.spice, hierarchical


def test_lvs(cell: tuple[Path, Path, Path], tmp_path: Path) -> None:
    gds, flat, hierarchical = cell
    result = lvs.run(gds, hierarchical, work=tmp_path / "work")
    assert (result.passed, result.klayout, result.netgen) == (True, True, True), result.errors
    assert result.devices == lvs.run(gds, flat, work=tmp_path / "work").devices == 28


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("wc='2*2'", "wc='2*2.1'", "4.2"),
        ("iout1 ref iin x vss branch", "iout1 iin ref x vss branch", "out.xunit"),
        ("idle m=10", "idle m=9", "vss"),
    ],
)
def test_what_differs_below_is_found(
    right: str, wrong: str, message: str, cell: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    path = tmp_path / "wrong.spice"
    path.write_text(TWO_LEVELS.replace(right, wrong))
    result = lvs.run(cell[0], path, work=tmp_path / "work")
    assert (result.klayout, result.netgen) == (False, False)
    assert message in "\n".join(result.errors).lower()


def test_matching(cell: tuple[Path, Path, Path], tmp_path: Path) -> None:
    gds, _, hierarchical = cell
    result = matching.run(gds, netlist=hierarchical)
    assert result.passed, result.errors
    path = tmp_path / "wrong.spice"
    path.write_text(
        TWO_LEVELS.replace("tail gate rail rail sky130_fd_pr__nfet_01v8 w=2", "tail gate rail rail nfet_01v8 w=3")
    )
    result = matching.run(gds, netlist=path)
    assert any("xin.xunit" in error and "1 um as drawn, 1.5 um in the netlist" in error for error in result.errors), (
        result.errors
    )


def test_extraction_takes_its_pins(cell: tuple[Path, Path, Path], tmp_path: Path) -> None:
    gds, _, hierarchical = cell
    result = extract.run(gds, out=tmp_path / "pex.spice", work=tmp_path / "work", schematic=hierarchical)
    assert result.pins == ("Iin", "iout1", "VSS")


def test_simulation_gives_the_same_currents(cell: tuple[Path, Path, Path]) -> None:
    def current(netlist: Path) -> np.ndarray:
        sources = [Voltage("vss", 0.0), Voltage("vdd", 1.8), Voltage("iout1", 1.5), CurrentInput("iin", 1e-6)]
        return simulate.run(Bench(netlist, "mirror_cascode", sources, {"op": Points()}))["op"].i("iout1")

    _, flat, hierarchical = cell
    assert current(hierarchical) == pytest.approx(current(flat), rel=1e-6)
