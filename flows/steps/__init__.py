"""Steps that declare what they need and make, and the runner that takes a cell through them."""

from mirrorneuron.flows.steps.runner import run
from mirrorneuron.flows.steps.step import Inputs, Product, Record, Skip, Step

__all__ = ["Inputs", "Product", "Record", "Skip", "Step", "run"]
