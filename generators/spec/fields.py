"""Fields that several cells share, and the sizes of a unit transistor in nm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

from mirrorneuron.generators.spec.kinds import Identifier, OneOf, Whole

__all__ = [
    "FITS",
    "NAME_TEXT",
    "REFERENCE_UNITS_TEXT",
    "Name",
    "ReferenceUnits",
    "UnitSizes",
    "kind_of_cell",
]

FITS = "nothing is rounded: choose the nearest size that fits"
"""The remedy for a size that is off the grid."""

Name: TypeAlias = Annotated[
    str, Identifier(rule="GDS, SPICE and file systems must all take it", remedy="choose another name")
]
"""The field ``name`` of every cell."""
NAME_TEXT = "Name of the top cell, the subcircuit and the files"

ReferenceUnits: TypeAlias = Annotated[
    int,
    Whole(
        low=1,
        high=16,
        unit="units",
        rule="unit transistors that carry an input's current",
        remedy="two are usual; more match better and take more area",
    ),
]
"""The field ``reference_units`` of cells with weights."""
REFERENCE_UNITS_TEXT = "Units that carry each input; an input counts weight / reference_units times"


def kind_of_cell(name: str) -> OneOf:
    """The kind of the field ``cell``: the cell's own name is its only word."""
    return OneOf(words=(name,), rule="the kind of cell", remedy="choose the cell's own spec")


class UnitSizes:
    """A spec of one unit transistor: its fields ``w`` and ``l`` [um] in nm."""

    if TYPE_CHECKING:
        w: float
        l: float  # noqa: E741 - the name every designer knows

    @property
    def w_nm(self) -> int:
        """Width of the unit transistor, over all its fingers [nm]."""
        return round(self.w * 1000)

    @property
    def l_nm(self) -> int:
        """Length of the unit transistor [nm]."""
        return round(self.l * 1000)
