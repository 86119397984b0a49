"""The neuron: synapse rows, summing columns, sigmoid stage."""

from mirrorneuron.generators.cells.neuron.spec import NeuronSpec

__all__ = ["NeuronSpec"]
