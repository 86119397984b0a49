"""Which transistors are part of digital gates: by what they form, never by a mark or a cell's name.

Transistors that share nets other than rails are one component. It is a digital gate, or several, where

- its n-type transistors lead to a rail, its p-type ones to another;
- both types are controlled by the same signals, a signal and its inverse counting as one and a rail as none (static
  CMOS, transmission gates, tri-state gates, latches);
- none of its transistors is on the gate of a diode, which sets a voltage between the rails.

Two components that control each other's p-type transistors are one (level shifters). So are digital, in the sense that
they have nothing to match, transistors between two supplies whose inner nets lead nowhere (bleeders).

A current mirror has transistors of one type on its gate; what shares a drain with it is controlled by other nets.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Final, TypeAlias

from mirrorneuron.flows.matching.grouping.nets import JoinedNets
from mirrorneuron.flows.matching.read import Extraction
from mirrorneuron.flows.matching.read.fingers import Finger

__all__ = ["digital_fingers"]

_Component: TypeAlias = list[Finger]
_RAILS: Final = 2


def digital_fingers(extraction: Extraction, supplies: Collection[int]) -> frozenset[int]:
    """`id` of every finger that is part of a digital gate, also of one that is tied off.

    Parameters
    ----------
    supplies
        Nets that are supplies; a labelled net that drives no gate and has ends of one type alone counts as one, too.
    """
    active = [finger for finger in extraction.fingers if finger.ends[0] != finger.ends[1]]
    driving = {finger.gate for finger in active}
    rails = set(supplies) | _one_sided(active, driving, extraction.names)
    components = _components(active, rails)
    signals = _Signals(components, rails)
    digital: set[int] = set()
    for component in _cross_coupled(components, rails):
        inner = {net for finger in component for net in finger.ends} - set(supplies)
        dead_end = not inner & (driving | extraction.names.keys()) and len(_rails(component, supplies)) >= _RAILS
        if dead_end or signals.complementary(component):
            digital.update(map(id, component))
    return frozenset(digital)


def _one_sided(active: Iterable[Finger], driving: Collection[int], names: Collection[int]) -> set[int]:
    """Labelled nets that only end transistors of one type, as a second supply that holds no well does."""
    types: dict[int, set[str]] = defaultdict(set)
    for finger in active:
        for net in finger.ends:
            types[net].add(finger.polarity)
    return {net for net, kinds in types.items() if len(kinds) == 1 and net in names and net not in driving}


def _components(active: Sequence[Finger], rails: Collection[int]) -> list[_Component]:
    """Fingers joined through their ends, rails left out; one between rails is a component by itself."""
    joined = JoinedNets()
    inner = {id(finger): [net for net in finger.ends if net not in rails] for finger in active}
    for finger in active:
        if len(inner[id(finger)]) > 1:
            joined.join(*inner[id(finger)])
    components: dict[tuple[int, int], _Component] = defaultdict(list)
    for number, finger in enumerate(active):
        nets = inner[id(finger)]
        components[(joined.find(nets[0]), -1) if nets else (-1, number)].append(finger)
    return list(components.values())


def _cross_coupled(components: Sequence[_Component], rails: Collection[int]) -> list[_Component]:
    """The components, those that control each other's p-type transistors joined."""
    owner = {net: k for k, own in enumerate(components) for finger in own for net in finger.ends if net not in rails}
    loads = [{owner[f.gate] for f in own if f.polarity == "p" and f.gate in owner} for own in components]
    merged: list[_Component] = []
    used: set[int] = set()
    for k, own in enumerate(components):
        if k in used:
            continue
        mates = [m for m in loads[k] if m > k and m not in used and loads[m] == {k} and loads[k] == {m}]
        used.update(mates)
        merged.append([*own, *(finger for mate in mates for finger in components[mate])])
    return merged


def _rails(component: Iterable[Finger], rails: Collection[int], polarity: str = "np") -> set[int]:
    """The rails that the ends of a component's transistors are on."""
    return {net for finger in component if finger.polarity in polarity for net in finger.ends if net in rails}


class _Signals:
    """Nets that control gates, an inverter's output counting as its input."""

    def __init__(self, components: Sequence[_Component], rails: Collection[int]) -> None:
        self._rails = rails
        self._diodes = {f.gate for own in components for f in own if f.gate in f.ends and f.gate not in rails}
        self._inverted: dict[int, int] = {}
        for component in components:
            gates = {finger.gate for finger in component} - set(rails)
            outputs = {net for finger in component for net in finger.ends} - set(rails)
            if len(gates) == len(outputs) == 1 and gates != outputs and self._between_rails(component):
                self._inverted[outputs.pop()] = gates.pop()

    def complementary(self, component: Sequence[Finger]) -> bool:
        """Whether a component is made as digital gates are (see the module)."""
        if any(finger.gate in self._diodes for finger in component):
            return False
        if not self._between_rails(component):
            return False
        below, above = self._controls(component, "n"), self._controls(component, "p")
        if below == above:
            return True
        # A differential level shifter: a signal and its inverse below, the two outputs crosswise above.
        drains = {net for finger in component for net in finger.ends}
        crosswise = {finger.gate for finger in component if finger.polarity == "p"}
        gates = {finger.gate for finger in component if finger.polarity == "n"}
        return crosswise <= drains and len(crosswise) == len(gates) == _RAILS and len(below) == 1

    def _between_rails(self, component: Iterable[Finger]) -> bool:
        """Whether it has both types, each on rails of its own."""
        every = list(component)
        types = Counter(finger.polarity for finger in every)
        low, high = _rails(every, self._rails, "n"), _rails(every, self._rails, "p")
        return len(types) == _RAILS and bool(low) and bool(high) and not low & high

    def _controls(self, component: Iterable[Finger], polarity: str) -> set[int]:
        return {
            self._source(finger.gate)
            for finger in component
            if finger.polarity == polarity and finger.gate not in self._rails
        }

    def _source(self, net: int) -> int:
        """The net at the beginning of the inverters that lead to a net."""
        passed: set[int] = set()
        while net in self._inverted and net not in passed:
            passed.add(net)
            net = self._inverted[net]
        return min(passed) if net in passed else net
