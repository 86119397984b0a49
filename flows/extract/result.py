"""An extraction's result: the netlist and its figures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

__all__ = ["Agreement", "ExtractResult"]


@dataclass(frozen=True)
class Agreement:
    """Capacitance of nets above 0.3 fF over what another Magic gives for them: median, 10th and 90th percentile."""

    tool: str
    nets: int
    median: float
    p10: float
    p90: float

    def as_json(self) -> dict[str, Any]:
        """The agreement as a JSON object."""
        return asdict(self)


@dataclass(frozen=True)
class ExtractResult:
    """An extracted netlist and its figures.

    ``total_capacitance`` is the sum of all parasitic capacitors [F], without devices; ``warnings`` are for a person to
    look at: a label on unconnected nets, a net tied to ground for want of a pin. ``accuracy`` says by which program the
    capacitances are calculated, and how far they are known to be right.
    """

    pex: Path
    devices: int
    capacitors: int
    total_capacitance: float
    pins: tuple[str, ...]
    tool: str
    warnings: tuple[str, ...] = ()
    accuracy: str = ""
    resistors: int = 0
    agreement: Agreement | None = None

    def as_json(self) -> dict[str, Any]:
        """The result as a JSON object; capacitance in F."""
        return {
            "pex": str(self.pex),
            "devices": self.devices,
            "capacitors": self.capacitors,
            "total_capacitance": self.total_capacitance,
            "pins": list(self.pins),
            "tool": self.tool,
            "accuracy": self.accuracy,
            "resistors": self.resistors,
            "agreement": self.agreement.as_json() if self.agreement else None,
            "warnings": list(self.warnings),
        }
