"""Poly resistors."""

from __future__ import annotations

from collections.abc import Iterator

from tests.kit.drc_patterns import Pattern, Shapes, around, fails, merged, passes, spacing, width
from tests.kit.front_shapes import limits, n_diff

HEAD = 2160
BODY = 1000
SLOT = (190, 2000)
HVI: Shapes = {"hvi": [(-3000, -3000, 5000, 9000)]}


def resistor(
    wide: int = 350,
    slots: int = 1,
    *,
    rpm: tuple[int, int, int, int] = (460, 200, 460, 200),
    psdm: tuple[int, int, int, int] = (110, 110, 110, 110),
    npc: tuple[int, int, int, int] = (95, 95, 95, 95),
    marker: str = "rpm",
    slot: tuple[int, int] = SLOT,
) -> Shapes:
    """A high-ohmic resistor, upright, with contact slots side by side in both heads; layers enclose it by these
    distances (left, bottom, right, top)."""
    poly = (0, 0, wide, 2 * HEAD + BODY)
    slot_wide, slot_long = slot
    left = (wide - (slots - 1) * 700 - slot_wide) // 2 // 5 * 5
    lower, upper = (HEAD - slot_long) // 2 // 5 * 5, HEAD + BODY + (HEAD - slot_long) // 2 // 5 * 5
    cuts = [
        (left + 700 * number, y, left + 700 * number + slot_wide, y + slot_long)
        for number in range(slots)
        for y in (lower, upper)
    ]
    right = left + 700 * (slots - 1) + slot_wide
    return {
        "poly": [poly],
        "poly_res": [(0, HEAD, wide, HEAD + BODY)],
        marker: [around(poly, *rpm)],
        "psdm": [around(poly, *psdm)],
        "npc": [around(poly, *npc)],
        "licon1": cuts,
        "li1": [(left - 80, y - 80, right + 80, y + slot_long + 80) for y in (lower, upper)],
    }


def end_to_end(wide: int) -> Shapes:
    """A resistor with a second slot in the lower terminal, beyond the first."""
    drawn = resistor(wide)
    x = (wide - 190) // 2
    poly = (0, -2350, wide, 2 * HEAD + BODY)
    return drawn | {
        "poly": [poly],
        "rpm": [around(poly, 460, 200, 460, 200)],
        "psdm": [around(poly, 110, 110, 110, 110)],
        "npc": [around(poly, 95, 95, 95, 95)],
        "licon1": [*drawn["licon1"], (x, -2270, x + 190, -270)],
        "li1": [*drawn["li1"], (x - 80, -2350, x + 270, 100)],
    }


def widths() -> Iterator[Pattern]:
    """The five widths, each exact, a step less, and a step more."""
    for rule, wide, slots in (
        ("rpm.1b", 350, 1),
        ("rpm.1c", 690, 1),
        ("rpm.1d", 1410, 2),
        ("rpm.1e", 2850, 4),
        ("rpm.1f", 5730, 8),
    ):
        for marker in ("rpm", "urpm"):
            yield passes(rule, f"exact, {marker}", resistor(wide, slots, marker=marker))
            yield fails(rule, f"too narrow, {marker}", resistor(wide - 5, slots, marker=marker))
            yield fails(rule, f"too wide, {marker}", resistor(wide + 5, slots, marker=marker))
    yield fails("rpm.1b", "between two widths", resistor(515))
    yield fails("rpm.1c", "between two widths", resistor(525))
    yield fails("rpm.1f", "far too wide", resistor(8000, 8))
    bulge: Shapes = {"poly": [(-5, 2500, 0, 2600)], "poly_res": [(-5, 2500, 0, 2600)]}
    yield fails("rpm.1c", "with a bulge", merged(resistor(690), bulge))


def counts() -> Iterator[Pattern]:
    """Slots in a terminal: as many as its width asks for, one more, one less."""
    for rule, wide, slots in (("rpm.1i", 1410, 2), ("rpm.1j", 2850, 4), ("rpm.1k", 5730, 8)):
        yield passes(rule, "right count", resistor(wide, slots))
        yield fails(rule, "one more", resistor(wide, slots + 1))
        yield fails(rule, "one less", resistor(wide, slots - 1))
    for rule, wide in (("rpm.1g", 350), ("rpm.1h", 690)):
        yield passes(rule, "right count", resistor(wide))
        yield fails(rule, "one more", end_to_end(wide))


def beside(layer: str, gap: int, *context: Shapes) -> Shapes:
    """Something right of the resistor's rpm, which ends at 810."""
    return merged(resistor(), {layer: [(810 + gap, 1000, 1610 + gap, 2000)]}, *context)


def askew(layer: str, x: int, y: int) -> Shapes:
    """Something up and right of the rpm's corner."""
    top = 2 * HEAD + BODY + 200
    return merged(resistor(), {layer: [(810 + x, top + y, 1610 + x, top + y + 800)]})


def hvntm(gap: int) -> Shapes:
    """Hvntm beside the resistor itself, which ends at 350."""
    return merged(resistor(), HVI, {"hvntm": [(350 + gap, 1000, 1350 + gap, 2000)]})


def enclosures(rule: str, layer: str, least: int) -> Iterator[Pattern]:
    """One side and one end of the resistor."""

    def drawn(left: int, bottom: int) -> Shapes:
        sides = (left, bottom, 460, least)
        return resistor(psdm=sides) if layer == "psdm" else resistor(npc=sides)

    yield from limits(rule, "side", drawn(least, least), drawn(least - 5, least))
    yield from limits(rule, "end", drawn(least, least), drawn(least, least - 5))


def without(layer: str) -> Shapes:
    """A resistor without a layer."""
    return {name: shapes for name, shapes in resistor().items() if name != layer}


PATTERNS = [
    *width("rpm.1a", "rpm", 1270, 3000, (430, 1195)),
    *widths(),
    *counts(),
    *spacing("rpm.2", "rpm", 840, (1500, 1500), (500, 675)),
    *width("urpm.1a", "urpm", 1270, 3000, (430, 1195)),
    *spacing("urpm.2", "urpm", 840, (1500, 1500), (500, 675)),
    *limits("rpm.3", "side", resistor(rpm=(200, 200, 720, 200)), resistor(rpm=(195, 200, 725, 200))),
    *limits("rpm.3", "side, urpm", *(resistor(rpm=(gap, 200, 720, 200), marker="urpm") for gap in (200, 195))),
    *limits("rpm.3", "end", resistor(), resistor(rpm=(460, 195, 460, 200))),
    *enclosures("rpm.4", "psdm", 110),
    fails("rpm.4", "missing", without("psdm")),
    *enclosures("rpm.5", "npc", 95),
    fails("rpm.5", "missing", without("npc")),
    *limits("rpm.6", "side by side", beside("nsdm", 200), beside("nsdm", 195)),
    *limits("rpm.6", "corner to corner", askew("nsdm", 120, 160), askew("nsdm", 115, 160)),
    fails("rpm.6", "touching", beside("nsdm", 0)),
    fails("rpm.6", "overlapping", beside("nsdm", -5)),
    *limits("rpm.7", "side by side", beside("poly", 200), beside("poly", 195)),
    *limits("rpm.7", "corner to corner", askew("poly", 120, 160), askew("poly", 115, 160)),
    fails("rpm.7", "touching", beside("poly", 0)),
    passes("rpm.8", "poly inside", merged(resistor(rpm=(460, 200, 1500, 200)), {"poly": [(850, 500, 1850, 900)]})),
    fails("rpm.8", "sticks out", merged(resistor(rpm=(460, 200, 1500, 200)), {"poly": [(850, 500, 1855, 900)]})),
    fails("rpm.8", "resistor sticks out", resistor(rpm=(460, -5, 460, 200))),
    *limits("rpm.9", "side by side", hvntm(185), hvntm(180)),
    fails("rpm.9", "overlapping", hvntm(-5)),
    passes("x.10", "contact beside the body", merged(resistor(), {"poly_res": [(0, 2080, 350, 2160)]})),
    fails("x.10", "contact a step on the body", merged(resistor(), {"poly_res": [(0, 2075, 350, 2160)]})),
    fails(
        "x.10",
        "contact on a diffusion's body",
        merged(
            n_diff((0, 0, 600, 600)),
            {"diff_res": [(100, 0, 500, 600)], "licon1": [(215, 215, 385, 385)], "li1": [(135, 135, 465, 465)]},
        ),
    ),
]
