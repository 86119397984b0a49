"""A cell's datasheet."""

from mirrorneuron.flows.datasheet.run import Datasheet, lines, make, measured, write

__all__ = ["Datasheet", "lines", "make", "measured", "write"]
