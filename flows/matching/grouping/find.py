"""All groups of a layout (what a group is: `mirrorneuron.flows.matching.group`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mirrorneuron.flows.matching.group import MatchedGroup, MatchedUnit, inactive
from mirrorneuron.flows.matching.grouping import parts
from mirrorneuron.flows.matching.grouping.arrays import ArrayFinder
from mirrorneuron.flows.matching.grouping.digital import digital_fingers
from mirrorneuron.flows.matching.grouping.sources import CommonSource, by_source, pairs, supplies_of
from mirrorneuron.flows.matching.grouping.units import Cutter, UnitCut
from mirrorneuron.flows.matching.read import Extraction
from mirrorneuron.flows.matching.read.fingers import Finger

__all__ = ["find_groups"]


def find_groups(extraction: Extraction, unit_fingers: Mapping[int, int] | None = None) -> list[MatchedGroup]:
    """All groups of a layout, by the lowest left unit.

    Parameters
    ----------
    unit_fingers
        Fingers of a unit as a netlist states them, by the finger's place in ``extraction.fingers``.
    """
    supplies = supplies_of(extraction)
    resistors = parts.resistors(extraction, supplies)
    lifted = parts.lifted(resistors, supplies)
    active = [finger for finger in extraction.fingers if not inactive(finger)]
    stated = {id(extraction.fingers[number]): count for number, count in (unit_fingers or {}).items()}
    builder = _GroupBuilder(extraction, stated)
    digital = digital_fingers(extraction, supplies)
    analogue = [finger for finger in active if id(finger) not in digital]
    gates = [finger for finger in active if id(finger) in digital]
    groups = [
        *(builder.of_transistors(common) for common in _common_sources(extraction, analogue, supplies, lifted)),
        *(builder.of_transistors(common, logic=True) for common in _of_one_gate(gates, supplies, {})),
        *(builder.of_parts(*bars) for bars in parts.bar_units(resistors, supplies)),
        *(builder.of_parts(*npns) for npns in parts.npn_units(extraction, lifted)),
    ]
    return sorted(groups, key=lambda group: (group.units[0].y, group.units[0].x, group.gates))


def _common_sources(
    extraction: Extraction, active: Sequence[Finger], supplies: set[int], lifted: Mapping[int, int]
) -> Iterator[CommonSource]:
    """The transistors' fingers of each group: differential pairs first, then those of one gate."""
    paired: set[int] = set()
    for pair in pairs(active, supplies, extraction.names):
        paired.update(map(id, pair.fingers))
        yield pair
    yield from _of_one_gate([finger for finger in active if id(finger) not in paired], supplies, lifted)


def _of_one_gate(active: Iterable[Finger], supplies: set[int], lifted: Mapping[int, int]) -> Iterator[CommonSource]:
    """The fingers of one gate, model, bulk, W and L, by their source."""
    alike: dict[tuple[int, str, int, int, int], list[Finger]] = defaultdict(list)
    for finger in active:
        alike[finger.gate, finger.model, finger.bulk, finger.w, finger.l].append(finger)
    for fingers in alike.values():
        yield from by_source(fingers, supplies, lifted)


@dataclass(frozen=True)
class _Rails:
    """The nets of a group: its gates, the rail that its sources are on or lifted off, and the sources."""

    gates: tuple[int, ...]
    rail: int
    sources: frozenset[int]


class _GroupBuilder:
    """Makes groups of fingers: cuts them into units and finds the units' arrays.

    ``stated`` are the fingers of a unit as the netlist states them, by the finger's `id`.
    """

    def __init__(self, extraction: Extraction, stated: Mapping[int, int]) -> None:
        self._stated = stated
        self._cutter = Cutter(extraction.fingers)
        self._arrays = ArrayFinder(extraction)

    def of_transistors(self, common: CommonSource, *, logic: bool = False) -> MatchedGroup:
        counts = {self._stated[id(finger)] for finger in common.fingers if id(finger) in self._stated}
        cut = self._cutter.units(common.fingers, common.sources, counts.pop() if len(counts) == 1 else None)
        return self._group(_Rails(common.gates, common.rail, common.sources), cut, logic=logic)

    def of_parts(self, rail: int, sources: frozenset[int], units: Sequence[MatchedUnit]) -> MatchedGroup:
        return self._group(_Rails((units[0].gate,), rail, sources), UnitCut(units))

    def _group(self, rails: _Rails, cut: UnitCut, *, logic: bool = False) -> MatchedGroup:
        finger = cut.units[0].fingers[0]
        return MatchedGroup(
            gates=rails.gates,
            model=finger.model,
            polarity=finger.polarity,
            finger_w=finger.w,
            l=finger.l,
            bulk=finger.bulk,
            rail=rails.rail,
            sources=rails.sources,
            fingers=cut.fingers,
            units=tuple(cut.units),
            arrays=self._arrays.of(cut.units, finger.model),
            odd=tuple(cut.odd),
            logic=logic,
        )
