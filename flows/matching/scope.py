"""Which arrays of a group are held against each other.

All of a group's are, with two exceptions. The tail of a differential pair carries a current that the pair's halves
share, so an array of tails alone is held against no other. Resistors to one supply need not belong together: their
arrays are held against each other where they share an output or lift sources of one group.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Final

from mirrorneuron.flows.matching.group import MatchedArray, MatchedGroup, MatchedUnit, OutputKey
from mirrorneuron.flows.matching.read.fingers import BAR, Finger

__all__ = ["ArraySet", "Scopes"]

_PAIR: Final = 2


@dataclass(frozen=True)
class ArraySet:
    """Arrays that are held against each other."""

    arrays: tuple[MatchedArray, ...]

    @cached_property
    def outputs(self) -> frozenset[OutputKey]:
        """The outputs that have a unit there."""
        return frozenset(output for array in self.arrays for output in array.outputs)

    @cached_property
    def units(self) -> tuple[MatchedUnit, ...]:
        """All units."""
        return tuple(unit for array in self.arrays for unit in array.units)

    @cached_property
    def units_of(self) -> dict[OutputKey, list[MatchedUnit]]:
        """Units by output."""
        own: dict[OutputKey, list[MatchedUnit]] = defaultdict(list)
        for unit in self.units:
            own[unit.output].append(unit)
        return dict(own)

    @cached_property
    def dummies(self) -> tuple[Finger, ...]:
        """The dummies in and around the arrays."""
        return tuple(finger for array in self.arrays for finger in array.dummies)


class Scopes:
    """The sets of arrays of every group of a layout."""

    def __init__(self, groups: Iterable[MatchedGroup]) -> None:
        """Find the tails of pairs, and the nets that several resistors lift."""
        every = [group for group in groups if not group.logic]
        self._tails = {net for group in every if len(group.gates) == _PAIR for net in group.sources}
        self._lifted = [group.sources for group in every if group.sort != BAR and len(group.sources) > 1]

    def judged(self, group: MatchedGroup) -> list[ArraySet]:
        """The sets with two outputs or more."""
        return [arrays for arrays in self._sets(group) if len(arrays.outputs) > 1]

    def apart(self, group: MatchedGroup) -> list[OutputKey]:
        """Outputs that are held against no other, though the group has others."""
        if len(group.outputs) == 1:
            return []
        return sorted(output for arrays in self._sets(group) if len(arrays.outputs) == 1 for output in arrays.outputs)

    def _sets(self, group: MatchedGroup) -> list[ArraySet]:
        arrays, root = group.arrays, list(range(len(group.arrays)))
        for first, second in combinations(range(len(arrays)), 2):
            if root[first] != root[second] and self._together(group, arrays[first], arrays[second]):
                root = [root[first] if number == root[second] else number for number in root]
        return [ArraySet(tuple(_members(arrays, root, number))) for number in dict.fromkeys(root)]

    def _together(self, group: MatchedGroup, first: MatchedArray, second: MatchedArray) -> bool:
        if first.outputs & second.outputs:
            return True
        if group.sort == BAR:
            drains = [{drain for _, drain in array.outputs} for array in (first, second)]
            return any(all(own & sources for own in drains) for sources in self._lifted)
        return not (self._of_tails(first) or self._of_tails(second))

    def _of_tails(self, array: MatchedArray) -> bool:
        return all(drain in self._tails for _, drain in array.outputs)


def _members(arrays: Sequence[MatchedArray], root: Sequence[int], number: int) -> Iterable[MatchedArray]:
    return (array for array, own in zip(arrays, root, strict=True) if own == number)
