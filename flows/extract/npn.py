"""The npn transistors of a layout: their emitters, and the junction of their well, which is in the model already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import klayout.db as kdb
from mirrorneuron.pdk_sky130.errors import EvidenceError
from mirrorneuron.pdk_sky130.layers import DIFF, DNWELL, NPN, NWELL, Layer
from mirrorneuron.pdk_sky130.technology import magic as technology

__all__ = ["Emitter", "emitters", "region"]

# How far the n-well of the foundry's npn goes beyond its deep n-well (nwell.5).
_WELL_UM: Final = 0.4


@dataclass(frozen=True)
class Emitter:
    """An npn's emitter: its box [um], area [um2], its deep n-well's number, and Magic's capacitance of that well [aF].

    The capacitance is that of the deep n-well and the n-well around it to the substrate.
    """

    box: kdb.DBox
    area: float
    well: int
    well_af: float


def region(layout: kdb.Layout, cell: kdb.Cell, layer: Layer) -> kdb.Region:
    """All shapes of a layer in a cell and below it."""
    index = layout.find_layer(*layer)
    return kdb.Region() if index is None else kdb.Region(cell.begin_shapes_rec(index))


def emitters(layout: kdb.Layout, cell: kdb.Cell, tech: str, variant: str) -> list[Emitter]:
    """The emitters of a cell; `tech` is the text of Magic's technology file, for a variant of its extraction.

    Raises
    ------
    EvidenceError
        The technology file has no capacitance for n-wells.
    """
    well_af = _well_af(tech, variant)
    deep, nwell = region(layout, cell, DNWELL).merged(), region(layout, cell, NWELL)
    wells = list(deep.each())
    reach, unit = round(_WELL_UM / layout.dbu), layout.dbu**2
    result: list[Emitter] = []
    for polygon in (region(layout, cell, NPN) & region(layout, cell, DIFF)).merged().each():
        number = next((k for k, well in enumerate(wells) if well.inside(polygon.bbox().center())), -1)
        around = kdb.Region(wells[number]) if number >= 0 else kdb.Region()
        beside = (nwell & around.sized(reach)) - around
        value = (well_af["dnwell"] * around.area() + well_af["nwell"] * beside.area()) * unit
        result.append(Emitter(polygon.bbox().to_dtype(layout.dbu), round(polygon.area() * unit, 4), number, value))
    return result


def _well_af(tech: str, variant: str) -> Mapping[str, float]:
    """Magic's capacitance of wells to the substrate [aF/um^2], by its name of the layer."""
    coefficients = {
        words[1]: float(words[-1])
        for words in technology.extract_statements(tech, variant)
        if words[0] == "defaultareacap" and words[1] in ("nwell", "dnwell")
    }
    if len(coefficients) != 2:
        raise EvidenceError(
            "the Magic technology file has no capacitance for n-wells; install the official file of SKY130"
        )
    return coefficients
