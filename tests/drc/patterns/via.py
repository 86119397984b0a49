"""Via."""

from __future__ import annotations

from tests.kit.drc_patterns import Shapes, cuts, enclosed, seal_bar, square, two_adjacent

ABOVE: Shapes = {"met2": [(-300, -300, 900, 900)]}
BOTH: Shapes = {"met1": [(-300, -300, 900, 900)], **ABOVE}
LONG: Shapes = {"met1": [(-300, -300, 500, 2300)], "met2": [(-300, -300, 500, 2300)]}

PATTERNS = [
    *square("via.1a", "via", 150, BOTH, shape_rule="via.3"),
    *cuts("via.2", "via", 150, 170, (120, 125), BOTH),
    *seal_bar("via.3", "via", 200, LONG),
    *enclosed("via.4a", "met1", "via", 150, 55, 200, ABOVE, (35, 45)),
    *two_adjacent("via.5a", "met1", "via", 150, 85, 55, 300, ABOVE),
]
