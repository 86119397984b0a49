"""A cell's datasheet."""

from mirrorneuron.flows.datasheet.plan import measure
from mirrorneuron.flows.datasheet.result import Datasheet
from mirrorneuron.flows.datasheet.run import make, write
from mirrorneuron.flows.datasheet.text import lines

__all__ = ["Datasheet", "lines", "make", "measure", "write"]
