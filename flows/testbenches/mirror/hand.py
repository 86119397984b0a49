"""The hand values of a mirror, which its record gives."""

from __future__ import annotations

from mirrorneuron.generators import catalog
from mirrorneuron.generators.cells.mirrors.parts.spec import MirrorSpec
from mirrorneuron.generators.cells.mirrors.parts.theory import MirrorPoint, counted_units
from mirrorneuron.generators.hand import Hand

__all__ = ["hand_values"]


def hand_values(spec: MirrorSpec) -> dict[str, Hand]:
    """Values by hand, by the keys of the quantities; a cell without formulas has those of all counted MOS units."""
    hand = catalog.cell(spec.cell).hand
    if hand is not None:
        return dict(hand(spec))
    return counted_units(MirrorPoint(spec), {}) if spec.gate_area_um2 else {}
