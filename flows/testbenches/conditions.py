"""Corners and temperatures at which every testbench measures."""

from __future__ import annotations

from typing import Final

from mirrorneuron.flows import simulate
from mirrorneuron.flows.simulate import Condition

__all__ = ["CONDITIONS", "CORNERS", "TEMPERATURES", "TYPICAL"]

CORNERS: Final = ("tt", "ss", "ff", "sf", "fs")
TEMPERATURES: Final = (-40.0, 27.0, 125.0)
CONDITIONS: Final = tuple(simulate.conditions(CORNERS, TEMPERATURES))
"""Every corner at every temperature [C]."""
TYPICAL: Final = Condition("tt", 27.0)
