"""Unit transistors and arrays of them as circuit and layout both start from: integers, no nets, no geometry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mirrorneuron.generators.placement import Pattern

__all__ = ["ArraySize", "Unit"]


@dataclass(frozen=True)
class Unit:
    """A unit transistor: device name, total width and length in nm, number of fingers."""

    device: str
    width_nm: int
    length_nm: int
    fingers: int = 2


@dataclass(frozen=True)
class ArraySize:
    """One matched array: its unit transistor and where the units of each owner lie."""

    unit: Unit
    pattern: Pattern
