"""Arrays of unit transistors: what is drawn is what was asked for, by an extraction of its own and by the DRC decks."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from klayout import db as kdb
from mirrorneuron.flows import drc
from mirrorneuron.generators.placement import Pattern, common_centroid
from mirrorneuron.generators.primitives.array import ArrayNets, draw_array
from mirrorneuron.generators.primitives.sheet import Sheet
from mirrorneuron.generators.units import ArraySize, Unit
from mirrorneuron.pdk_sky130.devices import MOSFETS
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.rules import GRID_NM, nm

from tests.kit import layout, rules

HAND_PICKED = (
    "smallest",
    "smallest p",
    "lvt",
    "p lvt at its shortest",
    "hvt",
    "one finger",
    "three fingers",
    "four fingers",
    "pair",
    "pair of one finger",
    "many owners",
    "rows with different owners",
    "tall",
    "tall with two gate nets",
    "contacts near the ring's corners",
    "off the 10 nm grid",
)


def check(kit, array):
    """Everything that can be told of a drawn array without a program."""
    sheet = Sheet()
    block = array.draw(sheet)
    for index in sheet.layout.layer_indexes():
        assert kdb.Region(block.cell.begin_shapes_rec(index)).grid_check(GRID_NM, GRID_NM).is_empty()
    found = kit.Extraction(block.cell)
    check_transistors(array, found, found.names(block))
    check_places(kit, array, found, found.names(block))
    check_ring(array, block, found)
    return found


def check_transistors(array, found, names):
    pattern, nets = array.pattern, array.nets
    assert len(found.gates) == array.fingers * pattern.columns * len(pattern.rows)
    sizes = {(gate.model, gate.w, gate.l) for gate in found.gates}
    assert sizes == {(array.device, array.width_nm // array.fingers, array.length_nm)}
    seen = Counter((names.get(g.gate), frozenset(names.get(n) for n in g.ends), names.get(g.bulk)) for g in found.gates)
    wanted = Counter(
        {
            (nets.gates[o], frozenset((nets.drains[o], nets.source)), nets.bulk): pattern.count(o) * array.fingers
            for o in array.owners
        }
    )
    if pattern.dummies:
        wanted[nets.source, frozenset((nets.source,)), nets.bulk] = pattern.dummies * array.fingers
    assert seen == wanted


def check_places(kit, array, found, names):
    """Units lie where the pattern says, at one pitch: centroids that agree on paper agree in nm."""
    pattern = array.pattern
    first = [gate for gate in found.gates if gate.y == found.gates[0].y]
    pitch = first[array.fingers].x - first[0].x if pattern.columns > 1 else 0
    middle_x = (first[0].x + first[-1].x) / 2
    levels = sorted({gate.y for gate in found.gates})
    assert len(levels) == len(pattern.rows)
    steps = {high - low for low, high in pairwise(levels)}
    assert len(steps) <= 1, f"rows at different pitches: {steps}"
    step = max(steps, default=0)
    for owner in array.owners:
        x, y = kit.centre(gate for gate in found.gates if owner in {names.get(net) for net in gate.ends})
        column, row = pattern.centroid(owner)
        assert x == pytest.approx(middle_x + pitch * column, abs=0.01)
        assert y == pytest.approx((levels[0] + levels[-1]) / 2 + step * row, abs=0.01)


def check_ring(array, block, found):
    """Taps are one closed loop of the right kind around everything, and near enough."""
    r = found.drawn
    device = MOSFETS[array.device]
    tap, diff = r["tap"], r["diff"]
    (loop,) = tap.each()
    assert loop.holes() >= 1
    assert (diff - kdb.Region(kdb.Polygon(list(loop.each_point_hull())))).is_empty()
    own, other = ("psdm", "nsdm") if device.polarity == "n" else ("nsdm", "psdm")
    assert (tap - r[own]).is_empty()
    assert (tap & r[other]).is_empty()
    assert r["nwell"].count() == (1 if device.polarity == "p" else 0)
    assert device.polarity == "n" or (tap + diff - r["nwell"]).is_empty()
    # Up and down or to the sides, as the crow flies is shorter.
    far = nm("LU.2")
    assert (diff - tap.sized(far, 0, 2) - tap.sized(0, far, 2)).is_empty()
    inside = kdb.Region(kdb.Box(*block.box))
    for name in ("nwell", "diff", "tap", "poly", "li1", "met1", "met2"):
        assert (r[name] - inside).is_empty(), f"{name} leaves the box that the array claims"


@pytest.mark.parametrize("name", HAND_PICKED)
def test_hand_picked(kit, name):
    check(kit, kit.ARRAYS[name])


def test_every_array_is_tested(kit):
    assert set(HAND_PICKED) == set(kit.ARRAYS)


@pytest.mark.parametrize("seed", range(12))
def test_random(kit, seed):
    check(kit, kit.random_array(seed))


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [range(first, first + 30) for first in range(1000, 1120, 30)], ids=str)
def test_many_random_ones_and_their_rules(kit, tmp_path, seeds):
    for seed in seeds:
        check(kit, kit.random_array(seed))
    sheet = Sheet()
    blocks = [kit.random_array(seed).draw(sheet, f"array{seed}") for seed in seeds]
    result = drc.run(kit.side_by_side(sheet, blocks, tmp_path / "top.gds"), work=tmp_path / "work", jobs=2)
    assert result.passed, result.violations


for _name in HAND_PICKED:
    rules.add(f"array: {_name}", lambda name=_name: layout.drawn_alone(layout.ARRAYS[name].draw))


@pytest.mark.parametrize("name", HAND_PICKED)
def test_rules(name, design_rules):
    assert not design_rules.violations[f"array: {name}"]


def test_tap_bars_part_a_tall_array(kit):
    found = check(kit, kit.ARRAYS["tall"])
    (loop,) = found.drawn["tap"].each()
    assert loop.holes() == len(kit.ARRAYS["tall"].pattern.rows)


def test_the_check_of_places_finds_a_row_one_grid_step_off(kit):
    array = kit.ARRAYS["rows with different owners"]
    sheet = Sheet()
    block = array.draw(sheet)
    found = kit.Extraction(block.cell)
    names = found.names(block)
    top = max(gate.y for gate in found.gates if "b" in {names.get(net) for net in gate.ends})
    moved = [replace(gate, y=gate.y + GRID_NM) if gate.y == top else gate for gate in found.gates]
    found.__dict__["gates"] = tuple(moved)
    with pytest.raises(AssertionError, match="different pitches"):
        check_places(kit, array, found, names)


@pytest.mark.parametrize("what", ["gap", "bars"])
def test_the_check_of_rings_finds_what_is_missing(kit, what):
    """A gap of one grid step in the ring; the bars of an array whose middle is far from all sides."""
    array = replace(kit.ARRAYS["tall"], pattern=common_centroid({"a": 40}, rows=5))
    check(kit, array)
    sheet = Sheet()
    block = array.draw(sheet)
    found = kit.Extraction(block.cell)
    ring = found.drawn["tap"].bbox()
    middle = ring.center().y
    gap = kdb.Box(ring.left, middle, ring.left + 500, middle + GRID_NM)
    found.drawn["tap"] = (found.drawn["tap"] - kdb.Region(gap if what == "gap" else ring.enlarged(-500, -500))).merged()
    with pytest.raises((AssertionError, ValueError)):
        check_ring(array, block, found)


def test_units_are_drawn_once(kit):
    """Three times the units take no more polygons of poly or diffusion."""

    def stored(count):
        sheet = Sheet()
        pattern = common_centroid({"a": count, "b": count}, rows=2)
        replace(kit.ARRAYS["smallest"], pattern=pattern).draw(sheet)
        every = [sheet.layout.layer(*kit.DRAWING[name]) for name in ("poly", "diff", "licon1")]
        return [sum(cell.shapes(index).size() for cell in sheet.layout.each_cell()) for index in every]

    poly, diff, licon = stored(6)
    poly3, diff3, licon3 = stored(18)
    assert (poly3, diff3) == (poly, diff)
    assert licon3 < 3 * licon


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width_nm": 830}, r"W of a finger is 415 nm: at least 420 nm"),
        ({"width_nm": 2005}, r"multiples of 5 nm \(x\.1a\)"),
        ({"width_nm": 2003}, r"multiples of 5 nm"),
        ({"fingers": 3}, r"multiples of 5 nm"),
        ({"fingers": 0}, r"0 fingers: at least 1"),
        ({"length_nm": 152}, r"L = 152 nm: .* multiples of 5 nm"),
        ({"width_nm": 200_010}, r"W of a finger is 100005 nm: at most 100000 nm"),
        ({"length_nm": 140}, r"L of nfet_01v8 is 140 nm: 150 to 20000 nm"),
        ({"length_nm": 20010}, r"150 to 20000 nm"),
        ({"device": "pfet_01v8_lvt", "length_nm": 340}, r"350 to 20000 nm"),
        ({"device": "nfet_05v0"}, r"no transistor 'nfet_05v0'; there are: nfet_01v8,"),
    ],
)
def test_sizes_that_cannot_be_drawn(kit, changes, message):
    with pytest.raises(SpecError, match=message):
        replace(kit.Array(), **changes).draw(Sheet())


def test_three_gate_nets_are_refused():
    owners = "abc"
    nets = ArrayNets({o: f"gate_{o}" for o in owners}, {o: o for o in owners}, "s", "b")
    pattern = common_centroid(dict.fromkeys(owners, 2))
    with pytest.raises(SpecError, match=r"3 gate nets .*at most 2"):
        draw_array(Sheet(), "array", ArraySize(Unit("nfet_01v8", 2000, 1000), pattern), nets)


def test_a_dummy_amid_the_second_gate_net_is_refused(kit):
    array = kit.Array(pattern=Pattern((("a", "b", None, "b", "a"),)), second="b")
    with pytest.raises(SpecError, match="a dummy lies between the units of gate net g2"):
        array.draw(Sheet())


def test_a_dummy_amid_the_first_gate_net_is_drawn(kit):
    """The first gate net is that of the first unit."""
    check(kit, kit.Array(pattern=Pattern((("a", None, "a", "b", "b"),)), second="b"))
    check(kit, kit.Array(pattern=Pattern((("a", "b", None, "b", "a"),))))


def test_two_cells_of_one_name_are_refused(kit):
    sheet = Sheet()
    kit.Array().draw(sheet, "same")
    with pytest.raises(SpecError, match="two cells are called 'same'"):
        kit.Array().draw(sheet, "same")
