"""The check "centroid": the outputs of all arrays about one centre, as well as the counts of units allow.

Lengths are nanometres.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import hypot, inf
from typing import Final, TypeAlias

from mirrorneuron.flows.matching.checks.context import CheckContext, at_text, um_text, usual
from mirrorneuron.flows.matching.group import MatchedArray, MatchedGroup, MatchedUnit, OutputKey
from mirrorneuron.flows.matching.read.fingers import Finger
from mirrorneuron.flows.matching.result import Finding
from mirrorneuron.flows.matching.scope import ArraySet
from mirrorneuron.generators.placement import common_centroid
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.rules import GRID_NM

__all__ = ["check"]

_POSSIBLE_MAX: Final = 512
"""Up to this number of units the offset of the best pattern is computed."""

Place: TypeAlias = tuple[float, float]


@dataclass(frozen=True)
class _Bound:
    """How far a centroid may be off the centre in x, in y and in all."""

    x: float
    y: float
    distance: float

    @property
    def limit(self) -> float:
        return min(self.distance, hypot(self.x, self.y))


@dataclass(frozen=True)
class _Offset:
    """An output that lies further from the centre than it may: by how much, and the limit."""

    output: OutputKey
    distance: float
    limit: float


def check(context: CheckContext, group: MatchedGroup, arrays: ArraySet) -> Iterator[Finding]:
    """Outputs whose centroid is off the centre of the units of all arrays by more than the limit."""
    placement = _Placement(arrays)
    offsets = placement.offsets(context.centroid_limit)
    lines = []
    for offset in offsets:
        output = f"{context.names[offset.output[1]]} ({len(placement.outputs[offset.output])} units)"
        at = f"{at_text(*placement.centres[offset.output])} is {um_text(offset.distance)} um off"
        lines.append(f"centroid of {output} at {at} {at_text(*placement.centre)}, limit {um_text(offset.limit)} um")
    hint = "Place the outputs about one centre, or look for a unit that is wired to another drain"
    if len(arrays.arrays) > 1:
        hint = f"The units lie in {len(arrays.arrays)} arrays. {hint}"
    yield from context.finding("centroid", group, lines, hint)


class _Placement:
    """Units of outputs and the sites that they could lie on: their own and those of dummies.

    What the counts of units force is what they force in one array, so for the bounds all arrays are laid over each
    other.
    """

    def __init__(self, arrays: ArraySet) -> None:
        self.outputs = arrays.units_of
        self.centres = {output: _mean(own) for output, own in self.outputs.items()}
        self.centre = _mean(arrays.units)
        self.axis = usual(unit.axis for unit in arrays.units)
        self._arrays = arrays

    @cached_property
    def _array_sites(self) -> list[list[Place]]:
        """The sites of every array."""
        return [_sites(array) for array in self._arrays.arrays]

    @cached_property
    def _folded(self) -> list[Place]:
        """The sites as seen from the middle of their array."""
        folded = []
        for sites in self._array_sites:
            x0, y0 = self.centre if len(self._array_sites) == 1 else _middle(sites)
            folded += [(x - x0, y - y0) for x, y in sites]
        return folded

    def offsets(self, limit: float | None) -> list[_Offset]:
        """The outputs off the centre, by a limit or, without one, by more than the counts of units force."""
        if limit is not None:
            bound = _Bound(inf, inf, limit + 0.5)
            return self._beyond(dict.fromkeys(self.outputs, bound), self.centre)
        offsets = self._beyond(self._bounds(self.centre), self.centre)
        if not offsets:
            return []
        # Outputs that cannot lie at the centre pull the mean away from it; then the others show where it is.
        candidates = [
            _middle([site for sites in self._array_sites for site in sites]),
            *(self.centres[key] for key, own in self.outputs.items() if len(own) > 1),
        ]
        if any(not self._beyond(self._bounds(place), place) for place in dict.fromkeys(candidates)):
            return []
        return [] if self._best_possible([self.centre, *candidates]) else offsets

    def _beyond(self, bounds: Mapping[OutputKey, _Bound], centre: Place) -> list[_Offset]:
        """Outputs that lie further from a centre than their bound."""
        offsets = []
        for output, (x, y) in self.centres.items():
            dx, dy, bound = abs(x - centre[0]), abs(y - centre[1]), bounds[output]
            if dx > bound.x or dy > bound.y or hypot(dx, dy) > bound.distance:
                offsets.append(_Offset(output, hypot(dx, dy), bound.limit))
        return offsets

    def _bounds(self, centre: Place) -> dict[OutputKey, _Bound]:
        """How far centroids may be off a centre, as the counts force it on these sites.

        In an even number of rows an odd number of units cannot balance. The length of a row is free, so it can be odd.
        """
        sites = self._folded
        if len(self._array_sites) == 1:
            sites = [(x + self.centre[0] - centre[0], y + self.centre[1] - centre[1]) for x, y in sites]
        dx = 0.0 if self.axis == "x" else min(abs(x) for x, _ in sites)
        dy = 0.0 if self.axis == "y" else min(abs(y) for _, y in sites)
        single = sum(len(units) == 1 for units in self.outputs.values())
        near = sorted(hypot(x, y) for x, y in sites)
        bounds = {}
        for output, units in self.outputs.items():
            count = len(units)
            if count == 1 and single > 1:
                # They share the sites that are nearest to the centre.
                bounds[output] = _Bound(inf, inf, near[single - 1] + GRID_NM)
            elif count % 2:
                bounds[output] = _Bound(dx / count + GRID_NM, dy / count + GRID_NM, inf)
            else:
                bounds[output] = _Bound(float(GRID_NM), float(GRID_NM), inf)
        return bounds

    def _best_possible(self, candidates: Sequence[Place]) -> bool:
        """Whether the best pattern for these counts in so many rows has no smaller offset from its centre."""
        if len(self._arrays.arrays) > 1 or len(self._arrays.units) > _POSSIBLE_MAX:
            return False
        along, across = (0, 1) if self.axis == "x" else (1, 0)
        rows = {round((unit.x, unit.y)[across]) for unit in self._arrays.units}
        counts = {str(number): len(own) for number, own in enumerate(self.outputs.values())}
        try:
            pattern = common_centroid(counts, rows=len(rows))
        except SpecError:
            return False
        pitch = [self._pitch(coordinate) for coordinate in (along, across)]
        centroids = [pattern.centroid(owner) for owner in pattern.owners]
        possible = max(hypot(x * pitch[0], y * pitch[1]) for x, y in centroids)
        drawn = min(max(hypot(x - at[0], y - at[1]) for x, y in self.centres.values()) for at in candidates)
        return drawn <= possible + GRID_NM

    def _pitch(self, coordinate: int) -> float:
        """Least distance of two sites in x (0) or y (1)."""
        levels = sorted({site[coordinate] for site in self._array_sites[0]})
        return min((after - before for before, after in pairwise(levels)), default=1.0)


def _sites(array: MatchedArray) -> list[Place]:
    """Where the units of an array lie, and its dummies, a piece of poly each."""
    parts: dict[int, list[Finger]] = defaultdict(list)
    for number, finger in enumerate(array.dummies):
        parts[finger.poly if finger.poly >= 0 else -number - 1].append(finger)
    return [(unit.x, unit.y) for unit in array.units] + [_mean(part) for part in parts.values()]


def _mean(members: Iterable[MatchedUnit | Finger]) -> Place:
    every = list(members)
    return sum(member.x for member in every) / len(every), sum(member.y for member in every) / len(every)


def _middle(sites: Sequence[Place]) -> Place:
    """The middle of the box around all sites."""
    xs, ys = zip(*sites, strict=True)
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
