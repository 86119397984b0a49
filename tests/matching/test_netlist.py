"""Drawn against wanted: every form of netlist, sizes that differ, nets that have no name."""

from __future__ import annotations

import re

import pytest
from mirrorneuron.flows.matching import netlist as matching_netlist
from mirrorneuron.generators import catalog
from mirrorneuron.pdk_sky130.errors import FileError, NetlistError

MODEL = "sky130_fd_pr__nfet_01v8"
HEAD = ".subckt top da db g s\n"
DUMMY = f"Xd s s s s {MODEL} w=1 l=0.5 m=2\n"
GOOD = f"{HEAD}Xa da g s s {MODEL} w=1 l=0.5 m=2\nXb db g s s {MODEL} w=1 l=0.5 m=2\n{DUMMY}.ends\n"

SAME = {
    "as it is": GOOD,
    "other case": GOOD.upper(),
    "one entry with fingers": GOOD.replace("w=1 l=0.5 m=2", "w=2 l=0.5 nf=2"),
    "metres": GOOD.replace("w=1 l=0.5", "w=1e-6 l=500n"),
    "1e-6 um": GOOD.replace("w=1 l=0.5", "w=1000000u l=500000u"),
    "M lines": GOOD.replace("Xa", "Ma").replace("Xb", "Mb"),
    "ends swapped": GOOD.replace("da g s s", "s g da s"),
    "split": GOOD.replace("Xb db g s s", f"Xb1 db g s s {MODEL} w=1 l=0.5\nXb2 db g s s").replace(
        "Xb2 db g s s sky130_fd_pr__nfet_01v8 w=1 l=0.5 m=2", f"Xb2 db g s s {MODEL} w=1 l=0.5"
    ),
    "no dummies": GOOD.replace(DUMMY, ""),
    "another name, alone": GOOD.replace("top", "mirror"),
    "not in a subcircuit": GOOD.replace(HEAD, "").replace(".ends\n", ".end\n"),
    "parameters": f".param wu=1\n.subckt unit d g s lx=0.5\nXm d g s s {MODEL} w={{wu}} l='lx'\n.ends\n{HEAD}"
    f"Xa da g s unit m=2\nXb db g s unit lx=0.5 m=2\n{DUMMY}.ends\n",
    "other elements": GOOD.replace(DUMMY, f"{DUMMY}R1 da db 1k\nC1 da s 1p\nXr da db s resistor\n"),
}


@pytest.fixture
def mirror(kit):
    return kit.plain(kit.row(".abba."))


@pytest.mark.parametrize("name", SAME)
def test_forms_of_the_same_netlist(name, mirror, desk):
    result = desk.report(mirror, SAME[name])
    assert result.passed, result.errors
    assert bool(result.notes) == (name == "no dummies")


WRONG = {
    "w": (
        "db g s s sky130_fd_pr__nfet_01v8 w=1 ",
        "db g s s sky130_fd_pr__nfet_01v8 w=1.2 ",
        "total W of .*xb .*: 2 um as drawn, 2.4",
    ),
    "w of a finger": (
        f"Xb db g s s {MODEL} w=1",
        f"Xb db g s s {MODEL} nf=1 w=1.2",
        "W of a finger of .*xb .*: 1 um as drawn, 1.2",
    ),
    "l": (
        f"Xb db g s s {MODEL} w=1 l=0.5",
        f"Xb db g s s {MODEL} w=1 l=0.505",
        "L of .*xb .*: 0.5 um as drawn, 0.505 um",
    ),
    "ratio": (
        f"Xb db g s s {MODEL} w=1 l=0.5 m=2",
        f"Xb db g s s {MODEL} nf=1 w=1 l=0.5 m=3",
        "da:db: 2:2 as drawn, 2:3",
    ),
    "model": (f"Xb db g s s {MODEL}", f"Xb db g s s {MODEL}_lvt", "the netlist has nfet_01v8_lvt there"),
    "missing": (f"Xb db g s s {MODEL} w=1 l=0.5 m=2\n", "", "ends db and s.* are drawn and not in the netlist"),
    "too many": (DUMMY, f"{DUMMY}Xc da db s s {MODEL} w=1 l=1\n", "xc .*is in the netlist and not drawn"),
    "dummies": (DUMMY, DUMMY.replace("m=2", "nf=1 m=3"), "dummies on s .*: 2 as drawn, 3 in the netlist"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_differs_is_told_with_both_numbers(name, mirror, desk):
    old, new, told = WRONG[name]
    netlist = GOOD.replace("l=0.5 m=2", "l=0.5 m=2 nf=1") if name == "ratio" else GOOD
    old = old.replace("l=0.5 m=2", "l=0.5 m=2 nf=1") if name == "ratio" else old
    if name == "dummies":
        netlist, old = GOOD.replace(DUMMY, DUMMY.replace("m=2", "nf=1 m=2")), DUMMY.replace("m=2", "nf=1 m=2")
    assert netlist.count(old) == 1
    result = desk.report(mirror, netlist.replace(old, new))
    assert not result.passed
    found = [error for error in result.errors if error.startswith("netlist: ")]
    assert any(re.search(told, error) for error in found), found


@pytest.mark.parametrize("name", ["da", "db"])
def test_a_wrong_ratio_is_found_without_labels(name, kit, desk):
    layout = kit.plain(kit.row("..abba.."), labels=False)
    good = GOOD.replace(DUMMY, DUMMY.replace("m=2", "m=4"))
    assert desk.report(layout, good).passed
    bad = good.replace(f"{name} g s s {MODEL} w=1 l=0.5 m=2", f"{name} g s s {MODEL} w=1 l=0.5 m=5")
    result = desk.report(layout, bad)
    assert kit.checks(result) == {"netlist"} and len(result.errors) == 2
    assert "2 um as drawn, 5 um in the netlist" in result.errors[0]


def test_the_bulk(kit, desk):
    netlist = kit.netlist().replace("d1 g s s", "d1 g s g")
    result = desk.report(kit.drawn(), netlist)
    (error,) = result.errors
    assert "bulk of nfet_01v8 xarray_d1" in error and "s as drawn, g in the netlist" in error


def test_nothing_in_common_is_no_pass(mirror, desk):
    result = desk.report(mirror, ".subckt top a b c d\nXm a b c d sky130_fd_pr__pfet_01v8 w=1 l=1\n.ends\n")
    assert not result.passed
    assert "no device of the layout corresponds to a device of the netlist" in result.errors[0]


def test_a_neurons_inner_nets_are_found_by_structure_whatever_the_sizes(desk):
    spec = catalog.load("neuron", ["weights=[1,2,-3]"])
    layout, netlist = catalog.layout_of(spec), catalog.circuit_of(spec).flattened().to_spice()
    changed = netlist.replace(
        "Xrow1_synapse_weight colp row1_gate vss vss sky130_fd_pr__nfet_01v8 w=2 l=1 nf=2 m=2",
        "Xrow1_synapse_weight colp row1_gate vss vss sky130_fd_pr__nfet_01v8 w=2 l=1 nf=2 m=4",
    )
    assert changed != netlist
    result = desk.report(layout, changed)
    (error,) = result.errors
    assert "ratio of gate row1_gate (nfet_01v8), units of colp:iin1: 2:2 as drawn, 4:2 in the netlist" in error
    changed = netlist.replace(
        "Xrow1_amplifier_load_out row1_gate row1_amplifier_diode vss vss sky130_fd_pr__nfet_01v8 w=0.84",
        "Xrow1_amplifier_load_out row1_gate row1_amplifier_diode vss vss sky130_fd_pr__nfet_01v8 w=1.2",
    )
    assert changed != netlist
    (error,) = desk.report(layout, changed).errors
    assert "xrow1_amplifier_load_out" in error and "0.42 um as drawn, 0.6 um in the netlist" in error


BAD = {
    f"{HEAD}R1 da db 1k\n.ends\n": "holds no transistor",
    ".subckt a x\n.ends\n.subckt b x\n.ends\n": "has no .subckt top.*it has: a, b",
    f"{HEAD}Xa da g s {MODEL} w=1 l=1\n.ends\n": "4 terminals, 3 nets are given",
    f"{HEAD}Xa da g s s {MODEL} w=1\n.ends\n": "l= is missing",
    f"{HEAD}Xa da g s s {MODEL} w=-1 l=1\n.ends\n": "w=-1 is -1 um: no size",
    f"{HEAD}Xa da g s s {MODEL} w=wx l=1\n.ends\n": "parameter wx has no value",
    f"{HEAD}Xa da g s s {MODEL} w=1 l=1 m=1.5\n.ends\n": "m=1.5 must be a whole number",
    f"{HEAD}Xa da g s s {MODEL} w=1 l=1\n": "not closed by .ends",
    f"{HEAD}{HEAD}": "stands inside .subckt top, which is not closed",
    ".ends\n": ".ends without .subckt",
    f"{HEAD}Xa da g top\n.ends\n": "4 pins, 2 nets",
    f"{HEAD}Xa da db g s top\n.ends\n": "contains itself",
}


@pytest.mark.parametrize("text", BAD)
def test_bad_netlists_are_refused(text, tmp_path):
    path = tmp_path / "netlist.spice"
    path.write_text(text)
    with pytest.raises(NetlistError, match=BAD[text]):
        matching_netlist.read(path, "top")


def test_a_netlist_that_is_none(tmp_path):
    with pytest.raises(FileError, match="cannot be read"):
        matching_netlist.read(tmp_path / "none", "top")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileError, match="no text file"):
        matching_netlist.read(tmp_path / "binary", "top")
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(FileError, match="is empty"):
        matching_netlist.read(tmp_path / "empty", "top")
