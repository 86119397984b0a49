"""The arrays that the units of a group lie in, with their dummies (what an array is: `..matching.group`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import klayout.db as kdb
from mirrorneuron.flows.matching.group import LINK_NM, MatchedArray, MatchedUnit, inactive
from mirrorneuron.flows.matching.read import Extraction
from mirrorneuron.flows.matching.read.fingers import Finger

__all__ = ["ArrayFinder"]


class ArrayFinder:
    """Divides units into arrays and finds their dummies."""

    def __init__(self, extraction: Extraction) -> None:
        """Find the loops of tap that hold one model, and the dummies of each model."""
        models: dict[int, set[str]] = defaultdict(set)
        self._dummies: dict[str, list[Finger]] = defaultdict(list)
        for device in extraction.devices:
            models[device.loop].add(device.model)
            if inactive(device):
                self._dummies[device.model].append(device)
        self._own_loops = {loop for loop, inside in models.items() if loop >= 0 and len(inside) == 1}

    def of(self, units: Iterable[MatchedUnit], model: str) -> tuple[MatchedArray, ...]:
        """The arrays of a group's units, by the lowest left unit."""
        by_loop: dict[int, list[MatchedUnit]] = defaultdict(list)
        for unit in units:
            by_loop[unit.fingers[0].loop].append(unit)
        arrays = []
        for loop, inside in by_loop.items():
            dummies = [finger for finger in self._dummies[model] if finger.loop == loop]
            if loop in self._own_loops:
                arrays.append(MatchedArray(tuple(inside), tuple(dummies), loop))
            else:
                arrays += [MatchedArray(near, around, loop) for near, around in _clusters(inside, dummies)]
        return tuple(sorted(arrays, key=lambda array: (array.units[0].y, array.units[0].x)))


def _clusters(
    units: Sequence[MatchedUnit], dummies: Sequence[Finger]
) -> list[tuple[tuple[MatchedUnit, ...], tuple[Finger, ...]]]:
    """Units that lie within `LINK_NM` of each other, with the dummies that do."""
    areas = kdb.Region()
    for unit in units:
        areas.insert(unit.box.enlarged(LINK_NM // 2, LINK_NM // 2))
    polygons = list(areas.merged().each())
    shapes = kdb.Shapes()
    for number, polygon in enumerate(polygons):
        shapes.insert(polygon, number + 1)

    def numbers(box: kdb.Box) -> Iterable[int]:
        for shape in shapes.each_touching(box):
            number = shape.prop_id - 1
            if not (kdb.Region(polygons[number]) & kdb.Region(box)).is_empty():
                yield number

    unit_members: list[list[MatchedUnit]] = [[] for _ in polygons]
    dummy_members: list[list[Finger]] = [[] for _ in polygons]
    for unit in units:
        for number in numbers(unit.box):
            unit_members[number].append(unit)
    for finger in dummies:
        for number in numbers(finger.box):
            dummy_members[number].append(finger)
    return [(tuple(near), tuple(around)) for near, around in zip(unit_members, dummy_members, strict=True)]
