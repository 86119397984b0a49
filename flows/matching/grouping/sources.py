"""Transistors on a common source: supplies, differential pairs, and the fingers of one gate by their source net."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mirrorneuron.flows.matching.group import inactive
from mirrorneuron.flows.matching.read import Extraction
from mirrorneuron.flows.matching.read.fingers import NO_NET, Finger

__all__ = ["CommonSource", "by_source", "other_end", "pairs", "supplies_of"]

_SUPPLY: Final = re.compile(r"[ad]?v?(dd|ss|cc|ee|gnd|pwr)[a-z0-9_]*!?", re.IGNORECASE)
_PAIR: Final = 2


@dataclass(frozen=True)
class CommonSource:
    """Fingers of one gate, or of a pair's two, with the rail that their sources are on or lifted off, and these."""

    gates: tuple[int, ...]
    rail: int
    sources: frozenset[int]
    fingers: list[Finger]


def supplies_of(extraction: Extraction) -> set[int]:
    """Nets that hold a bulk and are no inner node, and those that their label names as a supply."""
    bulks = {device.bulk for device in extraction.devices} - {NO_NET}
    wells = {(finger.polarity, finger.bulk) for finger in extraction.fingers}
    # A well of its own, tied to an inner source: another transistor of the type brings the current to it.
    inner = {
        net
        for finger in extraction.fingers
        if not inactive(finger)
        for net in finger.ends
        if net != finger.bulk and (finger.polarity, net) in wells
    }
    labelled = {net for net, names in extraction.names.items() if any(_SUPPLY.fullmatch(name) for name in names)}
    return (bulks - inner) | labelled


def other_end(finger: Finger, sources: Collection[int]) -> int:
    """The drain of a finger of which one end is among `sources`."""
    return finger.ends[1] if finger.ends[0] in sources else finger.ends[0]


def by_source(fingers: Sequence[Finger], supplies: set[int], lifted: Mapping[int, int]) -> Iterator[CommonSource]:
    """Split the fingers of one gate by their source.

    Parameters
    ----------
    lifted
        Nets from which a resistor leads to a supply, and that supply.
    """
    rest, gate, bulk = list(fingers), fingers[0].gate, fingers[0].bulk
    above_bulk = {net for net, rail in lifted.items() if rail == bulk}
    raised = {net for finger in rest for net in finger.ends if net in above_bulk}
    if raised:
        sources = frozenset((*raised, bulk))
        yield CommonSource((gate,), bulk, sources, [finger for finger in rest if sources.intersection(finger.ends)])
        rest = [finger for finger in rest if not sources.intersection(finger.ends)]
    while rest:
        source = _source(rest, supplies)
        yield CommonSource((gate,), source, frozenset((source,)), [f for f in rest if source in f.ends])
        rest = [finger for finger in rest if source not in finger.ends]


def _source(fingers: Sequence[Finger], supplies: set[int]) -> int:
    """A supply first; then the net with most ends; the gate's own net last, as that is a diode's drain."""
    ends = Counter(net for finger in fingers for net in finger.ends)
    gate = fingers[0].gate
    return min(ends, key=lambda net: (net not in supplies, -ends[net], net == gate, net))


# Differential pairs


def pairs(active: Sequence[Finger], supplies: set[int], names: Mapping[int, object]) -> Iterator[CommonSource]:
    """The differential pairs among the fingers that carry current; no finger is in two.

    Parameters
    ----------
    names
        Labels by net.
    """
    by_net: dict[int, list[Finger]] = defaultdict(list)
    for finger in active:
        for net in finger.ends:
            if net not in supplies and net != NO_NET:
                by_net[net].append(finger)
    paired: set[int] = set()
    for source, touching in by_net.items():
        for fingers in _alike(touching):
            own = set(map(id, fingers))
            drains = _pair_drains(fingers, source, supplies)
            if not drains or own & paired:
                continue
            polarity = fingers[0].polarity
            held = source in names or _others(touching, polarity, own)
            stacked = any(_others(by_net[net], polarity, own) for net in drains)
            if held or not stacked:
                paired |= own
                gates = tuple(dict.fromkeys(finger.gate for finger in fingers))
                yield CommonSource(gates, source, frozenset((source,)), fingers)


def _alike(touching: Iterable[Finger]) -> Iterator[list[Finger]]:
    """Fingers of equal model, bulk, W and L, of two gates."""
    alike: dict[tuple[str, int, int, int], list[Finger]] = defaultdict(list)
    for finger in touching:
        alike[finger.model, finger.bulk, finger.w, finger.l].append(finger)
    for fingers in alike.values():
        yield _two_gates(fingers)


def _two_gates(fingers: list[Finger]) -> list[Finger]:
    """The fingers of the only two gates, or else of the only two with the same number of fingers, two or more."""
    counts = Counter(finger.gate for finger in fingers)
    if len(counts) == _PAIR:
        return fingers
    for count in sorted({n for n in counts.values() if n > 1}, reverse=True):
        gates = [gate for gate, n in counts.items() if n == count]
        if len(gates) == _PAIR:
            return [finger for finger in fingers if finger.gate in gates]
    return []


def _pair_drains(fingers: Iterable[Finger], source: int, supplies: set[int]) -> list[int]:
    """The two drains of a pair's two gates; empty if the fingers are no pair on this source."""
    drains: dict[int, set[int]] = defaultdict(set)
    for finger in fingers:
        drains[finger.gate].add(other_end(finger, (source,)))
    nets = [net for own in drains.values() for net in own]
    if len(drains) != _PAIR or not len(nets) == len(set(nets)) == _PAIR:
        return []
    return [] if supplies.intersection(nets) or source in drains else nets


def _others(fingers: Iterable[Finger], polarity: str, own: set[int]) -> bool:
    """Whether there is a finger of this polarity that is not one of a pair's own."""
    return any(finger.polarity == polarity and id(finger) not in own for finger in fingers)
