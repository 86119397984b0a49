"""The record of the synapse array."""

from __future__ import annotations

from mirrorneuron.generators.cell import Cell
from mirrorneuron.generators.cells.synapse_array.circuit import build_synapse_array
from mirrorneuron.generators.cells.synapse_array.layout import draw_synapse_array
from mirrorneuron.generators.cells.synapse_array.spec import SynapseArraySpec

__all__ = ["CELL"]

CELL = Cell(spec=SynapseArraySpec, circuit=build_synapse_array, layout=draw_synapse_array)
