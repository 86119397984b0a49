"""Resistors and npn transistors that are meant to match."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from mirrorneuron.flows.matching.group import MatchedUnit, inactive
from mirrorneuron.flows.matching.grouping.nets import JoinedNets
from mirrorneuron.flows.matching.read import Extraction
from mirrorneuron.flows.matching.read.fingers import BAR, BIPOLAR, NO_NET, Finger

__all__ = ["DrawnResistor", "RailUnits", "bar_units", "lifted", "npn_units", "resistors"]

_PAIR: Final = 2

RailUnits: TypeAlias = tuple[int, frozenset[int], list[MatchedUnit]]
"""The rail of a group, the nets of its sources or emitters, and its units."""


@dataclass(frozen=True)
class DrawnResistor:
    """Bars that nothing else lies between, and the nets that they lead to."""

    bars: tuple[Finger, ...]
    ends: frozenset[int]


def resistors(extraction: Extraction, supplies: set[int]) -> list[DrawnResistor]:
    """The resistors that the bars make: bars that meet on a net of their own are one resistor, parallel ones too."""
    bars = [part for part in extraction.parts if part.sort == BAR and not inactive(part)]
    outer = _outer_nets(extraction, supplies)
    joined = JoinedNets()
    for bar in bars:
        inner = [net for net in bar.ends if net not in outer]
        if len(inner) == len(bar.ends):
            joined.join(*inner)
    chains: dict[frozenset[int], list[Finger]] = defaultdict(list)
    for bar in bars:
        inner = [net for net in bar.ends if net not in outer]
        chains[frozenset((joined.find(inner[0]),)) if inner else frozenset(bar.ends)].append(bar)
    parallel: dict[frozenset[int], list[Finger]] = defaultdict(list)
    for chain in chains.values():
        parallel[frozenset(net for bar in chain for net in bar.ends if net in outer)] += chain
    return [DrawnResistor(tuple(chain), ends) for ends, chain in parallel.items()]


def _outer_nets(extraction: Extraction, supplies: set[int]) -> Collection[int]:
    """Nets on which more than bars meet: those of other devices, supplies, and those with a label."""
    others = [*extraction.fingers, *(part for part in extraction.parts if part.sort == BIPOLAR)]
    terminals = {net for device in others for net in (device.gate, device.bulk, *device.ends)}
    return terminals | supplies | extraction.names.keys() | {NO_NET}


def lifted(resistors: Iterable[DrawnResistor], supplies: set[int]) -> dict[int, int]:
    """Nets from which a resistor leads to a supply, and that supply."""
    rail_of: dict[int, int] = {}
    for resistor in resistors:
        rails = resistor.ends & supplies
        if len(rails) == 1 and len(resistor.ends) == _PAIR:
            (rail,), (net,) = rails, resistor.ends - rails
            rail_of[net] = rail
    return rail_of


def bar_units(resistors: Sequence[DrawnResistor], supplies: set[int]) -> Iterator[RailUnits]:
    """The bars that are meant to match, each a unit; their common net is gate, rail and source."""
    alike: dict[tuple[Hashable, ...], list[MatchedUnit]] = defaultdict(list)
    for number, resistor in enumerate(resistors):
        rails = resistor.ends & supplies
        common = len(rails) == 1 and len(resistor.ends) == _PAIR
        rail = min(rails or resistor.ends)
        drain = min(resistor.ends - {rail}, default=rail)
        for bar in resistor.bars:
            key = (bar.model, bar.w, bar.l, bar.bulk, rail, -1 if common else number)
            alike[key].append(MatchedUnit((bar,), rail, drain))
    for units in alike.values():
        gate = units[0].gate
        yield gate, frozenset((gate,)), sorted(units, key=lambda unit: (unit.y, unit.x))


def npn_units(extraction: Extraction, lifted: Mapping[int, int]) -> Iterator[RailUnits]:
    """The npn that are meant to match, each a unit; the rail is the net that their emitters are on or lifted off."""
    alike: dict[tuple[int, int, int, str], list[MatchedUnit]] = defaultdict(list)
    for part in extraction.parts:
        if part.sort == BIPOLAR and not inactive(part):
            collector, emitter = part.ends
            rail = lifted.get(emitter, emitter)
            alike[rail, part.gate, part.bulk, part.model].append(MatchedUnit((part,), part.gate, collector))
    for (rail, *_), units in alike.items():
        yield rail, frozenset(finger.ends[1] for unit in units for finger in unit.fingers), units
