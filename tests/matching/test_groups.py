"""What belongs together: groups, units, arrays, and their names."""

from __future__ import annotations

import klayout.db as kdb
import pytest
from mirrorneuron.generators import catalog
from mirrorneuron.pdk_sky130 import layers

SPECS = {
    "two fingers": ["ratios=[1,2,4]"],
    "one finger": ["ratios=[2,3]", "fingers=1"],
    "three fingers": ["ratios=[2,3]", "fingers=3", "w=3"],
    "four fingers, own bulk": ["ratios=[1,3]", "fingers=4", "device=pfet_01v8_hvt", "bulk=own"],
}


@pytest.mark.parametrize("name", SPECS)
def test_flat_is_the_same_as_hierarchical(name, desk):
    layout = catalog.layout_of(catalog.load("matched_array", SPECS[name]))
    deep = desk.report(layout)
    layout.top_cell().flatten(True)
    flat = desk.report(layout)
    assert deep.groups == flat.groups and len(deep.groups) == 1
    assert deep.errors == flat.errors == ()


def test_a_neurons_arrays(desk):
    spec = catalog.load("neuron", ["weights=[1,-2]"])
    layout, netlist = catalog.layout_of(spec), catalog.circuit_of(spec).to_spice()
    result = desk.report(layout, netlist)
    assert result.passed, result.errors
    assert desk.report(layout).passed
    groups = {(group.gate, group.w, group.l): group for group in result.groups}
    pair = groups["iin0, vref", 1.0, 0.5]
    assert pair.kind == "pair" and pair.source == "xrow0.amplifier_tail"
    drains = {output.gate: output.net for output in pair.outputs}
    assert drains == {"iin0": "xrow0.amplifier_diode", "vref": "xrow0.gate"}
    row = groups["xrow1.gate", 2.0, 1.0]
    assert row.kind == "mirror" and {output.net: output.units for output in row.outputs} == {"iin1": 2, "coln": 2}
    # One bias line, two sizes of unit; the amplifiers' tails lie in rings of their own.
    tails = groups["pb", 2.0, 5.0]
    assert tails.arrays == 2 and tails.ring and len(tails.outputs) == 2
    # A pair's halves share its tail's current: no tail is held against another.
    assert any("place and surroundings of xrow0.amplifier_tail, xrow1.amplifier_tail" in t for t in tails.not_judged)
    assert ("pb", 2.0, 2.0) in groups and not any(group.logic for group in result.groups)
    assert all(group.ring for group in result.groups)
    assert row.well_distance is not None and row.well_distance[0] > 0
    assert desk.report(layout, netlist).as_json() == result.as_json()


def test_nets_without_labels_are_named_by_a_place(kit, desk):
    (group,) = desk.report(kit.plain(kit.row(".abba."), labels=False)).groups
    names = [group.gate, group.source, *(output.net for output in group.outputs)]
    assert all(name.startswith("net@") for name in names) and len(set(names)) == 4


def test_a_diode_is_an_output_like_others_and_comes_first(kit, desk):
    (group,) = desk.report(kit.plain(kit.row(".adda."))).groups
    assert [(output.net, output.units) for output in group.outputs] == [("g", 2), ("da", 2)]


def test_parallel_fingers_alone_are_reported(kit, desk):
    places = kit.row(".aa.")
    result = desk.report(kit.plain(places))
    assert result.passed and result.groups[0].kind == "parallel"
    # Their rows need no dummies, as there is nothing to match with; but a turned one is told.
    assert desk.report(kit.plain(places[1:3])).passed
    places[1] = kit.Place("a", places[1].x, 0, kdb.Trans(kdb.Trans.R90))
    assert kit.checks(desk.report(kit.plain(places))) == {"orientation"}


def test_nothing_to_judge_is_no_pass(kit, desk):
    result = desk.report(kit.plain(kit.row("a")))
    assert not result.passed and kit.checks(result) == {"groups"}


def test_distant_units_without_a_ring_are_arrays_of_their_own(kit, desk):
    layout = kit.plain(
        [*kit.row(".abba."), *[kit.Place(p.owner, p.x + 60_000, 0) for p in kit.row(".abba.")]], ring=False
    )
    (group,) = desk.report(layout).groups
    assert group.arrays == 2 and not group.ring and [output.units for output in group.outputs] == [4, 4]


def test_surroundings(kit, desk):
    places = kit.row(".abba.")
    layout = kit.plain(places)
    assert desk.report(layout).groups[0].equal_radius == 5.0
    # A strip of poly 1.5 um above one gate.
    kit.layer(layout, layout.top_cell(), layers.POLY).insert(kdb.Box(7750, 2000, 8250, 2200))
    assert desk.report(layout).groups[0].equal_radius == 1.5


def test_well_and_diffusion_ends(kit, desk):
    layout = kit.plain(kit.row(".abba."))
    assert desk.report(layout).groups[0].well_distance is None
    kit.layer(layout, layout.top_cell(), layers.NWELL).insert(kdb.Box(30_000, -1000, 40_000, 1000))
    (group,) = desk.report(layout).groups
    assert group.well_distance == (13.75, 25.75)
    assert group.diffusion_end == (0.5, 0.5)


@pytest.mark.parametrize("part", ["all", "one gate"])
def test_a_mark_of_standard_cells_switches_nothing_off(kit, desk, part):
    layout = kit.plain(kit.row("abab"))
    assert kit.checks(desk.report(layout)) == {"dummies", "centroid"}
    box = layout.top_cell().bbox() if part == "all" else kdb.Box(-250, -500, 250, 500)
    kit.layer(layout, layout.top_cell(), layers.AREAID_SC).insert(box)
    result = desk.report(layout)
    assert kit.checks(result) == {"dummies", "centroid"} and not result.groups[0].logic
