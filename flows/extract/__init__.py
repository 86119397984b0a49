"""Parasitics of a layout as a netlist."""

from mirrorneuron.flows.extract.agreement import compare
from mirrorneuron.flows.extract.result import Agreement, ExtractResult
from mirrorneuron.flows.extract.run import run

__all__ = ["Agreement", "ExtractResult", "compare", "run"]
