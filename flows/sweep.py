"""The former place of `mirrorneuron.flows.compute.sweep`."""

from mirrorneuron.flows.compute.sweep import Sweep, blocks

__all__ = ["Sweep", "blocks"]
