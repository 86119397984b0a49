"""Design rule check by three decks: our KLayout deck (`ours`), the official one (`official`), and Magic (`magic`).

A profile says which of them run, with which rule groups, and what a shuttle's precheck adds.
"""

from mirrorneuron.flows.drc.result import DrcResult, Violation, Waived, Waiver
from mirrorneuron.flows.drc.run import DECKS, run
from mirrorneuron.flows.drc.waivers import read_waivers, waive

__all__ = ["DECKS", "DrcResult", "Violation", "Waived", "Waiver", "read_waivers", "run", "waive"]
