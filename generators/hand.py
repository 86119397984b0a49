"""A value by a hand formula, as it stands beside the simulated number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Hand"]


@dataclass(frozen=True)
class Hand:
    """A value by hand, in the unit of the measured quantity, with its formula as text and the formula's source."""

    value: float
    formula: str
    source: str

    def as_json(self) -> dict[str, Any]:
        """The value as a JSON object."""
        return {"value": self.value, "formula": self.formula, "source": self.source}
