"""The checks "pitch" and "dummies": units of an array in rows at one pitch, each with a neighbour on every side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from mirrorneuron.flows.matching.checks.context import NOUN, CheckContext, um_text, usual
from mirrorneuron.flows.matching.checks.neighbours import (
    Neighbour,
    NeighbourFinder,
    across,
    overlap_along,
    rows_of,
)
from mirrorneuron.flows.matching.group import MatchedArray, MatchedGroup, MatchedUnit
from mirrorneuron.flows.matching.read.fingers import Finger
from mirrorneuron.flows.matching.result import Finding

__all__ = ["PlacedArray"]

_EXCESS_NM: Final = 1000
"""A neighbour that lies this much further away than those of the other units is none [nm]."""
_BEFORE_AFTER: Final = ("before", "after")


@dataclass(frozen=True)
class _WrongGap:
    """A gap that differs from that of the other units [nm], to the finger before or after a unit."""

    word: str
    gap: int
    usual_gap: int
    finger: Finger | None


class PlacedArray:
    """An array with the neighbours of its units."""

    def __init__(
        self, context: CheckContext, group: MatchedGroup, array: MatchedArray, neighbours: NeighbourFinder
    ) -> None:
        """Find the neighbours of all units."""
        self._context, self._group, self._array = context, group, array
        self._noun = NOUN[group.sort]
        self._neighbours = {id(unit): neighbours.of(unit) for unit in array.units}

    @cached_property
    def _rows(self) -> list[list[Finger]]:
        return rows_of(self._array)

    @cached_property
    def _usual_gaps(self) -> tuple[int | None, int | None]:
        """The most frequent gap before and after a unit [nm]; None if no unit has a neighbour there."""
        gaps: tuple[list[int], list[int]] = ([], [])
        for unit in self._array.units:
            for own, neighbour in zip(gaps, self._neighbours[id(unit)], strict=True):
                if neighbour.gap is not None:
                    own.append(neighbour.gap)
        before, after = (usual(own) if own else None for own in gaps)
        return before, after

    # Pitch

    def pitch(self) -> Iterator[Finding]:
        """Units at another distance to their neighbours, or out of line with their row."""
        wrong = {id(unit): self._wrong_gaps(unit) for unit in self._array.units}
        # A unit that was moved is wrong on both sides; its neighbours are then wrong on one.
        moved = {id(f) for unit in self._array.units if len(wrong[id(unit)]) == 2 for f in unit.fingers}
        lines = []
        for unit in self._array.units:
            gaps = wrong[id(unit)]
            if len(gaps) == 1 and id(gaps[0].finger) in moved:
                continue
            for gap in gaps:
                neighbour = f"{self._noun} {gap.word} it"
                distances = f"{um_text(gap.gap)} um to the {neighbour}, the other units {um_text(gap.usual_gap)} um"
                lines.append(f"{self._context.unit(unit)} has {distances}")
        hint = "Units of a row must lie at one pitch; look for one that was moved"
        yield from self._context.finding("pitch", self._group, lines, hint)
        hint = "Units of a row must be in one line"
        yield from self._context.finding("pitch", self._group, self._out_of_line(), hint)

    def _wrong_gaps(self, unit: MatchedUnit) -> list[_WrongGap]:
        wrong = []
        for word, neighbour, gap in zip(_BEFORE_AFTER, self._neighbours[id(unit)], self._usual_gaps, strict=True):
            if neighbour.gap is None or gap is None or neighbour.gap == gap or _missing(neighbour, gap):
                continue
            wrong.append(_WrongGap(word, neighbour.gap, gap, neighbour.finger))
        return wrong

    def _out_of_line(self) -> list[str]:
        lines = []
        for row in self._rows:
            level = usual(across(finger)[0] for finger in row)
            members = {id(finger) for finger in row}
            for unit in self._array.units:
                shifts = {across(finger)[0] - level for finger in unit.fingers if id(finger) in members} - {0}
                if shifts:
                    lines.append(f"{self._context.unit(unit)} lies {um_text(max(shifts, key=abs))} um off its row")
        return lines

    # Dummies

    def dummies(self) -> Iterator[Finding]:
        """Units without a neighbour in their row, below the lowest row or above the highest."""
        lines = []
        for unit in self._array.units:
            for word, neighbour, gap in zip(_BEFORE_AFTER, self._neighbours[id(unit)], self._usual_gaps, strict=True):
                if self._usual_gaps != (None, None) and _missing(neighbour, gap):
                    lines.append(f"{self._context.unit(unit)} has no {self._noun} {word} it along {unit.axis}")
        hint = "The ends of a row need a dummy unit as neighbour, at the pitch of the row"
        yield from self._context.finding("dummies", self._group, lines, hint)
        hint = "Units at the end of a column need a dummy, too; complete the row of dummies"
        yield from self._context.finding("dummies", self._group, self._uncovered(), hint)

    def _uncovered(self) -> list[str]:
        """Units of the lowest and the highest row with nothing below or above, where others have something."""
        unit_of = {id(finger): unit for unit in self._array.units for finger in unit.fingers}
        holding = [number for number, row in enumerate(self._rows) if any(id(finger) in unit_of for finger in row)]
        column = self._usual_gaps == (None, None) and len(holding) > 1
        lines = []
        for number, beyond, word in (
            (holding[0], self._rows[: holding[0]], "below"),
            (holding[-1], self._rows[holding[-1] + 1 :], "above"),
        ):
            fingers = [finger for row in beyond for finger in row]
            units = list(dict.fromkeys(unit_of[id(f)] for f in self._rows[number] if id(f) in unit_of))
            alone = [unit for unit in units if not any(overlap_along(unit.box, f.box, unit.axis) for f in fingers)]
            if len(alone) < len(units) or column:
                lines += [f"{self._context.unit(unit)} has no {self._noun} {word} it" for unit in alone]
        return lines


def _missing(neighbour: Neighbour, usual_gap: int | None) -> bool:
    return neighbour.gap is None or (usual_gap is not None and neighbour.gap > usual_gap + _EXCESS_NM)
