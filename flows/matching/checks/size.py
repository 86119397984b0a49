"""The check "size": units of an array with equal W, L and number of fingers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence

from mirrorneuron.flows.matching.checks.context import NOUN, CheckContext, at_text, um_text
from mirrorneuron.flows.matching.group import LINK_NM, MatchedGroup, MatchedUnit
from mirrorneuron.flows.matching.read.fingers import FET
from mirrorneuron.flows.matching.result import Finding

__all__ = ["between_groups", "within_group"]


def between_groups(context: CheckContext, groups: Iterable[MatchedGroup]) -> Iterator[Finding]:
    """Units of one array on one gate and source that differ in model, W or L, and so are in several groups."""
    alike: dict[tuple[Hashable, ...], list[MatchedGroup]] = defaultdict(list)
    for group in groups:
        if not group.logic:
            kind = group.polarity if group.sort == FET else group.sort
            alike[group.gates, kind, group.bulk, group.rail].append(group)
    for variants in alike.values():
        main, *others = sorted(variants, key=lambda group: -len(group.units))
        for other in others:
            units = _mates(main, other)
            if units:
                models = ("", "") if main.model == other.model else (f"{other.model} ", f"{main.model} ")
                lines = [f"{context.unit(unit)} has {models[0]}W/L {_size(other)} um" for unit in units]
                hint = f"The other units have {models[1]}{_size(main)} um; draw all units alike"
                yield from context.finding("size", main, lines, hint)


def _mates(main: MatchedGroup, other: MatchedGroup) -> Sequence[MatchedUnit]:
    """Units of `other` that lie in one array with units of `main`; none if the two make no mirror."""
    outputs = {**main.outputs, **other.outputs}
    if len(outputs) < 2 or not (main.diode or other.diode or len(main.outputs) > 1):
        return ()
    return [unit for unit in other.units if any(_in_one_array(unit, mate) for mate in main.units)]


def _in_one_array(unit: MatchedUnit, other: MatchedUnit) -> bool:
    loop, other_loop = unit.fingers[0].loop, other.fingers[0].loop
    reach = unit.box.enlarged(LINK_NM, LINK_NM)
    return loop == other_loop and (loop >= 0 or reach.touches(other.box))


def _size(group: MatchedGroup) -> str:
    return f"{um_text(group.finger_w)} x {group.fingers} / {um_text(group.l)}"


def within_group(context: CheckContext, group: MatchedGroup) -> Iterator[Finding]:
    """Units with another number of fingers, and devices that are no rectangle."""
    lines = [f"{context.unit(unit)} has {len(unit.fingers)} fingers" for unit in group.odd]
    hint = f"The other units have {group.fingers}; draw all units alike"
    yield from context.finding("size", group, lines, hint)
    noun = NOUN[group.sort]
    bent = [
        f"{noun} at {at_text(finger.x, finger.y)} of {context.names[unit.drain]} is no rectangle with one W"
        for unit in group.units
        for finger in unit.fingers
        if not finger.plain
    ]
    hint = f"Its W and L cannot be read from the drawing; draw a straight {noun}"
    yield from context.finding("size", group, bent, hint)
