"""Which net of a layout is which net of a netlist, from names and structure, never from sizes alone.

Transistors of one model that share gate and both ends are one device on either side, whatever their sizes, so that a
wrong W, L or ratio does not get in the way. Nets of one name are the same net. From there the devices on the nets tell
them apart (colour refinement: a net's colour is made of its devices, theirs of their nets, and so on); a net that is
unique on both sides is matched, at the earliest step. Of nets that the structure cannot tell apart, those with equal
sizes on them are matched, then the first. Nets that differ in structure are matched last, with those most like them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

__all__ = ["ParallelDevices", "align"]

_LIKENESS_MAX: Final = 400
"""Up to this number of nets left over on a side the nets are compared one by one."""

N = TypeVar("N", bound=Hashable)
A = TypeVar("A", bound=Hashable)
B = TypeVar("B", bound=Hashable)


@dataclass(frozen=True)
class ParallelDevices(Generic[N]):
    """Devices in parallel: model, gate net, the one or two nets of the ends; ``size`` is anything to compare."""

    model: str
    gate: N
    ends: frozenset[N]
    size: Hashable


def align(
    layout: Sequence[ParallelDevices[A]], netlist: Sequence[ParallelDevices[B]], same: Iterable[tuple[A, B]]
) -> dict[A, B]:
    """Match nets of a layout with those of a netlist, each with one at most.

    Parameters
    ----------
    same
        Pairs of nets that have one name.
    """
    left, right = _NetGraph(layout), _NetGraph(netlist)
    match: dict[A, B] = {}
    for a, b in same:
        if a in left.nets and b in right.nets and a not in match:
            match[a] = b
    while _refine(left, right, match) or _match_likest(left, right, match):
        pass
    return match


class _NetGraph(Generic[N]):
    """The devices on each net of a layout or netlist, with the terminal by which they are on it."""

    def __init__(self, devices: Sequence[ParallelDevices[N]]) -> None:
        nets: dict[N, list[tuple[str, ParallelDevices[N]]]] = defaultdict(list)
        for device in devices:
            nets[device.gate].append(("gate", device))
            for net in sorted(device.ends, key=repr):  # sets of text have an order of their own in every process
                nets[net].append(("end" if len(device.ends) > 1 else "ends", device))
        self.nets = dict(nets)

    def colours(self, fixed: Mapping[N, int]) -> dict[N, int]:
        return {net: fixed.get(net, -1) for net in self.nets}

    def next(self, colours: Mapping[N, int], fixed: Mapping[N, int]) -> dict[N, Hashable]:
        """Colours one step further: those of a net's devices as seen from it."""
        following: dict[N, Hashable] = {}
        for net, devices in self.nets.items():
            if net in fixed:
                following[net] = fixed[net]
                continue
            seen = sorted(
                (terminal, device.model, colours[device.gate], *sorted(colours[end] for end in device.ends))
                for terminal, device in devices
            )
            following[net] = (colours[net], tuple(seen))
        return following

    def sizes(self, net: N) -> tuple[Hashable, ...]:
        """The sizes on a net, in a form that can be compared."""
        return tuple(sorted((terminal, repr(device.size)) for terminal, device in self.nets[net]))

    def matched_devices(self, net: N, index: Mapping[N, int]) -> Counter[Hashable]:
        """Devices on a net as far as their other nets are matched; devices without any matched net do not count."""
        devices: Counter[Hashable] = Counter()
        for terminal, device in self.nets[net]:
            others = sorted(index[other] for other in (device.gate, *device.ends) if other != net and other in index)
            if others:
                devices[terminal, device.model, tuple(others)] += 1
        return devices


def _refine(left: _NetGraph[A], right: _NetGraph[B], match: dict[A, B]) -> bool:
    """Match at least one more pair of nets that are alike; False if there is none."""
    fixed_left = {a: i for i, a in enumerate(match)}
    fixed_right = {b: i for i, b in enumerate(match.values())}
    lefts, rights = left.colours(fixed_left), right.colours(fixed_right)
    kinds = 0
    while True:
        numbers: dict[Hashable, int] = {}
        next_left, next_right = left.next(lefts, fixed_left), right.next(rights, fixed_right)
        for colour in (*next_left.values(), *next_right.values()):
            numbers.setdefault(colour, len(match) + len(numbers) if not isinstance(colour, int) else colour)
        lefts = {net: numbers[colour] for net, colour in next_left.items()}
        rights = {net: numbers[colour] for net, colour in next_right.items()}
        classes = _classes(
            {a: colour for a, colour in lefts.items() if a not in fixed_left},
            {b: colour for b, colour in rights.items() if b not in fixed_right},
        )
        unique = [(a[0], b[0]) for a, b in classes if len(a) == len(b) == 1]
        if unique:
            match.update(unique)
            return True
        if len(numbers) == kinds:
            break
        kinds = len(numbers)
    return _match_by_size(left, right, classes, match)


def _classes(lefts: Mapping[A, int], rights: Mapping[B, int]) -> list[tuple[list[A], list[B]]]:
    """Nets by colour, of those colours that are on both sides."""
    left_nets: dict[int, list[A]] = defaultdict(list)
    right_nets: dict[int, list[B]] = defaultdict(list)
    for a, colour in lefts.items():
        left_nets[colour].append(a)
    for b, colour in rights.items():
        right_nets[colour].append(b)
    return [(nets, right_nets[colour]) for colour, nets in left_nets.items() if colour in right_nets]


def _match_by_size(
    left: _NetGraph[A], right: _NetGraph[B], classes: Sequence[tuple[list[A], list[B]]], match: dict[A, B]
) -> bool:
    """Among nets of one colour match a pair, by the sizes on them if these tell a pair apart, else the first."""
    even = [nets for nets in classes if len(nets[0]) == len(nets[1])]
    ordered = sorted(even or classes, key=lambda nets: len(nets[0]) + len(nets[1]))
    for lefts, rights in ordered:
        by_sizes = {right.sizes(b): b for b in reversed(rights)}
        counts = Counter(right.sizes(b) for b in rights)
        equal = [(counts[left.sizes(a)], i) for i, a in enumerate(lefts) if left.sizes(a) in by_sizes]
        if equal:
            _, i = min(equal)
            match[lefts[i]] = by_sizes[left.sizes(lefts[i])]
            return True
    for lefts, rights in ordered:
        match[lefts[0]] = rights[0]
        return True
    return False


def _match_likest(left: _NetGraph[A], right: _NetGraph[B], match: dict[A, B]) -> bool:
    """Match the two nets that share most devices with matched nets; False if none share any."""
    back = {b: a for a, b in match.items()}
    lefts, rights = [a for a in left.nets if a not in match], [b for b in right.nets if b not in back]
    if not lefts or not rights or max(len(lefts), len(rights)) > _LIKENESS_MAX:
        return False
    index = {a: i for i, a in enumerate(match)}
    back_index = {b: index[a] for b, a in back.items()}
    on_left = [left.matched_devices(a, index) for a in lefts]
    on_right = [right.matched_devices(b, back_index) for b in rights]
    best = max(((on_left[i] & on_right[j]).total(), -i, -j) for i in range(len(lefts)) for j in range(len(rights)))
    if not best[0]:
        return False
    match[lefts[-best[1]]] = rights[-best[2]]
    return True
