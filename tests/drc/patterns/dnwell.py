"""Deep n-well."""

from __future__ import annotations

from tests.kit.drc_patterns import Shapes, fails, merged, passes, spacing, width
from tests.kit.front_shapes import inside, p_diff, well

WELL = well((-1000, -1000, 19_000, 16_000))
PNP = p_diff((4500, 1000, 5180, 1680))


def deep(*others: Shapes) -> Shapes:
    """A deep n-well from 0 to 4000 in an n-well."""
    return merged(WELL, {"dnwell": [(0, 0, 4000, 4000)]}, *others)


PATTERNS = [
    *inside(width("dnwell.2", "dnwell", 3000, 5000, (1800, 2400)), WELL),
    *inside(spacing("dnwell.3", "dnwell", 6300, (3500, 3500), (3780, 5040)), WELL),
    passes("dnwell.4", "beside a pnp", deep(PNP, {"pnp": [(4000, 0, 6000, 4000)]})),
    fails("dnwell.4", "overlaps a pnp", deep(PNP, {"pnp": [(3995, 0, 6000, 4000)]})),
    passes("dnwell.5", "p+ diffusion inside", deep(p_diff((3000, 1000, 4000, 2000)))),
    passes("dnwell.5", "p+ diffusion outside", deep(p_diff((4000, 1000, 5000, 2000)))),
    fails("dnwell.5", "p+ diffusion sticks out", deep(p_diff((3000, 1000, 4005, 2000)))),
    fails("dnwell.5", "p+ diffusion reaches in", deep(p_diff((3995, 1000, 5000, 2000)))),
    passes("dnwell.7", "inside a cut substrate", deep({"areaid_st": [(-500, -500, 4000, 4500)]})),
    passes("dnwell.7", "outside a cut substrate", deep({"areaid_st": [(4000, -500, 8000, 4500)]})),
    fails("dnwell.7", "sticks out", deep({"areaid_st": [(-500, -500, 3995, 4500)]})),
    fails("dnwell.7", "reaches in", deep({"areaid_st": [(3995, -500, 8000, 4500)]})),
]
