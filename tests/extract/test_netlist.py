"""Pins, and every way in which an extraction can fail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import klayout.db as kdb
import pytest
from mirrorneuron.flows import extract
from mirrorneuron.pdk_sky130 import install, layers
from mirrorneuron.pdk_sky130.errors import EvidenceError, FileError, NetlistError, ToolFailedError, ToolTimeoutError
from mirrorneuron.pdk_sky130.layers import PIN_LAYERS
from mirrorneuron.pdk_sky130.technology import magic


def run(cell: Any, folder: Path, netlist: str | None = None, **more: Any) -> extract.ExtractResult:
    schematic = None
    if netlist is not None:
        schematic = folder / "schematic.spice"
        schematic.write_text(netlist)
    gds = cell.write(folder / "x.gds")
    return extract.run(gds, out=folder / "out" / "x.spice", work=folder / "work", schematic=schematic, **more)


def test_pins_come_in_the_schematics_order_and_spelling(one_fet: Any, tmp_path: Path, read: Any) -> None:
    text = "* first line\n.subckt other a b\n.ends\n.subckt CELL S\n+ b g\n+ D m=1\nX1 D g S b x\n.ends\n"
    commented = text.replace("\n+ b", "\n* the bulk\n\n+ b").replace("\n+ D", " ; the gate\n* the drain\n+ D")
    assert run(one_fet, tmp_path, commented).pins == ("S", "b", "g", "D")
    assert run(one_fet, tmp_path, text).pins == ("S", "b", "g", "D")
    netlist = read(tmp_path / "out" / "x.spice")
    assert netlist.pins == ["S", "b", "g", "D"]
    assert netlist.device("D", "g", "S", "b")[0] == "sky130_fd_pr__nfet_01v8"


@pytest.mark.parametrize(
    ("netlist", "message"),
    [
        (".subckt cell d g s b out\n.ends\n", "pin out of cell has no net in the layout"),
        (".subckt other d g s b\n.ends\n", "no .subckt cell; it has: other"),
        ("* a schematic without a subcircuit\n", "it has: none"),
    ],
)
def test_a_schematic_that_does_not_fit(netlist: str, message: str, one_fet: Any, tmp_path: Path) -> None:
    with pytest.raises(NetlistError, match=message):
        run(one_fet, tmp_path, netlist)
    assert not (tmp_path / "out" / "x.spice").exists()


def test_a_pin_whose_text_is_gone_is_named(drawing: Any, tmp_path: Path) -> None:
    cell = drawing()
    cell.fet(0, 0, 1, 0.15, "d g s")
    cell.tap(2, 0, "b")
    for layer in (PIN_LAYERS["li1"].pin, PIN_LAYERS["li1"].label):
        shapes = cell.top.shapes(cell.layout.layer(*layer))
        for shape in [s for s in shapes if s.is_text() and s.text_string == "g"]:
            shapes.erase(shape)
    with pytest.raises(NetlistError, match="pin g of cell has no net in the layout"):
        run(cell, tmp_path, ".subckt cell d g s b\n.ends\n")


def test_two_pins_on_one_net_are_a_short(one_fet: Any, tmp_path: Path) -> None:
    one_fet.box(layers.LI1, -0.305, -0.2, 0.305, 0.05)
    with pytest.raises(NetlistError, match="pins d and s of cell are one net in the layout: a short"):
        run(one_fet, tmp_path, ".subckt cell d g s b\n.ends\n")


def test_a_label_on_two_nets_is_told(one_fet: Any, tmp_path: Path) -> None:
    one_fet.wire("g", 20, 0, 25, 1)
    assert run(one_fet, tmp_path).warnings == ("label g lies on nets that are not connected",)


def test_a_substrate_without_a_tap_is_told(drawing: Any, tmp_path: Path, read: Any) -> None:
    cell = drawing()
    cell.fet(0, 0, 1, 0.15, "d g s")
    (warning,) = run(cell, tmp_path).warnings
    assert "on no pin of cell; it is tied to node 0" in warning
    assert read(tmp_path / "out" / "x.spice").device("d", "g", "s", "0")


def test_a_layout_without_a_device_is_no_extraction(drawing: Any, tmp_path: Path) -> None:
    cell = drawing()
    cell.wire("a", 0, 0, 10, 10)
    with pytest.raises(EvidenceError, match="no device was extracted from cell"):
        run(cell, tmp_path)


def test_labels_inside_a_subcell_name_nothing(one_fet: Any, drawing: Any, tmp_path: Path) -> None:
    parent = drawing("parent")
    below = parent.layout.create_cell("below")
    below.copy_tree(one_fet.top)
    for x in (0, 10):
        parent.top.insert(kdb.DCellInstArray(below, kdb.DTrans(kdb.DVector(x, 0))))
    parent.pin("li1", "gate", 0, 1.365)
    parent.pin("li1", "vss", 2.25, 0.25)
    result = run(parent, tmp_path)
    assert (result.devices, set(result.pins), result.warnings) == (2, {"gate", "vss"}, ())


def test_the_same_layout_gives_the_same_bytes(one_fet: Any, tmp_path: Path) -> None:
    run(one_fet, tmp_path)
    first = (tmp_path / "out" / "x.spice").read_bytes()
    run(one_fet, tmp_path)
    assert (tmp_path / "out" / "x.spice").read_bytes() == first


def test_an_output_that_cannot_be_written(one_fet: Any, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file where the folder should be")
    with pytest.raises(FileError, match="cannot write there"):
        run(one_fet, tmp_path)


HEAD = 'scale 1000 1 0.5\nresistclasses {}\nnode "a" 1 {} 0 0 m1 {}\nsubstrate "b" 0 0 0 0 pw {}\n'
DEVICE = 'device msubckt sky130_fd_pr__nfet_01v8 0 0 1 1 l=30 w=200 "b" "a" 60 0 "a" 200 0 "b" 200 0\n'


def extraction(text: str = "", capacitance: float = 5.0, classes: str | None = None) -> str:
    rules = magic.device_rules(install.locate().magic_tech.read_text(), "(si)").resist_classes
    areas = " ".join(["100 40"] * len(rules))
    text = HEAD.format(classes or " ".join(map(str, rules)), capacitance, areas, areas) + text
    return f"Path('layout.ext').write_text({text!r})\nprint('box 0 0 1 1', 'mirrorneuron: script done', sep='\\n')\n"


def test_the_stand_in_extraction_is_good_as_it_is(
    one_fet: Any, tmp_path: Path, fake_magic: Callable[[str], None]
) -> None:
    fake_magic(extraction(DEVICE))
    result = run(one_fet, tmp_path)
    assert (result.devices, result.capacitors, result.total_capacitance) == (1, 1, pytest.approx(5e-18))


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        ("import os\nos.kill(os.getpid(), 11)", ToolFailedError, "SIGSEGV"),
        ("pass", EvidenceError, "before its script extract.tcl did"),
        ("print('mirrorneuron: script done')", EvidenceError, "sees nothing in cell"),
        ("print('box 0 0 1 1', 'mirrorneuron: script done', sep='\\n')", EvidenceError, "left no readable"),
        (extraction(DEVICE).replace("scale 1000 1 0.5", ""), EvidenceError, "empty or cut off"),
        (extraction(), EvidenceError, "no device was extracted"),
        (extraction(DEVICE[:60]), EvidenceError, "line 5 cannot be read"),
        (extraction("use below below_0 1 0 0 0 1 0\n" + DEVICE), EvidenceError, "not flat"),
        (extraction(DEVICE, capacitance=-3000), EvidenceError, "worst -3 fF between a and b"),
        (extraction(DEVICE + 'cap "a" "b" -10\n'), EvidenceError, "1 negative capacitances"),
        (extraction(DEVICE, classes="1 2 3"), EvidenceError, "resistance classes"),
        (
            extraction(DEVICE.replace("nfet_01v8", "nfet_new")),
            EvidenceError,
            "what diffusion sky130_fd_pr__nfet_new",
        ),
        (extraction(DEVICE.replace("msubckt", "subckt")), NetlistError, "no device that extraction handles"),
    ],
)
def test_an_extraction_that_is_not_whole(
    body: str,
    error: type[Exception],
    message: str,
    one_fet: Any,
    tmp_path: Path,
    fake_magic: Callable[[str], None],
) -> None:
    fake_magic(body)
    with pytest.raises(error, match=message):
        run(one_fet, tmp_path)
    assert not (tmp_path / "out" / "x.spice").exists()


def test_an_earlier_extraction_is_no_evidence(one_fet: Any, tmp_path: Path, fake_magic: Callable[[str], None]) -> None:
    fake_magic(extraction(DEVICE))
    run(one_fet, tmp_path)
    fake_magic("print('box 0 0 1 1', 'mirrorneuron: script done', sep='\\n')")
    with pytest.raises(EvidenceError, match="left no readable"):
        run(one_fet, tmp_path)


def test_a_hanging_magic_is_stopped(one_fet: Any, tmp_path: Path, fake_magic: Callable[[str], None]) -> None:
    fake_magic("import time\ntime.sleep(60)")
    with pytest.raises(ToolTimeoutError, match=r"within 0\.5 s"):
        run(one_fet, tmp_path, timeout_s=0.5)


def test_a_wrong_top_cell(one_fet: Any, tmp_path: Path) -> None:
    with pytest.raises(NetlistError, match="no cell nothing; its top cells are: cell"):
        run(one_fet, tmp_path, top="nothing")
