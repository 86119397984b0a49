"""The record of the neuron."""

from __future__ import annotations

from mirrorneuron.generators.cell import Cell
from mirrorneuron.generators.cells.neuron.circuit import build_neuron
from mirrorneuron.generators.cells.neuron.layout import draw_neuron
from mirrorneuron.generators.cells.neuron.spec import NeuronSpec

__all__ = ["CELL"]

CELL = Cell(spec=NeuronSpec, circuit=build_neuron, layout=draw_neuron, family="neuron")
