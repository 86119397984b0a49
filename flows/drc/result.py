"""The result of a design rule check: violations of all decks, and the same as checks of the flow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from mirrorneuron.flows.results.check import Check

__all__ = ["DrcResult", "Violation"]

_PLACES_SHOWN: Final = 3


@dataclass(frozen=True)
class Violation:
    """A marker of a deck.

    Attributes
    ----------
    rule, text
        The violated rule's name and its text.
    layer
        The drawing layer that the rule is about; empty if the rule's name does not say.
    x, y
        Centre of the marker in the top cell [um].
    """

    deck: str
    rule: str
    text: str
    layer: str
    x: float
    y: float


@dataclass(frozen=True)
class DrcResult:
    """The violations of all decks.

    Attributes
    ----------
    rules_by_deck
        Number of rules that each check itself reports to have run.
    not_applicable
        The rules of our deck among them that do not apply to this layout, with the reason.
    """

    violations: tuple[Violation, ...]
    rules_by_deck: dict[str, int]
    not_applicable: dict[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """No violation."""
        return not self.violations

    @property
    def rules_run(self) -> int:
        """Rules run, all decks together."""
        return sum(self.rules_by_deck.values())

    def as_json(self) -> dict[str, Any]:
        """The result as a JSON object; coordinates in um."""
        return {
            "passed": self.passed,
            "rules_run": self.rules_run,
            "rules_by_deck": self.rules_by_deck,
            "not_applicable": self.not_applicable,
            "violations": [asdict(violation) for violation in self.violations],
        }

    def checks(self) -> list[Check]:
        """A check for each deck, and one for each rule that is violated."""
        checks: list[Check] = []
        for deck, rules in self.rules_by_deck.items():
            violations = [violation for violation in self.violations if violation.deck == deck]
            count = len(violations)
            checks.append(Check("drc", f"{deck}: violations", not count, count, 0, "", f"{rules} rules run"))
            checks += _by_rule(violations)
        unlisted = [violation for violation in self.violations if violation.deck not in self.rules_by_deck]
        passed = self.rules_run > 0 and not unlisted
        return [*checks, Check("drc", "rules run", passed, self.rules_run), *_by_rule(unlisted)]


def _by_rule(violations: Iterable[Violation]) -> list[Check]:
    rules: dict[tuple[str, str, str], list[Violation]] = {}
    for violation in violations:
        rules.setdefault((violation.deck, violation.rule, violation.text), []).append(violation)
    checks: list[Check] = []
    for (deck, rule, text), markers in rules.items():
        places = ", ".join(f"({marker.x:.3f}, {marker.y:.3f})" for marker in markers[:_PLACES_SHOWN])
        more = f" and {len(markers) - _PLACES_SHOWN} more" if len(markers) > _PLACES_SHOWN else ""
        checks.append(Check("drc", f"{deck}: {rule}", False, len(markers), 0, "", f"{text}; at {places} um{more}"))
    return checks
