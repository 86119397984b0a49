"""Latch-up. The reach grows in steps on the grid: at 45 degrees it is held to 14.5 and 15.3 um and not to a step."""

from __future__ import annotations

from tests.kit.drc_patterns import Shapes, fails, merged, passes
from tests.kit.front_shapes import n_diff, n_tap, p_diff, p_tap, ring

P_TAP = p_tap(-410, 0)
N_TAP = n_tap(-410, 0)
BARE: Shapes = {"tap": [(-410, 0, 0, 410)], "psdm": [(-535, -125, 125, 535)]}
WALL: Shapes = merged({"nwell": [(3000, -17_000, 5000, 17_000)]}, n_tap(3500, 500))
HOLE = (-2000, -2000, 17_000, 17_000)
ISLAND: Shapes = merged(
    ring("nwell", HOLE, 1500), {"dnwell": [(-3030, -3030, 18_030, 18_030)]}, n_tap(-2900, 500), n_tap(17_300, 500)
)
WELL: Shapes = {"nwell": [(-1500, -1500, 17_000, 17_000)]}
TWO_WELLS: Shapes = {"nwell": [(-1500, -1500, 3000, 3000), (4270, -1500, 17_000, 3000)]}


def n_far(right: int) -> Shapes:
    """N+ diffusion whose right end is this far from the tap."""
    return n_diff((right - 600, 0, right, 410))


def n_askew(x: int) -> Shapes:
    """N+ diffusion whose far corner is as far up as to the right of the tap's."""
    return n_diff((x - 600, x - 190, x, x + 410))


def p_far(right: int) -> Shapes:
    """P+ diffusion whose right end is this far from the tap."""
    return p_diff((right - 600, 0, right, 410))


PATTERNS = [
    passes("LU.2", "straight", merged(P_TAP, n_far(15_000))),
    fails("LU.2", "straight", merged(P_TAP, n_far(15_005))),
    passes("LU.2", "askew", merged(P_TAP, n_askew(10_250))),
    fails("LU.2", "askew", merged(P_TAP, n_askew(10_820))),
    fails("LU.2", "no tap", n_far(15_000)),
    fails("LU.2", "tap without contact", merged(BARE, n_far(1500))),
    fails("LU.2", "behind an n-well", merged(P_TAP, WALL, n_far(7000))),
    passes("LU.2.1", "straight", merged(P_TAP, ISLAND, n_far(15_000))),
    fails("LU.2.1", "straight", merged(P_TAP, ISLAND, n_far(15_005))),
    passes("LU.2.1", "askew", merged(P_TAP, ISLAND, n_askew(10_250))),
    fails("LU.2.1", "askew", merged(P_TAP, ISLAND, n_askew(10_820))),
    fails("LU.2.1", "tap outside the island", merged(p_tap(-4500, 0), ISLAND, n_far(2000))),
    passes("LU.3", "straight", merged(N_TAP, WELL, p_far(15_000))),
    fails("LU.3", "straight", merged(N_TAP, WELL, p_far(15_005))),
    passes("LU.3", "askew", merged(N_TAP, WELL, p_diff((9650, 10_060, 10_250, 10_660)))),
    fails("LU.3", "askew", merged(N_TAP, WELL, p_diff((10_220, 10_630, 10_820, 11_230)))),
    fails("LU.3", "no tap", merged(WELL, p_far(2000))),
    fails("LU.3", "tap in another n-well", merged(N_TAP, TWO_WELLS, p_far(6000))),
    passes("pwell.4", "tap", merged(P_TAP, ISLAND)),
    fails("pwell.4", "no tap", ISLAND),
    fails("pwell.4", "tap without contact", merged(BARE, ISLAND)),
]
