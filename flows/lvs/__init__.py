"""Layout against schematic, in KLayout and in netgen."""

from mirrorneuron.flows.lvs.run import LvsResult, run

__all__ = ["LvsResult", "run"]
