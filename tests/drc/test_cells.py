"""Design rules of whole neurons: the released one always, the others in the long run."""

from __future__ import annotations

from pathlib import Path

import pytest
from mirrorneuron.flows import drc
from mirrorneuron.flows.build import build
from mirrorneuron.generators import catalog

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
    built = build(catalog.load(argument, settings), folder)
    result = drc.run(built.gds, work=folder / "work", jobs=2)
    assert result.passed, result.violations
    assert set(result.rules_by_deck) == {"ours", "official", "zero-area", "pin-label", "magic"}
    assert result.rules_run > 500


def test_there_are_examples() -> None:
    assert {"neuron4", "neuron1", "neuron16"} <= set(SPECS)


def test_neuron4(tmp_path: Path) -> None:
    check(str(SPECS["neuron4"]), (), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in SPECS if name != "neuron4"])
def test_examples(name: str, tmp_path: Path) -> None:
    check(str(SPECS[name]), (), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_others(name: str, tmp_path: Path) -> None:
    check("neuron", OTHERS[name], tmp_path)
