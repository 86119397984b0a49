"""High-threshold p transistors."""

from __future__ import annotations

from tests.kit.drc_patterns import area, fails, hole, merged, spacing, width
from tests.kit.front_shapes import around_gate, limits, off_gate, p_fet, two

GATE = (0, 0, 150, 420)

PATTERNS = [
    *width("hvtp.1", "hvtp", 380, 1000, (205, 320)),
    *spacing("hvtp.2", "hvtp", 380, (600, 600), (205, 320)),
    *around_gate("hvtp.3", "hvtp", p_fet(), GATE, 180, (100, 150)),
    *off_gate("hvtp.4", "hvtp", p_fet(), GATE, 180, (100, 150)),
    *area("hvtp.5", "hvtp", (500, 530)),
    *hole("hvtp.6", "hvtp", (500, 530), 400),
    *width("hvtr.1", "hvtr", 380, 1000, (205, 320)),
    *two("hvtr.2", {"hvtr": [(0, 0, 600, 600)]}, {"hvtp": [(0, 0, 600, 600)]}, 380, (600, 600), (205, 320)),
    fails("hvtr.2", "overlapping", {"hvtr": [(0, 0, 600, 600)], "hvtp": [(595, 0, 1200, 600)]}),
    *around_gate("hvtr.3", "hvtr", p_fet(), GATE, 180, (100, 150)),
    *limits(
        "hvtr.3",
        "hvtp far off",
        merged(p_fet(), {"hvtr": [(-180, -180, 330, 600)], "hvtp": [(-180, 980, 330, 1600)]}),
        merged(p_fet(), {"hvtr": [(-180, -180, 325, 600)], "hvtp": [(-180, 980, 330, 1600)]}),
    ),
]
