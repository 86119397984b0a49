"""Arrays whose owners have sources of their own: by the tests' own extraction, and by the DRC decks."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from mirrorneuron.generators.placement import common_centroid
from mirrorneuron.generators.primitives.array import ArrayNets, draw_array
from mirrorneuron.generators.primitives.drawing import Drawing
from mirrorneuron.generators.primitives.sheet import Sheet
from mirrorneuron.generators.primitives.unit import SOURCE_RAIL_MAX
from mirrorneuron.generators.units import ArraySize, Unit
from mirrorneuron.pdk_sky130.devices import MOSFETS
from mirrorneuron.pdk_sky130.errors import SpecError

from tests.kit import layout, rules

SEEDS = range(10)


def random_array(seed):
    """An array, and its nets; some owners' sources are the bulk, or another's."""
    draw = random.Random(seed)
    device = draw.choice(list(MOSFETS.values()))
    fingers = draw.randint(1, 4)
    unit = Unit(
        device.name,
        fingers * draw.choice((420, 1005, 2000)),
        max(device.length_min_nm, draw.choice((150, 500, 2000))),
        fingers,
    )
    counts = {owner: draw.randint(1, 5) for owner in "abcd"[: draw.randint(2, 4)]}
    rows = draw.randint(1, min(3, sum(counts.values())))
    edges = {"edge_columns": draw.randint(0, 2), "edge_rows": draw.randint(0, 1)}
    source = {owner: draw.choice((f"s_{owner}", f"s_{owner}", "bulk", "s_a")) for owner in counts}
    owners = list(counts)
    nets = ArrayNets(dict.fromkeys(owners, "g"), {owner: f"d_{owner}" for owner in owners}, source, "bulk")
    return ArraySize(unit, common_centroid(counts, rows=rows, **edges)), nets


@pytest.mark.parametrize("seed", SEEDS)
def test_every_unit_is_on_its_source(kit, seed):
    size, nets = random_array(seed)
    sheet = Sheet()
    block = draw_array(sheet, "array", size, nets)
    found = kit.Extraction(block.cell)
    names = found.names(block)
    seen = Counter((names.get(g.gate), frozenset(names.get(n) for n in g.ends), names.get(g.bulk)) for g in found.gates)
    wanted = Counter()
    for owner in size.pattern.owners:
        ends = frozenset((nets.drains[owner], nets.source[owner]))
        wanted["g", ends, "bulk"] += size.pattern.count(owner) * size.unit.fingers
    if size.pattern.dummies:
        wanted["bulk", frozenset(("bulk",)), "bulk"] = size.pattern.dummies * size.unit.fingers
    assert seen == wanted
    pitches = {b.x - a.x for a, b in zip(found.gates, found.gates[size.unit.fingers :], strict=False) if a.y == b.y}
    assert len(pitches) <= 1, "units of a row at different pitches"


for _seed in SEEDS:
    rules.add(
        f"array of several sources: {_seed}",
        lambda seed=_seed: layout.drawn_alone(lambda sheet: draw_array(sheet, "array", *random_array(seed))),
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_rules(seed, design_rules):
    assert not design_rules.violations[f"array of several sources: {seed}"]


def test_a_high_source_rail_is_refused():
    with pytest.raises(SpecError, match=rf"source rail of array is {SOURCE_RAIL_MAX} nm: sources by owner have 320 nm"):
        draw_array(Sheet(), "array", *random_array(0), source_rail_nm=SOURCE_RAIL_MAX)


def test_several_sources_need_a_bulk() -> None:
    draw = Drawing("cell", ["vss"])
    size = ArraySize(Unit("nfet_01v8", 2000, 2000), common_centroid({"a": 1, "b": 1}))
    owners = {"a": "a", "b": "b"}
    with pytest.raises(SpecError, match="several sources: give the net of its bulk"):
        draw.array("main", size, gates=dict.fromkeys(owners, "g"), drains=owners, source={"a": "x", "b": "y"})
