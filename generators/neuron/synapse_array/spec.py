"""What a user asks for: a layer's matrix of weights and its unit transistor."""

from __future__ import annotations

from typing import Annotated

from mirrorneuron.generators.spec import CellSpec, Identifier, Micrometres, OneOf, Whole, WholeMatrix
from pydantic import Field

__all__ = ["SynapseArraySpec"]

_FITS = "nothing is rounded: choose the nearest size that fits"


class SynapseArraySpec(CellSpec, init=False):
    """The weights of a layer: rows are inputs, columns are neurons, each with a bus for either sign."""

    cell: Annotated[
        str, OneOf(words=("synapse_array",), rule="the kind of cell", remedy="choose the cell's own spec")
    ] = Field("synapse_array", description="Kind of cell")
    name: Annotated[
        str,
        Identifier(rule="GDS, SPICE and file systems must all take it", remedy="choose another name"),
    ] = Field("synapse_array", description="Name of the top cell, the subcircuit and the files")
    weights: Annotated[
        tuple[tuple[int, ...], ...],
        WholeMatrix(
            low=-15,
            high=15,
            most_rows=256,
            most_columns=64,
            unit="units",
            rule="a weight is a count of equal unit transistors; a row is an input, a column a neuron",
            remedy="scale and round the trained weights; the ratio is weight / reference_units",
        ),
    ] = Field(((1, -2), (3, 4)), description="A list for each input: its weight in each neuron")
    reference_units: Annotated[
        int,
        Whole(
            low=1,
            high=16,
            unit="units",
            rule="unit transistors that carry an input's current",
            remedy="two are usual; more match better and take more area",
        ),
    ] = Field(2, description="Units that carry each input; an input counts weight / reference_units times")
    w: Annotated[
        float,
        Micrometres(low=0.84, high=200, grid=0.01, rule="two fingers of 0.42 to 100 um, difftap.2, x.1a", remedy=_FITS),
    ] = Field(2.0, description="Width of the unit transistor, both fingers together")
    l: Annotated[  # noqa: E741 - the name every designer knows
        float,
        Micrometres(low=0.15, high=20, grid=0.005, rule="poly.1a and the models' range", remedy=_FITS),
    ] = Field(1.0, description="Length of the unit transistor")

    @property
    def w_nm(self) -> int:
        """Width of a unit [nm]."""
        return round(self.w * 1000)

    @property
    def l_nm(self) -> int:
        """Length of a unit [nm]."""
        return round(self.l * 1000)
