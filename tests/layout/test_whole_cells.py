"""Contacts and devices are whole in their own cell, as Magic derives them: each cell is read alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from klayout import db as kdb
from mirrorneuron.generators import catalog
from mirrorneuron.pdk_sky130.layers import DRAWING, PIN_LAYERS, Layer

CELLS = catalog.names()
VARIED = ("mirror_simple", {"polarity": "p"}), ("mirror_degenerated", {"polarity": "p"})


def _layout(name: str, **fields: object) -> kdb.Layout:
    return catalog.layout_of(catalog.load(name, [f"{key}={value}" for key, value in fields.items()]))


class Alone:
    """The shapes of one cell, without those of the cells in it and around it."""

    def __init__(self, layout: kdb.Layout, cell: kdb.Cell) -> None:
        self.layout, self.cell = layout, cell

    def __getattr__(self, name: str) -> kdb.Region:
        return self.of(DRAWING[name])

    def of(self, layer: Layer) -> kdb.Region:
        index = self.layout.find_layer(*layer)
        return kdb.Region() if index is None else kdb.Region(self.cell.shapes(index)).merged()

    def texts(self, layer: Layer) -> list[kdb.Text]:
        index = self.layout.find_layer(*layer)
        shapes = [] if index is None else self.cell.shapes(index).each(kdb.Shapes.STexts)
        return [shape.text for shape in shapes]


def _contacts(one: Alone) -> Iterator[str]:
    """Cuts without one of their conductors. Magic takes an mcon from cut and li1 alone."""
    diffusion = (one.diff | one.tap) & (one.nsdm | one.psdm)
    head = one.poly & one.npc
    for name, cut, conductors in (
        ("licon1", one.licon1, (one.li1, diffusion | head)),
        ("mcon", one.mcon, (one.li1,)),
        ("via", one.via, (one.met1, one.met2)),
        ("via2", one.via2, (one.met2, one.met3)),
        ("via3", one.via3, (one.met3 | one.capm, one.met4)),
    ):
        for conductor in conductors:
            if not (cut - conductor).is_empty():
                yield f"{one.cell.name}: {name} without conductor at {(cut - conductor).bbox()}"


def _devices(one: Alone, well: kdb.Region) -> Iterator[str]:
    """Gates and resistors without implant or n-well; `well` is the n-well of the whole layout in this cell."""
    gate = one.poly & one.diff
    if not (gate - (one.nsdm ^ one.psdm)).is_empty():
        yield f"{one.cell.name}: gate without implant"
    if not ((gate & one.psdm) - one.nwell).is_empty():
        yield f"{one.cell.name}: gate of a p transistor without n-well"
    body = one.poly_res
    if not (body - (one.poly & one.psdm & one.npc & (one.rpm | one.urpm))).is_empty():
        yield f"{one.cell.name}: resistor without one of its layers"
    if not ((body & well) - one.nwell).is_empty():
        yield f"{one.cell.name}: resistor in an n-well without n-well"


def _ports(one: Alone) -> Iterator[str]:
    """Blocks with a tap of the substrate, which is not led up to their parent for sure where no port names it."""
    li1, pin = DRAWING["li1"], PIN_LAYERS["li1"].pin
    taps = (one.tap & one.psdm) - one.nwell
    named = kdb.Region([text.bbox().enlarged(1, 1) for text in one.texts(pin)])
    rings = (one.of(li1) & taps).merged()
    if not rings.is_empty() and rings.interacting(named).is_empty() and not one.cell.name.startswith("sky130_fd_pr__"):
        yield f"{one.cell.name}: tap of the substrate without a port"


def _faults(layout: kdb.Layout) -> list[str]:
    top = layout.top_cell()
    index = layout.find_layer(*DRAWING["nwell"])
    wells = kdb.Region() if index is None else kdb.Region(top.begin_shapes_rec(index)).merged()
    faults: list[str] = []
    for number in layout.each_cell_bottom_up():
        cell = layout.cell(number)
        one = Alone(layout, cell)
        place = _place(layout, top, cell)
        faults += [*_contacts(one), *_devices(one, wells.transformed(place.inverted())), *_ports(one)]
    return faults


def _place(layout: kdb.Layout, top: kdb.Cell, cell: kdb.Cell) -> kdb.Trans:
    """Where some instance of a cell lies in the top cell."""
    trans = kdb.Trans()
    while cell.cell_index() != top.cell_index():
        parent = next(cell.each_parent_inst())
        trans = parent.child_inst().trans * trans
        cell = layout.cell(parent.parent_cell_index())
    return trans


@pytest.mark.parametrize("name", CELLS)
def test_every_cell_alone_is_whole(name: str) -> None:
    assert _faults(_layout(name)) == []


@pytest.mark.parametrize(("name", "fields"), VARIED)
def test_other_devices_are_whole(name: str, fields: dict[str, object]) -> None:
    assert _faults(_layout(name, **fields)) == []


def _without(layer: str, suffix: str) -> Callable[[kdb.Layout], None]:
    def erase(layout: kdb.Layout) -> None:
        cells = [cell for cell in layout.each_cell() if suffix in cell.name]
        assert cells
        for cell in cells:
            cell.shapes(layout.find_layer(*DRAWING[layer])).clear()

    return erase


def _unnamed(layout: kdb.Layout) -> None:
    for cell in layout.each_cell():
        cell.shapes(layout.layer(*PIN_LAYERS["li1"].pin)).clear()


@pytest.mark.parametrize(
    ("name", "fields", "spoil", "fault"),
    [
        ("mirror_simple", {}, _without("li1", "_gate_contact"), "licon1 without conductor"),
        ("mirror_simple", {}, _without("npc", "_gate_contact"), "licon1 without conductor"),
        ("mirror_simple", {}, _without("met2", "_source"), "via without conductor"),
        ("mirror_simple", {}, _without("nsdm", "_f2"), "gate without implant"),
        ("mirror_simple", {"polarity": "p"}, _without("nwell", "_f2"), "without n-well"),
        ("mirror_degenerated", {"polarity": "p"}, _without("nwell", "_nwell"), "resistor in an n-well"),
        ("mirror_wide_swing", {}, _unnamed, "without a port"),
    ],
)
def test_a_layer_that_lies_in_another_cell_is_noticed(
    name: str, fields: dict[str, object], spoil: Callable[[kdb.Layout], None], fault: str
) -> None:
    layout = _layout(name, **fields)
    spoil(layout)
    assert any(fault in text for text in _faults(layout))


def test_the_parts_of_a_neuron_name_their_pins() -> None:
    """netgen cannot tell two equal outputs of a subcircuit apart without a name."""
    spec = catalog.load("neuron")
    layout, circuit = catalog.layout_of(spec), catalog.circuit_of(spec)
    parts = {block.circuit.name: block.circuit for block in circuit.blocks}
    assert len(parts) > 3
    for name, part in parts.items():
        one = Alone(layout, layout.cell(name))
        assert {text.string for text in one.texts(PIN_LAYERS["met2"].pin)} == set(part.pins), name
