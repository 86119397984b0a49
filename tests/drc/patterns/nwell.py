"""N-well."""

from __future__ import annotations

from tests.kit.drc_patterns import Shapes, around, enclosed, fails, merged, passes, width
from tests.kit.front_shapes import inside, limits, n_tap, p_tap, ring, two

SQUARE: Shapes = merged({"nwell": [(0, 0, 1000, 1000)]}, n_tap(300, 300))
DEEP: Shapes = merged({"dnwell": [(0, 0, 4000, 4000)], "nwell": [(-400, -400, 4400, 4400)]}, n_tap(1000, 1000))
HOLE = (0, 0, 1500, 1500)


def notch(gap: int) -> Shapes:
    """A U."""
    return merged(
        {"nwell": [(0, 0, 1000, 2000), (1000 + gap, 0, 2000 + gap, 2000), (0, 0, 2000 + gap, 1000)]}, n_tap(300, 300)
    )


def hole(left: int, bottom: int = 1030) -> Shapes:
    """A p-well in a hole over deep n-well, which encloses the hole by `left` and `bottom`."""
    dnwell = around(HOLE, left, bottom, 1030, 1030)
    return merged(ring("nwell", HOLE, 1500), {"dnwell": [dnwell]}, n_tap(-1000, 500), p_tap(500, 500))


def corner(x: int, y: int) -> Shapes:
    """A hole's corner near an inner corner of the deep n-well."""
    dnwell = [(-3000, -3000), (4500, -3000), (4500, 1500 + y), (1500 + x, 1500 + y), (1500 + x, 4500), (-3000, 4500)]
    return merged(ring("nwell", HOLE, 4000), {"dnwell": [dnwell]}, n_tap(-1000, 500), p_tap(500, 500))


def strapped(gap: int) -> Shapes:
    """Another n-well `gap` right of a deep n-well, on the same net: li from tap to tap."""
    return merged(DEEP, n_well(4000 + gap), {"li1": [(1040, 1040, 4400 + gap, 1370)]})


def n_well(x: int) -> Shapes:
    """Another n-well, from x on."""
    return merged({"nwell": [(x, 700, x + 1200, 2000)]}, n_tap(x + 300, 1000))


PATTERNS = [
    *inside(width("nwell.1", "nwell", 840, 2000, (500, 675)), n_tap(215, 500)),
    *two("nwell.2a", SQUARE, SQUARE, 1270, (1000, 1000), (430, 1195), shift=500, merging=True),
    *limits("nwell.2a", "notch", notch(1270), notch(1265)),
    passes("nwell.4", "contacted tap", SQUARE),
    fails("nwell.4", "no tap", {"nwell": [(0, 0, 1000, 1000)]}),
    fails("nwell.4", "tap without contact", {**SQUARE, "licon1": []}),
    fails("nwell.4", "tap beside it", merged({"nwell": [(0, 0, 1000, 1000)]}, n_tap(1300, 300))),
    *enclosed("nwell.5", "nwell", "dnwell", 3000, 400, 2000, n_tap(1200, 1200), (240, 320)),
    *limits("nwell.6", "one side", hole(1030), hole(1025)),
    *limits("nwell.6", "corner", corner(610, 830), corner(605, 830)),
    fails("nwell.6", "half covered", hole(-750)),
    fails("nwell.6", "a corner covered", hole(-1000, -1000)),
    *limits("nwell.7", "side by side", merged(DEEP, n_well(8500)), merged(DEEP, n_well(8495))),
    *limits(
        "nwell.7",
        "corner to corner",
        merged(DEEP, {"nwell": [(6700, 7600, 8000, 9000)]}, n_tap(7000, 8000)),
        merged(DEEP, {"nwell": [(6695, 7600, 8000, 9000)]}, n_tap(7000, 8000)),
    ),
    passes("nwell.7", "on the same net", strapped(1670)),
]
