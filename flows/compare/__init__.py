"""Mirrors side by side: one table, ratio error and output resistance over the output voltage."""

from mirrorneuron.flows.compare.result import KEYS, ComparedMirror, Comparison
from mirrorneuron.flows.compare.run import compare, write
from mirrorneuron.flows.compare.text import lines

__all__ = ["KEYS", "ComparedMirror", "Comparison", "compare", "lines", "write"]
