"""Run testbenches in ngspice, and believe nothing that it did not prove.

::

    Bench, Condition
       |  flatten; take the models needed; refuse floating nodes
       v
    a deck --> ngspice, in a folder of its own --> raw file --> checked arrays
       ^                                              |
       `-------- the next way to a solution <---------'  something is missing, not finite, or out of the rails

There is a deck for all operating points together, and one for each other analysis.

ngspice ends with status 0 and shows the previous result when an analysis is aborted. So every operating point carries
its number through the circuit, on the node ``sel``, and one that comes back without it is missing.

Operating points are a sweep of ``sel``, of which all sources are functions (`Course`). Ways to a solution, in order:

======  ==============================================================================================================
sweep   operating points as described; within it ngspice helps itself with gmin stepping, then source stepping
single  each operating point that is left, from nothing, with the same help
trap    a transient by the trapezoidal rule
gear    a transient by Gear's method
ac      small signals about the operating point that ngspice finds
ramp    all sources rise from zero in a transient; where that settles is the guess from which ngspice starts
======  ==============================================================================================================

ngspice's own transient search for an operating point is off: it reports success on circuits that have no solution.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from mirrorneuron.flows import tools
from mirrorneuron.flows.testbenches import rawfile
from mirrorneuron.flows.testbenches.bench import (
    CLAMP_A_PER_V2,
    Ac,
    Analysis,
    Bench,
    CurrentInput,
    Points,
    Pwl,
    Resistance,
    Source,
    Tran,
    Voltage,
)
from mirrorneuron.flows.testbenches.circuit import GROUND, Element, floating_nodes, merge_parallel
from mirrorneuron.flows.testbenches.course import Course
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import EvidenceError, NetlistError, SpecError, ToolFailedError, ToolTimeoutError
from mirrorneuron.pdk_sky130.models import Instance, Library, library
from numpy.typing import NDArray

__all__ = ["TEMPERATURES_C", "Condition", "Data", "Result", "conditions", "run", "run_many"]

Array: TypeAlias = NDArray[Any]
Floats: TypeAlias = NDArray[np.float64]
Progress: TypeAlias = Callable[[int, int, str], None]

TEMPERATURES_C: Final = (-55.0, 155.0)
"""Lowest and highest temperature that is simulated; the models' authors name -40 to 125 C."""

# Currents of nanoamperes: the default abstol of 1 pA and gmin of 1e-12 S would show in them.
_ACCURACY: Final = ".option gmin=1e-15 abstol=1e-16 vntol=1e-8 chgtol=1e-17"
_DC: Final = ".option reltol=1e-5"
_TRAN: Final = ".option reltol=1e-4"
_LOG: Final = "ngspice.log"
_SPICEINIT: Final = """\
* nf>1 takes the wrong model bin without hsa
set ngbehavior=hsa
set ng_nomodcheck
set num_threads=1
set filetype=binary
"""
_RAMP_S: Final = 50e-6
_SETTLED_S: Final = 200e-6

_REFUSED: Final = re.compile(
    r"^.*\b(?:error|fatal|unknown|unrecognized|no such|not found|can't find)\b.*$", re.I | re.M
)
_UNSOLVED: Final = re.compile(
    r"^.*(?:abort|singular|convergence|timestep too small|iteration limit|solution failed|point failed|can't occur"
    r"|not available or has zero length).*$",
    re.I | re.M,
)
# The library's bipolar models hold parameters that are not ngspice's.
_IGNORED: Final = re.compile(r"unrecognized parameter \((\w+)\) - ignored", re.I)
_BRANCH: Final = re.compile(r"^i\((.*)\)$")
_BREAK: Final = re.compile(r".{400,}?[, ](?=.{400})", re.DOTALL)
# A current input counts as limited when its clamp takes this part of its current, or of 1 nA if that is more.
_LIMITED: Final = 1e-4
_LEAST_A: Final = 1e-9
_HELP: Final = {
    "Dynamic gmin stepping completed": "gmin stepping",
    "True gmin stepping completed": "gmin stepping",
    "Source stepping completed": "source stepping",
}


class _UnsolvedError(Exception):
    """This way found no solution; the next may."""


@dataclass(frozen=True)
class Condition:
    """Corner, temperature [C], and voltages [V] of sources that differ from the bench's own (``{"vdd": 1.62}``)."""

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
        """As messages and folders call it: ``ss -40C``."""
        return " ".join(
            [self.corner, f"{self.temperature_c:g}C", *(f"{name}={value:g}V" for name, value in self.volts.items())]
        )


def conditions(corners: Sequence[str], temperatures_c: Sequence[float]) -> list[Condition]:
    """Every corner at every temperature."""
    return [Condition(corner, temperature) for corner in corners for temperature in temperatures_c]


@dataclass(frozen=True)
class Data:
    """Arrays of one analysis, along ``x``: the point's number, the time [s] or the frequency [Hz].

    ``ways`` tells how the solutions were reached: way, and for how many points; ngspice's own help has its own entry.
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


@dataclass(frozen=True)
class Result:
    """What a bench gave at a condition: `Data` by the analysis' name, and what it was made with.

    ``logs`` are ngspice's outputs (beside them the decks and raw files), if a folder to keep them in was given.
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


def run(
    bench: Bench,
    condition: Condition | None = None,
    *,
    pdk: install.Pdk | None = None,
    folder: Path | None = None,
    timeout_s: float = 300.0,
    jobs: int = 1,
) -> Result:
    """Run all analyses of a bench at one condition; as `run_many` with one run."""
    return run_many([(bench, condition or Condition())], pdk=pdk, folder=folder, timeout_s=timeout_s, jobs=jobs)[0]


def run_many(
    runs: Sequence[tuple[Bench, Condition]],
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
    pdk: install.Pdk | None = None,
    folder: Path | None = None,
    timeout_s: float = 300.0,
) -> list[Result]:
    """Run benches at conditions, in the order given whatever finishes first.

    Parameters
    ----------
    jobs
        Processes at a time; by default one for each processor.
    progress
        Called as (processes done, processes in all, what the one just done was), in the caller's thread.
    pdk
        By default the one that is installed, or assembled.
    folder
        Where decks, logs and raw files are kept, in a folder for each process. By default they are removed, unless the
        run fails.
    timeout_s
        For one process.

    Raises
    ------
    InputError
        A bench, a netlist or a condition cannot be used.
    ToolError
        ngspice is missing, broke, or found no solution; the message names the netlist, the condition and ngspice's
        own words. What had not started by then is not run.
    """
    pdk = pdk or install.locate()
    version = tools.version("ngspice")
    started = time.monotonic()
    setups = [_Setup(bench, condition, library(pdk.continuous, condition.corner)) for bench, condition in runs]
    jobs_of = [_jobs(setup, timeout_s, folder, number) for number, setup in enumerate(setups)]
    found: list[dict[str, Data]] = [{} for _ in runs]
    seconds = [0.0] * len(runs)
    with ThreadPoolExecutor(max_workers=max(1, jobs or os.cpu_count() or 1)) as pool:
        futures = {pool.submit(job.solve): (number, job) for number, group in enumerate(jobs_of) for job in group}
        try:
            for count, future in enumerate(as_completed(futures), 1):
                number, job = futures[future]
                found[number].update(future.result())
                seconds[number] = time.monotonic() - started
                if progress is not None:
                    progress(count, len(futures), f"{job.name}, {job.setup.condition}")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [
        Result(
            top=setup.bench.top,
            netlist=Path(setup.bench.netlist),
            condition=setup.condition,
            data={name: found[number][name] for name in setup.bench.analyses},
            ngspice=version,
            models=f"continuous {setup.library.digest}",
            seconds=seconds[number],
            logs=tuple(job.folder / _LOG for job in jobs_of[number] if job.folder),
        )
        for number, setup in enumerate(setups)
    ]


class _Setup:
    """A bench at a condition, up to what differs from one analysis to the other."""

    def __init__(self, bench: Bench, condition: Condition, models: Library) -> None:
        self.bench = bench
        self.condition = condition
        self.library = models
        self.name = f"{bench.netlist}, {bench.top}, {condition}"
        pins = bench.pins
        netlist = bench.circuit
        elements = merge_parallel(netlist.flatten(bench.top, models.is_device, models.is_model))
        for k, load in enumerate(bench.loads):
            letter, value = ("r", load.ohm) if isinstance(load, Resistance) else ("c", load.farad)
            if not (math.isfinite(value) and value > 0):
                raise SpecError(f"{load}: a load must be above 0")
            elements.append(Element(f"load{k}", letter, (load.a.lower(), load.b.lower()), value=value))
        held = [source.pin.lower() for source in bench.sources if isinstance(source, Voltage)]
        floating = floating_nodes(elements, held)
        if floating:
            raise NetlistError(
                f"{bench.netlist}, {bench.top}: floating: {', '.join(floating[:8])}; nothing but gates, capacitors or "
                "current sources is connected there, so there is no voltage to be found"
            )
        names = [*pins, *(s.pin.lower() for s in bench.sources)]
        names += [node for element in elements for node in element.nodes]
        self.nodes = _deck_names(names, "n_", {GROUND: GROUND})
        labels = _deck_names([element.name for element in elements], "", {})
        self.body = self._lines(elements, labels)
        unknown = sorted(condition.volts.keys() - set(held))
        if unknown:
            raise SpecError(f"{condition}: no voltage source on {unknown[0]}")
        self.sources: list[Source] = [
            Voltage(s.pin.lower(), condition.volts.get(s.pin.lower(), s.volt))
            if isinstance(s, Voltage)
            else CurrentInput(s.pin.lower(), s.ampere, s.high.lower(), s.low.lower())
            for s in bench.sources
        ]
        for source in self.sources:
            if not math.isfinite(_own_value(source)):
                raise SpecError(f"{source} is not finite")

    def _lines(self, elements: Sequence[Element], labels: Mapping[str, str]) -> list[str]:
        instances: list[Instance] = []
        lines: list[str] = []
        bare: list[str] = []
        for element in elements:
            label, nodes = labels[element.name], tuple(self.nodes[node] for node in element.nodes)
            if element.letter == "x":
                instances.append(Instance(label, element.model, nodes, element.parameters))
                continue
            if element.model and element.model not in self.bench.circuit.models:
                bare.append(element.model)
            what = element.model or repr(element.value)
            values = "".join(f" {key}={value!r}" for key, value in element.parameters.items())
            lines.append(f"{element.letter}{label} {' '.join(nodes)} {what}{values}")
        try:
            devices = self.library.deck(instances, bare)
        except NetlistError as error:
            raise NetlistError(f"{self.bench.netlist}, {self.bench.top}: {error}") from error
        return [*devices, *self.bench.circuit.models.values(), *lines, *self._clamps()]

    def _clamps(self) -> list[str]:
        lines: list[str] = []
        for k, source in enumerate(self.bench.sources):
            if isinstance(source, CurrentInput):
                pin, high, low = (self.nodes[name.lower()] for name in (source.pin, source.high, source.low))
                above, below = f"uramp(v({pin})-v({high}))", f"uramp(v({low})-v({pin}))"
                lines.append(f"bclamp{k} {pin} 0 i={CLAMP_A_PER_V2!r}*({above}*{above}-{below}*{below})")
        return lines


def _own_value(source: Source) -> float:
    return source.volt if isinstance(source, Voltage) else source.ampere


def _deck_names(names: Sequence[str], prefix: str, fixed: Mapping[str, str]) -> dict[str, str]:
    """Names for a deck: with a prefix, since ``ne`` or ``gt`` are operators to ngspice, and without special signs."""
    given = dict(fixed)
    used = set(given.values())
    for name in names:
        if name not in given:
            plain = candidate = prefix + re.sub(r"[^a-z0-9_.]", "_", name)
            count = 1
            while candidate in used:
                count += 1
                candidate = f"{plain}_{count}"
            given[name] = candidate
            used.add(candidate)
    return given


@dataclass
class _Job:
    """What one ngspice process does for a setup: an analysis, or all its operating points together."""

    setup: _Setup
    name: str
    analyses: Mapping[str, Analysis]
    timeout_s: float
    folder: Path | None

    def solve(self) -> dict[str, Data]:
        """Run it in its folder, in as many ways as it takes; the data by analysis."""
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            return _Attempts(self, self.folder).data()
        temporary = Path(tempfile.mkdtemp(prefix="mirrorneuron-"))
        data = _Attempts(self, temporary).data()
        # Only now: if it failed, the message names the log.
        shutil.rmtree(temporary, ignore_errors=True)
        return data


def _jobs(setup: _Setup, timeout_s: float, folder: Path | None, number: int) -> list[_Job]:
    analyses = setup.bench.analyses
    points = {name: analysis for name, analysis in analyses.items() if isinstance(analysis, Points)}
    groups: list[Mapping[str, Analysis]] = [points] if points else []
    groups += [{name: analysis} for name, analysis in analyses.items() if name not in points]
    jobs: list[_Job] = []
    for group in groups:
        name = f"{setup.bench.top} {', '.join(group)}"
        place = re.sub(r"[^A-Za-z0-9.=-]+", "_", f"{number} {setup.condition} {'-'.join(group)}")
        jobs.append(_Job(setup, name, group, timeout_s, folder / place[:100] if folder else None))
    return jobs


class _Attempts:
    """The ways to a solution for one job; keeps what each left behind."""

    def __init__(self, job: _Job, folder: Path) -> None:
        self._setup = job.setup
        self._sources = job.setup.sources
        self._analyses = job.analyses
        self._timeout_s = job.timeout_s
        self._folder = folder
        self._where = f"{job.setup.name}, {', '.join(job.analyses)}"
        self._ways: Counter[str] = Counter()
        self._complaints: list[str] = []
        self._guess: dict[str, float] = {}
        # What is kept of a result: nodes by name, and the currents of voltage sources as i(pin).
        self._vectors = {node: f"v({name})" for node, name in job.setup.nodes.items() if node != GROUND}
        self._voltages = tuple(self._vectors)
        self._vectors.update({f"i({s.pin})": f"i(v{k})" for k, s in enumerate(self._sources) if isinstance(s, Voltage)})

    def data(self) -> dict[str, Data]:
        """Try one way after the other."""
        found: dict[str, Data] = {}
        points: dict[str, Points] = {}
        for name, analysis in self._analyses.items():
            if isinstance(analysis, Points):
                points[name] = analysis
            else:
                found[name] = self._tran(analysis) if isinstance(analysis, Tran) else self._ac(analysis)
        return {**found, **self._points(points)} if points else found

    # Operating points

    def _points(self, analyses: Mapping[str, Points]) -> dict[str, Data]:
        course = Course(list(analyses.values()), self._sources)
        count = len(course)
        table = np.full((count, len(self._vectors)), np.nan)
        left = np.arange(count)
        for way, attempt in (("sweep", self._sweep), ("single", self._single), ("ramp", self._ramps)):
            if way == "sweep" and count == 1:
                continue
            try:
                for plot in attempt(course, left):
                    self._enter(plot, course, table)
            except _UnsolvedError as error:
                self._complain(way, error)
            still = self._unsolved(way, table, course)
            if len(still) < len(left):
                self._ways[way] += len(left) - len(still)
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
            arrays = {column: table[rows, k] for k, column in enumerate(self._vectors)}
            given = {pin: values[rows] for pin, values in course.values.items()}
            found[name] = self._data(np.arange(len(analysis), dtype=float), "point", arrays, given, analysis.seed)
            start = rows.stop
        return found

    def _enter(self, plot: rawfile.Plot, course: Course, table: Floats) -> None:
        """Enter the rows that carry the number of a point."""
        rows, points = course.matches(np.real(self._vector(plot, "v(sel)")))
        for k, name in enumerate(self._vectors):
            table[points, k] = np.real(self._named(plot, name))[rows]

    def _unsolved(self, way: str, table: Floats, course: Course) -> NDArray[np.intp]:
        """Points without all their numbers; those of a point outside the rails are struck out first."""
        volts = table[:, : len(self._voltages)]
        low, high = course.rails(self._setup.bench.rail_margin_v)
        outside = (volts < low[:, None]) | (volts > high[:, None])  # false where it is not a number
        for point, k in np.argwhere(outside)[:1]:
            self._complain(way, _outside(self._voltages[k], volts[point, k], low[point], high[point]))
        table[outside.any(axis=1)] = np.nan
        return np.flatnonzero(~np.isfinite(table).all(axis=1))

    def _sweep(self, course: Course, left: NDArray[np.intp]) -> list[rawfile.Plot]:
        del left  # a sweep goes through all points
        return self._execute("sweep", self._moving(course), [f"dc vsel 1 {course.last} 1", "write out.raw"])

    def _single(self, course: Course, left: NDArray[np.intp]) -> list[rawfile.Plot]:
        commands = ["set appendwrite"]
        for point in left:
            commands += [f"alter vsel = {course.position(point)}", "op", "write out.raw", "destroy all"]
        return self._execute("single", self._moving(course), commands)

    def _ramps(self, course: Course, left: NDArray[np.intp]) -> list[rawfile.Plot]:
        plots: list[rawfile.Plot] = []
        for point in left:
            values = course.at(point)
            self._ramp(values)
            deck = [*self._still(values), f"vsel sel 0 {course.position(point)}", *self._nodesets(), _DC]
            plots += self._execute("ramp-op", deck, ["op", "write out.raw"])
        return plots

    # The other analyses

    def _tran(self, analysis: Tran) -> Data:
        values = self._own_values()
        starts = {pin: float(wave.at(0.0)) for pin, wave in analysis.waves.items()}
        step = analysis.max_step_s
        commands = [f"tran {step!r} {analysis.stop_s!r} 0 {step!r}", "write out.raw"]
        for way, method in (("trap", "trap"), ("gear", "gear"), ("ramp", "gear")):
            try:
                if way == "ramp":
                    self._ramp({**values, **starts})
                deck = [
                    *self._still(values, analysis.waves),
                    "vsel sel 0 0",
                    *self._nodesets(),
                    f"{_TRAN} method={method}",
                ]
                plot = self._execute(way, deck, commands)[-1]
                x = np.real(self._vector(plot, "time"))
                if not len(x) or x[-1] < analysis.stop_s * (1 - 1e-9):
                    raise _UnsolvedError(f"it ended at {x[-1] if len(x) else 0:g} s of {analysis.stop_s:g} s")
                arrays = {name: np.real(self._named(plot, name)) for name in self._vectors}
                given = {pin: np.full(len(x), value) for pin, value in values.items()}
                given.update({pin: wave.at(x) for pin, wave in analysis.waves.items()})
                self._check(arrays, given)
            except _UnsolvedError as error:
                self._complain(way, error)
                continue
            self._ways[way] += 1
            return self._data(x, "s", arrays, given, None)
        raise self._failure("it")

    def _ac(self, analysis: Ac) -> Data:
        values = self._own_values()
        command = f"ac dec {analysis.per_decade} {analysis.start_hz!r} {analysis.stop_hz!r}"
        commands = ["set appendwrite", "op", "write out.raw", command, "write out.raw"]
        for way in ("ac", "ramp"):
            try:
                if way == "ramp":
                    self._ramp(values)
                deck = [*self._still(values, ac=analysis.source), "vsel sel 0 0", *self._nodesets(), _DC]
                plots = self._execute(way, deck, commands)
                if len(plots) != 2:
                    raise _UnsolvedError(f"{len(plots)} of 2 results came")
                point = {name: np.real(self._named(plots[0], name)) for name in self._vectors}
                self._check(point, {pin: np.full(1, value) for pin, value in values.items()})
                x = np.real(self._vector(plots[1], "frequency"))
                if x[-1] < analysis.stop_hz * 10 ** (-1.001 / analysis.per_decade):
                    raise _UnsolvedError(f"it ended at {x[-1]:g} Hz of {analysis.stop_hz:g} Hz")
                arrays = {name: self._named(plots[1], name) for name in self._vectors}
                self._check({name: np.abs(array) for name, array in arrays.items()}, None)
            except _UnsolvedError as error:
                self._complain(way, error)
                continue
            self._ways[way] += 1
            given = {s.pin: np.full(len(x), float(s.pin == analysis.source)) for s in self._sources}
            return self._data(x, "Hz", arrays, given, None)
        raise self._failure("it")

    def _ramp(self, values: Mapping[str, float]) -> None:
        """Find a guess for sources at `values`."""
        waves = {pin: Pwl(((0.0, 0.0), (_RAMP_S, value))) for pin, value in values.items()}
        deck = [*self._still(values, waves), "vsel sel 0 0", f"{_TRAN} method=gear"]
        command = f"tran {_RAMP_S / 50!r} {_SETTLED_S!r} 0 {_RAMP_S / 25!r} uic"
        plot = self._execute("ramp", deck, [command, "write out.raw"])[-1]
        guess = {node: float(np.real(self._named(plot, node)[-1])) for node in self._voltages}
        if not np.isfinite(list(guess.values())).all():
            raise _UnsolvedError("the ramp ended in no number")
        self._guess = guess

    def _nodesets(self) -> list[str]:
        return [f".nodeset {self._vectors[node]}={value!r}" for node, value in self._guess.items()]

    def _check(self, arrays: Mapping[str, Floats], given: Mapping[str, Floats] | None) -> None:
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                raise _UnsolvedError(f"{name} is not finite")
        if given is not None:
            applied = np.concatenate([given[s.pin] for s in self._sources if isinstance(s, Voltage)] + [np.zeros(1)])
            margin = self._setup.bench.rail_margin_v
            low, high = float(applied.min()) - margin, float(applied.max()) + margin
            for name in self._voltages:
                for worst in (float(arrays[name].min()), float(arrays[name].max())):
                    if not low <= worst <= high:
                        raise _UnsolvedError(_outside(name, worst, low, high))

    # The deck, the program, and what came back

    def _own_values(self) -> dict[str, float]:
        return {source.pin: _own_value(source) for source in self._sources}

    def _still(self, values: Mapping[str, float], waves: Mapping[str, Pwl] | None = None, ac: str = "") -> list[str]:
        """Lines of sources that are constant, or have a waveform."""
        lines: list[str] = []
        for k, source in enumerate(self._sources):
            line = f"{self._ends(k)} dc {values[source.pin]!r}"
            if source.pin == ac:
                line += " ac 1"
            wave = (waves or {}).get(source.pin)
            if wave is not None:
                line += f" pwl({' '.join(f'{time!r} {value!r}' for time, value in wave.points)})"
            lines.append(line)
        return lines

    def _moving(self, course: Course) -> list[str]:
        """Lines of sources that follow ``sel`` through a course, and of ``sel``."""
        lines = ["vsel sel 0 1", _DC]
        moving = course.moving()
        for k, source in enumerate(self._sources):
            node = self._setup.nodes[source.pin]
            expression = moving.get(source.pin)
            if expression is None:
                lines.append(f"{self._ends(k)} dc {float(course.values[source.pin][0])!r}")
            elif isinstance(source, Voltage):
                lines += [f"b{k} drive{k} 0 v={expression}", f"v{k} {node} drive{k} dc 0"]
            else:
                lines.append(f"b{k} 0 {node} i={expression}")
        return lines

    def _ends(self, k: int) -> str:
        source = self._sources[k]
        node = self._setup.nodes[source.pin]
        return f"v{k} {node} 0" if isinstance(source, Voltage) else f"i{k} 0 {node}"

    def _execute(self, way: str, lines: Sequence[str], commands: Sequence[str]) -> list[rawfile.Plot]:
        """Run a deck and read what it wrote, which after an aborted analysis may be a part of it.

        Raises
        ------
        _UnsolvedError
            Nothing was written.
        """
        title = f"* {self._where}, {way}".replace("\n", " ")
        saved = [*self._vectors.values(), "v(sel)"]
        deck = [
            title,
            f".temp {self._setup.condition.temperature_c!r}",
            _ACCURACY,
            *self._setup.body,
            *lines,
            ".control",
            "optran 1 1 1 0 0 0",
            *("save " + _BRANCH.sub(r"\1#branch", vector) for vector in saved),
            *commands,
            "quit",
            ".endc",
            ".end",
        ]
        (self._folder / ".spiceinit").write_text(_SPICEINIT)
        (self._folder / f"{way}.cir").write_text("\n".join(_folded(line) for line in deck) + "\n")
        raw = self._folder / "out.raw"
        raw.unlink(missing_ok=True)
        log = self._folder / _LOG
        try:
            done = tools.run(
                "ngspice",
                ["-b", f"{way}.cir"],
                cwd=self._folder,
                log=log,
                timeout_s=self._timeout_s,
                env={"HOME": str(self._folder)},
                ok_codes=None,
            )
        except (ToolFailedError, ToolTimeoutError) as error:
            raise type(error)(f"{self._where}: {error}") from error
        output = f"{done.stderr}\n{done.stdout}"
        for note, help_ in _HELP.items():
            if note in output:
                self._ways[help_] += output.count(note)
        unsolved = _UNSOLVED.search(output)
        refused = next((line for line in _REFUSED.findall(output) if not self._harmless(line)), None)
        if refused or (done.returncode and not unsolved):
            words = (refused or f"it ended with status {done.returncode}").strip()
            raise ToolFailedError(f"{self._where}: ngspice refused the deck: {words} (log: {log}.err, {log})")
        if unsolved:
            self._complain(way, f"ngspice: {unsolved.group(0).strip()}")
        if not raw.exists():
            raise _UnsolvedError("ngspice left no result")
        return rawfile.read(raw)

    def _harmless(self, line: str) -> bool:
        """Whether a line with an error's words only tells of no solution, or of a parameter that is the library's."""
        ignored = _IGNORED.search(line)
        if ignored is None:
            return _UNSOLVED.search(line) is not None
        own = self._setup.bench.circuit.models.values()
        return not any(re.search(rf"\b{ignored.group(1)}\s*=", text) for text in own)

    def _vector(self, plot: rawfile.Plot, vector: str) -> Array:
        try:
            return plot.vectors[vector]
        except KeyError:
            raise EvidenceError(f"{self._where}: ngspice's result lacks {vector} (in {self._folder})") from None

    def _named(self, plot: rawfile.Plot, name: str) -> Array:
        return self._vector(plot, self._vectors[name])

    def _complain(self, way: str, complaint: object) -> None:
        self._complaints.append(f"{way}: {complaint}")

    def _failure(self, what: str) -> ToolFailedError:
        said = "; ".join(dict.fromkeys(self._complaints)) or "ngspice said nothing about it"
        return ToolFailedError(f"{self._where}: no solution for {what} in any way. {said} (in {self._folder})")

    def _data(
        self, x: Floats, unit: str, arrays: Mapping[str, Array], given: Mapping[str, Array], seed: int | None
    ) -> Data:
        volts = {name: array for name, array in arrays.items() if name in self._setup.nodes}
        amps: dict[str, Array] = {}
        limited: list[str] = []
        for source in self._sources:
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
        return Data(x, unit, volts, amps, dict(self._ways), tuple(limited), seed)


def _outside(node: str, volt: float, low: float, high: float) -> str:
    return f"a false solution: node {node} at {volt:.4g} V, outside of {low:.4g} to {high:.4g} V"


def _folded(line: str) -> str:
    """A line in pieces that ngspice's reader takes."""
    if len(line) < 2000:
        return line
    return _BREAK.sub(lambda match: f"{match.group(0)}\n+ ", line)
