"""Drawn devices against those of a netlist: units, W, L and ratio of every device, and what is on one side only."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mirrorneuron.flows.matching.align import Device, align
from mirrorneuron.flows.matching.checks import Finding
from mirrorneuron.flows.matching.groups import inactive, natural
from mirrorneuron.flows.matching.netlist import Wanted
from mirrorneuron.flows.matching.read.fingers import BAR, BIPOLAR, FET, Finger
from mirrorneuron.flows.matching.read.transistors import Extraction
from mirrorneuron.pdk_sky130.devices import BIPOLARS

__all__ = ["Comparison", "compare"]

_TOLERANCE_NM: Final = 1.0
"""Sizes that differ by no more are equal: a fifth of the grid, for W that does not divide by its fingers."""
_RELATIVE: Final = 1e-6

DrawnKey = tuple[str, int, frozenset[int]]
WantedKey = tuple[str, str, frozenset[str]]
Sizes = Mapping[tuple[float, float], int]


@dataclass(frozen=True)
class Comparison:
    """What differs, notes, the netlist's names of the layout's nets, and fingers of a unit by number of the finger."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    names: Mapping[int, str]
    unit_fingers: Mapping[int, int]


def compare(found: Extraction, wanted: Sequence[Wanted]) -> Comparison:
    """Compare all devices of a layout that are read with those of a netlist."""
    drawn: dict[DrawnKey, list[int]] = defaultdict(list)
    for number, finger in enumerate(_every(found)):
        drawn[finger.model, finger.gate, frozenset(finger.ends)].append(number)
    listed: dict[WantedKey, list[Wanted]] = defaultdict(list)
    for device in wanted:
        listed[device.model, device.gate, frozenset((device.drain, device.source))].append(device)
    return _Comparer(found, drawn, listed).result()


def _every(found: Extraction) -> tuple[Finger, ...]:
    return (*found.fingers, *found.parts)


def _match(
    found: Extraction, drawn: Mapping[DrawnKey, list[int]], listed: Mapping[WantedKey, list[Wanted]]
) -> dict[int, str]:
    every = _every(found)
    nets = {net for _, gate, ends in listed for net in (gate, *ends)}
    same: dict[str, int] = {}
    for net in sorted(found.names):
        for name in found.names[net]:
            if name.lower() in nets:
                same.setdefault(name.lower(), net)
    layout = [
        Device(model, gate, ends, _profile(_sizes(every[i] for i in numbers)))
        for (model, gate, ends), numbers in drawn.items()
    ]
    netlist = [
        Device(model, gate, ends, _profile(_wanted_sizes(devices) or {}))
        for (model, gate, ends), devices in listed.items()
    ]
    return align(layout, netlist, [(net, name) for name, net in same.items()])


def _sizes(fingers: Iterable[Finger]) -> Counter[tuple[float, float]]:
    return Counter((float(finger.w), float(finger.l)) for finger in fingers)


def _wanted_sizes(devices: Sequence[Wanted]) -> Counter[tuple[float, float]] | None:
    """Fingers by W and L [nm]; None where the netlist does not say how many fingers there are."""
    sizes: Counter[tuple[float, float]] = Counter()
    for device in devices:
        if not device.fingers:
            return None
        sizes[device.w / device.fingers, device.l] += device.fingers * device.copies
    return sizes


def _profile(sizes: Sizes) -> tuple[tuple[int, int, int], ...]:
    return tuple(sorted((round(w), round(length), count) for (w, length), count in sizes.items()))


def _equal(one: float, other: float) -> bool:
    return abs(one - other) <= _TOLERANCE_NM + _RELATIVE * abs(other)


class _Comparer:
    def __init__(
        self, found: Extraction, drawn: Mapping[DrawnKey, list[int]], listed: Mapping[WantedKey, list[Wanted]]
    ) -> None:
        self.found, self.drawn, self.listed = found, drawn, listed
        self.every = _every(found)
        self.match = _match(found, drawn, listed)
        self.pairs: dict[WantedKey, DrawnKey] = {}
        for key in drawn:
            translated = self._translated(key)
            if translated is not None and translated in listed:
                self.pairs[translated] = key
        self.lines: list[str] = []
        self.notes: list[str] = []

    def result(self) -> Comparison:
        told: dict[int, int] = {}
        uneven = []
        for key, pair in self.pairs.items():
            devices, numbers = self.listed[key], self.drawn[pair]
            self._bulk(devices, numbers)
            self._upside_down(devices, numbers)
            if not self._same_size(devices, numbers):
                uneven.append(key)
            fingers = {device.fingers for device in devices}
            if len(fingers) == 1 and (count := fingers.pop()) and len(numbers) % count == 0:
                told.update((number, count) for number in numbers if number < len(self.found.fingers))
        self._one_side_only()
        for model, gate in dict.fromkeys((model, gate) for model, gate, _ in uneven):
            self._ratio(model, gate, {ends for m, g, ends in uneven if (m, g) == (model, gate)})
        if not self.pairs:
            self.lines.insert(0, "no device of the layout could be told to be one of the netlist's")
        findings = tuple(Finding("netlist", line) for line in self.lines)
        return Comparison(findings, tuple(self.notes), self.match, told)

    def _translated(self, key: DrawnKey) -> WantedKey | None:
        model, gate, ends = key
        if gate not in self.match or any(end not in self.match for end in ends):
            return None
        return model, self.match[gate], frozenset(self.match[end] for end in ends)

    def _name(self, net: int) -> str:
        return self.match.get(net) or self.found.name(net)

    def _device(self, devices: Sequence[Wanted], numbers: Sequence[int]) -> str:
        one, at = devices[0], self.every[numbers[0]]
        where = f"({at.x / 1000:.6g}, {at.y / 1000:.6g})"
        names = ", ".join(device.name for device in devices[:3]) + (", …" if len(devices) > 3 else "")
        return f"{one.model} {names} ({_terminals(one)}) at {where}"

    def _bulk(self, devices: Sequence[Wanted], numbers: Sequence[int]) -> None:
        wanted = {device.bulk for device in devices}
        drawn = {self.match[finger.bulk] for i in numbers if (finger := self.every[i]).bulk in self.match}
        if drawn - wanted:
            text = f"{', '.join(sorted(drawn))} as drawn, {', '.join(sorted(wanted))} in the netlist"
            self.lines.append(f"bulk of {self._device(devices, numbers)}: {text}")

    def _upside_down(self, devices: Sequence[Wanted], numbers: Sequence[int]) -> None:
        """Npn whose collector and emitter have changed places: their ends have been compared without an order."""
        wanted = {(device.drain, device.source) for device in devices}
        drawn = {
            (self.match[finger.ends[0]], self.match[finger.ends[1]])
            for i in numbers
            if (finger := self.every[i]).sort == BIPOLAR
        }
        if drawn - wanted:
            self.lines.append(f"{self._device(devices, numbers)}: collector and emitter are exchanged")

    def _same_size(self, devices: Sequence[Wanted], numbers: Sequence[int]) -> bool:
        """Compare W and L of one device; whether the number of units is right too."""
        drawn, wanted = _sizes(self.every[i] for i in numbers), _wanted_sizes(devices)
        title = self._device(devices, numbers)
        lengths = sorted({length for _, length in drawn}), sorted({device.l for device in devices})
        if not _all_equal(*lengths):
            self.lines.append(f"L of {title}: {_um(lengths[0])} um as drawn, {_um(lengths[1])} um in the netlist")
        if wanted is None:
            total = sum(w * count for (w, _), count in drawn.items())
            asked = sum(device.w * device.copies for device in devices)
            if not _equal(total, asked):
                self.lines.append(f"W in all of {title}: {_um([total])} um as drawn, {_um([asked])} um in the netlist")
            return _equal(total, asked)
        widths = sorted({w for w, _ in drawn}), sorted({w for w, _ in wanted})
        if not _all_equal(*widths):
            self.lines.append(
                f"W of a finger of {title}: {_um(widths[0])} um as drawn, {_um(widths[1])} um in the netlist "
                f"(its w is taken as the sum over nf fingers)"
            )
        elif _all_equal(*lengths) and len(drawn) == len(wanted) > 1:
            ordered = [count for _, count in sorted(drawn.items())], [count for _, count in sorted(wanted.items())]
            return ordered[0] == ordered[1]
        return drawn.total() == wanted.total()

    def _ratio(self, model: str, gate: str, wrong: set[frozenset[str]]) -> None:
        """One line for all outputs of a gate of which some have another number of units than wanted."""
        keys = [key for key in self.listed if key[:2] == (model, gate) and (len(key[2]) > 1 or key[2] in wrong)]
        keys.sort(key=lambda key: natural(self.listed[key][0].drain))
        size = {device.fingers for key in keys for device in self.listed[key]}
        per_unit = size.pop() if len(size) == 1 else 0
        names, drawn, wanted, places = [], [], [], []
        for key in keys:
            devices, numbers = self.listed[key], self.drawn[self.pairs[key]] if key in self.pairs else []
            names.append(devices[0].drain)
            if per_unit:
                drawn.append(len(numbers) / per_unit)
                wanted.append(float(sum(device.copies for device in devices)))
            else:
                drawn.append(sum(self.every[i].w for i in numbers) / 1000)
                wanted.append(sum(device.w * device.copies for device in devices) / 1000)
            if key[2] in wrong and numbers:
                at = self.every[numbers[0]]
                places.append(f"({at.x / 1000:.6g}, {at.y / 1000:.6g})")
        what = "units" if per_unit else "W [um]"
        sort = next((self.every[self.drawn[self.pairs[key]][0]].sort for key in keys if key in self.pairs), FET)
        what_of = {FET: "gate", BAR: "bars over", BIPOLAR: "base"}[sort]
        of = f"ratio of {what_of} {gate}" if any(len(key[2]) > 1 for key in keys) else f"dummies on {gate}"
        self.lines.append(
            f"{of} ({model}), {what} of {':'.join(names)}: {_ratio_text(drawn)} as drawn, "
            f"{_ratio_text(wanted)} in the netlist. Look at {', '.join(places[:4])}"
        )

    def _one_side_only(self) -> None:
        """Devices that the other side does not have."""
        missing = {key: devices for key, devices in self.listed.items() if key not in self.pairs}
        known = set(self.pairs.values())
        for key, numbers in self.drawn.items():
            if key in known:
                continue
            finger = self.every[numbers[0]]
            places = f"at ({finger.x / 1000:.6g}, {finger.y / 1000:.6g})"
            ends = sorted((self._name(net) for net in key[2]), key=natural)
            gate = {FET: "gate", BAR: "over", BIPOLAR: "base"}[finger.sort]
            nets = f"{gate} {self._name(key[1])}, ends {' and '.join(ends)}"
            many = f"{len(numbers)} {'fingers' if finger.sort == FET else 'units'}"
            fingers = f"{many} of {finger.model} {finger.w / 1000:g}/{finger.l / 1000:g} ({nets}) {places}"
            translated = self._translated(key)
            other = next((k for k in missing if translated and k[1:] == translated[1:]), None)
            if other:
                self.lines.append(f"{fingers}: the netlist has {other[0]} there ({missing.pop(other)[0].name})")
            elif inactive(finger):
                self.notes.append(f"{fingers} are not in the netlist; they carry no current")
            else:
                self.lines.append(f"{fingers} are drawn and not in the netlist")
        for devices in missing.values():
            one = devices[0]
            names = ", ".join(device.name for device in devices)
            self.lines.append(f"{one.model} {names} ({_terminals(one)}) is in the netlist and not drawn")


def _terminals(device: Wanted) -> str:
    if device.model in BIPOLARS:
        return f"collector {device.drain}, base {device.gate}, emitter {device.source}"
    if device.model.startswith("res_"):
        return f"from {device.drain} to {device.source}, over {device.bulk}"
    return f"drain {device.drain}, gate {device.gate}, source {device.source}"


def _all_equal(ones: Sequence[float], others: Sequence[float]) -> bool:
    return len(ones) == len(others) and all(_equal(a, b) for a, b in zip(ones, others, strict=True))


def _um(values: Sequence[float]) -> str:
    return " and ".join(f"{value / 1000:.6g}" for value in values)


def _ratio_text(values: Sequence[float]) -> str:
    return ":".join(f"{value:.6g}" for value in values)
