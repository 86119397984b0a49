"""Matched arrays as circuit and layout both start from: the unit device, and which unit belongs to which owner.

Integers only: no nets and no geometry. A ratio is a count of equal units: transistors of any legal size, resistor bars
and npn transistors of the few forms that the foundry characterised.
"""

from __future__ import annotations

from dataclasses import dataclass

from mirrorneuron.generators.placement import Pattern
from mirrorneuron.pdk_sky130.errors import SpecError

__all__ = ["ArraySize", "BipolarArray", "ResistorArray", "Unit"]


@dataclass(frozen=True)
class Unit:
    """A unit transistor: device name, total width and length [nm], number of fingers."""

    device: str
    width_nm: int
    length_nm: int
    fingers: int = 2


@dataclass(frozen=True)
class ArraySize:
    """A matched array of transistors: the unit, and the place of each owner's units."""

    unit: Unit
    pattern: Pattern


@dataclass(frozen=True)
class ResistorArray:
    """Matched resistors: equal bars of ``device``, whose name fixes their width, each `length_nm` long.

    An owner's bars form `series` groups in series, each of equally many bars in parallel.

    Raises
    ------
    SpecError
        An owner's bars cannot be divided into `series` equal groups.
    """

    device: str
    length_nm: int
    pattern: Pattern
    series: int = 1

    def __post_init__(self) -> None:
        """Check that each owner's bars divide into equal groups."""
        counts = {owner: self.pattern.count(owner) for owner in self.pattern.owners}
        if self.series < 1 or any(count % self.series for count in counts.values()):
            raise SpecError(f"resistors of {counts} bars in {self.series} groups: each owner needs whole groups")


@dataclass(frozen=True)
class BipolarArray:
    """Matched npn transistors, each one of the foundry's cells; without dummies, as they lie far from each other."""

    device: str
    pattern: Pattern
