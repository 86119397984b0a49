"""The ways to a solution of a bench's analyses at a condition.

Operating points are a sweep of ``sel``, of which all sources are functions (`Course`). The ways, in order:

======  ==============================================================================================================
sweep   operating points as described; ngspice helps itself with gmin stepping, then with source stepping
single  each operating point that is left, from no guess, with the same help
trap    a transient by the trapezoidal rule
gear    a transient by Gear's method
ac      small signals, or noise, about the operating point that ngspice finds
ramp    all sources rise from zero in a transient, whose end is the guess from which ngspice starts
======  ==============================================================================================================

ngspice's own transient search for an operating point is off: it reports success on circuits that have no solution.
"""

from __future__ import annotations

from dataclasses import replace

from mirrorneuron.flows.simulate.analyses import Points, Tran
from mirrorneuron.flows.simulate.attempts import SolverJob
from mirrorneuron.flows.simulate.curves import SmallSignals, Transient
from mirrorneuron.flows.simulate.points import OperatingPoints
from mirrorneuron.flows.simulate.result import Data

__all__ = ["solve"]


def solve(job: SolverJob) -> dict[str, Data]:
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
