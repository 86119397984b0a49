"""Many samples of a bench in one run of ngspice: mismatch and process variation.

::

    Bench, Condition, Variation
       |  what varies (`variation`), and the numbers of each sample from the seed
       v
    one deck --> ngspice: alter what varies, solve all operating points, write; and again for each sample
       |
       |  a sample that did not come, or not whole: a deck of its own, in all ways to a solution (`solver`)
       v
    Samples: arrays (samples, points)

A result is of the sample whose number it carries through the circuit, on the node ``sam``. Transients and small signals
have a run of ngspice for each sample, with its own numbers in the deck.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from mirrorneuron.flows import tools
from mirrorneuron.flows.simulate.bench import Ac, Analysis, Bench, Noise, Points, Tran
from mirrorneuron.flows.simulate.course import Course
from mirrorneuron.flows.simulate.deck import Condition, Setup
from mirrorneuron.flows.simulate.ngspice import Process, UnsolvedError
from mirrorneuron.flows.simulate.solver import Attempts, Data, assembled
from mirrorneuron.flows.variation.samples import METHODS, Samples, Variation
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import NetlistError, SpecError
from mirrorneuron.pdk_sky130.models import Library, library
from mirrorneuron.pdk_sky130.models.variation import Term, mismatch_terms, process_terms, process_values
from numpy.typing import NDArray

__all__ = ["METHODS", "Samples", "Variation", "sample"]

Floats: TypeAlias = NDArray[np.float64]

_CAPACITOR: Final = re.compile(r"__cap_")  # carries no direct current
_MARKS: Final = ("v(sel)", "v(sam)")
_SAME: Final = 1e-6  # how near to a whole number the voltage is that tells it


def sample(
    bench: Bench,
    condition: Condition,
    variation: Variation,
    *,
    which: Sequence[int] | None = None,
    nodes: Sequence[str] = (),
    pdk: install.Pdk | None = None,
    folder: Path | None = None,
    timeout_s: float = 300.0,
) -> Samples:
    """Run all analyses of a bench for samples of a variation.

    Parameters
    ----------
    which
        The samples' numbers, from 0 to below ``variation.count``; all by default. The results are the same however
        they are parted.
    nodes
        Inner nodes to keep, by their dotted names, beside the pins.
    pdk, folder, timeout_s
        As `mirrorneuron.flows.simulate.run` takes them; `timeout_s` is for a process, which solves all samples.

    Raises
    ------
    InputError
        The bench, its netlist, the condition or the variation cannot be used, or nothing in the circuit varies.
    ToolError
        ngspice is missing, broke, or found no solution for a sample; the message names the netlist, the condition, the
        sample and ngspice's own words.
    """
    started = time.monotonic()
    numbers = np.unique(np.asarray(range(variation.count) if which is None else which, dtype=np.intp))
    if not len(numbers) or numbers[0] < 0 or numbers[-1] >= variation.count:
        raise SpecError(f"which: samples from 0 to {variation.count - 1} are needed, and at least one")
    pdk = pdk or install.locate()
    version = tools.version("ngspice")
    models = library(pdk.continuous, condition.corner)
    with _place(folder) as place:
        sampler = _Sampler(
            Setup(bench, condition, models, expand=variation.expand), variation, numbers, place, timeout_s
        )
        data = sampler.data(nodes)
    return Samples(
        top=bench.top,
        netlist=Path(bench.netlist),
        condition=condition,
        variation=variation,
        numbers=numbers,
        terms=sampler.terms,
        drawn=sampler.drawn,
        data=data,
        ngspice=version,
        models=f"continuous {models.digest}",
        seconds=time.monotonic() - started,
    )


@contextlib.contextmanager
def _place(folder: Path | None) -> Iterator[Path]:
    """The folder, or one that is removed unless something fails; then the message names its log."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    temporary = Path(tempfile.mkdtemp(prefix="mirrorneuron-"))
    yield temporary
    shutil.rmtree(temporary, ignore_errors=True)


class _Sampler:
    """The samples of a setup."""

    def __init__(
        self, setup: Setup, variation: Variation, numbers: NDArray[np.intp], folder: Path, timeout_s: float
    ) -> None:
        self._setup = setup
        self._numbers = numbers
        self._folder = folder
        self._timeout_s = timeout_s
        self._process: list[Term] = []
        self._mismatch: list[Term] = []
        if variation.mismatch:
            self._mismatch = mismatch_terms(setup.library, setup.instances)
        if variation.process:
            self._process = process_terms(setup.library, setup.instances.values(), setup.bare)
        self.terms = (*self._mismatch, *self._process)
        if not self.terms:
            raise SpecError(f"{setup.name}: nothing in it varies")
        self.drawn = variation.draw([term.name for term in self.terms], numbers.tolist())

    def data(self, nodes: Sequence[str]) -> dict[str, Data]:
        """All analyses; voltages of the pins and `nodes` only."""
        analyses = self._setup.bench.analyses
        kept = list(dict.fromkeys([*self._setup.bench.pins, *(node.lower() for node in nodes)]))
        unknown = sorted(set(kept) - self._setup.nodes.keys())
        if unknown:
            raise NetlistError(f"{self._setup.name}: no node {unknown[0]}")
        points = {name: analysis for name, analysis in analyses.items() if isinstance(analysis, Points)}
        found: dict[str, Data] = {}
        if points:
            for name, data in self._points(points).items():
                found[name] = replace(data, volts={node: data.v(node) for node in kept})
        for name, analysis in analyses.items():
            if not isinstance(analysis, Points):
                found[name] = self._curves(name, analysis, kept)
        return {name: found[name] for name in analyses}

    # Operating points

    def _points(self, analyses: Mapping[str, Points]) -> dict[str, Data]:
        setup, count = self._setup, len(self._numbers)
        course = Course(list(analyses.values()), setup.sources)
        span = f"samples {self._numbers[0]} to {self._numbers[-1]}"
        process = Process(setup, f"{setup.name}, {span}, {', '.join(analyses)}", self._folder, self._timeout_s)
        table = np.full((count, len(course), len(process.vectors)), np.nan)
        nominal = _table(self._attempts(setup, analyses).data(), process)
        first = [course.position(point) for point in range(len(course))].index(1)
        # Where the nominal circuit is, a sample begins: that takes a sixth of the iterations.
        guess = dict(zip(process.voltages, nominal[first].tolist(), strict=False))
        if self._alterable():
            self._together(process, course, table, guess)
        low, high = course.rails(setup.bench.rail_margin_v)
        volts = table[:, :, : len(process.voltages)]
        beyond = ((volts < low[:, None]) | (volts > high[:, None])).any(axis=(1, 2))  # false where it is not a number
        left = np.flatnonzero(beyond | ~np.isfinite(table).all(axis=(1, 2)))
        ways = process.ways + Counter(alter=(count - len(left)) * len(course))
        for row in left:
            found = self._alone(int(row), analyses, guess)
            table[row] = _table(found, process)
            ways.update(next(iter(found.values())).ways)
        data: dict[str, Data] = {}
        start = 0
        for name, analysis in analyses.items():
            rows = slice(start, start + len(analysis))
            arrays = {vector: table[:, rows, k] for k, vector in enumerate(process.vectors)}
            shape = (count, len(analysis))
            given = {pin: np.broadcast_to(values[rows], shape) for pin, values in course.values.items()}
            x = np.arange(len(analysis), dtype=float)
            data[name] = assembled(setup, x, "point", arrays, given, ways, analysis.seed)
            start = rows.stop
        return data

    def _alterable(self) -> bool:
        """Whether ngspice can alter all that varies and that an operating point depends on."""
        models = self._setup.library
        instances = self._setup.instances.values()
        fixed = [i for i in instances if not (models.is_transistor(i) or _CAPACITOR.search(i.device))]
        if self._process:
            return not fixed and not self._setup.bare
        return not any(models.terms(instance) for instance in fixed)

    def _together(self, process: Process, course: Course, table: Floats, guess: Mapping[str, float]) -> None:
        """Solve all samples in one process, and enter what carries the number of a sample and of a point."""
        commands = ["set appendwrite"]
        solve = [f"dc vsel 1 {course.last} 1" if course.last > 1 else "op", "write out.raw", "destroy all"]
        for number, altered in zip(self._numbers, self._alterations(), strict=True):
            commands += [f"alter vsam={number}", *altered, *solve]
        lines = [*process.moving(course), "vsam sam 0 0", *process.nodesets(guess)]
        try:
            plots = process.execute("samples", lines, commands, _MARKS)
        except UnsolvedError:
            return  # each sample by itself will say why
        names = list(process.vectors.values())
        marked = {*names, *_MARKS}
        seen = np.zeros(len(self._numbers), dtype=int)
        places = {int(number): row for row, number in enumerate(self._numbers)}
        for plot in plots:
            # After an analysis without any result ngspice writes what else it has.
            if not plot.vectors.keys() >= marked:
                continue
            tags = plot.vectors["v(sam)"]
            rows, points = course.matches(plot.vectors["v(sel)"])
            row = places.get(round(float(tags[0])))
            if row is None or np.abs(tags - self._numbers[row]).max() > _SAME:
                continue
            seen[row] += 1
            table[row, points] = np.array([plot.vectors[name] for name in names]).T[rows]
        table[seen > 1] = np.nan  # one of the results is not of this sample, and nothing tells which

    def _alterations(self) -> Iterator[list[str]]:
        """Commands that make the circuit that of a sample, for each."""
        setup, models = self._setup, self._setup.library
        named = [name for name, instance in setup.instances.items() if models.is_transistor(instance)]
        transistors = [setup.instances[name] for name in named]
        column = {term.name: k for k, term in enumerate(self._mismatch)}
        own = [column[f"{name}.vth"] for name in named] if column else []
        sigmas = np.array([self._mismatch[k].sigma for k in own])
        threshold = np.array([models.threshold(instance) for instance in transistors])
        altered = [f"alter @m{instance.name}[delvto]=" for instance in transistors]
        cards = models.cards(transistors) if self._process else {}
        for drawn in self.drawn:
            commands: list[str] = []
            if self._process:
                shifted = self._models(drawn)
                for card, instance in cards.items():
                    commands += [f"altermod {card} {key}={value!r}" for key, value in shifted.varying(instance).items()]
                threshold = np.array([shifted.threshold(instance) for instance in transistors])
            values = threshold + sigmas * drawn[own] if own else threshold
            yield commands + [f"{text}{value:.12g}" for text, value in zip(altered, values.tolist(), strict=True)]

    # A sample by itself

    def _models(self, drawn: Floats) -> Library:
        models = self._setup.library
        if not self._process:
            return models
        names = [term.name for term in self._process]
        return models.shifted(
            process_values(models, dict(zip(names, drawn[len(self._mismatch) :].tolist(), strict=True)))
        )

    def _alone(
        self, row: int, analyses: Mapping[str, Analysis], guess: Mapping[str, float] | None = None
    ) -> dict[str, Data]:
        """A sample with its numbers in the deck, in all ways to a solution."""
        drawn = self.drawn[row]
        draws: dict[str, dict[str, float]] = {}
        for term, z in zip(self._mismatch, drawn.tolist(), strict=False):
            name, _, key = term.name.rpartition(".")
            draws.setdefault(name, {})[key] = z
        setup = self._setup.drawn(f"sample {self._numbers[row]}", self._models(drawn), draws)
        return self._attempts(setup, analyses, guess).data()

    def _attempts(
        self, setup: Setup, analyses: Mapping[str, Analysis], guess: Mapping[str, float] | None = None
    ) -> Attempts:
        return Attempts(setup, analyses, self._folder, self._timeout_s, guess)

    def _curves(self, name: str, analysis: Tran | Ac | Noise, kept: Sequence[str]) -> Data:
        """A transient, on times that are the same for all samples, or small signals."""
        found: list[Data] = []
        for row in range(len(self._numbers)):
            one = self._alone(row, {name: analysis})[name]
            one = replace(one, volts={node: one.v(node) for node in kept if node in one.volts})
            found.append(_resampled(one, analysis) if isinstance(analysis, Tran) else one)
        ways: Counter[str] = Counter()
        for one in found:
            ways.update(one.ways)
        return replace(
            found[0],
            volts={node: np.stack([one.volts[node] for one in found]) for node in found[0].volts},
            amps={pin: np.stack([one.amps[pin] for one in found]) for pin in found[0].amps},
            ways=dict(ways),
            limited=tuple(dict.fromkeys(pin for one in found for pin in one.limited)),
        )


def _table(found: Mapping[str, Data], process: Process) -> Floats:
    """The points of all analyses, one below the other, with a column for each of the vectors."""
    columns = []
    for name in process.vectors:
        branch = name.removeprefix("i(").removesuffix(")")
        parts = [data.volts[name] if name in data.volts else -data.amps[branch] for data in found.values()]
        columns.append(np.concatenate(parts))
    return np.column_stack(columns)


def _resampled(data: Data, analysis: Tran) -> Data:
    """A transient at every longest step and at its waveforms' corners, by straight lines."""
    step = analysis.max_step_s or analysis.stop_s
    even = np.linspace(0.0, analysis.stop_s, round(analysis.stop_s / step) + 1)
    corners = [time for wave in analysis.waves.values() for time, _ in wave.points if time < analysis.stop_s]
    x = np.union1d(even, corners)
    volts, amps = (
        {name: np.interp(x, data.x, array) for name, array in arrays.items()} for arrays in (data.volts, data.amps)
    )
    return replace(data, x=x, volts=volts, amps=amps)
