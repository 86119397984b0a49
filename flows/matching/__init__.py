"""How well the devices of a layout match."""

from mirrorneuron.flows.matching.run import CHECKS, GroupReport, MatchingResult, Output, run

__all__ = ["CHECKS", "GroupReport", "MatchingResult", "Output", "run"]
