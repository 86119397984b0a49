"""What a simulation gives: arrays by analysis, and what they were made with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from mirrorneuron.flows.simulate.condition import Condition
from mirrorneuron.pdk_sky130.errors import NetlistError
from numpy.typing import NDArray

__all__ = ["Array", "Data", "Floats", "Progress", "Result"]

Array: TypeAlias = NDArray[Any]
Floats: TypeAlias = NDArray[np.float64]
Progress: TypeAlias = Callable[[int, int, str], None]
"""Called as (parts done, parts in all, the part just done)."""


@dataclass(frozen=True)
class Data:
    """The arrays of one analysis.

    Attributes
    ----------
    x, x_unit
        What the arrays lie along: number of the point (``point``), time (``s``) or frequency (``Hz``).
    volts, amps
        Voltages of nodes [V] and currents into pins [A] by name. Noise has a density alone, of its output, in `amps`.
    ways
        How the solutions were reached: for each way the number of points. The help that ngspice gave itself has entries
        of its own.
    limited
        Current inputs that are out of compliance: the circuit did not take their whole current (see `CurrentInput`).
    seed
        Of the points, if they were drawn at random.
    """

    x: Floats
    x_unit: str
    volts: Mapping[str, Array]
    amps: Mapping[str, Array]
    ways: Mapping[str, int]
    limited: tuple[str, ...] = ()
    seed: int | None = None

    def v(self, node: str) -> Array:
        """Voltage of a pin, or of an inner node by its dotted name [V].

        Raises
        ------
        NetlistError
            There is no such node.
        """
        return _named(self.volts, node, "node")

    def i(self, pin: str) -> Array:
        """Current from a source into its pin [A].

        Raises
        ------
        NetlistError
            There is no source on that pin.
        """
        return _named(self.amps, pin, "source on")

    def power(self) -> Array:
        """Power that all sources together deliver [W]; not for small signals."""
        return np.asarray(sum(self.volts[pin] * current for pin, current in self.amps.items()))


def _named(arrays: Mapping[str, Array], name: str, kind: str) -> Array:
    try:
        return arrays[name.lower()]
    except KeyError:
        raise NetlistError(f"no {kind} {name}; there are {', '.join(sorted(arrays))}") from None


@dataclass(frozen=True)
class Result:
    """The result of a bench at a condition: `Data` by the name of the analysis, and what it was made with.

    ``seconds`` is the time until the last analysis had ended. ``logs`` are the outputs of ngspice (decks and raw files
    lie beside them), if a folder to keep them in was given.
    """

    top: str
    netlist: Path
    condition: Condition
    data: Mapping[str, Data]
    ngspice: str
    models: str
    seconds: float
    logs: tuple[Path, ...] = ()

    def __getitem__(self, analysis: str) -> Data:
        """The data of an analysis by its name."""
        return self.data[analysis]
