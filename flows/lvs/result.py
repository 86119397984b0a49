"""The verdict of LVS."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from mirrorneuron.flows.results.check import Check

__all__ = ["MATCH", "NOT_COMPARED", "NO_MATCH", "HierarchyVerdict", "LvsResult"]

MATCH: Final = "match"
NO_MATCH: Final = "no match"
NOT_COMPARED: Final = "not compared"

_MESSAGES_SHOWN: Final = 3


@dataclass(frozen=True)
class HierarchyVerdict:
    """The verdict of Magic and netgen with the layout's hierarchy kept.

    ``verdict`` is `MATCH`, `NO_MATCH` or `NOT_COMPARED`. ``notes`` name what a tool of this version cannot compare, or
    what was brought to a common form because of it; ``judged`` is whether anything but a match fails the LVS.
    """

    verdict: str
    errors: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    judged: bool = True

    @property
    def passed(self) -> bool:
        """Whether it matches, or is only reported."""
        return self.verdict == MATCH or not self.judged

    def check(self) -> Check:
        """Its check."""
        name, limit = ("hierarchy kept", MATCH) if self.judged else ("hierarchy kept (reported, not judged)", None)
        detail = "; ".join([*self.errors[:_MESSAGES_SHOWN], *self.notes])
        return Check("lvs", name, self.passed, self.verdict, limit, "", detail)


@dataclass(frozen=True)
class LvsResult:
    """The verdict of both tools.

    ``devices`` counts the layout's devices (gates, plates) that KLayout matched; ``errors`` begin with the tool's name.
    ``unseen`` lists what of these devices Magic and netgen cannot compare, so that it rests on KLayout alone.
    ``tolerance`` is what sizes may differ by: ``exact`` or ``official``; ``deviations`` lists every size that differs
    and is inside it. ``notes`` say what of netlist and layout was left out or taken otherwise.
    ``hierarchy`` is the third opinion; None if it was not asked for.
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
    hierarchy: HierarchyVerdict | None = None

    def as_json(self) -> dict[str, Any]:
        """The result as a JSON object."""
        lists = {name: list(getattr(self, name)) for name in ("errors", "unseen", "deviations", "notes")}
        data = {**asdict(self), **lists}
        if self.hierarchy is not None:
            data["hierarchy"] |= {"errors": list(self.hierarchy.errors), "notes": list(self.hierarchy.notes)}
        return data

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
        checks.append(Check("lvs", "both agree on a match", self.klayout and self.netgen and self.devices > 0))
        return checks if self.hierarchy is None else [*checks, self.hierarchy.check()]
