"""The former place of `mirrorneuron.flows.variation.sampling`."""

from mirrorneuron.flows.variation.sampling import Samples, Variation, sample

__all__ = ["Samples", "Variation", "sample"]
