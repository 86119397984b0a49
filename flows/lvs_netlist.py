"""The schematic side of LVS: what a netlist must be before a tool may read it.

KLayout and netgen both guess where they do not understand (an unknown parameter is dropped, an undefined subcircuit
becomes a device). So the netlist is read here first; what is not of the form in ``lvs/README.md`` is an input error.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mirrorneuron.pdk_sky130.errors import FileError, NetlistError
from mirrorneuron.pdk_sky130.spice import assignments, logical_lines, number

__all__ = ["DEVICES", "SPECIAL", "Schematic", "read"]

_MOS: Final = 4
_MIM: Final = 2

SPECIAL: Final[dict[str, str]] = {
    "sky130_fd_pr__special_nfet_01v8": "sky130_fd_pr__nfet_01v8",
    "sky130_fd_pr__special_pfet_01v8_hvt": "sky130_fd_pr__pfet_01v8_hvt",
}
"""Transistors with w < 0.42 um inside a standard cell, and the device of which they are a variant."""

DEVICES: Final[dict[str, int]] = {
    "sky130_fd_pr__nfet_01v8": _MOS,
    "sky130_fd_pr__nfet_01v8_lvt": _MOS,
    "sky130_fd_pr__pfet_01v8": _MOS,
    "sky130_fd_pr__pfet_01v8_lvt": _MOS,
    "sky130_fd_pr__pfet_01v8_hvt": _MOS,
    **dict.fromkeys(SPECIAL, _MOS),
    "sky130_fd_pr__cap_mim_m3_1": _MIM,
    "sky130_fd_pr__cap_mim_m3_2": _MIM,
}
"""Devices that LVS compares, and how many terminals each has."""

# Below this a size was meant in metres or with a suffix; the models take um.
_SIZE_MIN_UM: Final = 0.01
_SIZE_MAX_UM: Final = 10_000.0


@dataclass
class _Subcircuit:
    name: str
    pins: list[str]
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Schematic:
    """A netlist that LVS can read: the text both tools get (no comments, lower case), the top cell and its pins."""

    text: str
    top: str
    pins: tuple[str, ...]


def read(path: Path, top: str) -> Schematic:
    """Read and check the netlist of the cell `top` (any case).

    Raises
    ------
    FileError
        There is no such file, it is empty, or it is no text.
    NetlistError
        It has no ``.subckt`` of that name, or holds a line that LVS cannot compare.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is no text file; give a SPICE netlist") from error
    except OSError as error:
        raise FileError(f"the netlist {path} cannot be read: {error.strerror}") from error
    if not text.strip():
        raise FileError(f"the netlist {path} is empty")
    lines = list(itertools.takewhile(lambda line: line.split()[0] != ".end", logical_lines(text)))
    subcircuits = _subcircuits(path, lines)
    name = top.lower()
    if name not in subcircuits:
        raise NetlistError(
            f"{path} has no .subckt {top}, the layout's top cell; it has: {', '.join(sorted(subcircuits)) or 'none'}"
        )
    _check(path, subcircuits, name, ())
    return Schematic("\n".join(lines) + "\n", name, tuple(subcircuits[name].pins))


def _subcircuits(path: Path, lines: Iterable[str]) -> dict[str, _Subcircuit]:
    found: dict[str, _Subcircuit] = {}
    current: _Subcircuit | None = None
    for line in lines:
        words = line.split()
        if words[0] == ".subckt":
            if current:
                raise NetlistError(f"{path}: .subckt {current.name} is not closed by .ends before: {line}")
            if len(words) < 2 or "=" in line:
                raise NetlistError(f"{path}: {line!r}: LVS needs .subckt with a name and pins, without parameters")
            current = _Subcircuit(words[1], words[2:])
            if current.name in found:
                raise NetlistError(f"{path}: .subckt {current.name} is there twice")
            if len(set(current.pins)) != len(current.pins):
                raise NetlistError(f"{path}: .subckt {current.name} names a pin twice")
        elif words[0] == ".ends":
            if current is None:
                raise NetlistError(f"{path}: .ends without .subckt")
            found[current.name] = current
            current = None
        elif current and words[0].startswith("x"):
            current.lines.append(line)
        else:
            raise NetlistError(
                f"{path}: LVS cannot use the line {line!r}. A netlist for LVS is made of .subckt, X lines and .ends, "
                f"without includes or parameters"
            )
    if current:
        raise NetlistError(f"{path}: .subckt {current.name} is not closed by .ends")
    return found


def _check(path: Path, subcircuits: dict[str, _Subcircuit], name: str, callers: tuple[str, ...]) -> None:
    if name in callers:
        raise NetlistError(f"{path}: .subckt {name} contains itself ({' > '.join((*callers, name))})")
    instances: set[str] = set()
    for line in subcircuits[name].lines:
        words = [word for word in line.partition("=")[0].split() if word]
        values = assignments(line) if "=" in line else {}
        # The last word before the first "=" is the first parameter's name.
        instance, *nodes, model = words[:-1] if values else words
        if instance in instances:
            raise NetlistError(f"{path}: .subckt {name} has two instances {instance}")
        instances.add(instance)
        if model in DEVICES:
            _check_device(path, line, model, nodes, values)
        elif model in subcircuits:
            pins = subcircuits[model].pins
            if len(nodes) != len(pins):
                raise NetlistError(f"{path}: {line!r}: {model} has {len(pins)} pins, {len(nodes)} nets are given")
            if values:
                raise NetlistError(f"{path}: {line!r}: a subcircuit call with parameters cannot be compared")
            _check(path, subcircuits, model, (*callers, name))
        else:
            raise NetlistError(
                f"{path}: {line!r}: {model} is neither a .subckt of this file nor a device that LVS compares "
                f"({', '.join(sorted(DEVICES))})"
            )


def _check_device(path: Path, line: str, model: str, nodes: list[str], values: dict[str, str]) -> None:
    if len(nodes) != DEVICES[model]:
        raise NetlistError(f"{path}: {line!r}: {model} has {DEVICES[model]} terminals, {len(nodes)} nets are given")
    for key in ("w", "l"):
        if key not in values:
            raise NetlistError(f"{path}: {line!r}: {key}= is missing")
        size = number(values[key])
        if size is None:
            raise NetlistError(f"{path}: {line!r}: {key}={values[key]} is no number")
        if not _SIZE_MIN_UM <= size <= _SIZE_MAX_UM:
            raise NetlistError(
                f"{path}: {line!r}: {key}={values[key]} is {size:g} um; sizes from {_SIZE_MIN_UM:g} to "
                f"{_SIZE_MAX_UM:g} um are possible. Write micrometres without a suffix"
            )
    for key in ("m", "nf"):
        count = number(values.get(key, "1"))
        if count is None or count < 1 or count != int(count):
            raise NetlistError(f"{path}: {line!r}: {key}={values[key]} must be a whole number from 1")
