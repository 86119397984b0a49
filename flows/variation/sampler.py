"""Solves the samples of a setup: operating points of all samples in one process, curves sample by sample."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from mirrorneuron.flows.simulate import rawfile
from mirrorneuron.flows.simulate.analyses import Ac, Analysis, Noise, Points, Tran
from mirrorneuron.flows.simulate.attempts import SolverJob
from mirrorneuron.flows.simulate.course import Course
from mirrorneuron.flows.simulate.deck import Setup
from mirrorneuron.flows.simulate.ngspice import Process, UnsolvedError
from mirrorneuron.flows.simulate.points import table_of
from mirrorneuron.flows.simulate.result import Data, Floats
from mirrorneuron.flows.simulate.solution import Solution, assembled
from mirrorneuron.flows.simulate.solver import solve
from mirrorneuron.flows.variation.deviations import Deviations
from mirrorneuron.pdk_sky130.errors import NetlistError
from numpy.typing import NDArray

__all__ = ["Sampler"]

_MARKS: Final = ("v(sel)", "v(sam)")
_SAME: Final = 1e-6  # largest distance from a whole number of a voltage that stands for it


class Sampler:
    """Solves all samples of a setup in a folder; each process of ngspice within `timeout_s` [s]."""

    def __init__(self, setup: Setup, deviations: Deviations, folder: Path, timeout_s: float) -> None:
        """Nothing is run yet."""
        self._setup = setup
        self._deviations = deviations
        self._numbers = deviations.numbers
        self._folder = folder
        self._timeout_s = timeout_s

    def data(self, nodes: Sequence[str]) -> dict[str, Data]:
        """The data of all analyses, with the voltages of the pins and of `nodes` only.

        Raises
        ------
        NetlistError
            There is no such node.
        ToolError
            A sample has no solution, or ngspice broke.
        """
        analyses = self._setup.bench.analyses
        kept = list(dict.fromkeys([*self._setup.bench.pins, *(node.lower() for node in nodes)]))
        unknown = sorted(set(kept) - self._setup.nodes.keys())
        if unknown:
            raise NetlistError(f"{self._setup.name}: no node {unknown[0]}")
        points = {name: analysis for name, analysis in analyses.items() if isinstance(analysis, Points)}
        data: dict[str, Data] = {}
        if points:
            for name, solved in self._points(points).items():
                data[name] = replace(solved, volts={node: solved.v(node) for node in kept})
        for name, analysis in analyses.items():
            if not isinstance(analysis, Points):
                data[name] = self._curves(name, analysis, kept)
        return {name: data[name] for name in analyses}

    # Operating points

    def _points(self, analyses: Mapping[str, Points]) -> dict[str, Data]:
        setup, count = self._setup, len(self._numbers)
        course = Course(list(analyses.values()), setup.sources)
        span = f"samples {self._numbers[0]} to {self._numbers[-1]}"
        process = Process(setup, f"{setup.name}, {span}, {', '.join(analyses)}", self._folder, self._timeout_s)
        nominal = table_of(self._solve(setup, analyses), process.vectors)
        # A sample starts at the nominal solution: that takes a sixth of the iterations.
        first = [course.position(point) for point in range(len(course))].index(1)
        guess = dict(zip(process.voltages, nominal[first].tolist(), strict=False))
        table = np.full((count, len(course), len(process.vectors)), np.nan)
        if self._deviations.alterable():
            self._solve_together(process, course, table, guess)
        left = _unsolved(table[:, :, : len(process.voltages)], table, course.rails(setup.bench.rail_margin_v))
        ways = process.ways + Counter(alter=(count - len(left)) * len(course))
        for row in left:
            alone = self._solve(self._deviations.alone(int(row)), analyses, guess)
            table[row] = table_of(alone, process.vectors)
            ways.update(next(iter(alone.values())).ways)
        data: dict[str, Data] = {}
        start = 0
        for name, analysis in analyses.items():
            rows = slice(start, start + len(analysis))
            shape = (count, len(analysis))
            solution = Solution(
                x=np.arange(len(analysis), dtype=float),
                unit="point",
                arrays={vector: table[:, rows, k] for k, vector in enumerate(process.vectors)},
                applied={pin: np.broadcast_to(values[rows], shape) for pin, values in course.values.items()},
            )
            data[name] = assembled(setup, solution, ways, analysis.seed)
            start = rows.stop
        return data

    def _solve_together(self, process: Process, course: Course, table: Floats, guess: Mapping[str, float]) -> None:
        """Solve all samples in one process, and enter what carries the number of a sample and of a point."""
        commands = ["set appendwrite"]
        solving = [f"dc vsel 1 {course.last} 1" if course.last > 1 else "op", "write out.raw", "destroy all"]
        for number, altered in zip(self._numbers, self._deviations.alterations(), strict=True):
            commands += [f"alter vsam={number}", *altered, *solving]
        lines = [*process.moving(course), "vsam sam 0 0", *process.nodesets(guess)]
        try:
            plots = process.execute("samples", lines, commands, _MARKS)
        except UnsolvedError:
            return  # each sample on its own will give the reason
        self._enter(plots, list(process.vectors.values()), course, table)

    def _enter(self, plots: Sequence[rawfile.RawPlot], names: Sequence[str], course: Course, table: Floats) -> None:
        seen = np.zeros(len(self._numbers), dtype=int)
        places = {int(number): row for row, number in enumerate(self._numbers)}
        for plot in plots:
            # After an analysis without any result ngspice writes an older one.
            if not plot.vectors.keys() >= {*names, *_MARKS}:
                continue
            tags = plot.vectors["v(sam)"]
            rows, points = course.matches(plot.vectors["v(sel)"])
            row = places.get(round(float(tags[0])))
            if row is None or np.abs(tags - self._numbers[row]).max() > _SAME:
                continue
            seen[row] += 1
            table[row, points] = np.array([plot.vectors[name] for name in names]).T[rows]
        table[seen > 1] = np.nan  # one of two results is of another sample, and nothing tells which

    # Curves

    def _curves(self, name: str, analysis: Tran | Ac | Noise, kept: Sequence[str]) -> Data:
        """A transient, on times that are the same for all samples, or small signals."""
        samples: list[Data] = []
        for row in range(len(self._numbers)):
            curve = self._solve(self._deviations.alone(row), {name: analysis})[name]
            curve = replace(curve, volts={node: curve.v(node) for node in kept if node in curve.volts})
            samples.append(_resampled(curve, analysis) if isinstance(analysis, Tran) else curve)
        ways: Counter[str] = Counter()
        for sample in samples:
            ways.update(sample.ways)
        first = samples[0]
        return replace(
            first,
            volts={node: np.stack([sample.volts[node] for sample in samples]) for node in first.volts},
            amps={pin: np.stack([sample.amps[pin] for sample in samples]) for pin in first.amps},
            ways=dict(ways),
            limited=tuple(dict.fromkeys(pin for sample in samples for pin in sample.limited)),
        )

    def _solve(
        self, setup: Setup, analyses: Mapping[str, Analysis], guess: Mapping[str, float] | None = None
    ) -> dict[str, Data]:
        return solve(SolverJob(setup, analyses, self._folder, self._timeout_s, guess))


def _unsolved(volts: Floats, table: Floats, rails: tuple[Floats, Floats]) -> NDArray[np.intp]:
    """The samples with a node outside the rails, or with a value that is not finite."""
    low, high = rails
    beyond = ((volts < low[:, None]) | (volts > high[:, None])).any(axis=(1, 2))  # false for a missing value
    return np.flatnonzero(beyond | ~np.isfinite(table).all(axis=(1, 2)))


def _resampled(data: Data, analysis: Tran) -> Data:
    """A transient at every longest step and at the corners of its waveforms, by linear interpolation."""
    even = np.linspace(0.0, analysis.stop_s, round(analysis.stop_s / analysis.longest_step_s) + 1)
    corners = [time for wave in analysis.waves.values() for time, _ in wave.points if time < analysis.stop_s]
    x = np.union1d(even, corners)
    volts, amps = (
        {name: np.interp(x, data.x, array) for name, array in arrays.items()} for arrays in (data.volts, data.amps)
    )
    return replace(data, x=x, volts=volts, amps=amps)
