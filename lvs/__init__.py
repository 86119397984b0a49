"""KLayout LVS deck for SKY130, shipped as package data."""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["DECK"]

DECK: Final = Path(__file__).with_name("sky130.lvs")
"""The deck's main file; it includes its parts from its own folder."""
