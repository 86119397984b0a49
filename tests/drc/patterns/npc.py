"""Nitride poly cut."""

from __future__ import annotations

from tests.kit.drc_patterns import fails, merged, spacing, width
from tests.kit.front_shapes import n_fet, off_gate, p_fet

GATE = (0, 0, 150, 420)

PATTERNS = [
    *width("npc.1", "npc", 270, 1000, (170, 210)),
    *spacing("npc.2", "npc", 270, (500, 500), (170, 210)),
    *off_gate("npc.4", "npc", n_fet(), GATE, 90, (50, 75)),
    *off_gate("npc.4", "npc", p_fet(), GATE, 90, (50, 75)),
    fails("npc.4", "overlapping", merged(n_fet(), {"npc": [(-200, 415, 600, 1100)]})),
]
