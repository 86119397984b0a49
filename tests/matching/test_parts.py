"""Groups of bars, npn and degenerated transistors: what is read, and planted defects with the check that finds each."""

from __future__ import annotations

import klayout.db as kdb
import pytest
from mirrorneuron.generators import catalog
from mirrorneuron.pdk_sky130 import layers

BARS, NPNS = ".abba.", "abba"
SLIM, WIDE = 4000, 15_000  # pitches of bars and of npn [nm]
MODELS = {"bars": "sky130_fd_pr__res_xhigh_po_0p69 l=4", "npn": "sky130_fd_pr__npn_05v5_w1p00l1p00"}


def rows(kit, kind, *owners):
    pitch = SLIM if kind == "bars" else WIDE
    high = WIDE if kind == "npn" else 12_000
    return [place for j, row in enumerate(owners) for place in kit.row(row, y=high * j, pitch=pitch)]


def drawn(kit, kind, places, **options):
    return kit.of_parts(kit.bar() if kind == "bars" else kit.npn(), places, **options)


def netlist(kind, a, b, *, dummies=2, model=None):
    model = model or MODELS[kind]
    if kind == "npn":
        lines = [f"Xa da b vss sub {model} m={a}", f"Xb db b vss sub {model} m={b}"]
        return "\n".join([".subckt top da db b vss sub", *lines, ".ends", ""])
    lines = [f"Xa da vss sub {model} m={a}", f"Xb db vss sub {model} m={b}"]
    lines += [f"Xd vss vss sub {model} m={dummies}"] if dummies else []
    return "\n".join([".subckt top da db vss sub", *lines, ".ends", ""])


@pytest.fixture(params=["bars", "npn"])
def kind(request):
    return request.param


@pytest.fixture
def row(kind):
    return BARS if kind == "bars" else NPNS


def test_a_clean_array_passes_with_and_without_netlist(kit, desk, kind, row):
    layout = drawn(kit, kind, rows(kit, kind, row, row))
    for spice in (None, netlist(kind, 4, 4, dummies=4)):
        result = desk.report(layout, spice)
        assert result.passed, result.errors
        (group,) = result.groups
        assert [(output.net, output.units, output.offset) for output in group.outputs] == [("da", 4, 0), ("db", 4, 0)]
        assert group.ring and group.arrays == 1 and group.diffusion_end is None and group.well_distance is None
    if kind == "bars":
        assert (group.kind, group.gate, group.w, group.l, group.dummies) == ("resistors", "vss", 0.69, 4, 4)
        assert group.orientation == "y" and (result.resistors, result.bipolars) == (12, 0)
    else:
        assert (group.kind, group.gate, group.source, group.w, group.l) == ("mirror", "b", "vss", 1, 1)
        assert group.orientation == "" and group.equal_radius is None
        assert (result.resistors, result.bipolars, result.transistors) == (0, 8, 0)


def test_flat_is_the_same(kit, desk, kind, row):
    layout = drawn(kit, kind, rows(kit, kind, row))
    deep = desk.report(layout)
    layout.top_cell().flatten(True)
    assert desk.report(layout).groups == deep.groups


@pytest.mark.parametrize(("x", "y", "told"), [(5, 0, "before it, the other units"), (0, 5, "0.005 um off its row")])
def test_a_unit_moved_by_one_grid_step(kit, desk, kind, row, x, y, told):
    places = rows(kit, kind, row, row)
    moved = places[2]
    places[2] = kit.Place(moved.owner, moved.x + x, moved.y + y)
    result = desk.report(drawn(kit, kind, places), netlist(kind, 4, 4, dummies=4))
    (error,) = [error for error in result.errors if error.startswith("pitch: ")]
    assert told in error and "unit of db at" in error and "da at" not in error


def test_a_unit_of_another_owner(kit, desk, kind, row):
    swapped = row.replace("abba", "bbba")
    layout = drawn(kit, kind, rows(kit, kind, swapped, row))
    assert kit.checks(desk.report(layout)) == {"centroid"}
    result = desk.report(layout, netlist(kind, 4, 4, dummies=4))
    assert kit.checks(result) == {"centroid", "netlist"}
    assert "units of da:db: 3:5 as drawn, 4:4 in the netlist" in "\n".join(result.errors)


def test_two_owners_exchanged(kit, desk, kind, row):
    layout = drawn(kit, kind, rows(kit, kind, row, row.replace("abba", "abab")))
    result = desk.report(layout, netlist(kind, 4, 4, dummies=4))
    assert kit.checks(result) == {"centroid"} and "centroid of da (4 units)" in result.errors[0]


def test_a_wrong_count(kit, desk, kind, row):
    result = desk.report(drawn(kit, kind, rows(kit, kind, row)), netlist(kind, 2, 3))
    assert kit.checks(result) == {"netlist"} and "2:2 as drawn, 2:3 in the netlist" in result.errors[0]


def test_a_missing_unit(kit, desk, kind, row):
    places = rows(kit, kind, row, row)
    del places[row.index("a")]
    result = desk.report(drawn(kit, kind, places), netlist(kind, 4, 4, dummies=4))
    assert "3:4 as drawn, 4:4 in the netlist" in "".join(result.errors)


@pytest.mark.parametrize("ring", ["open", "bare"])
def test_the_ring(kit, desk, kind, row, ring):
    layout = drawn(kit, kind, rows(kit, kind, row))
    box = layout.top_cell().bbox()
    side = kdb.Box(box.left, box.bottom, box.left + 500, box.top)
    if ring == "open":
        middle = box.center().y
        kit.cut(layout, kdb.Box(side.left, middle - 300, side.right, middle + 300), layers.TAP)
    else:
        kit.cut(layout, side, layers.LICON1)
    result = desk.report(layout)
    assert kit.checks(result) == {"ring"}
    assert ("is open" if ring == "open" else "without a contact") in result.errors[0]
    bare = desk.report(drawn(kit, kind, rows(kit, kind, row), ring=False))
    assert not bare.groups[0].ring


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"length": 4010}, "W/L 0.69 x 1 / 4.01 um"),
        ({"device": "res_xhigh_po_1p41"}, "W/L 1.41 x 1 / 4 um"),
        ({"device": "res_high_po_0p69"}, "res_high_po W/L 0.69 x 1 / 4 um"),
    ],
)
def test_a_bar_of_another_length_width_or_sheet(kit, desk, other, told):
    layout = drawn(kit, "bars", rows(kit, "bars", BARS, BARS), others={2: kit.bar(**other)})
    result = desk.report(layout)
    (error,) = [error for error in result.errors if error.startswith("size: ")]
    assert f"unit of db at (8, 0) has {told}" in error
    result = desk.report(layout, netlist("bars", 4, 4, dummies=4))
    assert "netlist" in kit.checks(result)


def test_an_npn_of_another_size(kit, desk):
    layout = drawn(kit, "npn", rows(kit, "npn", NPNS, NPNS), others={1: kit.npn("W1p00L2p00")})
    result = desk.report(layout, netlist("npn", 4, 4))
    (error,) = [error for error in result.errors if error.startswith("size: ")]
    assert "npn_05v5_w1p00l2p00 W/L 1 x 1 / 2 um" in error and "netlist" in kit.checks(result)


def test_all_of_another_length_than_the_netlists(kit, desk):
    spice = netlist("bars", 2, 2, model="sky130_fd_pr__res_xhigh_po w=0.69 l=4.005")
    result = desk.report(drawn(kit, "bars", rows(kit, "bars", BARS)), spice)
    assert kit.checks(result) == {"netlist"} and len(result.errors) == 3
    assert all("4 um as drawn, 4.005 um in the netlist" in error for error in result.errors)


def test_a_turned_bar(kit, desk):
    places = kit.row(BARS, pitch=12_000)
    assert desk.report(kit.of_parts(kit.bar(), places), netlist("bars", 2, 2)).passed
    places[2] = kit.Place("b", places[2].x, 0, kdb.Trans(kdb.Trans.R90))
    result = desk.report(kit.of_parts(kit.bar(), places), netlist("bars", 2, 2))
    (error,) = [error for error in result.errors if error.startswith("orientation: ")]
    assert "unit of db at (24, 0) carries its current along x" in error and "The other units: along y" in error


@pytest.mark.parametrize(("turn", "wrong"), [("R90", True), ("R180", False)])
def test_a_turned_npn(kit, desk, turn, wrong):
    """The oblong one has two sides; upside down it is the same, as its current goes down whichever way it lies."""
    places = kit.row(NPNS, pitch=WIDE)
    places[1] = kit.Place("b", places[1].x, 0, kdb.Trans(getattr(kdb.Trans, turn)))
    result = desk.report(kit.of_parts(kit.npn("W1p00L2p00"), places))
    assert ("orientation" in kit.checks(result)) is wrong, result.errors
    assert result.passed is not wrong


def test_a_bar_with_a_contact_less(kit, desk):
    layout = drawn(kit, "bars", rows(kit, "bars", BARS, BARS))
    unit = next(i for i in layout.top_cell().each_inst() if i.bbox().center() == kdb.Point(8000, 0))
    top = unit.cell.bbox().top
    kit.redrawn(layout, unit, layers.LICON1, lambda region: region - kdb.Region(kdb.Box(0, top - 1200, 9999, top)))
    result = desk.report(layout)
    assert kit.checks(result) == {"orientation"} and "unit of db at (8, 0)" in result.errors[0]


def test_a_missing_dummy_bar(kit, desk):
    result = desk.report(drawn(kit, "bars", rows(kit, "bars", BARS)[1:]), netlist("bars", 2, 2, dummies=1))
    assert kit.checks(result) == {"dummies"} and "has no bar before it along x" in result.errors[0]


def test_collector_and_emitter_exchanged(kit, desk):
    spice = netlist("npn", 2, 2).replace("Xb db b vss", "Xb vss b db")
    result = desk.report(drawn(kit, "npn", rows(kit, "npn", NPNS)), spice)
    assert kit.checks(result) == {"netlist"} and "collector and emitter are exchanged" in result.errors[0]


def test_one_alone_is_no_pass(kit, desk, kind):
    result = desk.report(drawn(kit, kind, rows(kit, kind, "a")))
    assert not result.passed and kit.checks(result) == {"groups"}


ODD = {
    "marks or implants": (layers.NPC, lambda region: region - region),
    "over the edge of a well": (layers.NWELL, lambda region: kdb.Region(kdb.Box(0, 0, 300, 4000))),
}


@pytest.mark.parametrize("reason", ODD)
def test_a_bar_that_is_none_is_told_with_its_place(kit, desk, reason):
    layout = drawn(kit, "bars", rows(kit, "bars", BARS, BARS))
    unit = next(i for i in layout.top_cell().each_inst() if i.bbox().center() == kdb.Point(8000, 0))
    kit.redrawn(layout, unit, *ODD[reason])
    result = desk.report(layout, netlist("bars", 4, 4, dummies=4))
    assert reason in result.notes[-1] and "(8, 0) um" in result.notes[-1]
    assert "3:4 as drawn" not in "".join(result.errors) and "4:3 as drawn, 4:4 in the netlist" in "".join(result.errors)


# Our cells


def cell(kit, name, *changes):
    spec = catalog.load(name, changes)
    layout = catalog.layout_of(spec)
    kit.singles(layout)
    return layout, catalog.circuit_of(spec).to_spice()


def unit_of(kit, layout, group):
    """The unit next to the group's middle."""
    at = kdb.DPoint(*(sum(getattr(output, axis) for output in group.outputs) / len(group.outputs) for axis in "xy"))
    units = kit.units(layout, "nfet_01v8_w1000_l2000_f2_apart")
    return min(units, key=lambda unit: (unit.bbox().center().to_dtype(0.001) - at).length())


@pytest.mark.parametrize("polarity", ["n", "p"])
def test_a_degenerated_mirror_is_one_group_with_its_resistors_another(kit, desk, polarity):
    layout, spice = cell(kit, "mirror_degenerated", "ratios=[1,2]", f"polarity={polarity}")
    for given in (spice, None):
        result = desk.report(layout, given)
        assert result.passed, result.errors
        main, bars = result.groups
        assert (main.kind, main.gate) == ("mirror", "iin")
        assert {output.net: output.units for output in main.outputs} == {"iin": 1, "iout1": 2}
        assert (bars.kind, bars.gate) == ("resistors", "vss" if polarity == "n" else "vdd")
        assert {output.units for output in bars.outputs} == {3, 6}
        assert main.ring and bars.ring
    assert main.source.count("net@") == 2
    assert desk.report(layout, spice).groups[0].source == "iin_s, iout1_s"


def test_a_widlar_mirrors_input_is_on_the_rail_itself(kit, desk):
    layout, spice = cell(kit, "mirror_widlar", "device=auto", "ratios=[2,1]")
    main = desk.report(layout, spice).groups[0]
    assert main.source == "iout1_x, vss"
    assert {output.net: output.units for output in main.outputs} == {"iin": 2, "iout1": 1}


def test_degenerated_transistors_are_judged(kit, desk):
    layout, spice = cell(kit, "mirror_degenerated", "ratios=[1,2]")
    main = desk.report(layout, spice).groups[0]
    unit_of(kit, layout, main).transform(kdb.Trans(0, 5))
    assert "pitch" in kit.checks(desk.report(layout, spice))


def test_a_degenerated_unit_of_another_length(kit, desk):
    layout, spice = cell(kit, "mirror_degenerated", "ratios=[2,3]")
    main = desk.report(layout, spice).groups[0]
    kit.redrawn(layout, unit_of(kit, layout, main), layers.POLY, lambda region: region.sized(5, 0, 2))
    result = desk.report(layout, spice)
    assert {"size", "netlist"} <= kit.checks(result)


@pytest.mark.parametrize("name", ["mirror_degenerated", "mirror_npn"])
def test_drawn_ratios_are_held_against_the_netlists(kit, desk, name):
    layout, _ = cell(kit, name, "ratios=[1,2]")
    _, wanted = cell(kit, name, "ratios=[1,3]")
    result = desk.report(layout, wanted)
    assert kit.checks(result) == {"netlist"}
    assert "iin:iout1: 1:2 as drawn, 1:3 in the netlist" in "\n".join(result.errors)


def test_resistors_of_exchanged_owners(kit, desk):
    layout, spice = cell(kit, "mirror_degenerated", "ratios=[1,2]")
    swapped = "\n".join(
        line.replace("iin_s", "?").replace("iout1_s", "iin_s").replace("?", "iout1_s")
        if line.startswith("Xmain")
        else line
        for line in spice.splitlines()
    )
    result = desk.report(layout, swapped + "\n")
    assert kit.checks(result) == {"netlist"}


def test_a_bar_of_a_mirror_that_is_longer(kit, desk):
    layout, spice = cell(kit, "mirror_degenerated")
    bars = [i for parent in layout.each_cell() for i in parent.each_inst() if i.cell.name.startswith("res_")]
    bars.sort(key=lambda bar: bar.bbox().left)
    kit.redrawn(layout, bars[1], layers.POLY_RES, lambda region: region.sized(0, 5, 2))
    result = desk.report(layout, spice)
    assert {"size", "netlist"} <= kit.checks(result)
