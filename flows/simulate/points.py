"""Operating points: all of some analyses together in a sweep, those that are left one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import numpy as np
from mirrorneuron.flows.simulate import rawfile
from mirrorneuron.flows.simulate.analyses import Points
from mirrorneuron.flows.simulate.attempts import Attempts, SolverJob, outside
from mirrorneuron.flows.simulate.course import Course
from mirrorneuron.flows.simulate.ngspice import DC, UnsolvedError
from mirrorneuron.flows.simulate.result import Data, Floats
from mirrorneuron.flows.simulate.solution import Solution, assembled
from numpy.typing import NDArray

__all__ = ["OperatingPoints", "table_of"]

Indices: TypeAlias = NDArray[np.intp]


class OperatingPoints(Attempts):
    """Solves the operating points of a job, all of whose analyses are `Points`."""

    def __init__(self, job: SolverJob) -> None:
        """Nothing is run yet."""
        super().__init__(job)
        self._analyses = {name: points for name, points in job.analyses.items() if isinstance(points, Points)}
        self._course = Course(list(self._analyses.values()), self.sources)
        self._table = np.full((len(self._course), len(self.vectors)), np.nan)

    def data(self) -> dict[str, Data]:
        """Try one way after the other.

        Raises
        ------
        ToolError
            No way led to a solution, or ngspice broke; the message holds its words.
        """
        left = np.arange(len(self._course))
        ways: dict[str, Callable[[Indices], list[rawfile.RawPlot]]] = {
            **({"sweep": self._sweep} if len(self._course) > 1 else {}),
            "single": self._single,
            "ramp": self._ramps,
        }
        for way, attempt in ways.items():
            try:
                for plot in attempt(left):
                    self._enter(plot)
            except UnsolvedError as error:
                self.complain(way, error)
            still = self._unsolved(way)
            if len(still) < len(left):
                self.ways[way] += len(left) - len(still)
            left = still
            if not len(left):
                return dict(self._split())
        first = ", ".join(f"{pin}={value:g}" for pin, value in self._course.at(left[0]).items())
        raise self.failure(f"{len(left)} of {len(self._course)} operating points, the first at {first},")

    def _split(self) -> Iterator[tuple[str, Data]]:
        """The data of each analysis."""
        start = 0
        for name, analysis in self._analyses.items():
            rows = slice(start, start + len(analysis))
            solution = Solution(
                x=np.arange(len(analysis), dtype=float),
                unit="point",
                arrays={column: self._table[rows, k] for k, column in enumerate(self.vectors)},
                applied={pin: values[rows] for pin, values in self._course.values.items()},
            )
            yield name, assembled(self.setup, solution, self.ways, analysis.seed)
            start = rows.stop

    def _enter(self, plot: rawfile.RawPlot) -> None:
        """Enter the rows that carry the number of a point."""
        rows, points = self._course.matches(np.real(self.vector(plot, "v(sel)")))
        for k, name in enumerate(self.vectors):
            self._table[points, k] = np.real(self.named(plot, name))[rows]

    def _unsolved(self, way: str) -> Indices:
        """Points without all their numbers; the numbers of a point outside the rails are deleted first."""
        table = self._table
        volts = table[:, : len(self.voltages)]
        low, high = self._course.rails(self.setup.bench.rail_margin_v)
        beyond = (volts < low[:, None]) | (volts > high[:, None])  # false for a value that is not a number
        for point, k in np.argwhere(beyond)[:1]:
            self.complain(way, outside(self.voltages[k], volts[point, k], low[point], high[point]))
        table[beyond.any(axis=1)] = np.nan
        return np.flatnonzero(~np.isfinite(table).all(axis=1))

    def _sweep(self, left: Indices) -> list[rawfile.RawPlot]:
        del left  # a sweep goes through all points
        commands = [f"dc vsel 1 {self._course.last} 1", "write out.raw"]
        return self.execute("sweep", [*self.moving(self._course), *self.nodesets(self.guess)], commands)

    def _single(self, left: Indices) -> list[rawfile.RawPlot]:
        commands = ["set appendwrite"]
        for point in left:
            commands += [f"alter vsel = {self._course.position(point)}", "op", "write out.raw", "destroy all"]
        return self.execute("single", [*self.moving(self._course), *self.nodesets(self.guess)], commands)

    def _ramps(self, left: Indices) -> list[rawfile.RawPlot]:
        plots: list[rawfile.RawPlot] = []
        for point in left:
            values: Mapping[str, float] = self._course.at(point)
            self.ramp(values)
            position = f"vsel sel 0 {self._course.position(point)}"
            deck = [*self.still(values), position, *self.nodesets(self.guess), DC]
            plots += self.execute("ramp-op", deck, ["op", "write out.raw"])
        return plots


def table_of(data: Mapping[str, Data], vectors: Mapping[str, str]) -> Floats:
    """The points of all analyses, one below the other, with a column for each of the vectors."""
    columns = []
    for name in vectors:
        branch = name.removeprefix("i(").removesuffix(")")
        parts = [each.volts[name] if name in each.volts else -each.amps[branch] for each in data.values()]
        columns.append(np.concatenate(parts))
    return np.column_stack(columns)
