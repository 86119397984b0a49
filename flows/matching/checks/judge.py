"""Holding groups against the checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from mirrorneuron.flows.matching.checks import centroid, orientation, ring, rows, size
from mirrorneuron.flows.matching.checks.context import CheckContext
from mirrorneuron.flows.matching.checks.neighbours import NeighbourFinder
from mirrorneuron.flows.matching.group import MatchedGroup
from mirrorneuron.flows.matching.read import Extraction
from mirrorneuron.flows.matching.read.fingers import BIPOLAR
from mirrorneuron.flows.matching.result import Finding
from mirrorneuron.flows.matching.surroundings import Surroundings

__all__ = ["CHECKS", "judge"]

CHECKS: Final = ("size", "orientation", "pitch", "dummies", "ring", "centroid", "netlist")
"""Names of the checks, in the order in which a group is held against them."""


def judge(
    groups: Sequence[MatchedGroup],
    extraction: Extraction,
    names: Mapping[int, str],
    surroundings: Surroundings,
    centroid_limit: float | None,
) -> list[Finding]:
    """Hold groups against all checks but "netlist".

    Parameters
    ----------
    names
        Names of the groups' nets.
    centroid_limit
        How far an output's centroid may lie from the array's [um]; None: as far as the counts of units force.
    """
    limit_nm = None if centroid_limit is None else centroid_limit * 1000
    context = CheckContext(extraction, names, surroundings, limit_nm)
    neighbours = NeighbourFinder(extraction.devices)
    findings = list(size.between_groups(context, groups))
    for group in groups:
        if not group.logic:
            findings += _group(context, group, neighbours)
    return findings


def _group(context: CheckContext, group: MatchedGroup, neighbours: NeighbourFinder) -> Iterator[Finding]:
    yield from size.within_group(context, group)
    yield from orientation.check(context, group, neighbours)
    for array in group.arrays:
        if len(array.outputs) > 1:
            placed = rows.PlacedArray(context, group, array, neighbours)
            yield from placed.pitch()
            if group.sort != BIPOLAR:
                yield from placed.dummies()
            yield from ring.check(context, group, array)
            yield from centroid.check(context, group, array.units, array.dummies)
    # Outputs in arrays of their own must share a centre, too, if one of them sets the voltage of the gate.
    references = group.references if len(group.gates) == 1 else frozenset(group.outputs)
    apart = [array for array in group.arrays if array.outputs & references]
    if apart and len(group.outputs) > 1 and all(len(array.outputs) == 1 for array in apart):
        yield from centroid.check(context, group, group.units, [d for array in group.arrays for d in array.dummies])
