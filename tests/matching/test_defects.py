"""Planted defects, one each, and the check that must find it; what is not planted must pass."""

from __future__ import annotations

import klayout.db as kdb
import pytest
from mirrorneuron.flows.matching import CHECKS
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.errors import SpecError

COUNTS = {"a": 4, "b": 4}
PAIR = (".abba.", ".baab.")


def test_a_clean_array_passes_with_and_without_netlist(kit, desk):
    for netlist in (None, kit.netlist()):
        result = desk.report(kit.drawn(), netlist)
        assert result.passed and not result.errors, result.errors
        (group,) = result.groups
        assert [(output.net, output.units, output.ratio) for output in group.outputs] == [
            ("d0", 1, 1),
            ("d1", 2, 2),
            ("d2", 4, 4),
            ("d3", 8, 8),
        ]
        assert {output.offset for output in group.outputs} == {0.0}
        assert (group.gate, group.source, group.w, group.l, group.fingers) == ("g", "s", 2.0, 1.0, 2)
        assert group.ring and group.arrays == 1 and group.orientation == "x" and group.dummies == 20


@pytest.mark.parametrize(("x", "y", "told"), [(5, 0, "0.285 um to the gate before"), (0, 5, "0.005 um off its row")])
def test_a_unit_moved_by_one_grid_step(kit, desk, x, y, told):
    layout = kit.drawn()
    middle = kit.units(layout)[17]
    middle.transform(kdb.Trans(x, y))
    for netlist in (None, kit.netlist()):
        result = desk.report(layout, netlist)
        (error,) = [error for error in result.errors if error.startswith("pitch: ")]
        assert told in error and "unit of d0 at" in error
        # The neighbours are not blamed.
        assert "d1" not in error
    assert desk.report(layout, ignore=("pitch", "orientation")).passed


@pytest.mark.parametrize(("x", "y"), [(1000, 0), (0, 1000), (-1000, 0)])
def test_a_unit_moved_by_a_micrometre(kit, desk, x, y):
    places = kit.row(".abba.") + kit.row(".baab.", y=8000)
    assert desk.report(kit.plain(places)).passed
    places[2] = kit.Place("b", places[2].x + x, places[2].y + y)
    result = desk.report(kit.plain(places))
    (error,) = [error for error in result.errors if error.startswith("pitch: ")]
    assert f"unit of db at ({(8000 + x) / 1000:g}, {y / 1000:g})" in error
    assert "centroid" in kit.checks(result)


def test_a_unit_wired_to_another_drain(kit, desk):
    good, netlist = kit.patterned(PAIR), kit.patterned_netlist(COUNTS, dummies=4)
    assert desk.report(good, netlist).passed
    bad = kit.patterned((".abba.", ".bbab."))
    assert kit.checks(desk.report(bad)) == {"centroid"}
    result = desk.report(bad, netlist)
    assert kit.checks(result) == {"centroid", "netlist"}
    (error,) = [error for error in result.errors if error.startswith("netlist: ")]
    assert "units of d_a:d_b: 3:5 as drawn, 4:4 in the netlist" in error


def test_the_only_unit_of_an_output_wired_to_another(kit, desk):
    netlist = kit.patterned_netlist({"a": 1, "b": 4}, dummies=2)
    assert desk.report(kit.patterned((".bbabb.",)), netlist).passed
    result = desk.report(kit.patterned((".bbbbb.",)), netlist)
    told = "\n".join(result.errors)
    assert "Xda".lower() in told and "is in the netlist and not drawn" in told
    assert "units of d_a:d_b: 0:5 as drawn, 1:4 in the netlist" in told


def test_two_units_exchanged(kit, desk):
    result = desk.report(kit.patterned((".abba.", ".abab.")), kit.patterned_netlist(COUNTS, dummies=4))
    assert kit.checks(result) == {"centroid"}
    assert "centroid of d_a (4 units)" in result.errors[0] and "0.64 um off" in result.errors[0]


def test_a_limit_for_the_centroids(kit, desk):
    layout = kit.patterned((".abba.", ".abab."))
    assert desk.report(layout, centroid_limit=0.64).passed
    assert kit.checks(desk.report(layout, centroid_limit=0.635)) == {"centroid"}
    assert desk.report(layout, ignore=["centroid"]).passed


@pytest.mark.parametrize(
    ("rows", "allowed"),
    [
        ((".ab.",), True),  # two single units share the middle
        ((".abb.",), False),
        ((".bab.",), True),
        ((".aab.", ".baa."), True),
        ((".aaa.", ".bbb."), False),
        (("..aaa..", "..bbb..", "..aaa.."), True),
        (("..abc..",), True),
        (("..bac..", "..b.c.."), False),
        (("..abb..", "..baa.."), True),  # three of six in two rows: half a row's pitch over three, at the least
    ],
)
def test_what_the_counts_allow(kit, desk, rows, allowed):
    result = desk.report(kit.patterned(rows))
    assert kit.checks(result) == (set() if allowed else {"centroid"}), result.errors


def test_a_missing_dummy_at_a_rows_end(kit, desk):
    layout = kit.patterned(PAIR)
    kit.units(layout)[0].delete()
    result = desk.report(layout)
    assert kit.checks(result) == {"dummies"}
    assert "has no gate before it along x" in result.errors[0]
    assert "units of s: 3 as drawn, 4 in the netlist" in "\n".join(
        desk.report(layout, kit.patterned_netlist(COUNTS, dummies=4)).errors
    )
    assert desk.report(layout, ignore=["dummies"]).passed


@pytest.mark.parametrize(("index", "word"), [(3, "below"), (-3, "above")])
def test_a_missing_dummy_in_a_row_of_dummies(kit, desk, index, word):
    layout = kit.patterned(("......", *PAIR, "......"))
    assert desk.report(layout).passed
    kit.units(layout)[index].delete()
    result = desk.report(layout)
    assert kit.checks(result) == {"dummies"}
    assert f"has no gate {word} it" in result.errors[0]


def test_a_column_of_single_units_needs_dummies_at_its_ends(kit, desk):
    column = [kit.Place(owner, 0, 4000 * i) for i, owner in enumerate(".abba.")]
    assert desk.report(kit.plain(column)).passed
    assert kit.checks(desk.report(kit.plain(column[:-1]))) == {"dummies"}


@pytest.mark.parametrize("turn", ["R90", "R180", "R270", "M0", "M45", "M90", "M135"])
def test_a_turned_unit(kit, desk, turn):
    places = kit.row(".abba.")
    places[2] = kit.Place("b", places[2].x, 0, kdb.Trans(getattr(kdb.Trans, turn)))
    result = desk.report(kit.plain(places))
    (error,) = [error for error in result.errors if error.startswith("orientation: ")]
    assert "unit of db at (8, 0)" in error
    assert "centroid" not in kit.checks(result)


def test_directions_that_cancel_in_every_output(kit, desk):
    turned = kdb.Trans(kdb.Trans.M90)
    places = [kit.Place(p.owner, p.x, p.y, turned if i in (2, 4) else p.turn) for i, p in enumerate(kit.row(".abba."))]
    assert desk.report(kit.plain(places)).passed


def test_all_units_turned_alike(kit, desk):
    places = [kit.Place(p.owner, p.x, p.y, kdb.Trans(kdb.Trans.R90)) for p in kit.row(".abba.")]
    column = [kit.Place(p.owner, p.y, p.x, p.turn) for p in places]
    result = desk.report(kit.plain(column))
    assert result.passed, result.errors
    assert result.groups[0].orientation == "y"


@pytest.mark.parametrize(
    ("which", "size", "told"),
    [
        (layers.POLY, (5, 0), "1 x 2 / 1.01"),
        (layers.DIFF, (0, 5), "1.01 x 2 / 1"),
    ],
)
def test_a_unit_of_another_size(kit, desk, which, size, told):
    layout = kit.drawn()
    kit.redrawn(layout, kit.units(layout)[17], which, lambda region: region.sized(*size, 2))
    result = desk.report(layout)
    (error,) = [error for error in result.errors if error.startswith("size: ")]
    assert f"unit of d0 at (10.045, 8.545) has W/L {told} um" in error and "The other units have 1 x 2 / 1 um" in error
    told_too = "\n".join(desk.report(layout, kit.netlist()).errors)
    assert "1.01 um as drawn, 1 um in the netlist" in told_too


def test_a_unit_with_another_number_of_fingers(kit, desk):
    layout = kit.patterned((".abba.", ".baab."))
    unit = kit.units(layout)[2]
    right = kdb.Region(kdb.Box(1500, -2000, 5000, 5000))
    for which in (layers.POLY, layers.DIFF):
        kit.redrawn(layout, unit, which, lambda region: region - right)
    result = desk.report(layout)
    (error,) = [error for error in result.errors if error.startswith("size: ")]
    assert "has 1 fingers. The other units have 2" in error


def test_a_bent_gate(kit, desk):
    layout = kit.plain(kit.row(".abba."))
    unit = [i for i in layout.top_cell().each_inst() if i.trans.disp.x == 8000]
    kit.redrawn(layout, unit[0], layers.POLY, lambda region: region + kdb.Region(kdb.Box(250, -500, 300, 0)))
    result = desk.report(layout)
    assert "is no rectangle with one W" in "\n".join(result.errors)


def test_an_open_ring(kit, desk):
    layout = kit.patterned(PAIR)
    ring = layout.top_cell().bbox().center()
    assert desk.report(layout).groups[0].ring
    tap = kdb.Region(layout.top_cell().begin_shapes_rec(layout.layer(*layers.TAP))).merged()
    box = tap.bbox()
    kit.cut(layout, kdb.Box(box.left - 10, ring.y - 500, box.left + 1000, ring.y + 500), layers.TAP)
    result = desk.report(layout)
    assert kit.checks(result) == {"ring"} and "is open" in result.errors[0]
    assert not result.groups[0].ring
    kit.cut(layout, box.enlarged(10, 10), layers.TAP)
    result = desk.report(layout)
    assert result.passed and not result.groups[0].ring


@pytest.mark.parametrize("side", ["left of", "right of", "below", "above"])
def test_a_ring_without_a_side(kit, desk, side):
    layout = kit.patterned(PAIR)
    tap = kdb.Region(layout.top_cell().begin_shapes_rec(layout.layer(*layers.TAP))).merged()
    box = tap.bbox()
    inner = next(kdb.Polygon(list(ring.each_point_hole(0))).bbox() for ring in tap.each())
    bare = {
        "left of": kdb.Box(box.left, box.bottom, inner.left, box.top),
        "right of": kdb.Box(inner.right, box.bottom, box.right, box.top),
        "below": kdb.Box(box.left, box.bottom, box.right, inner.bottom),
        "above": kdb.Box(box.left, inner.top, box.right, box.top),
    }
    kit.cut(layout, bare[side].enlarged(10, 10), layers.TAP)
    result = desk.report(layout)
    assert kit.checks(result) == {"ring"} and f"has no tap {side} the array" in result.errors[0]
    assert not result.groups[0].ring


def test_a_ring_without_contacts_on_a_side(kit, desk):
    layout = kit.plain(kit.row(".abba.") + kit.row(".baab.", y=8000))
    assert desk.report(layout).passed
    box = layout.top_cell().bbox()
    kit.cut(layout, kdb.Box(box.left, box.bottom, box.left + 400, box.top), layers.LICON1)
    result = desk.report(layout)
    assert kit.checks(result) == {"ring"} and "without a contact" in result.errors[0]


@pytest.mark.parametrize("labels", [True, False])
def test_ratios_as_another_tool_draws_them(kit, desk, labels):
    """4:20 for 4:8, as ALIGN does, is told with drawn and wanted numbers."""
    layout = kit.drawn("ratios=[4,20]")
    if not labels:
        for index in layout.layer_indexes():
            for text in [shape for shape in layout.top_cell().shapes(index).each() if shape.is_text()]:
                text.delete()
    assert desk.report(layout).passed
    result = desk.report(layout, kit.netlist("ratios=[4,8]"))
    told = "\n".join(result.errors)
    assert kit.checks(result) == {"netlist"}
    assert "ratio of gate g (nfet_01v8), units of d0:d1: 4:20 as drawn, 4:8 in the netlist" in told
    assert desk.report(layout, kit.netlist("ratios=[4,8]"), ignore=["netlist"]).passed


@pytest.mark.parametrize("owners", ["db", "ab"])
def test_outputs_in_rings_of_their_own(kit, desk, owners):
    """No array holds two outputs, with and without the one that sets the gate's voltage among them."""
    result = desk.report(kit.side_by_side([kit.plain(kit.row(f".{o}{o}."), labels=False) for o in owners]))
    assert kit.checks(result) == {"centroid"} and "The units lie in 2 arrays" in result.errors[0]
    (group,) = result.groups
    assert group.arrays == 2 and group.ring and [output.offset for output in group.outputs] == [20.0, 20.0]


def test_checks_have_names(desk, kit):
    assert CHECKS == ("size", "orientation", "pitch", "dummies", "ring", "centroid", "well", "diffusion", "netlist")
    with pytest.raises(SpecError, match="no check 'colour' to ignore; there are: size"):
        desk.report(kit.plain(kit.row(".ab.")), ignore=["colour"])
    with pytest.raises(SpecError, match="centroid limit is -1"):
        desk.report(kit.plain(kit.row(".ab.")), centroid_limit=-1)
