"""Holding groups against the checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from mirrorneuron.flows.matching.checks import centroid, edges, orientation, ring, rows, size
from mirrorneuron.flows.matching.checks.context import CheckContext
from mirrorneuron.flows.matching.checks.neighbours import NeighbourFinder
from mirrorneuron.flows.matching.group import MatchedGroup
from mirrorneuron.flows.matching.read import Extraction
from mirrorneuron.flows.matching.read.fingers import BIPOLAR, FET
from mirrorneuron.flows.matching.result import Finding
from mirrorneuron.flows.matching.scope import Scopes
from mirrorneuron.flows.matching.surroundings import Surroundings

__all__ = ["CHECKS", "judge"]

CHECKS: Final = ("size", "orientation", "pitch", "dummies", "ring", "centroid", "well", "diffusion", "netlist")
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
    scopes = Scopes(groups)
    findings = list(size.between_groups(context, groups))
    for group in groups:
        if not group.logic:
            findings += _group(context, group, neighbours, scopes)
    return findings


def _group(
    context: CheckContext, group: MatchedGroup, neighbours: NeighbourFinder, scopes: Scopes
) -> Iterator[Finding]:
    yield from size.within_group(context, group)
    yield from orientation.check(context, group, neighbours)
    for arrays in scopes.judged(group):
        for array in arrays.arrays:
            placed = rows.PlacedArray(context, group, array, neighbours)
            yield from placed.pitch()
            if group.sort != BIPOLAR:
                yield from placed.dummies()
            yield from ring.check(context, group, array)
        yield from centroid.check(context, group, arrays)
        if group.sort == FET:
            yield from edges.well(context, group, arrays)
            yield from edges.diffusion(context, group, arrays)
