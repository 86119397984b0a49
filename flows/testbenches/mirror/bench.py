"""What is measured on a mirror, alike on its schematic and on what was extracted from its layout.

**Ratio error**: an output's current over what it should be, less 1; what it should be is the input's current times
units over units (`mirror_theory.transfer`). Of several outputs the worst, with its sign.

**Compliance**: going down from half the supply, where an output has lost 1 % (5 %) of its current there; from three
quarters of the supply, if at half of it the current still rises ten times as steeply as there.
**Middle of the output range**: between the 1 % compliance and the supply.

**With outputs at the input's voltage** equal units have equal V_DS: then a ratio is its counts, whatever the sizes and
the current, but for base currents and the like (`mirror_theory.equal_error`).

**Output resistance**: of a unit, that is times the units of the output; by small signals, so no difference of two
currents limits it. **Input range**: where the ratio stays within 1 % of what it is at the spec's current.

**Stable**: a small step, of 10 % of an input, and back, settles to 1 % of itself; with steps at 1/50 to 5 times the
spec's current. **Ringing**: how often the output leaves that band again.

**Power-up**: all sources rise from 0 within 10 us; a mirror that makes its own bias may then stay without any, and no
search for an operating point need find that.

**Mismatch**: of the first output's ratio, from samples (`sampling`) by linear regression on what was drawn; so its
parts add up, and it is nearer to the truth than the deviation of so many samples.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias

import numpy as np
from mirrorneuron.flows import simulate, testbench
from mirrorneuron.flows.simulate import Condition, Progress, Result
from mirrorneuron.flows.simulate.bench import Bench, Points
from mirrorneuron.flows.testbench import Numbers, Quantity, Table, Testbench
from mirrorneuron.flows.testbenches.measure import StepResponse, step_response
from mirrorneuron.flows.testbenches.mirror import theory as mirror_theory
from mirrorneuron.flows.testbenches.mirror.plan import (
    BEFORE_S,
    CONDITIONS,
    DYNAMIC,
    INPUTS,
    SMALLEST,
    STARTED,
    STEP,
    TYPICAL,
    Plan,
)
from mirrorneuron.flows.testbenches.mirror.spread import SPREAD
from mirrorneuron.flows.variation import sampling
from mirrorneuron.flows.variation.sampling import Samples, Variation
from mirrorneuron.generators import catalog
from mirrorneuron.generators.cells.mirrors.parts.spec import MirrorSpec
from mirrorneuron.generators.spec import CellSpec
from mirrorneuron.pdk_sky130.errors import EvidenceError
from numpy.typing import NDArray

if TYPE_CHECKING:
    from mirrorneuron.flows.reports.plots import Plot

__all__ = ["LAYOUT_ONLY", "QUANTITIES", "Corner", "Measurement", "bench_of", "compared", "is_default", "measure"]

Floats: TypeAlias = NDArray[np.float64]

_LOSSES: Final = (0.01, 0.05)
_WITHIN: Final = 0.01  # of the ratio at the spec's current
_BAND: Final = 0.01  # of a step
_TAKEN: Final = 1e-4  # of an input that counts as taken may be missing; as `Data.limited` has it
_DEAD: Final = 0.01  # of what an output, or its change, should be: what has less does not work
_OTHERS: Final = 0.1  # of the mismatch: what more is not by gates is more than their area can mend
_STEEP: Final = 0.05  # 1/V: no mirror's lambda is as large
_ABOUT_V: Final = 0.02
_SAMPLES: Final = 192
_MORE_SAMPLES: Final = 24  # for each output beyond the first
_ALONE: Final = 48  # samples where each is a process of its own
_SEED: Final = 1
_APART: Final = 6  # points of the outputs' voltages

QUANTITIES: Final[Mapping[str, Quantity]] = {
    "error_mid": Quantity("Ratio error, middle of the output range", "%"),
    "error_half": Quantity("Ratio error, output at half the supply", "%"),
    "error_top": Quantity("Ratio error, output at the supply", "%"),
    "error_equal": Quantity("Ratio error, output at the input's voltage, less that by hand and half of it", "%"),
    "outputs_apart": Quantity("Outputs' ratios, largest less smallest", "%"),
    "corner_error": Quantity("Ratio error over corners and temperatures, largest", "%"),
    "error_drift": Quantity("Ratio error from -40 to 125 C, change", "%"),
    "output_low": Quantity("Compliance: lowest output voltage, 1 % lost", "V"),
    "output_low_5": Quantity("Compliance: lowest output voltage, 5 % lost", "V"),
    "corner_output_low": Quantity("Compliance (1 %) over corners and temperatures, highest", "V"),
    "output_resistance": Quantity("Output resistance of a unit", "Gohm"),
    "corner_output_resistance": Quantity("Output resistance of a unit over corners and temperatures, lowest", "Gohm"),
    "output_resistance_1m": Quantity("Output impedance of a unit at 1 MHz", "Mohm"),
    "input_voltage": Quantity("Input voltage", "V"),
    "corner_input_voltage": Quantity("Input voltage over corners and temperatures, highest", "V"),
    "input_drift": Quantity("Input voltage's drift, -40 to 125 C", "mV/K"),
    "input_low": Quantity("Smallest input, ratio within 1 %", "uA"),
    "input_high": Quantity("Largest input, ratio within 1 %", "uA"),
    "bandwidth": Quantity("Bandwidth, -3 dB", "MHz"),
    "peaking": Quantity("Peaking", "dB"),
    "bandwidth_small": Quantity("Bandwidth at the smallest input", "MHz"),
    "peaking_small": Quantity("Peaking at the smallest input", "dB"),
    "settling_full": Quantity("Settling to 1 %, step from 10 % to 100 % and back", "us"),
    "overshoot_full": Quantity("Overshoot of that step", "%"),
    "settling_small": Quantity("Settling to 1 %, 10 % step at the smallest input", "us"),
    "ringing": Quantity("Ringing: excursions after settling, most at the inputs below"),
    "stable_low": Quantity("Stable down to an input of, all corners", "uA"),
    "stable_high": Quantity("Stable up to an input of, all corners", "uA"),
    "start": Quantity("Output after power-up over what it is, the worst corner", "%"),
    "supply_current": Quantity("Supply current beside the input's", "uA"),
    "power": Quantity("Power, outputs not counted", "uW"),
    "noise_1k": Quantity("Output noise at 1 kHz", "pA/rtHz"),
    "noise_white": Quantity("Output noise at a tenth of the bandwidth", "pA/rtHz"),
    "noise_rms": Quantity("Output noise, 1 Hz to 1 GHz", "nA"),
    "mismatch": Quantity("Mismatch of the ratio, sigma", "%"),
    "mismatch_vth": Quantity("... of it by thresholds", "%"),
    "mismatch_factor": Quantity("... of it by current factors", "%"),
    "mismatch_area": Quantity("Gate area of a unit for a sigma of 1 %", "um2"),
    "error_after_layout": Quantity("Ratio error after layout less schematic, largest", "%"),
    "input_after_layout": Quantity("Input voltage after layout less schematic", "mV"),
    "resistance_after_layout": Quantity("Output resistance after layout over schematic", "%"),
    "bandwidth_after_layout": Quantity("Bandwidth after layout over schematic", "%"),
}
"""All numbers by key. Voltages are counted from the rail."""

LAYOUT_ONLY: Final = (
    "error_after_layout",
    "input_after_layout",
    "resistance_after_layout",
    "bandwidth_after_layout",
)
"""Keys of numbers that compare the layout with the schematic."""


@dataclass(frozen=True, eq=False)
class Corner:
    """At one condition: outputs' currents over what they should be, at the plan's voltages (a row for each output); the
    compliance and the middle of the output range [V]; the input voltage [V]; the output resistance of a unit [ohm]."""

    condition: Condition
    ratios: Floats
    volts: Floats
    low: float
    middle: float
    input_voltage: float
    resistance: float

    def errors(self, volt: float) -> Floats:
        """Ratio errors of the outputs at a voltage [%]."""
        return np.array([100 * (float(np.interp(volt, self.volts, row)) - 1) for row in self.ratios])


@dataclass(frozen=True, eq=False)
class Steps:
    """A small step and back at an input [A]: output's current [A] over time [s], and how it answers."""

    condition: Condition
    input: float
    time: Floats
    output: Floats
    moves: bool
    answers: tuple[StepResponse, StepResponse]

    @property
    def stable(self) -> bool:
        """Whether it moves, and settles, up and down."""
        return self.moves and all(math.isfinite(answer.settling_s) for answer in self.answers)


@dataclass(frozen=True, eq=False, kw_only=True)
class Measurement(testbench.Measurement):
    """All that was measured on one netlist.

    Attributes
    ----------
    corners
        By condition.
    inputs, transfer
        Inputs that the mirror takes [A], and the first output's current over what it should be, at tt, 27 C.
    frequency, gain
        Of the first output [Hz], over the gain at the lowest frequency.
    impedance_at, impedance
        Output impedance of a unit [ohm].
    noise_at, noise
        Density of the first output's noise [A/sqrt(Hz)].
    full
        Time [s] and first output [A] of the full step.
    steps
        The small ones.
    shares
        What the mismatch comes from: device, part of the variance.
    """

    quantities: ClassVar = QUANTITIES

    outputs: Sequence[str]
    current: float
    current_of_unit: float
    corners: Sequence[Corner]
    inputs: Floats
    transfer: Floats
    frequency: Floats
    gain: Floats
    impedance_at: Floats
    impedance: Floats
    noise_at: Floats
    noise: Floats
    full: tuple[Floats, Floats]
    steps: Sequence[Steps]
    shares: Sequence[tuple[str, float]]

    @property
    def typical(self) -> Corner:
        """At tt, 27 C."""
        return next(corner for corner in self.corners if corner.condition == TYPICAL)

    def resistances(self) -> Floats:
        """Output resistance of a unit of the first output [ohm], by differences over 60 mV at 1.8 V: for the eye."""
        row, volts = self.typical.ratios[0], self.typical.volts
        change = row[_APART:] - row[:-_APART]
        across = volts[_APART:] - volts[:-_APART]
        with np.errstate(divide="ignore"):
            return np.asarray(across / (change * self.current_of_unit), dtype=float)

    def curves(self) -> dict[str, Any]:
        """At tt, 27 C: the outputs' errors, impedance, transfer, gain, noise."""
        return {
            "ratio_error": {
                "volt": self.typical.volts.tolist(),
                "percent": dict(zip(self.outputs, (100 * (self.typical.ratios - 1)).tolist(), strict=True)),
            },
            "output_impedance": {"hertz": self.impedance_at.tolist(), "ohm": self.impedance.tolist()},
            "transfer": {"ampere": self.inputs.tolist(), "ratio": self.transfer.tolist()},
            "gain": {"hertz": self.frequency.tolist(), "ratio": self.gain.tolist()},
            "noise": {"hertz": self.noise_at.tolist(), "ampere_per_rthz": self.noise.tolist()},
            "mismatch": dict(self.shares[:12]),
        }


def measure(
    spec: MirrorSpec,
    netlists: Sequence[Path],
    *,
    jobs: int = 1,
    progress: Progress | None = None,
    folder: Path | None = None,
) -> list[Measurement]:
    """Measure the mirror of a spec on each of several netlists.

    Parameters
    ----------
    netlists
        Files that hold the subcircuit ``spec.name``.
    jobs, progress, folder
        As `mirrorneuron.flows.simulate.run_many` takes them.

    Raises
    ------
    InputError
        A netlist cannot be read, or is not of this mirror.
    ToolError
        ngspice is missing, broke, or found no solution.
    """
    plan = Plan(spec)
    count = len(CONDITIONS)

    def run(name: str, runs: Sequence[tuple[Bench, Condition]], part: int) -> list[Result]:
        def told(done: int, of: int, what: str) -> None:
            if progress is not None:
                progress(100 * part + 100 * done // of, 300, what)

        return simulate.run_many(runs, jobs=jobs, progress=told, folder=folder / name if folder else None)

    first = run("dc", [(plan.first(path), one) for path in netlists for one in CONDITIONS], 0)
    views = [[_View(plan, result) for result in first[k * count : (k + 1) * count]] for k in range(len(netlists))]
    runs = [one for path, of in zip(netlists, views, strict=True) for one in _second(plan, path, of)]
    second = run("dynamics", runs, 1)
    size = len(runs) // len(netlists)
    found: list[Measurement] = []
    for k, (path, of) in enumerate(zip(netlists, views, strict=True)):
        samples = _sampled(plan, path, folder / f"mismatch{k}" if folder else None)
        found.append(_Evaluation(plan, of, second[k * size : (k + 1) * size], samples).measurement())
        if progress is not None:
            progress(200 + 100 * (k + 1) // len(netlists), 300, "mismatch")
    return found


def compared(schematic: Measurement, layout: Measurement) -> Measurement:
    """The measurement after layout, with how far it is from the schematic's entered."""
    numbers = Numbers(layout)

    def both(key: str) -> tuple[float, float]:
        for one in (schematic, layout):
            if key not in one.numbers:
                raise EvidenceError(one.missing.get(key, f"{key} was not measured"))
        return schematic.numbers[key], layout.numbers[key]

    def error() -> float:
        middle = schematic.typical.middle
        return _worst(layout.typical.errors(middle) - schematic.typical.errors(middle))

    def part(key: str) -> float:
        before, after = both(key)
        return 100 * after / before

    numbers.take("error_after_layout", error)
    numbers.take("input_after_layout", lambda: -1e3 * float(np.subtract(*both("input_voltage"))))
    numbers.take("resistance_after_layout", lambda: part("output_resistance"))
    numbers.take("bandwidth_after_layout", lambda: part("bandwidth"))
    return replace(layout, numbers=numbers.found, missing=numbers.missing)


def _beyond(value: float, slack: float) -> float:
    """How far a value is from 0, with its sign, beyond `slack` on either side."""
    return math.copysign(max(0.0, abs(value) - slack), value)


def _worst(errors: Floats) -> float:
    """The one of largest magnitude, with its sign."""
    return float(errors[np.abs(errors).argmax()])


class _View:
    """What the first round says at one condition."""

    def __init__(self, plan: Plan, result: Result) -> None:
        self.condition = result.condition
        self.result = result
        sign = plan.side.sign
        outputs, swept = result["outputs"], result["input"]
        currents = sign * np.array([outputs.i(pin) for pin in plan.outputs])
        self.volts = plan.volts
        self.ratios = currents / plan.current / plan.ideal[:, None]
        start = plan.held if self._rises(plan.half) > max(_STEEP, 10 * self._rises(plan.held)) else plan.half
        self.lows = [self._low(start, loss) for loss in _LOSSES]
        low = self.lows[0]
        self.middle = plan.held if low is None else (low + plan.spec.supply) / 2
        # A Wilson mirror whose output is too low takes no input either, less and less of it.
        refused = np.abs(sign * outputs.i("iin") / plan.current - 1) > _LOSSES[0]
        self.refuses = bool(refused[plan.volts >= (plan.held if low is None else low)].any())
        nominal = result["nominal"]
        self.input_voltage = float(plan.volt(nominal.v("iin"))[0])
        other = plan.side.other
        self.supply_current = abs(float(nominal.i(other)[0])) if other in plan.pins else 0.0
        into = sign * swept.i("iin")
        self.taken = np.abs(into - plan.inputs) <= _TAKEN * plan.inputs
        self.transfer = sign * swept.i(plan.outputs[0]) / into / plan.ideal[0]

    def _at(self, volt: float) -> Floats:
        return np.array([np.interp(volt, self.volts, row) for row in self.ratios])

    def _rises(self, volt: float) -> float:
        """How steeply the outputs rise at a voltage, the steepest [1/V]."""
        return float(np.abs(self._at(volt + _ABOUT_V) - self._at(volt - _ABOUT_V)).max()) / (2 * _ABOUT_V)

    def _low(self, start: float, loss: float) -> float | None:
        """The lowest voltage, going down from `start`, at which all outputs keep their current but for `loss`."""
        at_start = self._at(start)
        if not (at_start > _DEAD).all():
            return None
        kept = (self.ratios / at_start[:, None]).min(axis=0)
        below = np.flatnonzero((self.volts < start) & (kept < 1 - loss))
        if not len(below):
            return None
        here = slice(int(below[-1]), int(below[-1]) + 2)
        return float(np.interp(1 - loss, kept[here], self.volts[here]))

    def takes(self, current: float, inputs: Floats) -> bool:
        """Whether the mirror takes an input of this current [A] and a little more."""
        refused = inputs[~self.taken]
        return not len(refused) or current * 1.2 < float(refused.min())


def _second(plan: Plan, netlist: Path, views: Sequence[_View]) -> list[tuple[Bench, Condition]]:
    """The runs of the second round: typical ones, the smallest input, every condition, then power-up."""
    runs: list[tuple[Bench, Condition]] = []
    for view in views:
        if view.condition == TYPICAL:
            runs.append((plan.typical(netlist, view.middle), TYPICAL))
            runs.append((plan.small(netlist, plan.side.sign * SMALLEST * plan.current, view.middle), TYPICAL))
    runs = [*runs, *((plan.anywhere(netlist, view.middle), view.condition) for view in views)]
    for view in views:
        if view.condition in DYNAMIC:
            parts = [part for part in INPUTS if part <= 1 or view.takes(part * plan.current, plan.inputs)]
            runs.append((plan.steps(netlist, view.middle, parts), view.condition))
    runs += [(plan.power_up(netlist, view.middle), view.condition) for view in views if view.condition in STARTED]
    return runs


def _sampled(plan: Plan, netlist: Path, folder: Path | None) -> Samples:
    count = _SAMPLES + _MORE_SAMPLES * (len(plan.outputs) - 1)
    if mirror_theory.has_others(plan.spec):
        count = _ALONE
    bench = plan.bench(netlist, {"nominal": Points()})
    return sampling.sample(bench, TYPICAL, Variation(count, _SEED, method="lhs"), folder=folder)


class _Evaluation:
    """From the results of one netlist to its numbers."""

    def __init__(self, plan: Plan, views: Sequence[_View], results: Sequence[Result], samples: Samples) -> None:
        self._plan = plan
        self._views = views
        self._results = results
        self._typical, self._small = results[:2]
        self._anywhere = results[2 : 2 + len(views)]
        rest = results[2 + len(views) :]
        stepped = len(rest) - sum(view.condition in STARTED for view in views)
        self._stepped, self._started = rest[:stepped], rest[stepped:]
        self._samples = samples
        self._numbers = Numbers()

    def measurement(self) -> Measurement:
        plan = self._plan
        units = np.array([plan.spec.counts[pin] for pin in plan.outputs], dtype=float)
        corners = [
            Corner(
                condition=view.condition,
                ratios=view.ratios,
                volts=view.volts,
                low=math.nan if view.lows[0] is None else view.lows[0],
                middle=view.middle,
                input_voltage=view.input_voltage,
                resistance=float(units[0] * _resistance(result["out"].i(plan.outputs[0])[0])),
            )
            for view, result in zip(self._views, self._anywhere, strict=True)
        ]
        typical = next(corner for corner in corners if corner.condition == TYPICAL)
        view = next(view for view in self._views if view.condition == TYPICAL)
        self._static(typical, view, corners)
        self._input(typical, view, corners)
        impedance = self._output(units, corners)
        gain = self._transfer()
        steps = self._steps()
        self._numbers.take("start", self._start)
        full = self._full()
        self._noise()
        shares = self._mismatch()
        self._numbers.lack(LAYOUT_ONLY, "schematic and layout were not both simulated")
        found, missing = self._numbers.found, self._numbers.missing
        first = [view.result for view in self._views]
        # The sweeps go to where a mirror takes no input: they are looked at themselves.
        held = [replace(result, data={"nominal": result["nominal"]}) for result in first]
        # An input at which the mirror rings may go as far; which ones those are is said by `stable`.
        name = plan.step_name(1.0)
        held += [replace(result, data={name: result[name]}) for result in self._stepped]
        refusing = [f"iin (outputs, {view.condition})" for view in self._views if view.refuses]
        noise = self._typical["noise"]
        pin = plan.outputs[0]
        return Measurement(
            netlist=self._typical.netlist,
            numbers={key: found[key] for key in QUANTITIES if key in found},
            missing={key: missing[key] for key in QUANTITIES if key in missing},
            conditions=[corner.condition for corner in corners],
            limited=(*testbench.limited([*held, self._typical, *self._anywhere]), *refusing),
            points=testbench.points(first),
            ngspice=self._typical.ngspice,
            models=self._typical.models,
            outputs=plan.outputs,
            current=plan.current,
            current_of_unit=float(plan.current * plan.ideal[0] / units[0]),
            corners=corners,
            inputs=plan.inputs[view.taken],
            transfer=view.transfer[view.taken],
            frequency=self._typical["transfer"].x,
            gain=gain,
            impedance_at=self._typical[f"out {pin}"].x,
            impedance=impedance,
            noise_at=noise.x,
            noise=np.asarray(noise.i(pin), dtype=float),
            full=full,
            steps=steps,
            shares=shares,
        )

    def _static(self, typical: Corner, view: _View, corners: Sequence[Corner]) -> None:
        plan, take = self._plan, self._numbers.take
        take("error_mid", lambda: _worst(typical.errors(_middle(typical))))
        take("error_half", lambda: _worst(typical.errors(plan.half)))
        take("error_top", lambda: _worst(typical.errors(plan.spec.supply)))
        by_hand = mirror_theory.equal_error(plan.spec)
        take("error_equal", lambda: _beyond(_worst(typical.errors(typical.input_voltage)) - by_hand, abs(by_hand) / 2))
        take("outputs_apart", lambda: float(np.ptp(typical.errors(_middle(typical)))))
        take("corner_error", lambda: _worst(np.concatenate([one.errors(_middle(one)) for one in corners])))
        at_temperature = [one for one in corners if one.condition.corner == "tt"]

        def drift() -> float:
            return float(np.ptp([one.errors(_middle(one)) for one in at_temperature], axis=0).max())

        take("error_drift", drift)
        for key, low in zip(("output_low", "output_low_5"), view.lows, strict=True):
            take(key, partial(_known, low, "the outputs carry no current, or lose none down to the rail"))
        take("corner_output_low", lambda: max(_lowest(one) for one in corners))
        take("supply_current", lambda: 1e6 * (view.supply_current + plan.bias))
        take("power", lambda: 1e6 * plan.spec.supply * (plan.current + plan.bias + view.supply_current))

    def _input(self, typical: Corner, view: _View, corners: Sequence[Corner]) -> None:
        take, plan = self._numbers.take, self._plan
        take("input_voltage", lambda: typical.input_voltage)
        take("corner_input_voltage", lambda: max(one.input_voltage for one in corners))
        ends = [
            next(one for one in corners if one.condition == Condition("tt", temperature)) for temperature in (-40, 125)
        ]
        take("input_drift", lambda: 1e3 * (ends[1].input_voltage - ends[0].input_voltage) / 165)

        def within() -> tuple[float, float]:
            nominal = int(np.abs(np.log(plan.inputs / plan.current)).argmin())
            at_nominal = float(np.interp(plan.current, plan.inputs, view.transfer))
            good = view.taken & (np.abs(view.transfer / at_nominal - 1) <= _WITHIN)
            if not good[nominal]:
                raise EvidenceError("the ratio at the spec's current is not what it is beside it")
            bad = np.flatnonzero(~good)
            below, above = bad[bad < nominal], bad[bad > nominal]
            first = int(below[-1]) + 1 if len(below) else 0
            last = int(above[0]) - 1 if len(above) else len(good) - 1
            return 1e6 * float(plan.inputs[first]), 1e6 * float(plan.inputs[last])

        take(["input_low", "input_high"], within)

    def _output(self, units: Floats, corners: Sequence[Corner]) -> Floats:
        plan = self._plan
        curves = [
            count * np.abs(1 / self._typical[f"out {pin}"].i(pin))
            for pin, count in zip(plan.outputs, units, strict=True)
        ]
        each = [
            count * _resistance(self._typical[f"out {pin}"].i(pin)[0])
            for pin, count in zip(plan.outputs, units, strict=True)
        ]
        at = self._typical[f"out {plan.outputs[0]}"].x
        take = self._numbers.take
        take("output_resistance", lambda: 1e-9 * _positive(min(each)))
        take("corner_output_resistance", lambda: 1e-9 * _positive(min(one.resistance for one in corners)))
        take("output_resistance_1m", lambda: 1e-6 * min(float(np.interp(1e6, at, curve)) for curve in curves))
        return np.asarray(curves[0], dtype=float)

    def _transfer(self) -> Floats:
        plan = self._plan

        def figures(result: Result, name: str) -> tuple[float, float]:
            found = [
                _band(result[name].x, np.abs(result[name].i(pin)), _DEAD * ideal)
                for pin, ideal in zip(plan.outputs, plan.ideal.tolist(), strict=True)
            ]
            return 1e-6 * min(one[0] for one in found), max(one[1] for one in found)

        take = self._numbers.take
        take(["bandwidth", "peaking"], lambda: figures(self._typical, "transfer"))
        take(["bandwidth_small", "peaking_small"], lambda: figures(self._small, "small"))
        gain = np.abs(self._typical["transfer"].i(plan.outputs[0]))
        return np.asarray(gain / max(float(gain[0]), np.finfo(float).tiny), dtype=float)

    def _start(self) -> float:
        """The outputs' end after power-up, over the operating point that is measured elsewhere [%]; the worst."""
        plan = self._plan
        found: list[float] = []
        for result in self._started:
            view = next(view for view in self._views if view.condition == result.condition)
            for pin, row, ideal in zip(plan.outputs, view.ratios, plan.ideal.tolist(), strict=True):
                end = plan.side.sign * float(result["start"].i(pin)[-1]) / plan.current / ideal
                found.append(100 * end / float(np.interp(view.middle, view.volts, row)))
        return max(found, key=lambda one: abs(one - 100))

    def _steps(self) -> list[Steps]:
        plan = self._plan
        found: list[Steps] = []
        for result in self._stepped:
            for part in INPUTS:
                name = plan.step_name(part)
                if name not in result.data:
                    continue
                data, hold = result[name], plan.hold_s(part)
                output = plan.side.sign * data.i(plan.outputs[0])
                size = abs(float(np.diff(np.interp([BEFORE_S, BEFORE_S + hold], data.x, output))[0]))
                least = _DEAD * (STEP - 1) * part * plan.current * float(plan.ideal[0])
                answers = _answers(data.x, output, hold, _BAND * max(size, least))
                found.append(Steps(result.condition, part * plan.current, data.x, output, size > least, answers))
        self._numbers.take("settling_small", lambda: _settling(found[0] if found else None, plan))
        self._numbers.take("ringing", lambda: max(answer.excursions for one in found for answer in one.answers))

        def stable(down: bool) -> float:
            reached = math.nan
            for part in sorted((p for p in INPUTS if (p <= 1 if down else p >= 1)), reverse=down):
                here = [one for one in found if one.input == part * plan.current]
                if len(here) < len(DYNAMIC) or not all(one.stable for one in here):
                    break
                reached = 1e6 * part * plan.current
            if math.isnan(reached):
                raise EvidenceError("a small step at the spec's own current does not settle at every corner")
            return reached

        self._numbers.take("stable_low", lambda: stable(True))
        self._numbers.take("stable_high", lambda: stable(False))
        return found

    def _full(self) -> tuple[Floats, Floats]:
        plan = self._plan
        data, hold = self._typical["full"], plan.hold_s(0.1)
        output = plan.side.sign * data.i(plan.outputs[0])
        at_end = abs(float(np.interp(BEFORE_S + hold, data.x, output)))

        def figures() -> tuple[float, float]:
            if not at_end > _DEAD * plan.current * float(plan.ideal[0]):
                raise EvidenceError("the full step does not move the output")
            answers = _answers(data.x, output, hold, _BAND * at_end)
            longest = max(answer.settling_s for answer in answers)
            if not math.isfinite(longest):
                raise EvidenceError(f"the full step does not settle within {1e6 * hold:.3g} us")
            return 1e6 * longest, 100 * max(answer.overshoot for answer in answers)

        self._numbers.take(["settling_full", "overshoot_full"], figures)
        return data.x, np.asarray(output, dtype=float)

    def _noise(self) -> None:
        data = self._typical["noise"]
        at, density = data.x, np.asarray(data.i(self._plan.outputs[0]), dtype=float)

        def there(hertz: float) -> float:
            return 1e12 * float(np.exp(np.interp(np.log(hertz), np.log(at), np.log(density))))

        def white() -> float:
            bandwidth = self._numbers.found.get("bandwidth")
            if bandwidth is None:
                raise EvidenceError("there is no bandwidth to take a part of")
            return there(1e5 * bandwidth)

        self._numbers.take("noise_1k", lambda: there(1e3))
        self._numbers.take("noise_white", white)
        self._numbers.take("noise_rms", lambda: 1e9 * float(np.sqrt(np.trapezoid(density**2, at))))

    def _mismatch(self) -> list[tuple[str, float]]:
        plan, samples = self._plan, self._samples
        data = samples["nominal"]
        ratio = (data.i(plan.outputs[0]) / data.i("iin"))[:, 0]
        names = samples.names
        shares: dict[str, float] = {}

        def figures() -> list[float]:
            if len(samples) < len(names) + 8:
                raise EvidenceError(f"{len(samples)} samples do not tell the parts of {len(names)} terms")
            drawn = np.column_stack([np.ones(len(samples)), samples.drawn])
            effects = 100 * np.linalg.lstsq(drawn, ratio / ratio.mean(), rcond=None)[0][1:]
            by_threshold = np.array([name.endswith(".vth") for name in names])
            for name, effect in zip(names, effects, strict=True):
                device = name.rpartition(".")[0]
                shares[device] = shares.get(device, 0.0) + float(effect**2)
            parts = [float(np.sqrt((effects[which] ** 2).sum())) for which in (by_threshold, ~by_threshold)]
            return [math.hypot(*parts), *parts]

        keys = ["mismatch", "mismatch_vth", "mismatch_factor"]
        self._numbers.take(keys, figures)
        thresholds = [name.endswith(".vth") for name in names]
        if all(thresholds):
            self._numbers.lack(["mismatch_factor"], "the models vary the transistors' thresholds alone")
        if not any(thresholds):
            self._numbers.lack(["mismatch_vth"], "nothing in it has a threshold")
        area = mirror_theory.gate_area(plan.spec)

        def needed() -> float:
            sigma = self._numbers.found.get("mismatch")
            if sigma is None or not area:
                raise EvidenceError("there is no gate area, or no sigma")
            if self._numbers.found.get("mismatch_factor", 0.0) > _OTHERS * sigma:
                raise EvidenceError("not the gates alone make the mismatch")
            return area * sigma**2

        self._numbers.take("mismatch_area", needed)
        total = sum(shares.values()) or 1.0
        return sorted(((name, share / total) for name, share in shares.items()), key=lambda one: -one[1])


def _lowest(corner: Corner) -> float:
    """The compliance of a corner [V].

    Raises
    ------
    EvidenceError
        None was found, so the output range has no middle either.
    """
    if not math.isfinite(corner.low):
        raise EvidenceError(f"{corner.condition}: the outputs have no lowest voltage, so their range has no middle")
    return corner.low


def _middle(corner: Corner) -> float:
    """The middle of a corner's output range [V], if it has one."""
    _lowest(corner)
    return corner.middle


def _known(value: float | None, why: str) -> float:
    if value is None:
        raise EvidenceError(why)
    return value


def _positive(ohm: float) -> float:
    if not ohm > 0:
        raise EvidenceError(f"the output's resistance is {ohm:.3g} ohm: the current falls as the voltage rises")
    return ohm


def _resistance(admittance: complex) -> float:
    """What the real part of an admittance says [ohm]."""
    real = float(np.real(admittance))
    return 1 / real if real else math.inf


def _band(frequency: Floats, gain: Floats, least: float) -> tuple[float, float]:
    """-3 dB bandwidth [Hz] and peaking [dB], against the lowest frequency, where there is a gain of at least `least`.

    A gain so small that what passes the transistors' capacitances is more, as a Widlar mirror's, does not fall: then it
    is where it has risen by 3 dB. One that stays within 3 dB has at least the highest frequency, which is told.

    Raises
    ------
    EvidenceError
        There is no gain.
    """
    if not gain[0] > least:
        raise EvidenceError("the input does not move the output")
    decibel = 20 * np.log10(np.maximum(gain / gain[0], 1e-12))
    edge = 20 * math.log10(math.sqrt(2))
    falls = -decibel if (decibel < -edge).any() else decibel
    below = np.flatnonzero(falls > edge)
    if not len(below):
        return float(frequency[-1]), max(0.0, float(decibel.max()))
    here = slice(int(below[0]) - 1, int(below[0]) + 1)
    at = float(np.exp(np.interp(edge, falls[here], np.log(frequency[here]))))
    return at, max(0.0, float(decibel.max()))


def _answers(time: Floats, output: Floats, hold: float, band: float) -> tuple[StepResponse, StepResponse]:
    middle = BEFORE_S + hold
    return (
        step_response(time, output, BEFORE_S, middle, band),
        step_response(time, output, middle, middle + hold, band),
    )


def _settling(step: Steps | None, plan: Plan) -> float:
    """The longer settling of a step and back, at tt, 27 C and the smallest input [us]."""
    if step is None or step.condition != TYPICAL or step.input != SMALLEST * plan.current:
        raise EvidenceError("the smallest step was not simulated")
    if not step.moves:
        raise EvidenceError("the smallest step does not move the output")
    longest = max(answer.settling_s for answer in step.answers)
    if not math.isfinite(longest):
        raise EvidenceError(f"the smallest step does not settle within {1e6 * plan.hold_s(SMALLEST):.3g} us")
    return 1e6 * longest


def _plots(found: Mapping[str, Measurement]) -> list[Plot]:
    from mirrorneuron.flows.testbenches.mirror import plots as mirror_plots  # matplotlib, as slow as all else to import

    return mirror_plots.plots(found)


def _tables(found: Mapping[str, Measurement]) -> list[Table]:
    """Ratio error, compliance and output resistance by corner."""
    name, shown = list(found.items())[-1]
    at = [(str(corner.condition), corner) for corner in shown.corners]
    numbers: list[tuple[str, dict[str, float | None]]] = [
        (f"Ratio error, % ({name})", {key: _worst(one.errors(one.middle)) for key, one in at}),
        (f"Compliance (1 %), V ({name})", {key: one.low if math.isfinite(one.low) else None for key, one in at}),
        (f"Output resistance, Gohm ({name})", {key: 1e-9 * one.resistance for key, one in at}),
        (f"Input voltage, V ({name})", {key: one.input_voltage for key, one in at}),
    ]
    tables = [testbench.by_corner(title, values, shown.conditions) for title, values in numbers]
    shares: list[list[str | float | None]] = [[device, round(100 * share, 1)] for device, share in shown.shares[:6]]
    return [*tables, Table([f"Mismatch by device ({name})", "share of the variance, %"], shares)]


def is_default(spec: CellSpec) -> bool:
    """Whether a spec is its cell's own but for its name."""
    return type(spec)(name=spec.name) == spec


def bench_of(spec: CellSpec) -> Testbench[MirrorSpec, Measurement]:
    """The testbench of a mirror.

    All mirrors have the targets in ``mirror.targets.yaml``, whatever their spec. Those of a cell's own,
    ``<cell>.targets.yaml``, are for its default spec: what other ratios, sizes and currents give differs by law, and
    the user's own targets say what it must be.
    """
    common, *own = catalog.targets_of(spec.cell)
    return Testbench(
        spec=MirrorSpec,
        quantities=QUANTITIES,
        layout_only=LAYOUT_ONLY,
        targets=(common, *own) if is_default(spec) else (common,),
        measure=measure,
        compared=compared,
        plots=_plots,
        tables=_tables,
        spread=SPREAD,
        theory=mirror_theory.theory,
    )
