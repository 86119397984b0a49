"""The result of a design rule check: violations of all decks, and the same as checks of the flow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from mirrorneuron.flows.results.check import Check
from mirrorneuron.pdk_sky130.profiles import FULL, PROFILES, Profile

__all__ = ["Box", "DrcResult", "Violation", "Waived", "Waiver"]

_PLACES_SHOWN: Final = 3


Box = tuple[float, float, float, float]


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
        Centre of the marker in the top cell [um]; of a marker in a cell below, at the cell's first place.
    cell
        The cell that the marker belongs to: it is at each of the cell's places.
    box
        Lower left and upper right corner of the marker in that cell [um].
    """

    deck: str
    rule: str
    text: str
    layer: str
    x: float
    y: float
    cell: str = ""
    box: Box = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Waiver:
    """A rule that may be violated at a place, and why.

    Attributes
    ----------
    cell, box
        The place: a box in a cell [um], or all of the cell if it is None; at each of the cell's places.
    deck
        The deck whose rule it is; empty for any.
    """

    rule: str
    cell: str
    reason: str
    deck: str = ""
    box: Box | None = None

    @property
    def place(self) -> str:
        """The place in words."""
        box = f"({', '.join(f'{edge:g}' for edge in self.box)}) um" if self.box else "whole"
        return f"cell {self.cell}, {box}"

    @property
    def name(self) -> str:
        """The rule in words."""
        return f"{self.deck} {self.rule}".lstrip()


@dataclass(frozen=True)
class Waived:
    """A violation and the waivers that cover its places."""

    violation: Violation
    by: tuple[Waiver, ...]

    @property
    def reason(self) -> str:
        """The reasons of the waivers."""
        return "; ".join(dict.fromkeys(waiver.reason for waiver in self.by))


@dataclass(frozen=True)
class DrcResult:
    """The violations of all decks.

    Attributes
    ----------
    rules_by_deck
        Number of rules that each check itself reports to have run.
    not_applicable
        The rules among them that do not apply to this layout, with the reason.
    profile
        What was checked, and what it leaves open.
    reports
        The file that each check left, by check: KLayout marker databases (``.lyrdb``), and Magic's list.
    notes
        What is worth knowing and no violation.
    waived, unused_waivers
        Filled in by `waive`.
    """

    violations: tuple[Violation, ...]
    rules_by_deck: dict[str, int]
    not_applicable: dict[str, str] = field(default_factory=dict)
    profile: Profile = PROFILES[FULL]
    reports: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    waived: tuple[Waived, ...] = ()
    unused_waivers: tuple[Waiver, ...] = ()

    @property
    def passed(self) -> bool:
        """No violation that is not waived."""
        return not self.violations

    @property
    def rules_run(self) -> int:
        """Rules run, all decks together."""
        return sum(self.rules_by_deck.values())

    def as_json(self) -> dict[str, Any]:
        """The result as a JSON object; coordinates in um."""
        profile = self.profile
        return {
            "passed": self.passed,
            "profile": {
                "name": profile.name,
                "version": profile.version,
                "source": profile.source,
                "not_checked": list(profile.not_checked),
            },
            "rules_run": self.rules_run,
            "rules_by_deck": self.rules_by_deck,
            "not_applicable": self.not_applicable,
            "notes": list(self.notes),
            "reports": self.reports,
            "violations": [asdict(violation) for violation in self.violations],
            "waived": [{**asdict(each.violation), "reason": each.reason} for each in self.waived],
            "unused_waivers": [asdict(waiver) for waiver in self.unused_waivers],
        }

    def checks(self) -> list[Check]:
        """A check for each deck, for each rule that is violated, and for each waiver; waived is skipped."""
        checks: list[Check] = []
        for deck, rules in self.rules_by_deck.items():
            violations = [violation for violation in self.violations if violation.deck == deck]
            count = len(violations)
            checks.append(Check("drc", f"{deck}: violations", not count, count, 0, "", f"{rules} rules run"))
            checks += _by_rule(violations)
        unlisted = [violation for violation in self.violations if violation.deck not in self.rules_by_deck]
        passed = self.rules_run > 0 and not unlisted
        return [
            *checks,
            Check("drc", "rules run", passed, self.rules_run),
            *_by_rule(unlisted),
            *(_waived(each) for each in self.waived),
            *(_unused(waiver) for waiver in self.unused_waivers),
        ]


def _waived(waived: Waived) -> Check:
    violation = waived.violation
    at = f"({violation.x:.3f}, {violation.y:.3f}) um"
    detail = f"waived: {waived.reason}; {violation.text}; at {at}"
    return Check("drc", f"{violation.deck}: {violation.rule} at {at}", True, "waived", None, "", detail, skipped=True)


def _unused(waiver: Waiver) -> Check:
    detail = f"unused waiver: nothing violates {waiver.name} in {waiver.place}; its reason: {waiver.reason}"
    return Check("drc", f"waiver for {waiver.name}, {waiver.place}", True, "unused", None, "", detail, skipped=True)


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
