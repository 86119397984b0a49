"""A characterization as text for a terminal."""

from __future__ import annotations

from typing import Final

from mirrorneuron.flows.characterize.result import Characterization
from mirrorneuron.flows.reports import console

__all__ = ["lines"]

_DEVICES_SHOWN: Final = 4


def lines(result: Characterization) -> list[str]:
    """The corners' extremes, the samples' spread and the devices that it comes from, and the checks."""
    checks = console.checks([check.as_json() for check in result.checks])
    return [*console.table((), [*_corners(result), *_spread(result)]), *checks]


def _corners(result: Characterization) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, quantity in result.quantities.items():
        values = {at: numbers[key] for at, numbers in result.corners.items()}
        low, high = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
        text = f"{values[low]:.3g} ({low}) to {values[high]:.3g} ({high}) {quantity.unit}"
        rows.append((quantity.text, text.rstrip()))
    return rows


def _spread(result: Characterization) -> list[tuple[str, str]]:
    if not result.samples:
        return []
    count = sum(map(len, result.samples))
    guard = f"the binned models' mismatch is up to {result.guard_band:g} times this"
    rows = [(f"{count} samples at {result.condition}", guard)]
    for key, summary in result.summaries.items():
        quantity, interval = result.quantities[key], summary.sigma_interval_any
        sigma = f"sigma {summary.sigma:.3g} ({interval.low:.3g} to {interval.high:.3g}) {quantity.unit}".rstrip()
        rows.append((quantity.text, f"mean {summary.mean:.3g}, {sigma}"))
        parts = [part for part in result.contributions[key].parts[:_DEVICES_SHOWN] if part.share > 2 * part.error]
        if parts:
            rows.append(("", f"from {', '.join(f'{part.name} {part.share:.0%}' for part in parts)}"))
    return rows
