"""SPICE text: lines, numbers and expressions; netlists."""

from mirrorneuron.pdk_sky130.spice.text import Scope, assignments, logical_lines, netlist_lines, number

__all__ = ["Scope", "assignments", "logical_lines", "netlist_lines", "number"]
