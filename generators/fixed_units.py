"""Arrays of resistors and of bipolar transistors as circuit and layout both start from: integers, no nets, no geometry.

Both come in a few fixed forms, so a ratio is a count of equal ones, as with transistors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirrorneuron.pdk_sky130.errors import SpecError

if TYPE_CHECKING:
    from mirrorneuron.generators.placement import Pattern

__all__ = ["BipolarArray", "ResistorArray"]


@dataclass(frozen=True)
class ResistorArray:
    """Matched resistors: ``device`` tells the bars' width, each is `length_nm` long; `pattern` says whose they are.

    An owner's bars are `series` groups in series, each of equally many bars in parallel.

    Raises
    ------
    SpecError
        An owner's bars cannot be divided so.
    """

    device: str
    length_nm: int
    pattern: Pattern
    series: int = 1

    def __post_init__(self) -> None:
        """Check the counts."""
        counts = {owner: self.pattern.count(owner) for owner in self.pattern.owners}
        if self.series < 1 or any(count % self.series for count in counts.values()):
            raise SpecError(f"resistors of {counts} bars in {self.series} groups: each owner needs whole groups")


@dataclass(frozen=True)
class BipolarArray:
    """Bipolar transistors of one of the foundry's cells; no dummies, as they lie far from each other."""

    device: str
    pattern: Pattern
