"""Whether two extracted netlists are the same circuit, and how far their capacitances and junctions differ.

Names of inner nets depend on places, so nets and devices are distinguished by their connections: starting from the
pins' names, each device takes a digest of its kind, size and nets, each net a digest of its devices, repeatedly until
no more nets are distinguished.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from mirrorneuron.pdk_sky130.spice import assignments, logical_lines, number

__all__ = ["Circuit", "read"]

_SIZES = ("w", "l", "nf", "m")
_JUNCTION = ("ad", "as", "pd", "ps")


@dataclass(frozen=True)
class _DigestedDevice:
    model: str
    nets: tuple[str, ...]
    sizes: tuple[float, ...]
    junction: dict[str, float]


@dataclass(frozen=True)
class Circuit:
    """A netlist by digests: devices of each, junction areas and perimeters by device, capacitance by net [F]."""

    devices: Counter[str]
    junctions: dict[str, tuple[float, ...]]
    capacitances: dict[str, tuple[float, ...]]

    def same(self, other: Circuit) -> bool:
        """The same devices, sizes and connections."""
        return self.devices == other.devices

    def junction_change(self, other: Circuit) -> float:
        """Largest relative change of a kind of device's drain and source areas and perimeters, all of it together."""
        return max(
            (
                abs(b - a) / a if a else float(b != a)
                for key, values in self.junctions.items()
                for a, b in zip(values, other.junctions[key], strict=True)
            ),
            default=0.0,
        )

    def capacitance_change(self, other: Circuit) -> tuple[float, float]:
        """Change of the capacitance of the net that changes most [F], and relative to its value before."""
        worst = (0.0, 0.0)
        for key in self.capacitances.keys() | other.capacitances.keys():
            mine, others = (list(circuit.capacitances.get(key, ())) for circuit in (self, other))
            length = max(len(mine), len(others))
            for a, b in zip(_padded(mine, length), _padded(others, length), strict=True):
                worst = max(worst, (abs(b - a), abs(b - a) / a if a else float("inf")))
        return worst


def _padded(values: list[float], length: int) -> list[float]:
    return sorted([*values, *[0.0] * (length - len(values))])


def _digest(parts: Iterable[object]) -> str:
    return hashlib.sha256(repr(tuple(parts)).encode()).hexdigest()[:16]


def read(text: str) -> Circuit:
    """The only subcircuit of an extracted netlist."""
    pins: set[str] = set()
    devices: list[_DigestedDevice] = []
    capacitors: list[tuple[str, str, float]] = []
    for line in logical_lines(text):
        words = line.partition("=")[0].split()
        if "=" in line:
            words.pop()
        words = [word for word in words if word.lower() != "params:"]
        values = {name: number(value) or 0.0 for name, value in assignments(line).items()}
        if words[0] == ".subckt":
            pins.update(words[2:])
        elif words[0][0] == "c" and "=" not in line:
            capacitors.append((words[1], words[2], number(words[3]) or 0.0))
        elif words[0][0] in "xmrdqc":
            sizes = tuple(float(f"{values[name]:.6g}") for name in _SIZES if name in values)
            junction = {name: values[name] for name in _JUNCTION if name in values}
            devices.append(_DigestedDevice(words[-1], tuple(words[1:-1]), sizes, junction))
    return _circuit(pins, devices, capacitors)


def _circuit(pins: set[str], devices: list[_DigestedDevice], capacitors: list[tuple[str, str, float]]) -> Circuit:
    nets = {net for device in devices for net in device.nets} | {net for line in capacitors for net in line[:2]}
    colours, marks = _refined({net: net if net in pins or net == "0" else "" for net in nets}, devices)
    junctions: dict[str, tuple[float, ...]] = {}
    for device, mark in zip(devices, marks, strict=True):
        sums = tuple(sum(device.junction.get(name, 0.0) for name in pair) for pair in (("ad", "as"), ("pd", "ps")))
        junctions[mark] = tuple(a + b for a, b in zip(junctions.get(mark, (0.0, 0.0)), sums, strict=True))
    totals: dict[str, float] = defaultdict(float)
    for first, second, farad in capacitors:
        totals[first] += farad
        totals[second] += farad
    by_colour: dict[str, list[float]] = defaultdict(list)
    for net, farad in totals.items():
        by_colour[colours[net]].append(farad)
    return Circuit(Counter(marks), junctions, {key: tuple(sorted(values)) for key, values in by_colour.items()})


def _refined(colours: dict[str, str], devices: list[_DigestedDevice]) -> tuple[dict[str, str], list[str]]:
    """Digests of nets and devices, refined until no more nets are distinguished."""
    kinds = 0
    while True:
        marks = [_mark(device, colours) for device in devices]
        joined: dict[str, list[str]] = defaultdict(list)
        for device, mark in zip(devices, marks, strict=True):
            for terminal, net in enumerate(device.nets):
                joined[net].append(_digest((mark, _role(device, terminal))))
        colours = {net: _digest((colour, sorted(joined[net]))) for net, colour in colours.items()}
        if len(set(colours.values())) == kinds:
            return colours, marks
        kinds = len(set(colours.values()))


def _role(device: _DigestedDevice, terminal: int) -> int:
    """A terminal's number; source and drain have the same."""
    return 0 if len(device.nets) == 4 and terminal == 2 else terminal


def _mark(device: _DigestedDevice, colours: dict[str, str]) -> str:
    ends = [colours[net] for net in device.nets]
    if len(ends) == 4:
        ends[0], ends[2] = sorted((ends[0], ends[2]))
    return _digest((device.model, device.sizes, ends))
