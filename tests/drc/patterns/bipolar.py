"""Bipolar markers."""

from __future__ import annotations

from collections.abc import Iterator

from tests.kit.drc_patterns import Pattern, Shapes, fails, merged, passes
from tests.kit.front_shapes import n_diff, n_tap, p_diff, p_tap, ring, well

HOLE = (-2500, -2500, 5500, 5500)


def pnp(wide: int, high: int) -> Shapes:
    """An emitter of this size in a base."""
    return merged(p_diff((0, 0, wide, high)), {"pnp": [(-500, -500, 4000, 4000)]}, well((-3000, -3000, 6000, 6000)))


def npn(wide: int, high: int, right: int = 6530) -> Shapes:
    """An emitter of this size in a base, which a ring of n-well and a deep n-well up to `right` cut off."""
    return merged(
        n_diff((0, 0, wide, high)),
        {"npn": [(-2000, -2000, 5000, 5000)]},
        ring("nwell", HOLE, 1500),
        {"dnwell": [(-3530, -3530, right, 6530)]},
        n_tap(-3300, 1000),
        p_tap(-1500, -1500),
    )


def sizes() -> Iterator[Pattern]:
    """The sizes that exist, and a step less and more."""
    for rule, drawn, short, long in (
        ("x.25", pnp, 680, 680),
        ("x.25", pnp, 3400, 3400),
        ("npn.1", npn, 1000, 1000),
        ("npn.1", npn, 1000, 2000),
    ):
        name = f"{short} by {long}"
        yield passes(rule, name, drawn(short, long))
        yield fails(rule, f"{name}, too narrow", drawn(short - 5, long))
        yield fails(rule, f"{name}, too wide", drawn(short + 5, long))
        yield fails(rule, f"{name}, too small", drawn(short - 5, long - 5))
        yield fails(rule, f"{name}, too long", drawn(short, long + 5))
    yield fails("x.25", "680 by 3400", pnp(680, 3400))
    yield fails("x.25", "no emitter", {"pnp": [(0, 0, 1000, 1000)]})
    yield fails("npn.1", "2000 by 2000", npn(2000, 2000))
    yield fails("npn.1", "no emitter", {"npn": [(0, 0, 1000, 1000)]})
    l_shape: Shapes = {"diff": [(0, 0, 3400, 1000)], "psdm": [(-125, -125, 3525, 3525)]}
    yield fails("x.25", "an L", merged(l_shape, pnp(1000, 3400)))


PATTERNS = [
    *sizes(),
    passes("npn.2", "deep n-well around it", npn(1000, 1000)),
    fails("npn.2", "a step outside", npn(1000, 1000, right=4995)),
    fails("npn.2", "no deep n-well", {"npn": [(0, 0, 1000, 1000)]}),
]
