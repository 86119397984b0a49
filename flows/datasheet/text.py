"""A datasheet as text for a terminal."""

from __future__ import annotations

from mirrorneuron.flows.datasheet.result import Datasheet
from mirrorneuron.flows.reports import console

__all__ = ["lines"]


def lines(datasheet: Datasheet) -> list[str]:
    """The numbers as a table: schematic, after layout, by hand."""
    rows: list[list[str]] = []
    for key, quantity in datasheet.bench.quantities.items():
        values = [measurement.numbers.get(key) for measurement in datasheet.measured.values()]
        hand = datasheet.theory.get(key)
        values.append(hand.value if hand else None)
        if any(value is not None for value in values):
            numbers = ["" if value is None else f"{value:.4g}" for value in values]
            rows.append([quantity.text, *numbers, quantity.unit])
    names = [*datasheet.measured, "by hand"]
    return console.table(["", *names, ""], rows, right=range(1, len(names) + 1))
