"""The testbench of all current mirrors."""
