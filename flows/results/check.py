"""A check: one fact that a step established, for the judge and the report."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Check"]


@dataclass(frozen=True)
class Check:
    """One thing that was checked.

    ``value`` and ``limit`` are in ``unit``; both may be text (``"match"``), or None where a step has no number.
    ``detail`` is for the reader: place, text of the rule, path of the log.
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
