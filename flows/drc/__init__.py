"""Design rules: our KLayout deck, the official one, and Magic."""

from mirrorneuron.flows.drc.run import DECKS, DrcResult, Violation, run

__all__ = ["DECKS", "DrcResult", "Violation", "run"]
