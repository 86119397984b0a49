"""The spread of a cell over conditions and samples."""

from mirrorneuron.flows.characterize.limits import SpreadLimit, limits_of
from mirrorneuron.flows.characterize.result import Characterization
from mirrorneuron.flows.characterize.run import characterize
from mirrorneuron.flows.characterize.study import Study, conditions_of, quantities_of
from mirrorneuron.flows.characterize.text import lines

__all__ = [
    "Characterization",
    "SpreadLimit",
    "Study",
    "characterize",
    "conditions_of",
    "limits_of",
    "lines",
    "quantities_of",
]
