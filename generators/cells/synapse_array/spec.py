"""The spec of a layer's weights: the matrix, and the unit transistor."""

from __future__ import annotations

from typing import Annotated

from mirrorneuron.generators.spec import (
    FITS,
    NAME_TEXT,
    REFERENCE_UNITS_TEXT,
    CellSpec,
    Micrometres,
    Name,
    ReferenceUnits,
    UnitSizes,
    WholeMatrix,
    kind_of_cell,
)
from pydantic import Field

__all__ = ["SynapseArraySpec"]


class SynapseArraySpec(CellSpec, UnitSizes, init=False):
    """The weights of a layer: rows are inputs, columns are neurons, each with a bus for either sign."""

    cell: Annotated[str, kind_of_cell("synapse_array")] = Field("synapse_array", description="Kind of cell")
    name: Name = Field("synapse_array", description=NAME_TEXT)
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
    reference_units: ReferenceUnits = Field(2, description=REFERENCE_UNITS_TEXT)
    w: Annotated[
        float,
        Micrometres(low=0.84, high=200, grid=0.01, rule="two fingers of 0.42 to 100 um, difftap.2, x.1a", remedy=FITS),
    ] = Field(2.0, description="Width of the unit transistor, both fingers together")
    l: Annotated[  # noqa: E741 - the name every designer knows
        float,
        Micrometres(low=0.15, high=20, grid=0.005, rule="poly.1a and the models' range", remedy=FITS),
    ] = Field(1.0, description="Length of the unit transistor")
