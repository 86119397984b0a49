"""The matched array that makes a mirror's ratio, with one gate net and all sources on the rail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mirrorneuron.generators.cells.mirrors.parts import sizing

if TYPE_CHECKING:
    from mirrorneuron.generators.cells.mirrors.parts.spec import MirrorSpec
    from mirrorneuron.generators.circuit import Parts
    from mirrorneuron.generators.primitives.drawing import Drawing
    from mirrorneuron.generators.primitives.sheet import Block

__all__ = ["add_units", "draw_units"]


def add_units(parts: Parts, spec: MirrorSpec, drains: Mapping[str, str], gate: str) -> None:
    """Add the units to a circuit; `drains` by pin."""
    rail = spec.side.rail
    parts.array("main", sizing.main_array(spec), rail, rail, {pin: (net, gate) for pin, net in drains.items()})


def draw_units(draw: Drawing, spec: MirrorSpec, drains: Mapping[str, str], gate: str) -> Block:
    """Draw the units; `drains` by pin."""
    gates = dict.fromkeys(drains, gate)
    return draw.array("main", sizing.main_array(spec), gates=gates, drains=drains, source=spec.side.rail)
