"""Pins and labels."""

from __future__ import annotations

from tests.kit.drc_patterns import Shapes, Text, fails, passes

WIRES = ("li1", "met1", "met2", "met3", "met4", "met5")
OTHERS = ("nwell", "diff", "tap", "poly", "pad")
BOX = (0, 0, 2000, 2000)


def pin(layer: str, x2: int) -> Shapes:
    """A pin that begins on the layer and ends at x2."""
    return {layer: [BOX], f"{layer}.pin": [(1000, 500, x2, 1000)]}


PATTERNS = [
    *(passes("x.5", f"{layer}, to the edge", pin(layer, 2000)) for layer in WIRES),
    *(fails("x.5", f"{layer}, beyond the edge", pin(layer, 2005)) for layer in (*WIRES, *OTHERS)),
    *(fails("x.5", f"{layer}, nothing below", {f"{layer}.pin": [BOX]}) for layer in WIRES),
    *(
        passes("x.17", f"{layer}, on the edge", {layer: [BOX], f"{layer}.{purpose}": [Text("a", 2000, 500)]})
        for layer in WIRES
        for purpose in ("pin", "label")
    ),
    *(
        fails("x.17", f"{layer}, beyond the edge", {layer: [BOX], f"{layer}.{purpose}": [Text("a", 2005, 500)]})
        for layer in (*WIRES, *OTHERS)
        for purpose in ("pin", "label")
    ),
]
