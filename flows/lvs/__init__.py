"""Layout against schematic, in KLayout and in netgen."""

from mirrorneuron.flows.lvs.result import LvsResult
from mirrorneuron.flows.lvs.run import run

__all__ = ["LvsResult", "run"]
