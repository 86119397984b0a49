"""The measured numbers of a group: sizes, places of its outputs, and the surroundings of its units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
from mirrorneuron.flows.matching.group import MatchedGroup, natural
from mirrorneuron.flows.matching.read import Extraction
from mirrorneuron.flows.matching.read.fingers import BAR, BIPOLAR, FET
from mirrorneuron.flows.matching.result import GroupReport, Output
from mirrorneuron.flows.matching.surroundings import Surroundings
from mirrorneuron.generators.placement import metrics
from mirrorneuron.pdk_sky130.devices import MODEL_PREFIX

__all__ = ["group_report"]

_PAIR: Final = 2


def group_report(
    group: MatchedGroup, extraction: Extraction, names: Mapping[int, str], surroundings: Surroundings
) -> GroupReport:
    """Measure a group.

    Parameters
    ----------
    names
        Names of the group's nets.
    """
    fingers = [finger for unit in group.units for finger in unit.fingers]
    flows = {finger.flow for finger in fingers}
    is_fet = group.sort == FET
    sources = {net for finger in fingers for net in finger.ends if net in group.sources}
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
        ring=_ringed(group, extraction),
        arrays=len(group.arrays),
        equal_radius=None if group.sort == BIPOLAR else _um(surroundings.equal_radius(group.units)),
        logic=group.logic,
    )


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
