"""The contract between a testbench and the flow: which quantities it measures on a kind of cell, and what it returns.

A new testbench is a package in `mirrorneuron.flows.testbenches`, named as the family of its cells, whose module
``bench`` has a `Testbench` called ``BENCH``; targets lie beside the cells. Only the bench knows the cell; simulation,
judgement, report and sign-off use what the bench returns, which is data.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np
from mirrorneuron.flows.results.check import Check
from mirrorneuron.flows.results.measurement import LAYOUT, SCHEMATIC, Measurement, complete
from mirrorneuron.flows.results.plots import Plot
from mirrorneuron.flows.results.quantity import Quantity
from mirrorneuron.flows.results.tables import Table
from mirrorneuron.flows.simulate import Condition, Data, Progress
from mirrorneuron.flows.simulate.bench import Bench
from mirrorneuron.generators.hand import Hand
from mirrorneuron.generators.spec import CellSpec
from numpy.typing import NDArray

__all__ = ["LAYOUT", "SCHEMATIC", "Hand", "Measure", "Measurement", "Quantity", "Spread", "Table", "Testbench"]


S = TypeVar("S", bound=CellSpec)
S_contra = TypeVar("S_contra", bound=CellSpec, contravariant=True)
M = TypeVar("M", bound=Measurement)


class Measure(Protocol[S_contra, M]):
    """Measures a cell."""

    def __call__(
        self,
        spec: S_contra,
        netlists: Sequence[Path],
        *,
        jobs: int = 1,
        progress: Progress | None = None,
        folder: Path | None = None,
    ) -> list[M]:
        """Measure the cell of a spec on each of several netlists.

        Parameters
        ----------
        netlists
            Files that hold the subcircuit ``spec.name``.
        jobs
            Processes of ngspice at a time.
        progress
            Called as (parts done, parts in all, the part just done).
        folder
            Where decks, logs and raw files are kept. By default they are removed, unless a simulation fails.

        Raises
        ------
        InputError
            A netlist cannot be read, or is not of this cell.
        ToolError
            ngspice is missing, broke, found no solution, or left a number out.
        """


@dataclass(frozen=True, kw_only=True)
class Spread(Generic[S]):
    """What is measured on every sample of a cell whose devices vary.

    These are operating points only, so that thousands of samples are affordable.

    Attributes
    ----------
    quantities
        The quantities of the cell of a spec, by key.
    bench
        The bench for a spec and a netlist at a condition; it may simulate the cell without variation to find its bias.
    numbers
        The quantities from the bench's data by analysis: arrays (points,) give numbers of shape (), arrays (samples,
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
        All quantities that it measures, by key.
    layout_only
        Keys of the quantities that compare the layout with the schematic, so that a schematic alone has none.
    targets
        Files of the targets that the cell must meet; a target replaces one of the same value in an earlier file.
    measure
        Measures a cell on netlists.
    compared
        From the measurements of schematic and layout, that of the layout with the numbers of `layout_only` entered.
    plots, tables
        Plots, and tables beside that of all numbers, of measurements by their names (`SCHEMATIC`, `LAYOUT`), of which
        there is at least one.
    checks
        Whether the measurement of a name is complete.
    spread
        What is measured where devices vary; None if nothing is.
    theory
        Values by hand, by the keys of their quantities; only a cell whose bench has it gets a datasheet.
    """

    __test__ = False  # pytest would collect it by its name

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
