"""SPICE netlists: text, expressions, the one reader of subcircuits, flattening, and the forms of the PDK's devices."""

from mirrorneuron.pdk_sky130.spice.expression import Scope
from mirrorneuron.pdk_sky130.spice.text import assignments, logical_lines, number

__all__ = ["Scope", "assignments", "logical_lines", "number"]
