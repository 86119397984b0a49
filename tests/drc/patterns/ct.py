"""mcon."""

from __future__ import annotations

from tests.kit.drc_patterns import Shapes, cuts, enclosed, seal_bar, square

ABOVE: Shapes = {"met1": [(-300, -300, 900, 900)]}
BOTH: Shapes = {"li1": [(-300, -300, 900, 900)], **ABOVE}
LONG: Shapes = {"li1": [(-300, -300, 500, 2300)], "met1": [(-300, -300, 500, 2300)]}

PATTERNS = [
    *square("ct.1", "mcon", 170, BOTH, shape_rule="ct.3"),
    *cuts("ct.2", "mcon", 170, 190, (135, 135), BOTH),
    *seal_bar("ct.3", "mcon", 170, LONG),
    *enclosed("ct.4", "li1", "mcon", 170, 0, 200, ABOVE, (0, 0)),
]
