"""Metal 1."""

from __future__ import annotations

from tests.kit.drc_patterns import Shapes, area, beside_huge, enclosed, hole, spacing, two_adjacent, width

# What an mcon at (0, 0, 170, 170) needs below metal 1.
BELOW: Shapes = {"li1": [(-200, -200, 370, 370)]}

PATTERNS = [
    *width("m1.1", "met1", 140, 1000, (100, 100)),
    *spacing("m1.2", "met1", 140, (300, 500), (100, 100)),
    *beside_huge("m1.3a", "m1.3b", "met1", 280, 140, 140, 525),
    *enclosed("m1.4", "met1", "mcon", 170, 30, 200, BELOW, (20, 25)),
    *two_adjacent("m1.5", "met1", "mcon", 170, 60, 30, 300, BELOW),
    *area("m1.6", "met1", (415, 200)),
    *hole("m1.7", "met1", (400, 350), 140),
]
