"""What the steps found, as checks: the same list for the report, for ``signoff`` and for a CI system."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mirrorneuron.flows.drc import DrcResult, Violation
from mirrorneuron.flows.matching import MatchingResult
from mirrorneuron.flows.results.check import Check

__all__ = ["of_drc", "of_matching"]

_TOLD: Final = 3  # places, messages


def of_drc(result: DrcResult) -> list[Check]:
    """A check for each deck, and one for each rule that is violated."""
    checks: list[Check] = []
    for deck, rules in result.rules_by_deck.items():
        found = [violation for violation in result.violations if violation.deck == deck]
        checks.append(Check("drc", f"{deck}: violations", not found, len(found), 0, "", f"{rules} rules run"))
        checks += _by_rule(found)
    unlisted = [violation for violation in result.violations if violation.deck not in result.rules_by_deck]
    passed = result.rules_run > 0 and not unlisted
    return [*checks, Check("drc", "rules run", passed, result.rules_run), *_by_rule(unlisted)]


def _by_rule(found: Iterable[Violation]) -> list[Check]:
    rules: dict[tuple[str, str, str], list[Violation]] = {}
    for one in found:
        rules.setdefault((one.deck, one.rule, one.text), []).append(one)
    checks: list[Check] = []
    for (deck, rule, text), some in rules.items():
        places = ", ".join(f"({one.x:.3f}, {one.y:.3f})" for one in some[:_TOLD])
        more = f" and {len(some) - _TOLD} more" if len(some) > _TOLD else ""
        checks.append(Check("drc", f"{deck}: {rule}", False, len(some), 0, "", f"{text}; at {places} um{more}"))
    return checks


def of_matching(result: MatchingResult) -> list[Check]:
    """That there are groups, that none breaks a limit, and that each has its guard ring."""
    # Those of one output have nothing to match with; standard cells are not meant to.
    bare = [group.gate for group in result.groups if group.kind != "parallel" and not group.logic and not group.ring]
    said = f"of gate {', '.join(bare[:5])}" if bare else ""
    return [
        Check("matching", "groups of devices", bool(result.groups), len(result.groups)),
        Check("matching", "errors", result.passed, len(result.errors), 0, detail="; ".join(result.errors[:_TOLD])),
        Check("matching", "matched groups without a closed ring", not bare, len(bare), 0, detail=said),
    ]
