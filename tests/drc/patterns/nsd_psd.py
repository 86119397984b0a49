"""Source and drain implants."""

from __future__ import annotations

from collections.abc import Iterator

from tests.kit.drc_patterns import Pattern, Shape, Shapes, area, around, fails, hole, merged, passes, spacing, width
from tests.kit.front_shapes import SUBSTRATE, contact, limits, n_diff, n_tap, notched, p_diff, p_tap, two, well

BOX = (0, 0, 1000, 1000)
TAP = (0, 0, 410, 410)


def room(box: tuple[int, int, int, int], left: int) -> tuple[int, int, int, int]:
    """A box that encloses another by `left` on one side."""
    return around(box, left, 125, 125, 125)


def butted(kind: str, own_end: int = 1000, other_start: int = 1000, context: Shapes = SUBSTRATE) -> Shapes:
    """A diffusion of one kind that abuts a tap at 1000; where its implant ends and where the tap's begins."""
    own, other = ("nsdm", "psdm") if kind == "n" else ("psdm", "nsdm")
    return merged(
        {
            "diff": [(0, 0, 1000, 500)],
            "tap": [(1000, 0, 1500, 500)],
            own: [(-125, -125, own_end, 625)],
            other: [(other_start, -125, 1625, 625)],
            "licon1": [(200, 165, 370, 335), (1160, 165, 1330, 335)],
            "li1": [(100, 85, 1430, 415)],
        },
        context,
    )


def implant(kind: str) -> Iterator[Pattern]:
    """The rules of one implant."""
    name = f"{kind}sd"
    layer, other = (f"{name}m", "psdm" if kind == "n" else "nsdm")
    own_context, other_context = (SUBSTRATE, well()) if kind == "n" else (well(), SUBSTRATE)
    tap_context = well() if kind == "n" else {}
    other_diff = merged((p_diff if kind == "n" else n_diff)(BOX), other_context)
    other_tap = merged((p_tap if kind == "n" else n_tap)(), {} if kind == "n" else well())

    def diff(shape: Shape) -> Shapes:
        return merged({"diff": [BOX], layer: [shape]}, own_context)

    def tap(shape: Shape) -> Shapes:
        return merged({"tap": [TAP], layer: [shape]}, contact(120, 120), tap_context)

    yield from width(f"{name}.1", layer, 380, 1000, (205, 320))
    yield from spacing(f"{name}.2", layer, 380, (600, 600), (205, 320))
    for rule, drawn, box in ((f"{name}.5a", diff, BOX), (f"{name}.5b", tap, TAP)):
        yield from limits(rule, "one side", drawn(room(box, 125)), drawn(room(box, 120)))
        yield fails(rule, "on the edge", drawn(room(box, 0)))
        yield from limits(rule, "corner", drawn(notched(box, 75, 100)), drawn(notched(box, 70, 100)))
        yield fails(f"{name}.9", "a step sticks out", drawn(room(box, -5)))
        yield fails(f"{name}.9", "half outside", drawn(room(box, -300)))
        yield passes(f"{name}.9", "inside", drawn(room(box, 300)))
    # Either implant may end where diffusion and tap abut, and must reach there.
    flush = (butted("n"), butted("p", context=well()))
    for drawn_flush in flush:
        yield passes(f"{name}.6", "flush", drawn_flush)
    if kind == "n":
        yield fails(f"{name}.6", "diffusion's ends before", butted("n", own_end=995))
        yield fails(f"{name}.6", "tap's ends before", butted("p", other_start=1005, context=well()))
    else:
        yield fails(f"{name}.6", "diffusion's ends before", butted("p", own_end=995, context=well()))
        yield fails(f"{name}.6", "tap's ends before", butted("n", other_start=1005))
    square: Shapes = {layer: [(0, 0, 600, 600)]}
    for what, size in ((other_diff, 1000), (other_tap, 410)):
        yield from two(f"{name}.7", what, square, 130, (size, size), (50, 120), shift=300)
        far = merged(what, {layer: [(size, 0, size + 600, 600)]})
        yield passes(f"{name}.8", "touching", far, also=(f"{name}.7",))
        yield fails(f"{name}.8", "a step over it", merged(what, {layer: [(size - 5, 0, size + 600, 600)]}))
        yield fails(f"{name}.8", "over it", merged(what, {layer: [(-125, -125, size + 125, size + 125)]}))
    yield fails(f"{name}.9", "diffusion without", merged({"diff": [BOX]}, own_context))
    yield fails(f"{name}.9", "tap without", merged({"tap": [TAP]}, contact(120, 120), tap_context))
    yield fails(f"{name}.9", "diffusion under the other", merged({"diff": [BOX], other: [room(BOX, 125)]}, own_context))
    yield from area(f"{name}.10{'a' if kind == 'n' else 'b'}", layer, (500, 530) if kind == "n" else (500, 510))
    yield from hole(f"{name}.11", layer, (500, 530), 400)


PATTERNS = [*implant("n"), *implant("p")]
