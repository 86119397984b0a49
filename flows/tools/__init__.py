"""The programs that the flow runs, and the files that they share."""

from mirrorneuron.flows.tools.run import TOOLS, Completed, Tool, find, run, stop_all, version

__all__ = ["TOOLS", "Completed", "Tool", "find", "run", "stop_all", "version"]
