"""A cascode on each branch of a mirror."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mirrorneuron.generators.cells.mirrors.parts import checks, sizing

if TYPE_CHECKING:
    from mirrorneuron.generators.cells.mirrors.parts.spec import MirrorSpec
    from mirrorneuron.generators.circuit import Parts
    from mirrorneuron.generators.primitives.drawing import Drawing
    from mirrorneuron.generators.primitives.sheet import Block

__all__ = ["add_cascodes", "draw_cascodes", "stack_fits"]


def add_cascodes(parts: Parts, spec: MirrorSpec, gate: str, drains: Mapping[str, str]) -> None:
    """Add a cascode on node ``PIN_x`` of each pin in `drains`."""
    sizes = sizing.cascode_arrays(spec)
    for pin, drain in drains.items():
        parts.array(f"{pin}_cascode", sizes[pin], f"{pin}_x", spec.side.rail, {"cascode": (drain, gate)})


def draw_cascodes(draw: Drawing, spec: MirrorSpec, gate: str, drains: dict[str, str]) -> list[Block]:
    """Draw a cascode on node ``low_PIN`` of each pin in `drains`, bottom up: the first next to the array."""
    sizes = sizing.cascode_arrays(spec)
    return [
        draw.array(
            f"cascode_{pin}",
            sizes[pin],
            gates={"cascode": gate},
            drains={"cascode": drains[pin]},
            source=f"low_{pin}",
            bulk=spec.side.rail,
        )
        for pin in reversed(drains)
    ]


def stack_fits(spec: MirrorSpec) -> None:
    """Refuse a mirror whose input, a unit's V_GS and its cascode's, exceeds the supply.

    Raises
    ------
    SpecError
        As `checks.fits_under_the_supply`.
    """
    unit, cascode = sizing.unit_of(spec), sizing.cascode_unit(spec)
    lower = checks.gate_source(spec, unit)
    upper = checks.gate_source(spec, cascode, above=lower)
    checks.fits_under_the_supply(spec, "input", {"V_GS of the unit": lower, "V_GS of the cascode": upper})
