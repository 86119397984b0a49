"""The measured numbers of a group: sizes, places of its outputs, and the surroundings of its units."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import numpy as np
from mirrorneuron.flows.matching.group import MatchedGroup, natural
from mirrorneuron.flows.matching.metal import metal_over
from mirrorneuron.flows.matching.read import Extraction
from mirrorneuron.flows.matching.read.fingers import BAR, BIPOLAR, FET
from mirrorneuron.flows.matching.result import GroupReport, Output
from mirrorneuron.flows.matching.scope import Scopes
from mirrorneuron.flows.matching.surroundings import Surroundings
from mirrorneuron.generators.placement import metrics
from mirrorneuron.pdk_sky130.devices import MODEL_PREFIX

__all__ = ["GroupReporter"]

_PAIR: Final = 2


class GroupReporter:
    """Measures the groups of a layout.

    Parameters
    ----------
    names
        Names of the groups' nets.
    scopes
        Which outputs are held against each other.
    with_netlist
        Whether sizes and ratios are compared with a netlist.
    """

    def __init__(self, extraction: Extraction, names: Mapping[int, str], scopes: Scopes, *, with_netlist: bool) -> None:
        """Keep the layout's shapes sorted by place."""
        self._extraction, self._names, self._scopes = extraction, names, scopes
        self._surroundings = Surroundings(extraction)
        self._with_netlist = with_netlist

    def report(self, group: MatchedGroup) -> GroupReport:
        """The numbers of a group."""
        names, surroundings = self._names, self._surroundings
        fingers = [finger for unit in group.units for finger in unit.fingers]
        flows = {finger.flow for finger in fingers}
        is_fet, is_npn = group.sort == FET, group.sort == BIPOLAR
        sources = {net for finger in fingers for net in finger.ends if net in group.sources}
        metal = {} if is_npn else metal_over(self._extraction, group.units)
        ring = _ringed(group, self._extraction)
        return GroupReport(
            gate=_joined(names[gate] for gate in group.gates),
            kind=_kind(group),
            model=MODEL_PREFIX + group.model,
            w=_um(group.finger_w * group.fingers),
            l=_um(group.l),
            fingers=group.fingers,
            finger_w=_um(group.finger_w),
            source=_joined(names[net] for net in sources or {group.rail}),
            bulk=names[group.bulk],
            outputs=_outputs(group, names),
            orientation=flows.pop() if len(flows) == 1 else "mixed",
            dummies=round(sum(len(array.dummies) for array in group.arrays) / group.fingers, 3),
            well_distance=_range(surroundings.well_distances([finger.box for finger in fingers]) if is_fet else ()),
            diffusion_end=_range([end for finger in fingers for end in finger.reach] if is_fet else ()),
            ring=ring,
            arrays=len(group.arrays),
            equal_radius=None if is_npn else _um(surroundings.equal_radius(group.units)),
            logic=group.logic,
            metal=None if is_npn else {n: (round(c.least, 4), round(c.largest, 4)) for n, c in metal.items()},
            metal_alike=all(cover.alike for cover in metal.values()),
            not_judged=tuple(self._not_judged(group, ring=ring)),
        )

    def _not_judged(self, group: MatchedGroup, *, ring: bool) -> Iterator[str]:
        """What is measured and held against no limit."""
        if group.logic:
            yield "anything, as it is part of digital gates"
            return
        if not self._with_netlist:
            yield "units and ratio, without a netlist"
        if len(group.outputs) == 1:
            yield "anything but size and orientation, as there is one output"
            return
        apart = self._scopes.apart(group)
        if apart:
            outputs = _joined(self._names[drain] for _, drain in apart)
            yield f"place and surroundings of {outputs}, alone in an array each and tails or resistors"
        if len(group.arrays) > 1 and (apart or len(self._scopes.judged(group)) > 1):
            yield "offset from all units, as not all are held against each other"
        if not ring:
            yield "the missing ring"
        yield "number of dummies"
        if group.sort != BIPOLAR:
            yield "equal surroundings"
            yield "metal over gates" if group.sort == FET else "metal over bars"
        yield "dispersion"


def _um(value: float) -> float:
    """Nanometres in um, without the rounding error of the division."""
    return round(value / 1000, 6)


def _joined(names: Iterable[str]) -> str:
    return ", ".join(sorted(names, key=natural))


def _range(lengths: Iterable[float]) -> tuple[float, float] | None:
    """Least and largest of lengths [nm] in um; None if there are none."""
    every = list(lengths)
    return (_um(min(every)), _um(max(every))) if every else None


def _kind(group: MatchedGroup) -> str:
    if len(group.gates) == _PAIR:
        return "pair"
    if len(group.outputs) == 1:
        return "parallel"
    return "resistors" if group.sort == BAR else "mirror"


def _ringed(group: MatchedGroup, extraction: Extraction) -> bool:
    """Whether every array is in a closed loop of tap of the bulk's type without a long stretch without contacts."""
    loops = [extraction.loops[array.loop] if array.loop >= 0 else None for array in group.arrays]
    return all(loop is not None and loop.kind != group.polarity and not loop.bare for loop in loops)


def _outputs(group: MatchedGroup, names: Mapping[int, str]) -> tuple[Output, ...]:
    """The outputs, a diode's first, then by name."""
    places = {str(i): np.array([(u.x, u.y) for u in units]) for i, units in enumerate(group.outputs.values())}
    offsets, dispersion = metrics.centroid_offset(places), metrics.dispersion(places)
    least = min(len(units) for units in group.outputs.values())
    outputs = [
        Output(
            net=names[drain],
            gate=names[gate],
            units=len(units),
            ratio=round(len(units) / least, 6),
            x=_um(float(places[str(i)][:, 0].mean())),
            y=_um(float(places[str(i)][:, 1].mean())),
            offset=_um(float(np.hypot(*offsets[str(i)]))),
            dispersion=round(dispersion[str(i)], 6),
        )
        for i, ((gate, drain), units) in enumerate(group.outputs.items())
    ]
    return tuple(sorted(outputs, key=lambda output: (output.net != output.gate, natural(output.net))))
