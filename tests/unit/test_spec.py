"""Specs: what they take, what they refuse and how they say it, and what follows from them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pydantic
import pytest
from mirrorneuron.generators.cells.neuron.spec import NeuronSpec
from mirrorneuron.pdk_sky130.errors import SpecError


def _message(**fields: Any) -> str:
    with pytest.raises(SpecError) as caught:
        NeuronSpec(**fields)
    return str(caught.value)


def test_every_field_has_a_default_a_limit_and_a_description() -> None:
    rows = {row.field: row for row in NeuronSpec.field_rows()}
    assert list(rows) == list(NeuronSpec.model_fields)
    assert all(row.limits and row.description for row in rows.values())
    assert [name for name, row in rows.items() if not row.default] == ["sum_full_scale"]
    units = {"w": "um", "l": "um", "full_scale_current": "A", "supply": "V", "vref": "V", "weights": "units"}
    assert {name: rows[name].unit for name in units} == units
    assert rows["full_scale_current"].default == "1 uA"
    assert rows["vref"].limits == "150 mV to 300 mV"


def test_defaults_are_valid_and_equal_to_what_their_lines_say() -> None:
    spec = NeuronSpec()
    assert spec.lines()[:3] == ["cell: neuron", "name: neuron", "weights: [1, 2, -3, 4]"]
    assert spec == NeuronSpec(weights=[1, 2, -3, 4], reference_units=2, w=2, l=1.0, vref="200mV", supply="1.8 V")


LIMITS = [
    ("weights", [-15, 15], [16]),
    ("weights", [1] * 16, [1] * 17),
    ("weights", [0, -1], [0, 0]),
    ("weights", [1], []),
    ("reference_units", 1, 0),
    ("reference_units", 16, 17),
    ("w", 0.84, 0.83),
    ("w", 20, 20.01),
    ("l", 0.15, 0.14),
    ("l", 20.0, 20.01),
    ("w", 1.01, 1.005),
    ("l", 0.16, 0.155),
    ("full_scale_current", 0.8e-6, 0.79e-6),
    ("full_scale_current", 2e-6, 2.01e-6),
    ("supply", 1.62, 1.619),
    ("supply", 1.98, 1.981),
    ("vref", 0.15, 0.149),
    ("vref", 0.3, 0.301),
    ("sum_full_scale", 1, 0),
    ("sum_full_scale", 240, 241),
    ("name", "N" * 32, "N" * 33),
    ("name", "a_1", "1a"),
]


@pytest.mark.parametrize(("field", "good", "bad"), LIMITS)
def test_limits(field: str, good: Any, bad: Any) -> None:
    NeuronSpec(**{field: good})
    message = _message(**{field: bad})
    assert message.startswith(f"{field} is ") or message.startswith(f"{field}[0] is ")
    assert "must be" in message
    assert ";" in message  # what to do


WRONG_TYPES = [
    ("weights", 3),
    ("weights", "1,2"),
    ("weights", {"a": 1}),
    ("weights", None),
    ("weights", [1, 2.0]),
    ("weights", [True]),
    ("weights", ["1"]),
    ("weights", [[1]]),
    ("weights", np.array([1, 2])),
    ("reference_units", True),
    ("reference_units", 2.0),
    ("reference_units", "2"),
    pytest.param("reference_units", 10**5000, id="huge"),
    ("sum_full_scale", 3.5),
    ("w", "2"),
    ("w", True),
    ("w", None),
    ("w", float("nan")),
    ("w", float("inf")),
    pytest.param("l", 10**400, id="larger than a float"),
    ("full_scale_current", "1 uV"),
    ("full_scale_current", "one"),
    ("full_scale_current", ""),
    ("full_scale_current", "nan"),
    ("full_scale_current", float("nan")),
    ("full_scale_current", True),
    ("supply", "1.8 A"),
    ("vref", [0.2]),
    ("name", ""),
    ("name", "a b"),
    ("name", "a\n"),
    ("name", "../a"),
    ("name", "näme"),
    ("name", 7),
    ("name", "sky130_fd_pr__nfet_01v8"),
    ("cell", "mirror"),
    ("cell", None),
]


@pytest.mark.parametrize(("field", "value"), WRONG_TYPES)
def test_wrong_types(field: str, value: Any) -> None:
    message = _message(**{field: value})
    assert message.startswith(field)
    assert len(message) < 600
    assert "\n" not in message
    assert "pydantic" not in message


def test_a_message_names_the_value_the_limit_the_rule_and_the_remedy() -> None:
    assert _message(w=0.845) == (
        "w is 0.845 um: must be 0.84 to 20 um, a multiple of 0.01 um "
        "(two fingers of at least 0.42 um, difftap.2, each on the 5 nm grid); "
        "nothing is rounded: choose the nearest size that fits"
    )
    assert _message(weights=[1, 2, -30]).startswith("weights[2] is -30: must be a whole number from -15 to 15 (")


def test_all_wrong_fields_are_told_at_once() -> None:
    assert [line.split()[0] for line in _message(w=0, l=0.001, weights=[99]).splitlines()] == ["weights[0]", "w", "l"]


def test_unknown_fields_are_refused_with_the_nearest_name() -> None:
    assert "did you mean weights?" in _message(weigths=[1])
    assert "the fields are cell, name, weights" in _message(xyzzy=1)


def test_every_way_in_gives_the_same_error() -> None:
    message = _message(w=0.1)
    with pytest.raises(SpecError) as mapping:
        NeuronSpec.model_validate({"w": 0.1})
    with pytest.raises(SpecError) as text:
        NeuronSpec.model_validate_json('{"w": 0.1}')
    assert str(mapping.value) == str(text.value) == message


def test_a_spec_cannot_be_changed() -> None:
    spec = NeuronSpec()
    with pytest.raises(pydantic.ValidationError):
        spec.w = 3.0
    assert isinstance(spec.weights, tuple)
    assert hash(spec) == hash(NeuronSpec())


@pytest.mark.parametrize("value", [0.1 + 0.2, 0.3 * 3, 1.1 + 2.2, 0.15 + 0.7, 2.675 - 0.005])
def test_a_float_is_not_off_grid_for_its_noise(value: float) -> None:
    nearest = round(value, 2)
    assert NeuronSpec(l=value).l == nearest
    assert NeuronSpec(l=value).l_nm == round(Decimal(str(nearest)) * 1000)


def test_a_thousandth_of_a_nanometre_is_off_grid() -> None:
    assert "a multiple of 0.01 um" in _message(l=1.000001)


@pytest.mark.parametrize("value", [1.2e-6, "1.2uA", "1.2 uA", "1200nA", "1.2e-6", "1.2 µA"])
def test_currents_take_prefixes(value: float | str) -> None:
    assert NeuronSpec(full_scale_current=value).full_scale_current == pytest.approx(1.2e-6, rel=1e-12)


def test_whole_numbers_of_numpy_are_whole_numbers() -> None:
    spec = NeuronSpec(weights=list(np.array([1, -2])), w=np.float64(2.5))
    assert spec.weights == (1, -2)
    assert all(type(weight) is int for weight in spec.weights)
    assert spec.lines()[4] == "w: 2.5"


def test_what_follows_from_a_spec() -> None:
    spec = NeuronSpec(weights=[5, -7, 3], reference_units=4, w=0.84, l=0.15, full_scale_current="1.5uA")
    assert (spec.w_nm, spec.l_nm) == (840, 150)
    assert spec.sum_units == 2.0
    assert NeuronSpec(weights=[1, -7], reference_units=2).sum_units == 3.5
    assert NeuronSpec(weights=[5], sum_full_scale=9).sum_units == 9.0
    assert spec.resistor_width_nm == 750
    assert NeuronSpec(full_scale_current=0.8e-6).resistor_width_nm == 420
    assert NeuronSpec().resistor_width_nm == 500
    assert spec.bias_current == pytest.approx(0.15e-6)
