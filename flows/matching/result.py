"""The matching report: groups of devices as drawn, errors, and the same as checks of the flow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from mirrorneuron.flows.results.check import Check

__all__ = ["Finding", "GroupReport", "MatchingResult", "Output"]

_GATES_SHOWN: Final = 5
_ERRORS_SHOWN: Final = 3


@dataclass(frozen=True)
class Finding:
    """An error of a check: a line of text with places [um], value, limit, and the remedy.

    ``gates`` are the names of the gates of the group that it is about; empty where it is about the whole layout.
    """

    check: str
    text: str
    gates: frozenset[str] = frozenset()

    def __str__(self) -> str:
        """The line as in the report."""
        return f"{self.check}: {self.text}"


@dataclass(frozen=True)
class Output:
    """An output of a group.

    Attributes
    ----------
    gate
        Its own gate net in a differential pair.
    ratio
        Units over those of the group's smallest output.
    x, y
        Mean place of its units [um].
    offset
        From the mean place of all units of the group to there [um].
    dispersion
        Root mean square distance of its units from their mean, over the same of all units.
    """

    net: str
    gate: str
    units: int
    ratio: float
    x: float
    y: float
    offset: float
    dispersion: float


@dataclass(frozen=True)
class GroupReport:
    """Devices that are meant to match, as drawn. Lengths in um.

    Attributes
    ----------
    kind
        "mirror" (two outputs or more), "pair", "resistors" (two or more) or "parallel" (one output, of which only size
        and orientation are judged).
    gate
        Of npn the base, of resistors the net that is common to all.
    w, l
        ``w`` is a unit's, over its ``fingers``; of npn both are the emitter's. Units of resistors are bars.
    source
        The net of the sources, or all of them where resistors degenerate each; of npn the emitters', of resistors the
        common net. Outputs of npn are at the collectors.
    orientation
        Direction of the current, "x", "y" or "mixed"; empty for npn.
    dummies
        How many units' worth of fingers without current lie with them.
    well_distance
        Least and largest distance of a gate to the nearest n-well edge; None without n-well.
    diffusion_end
        Least and largest distance from a gate to the end of its diffusion along the current.
    ring
        Whether closed, contacted taps are around all units.
    metal
        By layer of metal that lies over a gate (a bar's body, for resistors) the least and the largest part of a unit
        that it covers, 0 to 1; None for npn. ``metal_alike``: every unit is covered alike.
    equal_radius
        Up to this distance from its gates every unit has the same diffusion, poly, wells and threshold implants around
        it; distances up to `surroundings.REACH_NM` are examined.
    logic
        Part of digital gates, not judged.
    not_judged
        What of this is measured and held against no limit, in words.

    Quantities that do not matter to npn or resistors are None: `well_distance` and `diffusion_end` for both, and
    `equal_radius` and `metal` for npn, which a deep n-well isolates from their surroundings.
    """

    gate: str
    kind: str
    model: str
    w: float
    l: float  # noqa: E741
    fingers: int
    finger_w: float
    source: str
    bulk: str
    outputs: tuple[Output, ...]
    orientation: str
    dummies: float
    well_distance: tuple[float, float] | None
    diffusion_end: tuple[float, float] | None
    ring: bool
    arrays: int
    equal_radius: float | None
    logic: bool
    metal: Mapping[str, tuple[float, float]] | None = None
    metal_alike: bool = True
    not_judged: tuple[str, ...] = ()


@dataclass(frozen=True)
class MatchingResult:
    """The report. ``errors`` fail it, ``ignored`` are errors of checks that the caller ignores; ``notes`` inform.

    ``transistors`` is the number of their fingers, ``resistors`` that of bars, ``bipolars`` that of npn.
    """

    passed: bool
    groups: tuple[GroupReport, ...]
    errors: tuple[str, ...]
    ignored: tuple[str, ...]
    notes: tuple[str, ...]
    transistors: int
    resistors: int = 0
    bipolars: int = 0

    def as_json(self) -> dict[str, Any]:
        """The report as a JSON object."""
        return asdict(self)

    def checks(self) -> list[Check]:
        """That there are groups, and that none breaks a limit."""
        errors = "; ".join(self.errors[:_ERRORS_SHOWN])
        return [
            Check("matching", "groups of devices", bool(self.groups), len(self.groups)),
            Check("matching", "errors", self.passed, len(self.errors), 0, detail=errors),
        ]

    def ring_check(self) -> Check:
        """That every group has its guard ring, which this project asks of its own cells and of no others."""
        # A group of one output has nothing to match with; digital gates are not meant to match.
        judged = [group for group in self.groups if group.kind != "parallel" and not group.logic]
        bare = [group.gate for group in judged if not group.ring]
        gates = f"of gate {', '.join(bare[:_GATES_SHOWN])}" if bare else ""
        return Check("matching", "matched groups without a closed ring", not bare, len(bare), 0, detail=gates)
