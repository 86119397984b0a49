"""Via4."""

from __future__ import annotations

from tests.kit.drc_patterns import Shapes, cuts, enclosed, seal_bar, square

ABOVE: Shapes = {"met5": [(-1000, -1000, 3500, 3500)]}
BOTH: Shapes = {"met4": [(-1000, -1000, 3500, 3500)], **ABOVE}

PATTERNS = [
    *square("via4.1", "via4", 800, BOTH, shape_rule="via4.3"),
    *cuts("via4.2", "via4", 800, 800, (480, 640), BOTH),
    *seal_bar("via4.3", "via4", 800, BOTH),
    *enclosed("via4.4", "met4", "via4", 800, 190, 500, ABOVE, (110, 155)),
]
