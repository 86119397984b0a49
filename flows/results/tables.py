"""Tables as data; the page sets them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from mirrorneuron.flows.simulate import Condition

__all__ = ["Table", "TableCell", "by_corner"]

TableCell: TypeAlias = str | float | None


@dataclass(frozen=True)
class Table:
    """A table for the report; a cell is text, a number that the page rounds, or None, which is shown as a dash.

    `head` names the columns. The first column is aligned left, the others right.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[TableCell]]


def by_corner(title: str, numbers: Mapping[str, float | None], conditions: Sequence[Condition]) -> Table:
    """A table of numbers by condition: a row for each corner, a column for each temperature.

    Parameters
    ----------
    title
        The head of the corners' column.
    numbers
        By the text of the condition (``ss -40C``); None is shown as a dash.
    """
    temperatures = sorted({condition.temperature_c for condition in conditions})
    rows: dict[str, dict[float, float | None]] = {}
    for condition in conditions:
        rows.setdefault(condition.corner, {})[condition.temperature_c] = numbers[str(condition)]
    head = [title, *(f"{temperature:g} C" for temperature in temperatures)]
    return Table(head, [[corner, *(row.get(t) for t in temperatures)] for corner, row in rows.items()])
