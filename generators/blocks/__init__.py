"""Blocks that several cells share: sizes, nets, a function for the circuit and one for the layout each."""
