"""Metal over gates and bodies of resistors, which shifts them by stress and by the hydrogen that it keeps out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import klayout.db as kdb
from mirrorneuron.flows.matching.group import MatchedUnit
from mirrorneuron.flows.matching.read import Extraction
from mirrorneuron.pdk_sky130.layers import PIN_LAYERS

__all__ = ["MetalCover", "metal_over"]


@dataclass(frozen=True)
class MetalCover:
    """The least and the largest part of a unit that a layer covers, 0 to 1; ``alike``: all units the same to 1 nm2."""

    least: float
    largest: float
    alike: bool


def metal_over(extraction: Extraction, units: Sequence[MatchedUnit]) -> dict[str, MetalCover]:
    """By layer, from the lowest, how much of the gates or bodies of units it covers; layers over none are left out."""
    boxes = kdb.Region()
    for unit in units:
        for finger in unit.fingers:
            boxes.insert(finger.box)
    covers: dict[str, MetalCover] = {}
    for name in PIN_LAYERS:
        over = extraction.drawn[name] & boxes
        if over.is_empty():
            continue
        shapes = kdb.Shapes()
        shapes.insert(over.merged())
        covered = [sum(_area(shapes, finger.box) for finger in unit.fingers) for unit in units]
        parts = [
            area / sum(finger.box.area() for finger in unit.fingers) for area, unit in zip(covered, units, strict=True)
        ]
        covers[name] = MetalCover(min(parts), max(parts), len(set(covered)) == 1)
    return covers


def _area(shapes: kdb.Shapes, box: kdb.Box) -> int:
    """Area of shapes within a box [nm2]."""
    near = kdb.Region([shape.polygon for shape in shapes.each_touching(box)])
    return int((near & kdb.Region(box)).area())
