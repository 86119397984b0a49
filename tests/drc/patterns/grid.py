"""Grid, angles, and shapes without area."""

from __future__ import annotations

from tests.kit.drc_patterns import Shapes, Wire, fails, passes

SIDES = ("diff", "tap", "poly", "licon1", "li1", "mcon", "via", "via2", "via3", "via4", "capm", "cap2m")
OCTAGONAL = ("nwell", "met1", "met2", "met3", "met4", "met5", "nsdm", "psdm", "npc", "hvi", "lvtn", "hvtp", "areaid_sc")
TAP: Shapes = {
    "licon1": [(165, 165, 335, 335)],
    "li1": [(0, 0, 500, 500)],
    "psdm": [(-130, -130, 1130, 1130)],
    "areaid_analog": [(-500, -500, 1500, 1500)],
}
ELL = [(0, 0), (1000, 0), (1000, 500), (500, 500), (500, 1000), (0, 1000)]


def chamfered(size: int, cut_x: int, cut_y: int) -> list[tuple[int, int]]:
    """A square with one corner cut off."""
    return [(0, 0), (size, 0), (size, size - cut_y), (size - cut_x, size), (0, size)]


PATTERNS = [
    passes("x.1b", "on the grid", {"met1": [(0, 0, 1005, 500)]}),
    fails("x.1b", "1 nm off the grid", {"met1": [(0, 0, 1001, 500)]}),
    fails("x.1b", "4 nm off the grid", {"met1": [(0, 0, 1004, 500)]}),
    *(fails("x.1b", f"1 nm off the grid, {layer}", {layer: [(0, 0, 1001, 500)]}) for layer in (*SIDES, *OCTAGONAL)),
    passes("x.2", "upright", {"li1": [(0, 0, 1000, 1000)]}),
    *(fails("x.2", f"45 degrees, {layer}", {layer: [chamfered(2000, 300, 300)]}) for layer in SIDES),
    passes("x.2a", "a rectangle", {"tap": [(0, 0, 1000, 1000)], **TAP}),
    fails("x.2a", "an L", {"tap": [ELL], **TAP}),
    fails("x.2a", "an L of diffusion", {"diff": [ELL], **TAP}),
    passes("x.3a", "45 degrees", {"met1": [chamfered(2000, 300, 300)]}),
    *(fails("x.3a", f"nearly 45 degrees, {layer}", {layer: [chamfered(2000, 300, 305)]}) for layer in OCTAGONAL),
    passes("zero_area_shape", "a shape", {"met1": [(0, 0, 600, 140)]}),
    fails("zero_area_shape", "a box without height", {"met1": [(0, 0, 600, 0)]}),
    fails("zero_area_shape", "a polygon without area", {"nsdm": [[(0, 0), (600, 0), (300, 0)]]}),
    fails("zero_area_shape", "a path without width", {"met3": [Wire(0, ((0, 0), (1000, 0)))]}),
    passes("zero_length_path", "the shortest path", {"met1": [Wire(300, ((0, 0), (5, 0)), 300)]}),
    fails("zero_length_path", "a path without length", {"met1": [Wire(300, ((0, 0), (0, 0)), 300)]}),
]
