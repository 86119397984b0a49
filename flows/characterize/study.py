"""What a characterization measures: conditions, the variation of samples, and their limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mirrorneuron.flows.characterize.limits import SpreadLimit
from mirrorneuron.flows.simulate import Condition
from mirrorneuron.flows.testbench import Quantity, Spread
from mirrorneuron.flows.testbenches import registry
from mirrorneuron.flows.variation.sampling import Variation
from mirrorneuron.generators.spec import CellSpec
from mirrorneuron.pdk_sky130.errors import InputError, SpecError

__all__ = ["Study", "conditions_of", "quantities_of", "spread_of"]


@dataclass(frozen=True, kw_only=True)
class Study:
    """What is measured of a cell.

    Attributes
    ----------
    conditions
        Where the cell is measured without variation; samples are drawn at the first one.
    variation
        What varies from sample to sample; None for no samples.
    limits
        For the samples.

    Raises
    ------
    SpecError
        There is no condition, or there are limits without samples.
    """

    conditions: Sequence[Condition] = (Condition(),)
    variation: Variation | None = None
    limits: Sequence[SpreadLimit] = ()

    def __post_init__(self) -> None:
        """Check that there is something to measure and to judge."""
        if not self.conditions:
            raise SpecError("there is no condition: at least one corner and one temperature are needed")
        if self.limits and self.variation is None:
            raise SpecError("there are limits for samples, but no samples are drawn; add --mismatch N")


def conditions_of(
    corners: Sequence[str], temperatures_c: Sequence[float], supplies: Sequence[float] = (), pin: str = "vdd"
) -> list[Condition]:
    """Every corner at every temperature [C] and, if there are any, every supply voltage on a pin [V]."""
    volts: list[dict[str, float]] = [{pin: volt} for volt in supplies] or [{}]
    return [
        Condition(corner, temperature, volt) for corner in corners for temperature in temperatures_c for volt in volts
    ]


def quantities_of(spec: CellSpec) -> Mapping[str, Quantity]:
    """The quantities of a cell's spread, by key; raises as `spread_of` does."""
    return spread_of(spec).quantities(spec)


def spread_of(spec: CellSpec) -> Spread[Any]:
    """How the spread of a cell is measured.

    Raises
    ------
    InputError
        The cell has no testbench, or its testbench measures no spread.
    """
    bench = registry.needed(spec)
    if bench.spread is None:
        raise InputError(
            f"the testbench of {spec.cell} has no spread to characterize; simulate and signoff can measure the cell"
        )
    return bench.spread
