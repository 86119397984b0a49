"""Parasitics of a layout as a netlist."""

from mirrorneuron.flows.extract.run import Agreement, ExtractResult, compare, run

__all__ = ["Agreement", "ExtractResult", "compare", "run"]
