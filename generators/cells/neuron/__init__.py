"""The neuron: synapse rows, summing columns, sigmoid stage."""
