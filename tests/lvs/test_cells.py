"""Every cell of the catalog and two neurons against their netlists; in the long run more neurons."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from mirrorneuron.flows import lvs
from mirrorneuron.flows.build import Built, build
from mirrorneuron.generators import catalog
from mirrorneuron.generators.circuit import Capacitor, Transistor
from mirrorneuron.generators.spec import CellSpec

from tests.kit.neuron_specs import EXAMPLES, VARIED


def check(argument: str, settings: tuple[str, ...], folder: Path) -> None:
    spec = catalog.load(argument, settings)
    built = build(spec, folder)
    result = lvs.run(built.gds, built.spice, work=folder / "work")
    assert result.passed, result.errors
    assert (result.klayout, result.netgen) == (True, True)
    devices = catalog.circuit_of(spec).flattened().devices
    gates = sum(device.fingers * device.copies for device in devices if isinstance(device, Transistor))
    assert result.devices == gates + sum(isinstance(device, Capacitor) for device in devices)


def test_there_are_examples() -> None:
    assert {"neuron4", "neuron1", "neuron16"} <= set(EXAMPLES)


@pytest.mark.parametrize("name", catalog.names())
def test_every_cell(name: str, built: Callable[[CellSpec], Built], tmp_path: Path) -> None:
    cell = built(catalog.load(name))
    result = lvs.run(cell.gds, cell.spice, work=tmp_path / "work")
    assert result.passed, result.errors


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
