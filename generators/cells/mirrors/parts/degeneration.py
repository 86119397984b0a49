"""Resistors in the sources of a mirror's units, each unit with one of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirrorneuron.generators.cells.mirrors.parts import sizing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mirrorneuron.generators.cells.mirrors.parts.spec import MirrorSpec
    from mirrorneuron.generators.circuit import Parts
    from mirrorneuron.generators.primitives.drawing import Drawing
    from mirrorneuron.generators.primitives.sheet import Block
    from mirrorneuron.generators.units import ResistorArray

__all__ = ["add_source_resistors", "add_units_with_sources", "draw_source_resistors", "draw_units_with_sources"]


def add_units_with_sources(parts: Parts, spec: MirrorSpec, sources: Mapping[str, str]) -> None:
    """Add the units, gates on ``iin``, with sources by pin."""
    nets = {pin: (pin, "iin") for pin in spec.counts}
    parts.array("main", sizing.main_array(spec), sources, spec.side.rail, nets)


def draw_units_with_sources(draw: Drawing, spec: MirrorSpec, sources: Mapping[str, str]) -> Block:
    """Draw the units, gates on ``iin``, with sources by pin."""
    return draw.array(
        "main",
        sizing.main_array(spec),
        gates=dict.fromkeys(spec.counts, "iin"),
        drains={pin: pin for pin in spec.counts},
        source=sources,
        bulk=spec.side.rail,
    )


def add_source_resistors(
    parts: Parts, spec: MirrorSpec, name: str, size: ResistorArray, sources: Mapping[str, str]
) -> None:
    """Add the resistors from `sources`, by pin, to the rail."""
    rail = spec.side.rail
    parts.resistor(name, size, rail, {pin: (net, rail) for pin, net in sources.items()})


def draw_source_resistors(draw: Drawing, spec: MirrorSpec, size: ResistorArray, sources: Mapping[str, str]) -> Block:
    """Draw the resistors from `sources`, by pin, to the rail; those of a p mirror lie in an n-well."""
    rail = spec.side.rail
    ends = {pin: (net, rail) for pin, net in sources.items()}
    return draw.resistors("resistors", size, ends, rail, in_well=spec.polarity == "p")
