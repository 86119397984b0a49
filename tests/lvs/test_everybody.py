"""LVS with the hierarchy kept, as most people run it: our cells match, and what the flat layout hides does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import klayout.db as kdb
import pytest
from mirrorneuron.flows import lvs, tools
from mirrorneuron.flows.build import build
from mirrorneuron.flows.lvs import hierarchy, schematic
from mirrorneuron.flows.lvs.result import HierarchyVerdict
from mirrorneuron.flows.tools import gds as gds_file
from mirrorneuron.generators import catalog
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.layers import DRAWING

QUICK = ("mirror_simple", "mirror_degenerated", "mirror_npn", "mirror_wide_swing_boosted")
FET = "sky130_fd_pr__nfet_01v8"
PARTS = f"""\
.subckt branch out gate cascode_gate tail rail
Xunit tail gate rail rail {FET} w=2 l=2 nf=2 m=1
Xcascode out cascode_gate tail rail {FET} w=4 l=0.5 nf=2 m=1
.ends
"""


def verdict(
    gds: Path, spice: Path, folder: Path, change: Callable[[kdb.Layout], None] | None = None
) -> HierarchyVerdict:
    layout = gds_file.read(gds)
    if change:
        change(layout)
    cell = gds_file.top_cell(layout, gds)
    return hierarchy.compare(layout, cell, spice, schematic.read(spice, cell.name), install.locate(), folder)


@pytest.mark.parametrize("name", QUICK)
def test_our_cells_match(name: str, tmp_path: Path) -> None:
    built = build(catalog.load(name), tmp_path)
    found = verdict(built.gds, built.spice, tmp_path / "work")
    assert (found.verdict, found.errors) == ("match", ())
    assert all(tools.version("magic") in note or tools.version("netgen") in note for note in found.notes)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(catalog.names()) - set(QUICK)))
def test_our_other_cells_match(name: str, tmp_path: Path) -> None:
    test_our_cells_match(name, tmp_path)


@pytest.fixture(scope="module")
def cascode(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    built = build(catalog.load("mirror_cascode"), tmp_path_factory.mktemp("cascode"))
    return built.gds, built.spice


def _shapes(layout: kdb.Layout, part: str, layer: str) -> kdb.Shapes:
    (cell,) = (cell for cell in layout.each_cell() if part in cell.name)
    return cell.shapes(layout.find_layer(*DRAWING[layer]))


def _li1_in_the_parent(layout: kdb.Layout) -> None:
    """The li1 of the gates' contacts moves into the arrays: the flat layout stays."""
    for cell in [cell for cell in layout.each_cell() if cell.name.endswith("_gate_contact")]:
        index = layout.find_layer(*DRAWING["li1"])
        boxes = kdb.Region(cell.shapes(index))
        cell.shapes(index).clear()
        for parent in {layout.cell(inst.parent_cell_index()) for inst in cell.each_parent_inst()}:
            for instance in parent.each_inst():
                if instance.cell_index == cell.cell_index():
                    for trans in instance.cell_inst.each_trans():
                        parent.shapes(index).insert(boxes.transformed(trans))


def _no_via_to_a_block(layout: kdb.Layout) -> None:
    """A via that leads a block's rail up to the narrowest trunk of the spine."""
    top = layout.top_cell()
    trunks = kdb.Region(top.shapes(layout.find_layer(*DRAWING["met3"]))).merged()
    narrow = min(trunks.each(), key=lambda trunk: trunk.bbox().width())
    shapes = top.shapes(layout.find_layer(*DRAWING["via2"]))
    shapes.erase(next(shape for shape in shapes.each() if shape.bbox().inside(narrow.bbox())))


@pytest.mark.parametrize("spoil", [_li1_in_the_parent, _no_via_to_a_block])
def test_a_joint_missing_between_cells(
    spoil: Callable[[kdb.Layout], None], cascode: tuple[Path, Path], tmp_path: Path
) -> None:
    found = verdict(*cascode, tmp_path / "work", spoil)
    assert found.verdict == "no match"
    assert found.errors
    assert not found.passed


def test_only_the_third_opinion_sees_a_contact_in_two_cells(cascode: tuple[Path, Path], tmp_path: Path) -> None:
    layout = gds_file.read(cascode[0])
    _li1_in_the_parent(layout)
    gds = tmp_path / "mirror_cascode.gds"
    gds_file.rename(layout, layout.top_cell(), gds, name="mirror_cascode")
    judged = lvs.run(gds, cascode[1], work=tmp_path / "work", hierarchy="judged")
    assert (judged.passed, judged.klayout, judged.netgen) == (False, True, True)
    check = judged.checks()[-1]
    assert (check.name, check.passed, check.value, check.limit) == ("hierarchy kept", False, "no match", "match")
    assert judged.as_json()["hierarchy"]["verdict"] == "no match"


def test_a_verdict_that_is_only_reported_says_so() -> None:
    check = HierarchyVerdict("no match", ("pin a is in the layout only",), judged=False).check()
    assert (check.passed, check.value, check.limit) == (True, "no match", None)
    assert "reported" in check.name and "pin a" in check.detail


@pytest.mark.parametrize(
    ("call", "expected"),
    [("Xout iout1 ref iin x vss branch", "match"), ("Xout iout1 iin ref x vss branch", "no match")],
)
def test_a_swapped_pin_of_a_subcircuit(call: str, expected: str, cascode: tuple[Path, Path], tmp_path: Path) -> None:
    dummies = "\n".join(line for line in cascode[1].read_text().splitlines() if "dummy" in line)
    spice = tmp_path / "mirror_cascode.spice"
    top = f".subckt mirror_cascode iin iout1 vss\nXin iin ref iin ref vss branch\n{call}\n{dummies}\n.ends\n"
    spice.write_text(PARTS + top)
    assert hierarchy.is_plain(spice)
    assert verdict(cascode[0], spice, tmp_path / "work").verdict == expected


def test_a_device_that_magic_does_not_know_is_not_compared(cascode: tuple[Path, Path], tmp_path: Path) -> None:
    spice = tmp_path / "mirror_cascode.spice"
    model = next(
        name for name, terminals in schematic.DEVICES.items() if "cap_vpp" in name and len(terminals.terminals) == 3
    )
    spice.write_text(cascode[1].read_text().replace(".ends", f"Xcap iin vss vss {model}\n.ends", 1))
    found = verdict(cascode[0], spice, tmp_path / "work")
    assert found.verdict == "not compared"
    assert model in found.notes[0] and f"Magic {tools.version('magic')}" in found.notes[0]
    assert not found.check().passed


@pytest.mark.parametrize(
    ("line", "plain"),
    [
        ("X1 a b c d sky130_fd_pr__nfet_01v8 w=2 l=2", True),
        ("X1 a b c d sky130_fd_pr__nfet_01v8 w=2\n+ l=2.5e0", True),
        ("X1 a b c d nfet_01v8 w=2 l=2", False),
        ("X1 a b c d sky130_fd_pr__nfet_01v8 w=2u l=2u", False),
        ("X1 a b c d sky130_fd_pr__nfet_01v8 w={w} l=2", False),
        ("M1 a b c d sky130_fd_pr__nfet_01v8 w=2 l=2", False),
        ("X1 a b c d sky130_fd_pr__nfet_01v8 w=2 l=2 $ remark", False),
        (".include other.spice", False),
    ],
)
def test_netlists_that_netgen_reads_as_we_do(line: str, plain: bool, tmp_path: Path) -> None:
    path = tmp_path / "x.spice"
    path.write_text(f"* title\n.subckt cell a b c d\n{line}\n.ends\n")
    assert hierarchy.is_plain(path) == plain
