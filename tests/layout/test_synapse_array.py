"""The cell `synapse_array`: a matched row for each input, the columns' buses, rules and netlist comparison."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from klayout import db as kdb
from mirrorneuron.flows import lvs
from mirrorneuron.flows.build import build
from mirrorneuron.generators import catalog
from mirrorneuron.generators.cells.synapse_array.spec import SynapseArraySpec
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.layers import DRAWING, PIN_LAYERS

from tests.kit import rules


def seeded(inputs, neurons, seed=1):
    draw = random.Random(seed)
    return [[draw.randint(-15, 15) for _ in range(neurons)] for _ in range(inputs)]


def test_drawn_as_asked_for(kit):
    """By the tests' own extraction: every weight is its units on its column's bus, with its row's gate."""
    weights = [[1, -2, 3, 0], [15, 5, -6, 2], [0, 0, 1, 0]]
    spec = SynapseArraySpec(weights=weights, reference_units=3)
    layout = catalog.layout_of(spec)
    top = layout.top_cell()
    found = kit.Extraction(top)
    layer = layout.layer(*PIN_LAYERS["met2"].label)
    pins = {s.text_string: s.text_pos for s in top.shapes(layer).each(kdb.Shapes.STexts)}
    assert set(pins) == set(catalog.circuit_of(spec).pins)
    names = {found.net("met2", at.x, at.y): name for name, at in pins.items()}
    assert len(names) == len(pins)
    seen = Counter(
        (names[g.gate], *sorted(names[n] for n in g.ends if names[n] != "vss"))
        for g in found.gates
        if names[g.gate] != "vss"
    )
    wanted = {(f"gate{i}", f"iin{i}"): 2 * 3 for i in range(3)}
    for i, row in enumerate(weights):
        for j, weight in enumerate(row):
            if weight:
                wanted[f"gate{i}", f"col{j}{'p' if weight > 0 else 'n'}"] = 2 * abs(weight)
    assert seen == wanted


rules.add("synapses, 8 by 4", lambda: catalog.layout_of(SynapseArraySpec(weights=seeded(8, 4))))


def test_rules(design_rules):
    assert not design_rules.violations["synapses, 8 by 4"]


def test_netlist(tmp_path):
    built = build(SynapseArraySpec(weights=seeded(8, 4)), tmp_path)
    compared = lvs.run(built.gds, built.spice, work=tmp_path / "lvs")
    assert compared.passed, compared.errors


def test_a_unit_is_drawn_once_and_a_larger_layer_repeats_it():
    def cells_with_diffusion(inputs, neurons):
        layout = catalog.layout_of(SynapseArraySpec(weights=seeded(inputs, neurons)))
        layer = layout.layer(*DRAWING["diff"])
        return [cell.name for cell in layout.each_cell() if not cell.shapes(layer).is_empty()]

    assert len(cells_with_diffusion(2, 2)) == 2  # the unit, and the column of contacts between units
    assert cells_with_diffusion(2, 2) == cells_with_diffusion(8, 4)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([], r"weights is \[\]: must be 1 to 256 lists of 1 to 64 whole numbers from -15 to 15"),
        ([1, 2], r"weights\[0\] is 1"),
        ([[1, 2], [3]], r"weights\[1\] is \[3\]: must be .* all of one length"),
        ([[1, 2], [0, 0]], r"weights\[1\] is \[0, 0\]: must be .* not all 0"),
        ([[1, 2], [3, 16]], r"weights\[1\]\[1\] is 16"),
        ([[1, 0.5]], r"weights\[0\]\[1\] is 0.5"),
    ],
)
def test_bad_weights_are_refused(weights, message):
    with pytest.raises(SpecError, match=message):
        SynapseArraySpec(weights=weights)
