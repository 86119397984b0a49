"""Waivers: they cover what they name, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import klayout.db as kdb
import pytest
from mirrorneuron.flows import drc
from mirrorneuron.flows.cli import execute
from mirrorneuron.flows.drc.hierarchy import Hierarchy
from mirrorneuron.flows.drc.result import Box, DrcResult, Violation, Waiver
from mirrorneuron.flows.reports import ci, console
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.errors import FileError, SpecError

GAP: Box = (1.0, 0.0, 1.1, 1.0)
PLACES = [(10.0, 0.0), (20.0, 0.0), (30.0, 40.0)]
SPACING = Violation("ours", "m1.2", "spacing", "met1", 11.05, 0.5, "pad", GAP)


@pytest.fixture
def gds(drawing: Any, tmp_path: Path) -> Path:
    """A pad with a gap of 0.1 um, three times: as it is, as it is, and turned by a quarter within another cell."""
    drawn = drawing("chip")
    pad = drawn.layout.create_cell("pad")
    metal = drawn.layout.layer(*layers.MET1)
    for x in (0.0, 1.1):
        pad.shapes(metal).insert(kdb.DBox(x, 0, x + 1, 1))
    for x, y in PLACES[:2]:
        drawn.top.insert(kdb.DCellInstArray(pad, kdb.DTrans(0, False, x, y)))
    outer = drawn.layout.create_cell("outer")
    outer.insert(kdb.DCellInstArray(pad, kdb.DTrans(1, False, 0, 0)))
    drawn.top.insert(kdb.DCellInstArray(outer, kdb.DTrans(0, False, *PLACES[2])))
    return drawn.write(tmp_path / "chip.gds")


def waived(gds: Path, *waivers: Waiver, violation: Violation = SPACING) -> tuple[bool, int]:
    """Whether the violation is waived, and how many waivers are unused."""
    result = drc.waive(DrcResult((violation,), {"ours": 1}), waivers, gds)
    assert len(result.waived) + len(result.violations) == 1
    assert result.passed == bool(result.waived)
    return bool(result.waived), len(result.unused_waivers)


def waiver(cell: str = "pad", box: Box | None = (0.9, -0.1, 1.2, 1.1), rule: str = "m1.2", deck: str = "") -> Waiver:
    return Waiver(rule, cell, "agreed", deck, box)


@pytest.mark.parametrize(
    "accepted",
    [
        waiver(),
        waiver(box=GAP),
        waiver(box=None),
        waiver(deck="ours"),
        waiver("chip", None),
        waiver("chip", (0, -10, 100, 100)),
    ],
    ids=["box", "the marker's own box", "whole cell", "deck", "whole chip", "box of the chip"],
)
def test_covered(accepted: Waiver, gds: Path) -> None:
    assert waived(gds, accepted) == (True, 0)


@pytest.mark.parametrize(
    "other",
    [
        waiver(rule="m1.1"),
        waiver(deck="magic"),
        waiver("nowhere"),
        waiver(box=(0.9, 0.1, 1.2, 1.1)),
        waiver(box=(5, 5, 6, 6)),
        waiver("outer", None),
        waiver("chip", (10.9, -0.1, 11.2, 1.1)),
    ],
    ids=["other rule", "other deck", "no such cell", "a part of it", "elsewhere", "one place of three", "top cell's"],
)
def test_not_covered(other: Waiver, gds: Path) -> None:
    """A marker in a cell stands for all its places: a waiver for one of them leaves the others."""
    assert waived(gds, other) == (False, 1)


def test_places_one_by_one(gds: Path) -> None:
    """Waivers in the top cell must cover every place."""
    each = [
        waiver("chip", (10.9, -0.1, 11.2, 1.1)),
        waiver("chip", (20.9, -0.1, 21.2, 1.1)),
        waiver("chip", (28.9, 40.9, 30.1, 41.2)),
    ]
    assert waived(gds, *each) == (True, 0)
    assert waived(gds, *each[:2]) == (False, 2)
    assert waived(gds, *each, waiver("chip", (0, 0, 1, 1))) == (True, 1)


def test_between_two_cells_that_are_waived_whole(gds: Path) -> None:
    """What lies half in one placement and half in the next is in neither."""
    between = Violation("ours", "m1.2", "spacing", "met1", 12.1, 0.5, "chip", (12.0, 0.0, 12.2, 1.0))
    assert waived(gds, waiver(box=None), violation=between) == (False, 1)


def test_the_places_of_a_cell(gds: Path) -> None:
    layout = kdb.Layout()
    layout.read(str(gds))
    hierarchy = Hierarchy(layout, layout.top_cell())
    places = sorted(str(box.to_dtype(layout.dbu)) for box in hierarchy.boxes("pad", kdb.DBox(*GAP)))
    assert places == ["(11,0;11.1,1)", "(21,0;21.1,1)", "(29,41;30,41.1)"]
    assert list(hierarchy.boxes("absent", kdb.DBox(*GAP))) == []
    assert {name for name, _ in hierarchy.at(kdb.DPoint(29.5, 41.05))} == {"outer", "pad"}


def test_arrays_and_cells_of_cells() -> None:
    layout = kdb.Layout()
    top, middle, leaf = (layout.create_cell(name) for name in ("top", "middle", "leaf"))
    leaf.shapes(layout.layer(*layers.MET1)).insert(kdb.Box(0, 0, 10, 10))
    middle.insert(kdb.CellInstArray(leaf, kdb.Trans(5, 0), kdb.Vector(100, 0), kdb.Vector(0, 50), 3, 2))
    for x in (0, 1000):
        top.insert(kdb.CellInstArray(middle, kdb.Trans(x, 7)))
    # A cell outside the top cell's tree is none of its places.
    layout.create_cell("aside").insert(kdb.CellInstArray(leaf, kdb.Trans()))
    placements = Hierarchy(layout, top).placements("leaf")
    assert sorted((trans.disp.x, trans.disp.y) for trans in placements) == sorted(
        (x + 5 + 100 * column, 7 + 50 * row) for x in (0, 1000) for column in range(3) for row in range(2)
    )


FILE = """
waivers:
  - rule: m1.2
    cell: pad
    box: [0.9, -0.1, 1.2, 1.1]
    reason: probe pad
  - rule: met1.2
    deck: magic
    cell: pad
    whole: true
    reason: probe pad, as Magic calls it
"""


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(FILE)
    assert drc.read_waivers(path) == (
        Waiver("m1.2", "pad", "probe pad", "", (0.9, -0.1, 1.2, 1.1)),
        Waiver("met1.2", "pad", "probe pad, as Magic calls it", "magic", None),
    )
    path.write_text("waivers: []\n")
    assert drc.read_waivers(path) == ()


ONE = "waivers:\n  - {rule: m1.2, cell: pad, reason: why, "


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no waiver file"),
        ("[]", "is no waiver file"),
        ("waivers: m1.2", "is no waiver file"),
        ("waivers: []\nmore: 1", "is no waiver file"),
        ("waivers: [m1.2]", "waiver 1 is 'm1.2'"),
        (ONE + "box: [0, 0, 1, 1], where: x}", "waiver 1 has no key where; a waiver has rule, cell"),
        ("waivers:\n  - {rule: m1.2, cell: pad, whole: true}", "waiver 1 has no reason"),
        ("waivers:\n  - {rule: m1.2, cell: pad, whole: true, reason: ' '}", "reason is ' '; it must be text"),
        ("waivers:\n  - {rule: 12, cell: pad, whole: true, reason: x}", "rule is 12; it must be text"),
        ("waivers:\n  - {cell: pad, whole: true, reason: x}", "has no rule"),
        ("waivers:\n  - {rule: m1.2, whole: true, reason: x}", "has no cell"),
        ("waivers:\n  - {rule: m1.2, cell: pad, reason: x}", "needs a place"),
        (ONE + "whole: false}", "needs a place"),
        (ONE + "whole: 1}", "needs a place"),
        (ONE + "whole: true, box: [0, 0, 1, 1]}", "needs a place"),
        (ONE + "box: [0, 0, 1]}", r"box is \[0, 0, 1\]; it must be four numbers"),
        (ONE + "box: [0, 0, 1, x]}", "it must be four numbers"),
        (ONE + "box: [0, 0, 1, .inf]}", "it must be four numbers"),
        (ONE + "box: [0, 0, 1, true]}", "it must be four numbers"),
        (ONE + "box: [0, 0, 0, 1]}", "x1 must be less than x2"),
        (ONE + "box: [0, 1, 1, 0]}", "y1 less than y2"),
        (ONE + "whole: true, whole: true}", "there twice"),
        (ONE + "whole: true}\n  - {rule: m1.2, cell: pad, reason: why, whole: true}", "waived for m1.2 twice"),
        ("waivers: [", "YAML"),
    ],
)
def test_a_bad_file(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(text)
    with pytest.raises(SpecError, match=message):
        drc.read_waivers(path)


def test_what_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    with pytest.raises(FileError, match="cannot be read"):
        drc.read_waivers(path)
    with pytest.raises(FileError, match="cannot be read"):
        drc.read_waivers(tmp_path)
    path.write_bytes(b"waivers: \xff")
    with pytest.raises(FileError, match="no text"):
        drc.read_waivers(path)
    path.write_bytes(b"#" * 1_000_001)
    with pytest.raises(FileError, match="larger than"):
        drc.read_waivers(path)


def test_every_report_lists_waived_violations_and_unused_waivers(gds: Path) -> None:
    unused = Waiver("m2.1", "pad", "left over", "", None)
    other = Violation("ours", "m1.6", "area", "met1", 1.0, 2.0, "chip", (0, 0, 1, 1))
    result = drc.waive(DrcResult((SPACING, other), {"ours": 280}), (waiver(), unused), gds)
    data = result.as_json()
    assert [(each["rule"], each["reason"]) for each in data["waived"]] == [("m1.2", "agreed")]
    assert [each["rule"] for each in data["unused_waivers"]] == ["m2.1"]
    assert [each["rule"] for each in data["violations"]] == ["m1.6"]
    text = "\n".join(console.drc(data))
    assert "waived ours m1.2 at (11.050, 0.500) um: agreed" in text
    assert "unused waiver for m2.1 in cell pad, whole: left over" in text
    checks = result.checks()
    suite = ElementTree.fromstring(ci.junit("x", checks, 1))[0]
    assert (suite.get("failures"), suite.get("skipped")) == ("2", "2")
    skipped = {case.get("name"): case[0].get("message") for case in suite if len(case) and case[0].tag == "skipped"}
    assert skipped.keys() == {"ours: m1.2 at (11.050, 0.500) um", "waiver for m2.1, cell pad, whole"}
    assert "agreed" in str(skipped["ours: m1.2 at (11.050, 0.500) um"])
    markdown = ci.markdown("x", checks, 1)
    assert "| skipped | drc | ours: m1.2 at (11.050, 0.500) um |" in markdown
    assert "left over" in markdown


def test_the_command(gds: Path, tmp_path: Path) -> None:
    """Our deck's markers, as it reports them from variants of the cell, and a file that is not good."""
    path = tmp_path / "w.yaml"
    path.write_text(FILE)
    command = ["drc", str(gds), "--deck", "ours", "--out", str(tmp_path / "out"), "--waivers", str(path)]
    status, out, _ = execute([*command, "--json"], as_json=True)
    data = json.loads(out or "")
    assert (status, data["violations"]) == (0, []), data
    assert {(each["rule"], each["cell"]) for each in data["waived"]} == {("m1.2", "pad")}
    assert [each["rule"] for each in data["unused_waivers"]] == ["met1.2"]
    path.write_text("waivers: 1")
    status, _, message = execute(command, as_json=False)
    assert status == 2
    assert "no waiver file" in (message or "")


def test_magic_names_every_place(gds: Path, tmp_path: Path) -> None:
    """Magic lists an error in a cell by its rule at one place; the others carry the rule's name, too."""
    result = drc.run(gds, work=tmp_path / "work", decks=("magic",))
    assert {violation.rule for violation in result.violations} == {"met1.2"}
    boxes = [kdb.DBox(x, y, x + 2.2, y + 1.2) for x, y in PLACES[:2]] + [kdb.DBox(28.9, 40, 30.1, 42.2)]
    for box in boxes:
        assert any(box.contains(kdb.DPoint(each.x, each.y)) for each in result.violations), box
    one = Waiver("met1.2", "chip", "this one only", "", (10, -1, 13, 2))
    assert not drc.waive(result, (one,), gds).passed
    assert drc.waive(result, (Waiver("met1.2", "pad", "all", "", None),), gds).passed
