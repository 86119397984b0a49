"""The ways to a solution of a bench's analyses at a condition.

Operating points are a sweep of ``sel``, of which all sources are functions (`Course`). Ways to a solution, in order:

======  ==============================================================================================================
sweep   operating points as described; within it ngspice helps itself with gmin stepping, then source stepping
single  each operating point that is left, from nothing, with the same help
trap    a transient by the trapezoidal rule
gear    a transient by Gear's method
ac      small signals, or noise, about the operating point that ngspice finds
ramp    all sources rise from zero in a transient; where that settles is the guess from which ngspice starts
======  ==============================================================================================================

ngspice's own transient search for an operating point is off: it reports success on circuits that have no solution.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from mirrorneuron.flows.simulate import rawfile
from mirrorneuron.flows.simulate.bench import CLAMP_A_PER_V2, Ac, Analysis, Noise, Points, Pwl, Tran, Voltage
from mirrorneuron.flows.simulate.course import Course
from mirrorneuron.flows.simulate.deck import Setup
from mirrorneuron.flows.simulate.ngspice import DC, TRAN, Process, UnsolvedError
from mirrorneuron.pdk_sky130.errors import NetlistError, ToolFailedError
from numpy.typing import NDArray

__all__ = ["Attempts", "Data", "assembled", "outside"]

Array: TypeAlias = NDArray[Any]
Floats: TypeAlias = NDArray[np.float64]

_RAMP_S: Final = 50e-6
_SETTLED_S: Final = 200e-6
# A current input counts as limited when its clamp takes this part of its current, or of 1 nA if that is more.
_LIMITED: Final = 1e-4
_LEAST_A: Final = 1e-9
# All that a noise analysis gives: it calls it an error if a part is not saved.
_NOISES: Final = ("onoise_spectrum", "inoise_spectrum", "onoise_total", "inoise_total")


@dataclass(frozen=True)
class Data:
    """Arrays of one analysis, along ``x``: the point's number, the time [s] or the frequency [Hz].

    ``ways`` tells how the solutions were reached: way, and for how many points; ngspice's own help has its own entry.
    Of noise there is a density alone, of its output, in ``amps``.
    ``limited`` names the current inputs whose current the circuit did not take wholly (see `CurrentInput`).
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


def _named(arrays: Mapping[str, Array], name: str, what: str) -> Array:
    try:
        return arrays[name.lower()]
    except KeyError:
        raise NetlistError(f"no {what} {name}; there are {', '.join(sorted(arrays))}") from None


class Attempts(Process):
    """The ways to a solution for some analyses of a setup: all operating points together, or another one alone."""

    def __init__(
        self,
        setup: Setup,
        analyses: Mapping[str, Analysis],
        folder: Path,
        timeout_s: float,
        guess: Mapping[str, float] | None = None,
    ) -> None:
        """Nothing is run yet; `guess`: about where the operating points' nodes are [V]."""
        super().__init__(setup, f"{setup.name}, {', '.join(analyses)}", folder, timeout_s)
        self._analyses = analyses
        self._guess: dict[str, float] = dict(guess or {})

    def data(self) -> dict[str, Data]:
        """Try one way after the other.

        Raises
        ------
        ToolError
            No way led to a solution, or ngspice broke; with what it said about it.
        """
        found: dict[str, Data] = {}
        points: dict[str, Points] = {}
        for name, analysis in self._analyses.items():
            if isinstance(analysis, Points):
                points[name] = analysis
            else:
                found[name] = self._tran(analysis) if isinstance(analysis, Tran) else self._small(analysis)
        return {**found, **self._points(points)} if points else found

    # Operating points

    def _points(self, analyses: Mapping[str, Points]) -> dict[str, Data]:
        course = Course(list(analyses.values()), self.sources)
        count = len(course)
        table = np.full((count, len(self.vectors)), np.nan)
        left = np.arange(count)
        for way, attempt in (("sweep", self._sweep), ("single", self._single), ("ramp", self._ramps)):
            if way == "sweep" and count == 1:
                continue
            try:
                for plot in attempt(course, left):
                    self._enter(plot, course, table)
            except UnsolvedError as error:
                self.complain(way, error)
            still = self._unsolved(way, table, course)
            if len(still) < len(left):
                self.ways[way] += len(left) - len(still)
            left = still
            if not len(left):
                break
        else:
            first = ", ".join(f"{pin}={value:g}" for pin, value in course.at(left[0]).items())
            raise self._failure(f"{len(left)} of {count} operating points, the first at {first},")
        found: dict[str, Data] = {}
        start = 0
        for name, analysis in analyses.items():
            rows = slice(start, start + len(analysis))
            arrays = {column: table[rows, k] for k, column in enumerate(self.vectors)}
            given = {pin: values[rows] for pin, values in course.values.items()}
            found[name] = self._data(np.arange(len(analysis), dtype=float), "point", arrays, given, analysis.seed)
            start = rows.stop
        return found

    def _enter(self, plot: rawfile.Plot, course: Course, table: Floats) -> None:
        """Enter the rows that carry the number of a point."""
        rows, points = course.matches(np.real(self.vector(plot, "v(sel)")))
        for k, name in enumerate(self.vectors):
            table[points, k] = np.real(self.named(plot, name))[rows]

    def _unsolved(self, way: str, table: Floats, course: Course) -> NDArray[np.intp]:
        """Points without all their numbers; those of a point outside the rails are struck out first."""
        volts = table[:, : len(self.voltages)]
        low, high = course.rails(self.setup.bench.rail_margin_v)
        beyond = (volts < low[:, None]) | (volts > high[:, None])  # false where it is not a number
        for point, k in np.argwhere(beyond)[:1]:
            self.complain(way, outside(self.voltages[k], volts[point, k], low[point], high[point]))
        table[beyond.any(axis=1)] = np.nan
        return np.flatnonzero(~np.isfinite(table).all(axis=1))

    def _sweep(self, course: Course, left: NDArray[np.intp]) -> list[rawfile.Plot]:
        del left  # a sweep goes through all points
        commands = [f"dc vsel 1 {course.last} 1", "write out.raw"]
        return self.execute("sweep", [*self.moving(course), *self.nodesets(self._guess)], commands)

    def _single(self, course: Course, left: NDArray[np.intp]) -> list[rawfile.Plot]:
        commands = ["set appendwrite"]
        for point in left:
            commands += [f"alter vsel = {course.position(point)}", "op", "write out.raw", "destroy all"]
        return self.execute("single", [*self.moving(course), *self.nodesets(self._guess)], commands)

    def _ramps(self, course: Course, left: NDArray[np.intp]) -> list[rawfile.Plot]:
        plots: list[rawfile.Plot] = []
        for point in left:
            values = course.at(point)
            self._ramp(values)
            deck = [*self.still(values), f"vsel sel 0 {course.position(point)}", *self.nodesets(self._guess), DC]
            plots += self.execute("ramp-op", deck, ["op", "write out.raw"])
        return plots

    # The other analyses

    def _tran(self, analysis: Tran) -> Data:
        values = self.own_values()
        starts = {pin: float(wave.at(0.0)) for pin, wave in analysis.waves.items()}
        step = analysis.max_step_s
        commands = [f"tran {step!r} {analysis.stop_s!r} 0 {step!r}", "write out.raw"]
        # Where the first fails, the start is to blame more often than the method, which may then take minutes.
        for way, method in (("trap", "trap"), ("ramp", "gear"), ("gear", "gear")):
            try:
                if way == "ramp":
                    self._ramp({**values, **starts})
                deck = [
                    *self.still(values, analysis.waves),
                    "vsel sel 0 0",
                    *self.nodesets(self._guess),
                    f".option reltol={analysis.reltol!r} method={method}",
                ]
                plot = self.execute(way, deck, commands)[-1]
                x = np.real(self.vector(plot, "time"))
                if not len(x) or x[-1] < analysis.stop_s * (1 - 1e-9):
                    raise UnsolvedError(f"it ended at {x[-1] if len(x) else 0:g} s of {analysis.stop_s:g} s")
                arrays = {name: np.real(self.named(plot, name)) for name in self.vectors}
                given = {pin: np.full(len(x), value) for pin, value in values.items()}
                given.update({pin: wave.at(x) for pin, wave in analysis.waves.items()})
                self._check(arrays, given)
            except UnsolvedError as error:
                self.complain(way, error)
                continue
            self.ways[way] += 1
            return self._data(x, "s", arrays, given, None)
        raise self._failure("it")

    def _small(self, analysis: Ac | Noise) -> Data:
        """Small signals or noise, and the operating point that they are about, which must be a true one."""
        values = self.own_values()
        span = f"dec {analysis.per_decade} {analysis.start_hz!r} {analysis.stop_hz!r}"
        extra: list[str] = []
        marks: tuple[str, ...] = ()
        if isinstance(analysis, Ac):
            kept, commands = self.vectors, [f"ac {span}", "write out.raw"]
        else:
            # ngspice measures the noise of a voltage.
            kept, marks = {analysis.output: "onoise_spectrum"}, _NOISES
            extra = [f"hnoise noise 0 v{self._number(analysis.output)} 1"]
            source = self._ends(self._number(analysis.source)).split()[0]
            commands = [f"noise v(noise) {source} {span}", "setplot noise1", "write out.raw"]
        for way in ("ac", "ramp"):
            try:
                if way == "ramp":
                    self._ramp(values)
                sources = [*self.still(values, ac=analysis.source), *extra, "vsel sel 0 0"]
                deck = [*sources, *self.nodesets(self._guess), DC]
                before = ["set appendwrite", "op", "write out.raw"]
                plots = self.execute(way, deck, [*before, *commands], ("v(sel)", *marks))
                if len(plots) != 2:
                    raise UnsolvedError(f"{len(plots)} of 2 results came")
                point = {name: np.real(self.named(plots[0], name)) for name in self.vectors}
                self._check(point, {pin: np.full(1, value) for pin, value in values.items()})
                x = np.real(self.vector(plots[1], "frequency"))
                if x[-1] < analysis.stop_hz * 10 ** (-1.001 / analysis.per_decade):
                    raise UnsolvedError(f"it ended at {x[-1]:g} Hz of {analysis.stop_hz:g} Hz")
                arrays = {name: self.vector(plots[1], vector) for name, vector in kept.items()}
                self._check({name: np.abs(array) for name, array in arrays.items()}, None)
            except UnsolvedError as error:
                self.complain(way, error)
                continue
            self.ways[way] += 1
            if isinstance(analysis, Noise):
                return Data(x, "Hz", {}, arrays, dict(self.ways))
            given = {s.pin: np.full(len(x), float(s.pin == analysis.source)) for s in self.sources}
            return self._data(x, "Hz", arrays, given, None)
        raise self._failure("it")

    def _number(self, pin: str) -> int:
        return next(k for k, source in enumerate(self.sources) if source.pin == pin)

    def _ramp(self, values: Mapping[str, float]) -> None:
        """Find a guess for sources at `values`."""
        waves = {pin: Pwl(((0.0, 0.0), (_RAMP_S, value))) for pin, value in values.items()}
        deck = [*self.still(values, waves), "vsel sel 0 0", f"{TRAN} method=gear"]
        command = f"tran {_RAMP_S / 50!r} {_SETTLED_S!r} 0 {_RAMP_S / 25!r} uic"
        plot = self.execute("ramp", deck, [command, "write out.raw"])[-1]
        guess = {node: float(np.real(self.named(plot, node)[-1])) for node in self.voltages}
        if not np.isfinite(list(guess.values())).all():
            raise UnsolvedError("the ramp ended in no number")
        self._guess = guess

    def _check(self, arrays: Mapping[str, Floats], given: Mapping[str, Floats] | None) -> None:
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                raise UnsolvedError(f"{name} is not finite")
        if given is not None:
            applied = np.concatenate([given[s.pin] for s in self.sources if isinstance(s, Voltage)] + [np.zeros(1)])
            margin = self.setup.bench.rail_margin_v
            low, high = float(applied.min()) - margin, float(applied.max()) + margin
            for name in self.voltages:
                for worst in (float(arrays[name].min()), float(arrays[name].max())):
                    if not low <= worst <= high:
                        raise UnsolvedError(outside(name, worst, low, high))

    def _failure(self, what: str) -> ToolFailedError:
        said = "; ".join(dict.fromkeys(self.complaints)) or "ngspice said nothing about it"
        return ToolFailedError(f"{self.where}: no solution for {what} in any way. {said} (in {self.folder})")

    def _data(
        self, x: Floats, unit: str, arrays: Mapping[str, Array], given: Mapping[str, Array], seed: int | None
    ) -> Data:
        return assembled(self.setup, x, unit, arrays, given, self.ways, seed)


def assembled(
    setup: Setup,
    x: Floats,
    unit: str,
    arrays: Mapping[str, Array],
    given: Mapping[str, Array],
    ways: Mapping[str, int],
    seed: int | None = None,
) -> Data:
    """Voltages and the currents into the pins.

    Parameters
    ----------
    arrays
        What `Process.vectors` names; along `x`, or rows along it.
    given
        The values of all sources by pin, which `arrays` go with.
    """
    volts = {name: array for name, array in arrays.items() if name in setup.nodes}
    amps: dict[str, Array] = {}
    limited: list[str] = []
    for source in setup.sources:
        if isinstance(source, Voltage):
            amps[source.pin] = -arrays[f"i({source.pin})"]
            continue
        asked = given[source.pin]
        amps[source.pin] = asked
        if unit != "Hz":
            zero = np.zeros(1)
            pin, high, low = (volts.get(name, zero) for name in (source.pin, source.high, source.low))
            taken = CLAMP_A_PER_V2 * (np.maximum(pin - high, 0) ** 2 - np.maximum(low - pin, 0) ** 2)
            amps[source.pin] = asked - taken
            if np.abs(taken).max() > _LIMITED * max(np.abs(asked).max(), _LEAST_A):
                limited.append(source.pin)
    return Data(x, unit, volts, amps, dict(ways), tuple(limited), seed)


def outside(node: str, volt: float, low: float, high: float) -> str:
    """What a message says of a node outside of the voltages that are applied."""
    return f"a false solution: node {node} at {volt:.4g} V, outside of {low:.4g} to {high:.4g} V"
