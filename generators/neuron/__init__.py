"""The former place of `mirrorneuron.generators.cells.neuron`."""
