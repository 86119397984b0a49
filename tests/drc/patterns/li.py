"""Local interconnect."""

from __future__ import annotations

from tests.kit.drc_patterns import Shapes, area, fails, passes, spacing, two_adjacent, width

# A tap below a contact at (0, 0, 170, 170).
BELOW: Shapes = {"tap": [(-200, -200, 370, 370)], "psdm": [(-330, -330, 500, 500)]}


def resistor(wide: int, long: int) -> Shapes:
    """A wire with a resistor's body in its middle."""
    return {"li1": [(0, 0, wide, 2000)], "li1_res": [(-100, 500, wide + 100, 500 + long)]}


PATTERNS = [
    *width("li.1", "li1", 170, 1000, (120, 125)),
    *spacing("li.3", "li1", 170, (300, 500), (120, 125)),
    *two_adjacent("li.5", "li1", "licon1", 170, 80, 0, 300, BELOW),
    *area("li.6", "li1", (330, 170)),
    passes("li.7", "resistor", resistor(290, 1000)),
    fails("li.7", "resistor", resistor(285, 1000)),
    passes("li.7", "a short resistor is no narrow one", resistor(290, 200)),
]
