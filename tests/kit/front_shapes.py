"""Pieces of the front end for hand-drawn patterns: contacts, taps, wells, diffusions and transistors that break no
rule by themselves. All lengths are nm."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.kit.drc_patterns import STEP, Box, Pattern, Shape, Shapes, around, fails, merged, moved, passes


def inside(patterns: Iterable[Pattern], *context: Shapes) -> Iterator[Pattern]:
    """Patterns with what they need around them."""
    for pattern in patterns:
        yield pattern._replace(shapes=merged(pattern.shapes, *context))


def limits(rule: str, name: str, at_limit: Shapes, beyond: Shapes) -> Iterator[Pattern]:
    """A pass and a fail of one name."""
    yield passes(rule, name, at_limit)
    yield fails(rule, name, beyond)


def two(
    rule: str,
    one: Shapes,
    other: Shapes,
    least: int,
    size: tuple[int, int],
    diagonal: tuple[int, int] | None,
    *context: Shapes,
    shift: int = 0,
    merging: bool = False,
) -> Iterator[Pattern]:
    """Two shapes, `other` to the right of `one`: side by side, touching (which is allowed if they are `merging`), and
    corner to corner. `one` reaches from the origin to `size`, `other` begins at the origin before it is moved. `shift`
    is how far up it goes for a pair that is only partly opposite."""
    wide, high = size

    def pair(dx: int, dy: int) -> Shapes:
        return merged(one, moved(other, wide + dx, dy), *context)

    yield from limits(rule, "side by side", pair(least, 0), pair(least - STEP, 0))
    if shift:
        yield from limits(rule, "side by side, shifted", pair(least, shift), pair(least - STEP, shift))
    if not merging:
        yield fails(rule, "touching", pair(0, 0))
    if diagonal:
        x, y = diagonal
        yield from limits(rule, "corner to corner", pair(x, high + y), pair(x - STEP, high + y))


def contact(x: int, y: int) -> Shapes:
    """A contact with li over it; its lower left corner at (x, y)."""
    return {"licon1": [(x, y, x + 170, y + 170)], "li1": [(x - 80, y - 80, x + 250, y + 250)]}


def p_tap(x: int = 0, y: int = 0) -> Shapes:
    """A contacted p+ tap, 410 square, with its lower left corner at (x, y)."""
    return merged({"tap": [(x, y, x + 410, y + 410)], "psdm": [(x - 125, y - 125, x + 535, y + 535)]},
                  contact(x + 120, y + 120))  # fmt: skip


def n_tap(x: int = 0, y: int = 0) -> Shapes:
    """A contacted n+ tap, 410 square, with its lower left corner at (x, y)."""
    return merged({"tap": [(x, y, x + 410, y + 410)], "nsdm": [(x - 125, y - 125, x + 535, y + 535)]},
                  contact(x + 120, y + 120))  # fmt: skip


SUBSTRATE = p_tap(-3000, -3000)
"""The tap that a substrate needs for latch-up; away from what is drawn at the origin."""


def well(box: Box = (-3000, -3000, 4000, 4000)) -> Shapes:
    """An n-well with a contacted tap in its lower left corner."""
    return merged({"nwell": [box]}, n_tap(box[0] + 400, box[1] + 400))


def n_diff(*boxes: Box) -> Shapes:
    """N+ diffusions under their implant."""
    return {"diff": list(boxes), "nsdm": [around(box, 125, 125, 125, 125) for box in boxes]}


def p_diff(*boxes: Box) -> Shapes:
    """P+ diffusions under their implant."""
    return {"diff": list(boxes), "psdm": [around(box, 125, 125, 125, 125) for box in boxes]}


def channel(wide: int = 420, long: int = 150, drain: int = 250, cap: int = 130) -> tuple[Box, Box]:
    """Diffusion and poly of a transistor whose gate has its lower left corner at the origin."""
    return (-drain, 0, long + drain, wide), (0, -cap, long, wide + cap)


def n_fet(wide: int = 420, long: int = 150, drain: int = 250, cap: int = 130) -> Shapes:
    """An n transistor whose gate has its lower left corner at the origin; with a substrate tap."""
    diff, poly = channel(wide, long, drain, cap)
    return merged(n_diff(diff), {"poly": [poly]}, SUBSTRATE)


def p_fet(wide: int = 420, long: int = 150, drain: int = 250, cap: int = 130) -> Shapes:
    """A p transistor whose gate has its lower left corner at the origin; in an n-well with a tap."""
    diff, poly = channel(wide, long, drain, cap)
    return merged(p_diff(diff), {"poly": [poly]}, well())


def ring(layer: str, hole: Box, rim: int) -> Shapes:
    """A frame around a hole."""
    x1, y1, x2, y2 = hole
    outer = around(hole, rim, rim, rim, rim)
    return {
        layer: [
            (outer[0], outer[1], x1, outer[3]),
            (x2, outer[1], outer[2], outer[3]),
            (outer[0], outer[1], outer[2], y1),
            (outer[0], y2, outer[2], outer[3]),
        ]
    }


def notched(box: Box, x: int, y: int) -> list[tuple[int, int]]:
    """A shape far around a box, but for a notch whose corner is (x, y) from the box's upper right one."""
    x1, y1, x2, y2 = box
    far = 700
    return [
        (x1 - far, y1 - far),
        (x2 + far, y1 - far),
        (x2 + far, y2 + y),
        (x2 + x, y2 + y),
        (x2 + x, y2 + far),
        (x1 - far, y2 + far),
    ]


def around_gate(
    rule: str, layer: str, fet: Shapes, gate: Box, least: int, diagonal: tuple[int, int]
) -> Iterator[Pattern]:
    """A layer around a gate: near its side, its end, a corner of it, and over a part of it only."""

    def drawn(shape: Shape) -> Shapes:
        return merged(fet, {layer: [shape]})

    for name, sides in (("side", (1, 0, 0, 0)), ("end", (0, 1, 0, 0))):
        box = [around(gate, *(least - short * side for side in sides)) for short in (0, STEP, least, least + STEP)]
        yield from limits(rule, name, drawn(box[0]), drawn(box[1]))
        yield fails(rule, f"{name} on the edge", drawn(box[2]))
        yield fails(rule, f"{name} sticks out", drawn(box[3]))
    x, y = diagonal
    yield from limits(rule, "corner", drawn(notched(gate, x, y)), drawn(notched(gate, x - STEP, y)))


def off_gate(
    rule: str, layer: str, fet: Shapes, gate: Box, least: int, diagonal: tuple[int, int] | None, sideways: int = 0
) -> Iterator[Pattern]:
    """A layer beside a gate's end and its side (where `sideways` is the least, another rule asks for more)."""
    x1, y1, x2, y2 = gate

    def drawn(box: Box) -> Shapes:
        return merged(fet, {layer: [box]})

    def end(gap: int) -> Shapes:
        return drawn((x1 - 200, y2 + gap, x2 + 600, y2 + gap + 700))

    def side(gap: int) -> Shapes:
        return drawn((x2 + gap, y1 - 200, x2 + gap + 700, y2 + 200))

    yield from limits(rule, "end", end(least), end(least - STEP))
    yield fails(rule, "touching", end(0))
    if not sideways:
        yield from limits(rule, "side", side(least), side(least - STEP))
    if diagonal:
        x, y = diagonal
        corner = [drawn((x2 + gap, y2 + y, x2 + gap + 700, y2 + y + 700)) for gap in (x, x - STEP)]
        yield from limits(rule, "corner to corner", *corner)
