"""Contacts."""

from __future__ import annotations

from collections.abc import Iterator

from tests.kit.drc_patterns import Pattern, Shapes, around, fails, merged, passes, square, two_adjacent
from tests.kit.front_shapes import SUBSTRATE, limits, n_diff, n_fet, n_tap, notched, p_diff, p_fet, p_tap, two, well

CUT = (0, 0, 170, 170)
LICON: Shapes = {"licon1": [CUT]}
LI: Shapes = {"li1": [(-80, -80, 250, 250)]}
N_BELOW = merged(n_diff((-400, -400, 1000, 1000)), {"li1": [(-300, -300, 800, 800)]}, SUBSTRATE)
POLY_CONTACT: Shapes = merged(LICON, LI, {"poly": [(-80, -80, 250, 250)], "npc": [(-100, -100, 270, 270)]})
SC: Shapes = {"areaid_sc": [(-1000, -1000, 1200, 1500)]}
HVI: Shapes = {"hvi": [(-4000, -4000, 5000, 5000)]}


def on_diff(left: int = 60, bottom: int = 60, right: int = 400, top: int = 400, kind: str = "n") -> Shapes:
    """A contact on diffusion with these enclosures."""
    diff = around(CUT, left, bottom, right, top)
    return merged(LICON, LI, n_diff(diff) if kind == "n" else p_diff(diff), SUBSTRATE if kind == "n" else well())


def on_poly(
    left: int = 80, bottom: int = 80, right: int = 80, top: int = 80, npc: tuple[int, int, int, int] = (100,) * 4
) -> Shapes:
    """A contact on poly with these enclosures by poly, and by npc."""
    return merged(LICON, LI, {"poly": [around(CUT, left, bottom, right, top)], "npc": [around(CUT, *npc)]})


def diff_enclosure() -> Iterator[Pattern]:
    """5a and 5c: contacts on diffusion."""
    for kind in "np":
        yield from limits("licon.5a", f"{kind}, one side", on_diff(40, kind=kind), on_diff(35, kind=kind))
        yield from limits(
            "licon.5a", f"{kind}, opposite sides", on_diff(40, right=40, kind=kind), on_diff(40, right=35, kind=kind)
        )
        yield fails("licon.5a", f"{kind}, on the edge", on_diff(0, kind=kind))
        yield fails("licon.5a", f"{kind}, sticks out", on_diff(-5, kind=kind))
        yield fails("licon.5a", f"{kind}, half outside", on_diff(-85, kind=kind))
        yield from limits("licon.5c", f"{kind}, adjacent sides", on_diff(40, 60, kind=kind), on_diff(40, 55, kind=kind))
        yield passes("licon.5c", f"{kind}, opposite sides", on_diff(40, 60, 40, 60, kind=kind))
        yield fails("licon.5c", f"{kind}, all sides", on_diff(55, 55, 55, 55, kind=kind))
    shape = {"nsdm": [(-1000, -1000, 1200, 1200)]}
    corner = [merged(LICON, LI, shape, SUBSTRATE, {"diff": [notched(CUT, x, 35)]}) for x in (20, 15)]
    yield from limits("licon.5a", "corner", *corner)


def butted(gap: int, kind: str = "n") -> Shapes:
    """A tap whose contact is `gap` from where it abuts a diffusion."""
    own, other, context = ("nsdm", "psdm", SUBSTRATE) if kind == "n" else ("psdm", "nsdm", well())
    return merged(
        {
            "diff": [(-1000, -165, 0, 335)],
            "tap": [(0, -165, 700, 335)],
            own: [(-1125, -290, 0, 460)],
            other: [(0, -290, 825, 460)],
            "licon1": [(-700, 0, -530, 170), (gap, 0, gap + 170, 170)],
            "li1": [(-800, -80, 600, 250)],
        },
        context,
    )


def on_tap(left: int, bottom: int, right: int, top: int, kind: str = "p") -> Shapes:
    """A contact on a tap that stands alone."""
    tap = around(CUT, left, bottom, right, top)
    layer, context = ("psdm", {}) if kind == "p" else ("nsdm", well())
    return merged(LICON, LI, {"tap": [tap], layer: [around(tap, 125, 125, 125, 125)]}, context)


def pair(dx: int, dy: int) -> Shapes:
    """Two contacts on one diffusion."""
    return merged(N_BELOW, LICON, {"licon1": [(170 + dx, dy, 340 + dx, 170 + dy)]})


def resistor(*slots: tuple[int, int, int, int], squares: tuple[tuple[int, int], ...] = ()) -> Shapes:
    """A wide terminal of a high-ohmic resistor with these contacts; nothing else of it matters to them."""
    poly = (-2500, -4500, 3230, 6500)
    return {
        "poly": [poly],
        "poly_res": [(-2500, 5000, 3230, 6000)],
        "rpm": [around(poly, 200, 200, 200, 200)],
        "psdm": [around(poly, 110, 110, 110, 110)],
        "npc": [around(poly, 100, 100, 100, 100)],
        "licon1": [*slots, *((x, y, x + 170, y + 170) for x, y in squares)],
        "li1": [(-2300, -4400, 3030, 4800)],
    }


def slots() -> Iterator[Pattern]:
    """Contacts in high-ohmic resistors. How many they may be is another rule's matter (rpm.1k)."""
    also = ("rpm.1k",)

    def shape(wide: int, long: int) -> Shapes:
        return resistor((0, 0, wide, long))

    def two_slots(x: int, y: int) -> Shapes:
        return resistor((0, 0, 190, 2000), (x, y, x + 190, y + 2000))

    for rule in ("licon.1b", "licon.1c"):
        yield passes(rule, "exact", shape(190, 2000), also=also)
    for wide in (185, 195, 170):
        yield fails("licon.1b", f"{wide} wide", shape(wide, 2000))
    for long in (1995, 2005, 190):
        yield fails("licon.1c", f"{long} long", shape(190, long))
    yield passes("licon.2b", "end to end", two_slots(0, 2350), also=also)
    yield fails("licon.2b", "end to end", two_slots(0, 2345))
    yield fails("licon.2b", "end to end, shifted", two_slots(100, 2345))
    yield passes("licon.2c", "side by side", two_slots(700, 0), also=also)
    yield fails("licon.2c", "side by side", two_slots(695, 0))
    yield passes("licon.2c", "side by side, shifted", two_slots(700, 1500), also=also)
    yield fails("licon.2c", "side by side, shifted", two_slots(695, 1500))
    yield passes("licon.2c", "corner to corner", two_slots(190 + 240, 2450), also=also)
    yield fails("licon.2c", "corner to corner", two_slots(190 + 235, 2450))
    side_to_end = [resistor((0, 0, 190, 2000), (190 + gap, 500, 2190 + gap, 690)) for gap in (510, 505)]
    yield passes("licon.2c", "side to end", side_to_end[0], also=also)
    yield fails("licon.2c", "side to end", side_to_end[1])
    # A square there has the wrong size, whatever its distance.
    odd = (*also, "licon.1b", "licon.1c")
    for name, x, y in (("side", 700, 500), ("end", 0, 2510), ("corner", 190 + 240, 2450)):
        step_x, step_y = (0, -5) if name == "end" else (-5, 0)
        yield passes("licon.2d", name, resistor((0, 0, 190, 2000), squares=((x, y),)), also=odd)
        yield fails("licon.2d", name, resistor((0, 0, 190, 2000), squares=((x + step_x, y + step_y),)))


def near_gate(gap: int, kind: str = "n", *context: Shapes) -> Shapes:
    """A contact on the drain, `gap` from the gate, which is at the left."""
    fet = n_fet(drain=600) if kind == "n" else p_fet(drain=600)
    x = 150 + gap
    contact: Shapes = {"licon1": [(x, 125, x + 170, 295)], "li1": [(x - 80, 45, x + 250, 375)]}
    return merged(fet, contact, *context)


HVTP: Shapes = {"hvtp": [(-800, -380, 1000, 800)]}


def gates() -> Iterator[Pattern]:
    """11: contacts beside gates."""
    for kind in "np":
        yield from limits("licon.11", kind, near_gate(55, kind), near_gate(50, kind))
        yield fails("licon.11", f"{kind}, touching", near_gate(0, kind))
        yield from limits("licon.11a", kind, near_gate(50, kind, SC), near_gate(45, kind, SC))
    yield from limits("licon.11b", "p", near_gate(50, "p", SC, HVTP), near_gate(45, "p", SC, HVTP))
    yield from limits("licon.11", "p under hvtp", near_gate(55, "p", HVTP), near_gate(50, "p", HVTP))


def varactor(gap: int, *context: Shapes) -> Shapes:
    """Poly over a tap in an n-well, with a contact `gap` from the channel."""
    x = 200 + gap
    return merged(
        well(),
        {"tap": [(-600, 0, 1000, 1000)], "nsdm": [(-725, -125, 1125, 1125)], "poly": [(0, -130, 200, 1130)]},
        {"licon1": [(x, 400, x + 170, 570)], "li1": [(x - 80, 320, x + 250, 650)]},
        *context,
    )


def npc_near(gap: int, on: Shapes) -> Shapes:
    """Npc right of a contact."""
    return merged(on, {"npc": [(170 + gap, -300, 900 + gap, 500)]})


def source(contact: bool) -> Shapes:
    """A source that abuts a tap, with or without contact."""
    cuts = [(300, 125, 470, 295)] if contact else []
    return merged(
        n_fet(),
        {
            "diff": [(150, 0, 600, 420)],
            "tap": [(600, 0, 1100, 420)],
            "nsdm": [(0, -125, 600, 545)],
            "psdm": [(600, -125, 1225, 545)],
            "licon1": [*cuts, (760, 125, 930, 295)],
            "li1": [(220, 45, 1010, 375)],
        },
    )


def uncontacted(tap: Shapes) -> Shapes:
    """Without its contacts."""
    return {name: shapes for name, shapes in tap.items() if name not in ("licon1", "li1")}


N_ISLAND = n_diff((0, 0, 600, 600))
# A poly contact whose right edge is at 0.
PAD: Shapes = {
    "licon1": [(-170, 0, 0, 170)],
    "li1": [(-250, -80, 0, 250)],
    "poly": [(-250, -80, 80, 250)],
    "npc": [(-270, -100, 100, 270)],
}

PATTERNS = [
    *square("licon.1", "licon1", 170, N_BELOW),
    *slots(),
    *limits("licon.2", "side by side", pair(170, 0), pair(165, 0)),
    *limits("licon.2", "side by side, shifted", pair(170, 100), pair(165, 100)),
    *limits("licon.2", "corner to corner", pair(80, 170 + 150), pair(75, 170 + 150)),
    passes("licon.4", "li over it", on_diff(100, 100)),
    fails("licon.4", "no li", merged(LICON, n_diff((-400, -400, 600, 600)), SUBSTRATE)),
    fails(
        "licon.4",
        "li beside it",
        merged(LICON, n_diff((-400, -400, 600, 600)), {"li1": [(170, 0, 800, 800)]}, SUBSTRATE),
    ),
    passes("licon.4", "poly below it", POLY_CONTACT),
    fails("licon.4", "nothing below it", merged(LICON, LI)),
    fails("licon.4", "poly beside it", merged(LICON, LI, {"poly": [(170, 0, 800, 800)]})),
    *diff_enclosure(),
    *limits("licon.5b", "p tap", butted(60), butted(55)),
    *limits("licon.5b", "n tap", butted(60, "p"), butted(55, "p")),
    fails("licon.5b", "touching", butted(0)),
    passes("licon.6", "at the edge", on_tap(0, 120, 0, 120)),
    fails("licon.6", "sticks out", on_tap(-5, 120, 0, 120)),
    fails("licon.6", "half outside", on_tap(-85, 120, 0, 120)),
    fails("licon.6", "across the edge to the diffusion", butted(-85)),
    *(
        pattern
        for kind in "np"
        for pattern in (
            *limits(
                "licon.7", f"{kind}, adjacent sides", on_tap(0, 120, 200, 200, kind), on_tap(0, 115, 200, 200, kind)
            ),
            passes("licon.7", f"{kind}, opposite sides", on_tap(0, 120, 0, 120, kind)),
            fails("licon.7", f"{kind}, all sides", on_tap(115, 115, 115, 115, kind)),
        )
    ),
    *limits("licon.8", "one side", on_poly(50), on_poly(45)),
    *limits("licon.8", "opposite sides", on_poly(50, right=50), on_poly(50, right=45)),
    fails("licon.8", "on the edge", on_poly(0)),
    fails("licon.8", "sticks out", on_poly(-5)),
    fails("licon.8", "half outside", on_poly(-85)),
    *limits(
        "licon.8",
        "corner",
        *(merged(LICON, LI, {"poly": [notched(CUT, x, 40)], "npc": [(-100, -100, 270, 270)]}) for x in (30, 25)),
    ),
    *two_adjacent("licon.8a", "poly", "licon1", 170, 80, 50, 300, merged(LI, {"npc": [(-100, -100, 270, 270)]})),
    *two("licon.9", PAD, {"psdm": [(0, 0, 900, 900)]}, 110, (0, 170), (70, 85)),
    fails("licon.9", "overlapping", merged(POLY_CONTACT, {"psdm": [(165, -300, 1000, 500)]})),
    fails("licon.9", "inside", merged(POLY_CONTACT, {"psdm": [(-300, -300, 500, 500)]})),
    *limits("licon.10", "side", varactor(250), varactor(245)),
    *gates(),
    *limits("licon.13", "diffusion", npc_near(90, on_diff(100, 100)), npc_near(85, on_diff(100, 100))),
    *limits("licon.13", "p diffusion", npc_near(90, on_diff(kind="p")), npc_near(85, on_diff(kind="p"))),
    *limits("licon.13", "tap", npc_near(90, on_tap(*[120] * 4)), npc_near(85, on_tap(*[120] * 4))),
    *limits(
        "licon.13",
        "corner to corner",
        *(merged(on_diff(100, 100), {"npc": [(170 + x, 170 + 75, 900, 900)]}) for x in (50, 45)),
    ),
    fails("licon.13", "touching", npc_near(0, on_diff(100, 100))),
    fails("licon.13", "overlapping", npc_near(-5, on_diff(100, 100))),
    fails("licon.13", "inside npc", merged(on_diff(100, 100), {"npc": [(-200, -200, 400, 400)]})),
    *two("licon.14", PAD, N_ISLAND, 190, (0, 170), (110, 155), SUBSTRATE),
    *two("licon.14", PAD, n_tap(), 190, (0, 170), (110, 155), well()),
    *limits("licon.15", "one side", on_poly(npc=(100, 300, 300, 300)), on_poly(npc=(95, 300, 300, 300))),
    fails("licon.15", "on the edge", on_poly(npc=(0, 300, 300, 300))),
    fails("licon.15", "sticks out", on_poly(npc=(-5, 300, 300, 300))),
    *limits(
        "licon.15",
        "corner",
        *(merged(LICON, LI, {"poly": [(-80, -80, 250, 250)], "npc": [notched(CUT, x, 80)]}) for x in (60, 55)),
    ),
    passes("licon.16", "tap", p_tap()),
    fails("licon.16", "p tap without", uncontacted(p_tap())),
    fails("licon.16", "n tap without", merged(well(), uncontacted(n_tap()))),
    passes("licon.16", "source", source(True)),
    fails("licon.16", "source without", source(False)),
    passes("licon.17", "diffusion alone", on_diff(100, 100)),
    fails("licon.17", "a step of poly", merged(near_gate(55), {"poly": [(150, 0, 210, 420)]})),
    fails("licon.17", "over a gate", merged(n_fet(long=400), LI, {"licon1": [(100, 100, 270, 270)]})),
    passes("licon.18", "npc around it", POLY_CONTACT),
    fails("licon.18", "no npc", {name: shapes for name, shapes in POLY_CONTACT.items() if name != "npc"}),
    fails(
        "licon.18", "npc beside it", merged(LICON, LI, {"poly": [(-80, -80, 250, 250)], "npc": [(270, 0, 700, 300)]})
    ),
    fails("licon.18", "a step bare", on_poly(npc=(-5, 100, 100, 100))),
    passes("licon.19", "low-voltage varactor", varactor(250)),
    fails("licon.19", "contact on the poly", merged(varactor(250, HVI), {"licon1": [(15, 400, 185, 570)]})),
]
