"""Pins as drawn: which labels of a layout name pins, and their texts as every tool takes them.

A label on a pin shape is a pin. So is one whose name is a pin of the netlist: many layouts have no pin shapes at all.
Any other label is the name of an internal net, which no circuit depends on; the tools would take it for a pin, so it is
taken out. An empty text is no name.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import klayout.db as kdb
from mirrorneuron.flows.lvs.names import PlainNames, canonical
from mirrorneuron.flows.tools.wells import PWELL
from mirrorneuron.pdk_sky130.layers import NWELL, PIN_LAYERS, POLY, Layer

__all__ = ["PIN_OF_LABEL", "DrawnPins", "prepare"]

PIN_OF_LABEL: Final[Mapping[Layer, Layer]] = {
    **{layers.label: layers.pin for layers in PIN_LAYERS.values()},
    Layer(NWELL.layer, 5): Layer(NWELL.layer, 16),
    Layer(POLY.layer, 5): Layer(POLY.layer, 16),
    PWELL: Layer(122, 16),
}
"""For the label purpose of each layer that can hold a pin, its pin purpose."""

_SHOWN: Final = 12


@dataclass(frozen=True)
class DrawnPins:
    """What the labels of a layout say: pins of the netlist that have none, and notes for the reader of the result."""

    missing: tuple[str, ...]
    notes: tuple[str, ...]


def prepare(cell: kdb.Cell, pins: Collection[str], ties: Mapping[str, str], names: PlainNames) -> DrawnPins:
    """Leave only the labels of pins in `cell`, under their plain names; of tied pins, that of the pin they are tied to.

    Parameters
    ----------
    pins
        The netlist's pins, in lower case.
    ties
        Pins of the netlist that are one net with another one.
    """
    wanted = {canonical(pin): canonical(pin) for pin in pins} | {canonical(a): canonical(b) for a, b in ties.items()}
    drawn: set[str] = set()
    bare: set[str] = set()
    internal: set[str] = set()
    has_shapes = False
    for label, pin in PIN_OF_LABEL.items():
        shapes = _pin_shapes(cell, pin)
        has_shapes |= not shapes.is_empty()
        for layer in (label, pin):
            index = cell.layout().find_layer(*layer)
            if index is None:
                continue
            for shape in list(cell.shapes(index).each(kdb.Shapes.STexts)):
                name = canonical(shape.text_string)
                on_pin = not shapes.interacting(kdb.Region(shape.bbox().enlarged(1, 1))).is_empty()
                if name and (on_pin or name in wanted):
                    (drawn if on_pin else bare).add(name)
                    text = shape.text
                    text.string = names.net(wanted.get(name, name), pin=True)
                    shape.text = text
                else:
                    internal.add(name)
                    cell.shapes(index).erase(shape)
    missing = tuple(name for name in wanted if name not in drawn | bare)
    notes = []
    if has_shapes and (unmarked := sorted(bare - drawn)):
        notes.append(f"labels of pins that lie on no pin shape: {_listed(unmarked)}")
    if inner := sorted(internal - {""}):
        notes.append(f"labels without a pin shape, names of internal nets: {_listed(inner)}")
    return DrawnPins(missing, tuple(notes))


def _pin_shapes(cell: kdb.Cell, layer: Layer) -> kdb.Region:
    region = kdb.Region()
    index = cell.layout().find_layer(*layer)
    if index is not None:
        for shape in cell.shapes(index).each(kdb.Shapes.SAll - kdb.Shapes.STexts):
            region.insert(shape.polygon)
    return region.merged()


def _listed(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
