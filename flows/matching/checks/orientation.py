"""The check "orientation": units with one direction of the current, drawn alike."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import klayout.db as kdb
from mirrorneuron.flows.matching.checks.context import CheckContext, usual
from mirrorneuron.flows.matching.checks.neighbours import NeighbourFinder
from mirrorneuron.flows.matching.group import MatchedGroup, MatchedUnit, OutputKey
from mirrorneuron.flows.matching.read.fingers import BIPOLAR, FET
from mirrorneuron.flows.matching.result import Finding
from mirrorneuron.flows.matching.surroundings import View

__all__ = ["check"]

_COLUMN_MAX_NM: Final = 1000
"""The diffusion beside a gate is the unit's own up to this distance [nm]."""
_POLY_END_NM: Final = 130
"""What of a shared piece of poly is a unit's own, beyond the gate [nm] (poly.8)."""
_BAR_SPACE_NM: Final = 200
"""What is a bar's own beside its poly [nm]: less than half of the space to the next (poly.9), in the mark (rpm.3)."""
_WELL_REACH_NM: Final = 400
"""How far the n-well around a deep n-well, which is one device, goes beyond it [nm] (nwell.5)."""


def check(context: CheckContext, group: MatchedGroup, neighbours: NeighbourFinder) -> Iterator[Finding]:
    """Units that are rotated, reversed, or drawn in another way."""
    units = [unit for unit in group.units if unit not in group.odd]
    if not units:
        return
    axis = usual(unit.axis for unit in units)
    rotated = [unit for unit in units if any(finger.axis != axis for finger in unit.fingers)]
    straight = [unit for unit in units if unit not in rotated]
    lines = [f"{context.unit(unit)} carries its current along {unit.fingers[0].flow}" for unit in rotated]
    along = next((unit.fingers[0].flow for unit in straight), "")
    yield from context.finding("orientation", group, lines, f"The other units: along {along}; rotate it back")
    if not straight:
        return
    flows = {id(unit): _flow(unit, group.sources) if group.sort == FET else "" for unit in straight}
    usual_flow = usual(flows.values())
    balanced = _balanced(straight, flows)
    reversed_units = [] if balanced else [unit for unit in straight if flows[id(unit)] != usual_flow]
    lines = [
        f"{context.unit(unit)} has its ends in the order {flows[id(unit)]} along {axis}" for unit in reversed_units
    ]
    yield from context.finding("orientation", group, lines, f"The other units: {usual_flow}; turn it round")
    same_flow: dict[tuple[int, str], list[MatchedUnit]] = defaultdict(list)
    for unit in straight:
        if unit not in reversed_units:
            same_flow[unit.gate, flows[id(unit)]].append(unit)
    for comparable in same_flow.values():
        if len(comparable) > 1:
            yield from _unlike(context, group, comparable, neighbours)


def _flow(unit: MatchedUnit, sources: frozenset[int]) -> str:
    """Sources and drains of a unit along its current: SDDS are two fingers with their drains inside."""
    fingers = sorted(unit.fingers, key=lambda finger: (finger.x, finger.y))
    return "".join("S" if net in sources else "D" for finger in fingers for net in finger.ends)


def _balanced(units: Iterable[MatchedUnit], flows: Mapping[int, str]) -> bool:
    """Whether every output has as many units of one direction of the current as of the other, which cancels it."""
    counts: dict[OutputKey, Counter[str]] = defaultdict(Counter)
    for unit in units:
        counts[unit.output][flows[id(unit)]] += 1
    return all(
        len(directions) == 2
        and len(set(directions.values())) == 1
        and len({*directions, *(flow[::-1] for flow in directions)}) == 2
        for directions in counts.values()
    )


def _unlike(
    context: CheckContext, group: MatchedGroup, units: Sequence[MatchedUnit], neighbours: NeighbourFinder
) -> Iterator[Finding]:
    """Units whose own shapes differ from those of the others."""
    views = _transistor_views(context, units, neighbours) if group.sort == FET else _part_views(context, units)
    usual_view = usual(views)
    lines = [context.unit(unit) for unit, view in zip(units, views, strict=True) if view != usual_view]
    hint = (
        "Diffusion, poly, contacts, wells or implants of these units differ from the other units': "
        "look for a mirrored or rotated unit, or another cell"
    )
    yield from context.finding("orientation", group, lines, hint)


def _transistor_views(context: CheckContext, units: Sequence[MatchedUnit], neighbours: NeighbourFinder) -> list[View]:
    """The shapes of each unit itself, seen from the corner of its gates."""
    reach = [end for unit in units for finger in unit.fingers for end in finger.reach]
    # A column that two units share is each one's to the middle.
    gaps = [neighbour.gap // 2 for unit in units for neighbour in neighbours.of(unit) if neighbour.gap is not None]
    along = min(_COLUMN_MAX_NM, *reach, *gaps)
    on_poly = context.fingers_on_poly
    own_poly = all(on_poly[finger.poly] <= len(unit.fingers) for unit in units for finger in unit.fingers)
    views = []
    for unit in units:
        poly = kdb.Region([context.polys[number] for number in {finger.poly for finger in unit.fingers}])
        margins = (along, _POLY_END_NM) if unit.axis == "x" else (_POLY_END_NM, along)
        box = unit.box.enlarged(*margins)
        if own_poly:
            box += poly.bbox()
        views.append(context.surroundings.own(box, unit.box.p1, poly))
    return views


def _part_views(context: CheckContext, units: Sequence[MatchedUnit]) -> list[View]:
    """The shapes of each bar or npn itself, seen from the corner of its body or deep n-well."""
    views = []
    for unit in units:
        (part,) = unit.fingers
        if part.sort == BIPOLAR:
            box = unit.box.enlarged(_WELL_REACH_NM, _WELL_REACH_NM)
        else:
            alone = context.fingers_on_poly[part.poly] == 1
            box = (context.polys[part.poly].bbox() if alone else unit.box).enlarged(_BAR_SPACE_NM, _BAR_SPACE_NM)
        views.append(context.surroundings.part(box, unit.box.p1))
    return views
