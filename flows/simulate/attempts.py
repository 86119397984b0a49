"""Solve the analyses of a setup, each in as many ways as it takes."""

from __future__ import annotations

from dataclasses import replace

from mirrorneuron.flows.simulate.analyses import Points, Tran
from mirrorneuron.flows.simulate.curves import SmallSignals, Transient
from mirrorneuron.flows.simulate.points import OperatingPoints
from mirrorneuron.flows.simulate.result import Data
from mirrorneuron.flows.simulate.solver import Job

__all__ = ["solve"]


def solve(job: Job) -> dict[str, Data]:
    """The data of all analyses of a job by their names: its operating points together, the others one by one.

    Raises
    ------
    ToolError
        An analysis has no solution, or ngspice broke; the message names the netlist, the condition and ngspice's words.
    """
    points = {name: analysis for name, analysis in job.analyses.items() if isinstance(analysis, Points)}
    data: dict[str, Data] = {}
    for name, analysis in job.analyses.items():
        alone = replace(job, analyses={name: analysis})
        if isinstance(analysis, Tran):
            data[name] = Transient(alone).data(analysis)
        elif not isinstance(analysis, Points):
            data[name] = SmallSignals(alone).data(analysis)
    if points:
        data |= OperatingPoints(replace(job, analyses=points)).data()
    return data
