"""Low-threshold transistors."""

from __future__ import annotations

from tests.kit.drc_patterns import Shapes, area, fails, hole, merged, passes, spacing, width
from tests.kit.front_shapes import around_gate, limits, n_fet, n_tap, off_gate, p_fet, two

GATE = (0, 0, 150, 420)
P_GATE = (0, 0, 350, 420)


def beside(gap: int) -> Shapes:
    """A p transistor and lvtn beside its drain."""
    return merged(p_fet(), {"lvtn": [(150 + gap, -300, 1200, 700)]})


def in_well(left: int, upper_right: tuple[int, int] = (1500, 1500)) -> Shapes:
    """Lvtn (a box from 0 to 800) in an n-well with this enclosure."""
    x, y = upper_right
    shape = [(-left, -1500), (2300, -1500), (2300, 800 + y), (800 + x, 800 + y), (800 + x, 2300), (-left, 2300)]
    return merged({"lvtn": [(0, 0, 800, 800)], "nwell": [shape]}, n_tap(1000, -1000))


PATTERNS = [
    *width("lvtn.1a", "lvtn", 380, 1000, (205, 320)),
    *spacing("lvtn.2", "lvtn", 380, (600, 600), (205, 320)),
    *off_gate("lvtn.3a", "lvtn", n_fet(), GATE, 180, (100, 150)),
    *off_gate("lvtn.3a", "lvtn", p_fet(), GATE, 180, (100, 150), sideways=235),
    *limits("lvtn.3b", "beside the drain", beside(235), beside(230)),
    *around_gate("lvtn.4b", "lvtn", n_fet(), GATE, 180, (100, 150)),
    *around_gate("lvtn.4b", "lvtn", p_fet(long=350), P_GATE, 180, (100, 150)),
    *two("lvtn.9", {"lvtn": [(0, 0, 600, 600)]}, {"hvtp": [(0, 0, 600, 600)]}, 380, (600, 600), (205, 320)),
    fails("lvtn.9", "overlapping", {"lvtn": [(0, 0, 600, 600)], "hvtp": [(595, 0, 1200, 600)]}),
    *limits("lvtn.10", "one side", in_well(380), in_well(375)),
    passes("lvtn.10", "coincident edges", in_well(0)),
    fails("lvtn.10", "nearly coincident", in_well(5)),
    fails("lvtn.10", "sticks out", in_well(-5)),
    fails("lvtn.10", "half outside", in_well(-400)),
    *limits("lvtn.10", "corner", in_well(400, (205, 320)), in_well(400, (200, 320))),
    *area("lvtn.13", "lvtn", (500, 530)),
    *hole("lvtn.14", "lvtn", (500, 530), 400),
]
