"""A fact of the process stands once, in ``pdk_sky130``."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("flows", "generators", "lvs", "pdk_sky130")
FACTS = {
    "model prefix": ("pdk_sky130/devices.py", r"\"sky130_fd_pr__\""),
    "kT/q": ("pdk_sky130/constants.py", r"0\.0258"),
    "q": ("pdk_sky130/constants.py", r"1\.602?e-19"),
    "gate capacitance": ("pdk_sky130/constants.py", r"8\.[34]\d*e-(15|21)"),
    "A_VT": ("pdk_sky130/models/hand.py", r"\b5\.35\b"),
    "body factor": ("pdk_sky130/models/hand.py", r"\b1\.23\b"),
    "Early voltage": ("pdk_sky130/devices.py", r"\b106\.0\b"),
    "MIM density": ("pdk_sky130/devices.py", r"\b2e-(15|21)\b"),
    "MIM side": ("pdk_sky130/devices.py", r"\b30_?000\b"),
    "MIM device": ("pdk_sky130/devices.py", r"\"cap_mim_m3_1\""),
    "length range of narrow nfets": ("pdk_sky130/devices.py", r"= 19\.0\b"),
}


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_stands_once(fact: str) -> None:
    home, pattern = FACTS[fact]
    files = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    holders = {str(path.relative_to(ROOT)) for path in files if re.search(pattern, path.read_text())}
    assert holders == {home}


def test_no_generator_names_a_model() -> None:
    """Models' names are made of the prefix and a device's name."""
    named = [path for path in sorted((ROOT / "generators").rglob("*.py")) if "sky130_fd_pr__" in path.read_text()]
    assert named == []
