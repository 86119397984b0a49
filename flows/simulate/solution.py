"""From the solved arrays of ngspice to voltages and currents, and to the inputs that are out of compliance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from mirrorneuron.flows.simulate.deck import Setup
from mirrorneuron.flows.simulate.result import Array, Data, Floats
from mirrorneuron.flows.simulate.sources import CLAMP_A_PER_V2, CurrentInput, Voltage

__all__ = ["Solution", "assembled"]

# A current input is out of compliance if its clamp takes this part of its current, or of 1 nA if that is more.
_LIMITED: Final = 1e-4
_LEAST_A: Final = 1e-9


@dataclass(frozen=True, kw_only=True)
class Solution:
    """The solved arrays of an analysis.

    Attributes
    ----------
    x, unit
        As `Data.x` and `Data.x_unit`.
    arrays
        By the names of `Process.vectors`; along `x`, or rows along it.
    applied
        The values of all sources by pin, in the shape of `arrays`.
    """

    x: Floats
    unit: Literal["point", "s", "Hz"]
    arrays: Mapping[str, Array]
    applied: Mapping[str, Array]


def assembled(setup: Setup, solution: Solution, ways: Mapping[str, int], seed: int | None = None) -> Data:
    """Voltages of the nodes and currents into the pins, from a solution."""
    arrays = solution.arrays
    volts = {name: array for name, array in arrays.items() if name in setup.nodes}
    amps: dict[str, Array] = {}
    limited: list[str] = []
    for source in setup.sources:
        pin = source.pin
        if isinstance(source, Voltage):
            amps[pin] = -arrays[f"i({pin})"]
            continue
        asked = solution.applied[pin]
        amps[pin] = asked
        if solution.unit != "Hz":
            clamped = _clamped(source, volts)
            amps[pin] = asked - clamped
            if np.abs(clamped).max() > _LIMITED * max(np.abs(asked).max(), _LEAST_A):
                limited.append(pin)
    return Data(solution.x, solution.unit, volts, amps, dict(ways), tuple(limited), seed)


def _clamped(source: CurrentInput, volts: Mapping[str, Array]) -> Array:
    """The current that the clamp of a current input takes [A]."""
    ground = np.zeros(1)
    pin, high, low = (volts.get(name, ground) for name in (source.pin, source.high, source.low))
    return np.asarray(CLAMP_A_PER_V2 * (np.maximum(pin - high, 0) ** 2 - np.maximum(low - pin, 0) ** 2))
