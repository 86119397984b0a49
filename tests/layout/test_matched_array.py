"""The cell `matched_array`: any ratios and sizes, from spec to rules, netlist comparison and wiring resistance."""

from __future__ import annotations

import math
import random

import pytest
from klayout import db as kdb
from mirrorneuron.flows import lvs
from mirrorneuron.flows.build import build
from mirrorneuron.generators import catalog
from mirrorneuron.generators.cells.matched_array.sizing import centroid_limit, size_array, size_wiring
from mirrorneuron.generators.cells.matched_array.spec import MatchedArraySpec
from mirrorneuron.generators.placement import MAX_UNITS, STYLES
from mirrorneuron.generators.primitives.contacts import TRUNK_HALF
from mirrorneuron.generators.primitives.unit import SOURCE_RAIL_MAX, UnitGeometry, wiring_resistance
from mirrorneuron.pdk_sky130.devices import MOSFETS
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.layers import DRAWING, PIN_LAYERS
from mirrorneuron.pdk_sky130.rules import SHEET_OHM

from tests.kit import rules

QUICK = range(12)
SWEEP = [range(first, first + 25) for first in range(100, 300, 25)]
COMPARED = [range(first, first + 10) for first in range(100, 150, 10)]


def random_spec(seed):
    """Any matched array that can be drawn: all devices, sizes on the 5 nm grid, patterns, rows, dummies, bulks."""
    draw = random.Random(seed)
    device = draw.choice(list(MOSFETS.values()))
    fingers = draw.randint(1, 6)

    def size(low, high):
        return 5 * round(math.exp(draw.uniform(math.log(low), math.log(high))) / 5)

    ratios = [draw.choice((1, 2, 3, 4, 5, 7, 8, 16)) for _ in range(draw.randint(2, 5))]
    pattern = draw.choice(("common_centroid", "common_centroid", "interdigitated", "abba", "block"))
    rows = draw.choice((None, None, 1, 2, 3))
    return MatchedArraySpec(
        name=f"m{seed}",
        ratios=ratios,
        device=device.name,
        w=fingers * size(device.width_min_nm, 5000) / 1000,
        l=size(device.length_min_nm, 8000) / 1000,
        fingers=fingers,
        pattern=pattern,
        rows=min(rows, sum(ratios)) if rows else None,
        aspect=draw.choice((0.3, 1, 4)),
        dummy_columns=draw.choice((0, 1, 1, 2)),
        dummy_rows=draw.choice((0, 1, 1)),
        bulk=draw.choice(("source", "own")),
        series_resistance=draw.choice((None, 500)),
    )


def compared(seeds, tmp_path):
    for seed in seeds:
        built = build(random_spec(seed), tmp_path)
        result = lvs.run(built.gds, built.spice, work=tmp_path / f"lvs{seed}")
        assert result.passed, (random_spec(seed).lines(), result.errors)


def test_the_words_of_the_spec_are_those_of_the_code():
    described = {row.field: row.limits for row in catalog.describe("matched_array")}
    assert described["pattern"].split(" or ") == list(STYLES)
    assert described["device"].split(" or ") == list(MOSFETS)
    assert MatchedArraySpec(ratios=[MAX_UNITS - 1, 1]).ratios == (MAX_UNITS - 1, 1)


for _seed in QUICK:
    rules.add(f"matched array: {_seed}", lambda seed=_seed: catalog.layout_of(random_spec(seed)))


@pytest.mark.parametrize("seed", QUICK)
def test_rules_of_random_specs(seed, design_rules):
    assert not design_rules.violations[f"matched array: {seed}"]


def test_netlists_of_random_specs(tmp_path):
    compared(QUICK[:3], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", SWEEP, ids=str)
def test_rules_of_many_random_specs(tmp_path, seeds):
    found = rules.check({seed: catalog.layout_of(random_spec(seed)) for seed in seeds}, tmp_path).violations
    assert not any(found.values()), found


@pytest.mark.slow
@pytest.mark.parametrize("seeds", COMPARED, ids=str)
def test_netlists_of_many_random_specs(tmp_path, seeds):
    compared(seeds, tmp_path)


@pytest.mark.parametrize("seed", [*QUICK, 100, 101, 102, 103])
def test_drawn_as_asked_for(kit, seed):
    """By the tests' own extraction: the units on each drain, their size, the dummies, the centroids."""
    spec = random_spec(seed)
    layout = catalog.layout_of(spec)
    top = layout.top_cell()
    found = kit.Extraction(top)
    pins = {shape.text_string: shape.text_pos for shape in texts(layout, top)}
    assert set(pins) == set(catalog.circuit_of(spec).pins)
    nets = {name: found.net("met2", at.x, at.y) for name, at in pins.items()}
    assert len(set(nets.values())) == len(nets)
    assert {(g.model, g.w, g.l) for g in found.gates} == {(spec.device, spec.w_nm // spec.fingers, spec.l_nm)}
    middle = kit.centre(g for g in found.gates if g.gate == nets["g"])
    for drain, ratio in zip(spec.drains, spec.ratios, strict=True):
        own = [g for g in found.gates if g.ends == {nets[drain], nets["s"]} and g.gate == nets["g"]]
        assert len(own) == ratio * spec.fingers
        assert math.dist(kit.centre(own), middle) <= 1000 * centroid_limit(spec) + 0.01
    dummies = [g for g in found.gates if g.gate == nets["s"]]
    assert len(dummies) == size_array(spec).pattern.dummies * spec.fingers
    assert {g.bulk for g in found.gates} == {nets["b" if spec.bulk == "own" else "s"]}


def texts(layout, top):
    layer = layout.layer(*PIN_LAYERS["met2"].label)
    return [shape.dup() for shape in top.shapes(layer).each(kdb.Shapes.STexts)]


def test_units_and_dummies_are_one_cell():
    layout = catalog.layout_of(MatchedArraySpec(ratios=[1, 2, 4, 8]))
    holding = [c.name for c in layout.each_cell() if not c.shapes(layout.layer(*DRAWING["diff"])).is_empty()]
    assert len([name for name in holding if not name.endswith("_column")]) == 1


@pytest.mark.parametrize("settings", [(), ("rows=5",), ("rows=5", "bulk=own"), ("rows=5", "series_resistance=8")])
def test_wires_differ_by_no_more_resistance_than_stated(kit, settings):
    """From the source's pin to every source, and from a drain's pin to its units, in the drawn wires."""
    spec = catalog.load("matched_array", ["ratios=[40,80,100]", *settings])
    layout = catalog.layout_of(spec)
    top = layout.top_cell()
    found = kit.Extraction(top)
    pins = {shape.text_string: shape.text_pos for shape in texts(layout, top)}
    sources = kit.wire_resistances(found, pins["s"])
    assert len(sources) > 220
    assert 0.5 < max(sources) - min(sources) <= (spec.series_resistance or 20)
    size = size_array(spec)
    geometry = UnitGeometry.of(size.unit)
    trunk = SHEET_OHM["met3"] * top.bbox().height() / 2 / TRUNK_HALF
    limit = wiring_resistance(geometry, size.pattern.columns)[1] + trunk
    drains = kit.wire_resistances(found, pins["d1"])
    assert len(drains) == 80
    assert 1 < max(drains) - min(drains) <= limit


def test_a_source_wiring_that_cannot_be_is_refused():
    with pytest.raises(SpecError, match=r"series_resistance is 1 ohm: at least [\d.]+ ohm .*4 rows.*m1.3a"):
        catalog.layout_of(MatchedArraySpec(ratios=[600, 600], rows=4, dummy_rows=0, series_resistance=1))


def test_without_a_limit_the_widest_wires_are_good_enough():
    spec = MatchedArraySpec(ratios=[600, 600], rows=2)
    wiring = size_wiring(spec, size_array(spec))
    assert wiring.rail_nm == SOURCE_RAIL_MAX
    assert wiring.source_ohm > 20
    assert f"differ by at most {wiring.source_ohm:.3g} ohm" in catalog.circuit_of(spec).to_spice()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"ratios": []}, r"ratios is \[\]: must be a list of 2 to 64 whole numbers from 1 to 4096"),
        ({"ratios": [3]}, r"ratios is \[3\]: must be a list of 2 to 64"),
        ({"ratios": [1, 0]}, r"ratios\[1\] is 0: must be a whole number from 1 to 4096"),
        ({"ratios": [1, 2.5]}, r"ratios\[1\] is 2.5"),
        ({"ratios": [4000, 97]}, r"4097 units .* at most 4096"),
        ({"w": 0.4}, r"w is 0.4 um: must be 0.42 to .*difftap.2"),
        ({"w": 0.82}, r"W of a finger is 410 nm: at least 420 nm \(difftap.2\)"),
        ({"w": 2.015}, r"multiples of 5 nm \(x.1a\)"),
        ({"w": 300, "fingers": 1}, r"W of a finger is 300000 nm: at most 100000 nm \(models' range\)"),
        ({"l": 0.145}, r"l is 0.145 um: must be 0.15 to 20 um, .*poly.1a"),
        ({"l": 21}, r"l is 21 um"),
        ({"l": 0.152}, r"l is 0.152 um: .*a multiple of 0.005 um"),
        ({"l": 0.3, "device": "pfet_01v8_lvt"}, r"350 to 20000 nm \(poly.1b"),
        ({"device": "nfet_g5v0d10v5"}, r"device is 'nfet_g5v0d10v5': must be nfet_01v8 or"),
        ({"rows": 16}, r"16"),
        ({"rows": 5, "max_rows": 3}, r"5.*3"),
        ({"pattern": "abba", "max_rows": 3}, r"max_rows is 3: only common_centroid chooses its rows"),
        ({"pattern": "abba", "rows": 40}, r"40"),
    ],
)
def test_bad_input_is_refused(tmp_path, fields, message):
    with pytest.raises(SpecError, match=message):
        build(MatchedArraySpec(**{"ratios": [1, 2, 4, 8], **fields}), tmp_path)
    assert not list(tmp_path.iterdir())
