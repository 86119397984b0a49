"""Whole neurons against their netlists: the released one and a small one always, the others in the long run."""

from __future__ import annotations

from pathlib import Path

import pytest
from mirrorneuron.flows import lvs
from mirrorneuron.flows.build import build
from mirrorneuron.generators import catalog
from mirrorneuron.generators.circuit import Capacitor, Transistor

from tests.kit.neuron_specs import EXAMPLES, VARIED


def check(argument: str, settings: tuple[str, ...], folder: Path) -> None:
    spec = catalog.load(argument, settings)
    built = build(spec, folder)
    result = lvs.run(built.gds, built.spice, work=folder / "work")
    assert result.passed, result.errors
    assert (result.klayout, result.netgen) == (True, True)
    devices = catalog.circuit_of(spec).devices
    gates = sum(device.fingers * device.copies for device in devices if isinstance(device, Transistor))
    assert result.devices == gates + sum(isinstance(device, Capacitor) for device in devices)


def test_there_are_examples() -> None:
    assert {"neuron4", "neuron1", "neuron16"} <= set(EXAMPLES)


def test_neuron4(tmp_path: Path) -> None:
    check(str(EXAMPLES["neuron4"]), (), tmp_path)


def test_one_input(tmp_path: Path) -> None:
    check("neuron", VARIED["one input"], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "neuron4"])
def test_examples(name: str, tmp_path: Path) -> None:
    check(str(EXAMPLES[name]), (), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in VARIED if name != "one input"])
def test_others(name: str, tmp_path: Path) -> None:
    check("neuron", VARIED[name], tmp_path)
