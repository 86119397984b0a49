"""Thick oxide."""

from __future__ import annotations

from tests.kit.drc_patterns import Shapes, around, enclosed, fails, merged, passes, spacing, width
from tests.kit.front_shapes import (
    SUBSTRATE,
    contact,
    inside,
    limits,
    n_diff,
    n_fet,
    n_tap,
    p_diff,
    p_fet,
    p_tap,
    two,
    well,
)

ALL: Shapes = {"hvi": [(-6000, -6000, 9000, 9000)]}
LV_SQUARE = n_diff((0, 0, 600, 600))
HV_WELL: Shapes = merged({"nwell": [(0, 0, 2000, 2000)]}, n_tap(600, 600))
WELL: Shapes = merged({"nwell": [(0, 0, 1200, 1200)]}, n_tap(400, 400))
P_IMPLANT: Shapes = {"psdm": [(-125, -125, 725, 725)]}
N_IMPLANT: Shapes = {"nsdm": [(-125, -125, 535, 535)]}


def hv_well(left: int) -> Shapes:
    """An n-well that hvi encloses by `left` on one side."""
    return merged(HV_WELL, {"hvi": [around((0, 0, 2000, 2000), left, 200, 200, 200)]})


def hv_n(shapes: Shapes) -> Shapes:
    """Under hvi, on substrate."""
    return merged(shapes, SUBSTRATE, ALL)


def hv_p(shapes: Shapes) -> Shapes:
    """Under hvi, in an n-well."""
    return merged(shapes, well(), ALL)


def resistor(wide: int) -> Shapes:
    """A p+ diffusion resistor under hvi."""
    return hv_p(merged(p_diff((0, 0, wide, 2000)), {"diff_res": [(0, 500, wide, 1500)]}))


def butted(tap: int, kind: str = "n", diff: int = 1000) -> Shapes:
    """A diffusion that abuts a tap of this width, both contacted, under hvi."""
    own, other, context = ("nsdm", "psdm", SUBSTRATE) if kind == "n" else ("psdm", "nsdm", well())
    return merged(
        {
            "diff": [(0, 0, diff, 500)],
            "tap": [(diff, 0, diff + tap, 500)],
            own: [(-125, -125, diff, 625)],
            other: [(diff, -125, diff + 125 + tap, 625)],
            "licon1": [(200, 165, 370, 335), (diff + 250, 165, diff + 420, 335)],
            "li1": [(100, 85, diff + 500, 415)],
        },
        context,
        ALL,
    )


def both_sides(tap: int, kind: str = "n") -> Shapes:
    """A tap of this width between two diffusions, under hvi."""
    own, other, context = ("nsdm", "psdm", SUBSTRATE) if kind == "n" else ("psdm", "nsdm", well())
    far = 1000 + tap
    return merged(
        {
            "diff": [(0, 0, 1000, 500), (far, 0, far + 1000, 500)],
            "tap": [(1000, 0, far, 500)],
            own: [(-125, -125, 1000, 625), (far, -125, far + 1125, 625)],
            other: [(1000, -125, far, 625)],
            "licon1": [(200, 165, 370, 335), (1250, 165, 1420, 335), (far + 200, 165, far + 370, 335)],
            "li1": [(100, 85, far + 450, 415)],
        },
        context,
        ALL,
    )


def across_tap(tap: int) -> Shapes:
    """Two n+ diffusions 370 off a p+ tap of this width that stands between them."""
    far = 600 + 370 + tap + 370
    return hv_n(
        merged(
            n_diff((0, 0, 600, 1000), (far, 0, far + 600, 1000)),
            {"tap": [(970, 0, 970 + tap, 1000)], "psdm": [(845, -125, 1095 + tap, 1125)]},
            contact(970 + (tap - 170) // 2 // 5 * 5, 400),
        )
    )


def hvi_around(inner: Shapes, box: tuple[int, int, int, int], left: int) -> Shapes:
    """Hvi that encloses a box by `left` on one side."""
    return merged(inner, {"hvi": [around(box, left, 400, 400, 400)]})


def channel(long: int, kind: str) -> Shapes:
    """A transistor under hvi."""
    return merged(n_fet(long=long) if kind == "n" else p_fet(long=long), ALL)


def tip(left: int, *context: Shapes) -> Shapes:
    """Hvntm around an n+ diffusion under hvi."""
    return hv_n(merged(LV_SQUARE, {"hvntm": [around((0, 0, 600, 600), left, 300, 300, 300)]}, *context))


def tip_butted(end: int) -> Shapes:
    """Hvntm over an n+ diffusion that abuts a p+ tap at 1000, up to `end`."""
    return merged(butted(700), {"hvntm": [(-185, -185, end, 685)]})


def beside_tip(gap: int, other: Shapes, *context: Shapes) -> Shapes:
    """Something left of hvntm and of its hvi, which is coincident; `other` ends at 0."""
    return merged(other, {"hvntm": [(gap, -500, gap + 2000, 1500)], "hvi": [(gap, -500, gap + 2000, 1500)]}, *context)


SQUARE_LEFT: Shapes = {"diff": [(-600, 0, 0, 600)], "nsdm": [(-725, -125, 125, 725)]}
P_LEFT: Shapes = {"diff": [(-600, 0, 0, 600)], "psdm": [(-725, -125, 125, 725)]}
TIP: Shapes = {"hvntm": [(0, 0, 1000, 1000)]}

PATTERNS = [
    *width("hvi.1", "hvi", 600, 2000, (360, 480)),
    *spacing("hvi.2a", "hvi", 700, (1000, 1000), (420, 560)),
    passes("hvi.4", "beside it", {"hvi": [(0, 0, 1000, 1000)], "tunm": [(1000, 0, 2000, 1000)]}),
    fails("hvi.4", "overlapping", {"hvi": [(0, 0, 1000, 1000)], "tunm": [(995, 0, 2000, 1000)]}),
    *two("hvi.5", {"hvi": [(0, 0, 1000, 1000)]}, WELL, 700, (1000, 1000), (420, 560), merging=True),
    passes("hvi.5", "coincident edges", merged({"hvi": [(-1000, 0, 0, 1200)]}, WELL)),
    fails("hvi.5", "one step apart", merged({"hvi": [(-1000, 0, -5, 1200)]}, WELL)),
    *two(
        "hvnwell.8", HV_WELL, WELL, 2000, (2000, 2000), (1200, 1600), {"hvi": [(-200, -200, 2200, 2200)]}, merging=True
    ),
    *two("hvnwell.8", HV_WELL, HV_WELL, 2000, (2000, 2000), (1200, 1600), ALL, merging=True),
    *two(
        "hvnwell.8", HV_WELL, WELL, 2000, (2000, 2000), (1200, 1600), {"areaid_hl": [(0, 0, 2000, 2000)]}, merging=True
    ),
    passes(
        "hvnwell.8",
        "on the same net",
        merged(HV_WELL, {"nwell": [(3270, 0, 5270, 2000)]}, n_tap(3870, 600), ALL, {"li1": [(640, 640, 4240, 970)]}),
    ),
    passes("hvnwell.9", "coincident edges", hv_well(0)),
    fails("hvnwell.9", "a step outside", hv_well(-5)),
    fails("hvnwell.9", "half outside", hv_well(-1000)),
    *inside(width("hvdifftap.14", "diff", 290, 1000, (200, 210), nsdm=[(-125, -125, 2125, 2125)]), SUBSTRATE, ALL),
    *limits("hvdifftap.14", "p diffusion", hv_p(p_diff((0, 0, 290, 2000))), hv_p(p_diff((0, 0, 285, 2000)))),
    passes("hvdifftap.14", "p+ resistor", resistor(285)),
    *limits("hvdifftap.14a", "p+ resistor", resistor(150), resistor(145)),
    *inside(
        spacing("hvdifftap.15a", "diff", 300, (600, 600), (180, 240)),
        {"nsdm": [(-125, -125, 2500, 2500)]},
        SUBSTRATE,
        ALL,
    ),
    *two("hvdifftap.15b", LV_SQUARE, p_tap(), 370, (600, 600), None, SUBSTRATE, ALL, merging=True, shift=300),
    *two("hvdifftap.15b", LV_SQUARE, p_tap(), 370, (600, 600), (120, 350), SUBSTRATE, ALL, merging=True),
    passes("hvdifftap.15b", "abutting", butted(700)),
    *limits("hvdifftap.16", "p tap", butted(700), butted(695)),
    *limits("hvdifftap.16", "n tap", butted(700, "p"), butted(695, "p")),
    *limits("hvdifftap.16", "p tap between two", both_sides(700), both_sides(695)),
    *limits("hvdifftap.16", "n tap between two", both_sides(700, "p"), both_sides(695, "p")),
    *(
        pattern
        for rule, layer, side, context in (
            ("hvdifftap.17", "diff", 600, merged(P_IMPLANT, n_tap(0, -1600), ALL)),
            ("hvdifftap.19", "tap", 410, merged(N_IMPLANT, contact(120, 120), ALL)),
        )
        for pattern in enclosed(rule, "nwell", layer, side, 330, 2000, context, (190, 270))
        if pattern.name != "nothing around it"
    ),
    *limits(
        "hvdifftap.17",
        "high-voltage well of thin-oxide devices",
        *(
            merged(
                {"nwell": [(-gap, -2000, 2600, 2600)]},
                p_diff((0, 0, 600, 600)),
                n_tap(0, -1600),
                {"areaid_hl": [(-gap, -2000, 2600, 2600)]},
            )
            for gap in (330, 325)
        ),
    ),
    *two("hvdifftap.18", LV_SQUARE, HV_WELL, 430, (600, 600), (170, 395), SUBSTRATE, ALL, shift=300),
    *limits(
        "hvdifftap.18",
        "high-voltage well of thin-oxide devices",
        *(
            merged(LV_SQUARE, well((600 + gap, 0, 3000, 2500)), {"areaid_hl": [(600 + gap, 0, 3000, 2500)]}, SUBSTRATE)
            for gap in (430, 425)
        ),
    ),
    *two("hvdifftap.20", p_tap(), HV_WELL, 430, (410, 410), (170, 395), ALL, shift=200),
    passes("hvdifftap.21", "diffusion inside", hvi_around(merged(LV_SQUARE, SUBSTRATE), (0, 0, 600, 600), 180)),
    fails("hvdifftap.21", "diffusion a step outside", hvi_around(merged(LV_SQUARE, SUBSTRATE), (0, 0, 600, 600), -5)),
    fails("hvdifftap.21", "tap half outside", hvi_around(p_tap(), (0, 0, 410, 410), -200)),
    *(
        pattern
        for shapes, side in ((merged(LV_SQUARE, SUBSTRATE), 600), (p_tap(), 410))
        for pattern in (
            *limits(
                "hvdifftap.22", f"one side, {side}", *(hvi_around(shapes, (0, 0, side, side), x) for x in (180, 175))
            ),
            fails("hvdifftap.22", f"on the edge, {side}", hvi_around(shapes, (0, 0, side, side), 0)),
        )
    ),
    *two("hvdifftap.23", LV_SQUARE, {"hvi": [(0, 0, 1000, 1000)]}, 180, (600, 600), (100, 150), SUBSTRATE),
    *two("hvdifftap.23", p_tap(), {"hvi": [(0, 0, 1000, 1000)]}, 180, (410, 410), (100, 150)),
    *two("hvdifftap.24", LV_SQUARE, HV_WELL, 430, (600, 600), (170, 395), SUBSTRATE, ALL),
    *limits("hvdifftap.25", "tap between", across_tap(330), across_tap(325)),
    *(pattern for kind in "np" for pattern in limits("hvpoly.13", kind, channel(500, kind), channel(495, kind))),
    passes("hvpoly.14", "inside", channel(500, "n")),
    fails("hvpoly.14", "a step outside", merged(n_fet(long=500), {"hvi": [(5, -4000, 5000, 5000)]})),
    fails("hvpoly.14", "a step inside", merged(n_fet(long=500), {"hvi": [(-4000, -4000, 5000, 5)]})),
    passes("hvntm.X.1", "coincident edges", {"hvntm": [(0, 0, 1000, 1000)], "hvi": [(0, -500, 1500, 1500)]}),
    fails("hvntm.X.1", "a step outside", {"hvntm": [(-5, 0, 1000, 1000)], "hvi": [(0, -500, 1500, 1500)]}),
    passes("hvntm.10", "inside", {"hvntm": [(0, 0, 1000, 1000)], "hvi": [(0, -500, 1500, 1500)]}),
    fails("hvntm.10", "beside it", {"hvntm": [(0, 0, 1000, 1000)], "hvi": [(1000, -500, 2500, 1500)]}),
    fails("hvntm.10", "no hvi", TIP),
    *inside(width("hvntm.1", "hvntm", 700, 2000, (420, 560)), ALL),
    *inside(spacing("hvntm.2", "hvntm", 700, (1000, 1000), (420, 560)), ALL),
    *limits("hvntm.3", "one side", tip(185), tip(180)),
    fails("hvntm.3", "on the edge", tip(0)),
    fails("hvntm.3", "a step outside", tip(-5)),
    passes("hvntm.3", "not drawn", hv_n(LV_SQUARE)),
    passes("hvntm.3", "where a tap abuts", tip_butted(1000)),
    *limits(
        "hvntm.4", "side by side", beside_tip(185, SQUARE_LEFT, SUBSTRATE), beside_tip(180, SQUARE_LEFT, SUBSTRATE)
    ),
    fails("hvntm.4", "overlapping", beside_tip(-5, SQUARE_LEFT, SUBSTRATE)),
    *limits(
        "hvntm.5",
        "side by side",
        *(
            merged(P_LEFT, well((-3500, -3500, 3500, 3500)), ALL, {"hvntm": [(gap, -500, 2000, 1500)]})
            for gap in (185, 180)
        ),
    ),
    fails("hvntm.5", "overlapping", merged(P_LEFT, well(), ALL, {"hvntm": [(-5, -500, 2000, 1500)]})),
    *two("hvntm.6a", p_tap(), TIP, 185, (410, 410), (60, 175), ALL),
    fails("hvntm.6a", "overlapping", merged(p_tap(), ALL, {"hvntm": [(405, 0, 1500, 1000)]})),
    *limits("hvntm.6b", "where a diffusion abuts", tip_butted(1000), tip_butted(1005)),
    passes("hvntm.9", "beside a core", {**TIP, **ALL, "areaid_ce": [(1000, 0, 2000, 1000)]}),
    fails("hvntm.9", "over a core", {**TIP, **ALL, "areaid_ce": [(995, 0, 2000, 1000)]}),
]
