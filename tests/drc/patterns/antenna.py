"""Antenna ratios: a transistor whose gate is joined, step by step, to what the step in question etches.

Limits without a diode: side walls 50 times the gate's area for poly, 75 for li, 400 for metals; cuts 3 times for licon
and mcon, 6 times for vias. Thicknesses: poly 180, li 100, metal 1 and 2 350, metal 3 and 4 800, metal 5 2000 nm.
With a diode of A um^2: 75 + 450 A for li, 3 + 18 A for mcon, 6 + 36 A for vias, 2600 + 400 A for metals.
"""

from __future__ import annotations

from tests.kit.drc_patterns import Box, Shapes, around, fails, merged, passes

# Cuts with their side and spacing, and the wire above each.
STAGES = (
    ("licon1", 170, 170, "li1"),
    ("mcon", 170, 190, "met1"),
    ("via", 150, 170, "met2"),
    ("via2", 200, 200, "met3"),
    ("via3", 200, 200, "met4"),
    ("via4", 800, 800, "met5"),
)
POLY_PAD: Box = (0, -2000, 2400, -800)
# Cuts begin 400 nm inside this corner; a wire's other corner is free.
LEFT, LOW = 0, -2000
# A diode of 0.42 by 0.42 um, joined by li.
DIODE: Shapes = {
    "diff": [(5000, 0, 5420, 420)],
    "nsdm": [(4870, -130, 5550, 550)],
    "licon1": [(5125, 125, 5295, 295)],
    "li1": [(3000, 100, 5420, 400)],
}
TAP: Shapes = {"li1": [(3000, 1000, 3700, 2700)]}  # joins the transistor's tap
# The same diode, but joined in metal 1 only.
LATE: Shapes = {
    **DIODE,
    "li1": [(4900, 0, 5520, 420)],
    "mcon": [(5125, 125, 5295, 295)],
    "met1": [(3000, 0, 5420, 420)],
}


def transistor(wide: int, long: int) -> Shapes:
    """An n transistor of `wide` by `long`, its poly joined to a pad, and a tap."""
    diff = (0, 0, 600 + long, wide)
    return {
        "diff": [diff],
        "nsdm": [around(diff, 130, 130, 130, 130)],
        "poly": [(300, -1000, 300 + long, wide + 130), POLY_PAD],
        "tap": [(3000, 2000, 4000, 3000)],
        "psdm": [(2870, 1870, 4130, 3130)],
        "licon1": [(3515, 2415, 3685, 2585)],
        "li1": [(3400, 2300, 3800, 2700)],
        "npc": [around(POLY_PAD, 100, 100, 100, 100)],
    }


def joined(gate: tuple[int, int], top: str, size: tuple[int, int] = (3200, 3200), **count: int) -> Shapes:
    """A gate joined up to the wire `top`, which is of this size; one cut a stage, unless `count` says otherwise."""
    drawn = [transistor(*gate)]
    for cut, side, space, wire in STAGES:
        across = 2 if cut == "via4" else 5
        places = [(n % across * (side + space) + LEFT + 400, n // across * (side + space) + LOW + 400) for n in
                  range(count.get(cut, 1))]  # fmt: skip
        wide, high = size if wire == top else (3200, 3200)
        drawn.append({cut: [(x, y, x + side, y + side) for x, y in places]})
        drawn.append({wire: [(LEFT, LOW, LEFT + wide, LOW + high)]})
        if wire == top:
            break
    return merged(*drawn)


def poly_bar(length: int) -> Shapes:
    """A gate of 420 by 150 in a bar of poly."""
    return {**transistor(420, 150), "poly": [(300, 550 - length, 450, 550)], "npc": []}


SMALL = (420, 150)

PATTERNS = [
    passes("ar_q.poly.1", "a bar", poly_bar(8600)),
    fails("ar_q.poly.1", "a bar", poly_bar(8605)),
    # Cuts: as many as the gate just bears, on it and on a gate that is one step narrower; one more; with a diode.
    *(
        pattern
        for name, cut, top, gate, count, with_diode in (
            ("licon", "licon1", "li1", (510, 170), 9, None),
            ("mcon", "mcon", "met1", (510, 170), 9, 18),
            ("via", "via", "met2", (450, 150), 18, 37),
            ("via2", "via2", "met3", (500, 160), 12, 24),
            ("via3", "via3", "met4", (500, 160), 12, 24),
            ("via4", "via4", "met5", (800, 400), 3, None),
        )
        for rule in (f"ar_q.{name}.1",)
        for pattern in (
            passes(rule, f"{count} cuts", joined(gate, top, **{cut: count})),
            fails(rule, f"{count} cuts, narrower gate", joined((gate[0] - 5, gate[1]), top, **{cut: count})),
            fails(rule, f"{count + 1} cuts", joined(gate, top, **{cut: count + 1})),
            *(
                (
                    passes(rule, f"{with_diode} cuts, diode", merged(joined(gate, top, **{cut: with_diode}), DIODE)),
                    fails(
                        rule, f"{with_diode + 1} cuts, diode", merged(joined(gate, top, **{cut: with_diode + 1}), DIODE)
                    ),
                )
                if with_diode
                else ()
            ),
        )
    ),
    # Side walls: a wire of just the perimeter that the gate bears, and one step longer.
    *(
        pattern
        for name, wire, high in (
            ("li", "li1", 20425),
            ("met1", "met1", 32800),
            ("met2", "met2", 32800),
            ("met3", "met3", 12550),
            ("met4", "met4", 12550),
        )
        for rule in (f"ar_q.{name}.1",)
        for pattern in (
            passes(rule, "a wire", joined(SMALL, wire, (3200, high))),
            fails(rule, "a wire", joined(SMALL, wire, (3200, high + 5))),
        )
    ),
    passes("ar_q.li.1", "a wire with a diode", merged(joined(SMALL, "li1", (3200, 43205)), DIODE)),
    fails("ar_q.li.1", "a wire with a diode", merged(joined(SMALL, "li1", (3200, 43210)), DIODE)),
    passes("ar_q.met5.1", "a wire", joined((800, 400), "met5", (3200, 28800))),
    fails("ar_q.met5.1", "a wire", joined((800, 400), "met5", (3200, 28805))),
    fails("ar_q.li.1", "a diode in metal 1 comes too late", merged(joined(SMALL, "li1", (3200, 20430)), LATE)),
    passes("ar_q.met1.1", "a diode in metal 1", merged(joined(SMALL, "met1", (3200, 32805)), LATE)),
    passes(
        "ar_q.met1.1", "a long wire with a diode", merged(joined(SMALL, "met1", (3200, 237150)), DIODE), turned=False
    ),
    fails(
        "ar_q.met1.1", "a long wire with a diode", merged(joined(SMALL, "met1", (3200, 237155)), DIODE), turned=False
    ),
    passes("ar_q.met1.1", "a long wire with a tap", merged(joined(SMALL, "met1", (3200, 240000)), TAP), turned=False),
]
