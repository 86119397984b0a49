"""Via3."""

from __future__ import annotations

from tests.kit.drc_patterns import Shapes, cuts, enclosed, seal_bar, square, two_adjacent

ABOVE: Shapes = {"met4": [(-300, -300, 900, 900)]}
BOTH: Shapes = {"met3": [(-300, -300, 900, 900)], **ABOVE}
LONG: Shapes = {"met3": [(-300, -300, 500, 2300)], "met4": [(-300, -300, 500, 2300)]}

PATTERNS = [
    *square("via3.1", "via3", 200, BOTH, shape_rule="via3.3"),
    *cuts("via3.2", "via3", 200, 200, (140, 145), BOTH),
    *seal_bar("via3.3", "via3", 200, LONG),
    *enclosed("via3.4", "met3", "via3", 200, 60, 250, ABOVE, (40, 45)),
    *two_adjacent("via3.5", "met3", "via3", 200, 90, 60, 500, ABOVE),
]
