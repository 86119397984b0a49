"""Mirrors as measured side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mirrorneuron.flows.results.check import Check
from mirrorneuron.flows.testbenches.mirror.measurement import MirrorMeasurement
from mirrorneuron.generators.cells.mirrors.parts.spec import MirrorSpec

__all__ = ["KEYS", "ComparedMirror", "Comparison"]

KEYS: Final = {
    "error_mid": "Error",
    "output_resistance": "R out",
    "output_low": "V out from",
    "input_voltage": "V in",
    "bandwidth": "-3 dB",
    "peaking": "Peaking",
    "settling_full": "Settling",
    "stable_low": "Stable from",
    "stable_high": "to",
    "power": "Power",
    "noise_rms": "Noise",
    "mismatch": "Mismatch",
}
"""The testbench's numbers that the table shows, beside the area, and their column heads."""


@dataclass(frozen=True)
class ComparedMirror:
    """A mirror: its spec, the measurement that is shown, and the area of its layout's bounding box [um2]."""

    spec: MirrorSpec
    measurement: MirrorMeasurement
    area_um2: float


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Mirrors as measured.

    Attributes
    ----------
    where
        What was measured: `SCHEMATIC` or `LAYOUT`.
    files
        The files that were written, by kind.
    """

    mirrors: Sequence[ComparedMirror]
    where: str
    checks: Sequence[Check]
    files: dict[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether everything was measured; a comparison judges nothing."""
        return all(check.passed for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        """The comparison as a JSON object; the same for the same mirrors."""
        return {
            "passed": self.passed,
            "checks": [check.as_json() for check in self.checks],
            "where": self.where,
            "mirrors": {
                mirror.spec.name: {
                    "spec": mirror.spec.model_dump(mode="json"),
                    "area_um2": mirror.area_um2,
                    **mirror.measurement.as_json(),
                    "curves": mirror.measurement.curves(),
                }
                for mirror in self.mirrors
            },
            "files": dict(self.files),
        }
