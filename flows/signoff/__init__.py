"""All steps in order, and the verdict."""

from mirrorneuron.flows.signoff.plan import STEPS
from mirrorneuron.flows.signoff.result import Signoff
from mirrorneuron.flows.signoff.run import run
from mirrorneuron.flows.signoff.simulation import Simulation, simulate

__all__ = ["STEPS", "Signoff", "Simulation", "run", "simulate"]
