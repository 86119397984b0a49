"""What the steps found, as checks: the same list for the report, for ``signoff`` and for a CI system."""

from __future__ import annotations

from typing import Final

from mirrorneuron.flows.lvs import LvsResult
from mirrorneuron.flows.results.check import Check

__all__ = ["of_lvs"]

_TOLD: Final = 3  # places, messages


def of_lvs(result: LvsResult) -> list[Check]:
    """That there was something to compare, each tool's verdict, and that they agree."""
    checks = [Check("lvs", "devices compared", result.devices > 0, result.devices)]
    for tool, matches in (("klayout", result.klayout), ("netgen", result.netgen)):
        said = [error for error in result.errors if error.startswith(f"{tool}:")]
        verdict = "match" if matches else "no match"
        checks.append(Check("lvs", tool, matches, verdict, "match", "", "; ".join(said[:_TOLD])))
    return [*checks, Check("lvs", "both agree on a match", result.passed)]
