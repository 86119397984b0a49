"""The testbench of matched arrays."""
