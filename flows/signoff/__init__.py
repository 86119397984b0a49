"""All steps in order, and the verdict."""

from mirrorneuron.flows.signoff.run import STEPS, Signoff, Watcher, run, simulate

__all__ = ["STEPS", "Signoff", "Watcher", "run", "simulate"]
