"""What a command hands to `main`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mirrorneuron.flows.reports import console
from mirrorneuron.flows.results.check import Check

__all__ = ["Outcome", "judged"]


@dataclass(frozen=True)
class Outcome:
    """The result of a command.

    Attributes
    ----------
    status
        Exit status.
    data
        JSON object for ``--json``.
    text
        What is printed without it.
    checks
        For the reports to a CI system.
    """

    status: int
    data: Mapping[str, Any]
    text: str
    checks: Sequence[Check] = ()


def judged(data: Mapping[str, Any], subject: str, lines: Sequence[str], checks: Sequence[Check] = ()) -> Outcome:
    """An outcome with a verdict: exit status 0 if ``data["passed"]``, otherwise 1."""
    passed = bool(data["passed"])
    return Outcome(0 if passed else 1, data, "\n".join([console.verdict(passed, subject), *lines]), checks)
