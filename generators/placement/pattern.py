"""A pattern: a grid of owners, and where their units lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

import numpy as np
from mirrorneuron.pdk_sky130.errors import SpecError
from numpy.typing import NDArray

__all__ = ["MAX_EDGE", "MAX_UNITS", "Pattern", "Places", "check_counts", "check_edges", "check_pitch", "framed"]

MAX_UNITS = 4096
"""Units in one array, at most."""
MAX_EDGE = 64
"""Dummy rows or columns on one side, at most."""

Places = Mapping[str, NDArray[np.float64]]
"""Owner to the coordinates (x, y) of its units, shape (n, 2), in any unit of length."""


@dataclass(frozen=True)
class Pattern:
    """A grid of owners, ``rows[0]`` at the bottom; None is a dummy unit.

    Dummy columns at the ends and dummy rows above and below are part of ``rows``.
    """

    rows: tuple[tuple[str | None, ...], ...]

    @property
    def columns(self) -> int:
        """Units in a row, dummies included."""
        return len(self.rows[0])

    @property
    def dummies(self) -> int:
        """Number of dummies."""
        return sum(row.count(None) for row in self.rows)

    @property
    def owners(self) -> tuple[str, ...]:
        """The owners of units, sorted by name."""
        return tuple(sorted({name for row in self.rows for name in row if name is not None}))

    def count(self, owner: str) -> int:
        """Number of units of an owner."""
        return sum(row.count(owner) for row in self.rows)

    def centroid(self, owner: str) -> tuple[float, float]:
        """Mean (column, row) of an owner's units from the centre of the grid, in pitches.

        Raises
        ------
        SpecError
            The pattern holds no unit of this owner.
        """
        places = [
            (2 * x - (self.columns - 1), 2 * y - (len(self.rows) - 1))
            for y, row in enumerate(self.rows)
            for x, name in enumerate(row)
            if name == owner
        ]
        if not places:
            raise SpecError(f"no unit of {owner!r} in this pattern; it holds {list(self.owners)}")
        return (sum(x for x, _ in places) / (2 * len(places)), sum(y for _, y in places) / (2 * len(places)))

    def places(self, pitch: tuple[float, float] = (1.0, 1.0)) -> dict[str, NDArray[np.float64]]:
        """Owner to the coordinates of its units about the centre of the grid, shape (n, 2), in the unit of `pitch`.

        Parameters
        ----------
        pitch
            From column to column and from row to row, any unit of length.

        Raises
        ------
        SpecError
            A pitch that is not a number above 0.
        """
        step = check_pitch(pitch)
        places: dict[str, list[tuple[float, float]]] = {name: [] for name in self.owners}
        for y, row in enumerate(self.rows):
            for x, name in enumerate(row):
                if name is not None:
                    places[name].append((x - (self.columns - 1) / 2, y - (len(self.rows) - 1) / 2))
        return {name: np.array(cells, dtype=np.float64) * step for name, cells in places.items()}

    def __str__(self) -> str:
        """Text picture, the top row first; a dot is a dummy."""
        width = max((len(name) for name in self.owners), default=1)
        return "\n".join(
            " ".join(("." if name is None else name).rjust(width) for name in row) for row in reversed(self.rows)
        )


def check_counts(counts: Mapping[str, int]) -> int:
    """Units in all.

    Raises
    ------
    SpecError
        No owner, a count that is no integer or below 1, or more than `MAX_UNITS` units.
    """
    for owner, count in counts.items():
        if type(count) is not int:
            raise SpecError(f"{owner} has {count!r} units: a count is a whole number; a unit cannot be divided")
    if not counts or any(count < 1 for count in counts.values()):
        raise SpecError(f"unit counts are {dict(counts)}: at least one owner, and at least one unit for each")
    total = sum(counts.values())
    if total > MAX_UNITS:
        raise SpecError(f"{total} units in one array: at most {MAX_UNITS}; split the array")
    return total


def check_edges(edge_columns: int, edge_rows: int) -> None:
    """Refuse numbers of dummy columns or rows that are no integers from 0 to `MAX_EDGE` (SpecError)."""
    for name, value in (("edge_columns", edge_columns), ("edge_rows", edge_rows)):
        if type(value) is not int or not 0 <= value <= MAX_EDGE:
            raise SpecError(f"{name} is {value!r}: a whole number from 0 to {MAX_EDGE} of dummies on each side")


def check_pitch(pitch: tuple[float, float]) -> tuple[float, float]:
    """The pitch, if both parts are finite and above 0; else SpecError."""
    if len(pitch) != 2 or not all(type(step) in (int, float) and isfinite(step) and step > 0 for step in pitch):
        raise SpecError(f"pitch is {pitch!r}: two lengths above 0, from column to column and from row to row")
    return pitch


def framed(body: list[tuple[str | None, ...]], edge_columns: int, edge_rows: int) -> Pattern:
    """A pattern of these rows of units with dummies around them."""
    edge = (None,) * edge_columns
    dummy_rows = ((None,) * (len(body[0]) + 2 * edge_columns),) * edge_rows
    return Pattern((*dummy_rows, *(edge + row + edge for row in body), *dummy_rows))
