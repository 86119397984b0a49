"""Faults in the netlist that the layout is compared with."""

from __future__ import annotations

import re

from mutation.fault import Mutant, NotHere, kind

_DEVICE = re.compile(r"^(X\S+)((?:\s+[^\s=]+)+?)\s+(sky130_fd_pr__[np]fet\S*)(\s.*)$", re.MULTILINE | re.IGNORECASE)


def _device(m: Mutant, *, dummy: bool | None = None) -> re.Match[str]:
    devices = []
    for match in _DEVICE.finditer(m.netlist):
        drain, gate, source, _ = match[2].split()
        if dummy is None or (drain == gate == source) == dummy:
            devices.append(match)
    return m.choice(devices)


def _replace(m: Mutant, match: re.Match[str], nets: list[str], sizes: str) -> None:
    line = f"{match[1]} {' '.join(nets)} {match[3]}{sizes}"
    m.netlist = m.netlist[: match.start()] + line + m.netlist[match.end() :]


def _size(m: Mutant, letter: str) -> str:
    device = _device(m)
    value = re.search(rf"(?<=\s){letter}=(\d[\d.]*)", device[4])
    if value is None:
        raise NotHere
    old, by = float(value[1]), m.choice((0.005, 0.01, 0.05, 0.1, 0.5))
    new = f"{old + m.choice((by, -by)):g}"
    if float(new) < 0.15:
        raise NotHere
    _replace(m, device, device[2].split(), device[4][: value.start()] + f"{letter}={new}" + device[4][value.end() :])
    return f"{device[1]}: {letter}={value[1]} to {new}"


@kind("W changed in the netlist")
def width(m: Mutant) -> str:
    """One device's w."""
    return _size(m, "w")


@kind("L changed in the netlist")
def length(m: Mutant) -> str:
    """One device's l."""
    return _size(m, "l")


@kind("unit count changed in the netlist")
def units(m: Mutant) -> str:
    """One device's m."""
    device = _device(m)
    value = re.search(r"(?<=\s)m=(\d+)", device[4])
    if value is None:
        raise NotHere
    new = int(value[1]) + m.choice((1, 2, -1))
    if new < 1:
        raise NotHere
    changed = re.sub(r"(?<=\s)(m|mult)=\d+", lambda word: f"{word[1]}={new}", device[4])
    _replace(m, device, device[2].split(), changed)
    return f"{device[1]}: m={value[1]} to {new}"


def _moved(m: Mutant, device: re.Match[str], terminal: int, word: str) -> str:
    nets = device[2].split()
    every = sorted({net for match in _DEVICE.finditer(m.netlist) for net in match[2].split()} - {nets[terminal]})
    old, nets[terminal] = nets[terminal], m.choice(every)
    _replace(m, device, nets, device[4])
    return f"{device[1]}: {word} from {old} to {nets[terminal]}"


@kind("dummy connected in the netlist")
def dummy(m: Mutant) -> str:
    """A dummy's drain or gate."""
    index = m.choice((0, 1))
    return _moved(m, _device(m, dummy=True), index, ("drain", "gate")[index])


@kind("bulk moved in the netlist")
def bulk(m: Mutant) -> str:
    """One device's bulk."""
    return _moved(m, _device(m), 3, "bulk")
