"""What is measured on a matched array, alike on its schematic and on what was extracted from its layout.

::

        V      V      V      V
        |      |      |      |
        g     d0     d1     d2  ...      s (and b) at 0 V; for p transistors at the supply, and V below it
        '-------| array |-------'
                    |
                    s

All drains are at the gate's voltage V, each on a source of its own, which measures its current: the reference ``d0`` is
a diode, and each output is compared with it at equal voltages. First V goes through all voltages; where the reference
carries its units times the unit current is its voltage. Then V stays there, at each condition, and the currents of that
one solution are the ratios. (Fed by a current source the array would have to find V itself, and the solver's tolerance
would be in every ratio.) At tt, 27 C the outputs alone then go through all voltages.

**Unit current**: W/L times 2.5 uA for n, 0.6 uA for p. By the models at tt, 27 C that is a transconductance over
current of 10 to 13 per volt for all five devices, 2/0.35 to 20/20: the upper end of moderate inversion. The units are
well saturated as diodes, and at every corner their gate-source voltage is below 1.4 V of 1.8 V, 0.42/0.15 to 20/20.

**Ratio error**: an output's current over the reference's, over the ratio of their units, less 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias

import numpy as np
from mirrorneuron.flows import simulate, testbench
from mirrorneuron.flows.simulate import Condition, Progress, Result
from mirrorneuron.flows.simulate.bench import Bench, Points, Voltage, sweep
from mirrorneuron.flows.testbench import Numbers, Quantity, Table, Testbench
from mirrorneuron.flows.testbenches.matched_array.spread import SPREAD, errors_of
from mirrorneuron.generators import catalog
from mirrorneuron.generators.cells.matched_array.spec import MatchedArraySpec
from mirrorneuron.pdk_sky130.devices import mosfet
from mirrorneuron.pdk_sky130.errors import EvidenceError
from numpy.typing import NDArray

if TYPE_CHECKING:
    from mirrorneuron.flows.reports.plots import Plot

__all__ = [
    "BENCH",
    "CONDITIONS",
    "QUANTITIES",
    "Measurement",
    "compared",
    "largest",
    "measure",
    "ratio_errors",
]

Floats: TypeAlias = NDArray[np.float64]

CORNERS: Final = ("tt", "ss", "ff", "sf", "fs")
TEMPERATURES: Final = (-40.0, 27.0, 125.0)
CONDITIONS: Final = tuple(simulate.conditions(CORNERS, TEMPERATURES))
"""Where the ratios are measured; everything else at tt, 27 C."""
TYPICAL: Final = Condition("tt", 27.0)

SUPPLY: Final = 1.8
"""What the units have between their source and the highest (p: lowest) output voltage [V]."""
_SQUARE_A: Final = {"n": 2.5e-6, "p": 0.6e-6}  # unit current of W/L = 1
_SWEEP_POINTS: Final = 181  # 10 mV
_SPAN_V: Final = 0.5  # over which the output's slope is taken
_WITHIN: Final = 0.01  # of an output's current at the reference's voltage
_DIGITS: Final = 6  # of a ratio error in %: what follows is rounding
_CARRIED: Final = 0.01  # how far the reference may be from its current, which lies between two voltages of the sweep


QUANTITIES: Final[Mapping[str, Quantity]] = {
    "ratio_error": Quantity("Ratio error, largest of the outputs", "%"),
    "corner_ratio_error": Quantity("Ratio error over the corners, largest of the outputs", "%"),
    "ratio_after_layout": Quantity("Ratio after layout less schematic, largest of the outputs", "%"),
    "reference_after_layout": Quantity("Reference's voltage after layout less schematic", "mV"),
    "unit_current": Quantity("Current of a unit", "uA"),
    "reference_voltage": Quantity("Reference's gate-source voltage", "V"),
    "reference_voltage_max": Quantity("Reference's gate-source voltage, highest of the corners", "V"),
    "output_slope": Quantity("Output current's change per volt, largest of the outputs", "%/V"),
    "output_resistance": Quantity("Output resistance of a unit, lowest of the outputs", "Mohm"),
    "output_low": Quantity("Lowest output voltage that costs 1 % of the current", "V"),
}
"""All numbers by key. Voltages are magnitudes, from the source."""

_LAYOUT_ONLY: Final = ("ratio_after_layout", "reference_after_layout")


@dataclass(frozen=True, eq=False, kw_only=True)
class Measurement(testbench.Measurement):
    """All that was measured on one netlist; voltages [V] are magnitudes from the source, currents [A] magnitudes.

    Attributes
    ----------
    pins, units
        Drains and their units, the reference first.
    unit_current
        That the reference was given for each of its units.
    voltages
        The reference's, by condition.
    currents
        Of the drains, all at that voltage, by condition.
    outputs_at, outputs
        Outputs' voltages, and for each output a row of its currents at them; at tt, 27 C.
    """

    quantities: ClassVar = QUANTITIES

    pins: Sequence[str]
    units: Floats
    unit_current: float
    voltages: Mapping[str, float]
    currents: Mapping[str, Floats]
    outputs_at: Floats
    outputs: Floats

    def errors(self, condition: Condition) -> Floats:
        """Ratio errors of the outputs [%], without the last digits of the arithmetic.

        Raises
        ------
        EvidenceError
            The reference does not carry what it was given: there is nothing to compare.
        """
        current = self.currents[str(condition)]
        given = self.unit_current * self.units[0]
        if not _carries(current[0], given):
            raise EvidenceError(f"{condition}: the reference carries {current[0]:.4g} A, not {given:.4g} A")
        return np.asarray(errors_of(current, self.units).round(_DIGITS), dtype=float)


def measure(
    spec: MatchedArraySpec,
    netlists: Sequence[Path],
    *,
    jobs: int = 1,
    progress: Progress | None = None,
    folder: Path | None = None,
) -> list[Measurement]:
    """Measure the array of a spec on each of several netlists.

    Parameters
    ----------
    netlists
        Files that hold the subcircuit ``spec.name``.
    jobs, progress, folder
        As `mirrorneuron.flows.simulate.run_many` takes them.

    Raises
    ------
    InputError
        A netlist cannot be read, or is not of this array.
    ToolError
        ngspice is missing, broke, or found no solution.
    """
    plan = Plan(spec)
    count = len(netlists) * len(CONDITIONS)
    diodes: list[_Run] = [(bench, one) for bench in map(plan.diode, netlists) for one in CONDITIONS]

    def run(name: str, runs: Sequence[_Run], before: int) -> list[Result]:
        def told(done: int, _: int, what: str) -> None:
            if progress is not None:
                progress(before + done, 2 * count + len(netlists), what)

        return simulate.run_many(runs, jobs=jobs, progress=told, folder=folder / name if folder else None)

    found = run("reference", diodes, 0)
    held: list[_Run] = []
    for result in found:
        condition, volt = result.condition, plan.voltage(result)
        held.append((plan.held(result.netlist, volt), condition))
        # In a run of its own: sources that move through a sweep are not held to the last microvolt.
        if str(condition) == str(TYPICAL):
            held.append((plan.swept(result.netlist, volt), condition))
    results = run("outputs", held, count)
    each, more = len(CONDITIONS), len(CONDITIONS) + 1
    return [
        plan.measurement(found[k * each : (k + 1) * each], results[k * more : (k + 1) * more])
        for k in range(len(netlists))
    ]


def compared(schematic: Measurement, layout: Measurement) -> Measurement:
    """The measurement after layout, with how far it is from the schematic's entered."""
    numbers = Numbers(layout)
    numbers.take("ratio_after_layout", lambda: _worst(layout.errors(TYPICAL) - schematic.errors(TYPICAL)))
    at = str(TYPICAL)
    numbers.take("reference_after_layout", lambda: 1e3 * abs(layout.voltages[at] - schematic.voltages[at]))
    return replace(layout, numbers=numbers.found, missing=numbers.missing)


def _carries(current: float, given: float) -> bool:
    """Whether the reference has the current [A] that it was given."""
    return abs(current / given - 1) < _CARRIED


_Run: TypeAlias = tuple[Bench, Condition]


class Plan:
    """The benches of a spec, and what their results say."""

    def __init__(self, spec: MatchedArraySpec) -> None:
        self.spec = spec
        self.pins = list(spec.drains)
        self.units = np.asarray(spec.ratios, dtype=float)
        polarity = mosfet(spec.device).polarity
        self.unit_current = _SQUARE_A[polarity] * spec.w / spec.l
        self.sign, self.source = (1.0, 0.0) if polarity == "n" else (-1.0, SUPPLY)
        self.through = np.linspace(0.0, SUPPLY, _SWEEP_POINTS)
        fixed = ["s", *(["b"] if spec.bulk == "own" else [])]
        self.fixed = [Voltage(pin, self.source) for pin in fixed]

    def diode(self, netlist: Path) -> Bench:
        """Gate and drains through all voltages together."""
        through = sweep(self._volts(self.through), "g", *self.pins)
        return Bench(netlist, self.spec.name, self._sources(SUPPLY), {"reference": through})

    def voltage(self, diode: Result) -> float:
        """Where the reference has its current [V from the source]; the supply if it nowhere has."""
        currents = self.sign * diode["reference"].i("d0")
        given = self.unit_current * self.units[0]
        reached = np.flatnonzero(currents >= given)
        if not len(reached):
            return SUPPLY
        ends = slice(max(0, int(reached[0]) - 1), int(reached[0]) + 1)
        # Nearly exponential from one voltage to the next.
        logs = np.log(np.maximum(currents[ends], np.finfo(float).tiny))
        return float(np.interp(np.log(given), logs, self.through[ends]))

    def held(self, netlist: Path, volt: float) -> Bench:
        """Gate and drains at one voltage [V from the source]."""
        return Bench(netlist, self.spec.name, self._sources(volt), {"equal": Points()})

    def swept(self, netlist: Path, volt: float) -> Bench:
        """Gate and reference at a voltage [V from the source], the outputs through all voltages."""
        through = sweep(self._volts(self.through), *self.pins[1:])
        return Bench(netlist, self.spec.name, self._sources(volt), {"outputs": through})

    def _volts(self, from_source: Floats) -> Floats:
        return self.source + self.sign * from_source

    def _sources(self, volt: float) -> list[Voltage]:
        at = self.source + self.sign * volt
        return [*self.fixed, *(Voltage(pin, at) for pin in ("g", *self.pins))]

    def measurement(self, diodes: Sequence[Result], held: Sequence[Result]) -> Measurement:
        (swept,) = [result for result in held if "outputs" in result.data]
        equal = [result for result in held if result is not swept]
        currents = {
            str(result.condition): self.sign * np.array([result["equal"].i(pin)[0] for pin in self.pins])
            for result in equal
        }
        given = self.unit_current * self.units[0]
        found = Measurement(
            netlist=swept.netlist,
            numbers={},
            missing={},
            conditions=[result.condition for result in equal],
            limited=tuple(f"d0 ({at})" for at, current in currents.items() if not _carries(current[0], given)),
            points=testbench.points([*diodes, *held]),
            ngspice=swept.ngspice,
            models=swept.models,
            pins=self.pins,
            units=self.units,
            unit_current=self.unit_current,
            voltages={str(result.condition): self.voltage(result) for result in diodes},
            currents=currents,
            outputs_at=self.through,
            outputs=self.sign * np.array([swept["outputs"].i(pin) for pin in self.pins[1:]]),
        )
        numbers = Numbers(found)
        numbers.take("ratio_error", lambda: _worst(found.errors(TYPICAL)))
        numbers.take("corner_ratio_error", lambda: _worst(*(found.errors(condition) for condition in found.conditions)))
        numbers.take("unit_current", lambda: 1e6 * found.unit_current)
        numbers.take("reference_voltage", lambda: found.voltages[str(TYPICAL)])
        numbers.take("reference_voltage_max", lambda: _worst(np.array([*found.voltages.values()])))
        numbers.take(["output_slope", "output_resistance"], lambda: _slope(found))
        numbers.take("output_low", lambda: _lowest(found))
        numbers.lack(_LAYOUT_ONLY, "schematic and layout were not both simulated")
        return replace(found, numbers=numbers.found, missing=numbers.missing)


def _worst(*values: Floats) -> float:
    """The largest magnitude; not a number if one is none."""
    return float(np.abs(np.concatenate(values)).max())


def _slope(found: Measurement) -> tuple[float, float]:
    """Largest change of an output's current [%/V], and lowest resistance of a unit [Mohm], above the reference's
    voltage."""
    start = found.voltages[str(TYPICAL)]
    end = start + _SPAN_V
    if end > SUPPLY:
        raise EvidenceError(f"the reference's {start:.3g} V leaves less than {_SPAN_V:g} V up to the supply")
    at_start = _currents(found, start)
    change = (_currents(found, end) - at_start) / (end - start)
    if not (change > 0).all():
        raise EvidenceError("an output's current does not rise with its voltage")
    return 100 * float((change / at_start).max()), 1e-6 * float((found.units[1:] / change).min())


def _lowest(found: Measurement) -> float:
    """The lowest voltage [V], going down from the reference's, at which all outputs keep their currents to 1 %."""
    start = found.voltages[str(TYPICAL)]
    lost = 1 - (found.outputs.T / _currents(found, start)).min(axis=1)  # by the output that loses most
    below = np.flatnonzero((found.outputs_at < start) & (lost > _WITHIN))
    if not len(below):
        raise EvidenceError("the outputs keep their current down to 0 V, where there can be none")
    here = slice(int(below[-1]), int(below[-1]) + 2)
    return float(np.interp(-_WITHIN, -lost[here], found.outputs_at[here]))


def _currents(found: Measurement, volt: float) -> Floats:
    """Outputs' currents [A] at an output voltage.

    Raises
    ------
    EvidenceError
        An output carries no current.
    """
    currents = np.array([np.interp(volt, found.outputs_at, output) for output in found.outputs])
    if not (currents > 0).all():
        raise EvidenceError(f"not every output carries a current at {volt:.3g} V")
    return currents


def _plots(found: Mapping[str, Measurement]) -> list[Plot]:
    from mirrorneuron.flows.testbenches.matched_array import (
        plots as matched_array_plots,  # matplotlib, as slow as all else to import
    )

    return matched_array_plots.plots(found)


def _tables(found: Mapping[str, Measurement]) -> list[Table]:
    """The outputs one by one at tt, 27 C, and the largest ratio error at each corner."""
    name, shown = list(found.items())[-1]
    errors = [ratio_errors(one) for one in found.values()]
    rows: list[list[str | float | None]] = []
    for k, (pin, units) in enumerate(zip(shown.pins, shown.units, strict=True)):
        current = 1e6 * float(shown.currents[str(TYPICAL)][k])
        rows.append([pin, int(units), current, *(0.0 if k == 0 else of[k - 1] for of in errors)])
    outputs = Table(["Output", "units", f"current, uA ({name})", *(f"ratio error, % ({one})" for one in found)], rows)
    return [outputs, testbench.by_corner(f"Largest ratio error, % ({name})", largest(shown), shown.conditions)]


def ratio_errors(found: Measurement, condition: Condition = TYPICAL) -> list[float | None]:
    """The outputs' ratio errors [%], each None where there is nothing to compare."""
    try:
        return [float(error) if np.isfinite(error) else None for error in found.errors(condition)]
    except EvidenceError:
        return [None] * (len(found.pins) - 1)


def largest(found: Measurement) -> dict[str, float | None]:
    """The largest ratio error [%] by condition; None where one is missing."""
    worst: dict[str, float | None] = {}
    for condition in found.conditions:
        errors = ratio_errors(found, condition)
        sizes = [abs(error) for error in errors if error is not None]
        worst[str(condition)] = max(sizes) if sizes and len(sizes) == len(errors) else None
    return worst


BENCH: Final = Testbench(
    spec=MatchedArraySpec,
    quantities=QUANTITIES,
    layout_only=_LAYOUT_ONLY,
    targets=catalog.targets_of("matched_array"),
    measure=measure,
    compared=compared,
    plots=_plots,
    tables=_tables,
    spread=SPREAD,
)
"""The testbench of every matched array."""
