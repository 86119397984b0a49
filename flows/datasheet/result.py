"""A cell's datasheet: what was measured of it, and the textbook's values beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mirrorneuron.flows.build import Built
from mirrorneuron.flows.judge import Judgement
from mirrorneuron.flows.results.check import Check
from mirrorneuron.flows.testbench import LAYOUT, SCHEMATIC, Hand, Measurement, Testbench
from mirrorneuron.generators.spec import CellSpec

__all__ = ["Datasheet"]


@dataclass(frozen=True, kw_only=True)
class Datasheet:
    """The results on one cell.

    Attributes
    ----------
    measured
        By `SCHEMATIC` and `LAYOUT`.
    theory
        Values by hand, by the quantities' keys.
    files
        The files that were written, by kind.
    """

    spec: CellSpec
    bench: Testbench[Any, Any]
    built: Built
    measured: Mapping[str, Measurement]
    theory: Mapping[str, Hand]
    judgements: Sequence[Judgement]
    checks: Sequence[Check]
    versions: Mapping[str, str]
    files: dict[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether everything was measured, and all targets are met."""
        return all(check.passed for check in self.checks)

    @property
    def best(self) -> Measurement:
        """The measurement after layout; without a layout, that of the schematic."""
        return self.measured.get(LAYOUT) or self.measured[SCHEMATIC]

    def as_json(self) -> dict[str, Any]:
        """The datasheet as a JSON object; the same for the same cell."""
        return {
            "passed": self.passed,
            "checks": [check.as_json() for check in self.checks],
            "cell": self.spec.cell,
            "spec": self.spec.model_dump(mode="json"),
            "area_um2": self.built.area_um2,
            "measured": {name: measurement.as_json() for name, measurement in self.measured.items()},
            "theory": {key: hand.as_json() for key, hand in self.theory.items()},
            "curves": {name: measurement.curves() for name, measurement in self.measured.items()},
            "versions": dict(self.versions),
            "files": dict(self.files),
        }
