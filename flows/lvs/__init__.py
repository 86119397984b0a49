"""Layout against schematic, in KLayout and in netgen."""

from mirrorneuron.flows.lvs.result import LvsResult
from mirrorneuron.flows.lvs.run import run
from mirrorneuron.flows.lvs.tolerance import Tolerance

__all__ = ["LvsResult", "Tolerance", "run"]
