"""What is connected to a circuit: sources, loads, and waveforms. All values are SI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from mirrorneuron.pdk_sky130.errors import SpecError
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "CLAMP_A_PER_V2",
    "Capacitance",
    "CurrentInput",
    "Load",
    "Pwl",
    "Resistance",
    "Source",
    "Voltage",
    "own_value",
    "step",
]

Floats: TypeAlias = NDArray[np.float64]

CLAMP_A_PER_V2: Final = 1e-2
"""The clamp that ends the compliance of a current input takes this times the square of the voltage beyond the supply:
nothing below the supply, 1 uA at 10 mV."""


@dataclass(frozen=True)
class Voltage:
    """An ideal voltage source [V] from ground to a pin; it also measures the current into the pin."""

    pin: str
    volt: float


@dataclass(frozen=True)
class CurrentInput:
    """A current source [A] from `high` into a pin; a negative current flows out of the pin into `low`.

    Its compliance ends at `high` and `low`: where the circuit cannot take the current, the pin goes only some ten
    millivolts beyond. An ideal source would have false solutions at kilovolts there.
    """

    pin: str
    ampere: float
    high: str = "vdd"
    low: str = "vss"


@dataclass(frozen=True)
class Resistance:
    """A resistor [ohm] between two pins, or a pin and ground (``"0"``)."""

    a: str
    b: str
    ohm: float


@dataclass(frozen=True)
class Capacitance:
    """A capacitor [F] between two pins, or a pin and ground (``"0"``)."""

    a: str
    b: str
    farad: float


Source: TypeAlias = Voltage | CurrentInput
Load: TypeAlias = Resistance | Capacitance


@dataclass(frozen=True)
class Pwl:
    """A waveform of straight lines through (time [s], value [V or A]); constant before the first and after the last.

    Raises
    ------
    SpecError
        Times do not rise from 0 or later, or a value is not finite.
    """

    points: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        """Check the points."""
        object.__setattr__(self, "points", tuple((float(time), float(value)) for time, value in self.points))
        times = [time for time, _ in self.points]
        if not times or times != sorted(set(times)) or times[0] < 0 or not np.isfinite(self.points).all():
            raise SpecError(f"a waveform needs rising times from 0 s on, and finite values, not {self.points[:6]}")

    def at(self, time: ArrayLike) -> Floats:
        """The value at times [s]."""
        times, values = np.asarray(self.points).T
        return np.asarray(np.interp(np.asarray(time, dtype=float), times, values))


def step(before: float, after: float, at_s: float, rise_s: float = 1e-9, back_at_s: float | None = None) -> Pwl:
    """A step from `before` to `after`, and back again if `back_at_s` is given."""
    points = [(0.0, before), (at_s, before), (at_s + rise_s, after)]
    if back_at_s is not None:
        points += [(back_at_s, after), (back_at_s + rise_s, before)]
    return Pwl(tuple(points))


def own_value(source: Source) -> float:
    """The constant value of a source [V or A]."""
    return source.volt if isinstance(source, Voltage) else source.ampere
