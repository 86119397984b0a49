"""What LVS refuses to judge: bad input, and tools that leave no evidence."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import pytest
from mirrorneuron.flows import lvs
from mirrorneuron.flows.lvs import netgen as lvs_netgen
from mirrorneuron.flows.lvs import schematic as lvs_netlist
from mirrorneuron.lvs import DECK
from mirrorneuron.pdk_sky130 import install, layers
from mirrorneuron.pdk_sky130.errors import EvidenceError, FileError, MissingToolError, NetlistError, ToolFailedError

FET = "X1 a b c d sky130_fd_pr__nfet_01v8"

BAD_NETLISTS = {
    "no such cell": (".subckt other a\n.ends\n.subckt more a\n.ends\n", "no .subckt cell"),
    "unknown device": (
        ".subckt cell a b c d\nX1 a b c d sky130_fd_pr__nfet_20v0 w=1 l=1\n.ends\n",
        "nfet_20v0 is neither",
    ),
    "m line": (".subckt cell a b c d\nM1 a b c d nfet w=1 l=1\n.ends\n", "m1 a b c d"),
    "include": (".include models.spice\n.subckt cell a\n.ends\n", ".include"),
    "not closed": (".subckt cell a b c d\n", "not closed"),
    "closed twice": (".subckt cell a b c d\n.ends\n.ends\n", ".ends without"),
    "terminals": (".subckt cell a b c d\nX1 a b c sky130_fd_pr__nfet_01v8 w=1 l=1\n.ends\n", "4 terminals, 3"),
    "no length": (f".subckt cell a b c d\n{FET} w=1\n.ends\n", "l= is missing"),
    "picometres": (f".subckt cell a b c d\n{FET} w=1p l=0.15\n.ends\n", "1e-06 um"),
    "expression": (f".subckt cell a b c d\n{FET} w='2*k' l=1\n.ends\n", "no number"),
    "half a copy": (f".subckt cell a b c d\n{FET} w=1 l=1 m=1.5\n.ends\n", "m=1.5"),
    "pins of a call": (".subckt sub a b\n.ends\n.subckt cell a b c d\nXs a sub\n.ends\n", "2 pins, 1 nets"),
    "undefined call": (".subckt cell a b c d\nXs a b nothing\n.ends\n", "nothing is neither"),
    "recursion": (".subckt cell a\nXs a cell\n.ends\n", "contains itself"),
    "resistor of no such kind": (".subckt cell a b\nR1 a b 100\n.ends\n", "no resistor that LVS compares"),
    "transistor as resistor": (".subckt cell a b c d\nR1 a b c d sky130_fd_pr__nfet_01v8 w=1 l=1\n.ends\n", "X line"),
    "width twice": (
        ".subckt cell a b c\nX1 a b c sky130_fd_pr__res_xhigh_po_0p35 l=1 w=0.7\n.ends\n",
        "is 0.35 um wide, not w=0.7",
    ),
    "area in um2": (
        ".subckt cell a b\nX1 a b sky130_fd_pr__diode_pw2nd_05v5 area=0.4 perim=2.5e6\n.ends\n",
        "1 um2 is area=1e12",
    ),
    "perimeter missing": (".subckt cell a b\nX1 a b sky130_fd_pr__diode_pw2nd_05v5 area=4e11\n.ends\n", "perim= is"),
    "nothing but a name": (".subckt cell a b\nX1\n.ends\n", "no nets and no model"),
    "twice": (f".subckt cell a b c d\n{FET} w=1 l=1\n{FET} w=1 l=1\n.ends\n", "two instances"),
}


@pytest.mark.parametrize("name", BAD_NETLISTS)
def test_bad_netlist(name, tmp_path):
    text, told = BAD_NETLISTS[name]
    path = tmp_path / "cell.spice"
    path.write_text(text)
    with pytest.raises(NetlistError, match=re.escape(told)):
        lvs_netlist.read(path, "cell")


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe\x00"])
def test_no_netlist(content, tmp_path):
    path = tmp_path / "cell.spice"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FileError):
        lvs_netlist.read(path, "cell")


def test_bad_layout_leaves_nothing(kit, tmp_path):
    spice = tmp_path / "cell.spice"
    spice.write_text(kit.NETLIST)
    gds = tmp_path / "cell.gds"
    gds.write_text("not a layout")
    with pytest.raises(FileError):
        lvs.run(gds, spice, work=tmp_path / "work")
    kit.cell().write(gds)
    with pytest.raises(NetlistError, match="nowhere"):
        lvs.run(gds, spice, work=tmp_path / "work", top="nowhere")
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize("tool", ["klayout", "magic", "netgen"])
def test_missing_tool(tool, kit, compare, monkeypatch):
    monkeypatch.setenv(f"MIRRORNEURON_{tool.upper()}", "/nonexistent/tool")
    with pytest.raises(MissingToolError, match=tool):
        compare(kit.cell(), kit.NETLIST)


@pytest.mark.parametrize("left", ["", "{}", '{"passed": true, "devices": 0, "errors": ["x"]}'])
def test_klayout_without_verdict(left, kit, compare, monkeypatch, tmp_path):
    """A KLayout that ends well, but leaves no verdict, or one that cannot be."""
    fake = tmp_path / "klayout"
    fake.write_text(f"#!/bin/sh\n[ '{left}' ] && echo '{left}' > klayout.json\nexit 0\n")
    fake.chmod(0o755)
    monkeypatch.setenv("MIRRORNEURON_KLAYOUT", str(fake))
    with pytest.raises(EvidenceError, match="KLayout"):
        compare(kit.cell(), kit.NETLIST)


def test_netgen_without_verdict():
    cell = {
        "name": ["layout", "CELL"],
        "devices": [[["fet", 2]], [["fet", 2]]],
        "nets": [3, 3],
        "badnets": [],
        "badelements": [],
        "pins": [["a", "b"], ["A", "B"]],
    }
    good = "Circuits match uniquely.\n"
    assert lvs_netgen.verdict(good, json.dumps([cell]), "cell") == (2, ())
    for report, data in (("", "[]"), (good, "[]"), (good, ""), ("", json.dumps([cell]))):
        with pytest.raises(EvidenceError):
            lvs_netgen.verdict(report, data, "cell")
    assert lvs_netgen.verdict(good + "Property errors were found.\n", json.dumps([cell]), "cell")[1]
    for change in (
        {"devices": [[], []]},
        {"nets": [3, 4]},
        {"pins": [["a", "b"], ["b", "a"]]},
        {"pins": [["a", "(no matching pin)"], ["a", "b"]]},
    ):
        assert lvs_netgen.verdict(good, json.dumps([cell | change]), "cell")[1], change


def test_layers_are_those_of_the_layer_table():
    """The deck has no number of its own, and every name that it uses is in the table."""
    deck = {path.name: path.read_text() for path in DECK.parent.glob("*.lvs")}
    text = "".join(deck.values())
    used = set(re.findall(r'(?:drawn|LAYERS)\["(\w+)"\]', text))
    foreign = re.search(r"FOREIGN = %w\((.*?)\)", deck["layers.lvs"], re.DOTALL)
    assert len(used) > 30
    assert used | set(foreign.group(1).split()) <= set(layers.DRAWING)
    assert not re.findall(r"=> \[\d+, ?\d+\]", text)


def test_readme_has_every_device():
    readme = DECK.with_name("README.md").read_text()
    names = {name.removeprefix("sky130_fd_pr__") for name in lvs_netlist.DEVICES}
    assert all(re.sub(r"_\dp\d\d$", "", name) in readme for name in names if not name.startswith("cap_vpp")), names


def test_vpp_table_is_that_of_the_pdk(tmp_path):
    """lvs/vpp.csv as it is made from the installed PDK."""
    fd_pr = install.locate().fd_pr
    if fd_pr is None:
        pytest.skip("this PDK installation has no cells of fixed layout in the foundry's form")
    made = runpy.run_path(str(Path(__file__).with_name("vpp_table.py")))
    rows = [made["HEADER"], *made["rows"](fd_pr)]
    assert rows == DECK.with_name("vpp.csv").read_text().splitlines()
    assert len(rows) == 39


def bad_layouts(kit, folder):
    """Layouts that no step can use, each with what must be told of it."""
    good = kit.cell().write(folder / "good.gds").read_bytes()
    yield "truncated", good[: len(good) // 2], FileError, "cannot be read as GDS"
    yield "corrupt", good[:200] + b"\xff" * 40 + good[240:], FileError, "cannot be read as GDS"
    yield "empty file", b"", FileError, "not a GDS file"
    yield "text", b"not a layout", FileError, "not a GDS file"
    two = kit.cell()
    two.layout.create_cell("other").shapes(two.layout.layer(68, 20)).insert(kit.kdb.Box(0, 0, 100, 100))
    yield "two top cells", two.write(folder / "two.gds").read_bytes(), NetlistError, "2 top cells: cell, other"
    none = kit.Drawing()
    none.layout.clear()
    yield "no cell", none.write(folder / "none.gds").read_bytes(), NetlistError, "holds no cell"
    empty = kit.Drawing()
    yield "empty cell", empty.write(folder / "empty.gds").read_bytes(), NetlistError, "is empty"


def test_bad_layouts(kit, tmp_path):
    spice = tmp_path / "cell.spice"
    spice.write_text(kit.NETLIST)
    for name, content, kind, told in bad_layouts(kit, tmp_path):
        gds = tmp_path / "cell.gds"
        gds.write_bytes(content)
        with pytest.raises(kind, match=re.escape(told)) as found:
            lvs.run(gds, spice, work=tmp_path / "work")
        assert found.value.exit_status == 2, name
        assert not (tmp_path / "work").exists(), name


def test_layout_without_pins(kit, compare):
    result = compare(kit.cell(labels={}), kit.NETLIST)
    assert (result.klayout, result.netgen) == (False, False)
    assert "the layout has no such label" in "\n".join(result.errors)


def test_tool_killed_half_way(kit, compare, monkeypatch, tmp_path):
    fake = tmp_path / "klayout"
    fake.write_text("#!/bin/sh\nkill -9 $$\n")
    fake.chmod(0o755)
    monkeypatch.setenv("MIRRORNEURON_KLAYOUT", str(fake))
    with pytest.raises(ToolFailedError, match="SIGKILL"):
        compare(kit.cell(), kit.NETLIST)
