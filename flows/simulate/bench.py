"""What a testbench is made of: a circuit, what is connected to its pins, and what is analysed. All values are SI.

::

                 vdd o----------+----------.
                                |  clamp   | pin vdd
      CurrentInput("in0")      (I)  ^   .--+-------.
                                |   |   |          | pin iout
                                +---+---| circuit  |-----o Voltage("iout", 0.9)
                                 pin in0|          |
                                        `--+-------'
                                           | pin vss
                                           o Voltage("vss", 0.0)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from mirrorneuron.pdk_sky130.errors import NetlistError, SpecError
from mirrorneuron.pdk_sky130.spice import netlist as spice
from mirrorneuron.pdk_sky130.spice.netlist import GROUND, SpiceNetlist
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "CLAMP_A_PER_V2",
    "RAIL_MARGIN_V",
    "Ac",
    "Analysis",
    "Bench",
    "Capacitance",
    "CurrentInput",
    "Load",
    "Noise",
    "Points",
    "Pwl",
    "Resistance",
    "Source",
    "Tran",
    "Voltage",
    "random_points",
    "step",
    "sweep",
]

Floats: TypeAlias = NDArray[np.float64]

CLAMP_A_PER_V2: Final = 1e-2
"""A current input's compliance takes this times the square of the voltage beyond the supply: nothing below it, 1 uA
at 10 mV."""

RAIL_MARGIN_V: Final = 0.3
"""How far outside the voltages applied a node of a true solution may be [V], by default."""


@dataclass(frozen=True)
class Voltage:
    """An ideal voltage source [V] from ground to a pin; it also measures the current into the pin."""

    pin: str
    volt: float


@dataclass(frozen=True)
class CurrentInput:
    """A current source [A] into a pin, from `high` (negative: out of the pin, into `low`).

    It has a compliance: where the circuit cannot take the current, the pin goes no further than some ten millivolts
    beyond `high` or `low`. An ideal source would have false solutions at kilovolts there.
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
    """A waveform of straight lines through (time [s], value [V or A]); constant before the first and after the last."""

    points: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        """Check the points."""
        times = [time for time, _ in self.points]
        if not times or times != sorted(set(times)) or times[0] < 0 or not np.isfinite(self.points).all():
            raise SpecError(f"a waveform needs rising times from 0 on and finite values, not {self.points[:6]}")

    def at(self, time: ArrayLike) -> Floats:
        """Its value at times [s]."""
        times, values = np.asarray(self.points).T
        return np.asarray(np.interp(np.asarray(time, dtype=float), times, values))


def step(before: float, after: float, at_s: float, rise_s: float = 1e-9, back_at_s: float | None = None) -> Pwl:
    """A step from `before` to `after`, and back again if `back_at_s` is given."""
    points = [(0.0, before), (at_s, before), (at_s + rise_s, after)]
    if back_at_s is not None:
        points += [(back_at_s, after), (back_at_s + rise_s, before)]
    return Pwl(tuple(points))


@dataclass(frozen=True, eq=False)
class Points:
    """Operating points: for each named source an array of values [V or A], all of one length (scalars are spread).

    Without any, the one operating point at the sources' own values. ``seed`` is carried into the result if the values
    were drawn.
    """

    values: Mapping[str, Floats] = field(default_factory=dict)
    seed: int | None = None

    def __init__(self, values: Mapping[str, ArrayLike] | None = None, seed: int | None = None) -> None:
        """Check the arrays, and spread scalars."""
        arrays = {name.lower(): np.atleast_1d(np.asarray(value, dtype=float)) for name, value in (values or {}).items()}
        try:
            spread = np.broadcast_arrays(*arrays.values())
        except ValueError as error:
            sizes = ", ".join(f"{name}: {array.shape}" for name, array in arrays.items())
            raise SpecError(f"all sources need equally many points, not {sizes}") from error
        for name, array in zip(arrays, spread, strict=True):
            if array.ndim != 1 or array.size == 0 or not np.isfinite(array).all():
                raise SpecError(f"the points of {name} must be a row of finite numbers")
        object.__setattr__(self, "values", dict(zip(arrays, spread, strict=True)))
        object.__setattr__(self, "seed", seed)

    def __len__(self) -> int:
        """How many points."""
        return len(next(iter(self.values.values()), (0,)))


def sweep(values: ArrayLike, *names: str) -> Points:
    """One source, or several together, through `values`."""
    return Points(dict.fromkeys(names, values))


def random_points(ranges: Mapping[str, tuple[float, float]], count: int, seed: int) -> Points:
    """`count` vectors, uniform and independent within the sources' (lowest, highest) values; equal for equal seeds."""
    if count < 1:
        raise SpecError(f"count={count}: at least one point is needed")
    drawn = np.random.default_rng(seed).random((count, len(ranges)))
    return Points({n: lo + (hi - lo) * drawn[:, k] for k, (n, (lo, hi)) in enumerate(ranges.items())}, seed=seed)


@dataclass(frozen=True)
class Tran:
    """A transient from the operating point to `stop_s`, with waveforms for some sources.

    ``max_step_s`` bounds the time step; by default a two-hundredth of the whole. ``reltol`` is the accuracy: where time
    constants are far shorter than the steps, the usual 1e-4 leaves a ripple of some parts in a thousand.
    """

    stop_s: float
    waves: Mapping[str, Pwl] = field(default_factory=dict)
    max_step_s: float | None = None
    reltol: float = 1e-4

    def __post_init__(self) -> None:
        """Check the times."""
        largest = self.stop_s / 200 if self.max_step_s is None else self.max_step_s
        if not 0 < largest <= self.stop_s < float("inf"):
            raise SpecError(
                f"stop_s={self.stop_s} and max_step_s={self.max_step_s}: 0 < max_step_s <= stop_s is needed"
            )
        object.__setattr__(self, "max_step_s", largest)
        object.__setattr__(self, "waves", {name.lower(): wave for name, wave in self.waves.items()})


@dataclass(frozen=True)
class Ac:
    """Small-signal transfer from one source of amplitude 1, from `start_hz` to `stop_hz`."""

    source: str
    start_hz: float
    stop_hz: float
    per_decade: int = 20

    def __post_init__(self) -> None:
        """Check the frequencies."""
        if not (0 < self.start_hz < self.stop_hz < float("inf") and self.per_decade >= 1):
            raise SpecError(f"{self}: 0 < start_hz < stop_hz and per_decade >= 1 are needed")
        object.__setattr__(self, "source", self.source.lower())


@dataclass(frozen=True)
class Noise:
    """Density of the noise current into the pin of a voltage source, `output` [A/sqrt(Hz)].

    ngspice refers noise to an input as well, so it wants a `source`, any other one; the density does not depend on it.
    """

    output: str
    source: str
    start_hz: float
    stop_hz: float
    per_decade: int = 10

    def __post_init__(self) -> None:
        """Check the frequencies."""
        if not (0 < self.start_hz < self.stop_hz < float("inf") and self.per_decade >= 1):
            raise SpecError(f"{self}: 0 < start_hz < stop_hz and per_decade >= 1 are needed")
        object.__setattr__(self, "output", self.output.lower())
        object.__setattr__(self, "source", self.source.lower())


Analysis: TypeAlias = Points | Tran | Ac | Noise


@dataclass(frozen=True)
class Bench:
    """A circuit with its surroundings.

    Parameters
    ----------
    netlist
        File that holds the subcircuit `top`; its pins are in the order of its ``.subckt`` line.
    sources, loads
        What is connected to the pins. Every pin must be connected or be named in `open_pins`. A source that only loads
        and current inputs refer to may stand beside the circuit (a supply of the inputs, say).
    analyses
        By a name of your own, under which the result holds them.
    rail_margin_v
        A solution with a node further than this [V] outside the voltages applied is false and rejected.

    Raises
    ------
    FileError, NetlistError
        When used: the netlist, or a name in it, cannot be.
    SpecError
        A source or an analysis contradicts the others.
    """

    netlist: Path
    top: str
    sources: Sequence[Source]
    analyses: Mapping[str, Analysis]
    loads: Sequence[Load] = ()
    open_pins: Sequence[str] = ()
    rail_margin_v: float = RAIL_MARGIN_V

    def __post_init__(self) -> None:
        """Check the names of sources against each other."""
        names = [source.pin.lower() for source in self.sources]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise SpecError(f"two sources on {', '.join(sorted(twice))}")
        for name, analysis in self.analyses.items():
            if isinstance(analysis, Ac):
                driven: set[str] = {analysis.source}
            elif isinstance(analysis, Noise):
                driven = {analysis.source, analysis.output}
                if analysis.output not in {s.pin.lower() for s in self.sources if isinstance(s, Voltage)}:
                    raise SpecError(
                        f"analysis {name}: noise is that of a voltage source, and {analysis.output} has none"
                    )
            else:
                driven = set(analysis.values if isinstance(analysis, Points) else analysis.waves)
            unknown = sorted(driven - set(names))
            if unknown:
                raise SpecError(f"analysis {name}: no source on {unknown[0]} (sources are on {', '.join(names)})")
        if not any(isinstance(source, Voltage) for source in self.sources):
            raise SpecError("a bench needs a voltage source: no node would have a potential")

    @cached_property
    def circuit(self) -> SpiceNetlist:
        """The netlist, read."""
        return spice.read(Path(self.netlist))

    @cached_property
    def pins(self) -> tuple[str, ...]:
        """The circuit's pins in order, checked against what is connected to them."""
        pins = self.circuit.subcircuit(self.top).pins
        where = f"{self.netlist}, {self.top}"
        connected = {source.pin.lower() for source in self.sources}
        held = {source.pin.lower() for source in self.sources if isinstance(source, Voltage)} | {GROUND}
        ends = {end.lower() for load in self.loads for end in (load.a, load.b)} - {GROUND}
        rails: set[str] = set()
        for source in self.sources:
            if isinstance(source, CurrentInput):
                rails |= {source.high.lower(), source.low.lower()}
                if not rails <= held:
                    raise NetlistError(f"{where}: {source} needs voltage sources on {source.high} and {source.low}")
        opened = {pin.lower() for pin in self.open_pins}
        # A source may stand beside the circuit, if a load or a current input refers to it.
        for name in sorted((connected - ends - rails) | opened):
            if name not in pins:
                raise NetlistError(f"{where} has no pin {name}; its pins are {' '.join(pins)}")
        left = [pin for pin in pins if pin not in connected | ends | opened]
        if left:
            raise NetlistError(
                f"{where}: nothing is connected to pin {' '.join(left)}; connect it, or name it in open_pins"
            )
        return pins
