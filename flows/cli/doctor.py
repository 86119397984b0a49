"""The command that examines the installation."""

from __future__ import annotations

from mirrorneuron.flows.cli.outcome import Outcome

__all__ = ["doctor"]


def doctor() -> Outcome:
    """Show the installed tools and PDK, and the command that installs what is missing."""
    from mirrorneuron.flows.tools.doctor import examine

    diagnosis = examine()
    # It says nothing about a design, so what is missing is exit status 3, not a failed check.
    return Outcome(0 if diagnosis.passed else 3, diagnosis.as_json(), diagnosis.as_text())
