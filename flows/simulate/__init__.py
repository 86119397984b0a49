"""The simulator: benches in ngspice."""

from mirrorneuron.flows.simulate.run import TEMPERATURES_C, Condition, Data, Progress, Result, conditions, run, run_many

__all__ = ["TEMPERATURES_C", "Condition", "Data", "Progress", "Result", "conditions", "run", "run_many"]
