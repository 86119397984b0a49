"""Neurons for design rules and LVS: the examples, and one unit more or less of everything that a spec can vary."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_EXAMPLES: Final = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))
EXAMPLES: Final = {path.stem: path for path in _EXAMPLES if not path.stem.endswith(".targets")}
"""Every example spec, neurons and others, by its name."""

VARIED: Final[dict[str, tuple[str, ...]]] = {
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
"""Settings of a neuron, by what is special about it."""
