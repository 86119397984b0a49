"""Drawn devices against those of a netlist: units, W, L and ratio of every device, and devices on one side only."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from mirrorneuron.flows.matching.align import ParallelDevices, align
from mirrorneuron.flows.matching.group import inactive, natural
from mirrorneuron.flows.matching.netlist import Wanted
from mirrorneuron.flows.matching.read import Extraction
from mirrorneuron.flows.matching.read.fingers import BAR, BIPOLAR, FET, Finger
from mirrorneuron.flows.matching.result import Finding
from mirrorneuron.pdk_sky130.devices import BIPOLARS

__all__ = ["NetlistComparison", "compare"]

_TOLERANCE_NM: Final = 1.0
"""Sizes that differ by no more are equal: a fifth of the grid, for W that does not divide by its fingers."""
_RELATIVE: Final = 1e-6
_PLACES_SHOWN: Final = 4
_NAMES_SHOWN: Final = 3
_RATIO_OF: Final = {FET: "gate", BAR: "bars over", BIPOLAR: "base"}

DrawnKey: TypeAlias = tuple[str, int, frozenset[int]]
"""Model, gate net and nets of the ends of devices in parallel, as drawn."""
WantedKey: TypeAlias = tuple[str, str, frozenset[str]]
"""The same in the netlist."""
Sizes: TypeAlias = Counter[tuple[float, float]]
"""Number of fingers by W and L [nm]."""


@dataclass(frozen=True)
class NetlistComparison:
    """Differences, notes, the netlist's names of the layout's nets, and fingers of a unit by the finger's number."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    names: Mapping[int, str]
    unit_fingers: Mapping[int, int]


def compare(extraction: Extraction, netlist: Sequence[Wanted]) -> NetlistComparison:
    """Compare all devices of a layout that are read with those of a netlist."""
    return _Comparer(extraction, netlist).result()


class _Comparer:
    def __init__(self, extraction: Extraction, netlist: Sequence[Wanted]) -> None:
        self._extraction = extraction
        self._devices = extraction.devices
        self._drawn: dict[DrawnKey, list[int]] = defaultdict(list)
        for number, finger in enumerate(self._devices):
            self._drawn[finger.model, finger.gate, frozenset(finger.ends)].append(number)
        self._wanted: dict[WantedKey, list[Wanted]] = defaultdict(list)
        for device in netlist:
            self._wanted[device.model, device.gate, frozenset((device.drain, device.source))].append(device)
        self._match = self._matched_nets()
        self._pairs: dict[WantedKey, DrawnKey] = {}
        for key in self._drawn:
            translated = self._translated(key)
            if translated is not None and translated in self._wanted:
                self._pairs[translated] = key
        self._lines: list[str] = []
        self._notes: list[str] = []

    def result(self) -> NetlistComparison:
        uneven = []
        for key, pair in self._pairs.items():
            wanted, numbers = self._wanted[key], self._drawn[pair]
            self._bulk(wanted, numbers)
            self._reversed_npn(wanted, numbers)
            if not self._same_size(wanted, numbers):
                uneven.append(key)
        self._one_side_only()
        for model, gate in dict.fromkeys((model, gate) for model, gate, _ in uneven):
            self._ratio(model, gate, {ends for m, g, ends in uneven if (m, g) == (model, gate)})
        if not self._pairs:
            self._lines.insert(0, "no device of the layout corresponds to a device of the netlist")
        findings = tuple(Finding("netlist", line) for line in self._lines)
        return NetlistComparison(findings, tuple(self._notes), self._match, self._unit_fingers())

    # Nets and devices of both sides

    def _matched_nets(self) -> dict[int, str]:
        """The netlist's name of each net of the layout that corresponds to one."""
        nets = {net for _, gate, ends in self._wanted for net in (gate, *ends)}
        same: dict[str, int] = {}
        for net in sorted(self._extraction.names):
            for name in self._extraction.names[net]:
                if name.lower() in nets:
                    same.setdefault(name.lower(), net)
        layout = [
            ParallelDevices(model, gate, ends, _profile(_sizes(self._devices[i] for i in numbers)))
            for (model, gate, ends), numbers in self._drawn.items()
        ]
        netlist = [
            ParallelDevices(model, gate, ends, _profile(_wanted_sizes(devices) or Counter()))
            for (model, gate, ends), devices in self._wanted.items()
        ]
        return align(layout, netlist, [(net, name) for name, net in same.items()])

    def _translated(self, key: DrawnKey) -> WantedKey | None:
        """A drawn device's key in the names of the netlist; None if a net corresponds to none there."""
        model, gate, ends = key
        if gate not in self._match or any(end not in self._match for end in ends):
            return None
        return model, self._match[gate], frozenset(self._match[end] for end in ends)

    def _unit_fingers(self) -> dict[int, int]:
        """Fingers of a unit as the netlist states them, by the number of the transistor's finger."""
        unit_fingers: dict[int, int] = {}
        for key, pair in self._pairs.items():
            counts, numbers = {device.fingers for device in self._wanted[key]}, self._drawn[pair]
            count = counts.pop()
            if not counts and count and len(numbers) % count == 0:
                transistors = len(self._extraction.fingers)
                unit_fingers.update((number, count) for number in numbers if number < transistors)
        return unit_fingers

    def _name(self, net: int) -> str:
        return self._match.get(net) or self._extraction.name(net)

    def _title(self, wanted: Sequence[Wanted], numbers: Sequence[int]) -> str:
        """Devices in parallel in words: model, names, terminals and a place."""
        first = wanted[0]
        names = ", ".join(device.name for device in wanted[:_NAMES_SHOWN])
        more = ", …" if len(wanted) > _NAMES_SHOWN else ""
        return f"{first.model} {names}{more} ({_terminals(first)}) at {_place(self._devices[numbers[0]])}"

    # Comparisons

    def _bulk(self, wanted: Sequence[Wanted], numbers: Sequence[int]) -> None:
        in_netlist = {device.bulk for device in wanted}
        drawn = {self._match[device.bulk] for i in numbers if (device := self._devices[i]).bulk in self._match}
        if drawn - in_netlist:
            text = f"{', '.join(sorted(drawn))} as drawn, {', '.join(sorted(in_netlist))} in the netlist"
            self._lines.append(f"bulk of {self._title(wanted, numbers)}: {text}")

    def _reversed_npn(self, wanted: Sequence[Wanted], numbers: Sequence[int]) -> None:
        """Npn with collector and emitter exchanged: their ends are compared without an order otherwise."""
        in_netlist = {(device.drain, device.source) for device in wanted}
        drawn = {
            (self._match[device.ends[0]], self._match[device.ends[1]])
            for i in numbers
            if (device := self._devices[i]).sort == BIPOLAR
        }
        if drawn - in_netlist:
            self._lines.append(f"{self._title(wanted, numbers)}: collector and emitter are exchanged")

    def _same_size(self, wanted: Sequence[Wanted], numbers: Sequence[int]) -> bool:
        """Compare W and L of devices in parallel; whether the number of units is right too."""
        drawn, listed = _sizes(self._devices[i] for i in numbers), _wanted_sizes(wanted)
        title = self._title(wanted, numbers)
        lengths = sorted({length for _, length in drawn}), sorted({device.l for device in wanted})
        if not _all_equal(*lengths):
            self._lines.append(f"L of {title}: {_um(lengths[0])} um as drawn, {_um(lengths[1])} um in the netlist")
        if listed is None:
            return self._same_total_width(wanted, drawn, title)
        widths = sorted({w for w, _ in drawn}), sorted({w for w, _ in listed})
        if not _all_equal(*widths):
            self._lines.append(
                f"W of a finger of {title}: {_um(widths[0])} um as drawn, {_um(widths[1])} um in the netlist "
                f"(its w is taken as the sum over nf fingers)"
            )
        elif _all_equal(*lengths) and len(drawn) == len(listed) > 1:
            return [count for _, count in sorted(drawn.items())] == [count for _, count in sorted(listed.items())]
        return drawn.total() == listed.total()

    def _same_total_width(self, wanted: Sequence[Wanted], drawn: Sizes, title: str) -> bool:
        """Compare the sum of W, where the netlist does not state the number of fingers."""
        total = sum(w * count for (w, _), count in drawn.items())
        listed = sum(device.w * device.copies for device in wanted)
        if not _equal(total, listed):
            self._lines.append(f"total W of {title}: {_um([total])} um as drawn, {_um([listed])} um in the netlist")
        return _equal(total, listed)

    def _ratio(self, model: str, gate: str, wrong: set[frozenset[str]]) -> None:
        """One line for all outputs of a gate of which some have another number of units than the netlist."""
        keys = [key for key in self._wanted if key[:2] == (model, gate) and (len(key[2]) > 1 or key[2] in wrong)]
        keys.sort(key=lambda key: natural(self._wanted[key][0].drain))
        numbers = [self._drawn[self._pairs[key]] if key in self._pairs else [] for key in keys]
        sizes = {device.fingers for key in keys for device in self._wanted[key]}
        per_unit = sizes.pop() if len(sizes) == 1 else 0
        if per_unit:
            quantity = "units"
            drawn = [len(own) / per_unit for own in numbers]
            listed = [float(sum(device.copies for device in self._wanted[key])) for key in keys]
        else:
            quantity = "W [um]"
            drawn = [sum(self._devices[i].w for i in own) / 1000 for own in numbers]
            listed = [sum(device.w * device.copies for device in self._wanted[key]) / 1000 for key in keys]
        names = ":".join(self._wanted[key][0].drain for key in keys)
        places = [
            _place(self._devices[own[0]]) for key, own in zip(keys, numbers, strict=True) if key[2] in wrong and own
        ]
        self._lines.append(
            f"{self._gate_title(gate, keys)} ({model}), {quantity} of {names}: {_ratio_text(drawn)} as drawn, "
            f"{_ratio_text(listed)} in the netlist. Look at {', '.join(places[:_PLACES_SHOWN])}"
        )

    def _gate_title(self, gate: str, keys: Sequence[WantedKey]) -> str:
        if all(len(key[2]) == 1 for key in keys):
            return f"dummies on {gate}"
        sorts = (self._devices[self._drawn[self._pairs[key]][0]].sort for key in keys if key in self._pairs)
        return f"ratio of {_RATIO_OF[next(sorts, FET)]} {gate}"

    # Devices on one side only

    def _one_side_only(self) -> None:
        missing = {key: wanted for key, wanted in self._wanted.items() if key not in self._pairs}
        paired = set(self._pairs.values())
        for key in self._drawn:
            if key not in paired:
                self._not_in_netlist(key, missing)
        for wanted in missing.values():
            first = wanted[0]
            names = ", ".join(device.name for device in wanted)
            self._lines.append(f"{first.model} {names} ({_terminals(first)}) is in the netlist and not drawn")

    def _not_in_netlist(self, key: DrawnKey, missing: dict[WantedKey, list[Wanted]]) -> None:
        """Report a drawn device; a device of another model on the same nets is taken off `missing`."""
        first = self._devices[self._drawn[key][0]]
        devices = self._drawn_title(key)
        translated = self._translated(key)
        other = next((k for k in missing if translated and k[1:] == translated[1:]), None)
        if other:
            self._lines.append(f"{devices}: the netlist has {other[0]} there ({missing.pop(other)[0].name})")
        elif inactive(first):
            self._notes.append(f"{devices} are not in the netlist; they carry no current")
        else:
            self._lines.append(f"{devices} are drawn and not in the netlist")

    def _drawn_title(self, key: DrawnKey) -> str:
        numbers, first = self._drawn[key], self._devices[self._drawn[key][0]]
        gate = {FET: "gate", BAR: "over", BIPOLAR: "base"}[first.sort]
        ends = sorted((self._name(net) for net in key[2]), key=natural)
        nets = f"{gate} {self._name(key[1])}, ends {' and '.join(ends)}"
        size = f"{first.model} {first.w / 1000:g}/{first.l / 1000:g}"
        return f"{len(numbers)} {'fingers' if first.sort == FET else 'units'} of {size} ({nets}) at {_place(first)}"


def _sizes(fingers: Iterable[Finger]) -> Sizes:
    return Counter((float(finger.w), float(finger.l)) for finger in fingers)


def _wanted_sizes(wanted: Iterable[Wanted]) -> Sizes | None:
    """Sizes in the netlist; None where it does not state the number of fingers."""
    sizes: Sizes = Counter()
    for device in wanted:
        if not device.fingers:
            return None
        sizes[device.w / device.fingers, device.l] += device.fingers * device.copies
    return sizes


def _profile(sizes: Sizes) -> tuple[tuple[int, int, int], ...]:
    return tuple(sorted((round(w), round(length), count) for (w, length), count in sizes.items()))


def _equal(size: float, other: float) -> bool:
    return abs(size - other) <= _TOLERANCE_NM + _RELATIVE * abs(other)


def _all_equal(sizes: Sequence[float], others: Sequence[float]) -> bool:
    return len(sizes) == len(others) and all(_equal(a, b) for a, b in zip(sizes, others, strict=True))


def _terminals(device: Wanted) -> str:
    if device.model in BIPOLARS:
        return f"collector {device.drain}, base {device.gate}, emitter {device.source}"
    if device.model.startswith("res_"):
        return f"from {device.drain} to {device.source}, over {device.bulk}"
    return f"drain {device.drain}, gate {device.gate}, source {device.source}"


def _place(finger: Finger) -> str:
    """The centre [um]."""
    return f"({finger.x / 1000:.6g}, {finger.y / 1000:.6g})"


def _um(values: Sequence[float]) -> str:
    return " and ".join(f"{value / 1000:.6g}" for value in values)


def _ratio_text(values: Sequence[float]) -> str:
    return ":".join(f"{value:.6g}" for value in values)
