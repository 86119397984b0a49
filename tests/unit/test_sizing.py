"""From specs to arrays: legal sizes, equal centroids, and the currents that they are meant for."""

from __future__ import annotations

from dataclasses import fields
from itertools import product
from typing import Any

import pytest
from mirrorneuron.generators.cells.neuron.sizing import (
    COMPENSATION_RATIO,
    PEDESTAL_UNITS,
    ROW_CAPACITOR_MIN_NM,
    NeuronSizing,
    size_neuron,
)
from mirrorneuron.generators.cells.neuron.spec import NeuronSpec
from mirrorneuron.generators.units import ArraySize

SPECS: list[dict[str, Any]] = [
    {},
    {"weights": [1]},
    {"weights": [15], "reference_units": 16},
    {"weights": [-1, -2, -4]},
    {"weights": [5, 0, -3, 0, 9, 0, -12], "reference_units": 4, "full_scale_current": 2e-6},
    {"weights": [15] * 16, "reference_units": 1},
    {"weights": [-15] * 16, "sum_full_scale": 3, "full_scale_current": 0.8e-6},
    {"weights": [3, 5, 7], "reference_units": 3, "w": 0.84, "l": 0.15},
]


def _arrays(size: NeuronSizing) -> list[tuple[str, ArraySize]]:
    named = [(f.name, getattr(size, f.name)) for f in fields(size)]
    single = [(name, value) for name, value in named if isinstance(value, ArraySize)]
    return [*single, *((f"rows[{i}]", row) for i, row in enumerate(size.rows))]


@pytest.mark.parametrize("fields_", SPECS)
def test_sizes_are_legal(fields_: dict[str, Any]) -> None:
    size = size_neuron(NeuronSpec(**fields_))
    for name, array in _arrays(size):
        unit = array.unit
        finger, odd = divmod(unit.width_nm, unit.fingers)
        assert not odd and finger % 5 == 0 and finger >= 420, name
        # Gates are centred on the grid.
        assert unit.length_nm % 10 == 0 and 150 <= unit.length_nm <= 20000, name
        assert unit.length_nm >= 350 or unit.device != "pfet_01v8_lvt", name
    assert all(side % 10 == 0 and side >= 2000 for side in size.row_capacitor_nm)


@pytest.mark.parametrize("fields_", SPECS)
def test_owners_of_an_array_share_its_centre(fields_: dict[str, Any]) -> None:
    for name, array in _arrays(size_neuron(NeuronSpec(**fields_))):
        owners = {owner for row in array.pattern.rows for owner in row if owner}
        # bias_p's diode and a mirror's matter; two single units cannot share a centre (placement tells).
        if sum(array.pattern.count(owner) == 1 for owner in owners) < 2:
            assert {array.pattern.centroid(owner) for owner in owners} == {(0.0, 0.0)}, name


def test_rows_hold_what_the_spec_asks_for() -> None:
    for reference, weight in product((1, 2, 5, 16), (-15, -4, -1, 0, 1, 7)):
        (row, _) = size_neuron(NeuronSpec(weights=[weight, 1], reference_units=reference)).rows
        assert (row.pattern.count("ref"), row.pattern.count("weight")) == (reference, abs(weight))
        assert row.pattern.rows[0] == row.pattern.rows[-1] == (None,) * row.pattern.columns


def test_the_sum_at_full_scale_is_one_full_scale_current() -> None:
    for fields_ in ({}, {"weights": [2, -7, 3]}, {"weights": [15] * 16}, {"weights": [4], "sum_full_scale": 1}):
        spec = NeuronSpec(**fields_)
        pattern = size_neuron(spec).mirror.pattern
        current = spec.sum_units * pattern.count("out") / pattern.count("in")
        assert 0.75 < current <= 1.0


@pytest.mark.parametrize("fields_", SPECS)
def test_the_pedestal_carries_the_most_negative_sum(fields_: dict[str, Any]) -> None:
    spec = NeuronSpec(**fields_)
    size = size_neuron(spec)
    negative = min(-sum(weight for weight in spec.weights if weight < 0) / spec.reference_units, spec.sum_units)
    mirror = size.mirror.pattern
    units = 10 * negative * mirror.count("out") / mirror.count("in")
    pedestal = size.bias_p.pattern.count("x")
    assert pedestal == size.bias_p.pattern.count("y")
    # What is left, per width of the resistor, is at least that of the reference neuron.
    left = (pedestal - units) / size.resistor.unit.width_nm * spec.resistor_width_nm
    assert left >= PEDESTAL_UNITS - 1e-9


def test_capacitors_grow_with_the_row() -> None:
    sides = size_neuron(NeuronSpec(weights=[1, 5, 10, 15])).row_capacitor_nm
    assert list(sides) == sorted(sides)
    assert sides[0] < sides[-1]
    # A part of the gates' 8.3 fF/um^2, in 2 fF/um^2.
    assert sides[-1] ** 2 == pytest.approx(COMPENSATION_RATIO * 17 * 2000 * 1000 * 8.3 / 2, rel=0.05)
    assert size_neuron(NeuronSpec(weights=[1], w=0.84, l=0.15)).row_capacitor_nm == (ROW_CAPACITOR_MIN_NM,)


def test_equal_specs_give_equal_sizes() -> None:
    assert size_neuron(NeuronSpec()) == size_neuron(NeuronSpec())
    assert size_neuron(NeuronSpec()) != size_neuron(NeuronSpec(weights=[1, 2, -3, 5]))
