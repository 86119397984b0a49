"""The cells that faults are planted in: flat, with the netlist that the flow would compare them with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import klayout.db as kdb
from mirrorneuron.flows.tools import gds
from mirrorneuron.generators import catalog
from mirrorneuron.generators.spec import CellSpec
from mirrorneuron.pdk_sky130.errors import FileError
from mirrorneuron.pdk_sky130.layers import DRAWING, PIN_LAYERS, Layer

__all__ = ["CELLS", "FIELDS", "MIRRORS", "RATIOS", "ROOT", "WEIGHTS", "Subject", "flattened", "subject"]

ROOT = Path(__file__).parents[2]

FIELDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "neuron4": ("neuron4", ()),
    "mirror1248": (str(ROOT / "examples" / "mirror1248.yaml"), ()),
    "p_own": ("matched_array", ("device=pfet_01v8", "ratios=[2,4]", "bulk=own")),
    "lvt_own": ("matched_array", ("device=nfet_01v8_lvt", "ratios=[1,2]", "fingers=1", "bulk=own")),
    "hvt": ("matched_array", ("device=pfet_01v8_hvt", "ratios=[1,1]", "w=1")),
    "synapses": ("synapse_array", ("weights=[[1,-2],[3,0]]",)),
    "neuron1": ("neuron", ("weights=[-1]",)),
}
"""Name, then what `catalog.load` takes; ``neuron4`` is the released cell in gds_out."""

MIRRORS = tuple(name for name in catalog.names() if name.startswith("mirror_"))
"""The current mirrors, each by its default spec."""

RATIOS = {f"{name}_124": (name, ("ratios=[1,2,4]",)) for name in MIRRORS}
"""The same with two unequal outputs: no spec that a cell's own targets are for."""

CELLS = {**FIELDS, **{name: (name, ()) for name in MIRRORS}, **RATIOS}
"""All cells that faults can be planted in."""

WEIGHTS = {"neuron4": 1, "neuron1": 2}
"""How often a cell is chosen; 6 where nothing is said: a neuron takes the tools ten times as long as an array."""


@dataclass(frozen=True)
class Subject:
    """A cell's spec, the cell as drawn, the same flat, and its netlist. Do not change the layouts: copy them.

    What is read from the released files has no spec here.
    """

    name: str
    spec: CellSpec | None
    drawn: kdb.Layout
    flat: kdb.Layout
    netlist: str


@cache
def subject(name: str) -> Subject:
    """A cell of `CELLS`.

    Raises
    ------
    FileError
        The released files are missing.
    """
    spec: CellSpec | None = None
    if name == "neuron4":
        folder = ROOT / "gds_out" / name
        drawn = gds.read(folder / f"{name}.gds")
        try:
            netlist = (folder / f"{name}.spice").read_text()
        except OSError as error:
            raise FileError(f"the released netlist of {name} cannot be read: {error.strerror}") from error
    else:
        argument, fields = CELLS[name]
        spec = catalog.load(argument, (*fields, *(() if argument.endswith(".yaml") else (f"name={name}",))))
        drawn, netlist = catalog.layout_of(spec), catalog.circuit_of(spec).to_spice()
    return Subject(name, spec, drawn, flattened(drawn, drawn.top_cell()), netlist)


def flattened(layout: kdb.Layout, top: kdb.Cell) -> kdb.Layout:
    """A flat copy of a cell: shapes of a layer merged, its own texts only."""
    flat = kdb.Layout()
    flat.dbu = layout.dbu
    cell = flat.create_cell(top.name)
    for index in layout.layer_indexes():
        shapes = cell.shapes(flat.layer(layout.get_info(index)))
        shapes.insert(kdb.Region(top.begin_shapes_rec(index)).merged())
        for text in top.shapes(index).each(kdb.Shapes.STexts):
            shapes.insert(text.text)
    return flat


LAYER_NAMES: dict[Layer, str] = {
    **{layer: name for name, layer in DRAWING.items()},
    **{layers.pin: f"{name} pin" for name, layers in PIN_LAYERS.items()},
    **{layers.label: f"{name} label" for name, layers in PIN_LAYERS.items()},
}
