"""The scan lines against brute force, and what must not pass unnoticed."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import klayout.db as kdb
import numpy as np
import pytest
from mirrorneuron.flows import extract
from mirrorneuron.flows.extract import coefficients as parasitics_rules
from mirrorneuron.flows.extract import ext_file as ext
from mirrorneuron.flows.extract import fringe as parasitics
from mirrorneuron.flows.extract.conductors import Conductors
from mirrorneuron.flows.extract.geometry import boxes_of, find, gaps, pairs, stairs, transposed
from mirrorneuron.pdk_sky130 import install, layers
from mirrorneuron.pdk_sky130.errors import EvidenceError
from mirrorneuron.pdk_sky130.technology import magic

STEP = 10


def scattered(seed: int, count: int = 200, size: int = 1500) -> kdb.Region:
    """Boxes on a coarse grid, so that many touch and share sides."""
    draw = random.Random(seed)
    region = kdb.Region()
    for _ in range(count):
        x, y = (10 * draw.randrange(size // 10) for _ in range(2))
        region.insert(kdb.Box(x, y, x + 10 * draw.randrange(1, 20), y + 10 * draw.randrange(1, 5)))
    return stairs(region, STEP)


def as_region(boxes: Any) -> kdb.Region:
    region = kdb.Region([kdb.Box(*map(int, box)) for box in boxes])
    region.merged_semantics = False
    return region


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("vertical", [False, True])
def test_gaps_are_the_free_space_from_wall_to_wall(seed: int, vertical: bool) -> None:
    walls = scattered(seed)
    frame = walls.bbox().enlarged(50, 70)
    found = gaps(walls, frame, vertical=vertical)
    placed = as_region(transposed(found) if vertical else found)
    free = kdb.Region(frame) - walls
    assert (placed ^ free).is_empty()
    assert placed.area() == free.area(), "no gap overlaps another"
    # All along either side there is a wall, or the frame.
    solid = walls + (kdb.Region(frame.enlarged(1, 1)) - kdb.Region(frame))
    for left, right in ((found[:, 0] - 1, found[:, 0]), (found[:, 2], found[:, 2] + 1)):
        sides = np.stack((left, found[:, 1], right, found[:, 3]), axis=1)
        assert (as_region(transposed(sides) if vertical else sides) - solid).is_empty()
    # No gap is cut in two.
    spans = {(gap[0], gap[2], gap[1]) for gap in found.tolist()}
    assert not any((gap[0], gap[2], gap[3]) in spans for gap in found.tolist())


@pytest.mark.parametrize("cell", [30, 500])
def test_pairs_are_all_that_share_area_each_once(cell: int) -> None:
    one, other = boxes_of(scattered(1))[0], boxes_of(scattered(2))[0]
    found = sorted((int(i), int(j)) for a, b in pairs(one, other, cell) for i, j in zip(a, b, strict=True))
    expected = [
        (i, j)
        for i, a in enumerate(one)
        for j, b in enumerate(other)
        if min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])
    ]
    assert found == expected
    assert not list(pairs(one, other[:0], cell))


def test_a_point_on_a_side_belongs_to_the_box_to_the_right() -> None:
    boxes = np.array([[0, 0, 10, 10], [10, 0, 20, 10]])
    assert find(np.array([[9, 0], [10, 0], [20, 0]]), boxes, 7).tolist() == [0, 1, -1]


def test_slanted_edges_become_stairs_of_the_same_area() -> None:
    triangle = kdb.Region(kdb.Polygon([kdb.Point(0, 0), kdb.Point(0, 1000), kdb.Point(1000, 0)]))
    cut = stairs(triangle, STEP)
    assert cut.non_rectilinear().is_empty()
    assert cut.area() == pytest.approx(triangle.area(), rel=0.001)
    assert (cut ^ triangle).area() < triangle.area() * 0.03


def test_corners_that_touch_do_not_connect(drawing: Any) -> None:
    cell = drawing()
    cell.box(layers.MET1, 0, 0, 1, 1)
    cell.box(layers.MET1, 1, 1, 2, 2)
    conductors = Conductors(cell.layout, cell.top)
    first, second = conductors.nets("met1", np.array([[500, 500], [1500, 1500]]))
    assert first != second


def test_a_tap_that_abuts_a_source_is_a_net_of_its_own(drawing: Any, tmp_path: Path, read: Any) -> None:
    cell = drawing()
    cell.fet(0, 0, 1, 0.15, "d g s")
    cell.layout.clear_layer(cell.layout.layer(*layers.NSDM))
    cell.box(layers.NSDM, -0.365, -0.13, 0.5, 1.13)
    cell.box(layers.TAP, -1.065, 0, -0.365, 1)
    cell.box(layers.PSDM, -1.2, -0.13, -0.365, 1.13)
    cell.contact("b", -0.8, 0.5)
    gds = cell.write(tmp_path / "x.gds")
    result = extract.run(gds, out=tmp_path / "x.spice", work=tmp_path / "work", resistance=True)
    assert set(result.pins) == {"d", "g", "s", "b"}
    assert read_pair(tmp_path / "x.spice", read, "b", "s") > 0


def read_pair(netlist: Path, read: Any, one: str, other: str) -> float:
    bare = netlist.with_suffix(".bare")
    bare.write_text("".join(line for line in netlist.read_text().splitlines(True) if not line.startswith("R")))
    return float(read(bare).coupling_af(one, other))


def test_a_plate_cuts_off_the_contact_below_it(drawing: Any) -> None:
    cell = drawing()
    for x, plate in ((0, True), (20, False)):
        for layer in (layers.MET3, layers.MET4, *([layers.CAPM] if plate else [])):
            cell.box(layer, x, 0, x + 10, 10)
        cell.box(layers.VIA3, x + 4, 4, x + 4.2, 4.2)
    conductors = Conductors(cell.layout, cell.top)
    points = np.array([[100, 100], [20100, 100]])
    below, above = conductors.nets("met3", points), conductors.nets("met4", points)
    assert below[0] != above[0]
    assert below[1] == above[1]
    assert conductors.nets("capm", points).tolist() == [above[0], -1]


def node(x: float, y: float) -> ext.ExtractedNode:
    return ext.ExtractedNode(0.0, (), (), x, y, "m1")


def test_a_conductor_that_magic_does_not_know_is_an_error(drawing: Any) -> None:
    tech = install.locate().magic_tech.read_text()
    cell = drawing()
    cell.wire("a", 0, 0, 10, 0.14)
    cell.wire("b", 0, 1, 10, 1.14)
    conductors = Conductors(cell.layout, cell.top)
    known = ext.ExtractedCell({"a": node(0, 0), "b": node(0, 1), "sub": node(0, 0)}, substrate="sub")
    rules = parasitics_rules.read(tech, "(si)")
    names = parasitics.node_names(known, conductors, magic.Types(tech))
    parasitics.add(known, conductors, names, rules)
    assert known.couplings_af["a", "b"] == pytest.approx(44 * 10 / (0.86 + 0.25))
    lost = {net: name for net, name in names.items() if name != "b"}
    with pytest.raises(EvidenceError, match="Magic extracted no node for a conductor"):
        parasitics.add(known, conductors, lost, rules)


def test_nets_that_magic_sees_apart_are_an_error(drawing: Any) -> None:
    tech = install.locate().magic_tech.read_text()
    cell = drawing()
    cell.wire("a", 0, 0, 10, 0.14)
    split = ext.ExtractedCell({"a": node(0, 0), "b": node(5, 0), "sub": node(0, 0)}, substrate="sub")
    with pytest.raises(EvidenceError, match="a and b are one net as drawn, but two to Magic"):
        parasitics.node_names(split, Conductors(cell.layout, cell.top), magic.Types(tech))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (" defaultsidewall    allm1 metal1 44\t0.25", "", "no capacitances for met1"),
        (" sidehalo 8", "", "sidehalo"),
        (" planeorder metal5 \t8", "", "a form that is not known"),
        ("defaultareacap     allm1 metal1 25.78", "defaultareacap     allm1 metal1 many", "a form that is not known"),
    ],
)
def test_a_technology_file_without_a_coefficient_is_refused(old: str, new: str, message: str) -> None:
    text = install.locate().magic_tech.read_text()
    assert old in text
    with pytest.raises(EvidenceError, match=message):
        parasitics_rules.read(text.replace(old, new), "(si)")


def test_the_result_is_the_same_each_time(one_fet: Any, tmp_path: Path) -> None:
    one_fet.wire("w", 0, 10, 50, 10.14)
    gds = one_fet.write(tmp_path / "x.gds")
    texts = []
    for run in ("1", "2"):
        extract.run(gds, out=tmp_path / run, work=tmp_path / "work")
        texts.append((tmp_path / run).read_text())
    assert texts[0] == texts[1]
