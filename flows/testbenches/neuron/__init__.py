"""The testbench of the neuron."""
