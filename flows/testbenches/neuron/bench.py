"""What is measured on a neuron, alike on its schematic and on what was extracted from its layout.

::

            vdd o---+------------+-----------+--- ... -----.
                    |            |           |             | vdd
                   (I) 0.1 Ifs  (I) x0      (I) x1      .--+--------.
                    |            |           |          |           | iout
                    |            |           '-- iin1 --|  neuron   |------o Voltage vref, measures the output
                    |            '-------------- iin0 --|           |
                    '--------------------------- ibias -|           |------o Voltage vref
                                                        '--+--------'
                                                        vss| 0 V

The output is held at `vref`, where the next neuron's input would hold it.

**Ideal sum**: ``sum(weight[i] * x[i]) / reference_units`` [A]; its full scale is what the weights' magnitudes give with
all inputs at full scale.

**Reference transfer**: what comes out when one input alone makes a sum; for positive sums the input of the largest
positive weight, for negative ones that of the most negative. Where one input would need more than twice its full scale
to make the largest sum, all inputs of that sign share it, each at the same part of its full scale.

**Weighted-sum error**: the output of a random vector, read backwards through the reference transfer, less the ideal
sum. It does not show a wrong weight that the reference transfer shares; the sum after layout, read through the
schematic's transfer, does. An output that lies where the transfer is flat cannot be read backwards; those are counted,
and compared with the transfer's own output at the ideal sum.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias

import numpy as np
from mirrorneuron.flows import simulate, testbench
from mirrorneuron.flows.simulate import Condition, Data, Progress, Result
from mirrorneuron.flows.simulate.bench import Bench, CurrentInput, Points, Tran, Voltage, random_points, step, sweep
from mirrorneuron.flows.testbench import Numbers, Quantity, Table, Testbench
from mirrorneuron.flows.testbenches.measure import Logistic, StepResponse, Transfer, fit_logistic, power, step_response
from mirrorneuron.flows.testbenches.neuron.spread import SPREAD
from mirrorneuron.generators import catalog
from mirrorneuron.generators.cells.neuron.spec import NeuronSpec
from mirrorneuron.pdk_sky130.errors import EvidenceError
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

if TYPE_CHECKING:
    from mirrorneuron.flows.reports.plots import Plot

__all__ = [
    "BENCH",
    "CONDITIONS",
    "LAYOUT_ONLY",
    "QUANTITIES",
    "Corner",
    "Curve",
    "Measurement",
    "StepTrace",
    "Vectors",
    "compared",
    "measure",
]

Floats: TypeAlias = NDArray[np.float64]

CORNERS: Final = ("tt", "ss", "ff", "sf", "fs")
TEMPERATURES: Final = (-40.0, 27.0, 125.0)
CONDITIONS: Final = tuple(simulate.conditions(CORNERS, TEMPERATURES))
"""Where the weighted sum is measured; everything else at tt, and there at 27 C unless it says so."""
TYPICAL: Final = Condition("tt", 27.0)

VECTORS: Final = 128
SEED: Final = 2024
_SWEEP_POINTS: Final = 17
_REFERENCE_POINTS: Final = 33  # for each sign; twice as many move the error by less than 0.003 % of full scale
_OVERDRIVE: Final = 2.0  # how far beyond its full scale one input alone may make the reference transfer
_FLAT: Final = 1e-3  # a part of the steepest slope; where the transfer is flatter it cannot be read backwards
_SLACK: Final = 0.01  # how far beyond the transfer's end a sum may be read, as a part of its range
_DEAD: Final = 1e-3  # of full scale: an output that moves less does not move
_BAND: Final = 0.01  # of the output's full scale, which is an input's, or of the step itself
_HOLD_S: Final = 2e-6  # at 1 uA full scale; charging takes longer with less
_BEFORE_S: Final = 0.1e-6
_RISE_S: Final = 1e-9
_STEP_KEYS: Final = (
    "settling_full",
    "settling_small",
    "settling_full_own",
    "settling_small_own",
    "excursions",
    "overshoot",
)
_LOW, _HIGH, _SMALL = 0.1, 1.0, 0.2  # of full scale


QUANTITIES: Final[Mapping[str, Quantity]] = {
    "sum_error_rms": Quantity("Weighted-sum error, RMS", "%"),
    "sum_error_max": Quantity("Weighted-sum error, largest", "%"),
    "sum_error_after_layout": Quantity("Weighted sum after layout less schematic, RMS", "%"),
    "sum_shift_after_layout": Quantity("Weighted sum by the schematic's transfer, less schematic, RMS", "%"),
    "corner_sum_error_rms": Quantity("Weighted-sum error over the corners, worst RMS", "%"),
    "corner_sum_error_max": Quantity("Weighted-sum error over the corners, largest", "%"),
    "unreferred": Quantity("Random vectors in the flat part of the transfer", "%"),
    "flat_output_error": Quantity("Output error of those vectors, largest", "%"),
    "fit_rms": Quantity("Output against the fitted logistic, RMS", "%"),
    "fit_max": Quantity("Output against the fitted logistic, largest", "%"),
    "slope": Quantity("Slope of the logistic", "1/uA"),
    "centre": Quantity("Centre of the logistic", "uA"),
    "output_low": Quantity("Lowest output of the logistic", "uA"),
    "output_high": Quantity("Highest output of the logistic", "uA"),
    "slope_cold": Quantity("Slope at -40 C against 27 C", "%"),
    "slope_hot": Quantity("Slope at 125 C against 27 C", "%"),
    "slope_drift": Quantity("Slope over temperature, largest change", "%"),
    "corner_output_min": Quantity("Largest output, lowest of the corners", "uA"),
    "corner_output_max": Quantity("Largest output, highest of the corners", "uA"),
    "settling_full": Quantity("Settling of the full step", "us"),
    "settling_small": Quantity("Settling of the smallest step", "us"),
    "settling_full_own": Quantity("Settling of the full step to 1 % of itself", "us"),
    "settling_small_own": Quantity("Settling of the smallest step to 1 % of itself", "us"),
    "excursions": Quantity("Ringing: excursions after settling"),
    "overshoot": Quantity("Overshoot, largest, of its step", "%"),
    "power_mid": Quantity("Power at mid-range", "uW"),
    "power_idle": Quantity("Power without inputs", "uW"),
}
"""All numbers by key. Errors of the sum are parts of the sum's full scale, those of the output of its maximum."""

LAYOUT_ONLY: Final = ("sum_error_after_layout", "sum_shift_after_layout")
"""Keys of numbers that a layout alone has: they compare it with the schematic."""


@dataclass(frozen=True, eq=False)
class Curve:
    """An output [A] along something [A]."""

    x: Floats
    y: Floats


@dataclass(frozen=True, eq=False)
class Vectors:
    """Random input vectors: ideal sums, outputs and referred sums [A]; one that cannot be referred is not a number."""

    sums: Floats
    outputs: Floats
    referred: Floats


@dataclass(frozen=True, eq=False)
class StepTrace:
    """One step and back: which, when it rises and falls, and the output [A] over time [s]."""

    kind: str
    inputs: str
    up_s: float
    down_s: float
    end_s: float
    time: Floats
    output: Floats

    @property
    def size(self) -> float:
        """How far the output goes [A]."""
        before, after = np.interp([self.up_s, self.down_s], self.time, self.output)
        return abs(float(after - before))

    def answers(self, band: float) -> tuple[StepResponse, StepResponse]:
        """How the output answers the step up and the step down, within a band of half-width `band` [A]."""
        return (
            step_response(self.time, self.output, self.up_s, self.down_s, band),
            step_response(self.time, self.output, self.down_s, self.end_s, band),
        )


@dataclass(frozen=True, eq=False)
class Corner:
    """The weighted sum at a condition: errors [% of full scale], largest output [A]; None where there is no number."""

    condition: Condition
    rms: float | None
    largest: float | None
    output_max: float
    fit: Logistic | None


@dataclass(frozen=True, eq=False, kw_only=True)
class Measurement(testbench.Measurement):
    """All that was measured on one netlist.

    Attributes
    ----------
    full_scale
        Of the ideal sum [A]: weights' magnitudes, all inputs at full scale.
    band
        Half-width of the band that steps settle to [A].
    """

    quantities: ClassVar = QUANTITIES

    full_scale: float
    band: float
    alone: Mapping[str, Curve]
    together: Curve
    reference: Curve
    vectors: Vectors
    fit: Logistic | None
    steps: Sequence[StepTrace]
    corners: Sequence[Corner]


def measure(
    spec: NeuronSpec,
    netlists: Sequence[Path],
    *,
    jobs: int = 1,
    progress: Progress | None = None,
    folder: Path | None = None,
) -> list[Measurement]:
    """Measure the neuron of a spec on each of several netlists.

    Parameters
    ----------
    netlists
        Files that hold the subcircuit ``spec.name``.
    jobs, progress, folder
        As `mirrorneuron.flows.simulate.run_many` takes them.

    Raises
    ------
    InputError
        A netlist cannot be read, or is not of this neuron.
    ToolError
        ngspice is missing, broke, or found no solution.
    """
    plan = Plan(spec)
    runs = [(plan.bench(path, condition), condition) for path in netlists for condition in CONDITIONS]
    results = simulate.run_many(runs, jobs=jobs, progress=progress, folder=folder)
    size = len(CONDITIONS)
    return [_Evaluation(plan, results[k * size : (k + 1) * size]).measurement() for k in range(len(netlists))]


def compared(schematic: Measurement, layout: Measurement) -> Measurement:
    """The measurement after layout, with the numbers of `LAYOUT_ONLY` entered: how far it is from the schematic's."""
    numbers = Numbers(layout)

    def apart(referred: Floats) -> float:
        difference = referred - schematic.vectors.referred
        both = np.isfinite(difference)
        if not both.any():
            raise EvidenceError("no random vector could be referred to the sum both before and after layout")
        return 100 * _rms(difference[both]) / layout.full_scale

    numbers.take("sum_error_after_layout", lambda: apart(layout.vectors.referred))
    numbers.take("sum_shift_after_layout", lambda: apart(refer(schematic.reference, layout.vectors.outputs)))
    return replace(layout, numbers=numbers.found, missing=numbers.missing)


class Plan:
    """The analyses of a spec."""

    def __init__(self, spec: NeuronSpec) -> None:
        self.spec = spec
        self.pins = [f"iin{k}" for k in range(len(spec.weights))]
        self.ratios = np.asarray(spec.weights, dtype=float) / spec.reference_units
        self.unit = spec.full_scale_current
        self.full_scale = float(np.abs(self.ratios).sum()) * self.unit
        drawn = random_points(dict.fromkeys(self.pins, (0.0, self.unit)), VECTORS, SEED)
        self.reference = self._reference()
        self.random = np.column_stack([drawn.values[pin] for pin in self.pins])
        self.hold_s = _HOLD_S * max(1.0, 1e-6 / self.unit)

    def sums(self, inputs: Floats) -> Floats:
        """Ideal sums [A] of rows of input currents."""
        return np.asarray(inputs @ self.ratios, dtype=float)

    def _reference(self) -> Floats:
        """Rows of input currents along which the sum rises."""
        rows = np.zeros((1, len(self.pins)))
        for sign in (-1.0, 1.0):
            parts = np.maximum(sign * self.ratios, 0.0)
            if not parts.any():
                continue
            strongest = int(np.argmax(parts))
            needed = float(parts.sum() / parts[strongest])
            direction = (parts > 0).astype(float)
            if needed <= _OVERDRIVE:
                direction = np.zeros(len(parts))
                direction[strongest] = needed
            steps = np.linspace(0.0, self.unit, _REFERENCE_POINTS)[1:, None]
            rows = np.vstack([rows, steps * direction])
        return rows[np.argsort(self.sums(rows), kind="stable")]

    def points(self, inputs: Floats, seed: int | None = None) -> Points:
        """Operating points at rows of input currents."""
        return Points(dict(zip(self.pins, inputs.T, strict=True)), seed=seed)

    def bench(self, netlist: Path, condition: Condition) -> Bench:
        """The bench of a condition: the weighted sum everywhere, the rest where nothing is out of the ordinary."""
        analyses: dict[str, Points | Tran] = {
            "reference": self.points(self.reference),
            "random": self.points(self.random, seed=SEED),
        }
        if condition == TYPICAL:
            ramp = np.linspace(0.0, self.unit, _SWEEP_POINTS)
            still = dict.fromkeys(self.pins, 0.0)
            for pin in self.pins:
                analyses[pin] = Points({**still, pin: ramp})
            analyses["together"] = sweep(ramp, *self.pins)
            analyses["mid"] = sweep(self.unit / 2, *self.pins)
            analyses["idle"] = sweep(0.0, *self.pins)
            analyses.update(self.transients())
        return self.with_analyses(netlist, analyses)

    def with_analyses(self, netlist: Path, analyses: Mapping[str, Points | Tran]) -> Bench:
        """A bench with the neuron's sources, and these analyses."""
        spec = self.spec
        volts = {"vdd": spec.supply, "vss": 0.0, "vref": spec.vref, "iout": spec.vref}
        currents = {"ibias": spec.bias_current, **dict.fromkeys(self.pins, _LOW * self.unit)}
        sources = [Voltage(pin, volt) for pin, volt in volts.items()]
        return Bench(
            netlist, spec.name, [*sources, *(CurrentInput(pin, amp) for pin, amp in currents.items())], analyses
        )

    def transients(self) -> dict[str, Tran]:
        """Steps by ``kind inputs``; inputs that do not move stay at a tenth of full scale."""
        strongest = self.pins[int(np.argmax(np.abs(self.ratios)))]
        moved = {strongest: [strongest]} | ({"all inputs": self.pins} if len(self.pins) > 1 else {})
        return {
            f"{kind} {name}": Tran(
                _BEFORE_S + 2 * self.hold_s,
                dict.fromkeys(
                    pins, step(_LOW * self.unit, high * self.unit, _BEFORE_S, _RISE_S, _BEFORE_S + self.hold_s)
                ),
                self.hold_s / 400,
            )
            for kind, high in (("full", _HIGH), ("small", _SMALL))
            for name, pins in moved.items()
        }


class _Evaluation:
    """From the results of one netlist to its numbers."""

    def __init__(self, plan: Plan, results: Sequence[Result]) -> None:
        self._plan = plan
        self._results = results
        self._typical = next(result for result in results if result.condition == TYPICAL)
        self._numbers = Numbers()

    def measurement(self) -> Measurement:
        plan, typical = self._plan, self._typical
        readings = [self._reading(result) for result in self._results]
        nominal = readings[self._results.index(typical)]
        corners = [reading.corner for reading in readings]
        self._sum_errors(nominal, readings)
        self._logistic(corners)
        traces = self._steps()
        self._power()
        ramp = np.linspace(0.0, plan.unit, _SWEEP_POINTS)
        self._numbers.lack(LAYOUT_ONLY, "schematic and layout were not both simulated")
        found, missing = self._numbers.found, self._numbers.missing
        return Measurement(
            netlist=typical.netlist,
            numbers={key: found[key] for key in QUANTITIES if key in found},
            missing={key: missing[key] for key in QUANTITIES if key in missing},
            conditions=[corner.condition for corner in corners],
            limited=testbench.limited(self._results),
            points=testbench.points(self._results),
            ngspice=typical.ngspice,
            models=typical.models,
            full_scale=plan.full_scale,
            band=_BAND * plan.unit,
            alone={pin: Curve(ramp, output(typical[pin])) for pin in plan.pins},
            together=Curve(ramp, output(typical["together"])),
            reference=nominal.reference,
            vectors=Vectors(nominal.random.x, nominal.random.y, nominal.referred),
            fit=nominal.corner.fit,
            steps=traces,
            corners=corners,
        )

    def _reading(self, result: Result) -> _Reading:
        plan = self._plan
        reference = Curve(plan.sums(plan.reference), output(result["reference"]))
        random = Curve(plan.sums(plan.random), output(result["random"]))
        return _read(result.condition, reference, random, plan.full_scale)

    def _sum_errors(self, nominal: _Reading, readings: Sequence[_Reading]) -> None:
        def worst(of: Sequence[_Reading]) -> list[float]:
            found: list[tuple[float, float]] = []
            for reading in of:
                corner = reading.corner
                if corner.rms is None or corner.largest is None:
                    raise EvidenceError(f"{corner.condition}: {reading.problem}")
                found.append((corner.rms, corner.largest))
            return [max(values) for values in zip(*found, strict=True)]

        self._numbers.take(["sum_error_rms", "sum_error_max"], lambda: worst([nominal]))
        self._numbers.take(["corner_sum_error_rms", "corner_sum_error_max"], lambda: worst(readings))
        self._numbers.take("unreferred", lambda: max(reading.unreferred for reading in readings))
        self._numbers.take("flat_output_error", lambda: max(reading.flat_output_error for reading in readings))
        largest = [1e6 * reading.corner.output_max for reading in readings]
        self._numbers.take(["corner_output_min", "corner_output_max"], lambda: [min(largest), max(largest)])

    def _logistic(self, corners: Sequence[Corner]) -> None:
        def fit(temperature_c: float) -> Logistic:
            corner = next(c for c in corners if c.condition == Condition("tt", temperature_c))
            if corner.fit is None:
                raise EvidenceError(f"no logistic fits the output at {corner.condition}")
            return corner.fit

        def typical() -> list[float]:
            f = fit(27.0)
            return [100 * f.rms, 100 * f.worst, f.slope / 1e6, f.middle * 1e6, f.low * 1e6, f.high * 1e6]

        def drift() -> list[float]:
            cold, hot = (100 * (fit(temperature).slope / fit(27.0).slope - 1) for temperature in (-40.0, 125.0))
            return [cold, hot, max(abs(cold), abs(hot))]

        self._numbers.take(["fit_rms", "fit_max", "slope", "centre", "output_low", "output_high"], typical)
        self._numbers.take(["slope_cold", "slope_hot", "slope_drift"], drift)

    def _steps(self) -> list[StepTrace]:
        plan = self._plan
        down = _BEFORE_S + plan.hold_s
        traces: list[StepTrace] = []
        for name, tran in plan.transients().items():
            kind, _, inputs = name.partition(" ")
            data = self._typical[name]
            traces.append(StepTrace(kind, inputs, _BEFORE_S, down, tran.stop_s, data.x, output(data)))
        band = _BAND * plan.unit
        if float(np.ptp(output(self._typical["reference"]))) < _DEAD * plan.unit:
            self._numbers.lack(_STEP_KEYS, "the output does not move")
            return traces
        for kind in ("full", "small"):
            of_kind = [trace for trace in traces if trace.kind == kind]
            self._numbers.take(f"settling_{kind}", partial(_settling_us, [(trace, band) for trace in of_kind]))
            # A step that inputs of both signs cancel has no size of its own to settle to.
            sized = [(trace, _BAND * trace.size) for trace in of_kind if trace.size > band]
            self._numbers.take(f"settling_{kind}_own", partial(_settling_us, sized))

        def ringing() -> list[float]:
            answers = [answer for trace in traces for answer in trace.answers(band)]
            return [max(a.excursions for a in answers), 100 * max(a.overshoot for a in answers)]

        self._numbers.take(["excursions", "overshoot"], ringing)
        return traces

    def _power(self) -> None:
        inputs = ["ibias", *self._plan.pins]
        watts = [float(power(self._typical[analysis], "vdd", inputs)[0]) for analysis in ("mid", "idle")]
        self._numbers.take(["power_mid", "power_idle"], lambda: [1e6 * watt for watt in watts])


def _settling_us(steps: Sequence[tuple[StepTrace, float]]) -> float:
    """The longest settling of steps, each into its band [A], up or down."""
    if not steps:
        raise EvidenceError("the step moves the output by less than 1 % of full scale")
    longest = 0.0
    for trace, band in steps:
        for answer in trace.answers(band):
            if not math.isfinite(answer.settling_s):
                held = (trace.down_s - trace.up_s) * 1e6
                raise EvidenceError(f"the {trace.kind} step of {trace.inputs} does not settle within {held:g} us")
            longest = max(longest, answer.settling_s)
    return 1e6 * longest


@dataclass(frozen=True, eq=False)
class _Reading:
    """The weighted sum at one condition: outputs along ideal sums; `unreferred` and `flat_output_error` are in %."""

    corner: Corner
    reference: Curve
    random: Curve
    referred: Floats
    unreferred: float
    flat_output_error: float
    problem: str


def _read(condition: Condition, reference: Curve, random: Curve, full_scale: float) -> _Reading:
    """Refer the outputs of random vectors to the sum; `random` is their outputs along their ideal sums."""
    referred = np.full(len(random.x), np.nan)
    problem = ""
    try:
        referred = refer(reference, random.y)
    except EvidenceError as error:
        problem = str(error)
    usable = np.isfinite(referred)
    errors = 100 * (referred[usable] - random.x[usable]) / full_scale
    highest = float(reference.y.max())
    scale = max(highest, np.finfo(float).tiny)  # of a dead output nothing is a part
    expected = PchipInterpolator(reference.x, reference.y)(random.x[~usable])
    flat = 100 * np.abs(random.y[~usable] - expected) / scale
    corner = Corner(
        condition,
        rms=_rms(errors) if len(errors) else None,
        largest=float(np.abs(errors).max()) if len(errors) else None,
        output_max=highest,
        fit=_fit(np.append(reference.x, random.x), np.append(reference.y, random.y)) if usable.any() else None,
    )
    unreferred = 100 * float(np.mean(~usable))
    return _Reading(corner, reference, random, referred, unreferred, float(flat.max(initial=0.0)), problem)


def refer(reference: Curve, outputs: Floats) -> Floats:
    """The sums that give the outputs, by the reference transfer; not a number where that is flat.

    Raises
    ------
    EvidenceError
        No output can be read backwards.
    """
    steep = _steep(reference)
    x, y = reference.x[steep], reference.y[steep]
    transfer = Transfer(x, y)
    slack = _SLACK * float(np.ptp(x))
    low = y[0] - slack * (y[1] - y[0]) / (x[1] - x[0])
    high = y[-1] + slack * (y[-1] - y[-2]) / (x[-1] - x[-2])
    usable = (outputs >= low) & (outputs <= high)
    if not usable.any():
        raise EvidenceError("no output of a random vector lies where the transfer can be read backwards")
    referred = np.full(len(outputs), np.nan)
    referred[usable] = transfer.inverse(outputs[usable], slack=1.0)
    return referred


def _steep(reference: Curve) -> slice:
    """The points about the steepest place of a transfer between which it nowhere is flat, or falls."""
    slopes = np.diff(reference.y) / np.diff(reference.x)
    steepest = int(np.argmax(slopes))
    if not slopes[steepest] > 0:
        raise EvidenceError("the output does not rise with the sum")
    flat = slopes <= _FLAT * slopes[steepest]
    before, after = np.flatnonzero(flat[:steepest]), np.flatnonzero(flat[steepest:])
    first = int(before[-1]) + 1 if len(before) else 0
    last = steepest + int(after[0]) if len(after) else len(slopes)
    return slice(first, last + 1)


def _fit(x: Floats, y: Floats) -> Logistic | None:
    """The logistic through the points; None if there is none, or it falls."""
    try:
        found = fit_logistic(x, y)
    except EvidenceError:
        return None
    return found if found.slope > 0 else None


def output(data: Data) -> Floats:
    """Current out of the output pin [A]."""
    return np.asarray(-data.i("iout"), dtype=float)


def _rms(values: Floats) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _plots(found: Mapping[str, Measurement]) -> list[Plot]:
    from mirrorneuron.flows.testbenches.neuron import (
        plots as neuron_plots,  # matplotlib: a second that bad input need not wait for
    )

    return neuron_plots.plots(found)


def _tables(found: Mapping[str, Measurement]) -> list[Table]:
    """The error of the weighted sum at each corner, after layout if that was measured."""
    name, shown = list(found.items())[-1]
    rms = {str(corner.condition): corner.rms for corner in shown.corners}
    return [testbench.by_corner(f"Weighted-sum error, RMS, % ({name})", rms, shown.conditions)]


BENCH: Final = Testbench(
    spec=NeuronSpec,
    quantities=QUANTITIES,
    layout_only=LAYOUT_ONLY,
    targets=catalog.targets_of("neuron"),
    measure=measure,
    compared=compared,
    plots=_plots,
    tables=_tables,
    spread=SPREAD,
)
"""The testbench of every neuron."""
