"""Whole neurons against their netlists: the released one and a small one always, the others in the long run."""

from __future__ import annotations

from pathlib import Path

import pytest
from mirrorneuron.flows import lvs
from mirrorneuron.flows.build import build
from mirrorneuron.generators import catalog
from mirrorneuron.generators.circuit import Capacitor, Transistor

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))
SPECS = {path.stem: path for path in EXAMPLES if not path.stem.endswith(".targets")}
# One unit more or less of everything that the spec can vary.
OTHERS = {
    "one input": ("weights=[1]",),
    "one unit each": ("weights=[1,-1]", "reference_units=1"),
    "largest weights": ("weights=[15,-15,15]", "reference_units=16"),
    "sixteen of the largest": (f"weights={[15, -15] * 8}",),
    "all inhibit": ("weights=[-1,-2,-3]",),
    "zeros": ("weights=[0,4,0]",),
    "smallest units": ("weights=[7,-5]", "w=0.84", "l=0.15"),
    "wide units": ("weights=[3,-2]", "w=20", "l=0.5"),
    "long units": ("weights=[1,-1]", "w=1", "l=20"),
    "off the 10 nm grid": ("weights=[5,-4]", "w=1.37", "l=1.23"),
    "largest current": ("weights=[5,-4]", "full_scale_current=2u"),
    "steep": ("weights=[5,-4,3]", "sum_full_scale=1"),
}


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
    assert {"neuron4", "neuron1", "neuron16"} <= set(SPECS)


def test_neuron4(tmp_path: Path) -> None:
    check(str(SPECS["neuron4"]), (), tmp_path)


def test_one_input(tmp_path: Path) -> None:
    check("neuron", OTHERS["one input"], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in SPECS if name != "neuron4"])
def test_examples(name: str, tmp_path: Path) -> None:
    check(str(SPECS[name]), (), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in OTHERS if name != "one input"])
def test_others(name: str, tmp_path: Path) -> None:
    check("neuron", OTHERS[name], tmp_path)
