"""How a cell spreads over conditions and samples."""

from mirrorneuron.flows.characterize.run import (
    Characterization,
    SpreadLimit,
    characterize,
    conditions_of,
    limits_of,
    lines,
    quantities_of,
)

__all__ = ["Characterization", "SpreadLimit", "characterize", "conditions_of", "limits_of", "lines", "quantities_of"]
