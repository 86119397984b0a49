"""The matching report: how well transistors, npn and poly resistors of a layout match, as they are drawn.

Every device is read from the polygons (`read`), devices that are meant to match are grouped (`grouping`), each group is
measured (`report`) and held against the checks (`checks`); with a netlist the drawn sizes and ratios are compared with
its own (`compare`). Any GDS can be read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from mirrorneuron.flows.matching import netlist as matching_netlist
from mirrorneuron.flows.matching.checks import CHECKS, judge
from mirrorneuron.flows.matching.compare import NetlistComparison, compare
from mirrorneuron.flows.matching.group import MatchedGroup, natural
from mirrorneuron.flows.matching.grouping import find_groups
from mirrorneuron.flows.matching.read import Extraction, extract
from mirrorneuron.flows.matching.read.fingers import BAR, BIPOLAR
from mirrorneuron.flows.matching.report import GroupReporter
from mirrorneuron.flows.matching.result import Finding, GroupReport, MatchingResult
from mirrorneuron.flows.matching.scope import Scopes
from mirrorneuron.flows.matching.selection import Selection
from mirrorneuron.flows.matching.surroundings import Surroundings
from mirrorneuron.flows.tools import gds as layouts
from mirrorneuron.pdk_sky130.errors import NetlistError, SpecError

__all__ = ["run"]

_ODDITIES_SHOWN: Final = 5


def run(
    gds: Path,
    netlist: Path | None = None,
    *,
    top: str | None = None,
    centroid_limit: float | None = None,
    ignore: Collection[str] = (),
    select: Collection[str] = (),
    libraries: Sequence[Path] = (),
) -> MatchingResult:
    """Report on the matching of a layout.

    Parameters
    ----------
    netlist
        SPICE netlist whose ratios, W and L the layout must have.
    top
        The cell to be read; needed if the layout has several top cells.
    centroid_limit
        How far the centroids of an array's outputs may lie from their mean [um]. Without it, 5 nm, and as much as the
        counts of units force.
    ignore
        Checks (names in `CHECKS`) whose errors do not fail the report; ``CHECK:GATE`` in the groups of one gate.
    select
        Gates whose groups are judged and reported (of npn the base, of resistors the common net); without any all are.
        The netlist is compared as a whole.
    libraries
        Netlists with subcircuits that `netlist` calls.

    Raises
    ------
    SpecError
        `ignore` names no check, `ignore` or `select` no gate of a group, or `centroid_limit` is negative.
    FileError, NetlistError
        The layout or the netlist cannot be read, or holds no device that is read.
    """
    selection = Selection.of(select, ignore, CHECKS)
    _accept(centroid_limit)
    layout = layouts.read(gds)
    cell = layouts.top_cell(layout, gds, top)
    extraction = extract(layout, cell)
    if not extraction.devices:
        nothing = f"no transistor, npn or high-ohmic resistor{_oddities(extraction)}"
        raise NetlistError(f"cell {cell.name} of {gds} holds {nothing}. Nothing can match.")
    comparison = compare(extraction, matching_netlist.read(netlist, cell.name, libraries)) if netlist else None
    groups = find_groups(extraction, comparison.unit_fingers if comparison else None)
    names = _net_names(groups, extraction, comparison)
    gates = {id(group): [names[gate] for gate in group.gates] for group in groups}
    # A single output can only match where it has several units; digital gates are not meant to.
    shown = [group for group in groups if len(group.outputs) > 1 or (len(group.units) > 1 and not group.logic)]
    selection.require(name for group in shown for name in gates[id(group)])
    selected = [group for group in shown if selection.has(gates[id(group)])]
    findings = [
        finding
        for finding in judge(groups, extraction, names, Surroundings(extraction), centroid_limit)
        if not finding.gates or selection.has(finding.gates)
    ]
    if comparison:
        findings += comparison.findings
    if (select or not comparison) and all(group.logic for group in selected):
        findings.append(_no_group(extraction, groups))
    notes = [*(comparison.notes if comparison else ()), *_remarks(extraction, groups, len(shown) - len(selected))]
    reporter = GroupReporter(extraction, names, Scopes(groups), with_netlist=comparison is not None)
    return _result(extraction, map(reporter.report, selected), findings, notes, selection)


def _accept(centroid_limit: float | None) -> None:
    if centroid_limit is not None and not 0 <= centroid_limit < float("inf"):
        raise SpecError(f"the centroid limit is {centroid_limit} um: a length from 0 is needed")


def _remarks(extraction: Extraction, groups: Iterable[MatchedGroup], unselected: int) -> Iterator[str]:
    """What is not judged because it is digital, or not selected, or no device."""
    digital = _digital_fingers(groups)
    if digital:
        yield f"{digital} fingers of transistors are part of digital gates and not judged"
    if unselected:
        yield f"{unselected} groups are not selected, and not judged"
    if extraction.oddities:
        yield f"{len(extraction.oddities)} shapes look like devices and are none{_oddities(extraction)}"


def _digital_fingers(groups: Iterable[MatchedGroup]) -> int:
    return sum(len(unit.fingers) for group in groups if group.logic for unit in group.units)


def _net_names(
    groups: Iterable[MatchedGroup], extraction: Extraction, comparison: NetlistComparison | None
) -> dict[int, str]:
    """Names of the groups' nets: the label, otherwise the netlist's name, otherwise a place."""
    in_netlist = comparison.names if comparison else {}
    return {
        net: in_netlist[net] if net in in_netlist and net not in extraction.names else extraction.name(net)
        for group in groups
        for net in group.nets
    }


def _no_group(extraction: Extraction, groups: Iterable[MatchedGroup]) -> Finding:
    """The error of a layout in which nothing could be judged."""
    logic = _digital_fingers(groups)
    devices = f"{len(extraction.devices)} {'devices' if extraction.parts else 'transistors'}"
    text = f"none of {devices} is in a group that could be judged ({logic} are in digital gates, which are not)"
    return Finding("groups", text)


def _oddities(extraction: Extraction) -> str:
    """The shapes that only look like devices, in parentheses."""
    if not extraction.oddities:
        return ""
    shown = [
        f"{oddity.reason} at ({oddity.x / 1000:g}, {oddity.y / 1000:g}) um"
        for oddity in extraction.oddities[:_ODDITIES_SHOWN]
    ]
    more = len(extraction.oddities) - len(shown)
    return f" ({'; '.join(shown)}{f', and {more} more' if more else ''})"


def _result(
    extraction: Extraction,
    reports: Iterable[GroupReport],
    findings: Collection[Finding],
    notes: Iterable[str],
    selection: Selection,
) -> MatchingResult:
    errors = tuple(str(finding) for finding in findings if selection.counts(finding))
    ignored = tuple(str(finding) for finding in findings if not selection.counts(finding))
    ordered = sorted(reports, key=lambda r: (natural(r.gate), r.model, r.w, r.l, natural(r.source)))
    return MatchingResult(
        passed=not errors,
        groups=tuple(ordered),
        errors=errors,
        ignored=ignored,
        notes=tuple(notes),
        transistors=len(extraction.fingers),
        resistors=sum(part.sort == BAR for part in extraction.parts),
        bipolars=sum(part.sort == BIPOLAR for part in extraction.parts),
    )
