"""The simulator: benches in ngspice."""

from mirrorneuron.flows.simulate.condition import TEMPERATURES_C, Condition, conditions
from mirrorneuron.flows.simulate.result import Data, Progress, Result
from mirrorneuron.flows.simulate.run import run, run_many

__all__ = ["TEMPERATURES_C", "Condition", "Data", "Progress", "Result", "conditions", "run", "run_many"]
