"""The spec of a neuron: weights, unit transistor and operating point, each field with unit, limits and default."""

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
    SiQuantity,
    UnitSizes,
    Whole,
    WholeList,
    kind_of_cell,
)
from pydantic import Field

__all__ = ["NeuronSpec"]


class NeuronSpec(CellSpec, UnitSizes, init=False):
    """A neuron: signed integer weights, one current input each, a sigmoid of their weighted sum as a current."""

    cell: Annotated[str, kind_of_cell("neuron")] = Field("neuron", description="Kind of cell")
    name: Name = Field("neuron", description=NAME_TEXT)
    weights: Annotated[
        tuple[int, ...],
        WholeList(
            low=-15,
            high=15,
            longest=16,
            unit="units",
            rule="a weight is a count of equal unit transistors",
            remedy="scale and round the trained weights; the ratio is weight / reference_units",
        ),
    ] = Field((1, 2, -3, 4), description="Weight of each input: unit transistors, negative ones inhibit")
    reference_units: ReferenceUnits = Field(2, description=REFERENCE_UNITS_TEXT)
    w: Annotated[
        float,
        Micrometres(
            low=0.84,
            high=20,
            grid=0.01,
            rule="two fingers of at least 0.42 um, difftap.2, each on the 5 nm grid",
            remedy=FITS,
        ),
    ] = Field(2.0, description="Width of the unit transistor, both fingers together")
    l: Annotated[  # noqa: E741 - the name every designer knows
        float,
        Micrometres(
            low=0.15,
            high=20,
            grid=0.01,
            rule="poly.1a and the models' range; 10 nm because gates are centred on the 5 nm grid",
            remedy=FITS,
        ),
    ] = Field(1.0, description="Length of the unit transistor")
    full_scale_current: Annotated[
        float,
        SiQuantity(
            low=0.8e-6,
            high=2e-6,
            unit="A",
            rule="what the amplifiers, columns and the sigmoid are sized for",
            remedy="scale the inputs",
        ),
    ] = Field(1e-6, description="Largest current of an input, and of the output; the bias current is a tenth of it")
    supply: Annotated[
        float,
        SiQuantity(
            low=1.62,
            high=1.98,
            unit="V",
            rule="the 1.8 V devices, 10 % up and down",
            remedy="choose a supply in this range",
        ),
    ] = Field(1.8, description="Supply voltage at which the neuron is used")
    vref: Annotated[
        float,
        SiQuantity(
            low=0.15,
            high=0.3,
            unit="V",
            rule="the inputs' voltage: enough for the units' drains, little enough for the amplifiers' headroom",
            remedy="0.2 V is usual",
        ),
    ] = Field(0.2, description="Voltage at which the inputs and the summing columns are held")
    sum_full_scale: Annotated[
        int | None,
        Whole(
            low=1,
            high=240,
            unit="full-scale inputs",
            optional=True,
            rule="weighted sum at which the sigmoid is fully driven",
            remedy="leave it out for the largest sum that the weights can make",
        ),
    ] = Field(
        None,
        description="Weighted sum that drives the sigmoid fully; smaller is steeper; by default the larger of the "
        "positive and the negative weights' sums over reference_units",
    )

    @property
    def sum_units(self) -> float:
        """Weighted sum that drives the sigmoid fully [full-scale inputs]."""
        if self.sum_full_scale is not None:
            return float(self.sum_full_scale)
        positive = sum(weight for weight in self.weights if weight > 0)
        negative = -sum(weight for weight in self.weights if weight < 0)
        return max(positive, negative) / self.reference_units

    @property
    def resistor_width_nm(self) -> int:
        """Width of a unit of the triode transistors that turn the sum into a voltage [nm]: wider for a larger
        current."""
        return max(420, 10 * round(50 * self.full_scale_current / 1e-6))

    @property
    def bias_current(self) -> float:
        """Current into pin ``ibias`` [A]."""
        return self.full_scale_current / 10
