"""Metal 4."""

from __future__ import annotations

from tests.kit.drc_patterns import Shapes, area, beside_huge, enclosed, hole, spacing, width

BELOW: Shapes = {"met3": [(-200, -200, 400, 400)]}

PATTERNS = [
    *width("m4.1", "met4", 300, 1000, (180, 240)),
    *spacing("m4.2", "met4", 300, (600, 600), (180, 240)),
    *enclosed("m4.3", "met4", "via3", 200, 65, 250, BELOW, (25, 60)),
    *area("m4.4a", "met4", (600, 400)),
    *beside_huge("m4.5a", "m4.5b", "met4", 400, 300, 300, 665),
    *hole("m4.7", "met4", (500, 400), 300),
]
