"""What lies around units, and where the units of several arrays lie: planted defects and the check that finds each."""

from __future__ import annotations

import klayout.db as kdb
import pytest
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.errors import SpecError

ROW = ".abba."


# Arrays


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ((".abba.", ".bb."), {"centroid"}),  # both concentric, but b has units in the other alone
        ((".abba.", ".abba."), set()),
        ((".ab.", ".ba."), set()),  # off centre in either, and concentric over both
        ((".ab.", ".ab."), {"centroid"}),
        ((".abba.", ".cc."), {"centroid"}),  # an output that is elsewhere as a whole
        ((".a.", ".b."), {"centroid"}),  # single units that the counts would let share the middle
    ],
)
def test_centroids_over_all_arrays(kit, desk, rows, found):
    parts = [kit.plain(kit.row(row), labels=False) for row in rows]
    result = desk.report(kit.side_by_side(parts, outputs=True))
    assert kit.checks(result) == found, result.errors
    (group,) = result.groups
    assert group.arrays == 2
    if found:
        assert "The units lie in 2 arrays" in result.errors[0]


def test_an_array_of_one_output_that_belongs_to_others_needs_dummies(kit, desk):
    parts = [kit.plain(kit.row(row), labels=False) for row in (".abba.", "bb")]
    assert kit.checks(desk.report(kit.side_by_side(parts, outputs=True))) == {"centroid", "dummies"}


# N-wells


def _walled(kit, below: int, *where: tuple[int, int]) -> kdb.Layout:
    """A row with n-wells that far below the gates [nm], each from x to x [nm]; gates of W 1 um are centred at y = 0."""
    layout = kit.plain(kit.row(ROW), ring=False)
    for left, right in where:
        box = kdb.Box(left, -500 - below - 2000, right, -500 - below)
        kit.layer(layout, layout.top_cell(), layers.NWELL).insert(box)
    return layout


@pytest.mark.parametrize(
    ("below", "where", "told"),
    [
        (470, [(7750, 8250)], "unit of db at (8, 0) lies 0.47 um from the n-well's edge"),
        (995, [(7750, 8250)], "lies 0.995 um"),
        (1200, [(7750, 12250)], "limit 0.2 /um2 apart"),
        (470, [(-3000, 23_000)], ""),  # all alike
        (470, [(3750, 8250)], ""),  # one of the two units of either output
        (3000, [(7750, 8250)], ""),
    ],
)
def test_a_well_beside_some_units(kit, desk, below, where, told):
    result = desk.report(_walled(kit, below, *where))
    assert kit.checks(result) == ({"well"} if told else set()), result.errors
    assert told in "".join(result.errors)


def test_of_most_units_near_an_edge_the_others_are_blamed(kit, desk):
    layout = kit.plain(kit.row(".aabbbbaa."), ring=False)
    kit.layer(layout, layout.top_cell(), layers.NWELL).insert(kdb.Box(-3000, -3000, 26_000, -970))
    (error,) = [error for error in desk.report(layout).errors if error.startswith("well: ")]
    assert "unit of da at (28, 0) lies 1.812 um from the n-well's edge, the other units 0.47 um or more" in error
    assert "at (32, 0)" in error and "at (4, 0)" not in error


# Ends of diffusion


@pytest.mark.parametrize(("owners", "found"), [("b", {"diffusion"}), ("ab", set())])
def test_longer_diffusion_of_some_units(kit, desk, owners, found):
    layout = kit.plain(kit.row(ROW))
    for place in kit.row(ROW):
        kit.layer(layout, layout.top_cell(), layers.NSDM).insert(kdb.Box(0, -650, 1650, 650).moved(place.x, 0))
        if place.owner in owners:
            kit.layer(layout, layout.top_cell(), layers.DIFF).insert(kdb.Box(0, -500, 1500, 500).moved(place.x, 0))
    result = desk.report(layout)
    assert kit.checks(result) == found, result.errors
    if found:
        assert "limit 0.5 /um apart" in result.errors[0] and "2.67 /um for da" in result.errors[0]


# Metal


def test_metal_over_some_gates_is_reported_and_not_judged(kit, desk):
    layout = kit.patterned((".abba.", ".baab."))
    (group,) = desk.report(layout).groups
    assert group.metal == {} and group.metal_alike
    gate = kit.units(layout)[2].bbox().center()
    kit.layer(layout, layout.top_cell(), layers.MET5).insert(kdb.Box(-500, -500, 500, 500).moved(gate.x, gate.y))
    result = desk.report(layout)
    (group,) = result.groups
    assert result.passed and not group.metal_alike
    assert group.metal["met5"][0] == 0 < group.metal["met5"][1] < 1
    assert "metal over gates" in group.not_judged


# Mirrored rows


@pytest.mark.parametrize("turn", ["M0", "M90", "R180"])
@pytest.mark.parametrize(
    ("rows", "found"),
    [((".abba.", ".baab."), False), ((".abbbba.", ".abbbba."), False), ((".abba.", ".bbbb."), True)],
)
def test_mirrored_rows(kit, desk, turn, rows, found):
    """Whole rows that are mirrored cancel where every output has the same share of its units there."""
    upright, mirrored = (kit.row(row, y=8000 * k) for k, row in enumerate(rows))
    places = [*upright, *(kit.Place(p.owner, p.x, p.y, kdb.Trans(getattr(kdb.Trans, turn))) for p in mirrored)]
    result = desk.report(kit.plain(places))
    assert ("orientation" in kit.checks(result)) == found, result.errors
    assert found or result.passed, result.errors


@pytest.mark.parametrize(("rows", "found"), [((".aqqa.", ".qaaq."), False), ((".aaaq.", ".qqqa."), True)])
def test_mirrored_rows_of_a_pair(kit, desk, rows, found):
    """Either half has half of its units mirrored; or one has a quarter, the other three."""
    mirrored = [kit.Place(p.owner, p.x, p.y, kdb.Trans(kdb.Trans.M0)) for p in kit.row(rows[1], y=8000)]
    result = desk.report(kit.plain([*kit.row(rows[0]), *mirrored]))
    assert result.groups[0].kind == "pair"
    assert ("orientation" in kit.checks(result)) == found, result.errors
    assert found or result.passed, result.errors


# Models


def test_a_unit_under_a_threshold_implant(kit, desk):
    layout = kit.plain(kit.row(ROW))
    kit.layer(layout, layout.top_cell(), layers.LVTN).insert(kdb.Box(7000, -1000, 9000, 1200))
    result = desk.report(layout)
    assert "unit of db at (8, 0) has nfet_01v8_lvt W/L" in "".join(result.errors)


# Selection


def test_groups_are_selected_and_checks_ignored_by_gate(kit, desk):
    good, bad = kit.plain(kit.row(ROW)), kit.plain(kit.row(".abab."))
    layout = kit.side_by_side([good, bad])
    top = layout.top_cell()
    top.flatten(True)
    # Without the joint the arrays have gates of their own, both called g: rename the second's.
    kit.cut(layout, kdb.Box(24_000, -300, 36_000, -200), layers.MET1)
    for shape in [s for s in top.shapes(layout.layer(layers.MET1.layer, 5)).each() if s.text_pos.x > 30_000]:
        shape.text_string = "h"
    assert kit.checks(desk.report(layout)) == {"centroid"}
    chosen = desk.report(layout, select=["g"])
    assert chosen.passed and [group.gate for group in chosen.groups] == ["g"]
    assert "1 groups are not selected, and not judged" in chosen.notes
    assert kit.checks(desk.report(layout, select=["h"])) == {"centroid"}
    assert desk.report(layout, ignore=["centroid:h"]).passed
    assert not desk.report(layout, ignore=["centroid:g"]).passed
    for wrong in ({"select": ["k"]}, {"ignore": ["centroid:k"]}):
        with pytest.raises(SpecError, match="no group has the gate 'k'; there are: g, h"):
            desk.report(layout, **wrong)
    with pytest.raises(SpecError, match="netlist:g cannot be ignored"):
        desk.report(layout, ignore=["netlist:g"])
