"""Corner, temperature and supply voltages of a simulation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from mirrorneuron.pdk_sky130.errors import SpecError

__all__ = ["TEMPERATURES_C", "Condition", "conditions"]

TEMPERATURES_C: Final = (-55.0, 155.0)
"""Lowest and highest temperature that is simulated; the authors of the models name -40 to 125 C."""


@dataclass(frozen=True)
class Condition:
    """Corner, temperature [C], and voltages [V] of sources that differ from the bench's own (``{"vdd": 1.62}``).

    Raises
    ------
    SpecError
        The temperature is outside `TEMPERATURES_C`.
    """

    corner: str = "tt"
    temperature_c: float = 27.0
    volts: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the temperature."""
        lowest, highest = TEMPERATURES_C
        if not lowest <= self.temperature_c <= highest:
            raise SpecError(f"temperature {self.temperature_c} C is outside {lowest:g} to {highest:g} C")
        object.__setattr__(self, "volts", {name.lower(): value for name, value in self.volts.items()})

    def __str__(self) -> str:
        """The text in messages and names of folders: ``ss -40C``."""
        volts = [f"{name}={value:g}V" for name, value in self.volts.items()]
        return " ".join([self.corner, f"{self.temperature_c:g}C", *volts])


def conditions(corners: Sequence[str], temperatures_c: Sequence[float]) -> list[Condition]:
    """Every corner at every temperature [C]."""
    return [Condition(corner, temperature) for corner in corners for temperature in temperatures_c]
