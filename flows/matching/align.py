"""Which net of a layout is which net of a netlist, found from names and structure, never from sizes alone.

Transistors of one model that share gate and both ends are one device on either side, whatever their sizes, so that a
wrong W, L or ratio does not get in the way. Nets of one name are the same net. From there nets are told apart by what
they connect (colour refinement: a net's colour is made of its devices, theirs of their nets, and so on); whatever is
unique on both sides is matched, as early as it is. Of nets that the structure cannot tell apart, those with equal sizes
on them are matched, then the first. Nets that differ in structure are matched last, with those most like them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

__all__ = ["Device", "align"]

_LIKENESS_MAX: Final = 400
"""Up to so many nets left over on a side are compared one by one."""

N = TypeVar("N", bound=Hashable)
A = TypeVar("A", bound=Hashable)
B = TypeVar("B", bound=Hashable)


@dataclass(frozen=True)
class Device(Generic[N]):
    """Transistors in parallel: model, gate net, the one or two nets of the ends; ``size`` is anything to compare."""

    model: str
    gate: N
    ends: frozenset[N]
    size: Hashable


def align(layout: Sequence[Device[A]], netlist: Sequence[Device[B]], same: Iterable[tuple[A, B]]) -> dict[A, B]:
    """Match nets of a layout with those of a netlist, each with one at most.

    Parameters
    ----------
    same
        Pairs of nets that have one name.
    """
    sides = _Side(layout), _Side(netlist)
    match: dict[A, B] = {}
    for a, b in same:
        if a in sides[0].nets and b in sides[1].nets and a not in match:
            match[a] = b
    while _refine(*sides, match) or _likest(*sides, match):
        pass
    return match


class _Side(Generic[N]):
    def __init__(self, devices: Sequence[Device[N]]) -> None:
        self.nets: dict[N, list[tuple[str, Device[N]]]] = defaultdict(list)
        for device in devices:
            self.nets[device.gate].append(("gate", device))
            for net in sorted(device.ends, key=repr):  # sets of text have an order of their own in every process
                self.nets[net].append(("end" if len(device.ends) > 1 else "ends", device))
        self.nets = dict(self.nets)

    def colours(self, fixed: Mapping[N, int]) -> dict[N, int]:
        return {net: fixed.get(net, -1) for net in self.nets}

    def next(self, colours: Mapping[N, int], fixed: Mapping[N, int]) -> dict[N, Hashable]:
        """Colours one step further: what a net's devices look like from it."""
        found: dict[N, Hashable] = {}
        for net, touching in self.nets.items():
            if net in fixed:
                found[net] = fixed[net]
                continue
            seen = sorted(
                (role, device.model, colours[device.gate], *sorted(colours[end] for end in device.ends))
                for role, device in touching
            )
            found[net] = (colours[net], tuple(seen))
        return found

    def profile(self, net: N) -> tuple[Hashable, ...]:
        return tuple(sorted((role, repr(device.size)) for role, device in self.nets[net]))


def _refine(left: _Side[A], right: _Side[B], match: dict[A, B]) -> bool:
    """Match at least one more pair of nets that are alike; False if there is none."""
    fixed_left = {a: i for i, a in enumerate(match)}
    fixed_right = {b: i for i, b in enumerate(match.values())}
    one, two = left.colours(fixed_left), right.colours(fixed_right)
    kinds = 0
    while True:
        numbers: dict[Hashable, int] = {}
        next_one, next_two = left.next(one, fixed_left), right.next(two, fixed_right)
        for colour in (*next_one.values(), *next_two.values()):
            numbers.setdefault(colour, len(match) + len(numbers) if not isinstance(colour, int) else colour)
        one = {net: numbers[colour] for net, colour in next_one.items()}
        two = {net: numbers[colour] for net, colour in next_two.items()}
        classes = _classes(one, two, fixed_left, fixed_right)
        alone = [(a[0], b[0]) for a, b in classes if len(a) == len(b) == 1]
        if alone:
            match.update(alone)
            return True
        if len(numbers) == kinds:
            break
        kinds = len(numbers)
    return _choose(left, right, classes, match)


def _classes(
    one: Mapping[A, int], two: Mapping[B, int], fixed_left: Mapping[A, int], fixed_right: Mapping[B, int]
) -> list[tuple[list[A], list[B]]]:
    """Nets not matched yet, by colour, of those colours that are on both sides."""
    lefts: dict[int, list[A]] = defaultdict(list)
    rights: dict[int, list[B]] = defaultdict(list)
    for a, colour in one.items():
        if a not in fixed_left:
            lefts[colour].append(a)
    for b, colour in two.items():
        if b not in fixed_right:
            rights[colour].append(b)
    return [(nets, rights[colour]) for colour, nets in lefts.items() if colour in rights]


def _choose(left: _Side[A], right: _Side[B], classes: Sequence[tuple[list[A], list[B]]], match: dict[A, B]) -> bool:
    """Among nets of one colour match a pair, by the sizes on them if that helps."""
    even = [entry for entry in classes if len(entry[0]) == len(entry[1])]
    ordered = sorted(even or classes, key=lambda entry: len(entry[0]) + len(entry[1]))
    for ones, twos in ordered:
        wanted = {right.profile(b): b for b in reversed(twos)}
        counts = Counter(right.profile(b) for b in twos)
        equal = [(counts[left.profile(a)], i) for i, a in enumerate(ones) if left.profile(a) in wanted]
        if equal:
            _, i = min(equal)
            match[ones[i]] = wanted[left.profile(ones[i])]
            return True
    for ones, twos in ordered:
        match[ones[0]] = twos[0]
        return True
    return False


def _likest(left: _Side[A], right: _Side[B], match: dict[A, B]) -> bool:
    """Match the two nets that share most devices with matched nets; False if none share any."""
    back = {b: a for a, b in match.items()}
    lefts, rights = [a for a in left.nets if a not in match], [b for b in right.nets if b not in back]
    if not lefts or not rights or max(len(lefts), len(rights)) > _LIKENESS_MAX:
        return False
    index = {a: i for i, a in enumerate(match)}
    seen_left = [_seen(left, a, index) for a in lefts]
    seen_right = [_seen(right, b, {b: index[a] for b, a in back.items()}) for b in rights]
    best = max(((seen_left[i] & seen_right[j]).total(), -i, -j) for i in range(len(lefts)) for j in range(len(rights)))
    if not best[0]:
        return False
    match[lefts[-best[1]]] = rights[-best[2]]
    return True


def _seen(side: _Side[N], net: N, index: Mapping[N, int]) -> Counter[Hashable]:
    """Devices on a net as far as their other nets are matched; those of which none is do not count."""
    found: Counter[Hashable] = Counter()
    for role, device in side.nets[net]:
        others = sorted(index[other] for other in (device.gate, *device.ends) if other != net and other in index)
        if others:
            found[role, device.model, tuple(others)] += 1
    return found
