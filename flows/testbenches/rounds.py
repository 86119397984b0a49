"""A measurement in rounds of simulations, with one progress from the first to the last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar

from mirrorneuron.flows import simulate
from mirrorneuron.flows.results.measurement import Measurement
from mirrorneuron.flows.simulate import Condition, Progress, Result
from mirrorneuron.flows.simulate.bench import Bench
from mirrorneuron.flows.testbench import Measure
from mirrorneuron.generators.spec import CellSpec

__all__ = ["Rounds", "Run", "Span", "in_rounds"]

Run: TypeAlias = tuple[Bench, Condition]
"""One bench at one condition."""

S = TypeVar("S", bound=CellSpec)
M = TypeVar("M", bound=Measurement)


@dataclass(frozen=True)
class Span:
    """A part of the progress: `size` parts after the first `start` of a `whole`."""

    start: int
    size: int
    whole: int


@dataclass(frozen=True)
class Rounds:
    """Runs the rounds of a measurement; `jobs`, `progress` and `folder` as `mirrorneuron.flows.testbench.Measure`."""

    jobs: int = 1
    progress: Progress | None = None
    folder: Path | None = None

    def run(self, name: str, runs: Sequence[Run], span: Span) -> list[Result]:
        """Simulate a round; its files lie in the folder `name`, its progress covers `span`."""

        def report(done: int, of: int, part: str) -> None:
            self.report(span.start + span.size * done // of, span.whole, part)

        return simulate.run_many(runs, jobs=self.jobs, progress=report, folder=self.place(name))

    def report(self, done: int, whole: int, part: str) -> None:
        """Report that `done` of a `whole` are done, the last of them `part`."""
        if self.progress is not None:
            self.progress(done, whole, part)

    def place(self, name: str) -> Path | None:
        """The folder of a round; None if files are not kept."""
        return self.folder / name if self.folder is not None else None


def in_rounds(rounds_of: Callable[[S, Sequence[Path], Rounds], list[M]]) -> Measure[S, M]:
    """The decorator of a bench's measurement: its arguments are those of `mirrorneuron.flows.testbench.Measure`."""

    def measure(
        spec: S,
        netlists: Sequence[Path],
        *,
        jobs: int = 1,
        progress: Progress | None = None,
        folder: Path | None = None,
    ) -> list[M]:
        return rounds_of(spec, netlists, Rounds(jobs, progress, folder))

    measure.__doc__ = f"{rounds_of.__doc__}\n\n{Measure.__call__.__doc__}"
    return measure
