"""A comparison as text for a terminal."""

from __future__ import annotations

from mirrorneuron.flows.compare.result import KEYS, Comparison
from mirrorneuron.flows.reports import console
from mirrorneuron.flows.testbenches.mirror.bench import QUANTITIES

__all__ = ["lines"]


def lines(comparison: Comparison) -> list[str]:
    """The checks that failed, and the table: a row for each mirror."""
    head = ["", *(f"{short}, {QUANTITIES[key].unit}" for key, short in KEYS.items()), "area, um2"]
    rows: list[list[str]] = []
    for mirror in comparison.mirrors:
        values = [*(mirror.measurement.numbers.get(key) for key in KEYS), mirror.area_um2]
        rows.append([mirror.spec.name, *("-" if value is None else f"{value:.4g}" for value in values)])
    failed = console.checks([check.as_json() for check in comparison.checks if not check.passed])
    return [*failed, *console.table(head, rows, right=range(1, len(head)))]
