"""The former place of `mirrorneuron.flows.simulate.bench`."""

from mirrorneuron.flows.simulate.bench import Bench, CurrentInput, Voltage, sweep

__all__ = ["Bench", "CurrentInput", "Voltage", "sweep"]
