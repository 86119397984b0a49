"""Poly."""

from __future__ import annotations

from tests.kit.drc_patterns import Shapes, fails, merged, passes, spacing, width
from tests.kit.front_shapes import SUBSTRATE, limits, n_diff, n_fet, n_tap, p_fet, p_tap, two, well

SQUARE = merged(n_diff((0, 0, 1000, 1000)), SUBSTRATE)
BAR: Shapes = {"poly": [(0, 0, 800, 600)]}
RESISTOR: Shapes = {"poly": [(0, 0, 330, 3000)], "poly_res": [(0, 1000, 330, 2000)]}
HVI: Shapes = {"hvi": [(-4000, -4000, 5000, 5000)]}


def lvt(long: int) -> Shapes:
    """A p transistor under lvtn."""
    return merged(p_fet(long=long), {"lvtn": [(-180, -180, long + 180, 600)]})


def butted(gap: int, kind: str = "n") -> Shapes:
    """A transistor whose source, `gap` wide, abuts a tap; both contacted."""
    own, other, context = ("nsdm", "psdm", SUBSTRATE) if kind == "n" else ("psdm", "nsdm", well())
    edge = 150 + gap
    return merged(
        {
            "diff": [(-250, 0, edge, 420)],
            "poly": [(0, -130, 150, 550)],
            "tap": [(edge, 0, edge + 500, 420)],
            own: [(-375, -125, edge, 545)],
            other: [(edge, -125, edge + 625, 545)],
            "licon1": [(210, 125, 380, 295), (edge + 150, 125, edge + 320, 295)],
            "li1": [(130, 45, edge + 400, 375)],
        },
        context,
    )


def covering(left: int, right: int, fet: Shapes) -> Shapes:
    """Diffusion from -500 to 500 under a gate from `left` to `right`."""
    return merged(fet, {"diff": [(-500, 0, 500, 420)], "poly": [(left, -130, right, 550)]})


N_ACTIVE: Shapes = merged({"nsdm": [(-625, -125, 625, 545)]}, SUBSTRATE)
P_ACTIVE: Shapes = merged({"psdm": [(-625, -125, 625, 545)]}, well())


def ending(top: int) -> Shapes:
    """Poly whose end is at `top`, where the diffusion ends at 420."""
    return merged(N_ACTIVE, {"diff": [(-500, 0, 500, 420)], "poly": [(0, -130, 150, top)]})


def near(x: int, y: int = 0) -> Shapes:
    """Poly on field from x on, right of a square diffusion."""
    return merged(SQUARE, {"poly": [(x, y, x + 300, y + 800)]})


def inner_corner(left: int) -> Shapes:
    """An L of diffusion, and a gate over its lower leg that begins at `left`; the inner corner is at 0."""
    return merged(
        {
            "diff": [(-1000, -500, 2000, 0), (-1000, 0, 0, 2000)],
            "nsdm": [(-1125, -625, 2125, 2125)],
            "poly": [(left, -630, left + 300, 500)],
        },
        SUBSTRATE,
    )


def bend(y: int) -> Shapes:
    """A gate that turns at y; the diffusion ends at 420."""
    return merged(N_ACTIVE, {"diff": [(-500, 0, 500, 420)], "poly": [(0, -130, 150, y + 150), (0, y, 1000, y + 150)]})


def over_tap(well_of_tap: Shapes, tap: Shapes, bottom: int) -> Shapes:
    """Poly that ends at `bottom` over or beside a tap from 0 to 410."""
    return merged(well_of_tap, tap, {"poly": [(0, bottom, 410, 1200)]})


VARACTOR: Shapes = merged(
    well(),
    {"tap": [(0, 0, 1400, 1000)], "nsdm": [(-125, -125, 1525, 1125)], "poly": [(600, -130, 800, 1130)]},
    {"licon1": [(120, 400, 290, 570)], "li1": [(40, 320, 370, 650)]},
)


def marked(x: int) -> Shapes:
    """A transistor whose drain is a diffusion resistor from x on."""
    return merged(n_fet(drain=1000), {"diff_res": [(x, 0, 800, 420)]})


PATTERNS = [
    *width("poly.1a", "poly", 150, 1000, (90, 120)),
    *limits("poly.1b", "channel", lvt(350), lvt(345)),
    *spacing("poly.2", "poly", 210, (400, 400), (130, 165)),
    *limits(
        "poly.3",
        "bar",
        RESISTOR,
        {"poly": [(0, 0, 325, 3000)], "poly_res": [(0, 1000, 325, 2000)]},
    ),
    *limits("poly.4", "side by side", near(1075), near(1070)),
    *limits("poly.4", "side by side, shifted", near(1075, 900), near(1070, 900)),
    fails("poly.4", "touching", near(1000)),
    passes("poly.4", "corner to corner", near(1005, 1005)),
    *limits("poly.4", "beside its own gate", bend(495), bend(490)),
    *two("poly.5", p_tap(), BAR, 55, (410, 410), (25, 50), shift=300),
    *two("poly.5", n_tap(), BAR, 55, (410, 410), (25, 50), well(), shift=300),
    *limits("poly.6", "p tap", butted(300), butted(295)),
    *limits("poly.6", "n tap", butted(300, "p"), butted(295, "p")),
    *limits("poly.7", "n drain", n_fet(drain=250), n_fet(drain=245)),
    *limits("poly.7", "p drain", p_fet(drain=250), p_fet(drain=245)),
    fails("poly.7", "drain of one step", covering(-150, 495, N_ACTIVE)),
    fails("poly.7", "no drain", covering(-150, 500, N_ACTIVE)),
    fails("poly.7", "poly over the diffusion's end", covering(-150, 600, N_ACTIVE)),
    fails("poly.7", "poly over the diffusion's end in an n-well", covering(-150, 600, P_ACTIVE)),
    fails("poly.7", "poly over all of it", covering(-600, 600, N_ACTIVE)),
    *limits("poly.8", "n transistor", n_fet(cap=130), n_fet(cap=125)),
    *limits("poly.8", "p transistor", p_fet(cap=130), p_fet(cap=125)),
    fails("poly.8", "one end too short", ending(545)),
    fails("poly.8", "one end flush", ending(420)),
    fails("poly.8", "one end on diffusion", ending(415)),
    *two("poly.9", RESISTOR, {"poly": [(0, 1000, 800, 2000)]}, 480, (330, 0), None, shift=900, merging=True),
    *limits(
        "poly.9",
        "corner to corner",
        {"poly": [(0, 0, 330, 2500), (510, 2945, 1200, 3500)], "poly_res": [(0, 0, 330, 2500)]},
        {"poly": [(0, 0, 330, 2500), (505, 2945, 1200, 3500)], "poly_res": [(0, 0, 330, 2500)]},
    ),
    *two("poly.9", RESISTOR, n_diff((0, 1000, 600, 2000)), 480, (330, 1000), None, SUBSTRATE),
    *two(
        "poly.9", {"poly": [(0, 0, 330, 1000)], "poly_res": [(0, 0, 330, 1000)]}, p_tap(), 480, (330, 1000), (180, 445)
    ),
    *two("poly.9", RESISTOR, RESISTOR, 480, (330, 0), None, merging=True),
    fails("poly.9", "over diffusion", merged(RESISTOR, n_diff((-500, 1400, 1000, 1600)), SUBSTRATE)),
    passes("poly.10", "near it", inner_corner(75)),
    passes("poly.10", "touching it", inner_corner(0), also=("poly.4",)),
    fails("poly.10", "over it by a step", inner_corner(-5)),
    fails("poly.10", "over it", inner_corner(-150)),
    passes("poly.11", "on field", bend(495)),
    passes("poly.11", "at the diffusion's edge", bend(420), also=("poly.4",)),
    fails("poly.11", "a step inside", bend(415)),
    fails("poly.11", "in the middle", bend(200)),
    passes("poly.12", "varactor in a low-voltage n-well", VARACTOR),
    passes("poly.12", "beside a p tap", over_tap({}, p_tap(), 465)),
    fails("poly.12", "over a p tap by a step", over_tap({}, p_tap(), 405)),
    fails("poly.12", "over an n tap in a high-voltage n-well", merged(VARACTOR, HVI)),
    *limits("poly.15", "drain", marked(150), marked(145)),
]
