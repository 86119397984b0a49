"""The former place of `mirrorneuron.flows.variation.statistics`."""

from mirrorneuron.flows.variation.statistics import Limits, contributions, summarise, yield_of

__all__ = ["Limits", "contributions", "summarise", "yield_of"]
