"""Design rule check by three decks: our KLayout deck (`ours`), the official one (`official`), and Magic (`magic`)."""

from mirrorneuron.flows.drc.result import DrcResult, Violation
from mirrorneuron.flows.drc.run import DECKS, run

__all__ = ["DECKS", "DrcResult", "Violation", "run"]
