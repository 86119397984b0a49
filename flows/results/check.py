"""What a step hands to the judge and the report."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Check"]


@dataclass(frozen=True)
class Check:
    """One thing that was checked.

    ``value`` and ``limit`` are in ``unit``; both may be text (``"match"``) or, where a step has no number, None.
    ``detail`` is for a person: place, rule text, where the log lies.
    """

    step: str
    name: str
    passed: bool
    value: float | int | str | None = None
    limit: float | int | str | None = None
    unit: str = ""
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        """The check as a JSON object."""
        return asdict(self)
