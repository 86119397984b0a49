"""The nearest device beside a unit along its row, and the rows that the fingers of an array stand in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import Final, TypeAlias

import klayout.db as kdb
from mirrorneuron.flows.matching.checks.context import NOUN, usual
from mirrorneuron.flows.matching.group import MatchedArray, MatchedUnit
from mirrorneuron.flows.matching.read.fingers import BIPOLAR, Finger

__all__ = ["LOOK_NM", "Neighbour", "NeighbourFinder", "Neighbours", "across", "overlap_along", "rows_of"]

LOOK_NM: Final = 5000
"""A device further away along the row is no neighbour [nm]."""
_LOOK_NPN_NM: Final = 10_000
"""The same for npn [nm]; deep n-wells keep 6.3 um apart (dnwell.3)."""


@dataclass(frozen=True)
class Neighbour:
    """The nearest device beside a unit along the row and the gap to it [nm]; both None if there is none near."""

    gap: int | None
    finger: Finger | None


Neighbours: TypeAlias = Mapping[int, tuple[Neighbour, Neighbour]]
"""The neighbours before and after a unit, by the unit's `id`."""


class NeighbourFinder:
    """Finds the neighbours of units among all devices of a layout."""

    def __init__(self, devices: Sequence[Finger]) -> None:
        """Sort the devices' boxes by place."""
        self._devices = devices
        self._boxes = {sort: kdb.Shapes() for sort in NOUN}
        for number, device in enumerate(devices):
            self._boxes[device.sort].insert(device.box, number + 1)

    def of(self, unit: MatchedUnit) -> tuple[Neighbour, Neighbour]:
        """The neighbours on the low and on the high side of a unit along its row."""
        return self._neighbour(unit, -1), self._neighbour(unit, 1)

    def _neighbour(self, unit: MatchedUnit, sign: int) -> Neighbour:
        """The neighbour on the low (-1) or high (1) side."""
        own = {id(finger) for finger in unit.fingers}
        nearest, distance = Neighbour(None, None), (inf, inf, inf)
        for shape in self._boxes[unit.fingers[0].sort].each_touching(_strip(unit, sign)):
            finger = self._devices[shape.prop_id - 1]
            gap = _gap(unit.box, finger.box, unit.axis, sign)
            if id(finger) not in own and gap >= 0 and (gap, finger.y, finger.x) < distance:
                nearest, distance = Neighbour(gap, finger), (gap, finger.y, finger.x)
        return nearest


def _strip(unit: MatchedUnit, sign: int) -> kdb.Box:
    """Where a neighbour of a unit may lie."""
    box = unit.box
    look = _LOOK_NPN_NM if unit.fingers[0].sort == BIPOLAR else LOOK_NM
    if unit.axis == "x":
        x = box.left - look if sign < 0 else box.right
        return kdb.Box(x, box.bottom + 1, x + look, box.top - 1)
    y = box.bottom - look if sign < 0 else box.top
    return kdb.Box(box.left + 1, y, box.right - 1, y + look)


def _gap(box: kdb.Box, other: kdb.Box, axis: str, sign: int) -> int:
    if axis == "x":
        return int(box.left - other.right if sign < 0 else other.left - box.right)
    return int(box.bottom - other.top if sign < 0 else other.bottom - box.top)


def rows_of(array: MatchedArray) -> list[list[Finger]]:
    """Fingers of an array in rows, from the bottom: those that overlap across the current.

    Rows of which no finger lies above or below one of the other are one row: something was moved out of it.
    """
    axis = usual(unit.axis for unit in array.units)
    every = [finger for unit in array.units for finger in unit.fingers] + list(array.dummies)
    rows: list[list[Finger]] = []
    top = -inf
    for finger in sorted((finger for finger in every if finger.axis == axis), key=across):
        low, high = across(finger)
        if low >= top:
            rows.append([])
        rows[-1].append(finger)
        top = max(top, high)
    joined: list[list[Finger]] = []
    for row in rows:
        if joined and _disjoint([*joined[-1], *row], axis):
            joined[-1] += row
        else:
            joined.append(row)
    return joined


def across(finger: Finger) -> tuple[int, int]:
    """From where to where a gate extends across the current [nm]."""
    return (finger.box.bottom, finger.box.top) if finger.axis == "x" else (finger.box.left, finger.box.right)


def _along(box: kdb.Box, axis: str) -> tuple[int, int]:
    """From where to where a box extends along an axis [nm]."""
    return (box.left, box.right) if axis == "x" else (box.bottom, box.top)


def overlap_along(box: kdb.Box, other: kdb.Box, axis: str) -> bool:
    """Whether two gates share a part of their extent along the current."""
    (low, high), (other_low, other_high) = _along(box, axis), _along(other, axis)
    return other_low < high and other_high > low


def _disjoint(fingers: Iterable[Finger], axis: str) -> bool:
    """Whether no two gates share a part of their extent along the current."""
    extents = sorted(_along(finger.box, axis) for finger in fingers)
    return all(before[1] <= after[0] for before, after in pairwise(extents))
