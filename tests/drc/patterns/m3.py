"""Metal 3."""

from __future__ import annotations

from tests.kit.drc_patterns import Shapes, area, beside_huge, enclosed, hole, spacing, width

BELOW: Shapes = {"met2": [(-200, -200, 400, 400)]}

PATTERNS = [
    *width("m3.1", "met3", 300, 1000, (180, 240)),
    *spacing("m3.2", "met3", 300, (600, 600), (180, 240)),
    *beside_huge("m3.3c", "m3.3d", "met3", 400, 300, 300, 665),
    *enclosed("m3.4", "met3", "via2", 200, 65, 250, BELOW, (25, 60)),
    *area("m3.6", "met3", (600, 400)),
    *hole("m3.7", "met3", (500, 400), 300),
]
