"""MIM capacitors, the lower and the upper one."""

from __future__ import annotations

from collections.abc import Iterator

from tests.kit.drc_patterns import Pattern, Shapes, around, enclosed, fails, passes


def capacitor(
    name: str,
    metal: str,
    below: tuple[str, int, str],
    above: tuple[str, int, str],
    contact: int,
    corner: tuple[int, int],
) -> Iterator[Pattern]:
    """Patterns for one of the two; `below` and `above` are a via, its side and the metal beyond it."""
    plate = (0, 0, 2000, 2000)

    def two(dx: int, dy: int) -> Shapes:
        """Two plates on one metal."""
        return {name: [plate, (2000 + dx, dy, 4000 + dx, 2000 + dy)], metal: [(-140, -140, 4140 + dx, 2140 + dy)]}

    def bottoms(dx: int, dy: int) -> Shapes:
        """Two plates, each on its own metal, which encloses it by the least."""
        second = (2280 + dx, dy, 4280 + dx, 2000 + dy)
        return {name: [plate, second], metal: [around(plate, *[140] * 4), around(second, *[140] * 4)]}

    def beside(gap: int) -> Shapes:
        """A plate and metal that is not its own, so far from the plate."""
        return {name: [plate], metal: [around(plate, *[140] * 4), (2000 + gap, 0, 3000 + gap, 2000)]}

    def via_at(cut: tuple[str, int, str], x: int, y: int) -> Shapes:
        """A plate on wide metal, and a via with its other metal at a place."""
        via, side, far = cut
        return {
            name: [plate],
            metal: [(-1500, -1500, 5000, 5000)],
            via: [(x, y, x + side, y + side)],
            far: [(x - 700, y - 700, x + side + 700, y + side + 700)],
        }

    yield passes(f"{name}.1", "plate", {name: [(0, 0, 1000, 2000)], metal: [(-140, -140, 1140, 2140)]})
    yield fails(f"{name}.1", "plate", {name: [(0, 0, 995, 2000)], metal: [(-140, -140, 1140, 2140)]})
    yield passes(f"{name}.2a", "side by side", two(840, 0))
    yield fails(f"{name}.2a", "side by side", two(835, 0))
    yield passes(f"{name}.2a", "corner to corner", two(590, 2600))
    yield fails(f"{name}.2a", "corner to corner", two(585, 2600))
    yield passes(f"{name}.2b", "two capacitors", bottoms(1200, 0))
    yield fails(f"{name}.2b", "two capacitors", bottoms(1195, 0))
    yield passes(f"{name}.2b", "two capacitors, corner to corner", bottoms(720, 3240))
    yield fails(f"{name}.2b", "two capacitors, corner to corner", bottoms(715, 3240))
    yield passes(f"{name}.2b", "a wire", beside(1340))
    yield fails(f"{name}.2b", "a wire", beside(1335))
    yield from enclosed(f"{name}.3", metal, name, 2000, 140, 300, {}, (100, 100))
    for distance, holds in ((contact, True), (contact - 5, False), (0, False), (-5, False)):
        yield Pattern(f"{name}.4", f"{distance} from the plate's side", holds, via_at(above, distance, 600))
    for distance, holds in ((contact, True), (contact - 5, False)):
        yield Pattern(f"{name}.5", f"{distance} outside", holds, via_at(above, 2000 + distance, 600))
    x, y = corner
    yield passes(f"{name}.5", "corner to corner", via_at(above, 2000 + x, 2000 + y))
    yield fails(f"{name}.5", "corner to corner", via_at(above, 1995 + x, 2000 + y))
    yield passes(f"{name}.7", "rectangle", {name: [plate], metal: [(-140, -140, 2140, 2140)]})
    ell = [(0, 0), (2000, 0), (2000, 1000), (1995, 1000), (1995, 2000), (0, 2000)]
    yield fails(f"{name}.7", "a step in one side", {name: [ell], metal: [(-140, -140, 2140, 2140)]})
    for distance, holds in ((140, True), (135, False), (0, False), (-5, False), (-1000, False)):
        yield Pattern(f"{name}.8", f"{distance} outside", holds, via_at(below, 2000 + distance, 600))
    yield passes(f"{name}.8", "corner to corner", via_at(below, 2100, 2100))
    yield fails(f"{name}.8", "corner to corner", via_at(below, 2095, 2100))
    yield passes(f"{name}.11", "a wire", beside(500), also=[f"{name}.2b"])
    yield fails(f"{name}.11", "a wire", beside(495))


PATTERNS = [
    *capacitor("capm", "met3", ("via2", 200, "met2"), ("via3", 200, "met4"), 140, (100, 100)),
    *capacitor("cap2m", "met4", ("via3", 200, "met3"), ("via4", 800, "met5"), 200, (120, 160)),
]
