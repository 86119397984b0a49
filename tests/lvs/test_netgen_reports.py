"""netgen's verdict, from reports as versions 1.5.133 and 1.5.323 write them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mirrorneuron.flows.lvs import netgen
from mirrorneuron.pdk_sky130.errors import EvidenceError

OLD, NEW = "1.5.133", "1.5.323"
CELL: dict[str, Any] = {
    "name": ["layout", "pair"],
    "devices": [[["sky130_fd_pr__nfet_01v8", 2]], [["sky130_fd_pr__nfet_01v8", 2]]],
    "nets": [3, 3],
    "badnets": [],
    "badelements": [],
    "pins": [["a", "b", "vss"], ["a", "b", "vss"]],
}
# The newer one lists the pins of device cells, too, without a name.
DEVICE_CELL = {"pins": [["1", "2", "3", "4"], ["1", "2", "3", "4"]]}
SUMMARY = """
Subcircuit summary:
Circuit 1: {0}                             |Circuit 2: {1}
-------------------------------------------|-------------------------------------------
sky130_fd_pr__nfet_01v8 (2)                |sky130_fd_pr__nfet_01v8 (2)
Number of devices: 2                       |Number of devices: 2
Number of nets: 3                          |Number of nets: 3
---------------------------------------------------------------------------------------
{2}
"""
PINS = """
Subcircuit pins:
Circuit 1: layout                          |Circuit 2: pair
-------------------------------------------|-------------------------------------------
a                                          |a
b                                          |b
vss                                        |vss
---------------------------------------------------------------------------------------
Cell pin lists are equivalent.
Device classes layout and pair are equivalent.
"""
MATCH = {OLD: "Circuits match uniquely.\nNetlists match uniquely.", NEW: "Netlists match uniquely."}
END = {OLD: "Circuits match uniquely.\n", NEW: "\nFinal result: Circuits match uniquely.\n.\n"}
FAILED = {OLD: "Netlists do not match.\n", NEW: "\nFinal result: Netlists do not match.\n"}


def _report(version: str, *before: str, verdict: str | None = None, end: str | None = None) -> str:
    verdict = MATCH[version] if verdict is None else verdict
    return "".join(before) + SUMMARY.format("layout", "pair", verdict) + PINS + (END[version] if end is None else end)


def _data(version: str, **changes: Any) -> str:
    return json.dumps([*([DEVICE_CELL] if version == NEW else []), CELL | changes])


def _judged(version: str, report: str, **changes: Any) -> tuple[str, ...]:
    return netgen.verdict(report, _data(version, **changes), "pair")[1]


@pytest.mark.parametrize("version", [OLD, NEW])
def test_a_match(version: str) -> None:
    assert netgen.verdict(_report(version), _data(version), "pair") == (2, ())
    capitals = [[["sky130_fd_pr__npn_05v5_W1p00L1p00", 2]], [["sky130_fd_pr__npn_05v5_w1p00l1p00", 2]]]
    assert _judged(version, _report(version), devices=capitals) == ()


@pytest.mark.parametrize("version", [OLD, NEW])
def test_no_match(version: str) -> None:
    report = _report(version, verdict="Netlists do not match.", end=FAILED[version])
    assert any("Netlists do not match." in error for error in _judged(version, report))


@pytest.mark.parametrize("version", [OLD, NEW])
@pytest.mark.parametrize("verdict", ["", "Circuit 1 contains 2 devices"])
def test_no_verdict(version: str, verdict: str) -> None:
    with pytest.raises(EvidenceError, match="no verdict on pair"):
        netgen.verdict(_report(version, verdict=verdict, end=""), _data(version), "pair")


@pytest.mark.parametrize("version", [OLD, NEW])
def test_other_sizes(version: str) -> None:
    """Both end with a match of the circuits all the same."""
    found = {
        OLD: "Property errors were found.\nNetlists match uniquely.",
        NEW: "Netlists match uniquely.\nProperty errors were found.",
    }
    assert _judged(version, _report(version, verdict=f"Circuits match uniquely.\n{found[version]}"))
    name = "sky130_fd_pr__nfet_01v8" + {OLD: "16", NEW: ":16"}[version]
    pair = [[name, [["w", "2.0"]]], ["sky130_fd_pr__nfet_01v8main", [["w", "3.0"]]]]
    assert any("w=2.0" in error and "w=3.0" in error for error in _judged(version, _report(version), properties=[pair]))


def test_other_sizes_below_the_top() -> None:
    below = SUMMARY.format("part", "part", "Circuits match uniquely.\nProperty errors were found.")
    assert _judged(OLD, _report(OLD, below), name=["layout", "pair"]) == ("Property errors were found.",)
    end = END[OLD] + "The following cells had property errors: part \n"
    assert _judged(OLD, _report(OLD, end=end))


@pytest.mark.parametrize("version", [OLD, NEW])
def test_a_cell_below_that_is_flattened_counts_in_its_parent(version: str) -> None:
    below = SUMMARY.format("part", "part", "Netlists do not match.") + "Flattening non-matched subcell part\n"
    assert _judged(version, _report(version, below)) == ()


@pytest.mark.parametrize(
    ("version", "text"),
    [(OLD, "(no matching pin)"), (NEW, "(no matching pin)"), (NEW, "(no pin)"), (NEW, "(no pin, node is $SUB)")],
)
def test_a_pin_on_one_side(version: str, text: str) -> None:
    end = {OLD: END[OLD], NEW: "\nFinal result: Top level cell failed pin matching.\n"}[version]
    report = _report(version, end=end)
    assert "pin b is in the netlist only" in _judged(version, report, pins=[["a", text, "vss"], ["a", "b", "vss"]])
    assert "pin b is in the layout only" in _judged(version, report, pins=[["a", "b", "vss"], ["a", text, "vss"]])


def test_errors_of_ports_alone() -> None:
    assert _judged(NEW, _report(NEW, verdict="Netlists match uniquely with port errors."))


def test_a_side_without_device() -> None:
    """The newer one then has no name in its data at all."""
    text = "Final result: Verify:  cell schematic.spice has no elements and/or nodes.  Not checked.\n"
    assert netgen.verdict(text, json.dumps([DEVICE_CELL]), "pair")[0] == 0
