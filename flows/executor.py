"""The former place of `mirrorneuron.flows.compute.executor`."""

from mirrorneuron.flows.compute.executor import Task, open_executor

__all__ = ["Task", "open_executor"]
