"""Metal 5."""

from __future__ import annotations

from tests.kit.drc_patterns import Shapes, area, enclosed, spacing, width

BELOW: Shapes = {"met4": [(-300, -300, 1100, 1100)]}

PATTERNS = [
    *width("m5.1", "met5", 1600, 4000, (960, 1280)),
    *spacing("m5.2", "met5", 1600, (2000, 2400), (960, 1280)),
    *enclosed("m5.3", "met5", "via4", 800, 310, 800, BELOW, (200, 240)),
    *area("m5.4", "met5", (2000, 2000)),
]
