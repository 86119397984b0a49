"""The former place of `mirrorneuron.generators.cells.neuron.spec`."""

from mirrorneuron.generators.cells.neuron.spec import NeuronSpec

__all__ = ["NeuronSpec"]
