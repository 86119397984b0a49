"""Via2."""

from __future__ import annotations

from tests.kit.drc_patterns import Shapes, cuts, enclosed, seal_bar, square, two_adjacent

ABOVE: Shapes = {"met3": [(-300, -300, 900, 900)]}
BOTH: Shapes = {"met2": [(-300, -300, 900, 900)], **ABOVE}
LONG: Shapes = {"met2": [(-300, -300, 500, 2300)], "met3": [(-300, -300, 500, 2300)]}

PATTERNS = [
    *square("via2.1a", "via2", 200, BOTH, shape_rule="via2.3"),
    *cuts("via2.2", "via2", 200, 200, (140, 145), BOTH),
    *seal_bar("via2.3", "via2", 200, LONG),
    *enclosed("via2.4", "met2", "via2", 200, 40, 200, ABOVE, (20, 35)),
    *two_adjacent("via2.5", "met2", "via2", 200, 85, 40, 300, ABOVE),
]
