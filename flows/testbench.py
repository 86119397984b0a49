"""What a testbench is to the flow: the numbers it measures on a kind of cell, and how they are compared and shown.

A new one is a package in `mirrorneuron.flows.testbenches`, named as the family of its cells, whose module ``bench``
has a `Testbench` called ``BENCH``; targets lie beside the cells. Only the bench itself knows the cell; simulate, judge,
report and signoff take what it gives.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, Protocol, TypeVar

from mirrorneuron.flows.results.check import Check
from mirrorneuron.generators.hand import Hand
from mirrorneuron.generators.spec import CellSpec
from mirrorneuron.pdk_sky130.errors import EvidenceError

if TYPE_CHECKING:
    import numpy as np
    from mirrorneuron.flows.reports.plots import Plot
    from mirrorneuron.flows.simulate import Condition, Data, Progress, Result
    from mirrorneuron.flows.simulate.bench import Bench
    from numpy.typing import NDArray

__all__ = [
    "LAYOUT",
    "SCHEMATIC",
    "Hand",
    "Measure",
    "Measurement",
    "Numbers",
    "Quantity",
    "Spread",
    "Table",
    "Testbench",
    "by_corner",
    "complete",
    "limited",
    "points",
]

SCHEMATIC: Final = "schematic"
LAYOUT: Final = "after layout"
"""What the two measurements are called in checks, plots and tables."""


@dataclass(frozen=True)
class Quantity:
    """A number that is measured: what it is, and the unit it is told in."""

    text: str
    unit: str = ""


@dataclass(frozen=True)
class Table:
    """A table for the report: cells are text, or numbers, which the report rounds; None is shown as a dash.

    The first column is to the left, the others are numbers to the right.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str | float | None]]


@dataclass(frozen=True, eq=False, kw_only=True)
class Measurement:
    """What was measured on one netlist; benches add their curves to it.

    Attributes
    ----------
    quantities
        All numbers that there can be, by key.
    numbers, missing
        Each of `quantities` is in one of them: its number in its unit, or why there is none.
    conditions
        Where it was measured.
    limited
        Where the circuit did not take an input current wholly.
    points
        How many operating points were found.
    """

    quantities: ClassVar[Mapping[str, Quantity]]

    netlist: Path
    numbers: Mapping[str, float]
    missing: Mapping[str, str]
    conditions: Sequence[Condition]
    limited: tuple[str, ...]
    points: int
    ngspice: str
    models: str

    def as_json(self) -> dict[str, Any]:
        """Numbers with their units, and why the others are missing."""
        return {
            "netlist": str(self.netlist),
            "numbers": {
                key: {"value": value, "unit": self.quantities[key].unit, "what": self.quantities[key].text}
                for key, value in self.numbers.items()
            },
            "missing": dict(self.missing),
            "conditions": [str(condition) for condition in self.conditions],
            "operating_points": self.points,
            "ngspice": self.ngspice,
            "models": self.models,
        }

    def curves(self) -> dict[str, Any]:
        """Curves as JSON lists by name, for a datasheet; none unless a bench gives some."""
        return {}


class Numbers:
    """Gathers numbers by key, or why there are none; begins with those of a measurement, if one is given."""

    def __init__(self, start: Measurement | None = None) -> None:
        """Begin."""
        self.found: dict[str, float] = dict(start.numbers) if start else {}
        self.missing: dict[str, str] = dict(start.missing) if start else {}

    def take(self, keys: str | Sequence[str], numbers: Callable[[], float | Sequence[float]]) -> None:
        """Enter one number, or as many as there are keys; why there are none, if that is what `numbers` raises."""
        names = [keys] if isinstance(keys, str) else list(keys)
        try:
            given = numbers()
            values = [given] if isinstance(given, int | float) else list(given)
            if not all(math.isfinite(value) for value in values):
                raise EvidenceError("the result is not finite")
        except EvidenceError as error:
            self.lack(names, str(error))
            return
        for name, value in zip(names, values, strict=True):
            self.missing.pop(name, None)
            self.found[name] = float(value)

    def lack(self, keys: Iterable[str], why: str) -> None:
        """Enter that there are no numbers, and why."""
        for key in keys:
            self.found.pop(key, None)
            self.missing[key] = why


S = TypeVar("S", bound=CellSpec)
S_contra = TypeVar("S_contra", bound=CellSpec, contravariant=True)
M = TypeVar("M", bound=Measurement)


class Measure(Protocol[S_contra, M]):
    """How a cell is measured."""

    def __call__(
        self,
        spec: S_contra,
        netlists: Sequence[Path],
        *,
        jobs: int = 1,
        progress: Progress | None = None,
        folder: Path | None = None,
    ) -> list[M]:
        """Measure the cell of a spec on each of several netlists that hold the subcircuit ``spec.name``.

        ``jobs``, ``progress`` and ``folder`` are as `mirrorneuron.flows.simulate.run_many` takes them.

        Raises
        ------
        InputError
            A netlist cannot be read, or is not of this cell.
        ToolError
            ngspice is missing, broke, found no solution, or left a number out.
        """


def complete(name: str, found: Measurement) -> list[Check]:
    """Whether the measurement called `name` has all its evidence; what that says of the cell is for the judge."""
    what = f"{name}: inputs that do not take their current"
    return [
        Check("simulate", f"{name}: operating points", found.points > 0, found.points),
        Check("simulate", what, not found.limited, len(found.limited), 0, detail="; ".join(found.limited[:5])),
    ]


@dataclass(frozen=True, kw_only=True)
class Spread(Generic[S]):
    """What is measured on every sample of a cell whose devices vary: operating points, as thousands are affordable.

    Attributes
    ----------
    quantities
        What is measured on the cell of a spec, by key.
    bench
        The bench for a spec, on a netlist, at a condition; without variation it may have been simulated for that.
    numbers
        The quantities, from the bench's data by analysis: arrays (points,) give numbers of shape (), arrays (samples,
        points) give (samples,).
    """

    quantities: Callable[[S], Mapping[str, Quantity]]
    bench: Callable[[S, Path, Condition], Bench]
    numbers: Callable[[S, Mapping[str, Data]], Mapping[str, NDArray[np.float64]]]


@dataclass(frozen=True, kw_only=True)
class Testbench(Generic[S, M]):
    """What is measured on a kind of cell.

    Attributes
    ----------
    spec
        The class of the cell's specs.
    quantities
        All numbers that it measures, by key.
    layout_only
        Keys of numbers that a layout alone has, as they compare it with the schematic.
    targets
        The files of targets that the cell must meet; a target replaces one of the same value in a file before.
    measure
        Measures a cell on netlists.
    compared
        Given the measurements of schematic and layout, that of the layout with the numbers of `layout_only` entered.
    plots, tables
        Figures, and tables beside that of all numbers, of measurements by their names (`SCHEMATIC`, `LAYOUT`), of
        which there is at least one.
    checks
        Whether a measurement of a name is complete.
    spread
        What is measured where devices vary, if anything is.
    theory
        What some of the numbers are by hand, by their keys; a cell whose bench has it has a datasheet.
    """

    __test__ = False  # to pytest its name looks like a test's

    spec: type[S]
    quantities: Mapping[str, Quantity]
    layout_only: Collection[str]
    targets: Sequence[Path]
    measure: Measure[S, M]
    compared: Callable[[M, M], M]
    plots: Callable[[Mapping[str, M]], list[Plot]]
    tables: Callable[[Mapping[str, M]], list[Table]]
    checks: Callable[[str, M], list[Check]] = complete
    spread: Spread[S] | None = None
    theory: Callable[[S], Mapping[str, Hand]] | None = None


def limited(results: Sequence[Result]) -> tuple[str, ...]:
    """Which input currents were not taken wholly, in which analysis and condition."""
    return tuple(
        f"{pin} ({name}, {result.condition})"
        for result in results
        for name, data in result.data.items()
        for pin in data.limited
    )


def points(results: Sequence[Result]) -> int:
    """How many operating points there are in results."""
    return sum(len(data.x) for result in results for data in result.data.values() if data.x_unit == "point")


def by_corner(title: str, numbers: Mapping[str, float | None], conditions: Sequence[Condition]) -> Table:
    """Numbers by condition as a table: a row for each corner, a column for each temperature."""
    temperatures = sorted({condition.temperature_c for condition in conditions})
    rows: dict[str, dict[float, float | None]] = {}
    for condition in conditions:
        rows.setdefault(condition.corner, {})[condition.temperature_c] = numbers[str(condition)]
    head = [title, *(f"{temperature:g} C" for temperature in temperatures)]
    return Table(head, [[corner, *(row.get(t) for t in temperatures)] for corner, row in rows.items()])
