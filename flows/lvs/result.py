"""The verdict of LVS."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from mirrorneuron.flows.results.check import Check

__all__ = ["LvsResult"]

_MESSAGES_SHOWN: Final = 3


@dataclass(frozen=True)
class LvsResult:
    """The verdict of both tools.

    ``devices`` counts the layout's devices (gates, plates) that KLayout matched; ``errors`` begin with the tool's name.
    ``unseen`` lists what of these devices Magic and netgen cannot compare, so that it rests on KLayout alone.
    ``tolerance`` is what sizes may differ by: ``exact`` or ``official``; ``deviations`` lists every size that differs
    and is inside it. ``notes`` say what of netlist and layout was left out or taken otherwise.
    """

    passed: bool
    devices: int
    klayout: bool
    netgen: bool
    errors: tuple[str, ...]
    unseen: tuple[str, ...] = ()
    tolerance: str = "exact"
    deviations: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The result as a JSON object."""
        lists = {name: list(getattr(self, name)) for name in ("errors", "unseen", "deviations", "notes")}
        return {**asdict(self), **lists}

    def checks(self) -> list[Check]:
        """That there was something to compare, each tool's verdict, and that they agree."""
        checks = [Check("lvs", "devices compared", self.devices > 0, self.devices)]
        for tool, matches in (("klayout", self.klayout), ("netgen", self.netgen)):
            messages = [error for error in self.errors if error.startswith(f"{tool}:")]
            verdict = "match" if matches else "no match"
            detail = "; ".join(messages[:_MESSAGES_SHOWN])
            checks.append(Check("lvs", tool, matches, verdict, "match", "", detail))
        if self.deviations:
            detail = "; ".join(self.deviations[:_MESSAGES_SHOWN])
            name = f"sizes inside the {self.tolerance} tolerance"
            checks.append(Check("lvs", name, True, len(self.deviations), detail=detail))
        return [*checks, Check("lvs", "both agree on a match", self.passed)]
