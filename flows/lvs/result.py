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
    """

    passed: bool
    devices: int
    klayout: bool
    netgen: bool
    errors: tuple[str, ...]
    unseen: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The result as a JSON object."""
        return {**asdict(self), "errors": list(self.errors), "unseen": list(self.unseen)}

    def checks(self) -> list[Check]:
        """That there was something to compare, each tool's verdict, and that they agree."""
        checks = [Check("lvs", "devices compared", self.devices > 0, self.devices)]
        for tool, matches in (("klayout", self.klayout), ("netgen", self.netgen)):
            messages = [error for error in self.errors if error.startswith(f"{tool}:")]
            verdict = "match" if matches else "no match"
            detail = "; ".join(messages[:_MESSAGES_SHOWN])
            checks.append(Check("lvs", tool, matches, verdict, "match", "", detail))
        return [*checks, Check("lvs", "both agree on a match", self.passed)]
