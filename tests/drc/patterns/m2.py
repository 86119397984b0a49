"""Metal 2."""

from __future__ import annotations

from tests.kit.drc_patterns import Shapes, area, beside_huge, enclosed, hole, spacing, two_adjacent, width

BELOW: Shapes = {"met1": [(-200, -200, 350, 350)]}

PATTERNS = [
    *width("m2.1", "met2", 140, 1000, (100, 100)),
    *spacing("m2.2", "met2", 140, (300, 500), (100, 100)),
    *beside_huge("m2.3a", "m2.3b", "met2", 280, 140, 140, 525),
    *enclosed("m2.4", "met2", "via", 150, 55, 200, BELOW, (35, 45)),
    *two_adjacent("m2.5", "met2", "via", 150, 85, 55, 300, BELOW),
    *area("m2.6", "met2", (260, 260)),
    *hole("m2.7", "met2", (400, 350), 140),
]
