"""The example that the documents point to: a bench on a netlist of one's own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.docs

EXAMPLE = Path(__file__).parents[2] / "examples" / "mirror_bench.py"


def test_the_example_runs_and_its_numbers_are_a_mirrors() -> None:
    done = subprocess.run([sys.executable, EXAMPLE], capture_output=True, text=True, check=True, timeout=120)
    currents = [float(text) for text in re.findall(r"C: ([0-9.]+) uA at 0.9 V", done.stdout)]
    assert len(currents) == 3
    # The output has a higher drain voltage than the diode: 1 to 4 % more.
    assert all(1.01 < current < 1.04 for current in currents)
    sigma, low, high = map(float, re.findall(r"sigma ([0-9.]+) uA \(([0-9.]+) to ([0-9.]+)\)", done.stdout)[0])
    assert 0.035 < low < sigma < high < 0.055
