"""Groups of transistors that are meant to match, their units, and the arrays that they lie in.

What is a group
    Fingers with one gate net, model, bulk, W and L, of which one end is on one net. That net is the source: a supply if
    there is one among the ends, otherwise the net on which most of the fingers have an end. The other end is the drain,
    and every drain net is an output (also one that is the gate's net, a diode). Sources that resistors lift off the
    bulk's net count as that net: a degenerated mirror is one group. Two gates are a differential pair, one
    group, where their fingers share a source that is no supply and no others of their size do in the same number, each
    has one drain of its own that is no supply, and the source is held by another transistor of the type or a label (or
    no transistor of the type is on the drains: a pair without anything else).

    Npn transistors with one base and substrate net and model are a group where their emitters are on one net, or
    resistors lift them off it. Every collector net is an output.

    Bars of one model, W, L and well are a group where what they make leads to one supply. Bars that nothing else is
    between are one resistor, and its other end is an output. A resistor between two nets of which none is a supply is
    a group by itself.

What is a unit
    The placed cell that holds the poly and the diffusion of its fingers, if all fingers in it are on the same nets;
    otherwise the piece of poly that joins them; otherwise the two fingers around one drain; otherwise a finger: the
    first of these that gives all units of the group the same number of fingers.

What is an array
    What lies in one closed loop of tap, if all transistors in it are of one model; otherwise units that are at most
    `LINK_NM` apart.

A bar is a unit, and so is an npn.

A finger without current, because both its ends are on one net or its gate is on its bulk, is a dummy.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import klayout.db as kdb
from mirrorneuron.flows.matching.read.fingers import BAR, BIPOLAR, NO_NET, Finger
from mirrorneuron.flows.matching.read.transistors import Extraction

__all__ = ["LINK_NM", "Array", "Group", "Unit", "find_groups", "inactive", "natural"]

LINK_NM: Final = 10_000
"""Gates that lie further apart than this, and in no loop of their own, are different arrays [nm]."""
_SUPPLY: Final = re.compile(r"[ad]?v?(dd|ss|cc|ee|gnd|pwr)[a-z0-9_]*!?", re.IGNORECASE)
_MAJORITY_MIN: Final = 3
_PAIR: Final = 2


@dataclass(frozen=True)
class Unit:
    """Fingers that are one unit of an output (a drain net, and the gate net that drives it)."""

    fingers: tuple[Finger, ...]
    gate: int
    drain: int

    @cached_property
    def x(self) -> float:
        """Centre of its gates [nm]."""
        return sum(finger.x for finger in self.fingers) / len(self.fingers)

    @cached_property
    def y(self) -> float:
        """Centre of its gates [nm]."""
        return sum(finger.y for finger in self.fingers) / len(self.fingers)

    @cached_property
    def box(self) -> kdb.Box:
        """Around its gates."""
        box = kdb.Box()
        for finger in self.fingers:
            box += finger.box
        return box


@dataclass(frozen=True)
class Array:
    """Units of a group that lie together, and the dummies among and around them; ``loop``: the closed tap, or -1."""

    units: tuple[Unit, ...]
    dummies: tuple[Finger, ...]
    loop: int

    @cached_property
    def outputs(self) -> frozenset[tuple[int, int]]:
        """Gate and drain net of its outputs."""
        return frozenset((unit.gate, unit.drain) for unit in self.units)


@dataclass(frozen=True)
class Group:
    """Units that are meant to match.

    ``fingers``: of a unit; ``odd``: units with another number of fingers than that; ``cascoded``: outputs from
    whose drain another transistor of the type leads to the gate's net. ``sources``: nets of the units' sources, or
    emitters, and ``rail`` the one that all are on or are lifted off. Resistors have their common net as gate and rail.
    """

    gates: tuple[int, ...]
    model: str
    polarity: str
    finger_w: int
    l: int  # noqa: E741
    bulk: int
    rail: int
    sources: frozenset[int]
    fingers: int
    units: tuple[Unit, ...]
    arrays: tuple[Array, ...]
    odd: tuple[Unit, ...]
    cascoded: frozenset[tuple[int, int]]

    @cached_property
    def outputs(self) -> dict[tuple[int, int], tuple[Unit, ...]]:
        """Units by gate and drain net, in the order of the layout."""
        found: dict[tuple[int, int], list[Unit]] = defaultdict(list)
        for unit in self.units:
            found[unit.gate, unit.drain].append(unit)
        return {key: tuple(units) for key, units in found.items()}

    @property
    def sort(self) -> str:
        """Of which sort its fingers are: `fingers.FET`, `BAR` or `BIPOLAR`."""
        return self.units[0].fingers[0].sort

    @property
    def logic(self) -> bool:
        """Whether it is part of standard cells."""
        return any(finger.logic for unit in self.units for finger in unit.fingers)

    @property
    def diode(self) -> bool:
        """Whether one of the outputs is the gate's own net."""
        return any(gate == drain for gate, drain in self.outputs)

    @cached_property
    def references(self) -> frozenset[tuple[int, int]]:
        """Outputs that set the gate's voltage: its own net, or a net from which a cascode leads there."""
        return frozenset(key for key in self.outputs if key[0] == key[1] or key in self.cascoded)


def natural(name: str) -> list[tuple[int, int | str]]:
    """Key that sorts d2 before d10."""
    return [(0, int(part)) if part.isdigit() else (1, part.lower()) for part in re.split(r"(\d+)", name) if part]


def inactive(finger: Finger) -> bool:
    """Whether no current can flow: a dummy, or a capacitor."""
    return finger.ends[0] == finger.ends[1] or (finger.sort != BAR and finger.gate == finger.bulk)


def find_groups(found: Extraction, unit_fingers: Mapping[int, int] | None = None) -> list[Group]:
    """All groups of a layout, by the lowest left unit.

    Parameters
    ----------
    unit_fingers
        Fingers of a unit, where a netlist tells, by the finger's place in ``found.fingers``.
    """
    supplies = _supplies(found)
    active = [finger for finger in found.fingers if not inactive(finger)]
    told = {id(finger): count for i, count in (unit_fingers or {}).items() for finger in (found.fingers[i],)}
    resistors = _resistors(found, supplies)
    lifted = _lifted(resistors, supplies)
    taken: set[int] = set()
    drafts: list[tuple[tuple[int, ...], int, frozenset[int], list[Finger]]] = []
    for gates, source, fingers in _pairs(active, supplies, found.names):
        drafts.append((gates, source, frozenset((source,)), fingers))
        taken.update(map(id, fingers))
    buckets: dict[tuple[int, str, int, int, int], list[Finger]] = defaultdict(list)
    for finger in active:
        if id(finger) not in taken:
            buckets[finger.gate, finger.model, finger.bulk, finger.w, finger.l].append(finger)
    for (gate, *_), fingers in buckets.items():
        drafts.extend(((gate,), *own) for own in _by_source(fingers, supplies, lifted))
    cut = _Cut(found.fingers)
    bridges = {(finger.polarity, frozenset(finger.ends)) for finger in active}
    arrays = _Arrays(found)
    groups = []
    for gates, rail, sources, fingers in drafts:
        counts = {told[id(finger)] for finger in fingers if id(finger) in told}
        units, size, odd = cut.units(fingers, sources, counts.pop() if len(counts) == 1 else None)
        cascoded = frozenset(
            (unit.gate, unit.drain)
            for unit in units
            if (fingers[0].polarity, frozenset((unit.gate, unit.drain))) in bridges
        )
        groups.append(_group(units, arrays, gates, rail, sources, size=size, odd=odd, cascoded=cascoded))
    for units in _of_bars(resistors, supplies):
        gate = units[0].gate
        groups.append(_group(units, arrays, (gate,), gate, frozenset((gate,))))
    for rail, units in _of_bipolars(found, lifted):
        emitters = frozenset(finger.ends[1] for unit in units for finger in unit.fingers)
        groups.append(_group(units, arrays, (units[0].gate,), rail, emitters))
    return sorted(groups, key=lambda group: (group.units[0].y, group.units[0].x, group.gates))


def _group(
    units: Sequence[Unit],
    arrays: _Arrays,
    gates: tuple[int, ...],
    rail: int,
    sources: frozenset[int],
    *,
    size: int = 1,
    odd: Sequence[Unit] = (),
    cascoded: frozenset[tuple[int, int]] = frozenset(),
) -> Group:
    one = units[0].fingers[0]
    return Group(
        gates=gates,
        model=one.model,
        polarity=one.polarity,
        finger_w=one.w,
        l=one.l,
        bulk=one.bulk,
        rail=rail,
        sources=sources,
        fingers=size,
        units=tuple(units),
        arrays=arrays.of(units, one.model),
        odd=tuple(odd),
        cascoded=cascoded,
    )


@dataclass(frozen=True)
class _Resistor:
    """Bars that nothing else is between, and the nets that they lead to."""

    bars: tuple[Finger, ...]
    ends: frozenset[int]


def _resistors(found: Extraction, supplies: set[int]) -> list[_Resistor]:
    """What the bars make: those that meet on a net of their own are one resistor, parallel ones too."""
    bars = [part for part in found.parts if part.sort == BAR and not inactive(part)]
    others = [*found.fingers, *(part for part in found.parts if part.sort == BIPOLAR)]
    held = {net for finger in others for net in (finger.gate, finger.bulk, *finger.ends)}
    outer = held | supplies | found.names.keys() | {NO_NET}
    root: dict[int, int] = {}

    def find(net: int) -> int:
        while root.setdefault(net, net) != net:
            net = root[net]
        return net

    for bar in bars:
        inner = [net for net in bar.ends if net not in outer]
        if len(inner) == len(bar.ends):
            root[find(inner[0])] = find(inner[1])
    joined: dict[frozenset[int], list[Finger]] = defaultdict(list)
    for bar in bars:
        inner = [net for net in bar.ends if net not in outer]
        joined[frozenset((find(inner[0]),)) if inner else frozenset(bar.ends)].append(bar)
    made: dict[frozenset[int], list[Finger]] = defaultdict(list)
    for own in joined.values():
        made[frozenset(net for bar in own for net in bar.ends if net in outer)] += own
    return [_Resistor(tuple(own), ends) for ends, own in made.items()]


def _lifted(resistors: Iterable[_Resistor], supplies: set[int]) -> dict[int, int]:
    """Nets from which a resistor leads to a supply, and to which."""
    found: dict[int, int] = {}
    for resistor in resistors:
        rails = resistor.ends & supplies
        if len(rails) == 1 and len(resistor.ends) == _PAIR:
            (rail,), (net,) = rails, resistor.ends - rails
            found[net] = rail
    return found


def _of_bars(resistors: Iterable[_Resistor], supplies: set[int]) -> Iterable[list[Unit]]:
    """Units of the bars that are meant to match."""
    alike: dict[tuple[Hashable, ...], list[Unit]] = defaultdict(list)
    for number, resistor in enumerate(resistors):
        rails = resistor.ends & supplies
        common = len(rails) == 1 and len(resistor.ends) == _PAIR
        rail = min(rails or resistor.ends)
        drain = min(resistor.ends - {rail}, default=rail)
        for bar in resistor.bars:
            alike[bar.model, bar.w, bar.l, bar.bulk, rail, -1 if common else number].append(Unit((bar,), rail, drain))
    for units in alike.values():
        yield sorted(units, key=lambda unit: (unit.y, unit.x))


def _of_bipolars(found: Extraction, lifted: Mapping[int, int]) -> Iterable[tuple[int, list[Unit]]]:
    """Units of the npn that are meant to match, with the net that their emitters are on or lifted off."""
    alike: dict[tuple[int, int, int, str], list[Unit]] = defaultdict(list)
    for part in found.parts:
        if part.sort == BIPOLAR and not inactive(part):
            collector, emitter = part.ends
            rail = lifted.get(emitter, emitter)
            alike[rail, part.gate, part.bulk, part.model].append(Unit((part,), part.gate, collector))
    for (rail, *_), units in alike.items():
        yield rail, units


def _supplies(found: Extraction) -> set[int]:
    """Nets that hold a bulk and are no inner node, and those whose label says so."""
    bulks = {finger.bulk for finger in (*found.fingers, *found.parts)} - {NO_NET}
    wells = {(finger.polarity, finger.bulk) for finger in found.fingers}
    # A well of its own, tied to an inner source: another transistor of the type brings the current to it.
    inner = {
        net
        for finger in found.fingers
        if not inactive(finger)
        for net in finger.ends
        if net != finger.bulk and (finger.polarity, net) in wells
    }
    named = {net for net, names in found.names.items() if any(_SUPPLY.fullmatch(name) for name in names)}
    return (bulks - inner) | named


def _other(finger: Finger, sources: Collection[int]) -> int:
    return finger.ends[1] if finger.ends[0] in sources else finger.ends[0]


def _pairs(
    active: Sequence[Finger], supplies: set[int], names: Mapping[int, object]
) -> Iterable[tuple[tuple[int, ...], int, list[Finger]]]:
    by_net: dict[int, list[Finger]] = defaultdict(list)
    for finger in active:
        for net in finger.ends:
            if net not in supplies and net != NO_NET:
                by_net[net].append(finger)
    taken: set[int] = set()
    for source, touching in by_net.items():
        alike: dict[tuple[str, int, int, int], list[Finger]] = defaultdict(list)
        for finger in touching:
            alike[finger.model, finger.bulk, finger.w, finger.l].append(finger)
        for every in alike.values():
            fingers = _two_gates(every)
            drains: dict[int, set[int]] = defaultdict(set)
            for finger in fingers:
                drains[finger.gate].add(_other(finger, (source,)))
            flat = [net for nets in drains.values() for net in nets]
            own = set(map(id, fingers))
            if (
                len(drains) != 2
                or not len(flat) == len(set(flat)) == 2
                or supplies.intersection(flat)
                or source in drains
                or own & taken
            ):
                continue
            kind = fingers[0].polarity
            held = source in names or any(f.polarity == kind and id(f) not in own for f in touching)
            stacked = any(f.polarity == kind and id(f) not in own for net in flat for f in by_net[net])
            if held or not stacked:
                taken |= own
                yield tuple(drains), source, fingers


def _two_gates(fingers: list[Finger]) -> list[Finger]:
    """Those of the only two gates, or else of the only two that have the same number of fingers, two or more."""
    counts = Counter(finger.gate for finger in fingers)
    if len(counts) == _PAIR:
        return fingers
    for count in sorted({n for n in counts.values() if n > 1}, reverse=True):
        gates = [gate for gate, n in counts.items() if n == count]
        if len(gates) == _PAIR:
            return [finger for finger in fingers if finger.gate in gates]
    return []


def _by_source(
    fingers: list[Finger], supplies: set[int], lifted: Mapping[int, int]
) -> Iterable[tuple[int, frozenset[int], list[Finger]]]:
    """Split fingers of one gate by their source: the net that it is on or lifted off, their sources, and they."""
    left, bulk = fingers, fingers[0].bulk
    above = {net for net, rail in lifted.items() if rail == bulk}
    raised = {net for finger in left for net in finger.ends if net in above}
    if raised:
        sources = frozenset((*raised, bulk))
        yield bulk, sources, [finger for finger in left if sources.intersection(finger.ends)]
        left = [finger for finger in left if not sources.intersection(finger.ends)]
    while left:
        ends = Counter(net for finger in left for net in finger.ends)
        gate = left[0].gate
        # A supply first; then where most have an end; a gate's own net is a diode's drain.
        source = min(ends, key=lambda net: (net not in supplies, -ends[net], net == gate, net))
        yield source, frozenset((source,)), [finger for finger in left if source in finger.ends]
        left = [finger for finger in left if source not in finger.ends]


class _Cut:
    """Cuts fingers into units."""

    def __init__(self, every: Sequence[Finger]) -> None:
        def pure(number: Callable[[Finger], int]) -> dict[int, bool]:
            nets: dict[int, set[tuple[int, frozenset[int]]]] = defaultdict(set)
            for finger in every:
                nets[number(finger)].add((finger.gate, frozenset(finger.ends)))
            return {key: key >= 0 and len(met) == 1 for key, met in nets.items()}

        self._pure_instances = pure(lambda finger: finger.instance)
        self._pure_polys = pure(lambda finger: finger.poly)

    def units(
        self, fingers: Sequence[Finger], sources: frozenset[int], told: int | None
    ) -> tuple[list[Unit], int, list[Unit]]:
        """Units, fingers of a unit, and the units that have another number."""
        ways = list(self._ways(fingers, sources))
        single = [[finger] for finger in fingers]
        for way in ways if told is None else [*ways, single]:
            sizes = {len(part) for part in way}
            if len(sizes) == 1 and (told is None or sizes == {told}):
                return _made(way, sources), sizes.pop(), []
        if told is not None:
            parts = _chunks(fingers, sources, told)
            if parts:
                return _made(parts, sources), told, []
        for way in ways:
            split = _split(way, sources)
            if split:
                return split
        return _made(single, sources), 1, []

    def _ways(self, fingers: Sequence[Finger], sources: frozenset[int]) -> Iterable[list[list[Finger]]]:
        if all(self._pure_instances[finger.instance] for finger in fingers):
            yield _parted(fingers, lambda finger: finger.instance)
        if all(self._pure_polys[finger.poly] for finger in fingers):
            yield _parted(fingers, lambda finger: finger.poly)
        columns = _parted(fingers, lambda finger: finger.columns[0 if finger.ends[1] in sources else 1])
        if all(len(part) > 1 for part in columns):
            yield columns


def _parted(fingers: Iterable[Finger], number: Callable[[Finger], int]) -> list[list[Finger]]:
    parts: dict[int, list[Finger]] = defaultdict(list)
    for finger in fingers:
        parts[number(finger)].append(finger)
    return list(parts.values())


def _made(parts: Iterable[Sequence[Finger]], sources: frozenset[int]) -> list[Unit]:
    units = [Unit(tuple(part), part[0].gate, _other(part[0], sources)) for part in parts]
    return sorted(units, key=lambda unit: (unit.y, unit.x))


def _chunks(fingers: Iterable[Finger], sources: frozenset[int], size: int) -> list[list[Finger]]:
    """Neighbours on one strip of diffusion with one drain in parts of `size`; nothing if that leaves a rest."""
    strips: dict[tuple[int, int, int], list[Finger]] = defaultdict(list)
    for finger in fingers:
        strips[finger.island, finger.gate, _other(finger, sources)].append(finger)
    parts = []
    for strip in strips.values():
        if len(strip) % size:
            return []
        strip.sort(key=lambda finger: (finger.x, finger.y))
        parts += [strip[i : i + size] for i in range(0, len(strip), size)]
    return parts


def _split(way: list[list[Finger]], sources: frozenset[int]) -> tuple[list[Unit], int, list[Unit]] | None:
    """Units of parts that differ in size: larger ones of whole outputs are several units; few others are odd."""
    sizes = Counter(len(part) for part in way)
    least, (usual, count) = min(sizes), sizes.most_common(1)[0]
    of_output: dict[tuple[int, int], list[int]] = defaultdict(list)
    for part in way:
        of_output[part[0].gate, _other(part[0], sources)].append(len(part))
    multiples = not any(size % least for size in sizes) and all(len(set(met)) == 1 for met in of_output.values())
    usually = count >= _MAJORITY_MIN and 2 * count > len(way)
    if multiples and (usual == least or not usually or all(len(met) == 1 for met in of_output.values())):
        parts = []
        for part in way:
            ordered = sorted(part, key=lambda finger: (finger.x, finger.y))
            parts += [ordered[i : i + least] for i in range(0, len(part), least)]
        return _made(parts, sources), least, []
    if not usually:
        return None
    units = _made(way, sources)
    return units, usual, [unit for unit in units if len(unit.fingers) != usual]


class _Arrays:
    """Parts units into arrays and finds their dummies."""

    def __init__(self, found: Extraction) -> None:
        held: dict[int, set[str]] = defaultdict(set)
        every = [*found.fingers, *found.parts]
        for finger in every:
            held[finger.loop].add(finger.model)
        self._own_loops = {loop for loop, models in held.items() if loop >= 0 and len(models) == 1}
        self._dummies: dict[str, list[Finger]] = defaultdict(list)
        for finger in every:
            if inactive(finger):
                self._dummies[finger.model].append(finger)

    def of(self, units: Iterable[Unit], model: str) -> tuple[Array, ...]:
        """The arrays of a group's units, by the lowest left unit."""
        by_loop: dict[int, list[Unit]] = defaultdict(list)
        for unit in units:
            by_loop[unit.fingers[0].loop].append(unit)
        arrays = []
        for loop, inside in by_loop.items():
            dummies = [finger for finger in self._dummies[model] if finger.loop == loop]
            if loop in self._own_loops:
                arrays.append(Array(tuple(inside), tuple(dummies), loop))
            else:
                arrays += [Array(near, around, loop) for near, around in _near(inside, dummies)]
        return tuple(sorted(arrays, key=lambda array: (array.units[0].y, array.units[0].x)))


def _near(units: Sequence[Unit], dummies: Sequence[Finger]) -> list[tuple[tuple[Unit, ...], tuple[Finger, ...]]]:
    """Units that lie within `LINK_NM` of each other, with the dummies that do."""
    around = kdb.Region()
    for unit in units:
        around.insert(unit.box.enlarged(LINK_NM // 2, LINK_NM // 2))
    pieces = list(around.merged().each())
    members: list[list[Unit]] = [[] for _ in pieces]
    also: list[list[Finger]] = [[] for _ in pieces]
    shapes = kdb.Shapes()
    for number, piece in enumerate(pieces):
        shapes.insert(piece, number + 1)

    def numbers(box: kdb.Box) -> Iterable[int]:
        for shape in shapes.each_touching(box):
            if not (kdb.Region(pieces[shape.prop_id - 1]) & kdb.Region(box)).is_empty():
                yield shape.prop_id - 1

    for unit in units:
        for number in numbers(unit.box):
            members[number].append(unit)
    for finger in dummies:
        for number in numbers(finger.box):
            also[number].append(finger)
    return [(tuple(m), tuple(d)) for m, d in zip(members, also, strict=True)]
