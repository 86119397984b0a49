"""What LVS refuses to judge: bad input, and tools that leave no evidence."""

from __future__ import annotations

import json
import re

import pytest
from mirrorneuron.flows import lvs, lvs_netgen, lvs_netlist
from mirrorneuron.lvs import DECK
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.errors import EvidenceError, FileError, MissingToolError, NetlistError

FET = "X1 a b c d sky130_fd_pr__nfet_01v8"

BAD_NETLISTS = {
    "no such cell": (".subckt other a\n.ends\n", "no .subckt cell"),
    "unknown device": (".subckt cell a b c d\nX1 a b c d sky130_fd_pr__nfet_g5v0d10v5 w=1 l=1\n.ends\n", "g5v0d10v5"),
    "m line": (".subckt cell a b c d\nM1 a b c d nfet w=1 l=1\n.ends\n", "m1 a b c d"),
    "include": (".include models.spice\n.subckt cell a\n.ends\n", ".include"),
    "not closed": (".subckt cell a b c d\n", "not closed"),
    "closed twice": (".subckt cell a b c d\n.ends\n.ends\n", ".ends without"),
    "terminals": (".subckt cell a b c d\nX1 a b c sky130_fd_pr__nfet_01v8 w=1 l=1\n.ends\n", "4 terminals, 3"),
    "no length": (f".subckt cell a b c d\n{FET} w=1\n.ends\n", "l= is missing"),
    "metres": (f".subckt cell a b c d\n{FET} w=1u l=0.15\n.ends\n", "1e-06 um"),
    "expression": (f".subckt cell a b c d\n{FET} w='2*k' l=1\n.ends\n", "no number"),
    "half a copy": (f".subckt cell a b c d\n{FET} w=1 l=1 m=1.5\n.ends\n", "m=1.5"),
    "pins of a call": (".subckt sub a b\n.ends\n.subckt cell a b c d\nXs a sub\n.ends\n", "2 pins, 1 nets"),
    "undefined call": (".subckt cell a b c d\nXs a b nothing\n.ends\n", "nothing is neither"),
    "recursion": (".subckt cell a\nXs a cell\n.ends\n", "contains itself"),
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


def test_layer_numbers_are_those_of_the_layer_table():
    text = DECK.with_name("layers.lvs").read_text()
    found = {name: layers.Layer(int(a), int(b)) for name, a, b in re.findall(r'"(\w+)" => \[(\d+), (\d+)\]', text)}
    assert len(found) > 50
    assert {name: pair for name, pair in found.items() if name in layers.DRAWING} == {
        name: pair for name, pair in layers.DRAWING.items() if name in found
    }
    core = {name for name in layers.DRAWING if name not in ("boundary", "npc")}
    assert core <= set(found), core - set(found)
    for name, pair in layers.PIN_LAYERS.items():
        purposes = re.search(rf'"{name}" => \[\[(\d+), (\d+)\], \[(\d+), (\d+)\]\]', text)
        assert tuple(map(int, purposes.groups())) == (*pair.pin, *pair.label)


def test_deck_and_reader_know_the_same_devices():
    deck = "".join(path.read_text() for path in DECK.parent.glob("*.lvs"))
    assert set(re.findall(r'"(sky130_fd_pr__\w+)" =>', deck)) == set(lvs_netlist.DEVICES)
    readme = DECK.with_name("README.md").read_text()
    assert all(name.removeprefix("sky130_fd_pr__") in readme for name in lvs_netlist.DEVICES)
