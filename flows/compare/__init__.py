"""Mirrors side by side."""

from mirrorneuron.flows.compare.run import KEYS, Comparison, Entry, compare, lines, write

__all__ = ["KEYS", "Comparison", "Entry", "compare", "lines", "write"]
