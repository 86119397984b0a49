"""How well the devices of a layout match, as they are drawn.

::

    run            reads a layout, and a netlist if there is one, and makes the report
    read/          devices from polygons
    align, compare the drawn devices against those of the netlist
    grouping/      devices that are meant to match, their units and arrays (`group`)
    scope          which arrays of a group are held against each other
    checks/        units that differ, and arrays without dummies, ring or common centroid
    selection      which groups are judged, and which errors count
    surroundings   front-end layout around a unit; metal over it (`metal`)
    report         the measured numbers of a group
    result         the report
"""

from mirrorneuron.flows.matching.checks import CHECKS
from mirrorneuron.flows.matching.result import GroupReport, MatchingResult, Output
from mirrorneuron.flows.matching.run import run

__all__ = ["CHECKS", "GroupReport", "MatchingResult", "Output", "run"]
