"""The foundry's finger (vpp) capacitors: cells of fixed layout, which LVS recognises by their shapes.

A capacitor between fingers of wire has no plate that could be measured, and its model is good for that one layout. So
``lvs/vpp.csv`` lists for each a digest of its shapes and where its terminals are. A cell that has these shapes is this
capacitor, whatever its name and however it is placed; one that has not is none.
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import klayout.db as kdb
from mirrorneuron.lvs import DECK
from mirrorneuron.pdk_sky130.layers import DRAWING, PIN_LAYERS, Layer

__all__ = ["CONDUCTORS", "PlacedVpp", "Vpp", "digest", "models", "put_in", "table", "take_out"]

_MARK: Final = DRAWING["capacitor"]
_WIRING: Final = "poly licon1 li1 mcon met1 via met2 via2 met3 via3 met4 via4 met5"
CONDUCTORS: Final[dict[str, Layer]] = {name: DRAWING[name] for name in ("met1", "met2", "met3", "met4", "met5")}
"""Layers that a terminal may be on, besides the well."""


@dataclass(frozen=True)
class Vpp:
    """A capacitor: its model and, for each terminal in the order of the model, its name, layer and place [nm].

    The terminals are c0, c1, b and, of some, shield; the layer of b is ``well``.
    """

    model: str
    terminals: tuple[tuple[str, str, int, int], ...]


@dataclass(frozen=True)
class PlacedVpp:
    """A capacitor of a layout: its shapes, and where it is placed in the top cell."""

    vpp: Vpp
    layout: kdb.Layout
    places: tuple[kdb.ICplxTrans, ...]


@cache
def table() -> dict[str, Vpp]:
    """The capacitors by digest."""
    capacitors = {}
    with DECK.with_name("vpp.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            places = [(name, *row[name].split(":")) for name in ("c0", "c1", "b", "shield") if row[name]]
            terminals = tuple((name, layer, int(x), int(y)) for name, layer, x, y in places)
            capacitors[row["digest"]] = Vpp(row["name"], terminals)
    return capacitors


@cache
def models() -> dict[str, tuple[str, ...]]:
    """The capacitors' terminals by model, in the order of a netlist line."""
    return {vpp.model: tuple(name for name, *_ in vpp.terminals) for vpp in table().values()}


def digest(cell: kdb.Cell) -> str:
    """Of the outlines of the cell's shapes, in nm, layer by layer; the deck computes the same."""
    layout = cell.layout()
    scale = layout.dbu * 1000
    lines = []
    for name, pair in [*((name, DRAWING[name]) for name in _WIRING.split()), ("capacitor", _MARK)]:
        index = layout.find_layer(*pair)
        region = kdb.Region() if index is None else kdb.Region(cell.begin_shapes_rec(index))
        corners = ((edge.x1, edge.y1, edge.x2, edge.y2) for edge in region.merged().edges().each())
        edges = sorted([round(value * scale) for value in corner] for corner in corners)
        lines.append(f"{name}:" + ";".join(",".join(map(str, edge)) for edge in edges))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def take_out(top: kdb.Cell) -> list[PlacedVpp]:
    """Recognise the capacitors under `top`, and take their shapes out of the layout."""
    layout = top.layout()
    index = layout.find_layer(*_MARK)
    if index is None:
        return []
    boxes = []
    for number in [top.cell_index(), *top.called_cells()]:
        cell = layout.cell(number)
        vpp = None if cell.shapes(index).is_empty() else table().get(digest(cell))
        if vpp is None:
            continue
        alone = kdb.Layout()
        alone.dbu = layout.dbu
        copy = alone.create_cell(vpp.model)
        copy.copy_tree(cell)
        copy.flatten(True)
        places = [kdb.ICplxTrans()]
        if number != top.cell_index():
            iterator = kdb.RecursiveInstanceIterator(layout, top)
            iterator.targets = [number]
            places = [instance.inst_trans() for instance in iterator.each()]
        boxes.append(PlacedVpp(vpp, alone, tuple(places)))
    for box in boxes:
        for number in [top.cell_index(), *top.called_cells()]:
            cell = layout.cell(number)
            if not cell.shapes(index).is_empty() and table().get(digest(cell)) == box.vpp:
                _empty(cell)
    return boxes


def _empty(cell: kdb.Cell) -> None:
    """Drop all but texts, which may name the nets of a top cell."""
    cell.clear_insts()
    for layer in cell.layout().layer_indexes():
        texts = kdb.Shapes()
        for text in cell.shapes(layer).each(kdb.Shapes.STexts):
            texts.insert(text)
        cell.shapes(layer).clear()
        cell.shapes(layer).insert(texts)


def put_in(gds: Path, top: str, boxes: list[PlacedVpp]) -> None:
    """Add the capacitors to a flat GDS again, as cells of their model's name whose terminals are labelled as pins."""
    if not boxes:
        return
    layout = kdb.Layout()
    layout.read(str(gds))
    scale = layout.dbu * 1000
    for box in boxes:
        cell = layout.create_cell(box.vpp.model)
        cell.copy_shapes(box.layout.cell(box.vpp.model))
        for layer in layout.layer_indexes():
            for text in list(cell.shapes(layer).each(kdb.Shapes.STexts)):
                cell.shapes(layer).erase(text)
        for name, conductor, x, y in box.vpp.terminals:
            if conductor in CONDUCTORS:
                place_of_name = kdb.Text(name, round(x / scale), round(y / scale))
                cell.shapes(layout.layer(*PIN_LAYERS[conductor].pin)).insert(place_of_name)
        for place in box.places:
            layout.cell(top).insert(kdb.CellInstArray(cell.cell_index(), place))
    options = kdb.SaveLayoutOptions()
    options.format = "GDS2"
    options.write_context_info = False
    options.gds2_write_timestamps = False
    layout.write(str(gds), options)
