"""Diffusion and tap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.kit.drc_patterns import Pattern, Shapes, enclosed, fails, merged, passes, spacing, width
from tests.kit.front_shapes import (
    SUBSTRATE,
    contact,
    inside,
    limits,
    n_diff,
    n_fet,
    n_tap,
    p_fet,
    p_tap,
    two,
    well,
)

SC: Shapes = {"areaid_sc": [(-300, -300, 500, 900)]}
SQUARE = n_diff((0, 0, 600, 600))
NSDM: Shapes = {"nsdm": [(-125, -125, 2500, 2500)]}
P_IMPLANT: Shapes = {"psdm": [(-125, -125, 725, 725)]}
N_IMPLANT: Shapes = {"nsdm": [(-125, -125, 535, 535)]}
ALL_IN_WELL = well((-3000, -3000, 6000, 6000))


def tap_neck(wide: int) -> Shapes:
    """A tap that narrows to `wide`."""
    return merged(
        p_tap(),
        {"tap": [(410, 100, 1000, 100 + wide)], "psdm": [(410, -125, 1125, 535)]},
    )


def butted(
    tap: int, *, kind: str = "n", diff_top: int = 500, tap_top: int = 500, context: Shapes = SUBSTRATE
) -> Shapes:
    """A diffusion from 0 to 1000 and a tap of width `tap` right of it, both contacted; the diffusion of this kind."""
    own, other = ("nsdm", "psdm") if kind == "n" else ("psdm", "nsdm")
    return merged(
        {
            "diff": [(0, 0, 1000, diff_top)],
            "tap": [(1000, 0, 1000 + tap, tap_top)],
            own: [(-125, -125, 1000, 625)],
            other: [(1000, -125, 1125 + tap, 625)],
            "licon1": [(200, 165, 370, 335), (1060, 165, 1230, 335)],
            "li1": [(100, 85, 1400, 415)],
        },
        context,
    )


def between(tap: int, kind: str = "n", context: Shapes = SUBSTRATE) -> Shapes:
    """A tap of this width between two diffusions."""
    own, other = ("nsdm", "psdm") if kind == "n" else ("psdm", "nsdm")
    far = 1000 + tap
    return merged(
        {
            "diff": [(0, 0, 1000, 500), (far, 0, far + 1000, 500)],
            "tap": [(1000, 0, far, 500)],
            own: [(-125, -125, 1000, 625), (far, -125, far + 1125, 625)],
            other: [(1000, -125, far, 625)],
            "licon1": [(200, 165, 370, 335), (1060, 165, 1230, 335), (1600, 165, 1770, 335)],
            "li1": [(100, 85, 1850, 415)],
        },
        context,
    )


def widened(distance: int, layer: str) -> Shapes:
    """Diffusion or tap that widens at this distance from the edge where they abut."""
    drawn = butted(700)
    if layer == "diff":
        return merged(drawn, {"diff": [(0, 0, 1000 - distance, 700)], "nsdm": [(-125, -125, 1000, 825)]})
    return merged(drawn, {"tap": [(1000 + distance, 0, 1700, 700)], "psdm": [(1000, -125, 1825, 825)]})


def n_taps(gap: int) -> Shapes:
    """Two taps in one n-well under one implant."""
    return merged(well(), n_tap(), n_tap(410 + gap, 0), {"nsdm": [(0, -125, 900, 535)]})


def in_well(patterns: Iterable[Pattern]) -> Iterator[Pattern]:
    """Without an n-well diffusion and tap are of the other kind, and have another implant's rule broken."""
    return (pattern for pattern in patterns if pattern.name != "nothing around it")


PATTERNS = [
    *inside(
        width("difftap.1", "diff", 150, 1000, (90, 120), nsdm=[(-125, -125, 2125, 2125)]),
        SUBSTRATE,
    ),
    *limits("difftap.1", "tap", tap_neck(150), tap_neck(145)),
    *limits("difftap.2", "n channel", n_fet(wide=420), n_fet(wide=415)),
    *limits("difftap.2", "p channel", p_fet(wide=420), p_fet(wide=415)),
    *limits("difftap.2b", "n channel", merged(n_fet(wide=360), SC), merged(n_fet(wide=355), SC)),
    *limits("difftap.2b", "p channel", merged(p_fet(wide=360), SC), merged(p_fet(wide=355), SC)),
    *inside(spacing("difftap.3", "diff", 270, (600, 600), (170, 210)), NSDM, SUBSTRATE),
    *two("difftap.3", SQUARE, p_tap(), 270, (600, 600), None, SUBSTRATE, merging=True),
    *limits("difftap.3", "taps", n_taps(270), n_taps(265)),
    fails("difftap.3", "overlapping", merged(butted(700), {"diff": [(1000, 0, 1005, 500)]})),
    *limits("difftap.4", "p tap", butted(290), butted(285)),
    *limits(
        "difftap.4",
        "n tap",
        butted(290, kind="p", context=ALL_IN_WELL),
        butted(285, kind="p", context=ALL_IN_WELL),
    ),
    *limits("difftap.5", "p tap", between(400), between(395)),
    *limits("difftap.5", "n tap", between(400, "p", ALL_IN_WELL), between(395, "p", ALL_IN_WELL)),
    passes("difftap.6", "flush", butted(500)),
    fails("difftap.6", "diffusion goes on", butted(500, diff_top=505)),
    fails("difftap.6", "tap goes on", butted(500, tap_top=505)),
    *limits("difftap.7", "diffusion widens", widened(130, "diff"), widened(125, "diff")),
    *limits("difftap.7", "tap widens", widened(130, "tap"), widened(125, "tap")),
    *in_well(
        enclosed("difftap.8", "nwell", "diff", 600, 180, 2000, merged(P_IMPLANT, n_tap(0, -1600)), (100, 150)),
    ),
    *two("difftap.9", SQUARE, well((0, 0, 2000, 2000)), 340, (600, 600), (160, 300), SUBSTRATE, shift=300),
    *in_well(
        enclosed("difftap.10", "nwell", "tap", 410, 180, 2000, merged(N_IMPLANT, contact(120, 120)), (100, 150)),
    ),
    *two("difftap.11", p_tap(), well((0, 0, 2000, 2000)), 130, (410, 410), (50, 120), shift=200),
]
