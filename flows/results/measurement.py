"""What a testbench measured on one netlist: numbers by key, and why the others are missing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from mirrorneuron.flows.results.check import Check
from mirrorneuron.flows.results.quantity import Quantity
from mirrorneuron.flows.simulate import Condition, Result
from mirrorneuron.pdk_sky130.errors import EvidenceError

__all__ = ["LAYOUT", "SCHEMATIC", "Measurement", "Numbers", "complete", "operating_points", "out_of_compliance"]

SCHEMATIC: Final = "schematic"
LAYOUT: Final = "after layout"
"""The names of the two measurements in checks, plots and tables."""

_LISTED: Final = 5  # inputs in a message


@dataclass(frozen=True, eq=False, kw_only=True)
class Measurement:
    """A measurement on one netlist; each bench adds its own curves in a class of its own.

    Attributes
    ----------
    quantities
        All quantities that the bench measures, by key.
    numbers, missing
        Every key of `quantities` is in one of them: its number in the quantity's unit, or why there is none.
    conditions
        Corners and temperatures of the measurement.
    limited
        Inputs whose current source is out of compliance, with analysis and condition.
    points
        Number of operating points that were solved.
    ngspice, models
        Version of the simulator, and of the models.
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
        """The numbers with their units, and why the others are missing, as a JSON object."""
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
        """The curves of a datasheet as JSON lists, by name; a bench without a datasheet has none."""
        return {}


class Numbers:
    """Collects numbers by key, or the reason why one is missing; starts from those of a measurement, if given."""

    def __init__(self, start: Measurement | None = None) -> None:
        """Start empty, or from a measurement."""
        self.values: dict[str, float] = dict(start.numbers) if start else {}
        self.missing: dict[str, str] = dict(start.missing) if start else {}

    def take(self, keys: str | Sequence[str], numbers: Callable[[], float | Sequence[float]]) -> None:
        """Enter what `numbers` returns: one number, or one for each key. If it raises, enter the reason instead."""
        names = [keys] if isinstance(keys, str) else list(keys)
        try:
            result = numbers()
            values = [result] if isinstance(result, int | float) else list(result)
            if not all(math.isfinite(value) for value in values):
                raise EvidenceError("the result is not finite")
        except EvidenceError as error:
            self.lack(names, str(error))
            return
        for name, value in zip(names, values, strict=True):
            self.missing.pop(name, None)
            self.values[name] = float(value)

    def lack(self, keys: Iterable[str], reason: str) -> None:
        """Enter the reason why these numbers are missing."""
        for key in keys:
            self.values.pop(key, None)
            self.missing[key] = reason

    def in_order(self, quantities: Mapping[str, Quantity]) -> tuple[dict[str, float], dict[str, str]]:
        """Numbers and reasons in the order of the quantities."""
        numbers = {key: self.values[key] for key in quantities if key in self.values}
        missing = {key: self.missing[key] for key in quantities if key in self.missing}
        return numbers, missing


def complete(name: str, measurement: Measurement) -> list[Check]:
    """Whether the measurement called `name` has all its evidence; the judge decides what this means for the cell."""
    limited = measurement.limited
    compliance = f"{name}: inputs whose current source is out of compliance"
    return [
        Check("simulate", f"{name}: operating points", measurement.points > 0, measurement.points),
        Check("simulate", compliance, not limited, len(limited), 0, detail="; ".join(limited[:_LISTED])),
    ]


def out_of_compliance(results: Sequence[Result]) -> tuple[str, ...]:
    """Inputs whose current source is out of compliance, each with its analysis and condition."""
    return tuple(
        f"{pin} ({name}, {result.condition})"
        for result in results
        for name, data in result.data.items()
        for pin in data.limited
    )


def operating_points(results: Sequence[Result]) -> int:
    """The number of operating points in results."""
    return sum(len(data.x) for result in results for data in result.data.values() if data.x_unit == "point")
