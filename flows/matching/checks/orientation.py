"""The check "orientation": units with one direction of the current, drawn alike."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final, TypeAlias

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

_UNLIKE_HINT: Final = (
    "Diffusion, poly, contacts, wells or implants of these units differ from the other units': "
    "look for a mirrored or rotated unit, or another cell"
)
_Alike: TypeAlias = tuple[int, str]
"""Gate net and direction of the current of units that are comparable."""
_MIRRORINGS: Final = (kdb.Trans.R0, kdb.Trans.M0, kdb.Trans.M90, kdb.Trans.R180)
"""What leaves the axis of the current as it is; M0 is about the x axis."""


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
    same_flow: dict[_Alike, list[MatchedUnit]] = defaultdict(list)
    for unit in straight:
        if unit not in reversed_units:
            same_flow[unit.gate, flows[id(unit)]].append(unit)
    views = {key: _views(context, group, units, neighbours) for key, units in same_flow.items()}
    yield from context.finding("orientation", group, _unlike(context, same_flow, views), _UNLIKE_HINT)


def _flow(unit: MatchedUnit, sources: frozenset[int]) -> str:
    """Sources and drains of a unit along its current: SDDS are two fingers with their drains inside."""
    fingers = sorted(unit.fingers, key=lambda finger: (finger.x, finger.y))
    return "".join("S" if net in sources else "D" for finger in fingers for net in finger.ends)


def _balanced(units: Iterable[MatchedUnit], flows: Mapping[int, str]) -> bool:
    """Whether every output has the same share of units of either direction of the current, which cancels it."""
    own = list(units)
    directions = {flows[id(unit)] for unit in own}
    turned = {flow[::-1] for flow in directions}
    return len(directions) == len(directions | turned) == 2 and _equal_shares(own, flows)


def _equal_shares(units: Iterable[MatchedUnit], kinds: Mapping[int, Hashable]) -> bool:
    """Whether every output has units of every kind, in the same shares."""
    counts: dict[OutputKey, Counter[Hashable]] = defaultdict(Counter)
    for unit in units:
        counts[unit.output][kinds[id(unit)]] += 1
    shares = {frozenset((kind, Fraction(n, own.total())) for kind, n in own.items()) for own in counts.values()}
    return len(shares) == 1


def _views(
    context: CheckContext, group: MatchedGroup, units: Sequence[MatchedUnit], neighbours: NeighbourFinder
) -> list[View]:
    return _transistor_views(context, units, neighbours) if group.sort == FET else _part_views(context, units)


def _unlike(
    context: CheckContext,
    comparable: Mapping[_Alike, Sequence[MatchedUnit]],
    views: Mapping[_Alike, Sequence[View]],
) -> list[str]:
    """Units whose own shapes differ from those of the units that they are comparable with.

    Rows that are mirrored as a whole are no fault where every output has the same share of each.
    """
    images: dict[View, tuple[View, int]] = {}
    other, mirrored, kinds = [], [], {}
    for key, units in comparable.items():
        usual_view = usual(views[key])
        for unit, view in zip(units, views[key], strict=True):
            for seen in (usual_view, view):
                if seen not in images:
                    images[seen] = _image(seen, unit.box)
            (first, kinds[id(unit)]), (usual_first, _) = images[view], images[usual_view]
            if first != usual_first:
                other.append(unit)
                del kinds[id(unit)]
            elif view != usual_view:
                mirrored.append(unit)
    alike = [unit for units in comparable.values() for unit in units if id(unit) in kinds]
    wrong = other if _equal_shares(alike, kinds) else [*other, *mirrored]
    return [context.unit(unit) for unit in wrong]


def _image(view: View, box: kdb.Box) -> tuple[View, int]:
    """The first of a view from the corner of a box and its mirror images, in an order of theirs, and which it is."""
    images = []
    for number, turn in enumerate(_MIRRORINGS):
        trans = kdb.Trans(turn)
        moved = kdb.Trans(kdb.Point() - (trans * kdb.Box(0, 0, box.width(), box.height())).p1) * trans
        image = tuple(frozenset(shape.transformed(moved) for shape in layer) for layer in view)
        images.append(([sorted(map(str, layer)) for layer in image], number, image))
    # A mirroring takes itself back: the one that leads to the first image also leads from there to the view.
    _, number, first = min(images, key=lambda entry: entry[:2])
    return first, number


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
