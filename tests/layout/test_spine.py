"""Composition: every net in one piece, none joined to another, and what cannot be composed is refused."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest
from klayout import db as kdb
from mirrorneuron.generators.primitives.contacts import RAIL_HALF, RAIL_PITCH, TRUNK_HALF, via12
from mirrorneuron.generators.primitives.sheet import Block, Box, Rail, Sheet
from mirrorneuron.generators.primitives.spine import Power, Stacks, compose, draw_pins
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.rules import nm

from tests.kit import layout, rules


def rails(sheet, name, nets, *, width=3000, well=False):
    """A block of rails, one above the other, each with a via to a piece of metal 1."""
    cell = sheet.cell(name)
    drawn = []
    for i, net in enumerate(nets):
        rail = Rail(net, 500 + i * RAIL_PITCH, 500, width - 500)
        sheet.rect(cell, layers.MET2, Box(rail.x0, rail.y - RAIL_HALF, rail.x1, rail.y + RAIL_HALF))
        x = 900 + 600 * (i % 2)
        sheet.rect(cell, layers.MET1, Box(x - 200, rail.y - 130, x + 200, rail.y + 130))
        via12(sheet, cell, x, rail.y)
        drawn.append(rail)
    return Block(cell, Box(0, 0, width, 1000 + RAIL_PITCH * len(nets)), tuple(drawn), well)


def nets_of(kit, composed, blocks):
    """Nets of the composed cell by the name that the rails give them: one net a name, one name a net."""
    found = kit.Extraction(composed.cell)
    ends = [(rail.net, x, rail.y) for rail in composed.rails for x in (rail.x0, rail.x1)]
    by_cell = {block.cell.cell_index(): block for block in blocks}
    for instance in composed.cell.each_inst():
        at = instance.trans.disp
        for rail in by_cell[instance.cell_index].rails:
            ends += [(rail.net, x + at.x, rail.y + at.y) for x in (rail.x0, rail.x1)]
    names, numbers = defaultdict(set), defaultdict(set)
    for name, x, y in ends:
        number = found.net("met2", x, y)
        assert number, f"no metal 2 where {name} should be"
        names[number].add(name)
        numbers[name].add(number)
    assert all(len(name) == 1 for name in names.values()), (
        f"shorted: {[sorted(n) for n in names.values() if len(n) > 1]}"
    )
    assert all(len(number) == 1 for number in numbers.values()), (
        f"open: {[n for n, i in numbers.items() if len(i) > 1]}"
    )
    return numbers


def random_composition(seed):
    """Blocks with rails of random nets, and what must leave: every net that has a single rail, and a few more."""
    draw = random.Random(seed)
    sheet = Sheet()
    nets = [f"n{i}" for i in range(draw.randint(1, 12))] + ["vdd", "vss"]

    def stack(side):
        return [
            rails(
                sheet,
                f"{side}{i}",
                [draw.choice(nets) for _ in range(draw.randint(1, 8))],
                width=draw.randrange(3000, 9000, 10),
                well=draw.random() < 0.5,
            )
            for i in range(draw.randint(0 if side == "right" else 1, 5))
        ]

    left, right = stack("left"), stack("right")
    counts = defaultdict(int)
    for block in (*left, *right):
        for rail in block.rails:
            counts[rail.net] += 1
    on_left = {rail.net for block in left for rail in block.rails}
    alone = [net for net, count in counts.items() if count == 1]
    through = [net for net in alone if net in on_left and draw.random() < 0.3]
    exports = [net for net in counts if net not in through and (net in alone or draw.random() < 0.3)]
    draw.shuffle(exports)
    power = draw.choice([(), ("vdd", "vss")])
    composed = compose(sheet, "top", Stacks(left, right), exports=exports, through=through, power=Power(power))
    return sheet, composed, [*left, *right], exports, through


@pytest.mark.parametrize("seed", range(25))
def test_random_blocks(kit, seed):
    _, composed, blocks, exports, through = random_composition(seed)
    numbers = nets_of(kit, composed, blocks)
    assert set(numbers) == {rail.net for block in blocks for rail in block.rails}
    leaving = [rail.net for rail in composed.rails]
    assert leaving[: len(exports)] == exports
    assert sorted(leaving[len(exports) :]) == sorted(through)
    levels = [rail.y for rail in composed.rails[: len(exports)]]
    assert levels == sorted(levels)
    inside = kdb.Region(kdb.Box(*composed.box))
    assert all(
        (kdb.Region(composed.cell.begin_shapes_rec(i)) - inside).is_empty()
        for i in composed.cell.layout().layer_indexes()
    )


def composition(seed):
    _kept, composed, *_ = random_composition(seed)
    return layout.alone(composed)


CHECKED = range(12)
for _seed in CHECKED:
    rules.add(f"composition: {_seed}", lambda seed=_seed: composition(seed))


@pytest.mark.parametrize("seed", CHECKED)
def test_rules(seed, design_rules):
    """Wires and vias of random compositions keep the rules."""
    assert not design_rules.violations[f"composition: {seed}"]


def test_a_net_that_leads_nowhere_is_refused():
    sheet = Sheet()
    left = [rails(sheet, "a", ["x", "lost"]), rails(sheet, "b", ["x"])]
    with pytest.raises(SpecError, match="net lost of top has a single rail and does not leave: it would be open"):
        compose(sheet, "top", Stacks(left), exports=["x"])


def test_an_exported_net_without_rail_is_refused():
    sheet = Sheet()
    with pytest.raises(SpecError, match="net ghost leaves top, but no block of it has a rail of this net"):
        compose(sheet, "top", Stacks([rails(sheet, "a", ["x"])]), exports=["x", "ghost"])


def test_power_trunks_are_wide_and_have_three_vias_a_rail(kit):
    sheet = Sheet()
    blocks = [rails(sheet, f"block{i}", ["vdd", "x"]) for i in range(3)]
    composed = compose(sheet, "top", Stacks(blocks), exports=["x", "vdd"], power=Power(["vdd"]))
    numbers = nets_of(kit, composed, blocks)
    found = kit.Extraction(composed.cell)
    widths, vias = {}, defaultdict(int)
    for trunk in found.drawn["met3"].each():
        box = trunk.bbox()
        net = found.net("met3", box.center().x, box.center().y)
        (name,) = (name for name, number in numbers.items() if number == {net})
        widths[name] = box.width()
    for via in found.drawn["via2"].each():
        at = via.bbox().center()
        (name,) = (name for name, number in numbers.items() if number == {found.net("met2", at.x, at.y)})
        vias[name] += 1
    assert widths == {"x": 2 * TRUNK_HALF, "vdd": 2 * TRUNK_HALF + 2 * (nm("via2.1a") + nm("via2.2"))}
    assert vias == {"x": 4, "vdd": 12}


def test_trunks_share_a_track_where_their_heights_do_not_meet():
    sheet = Sheet()
    blocks = [rails(sheet, f"block{i}", [f"n{i}", f"n{i}", f"n{i}"]) for i in range(4)]
    top = compose(sheet, "top", Stacks(blocks), exports=[])
    assert top.box.x1 - top.box.x0 == 3000 + nm("m3.2") + 10 + 2 * TRUNK_HALF


def test_n_wells_of_neighbours_keep_apart():
    sheet = Sheet()
    levels = {}
    for well in (False, True):
        blocks = [rails(sheet, f"{well}{i}", ["x"], well=well) for i in range(2)]
        top = compose(sheet, f"top{well}", Stacks(blocks), exports=["x"])
        low, high = sorted(instance.trans.disp.y for instance in top.cell.each_inst())
        levels[well] = high - low - 1000 - RAIL_PITCH
    assert levels[True] >= nm("nwell.2a")
    assert nm("nsd.2") <= levels[False] < levels[True]


def test_pins_are_shape_and_text_on_both_purposes(kit):
    sheet = Sheet()
    block = rails(sheet, "block", ["a", "b"])
    top = compose(sheet, "top", Stacks([block]), exports=["b"], through=["a"])
    draw_pins(sheet, top, ["a"])
    where = layers.PIN_LAYERS["met2"]
    shapes = kdb.Region(top.cell.shapes(sheet.layout.layer(*where.pin)))
    assert shapes.count() == 2
    drawn = kit.Extraction(top.cell)
    assert (shapes - drawn.drawn["met2"]).is_empty()
    for pair in (where.pin, where.label):
        texts = {s.text_string: s.text_pos for s in top.cell.shapes(sheet.layout.layer(*pair)).each(kdb.Shapes.STexts)}
        assert set(texts) == {"a", "b"}
        assert drawn.net("met2", texts["a"].x, texts["a"].y) != drawn.net("met2", texts["b"].x, texts["b"].y)
    assert shapes.bbox().left == top.box.x0
