r"""The checks "well" and "diffusion": edges near a gate that change its threshold or mobility, alike in all outputs.

::

      n-well edge         end of diffusion
      |                   |     gate      |
      |<------ SC ------->|<-SA->|L|<-SB->|

At the resist's edge a well's implant scatters into channels nearby, up to about 1 um away, and shifts their threshold
(T. B. Hook et al., Lateral ion implant straggle and mask proximity effect, IEEE Trans. Electron Devices 50(9), 2003).
The models of the process know nothing of it. The form of its decay is BSIM4's (SCA): for an edge at SC along a gate of
L, 1/(SC (SC + L)) in 1/um2.

Stress from the isolation trench changes the mobility; the models have its constants (BSIM4's `ku0`). It goes with
1/(SA + L/2) + 1/(SB + L/2) in 1/um. Neither SA and SB nor SC reach a simulation after layout.

The current of an output is the sum over its units, so what counts is the mean over an output's gates.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf
from statistics import fmean
from typing import Final, TypeAlias

from mirrorneuron.flows.matching.checks.context import CheckContext, um_text, usual
from mirrorneuron.flows.matching.group import MatchedGroup, MatchedUnit, OutputKey
from mirrorneuron.flows.matching.read.fingers import Finger
from mirrorneuron.flows.matching.result import Finding
from mirrorneuron.flows.matching.scope import ArraySet
from mirrorneuron.pdk_sky130.rules import GRID_NM

__all__ = ["diffusion", "well"]

_NEAR_WELL_NM: Final = 1000
"""Nearer to a well's edge all units must have one distance [nm]."""
_WELL_LIMIT: Final = 0.2
"""How far the mean well proximity of outputs may differ [1/um2]: for L of 2 um, that of an edge at 1.2 um."""
_STRESS_LIMIT: Final = 0.5
"""How far the mean stress term of outputs may differ [1/um]; times `ku0` of the models, 0.025 to 0.07 um, 1.2 to 3.5 %
of the mobility. Our own arrays with one dummy at each end of a row reach 0.43 (ratios 1:2:3, L 0.15 um)."""

_Means: TypeAlias = Mapping[OutputKey, float]


def well(context: CheckContext, group: MatchedGroup, arrays: ArraySet) -> Iterator[Finding]:
    """Units at another distance to an n-well's edge than the others, or outputs that are nearer to one on the whole."""
    fingers = [finger for unit in arrays.units for finger in unit.fingers]
    distances = context.surroundings.well_distances([finger.box for finger in fingers])
    if not distances:
        return
    of_finger = {id(finger): distance for finger, distance in zip(fingers, distances, strict=True)}
    near = _near(context, arrays, of_finger)
    hint = (
        f"Nearer than {um_text(_NEAR_WELL_NM)} um to a well's edge all units must have one distance; move the edge away"
    )
    yield from context.finding("well", group, near, hint)
    if near:
        return

    def proximity(finger: Finger) -> float:
        distance = max(of_finger[id(finger)], GRID_NM) / 1000
        return 1 / (distance * (distance + finger.l / 1000))

    lines = _uneven(context, _means(arrays, proximity), _WELL_LIMIT, "1/(SC (SC + L))", "/um2")
    hint = "SC is the distance from a gate to the n-well's edge. Move the edge away, or balance the outputs along it"
    yield from context.finding("well", group, lines, hint)


def diffusion(context: CheckContext, group: MatchedGroup, arrays: ArraySet) -> Iterator[Finding]:
    """Outputs whose gates are nearer to the end of their diffusion than those of the others."""

    def stress(finger: Finger) -> float:
        return sum(1 / ((reach + finger.l / 2) / 1000) for reach in finger.reach)

    lines = _uneven(context, _means(arrays, stress), _STRESS_LIMIT, "1/(SA + L/2) + 1/(SB + L/2)", "/um")
    hint = (
        "SA and SB are the distances from a gate to the ends of its diffusion. Draw all units on equal diffusion, "
        "or add dummies at the ends of a strip"
    )
    yield from context.finding("diffusion", group, lines, hint)


def _near(context: CheckContext, arrays: ArraySet, of_finger: Mapping[int, float]) -> list[str]:
    """Units near a well's edge among others that are not, or the other way round; none if outputs share them evenly."""
    nearest = {id(unit): min(of_finger[id(finger)] for finger in unit.fingers) for unit in arrays.units}
    # The far ones first, so that of two units the near one is the one that is off.
    classes = {key: round(value / GRID_NM) if value < _NEAR_WELL_NM else inf for key, value in nearest.items()}
    common = usual(sorted(classes.values(), reverse=True))
    if set(classes.values()) == {common} or _shared_evenly(arrays, classes):
        return []
    others = min(nearest[id(unit)] for unit in arrays.units if classes[id(unit)] == common)
    return [
        f"{context.unit(unit)} lies {um_text(round(nearest[id(unit)]))} um from the n-well's edge, "
        f"the other units {um_text(round(others))} um or more"
        for unit in arrays.units
        if classes[id(unit)] != common
    ]


def _shared_evenly(arrays: ArraySet, classes: Mapping[int, float]) -> bool:
    """Whether every output has the same share of units at every distance."""
    shares = set()
    for units in arrays.units_of.values():
        counts = Counter(classes[id(unit)] for unit in units)
        shares.add(frozenset((key, count / len(units)) for key, count in counts.items()))
    return len(shares) == 1


def _means(arrays: ArraySet, value: Callable[[Finger], float]) -> dict[OutputKey, float]:
    return {output: _mean(units, value) for output, units in arrays.units_of.items()}


def _mean(units: Sequence[MatchedUnit], value: Callable[[Finger], float]) -> float:
    return fmean(value(finger) for unit in units for finger in unit.fingers)


def _uneven(context: CheckContext, means: _Means, limit: float, term: str, unit: str) -> list[str]:
    """A line on the outputs with the least and the largest mean, where these differ by more than the limit."""
    low, high = min(means, key=lambda key: means[key]), max(means, key=lambda key: means[key])
    if means[high] - means[low] <= limit:
        return []
    return [
        f"the mean of {term} is {means[high]:.3g} {unit} for {context.names[high[1]]} and {means[low]:.3g} {unit} for "
        f"{context.names[low[1]]}, limit {limit:g} {unit} apart"
    ]
