"""The matching report: how well transistors, npn and poly resistors of a layout match, as they are drawn.

Every one is read from the polygons (`transistors`, `layout_parts`), those that are meant to match are grouped
(`matching_groups`), each group is measured, and held against the checks (`matching_checks`); with a netlist the drawn
sizes and ratios are compared with the wanted ones (`matching_netlist`). It reads any GDS.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from mirrorneuron.flows.matching import netlist as matching_netlist
from mirrorneuron.flows.matching.checks import CHECKS, Finding, judge
from mirrorneuron.flows.matching.compare import compare
from mirrorneuron.flows.matching.groups import Group, find_groups, natural
from mirrorneuron.flows.matching.read.fingers import BAR, BIPOLAR, FET
from mirrorneuron.flows.matching.read.transistors import Extraction, extract
from mirrorneuron.flows.matching.surroundings import Surroundings
from mirrorneuron.flows.tools import gds as layouts
from mirrorneuron.generators.placement import metrics
from mirrorneuron.pdk_sky130.errors import NetlistError, SpecError

__all__ = ["CHECKS", "GroupReport", "MatchingResult", "Output", "run"]

_MODEL_PREFIX: Final = "sky130_fd_pr__"
_ODDITIES_SHOWN: Final = 5
_PAIR: Final = 2


@dataclass(frozen=True)
class Output:
    """An output of a group.

    ``ratio``: units over those of the group's smallest output. ``x, y``: mean place of its units [um]; ``offset``: from
    the mean place of all units of the group to there [um]; ``dispersion``: root mean square distance of its units from
    their mean, over the same of all units. ``gate`` is its own gate net in a differential pair.
    """

    net: str
    gate: str
    units: int
    ratio: float
    x: float
    y: float
    offset: float
    dispersion: float


@dataclass(frozen=True)
class GroupReport:
    """Devices that are meant to match, as drawn. Lengths in um.

    ``w`` is a unit's, over its ``fingers``. ``kind``: "mirror" (two outputs or more), "pair", "resistors" (two or more)
    or "parallel" (one output, of which only size and orientation are judged). ``source``: the net of the sources, or
    all of them where resistors degenerate each.
    Of npn ``gate`` is the base, ``source`` the emitters', outputs are at the collectors, and ``w``, ``l`` are the
    emitter's; of resistors ``gate`` and ``source`` are the net that is common to all, and units are bars.
    ``orientation``: direction of the current, "x", "y" or "mixed"; nothing for npn.
    ``dummies``: how many units' worth of fingers without current lie with them. ``well_distance``: least and largest
    distance of a gate to the nearest n-well edge, or None without n-well. ``diffusion_end``: least and largest distance
    from a gate to the end of its diffusion along the current. ``ring``: whether closed, contacted taps are around all
    units. ``equal_radius``: up to this distance from its gates every unit has the same diffusion, poly, wells and
    threshold implants around it (`matching_surroundings.REACH_NM` is as far as is looked). ``logic``: in a standard
    cell, not judged. What does not matter to npn or resistors is None: `well_distance` and `diffusion_end` for both,
    and for npn, which a deep n-well keeps apart from all else, `equal_radius`.
    """

    gate: str
    kind: str
    model: str
    w: float
    l: float  # noqa: E741
    fingers: int
    finger_w: float
    source: str
    bulk: str
    outputs: tuple[Output, ...]
    orientation: str
    dummies: float
    well_distance: tuple[float, float] | None
    diffusion_end: tuple[float, float] | None
    ring: bool
    arrays: int
    equal_radius: float | None
    logic: bool


@dataclass(frozen=True)
class MatchingResult:
    """The report. ``errors`` fail it, ``ignored`` would have but for ``ignore``; ``notes`` inform.

    ``transistors`` is the number of their fingers, ``resistors`` that of bars, ``bipolars`` that of npn.
    """

    passed: bool
    groups: tuple[GroupReport, ...]
    errors: tuple[str, ...]
    ignored: tuple[str, ...]
    notes: tuple[str, ...]
    transistors: int
    resistors: int = 0
    bipolars: int = 0

    def as_json(self) -> dict[str, Any]:
        """The report as a JSON object."""
        return asdict(self)


def run(
    gds: Path,
    netlist: Path | None = None,
    *,
    top: str | None = None,
    centroid_limit: float | None = None,
    ignore: Collection[str] = (),
) -> MatchingResult:
    """Report on the matching of a layout.

    Parameters
    ----------
    netlist
        SPICE netlist whose ratios, W and L the layout must have.
    top
        Cell to look at; needed if the layout has several top cells.
    centroid_limit
        How far the centroids of an array's outputs may lie from their mean [um]. Without it, 5 nm, and as much as the
        counts of units force.
    ignore
        Checks (names in `CHECKS`) whose errors do not fail the report.

    Raises
    ------
    SpecError
        `ignore` names no check, or `centroid_limit` is negative.
    FileError, NetlistError
        The layout or the netlist cannot be read, or holds no device that is read.
    """
    unknown = sorted(set(ignore) - set(CHECKS))
    if unknown:
        raise SpecError(f"no check {', '.join(map(repr, unknown))} to ignore; there are: {', '.join(CHECKS)}")
    if centroid_limit is not None and not 0 <= centroid_limit < float("inf"):
        raise SpecError(f"the centroid limit is {centroid_limit} um: a length from 0 is needed")
    layout = layouts.read(gds)
    cell = layouts.top_cell(layout, gds, top)
    found = extract(layout, cell)
    if not found.fingers and not found.parts:
        what = "no transistor, npn or high-ohmic resistor"
        raise NetlistError(f"cell {cell.name} of {gds} holds {what}{_oddities(found)}. Nothing can match.")
    compared = compare(found, matching_netlist.read(netlist, cell.name)) if netlist else None
    groups = find_groups(found, compared.unit_fingers if compared else None)
    known = compared.names if compared else {}
    names = {
        net: known[net] if net in known and net not in found.names else found.name(net)
        for group in groups
        for net in _nets(group)
    }
    around = Surroundings(found)
    shown = [group for group in groups if len(group.outputs) > 1 or (len(group.units) > 1 and not group.logic)]
    reports = [_report(group, found, names, around) for group in shown]
    findings = judge(groups, found, names, around, centroid_limit)
    if compared:
        findings += compared.findings
    elif all(group.logic for group in shown):
        logic = sum(finger.logic for finger in found.fingers)
        many = len(found.fingers) + len(found.parts)
        text = f"none of {many} {'devices' if found.parts else 'transistors'} is in a group that could be judged"
        findings.append(Finding("groups", f"{text} ({logic} are in standard cells, which are not)"))
    return _result(found, reports, findings, compared.notes if compared else (), ignore)


def _nets(group: Group) -> set[int]:
    return {*group.gates, group.rail, *group.sources, group.bulk, *(drain for _, drain in group.outputs)}


def _oddities(found: Extraction) -> str:
    if not found.oddities:
        return ""
    shown = [f"{odd.reason} at ({odd.x / 1000:g}, {odd.y / 1000:g}) um" for odd in found.oddities[:_ODDITIES_SHOWN]]
    more = len(found.oddities) - len(shown)
    return f" ({'; '.join(shown)}{f', and {more} more' if more else ''})"


def _um(value: float) -> float:
    """Nanometres in um, without the noise of the division."""
    return round(value / 1000, 6)


def _result(
    found: Extraction,
    reports: list[GroupReport],
    findings: list[Finding],
    remarks: Collection[str],
    ignore: Collection[str],
) -> MatchingResult:
    errors = tuple(str(finding) for finding in findings if finding.check not in ignore)
    ignored = tuple(str(finding) for finding in findings if finding.check in ignore)
    notes = list(remarks)
    if found.oddities:
        notes.append(f"{len(found.oddities)} shapes look like devices and are none{_oddities(found)}")
    reports.sort(key=lambda report: (natural(report.gate), report.model, report.w, report.l, natural(report.source)))
    return MatchingResult(
        passed=not errors,
        groups=tuple(reports),
        errors=errors,
        ignored=ignored,
        notes=tuple(notes),
        transistors=len(found.fingers),
        resistors=sum(part.sort == BAR for part in found.parts),
        bipolars=sum(part.sort == BIPOLAR for part in found.parts),
    )


def _report(group: Group, found: Extraction, names: Mapping[int, str], around: Surroundings) -> GroupReport:
    fingers = [finger for unit in group.units for finger in unit.fingers]
    axes = {finger.flow for finger in fingers}
    fets = group.sort == FET
    reach = [end for finger in fingers for end in finger.reach]
    loops = [found.loops[array.loop] if array.loop >= 0 else None for array in group.arrays]
    wells = around.well_distances([finger.box for finger in fingers]) if fets else []
    sources = {net for finger in fingers for net in finger.ends if net in group.sources}
    return GroupReport(
        gate=", ".join(sorted((names[gate] for gate in group.gates), key=natural)),
        kind=_kind(group),
        model=_MODEL_PREFIX + group.model,
        w=_um(group.finger_w * group.fingers),
        l=_um(group.l),
        fingers=group.fingers,
        finger_w=_um(group.finger_w),
        source=", ".join(sorted((names[net] for net in sources or {group.rail}), key=natural)),
        bulk=names[group.bulk],
        outputs=_outputs(group, names),
        orientation=axes.pop() if len(axes) == 1 else "mixed",
        dummies=round(sum(len(array.dummies) for array in group.arrays) / group.fingers, 3),
        well_distance=(_um(min(wells)), _um(max(wells))) if wells else None,
        diffusion_end=(_um(min(reach)), _um(max(reach))) if fets else None,
        ring=all(loop and loop.kind != group.polarity and not loop.bare for loop in loops),
        arrays=len(group.arrays),
        equal_radius=None if group.sort == BIPOLAR else _um(around.equal_radius(group.units)),
        logic=group.logic,
    )


def _kind(group: Group) -> str:
    if len(group.gates) == _PAIR:
        return "pair"
    if len(group.outputs) == 1:
        return "parallel"
    return "resistors" if group.sort == BAR else "mirror"


def _outputs(group: Group, names: Mapping[int, str]) -> tuple[Output, ...]:
    places = {str(i): np.array([(u.x, u.y) for u in units]) for i, units in enumerate(group.outputs.values())}
    offsets, spread = metrics.centroid_offset(places), metrics.dispersion(places)
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
            dispersion=round(spread[str(i)], 6),
        )
        for i, ((gate, drain), units) in enumerate(group.outputs.items())
    ]
    return tuple(sorted(outputs, key=lambda output: (output.net != output.gate, natural(output.net))))
