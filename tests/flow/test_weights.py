"""Neurons with other weights, from spec to verdict: DRC, LVS, the weighted sum after layout and over the corners.

The quick run has one: ``test_signoff.py::test_signoff_of_a_small_cell``.
"""

from pathlib import Path

import pytest
from mirrorneuron.flows import judge, signoff
from mirrorneuron.flows.testbenches.neuron.bench import BENCH
from mirrorneuron.generators.cells.neuron.spec import NeuronSpec

NEURONS = {
    "inhibit": {"weights": [0, -2]},
    "one": {"weights": [1]},
    "opposed": {"weights": [-15, 15]},
    "negative": {"weights": [-1, -2, -3]},
    "sparse": {"weights": [0, 3, -7, 0, 15, -1, 2]},
    "single_reference": {"weights": [1, 3, -2], "reference_units": 1},
    "four_references": {"weights": [5, -5, 9], "reference_units": 4},
    "small_units": {"weights": [2, -1, 3], "w": 0.84, "l": 0.5},
    "wide_units": {"weights": [2, -3], "w": 6, "l": 2},
    "more_current": {"weights": [1, 2, -3, 4], "full_scale_current": 2e-6},
    "steep": {"weights": [1, 2, -3, 4], "sum_full_scale": 2},
    "sixteen_largest": {"weights": [15] * 16},
    "sixteen_mixed": {"weights": [-15, -8, -1, 6, 13, -11, -4, 3, 10, -14, -7, 0, 7, 14, -10, -3]},
}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "fields"), NEURONS.items(), ids=NEURONS)
def test_it_passes(name: str, fields: dict[str, object], tmp_path: Path) -> None:
    found = signoff.run(NeuronSpec(name=name, **fields), tmp_path, targets=judge.targets(BENCH), jobs=2)
    failed = [f"{check.step}: {check.name}: {check.value} {check.limit}" for check in found.checks if not check.passed]
    assert failed == []
    done = {check.step for check in found.checks}
    assert done >= {"build", "drc", "lvs", "extract", "simulate", "judge"}
