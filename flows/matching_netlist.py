"""The transistors of a SPICE netlist, for the matching report: any file with X or M lines, in one level.

`w` is the sum over the `nf` fingers of one copy, `m` the number of copies, as in the SKY130 models. Sizes are in um
without a suffix; what is below `_METRES_MAX` was meant in metres.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mirrorneuron.pdk_sky130.errors import NetlistError
from mirrorneuron.pdk_sky130.spice import Scope, assignments, netlist_lines

__all__ = ["Wanted", "read"]

_PREFIX: Final = "sky130_fd_pr__"
_MOS: Final = re.compile(r"(special_)?[np](fet|mos)\w*")
_TERMINALS: Final = 4
_METRES_MAX: Final = 1e-3
_SIZE_MIN_NM: Final = 10
_SIZE_MAX_NM: Final = 10_000_000
_DEPTH_MAX: Final = 50


@dataclass(frozen=True)
class Wanted:
    """A transistor of the netlist: W [nm] over all fingers of a copy, L [nm]; ``fingers`` is 0 where none are given."""

    name: str
    model: str
    drain: str
    gate: str
    source: str
    bulk: str
    w: float
    l: float  # noqa: E741
    fingers: int
    copies: int


@dataclass
class _Subcircuit:
    name: str
    pins: list[str]
    defaults: dict[str, str]
    lines: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)


def read(path: Path, top: str) -> list[Wanted]:
    """The transistors of the subcircuit `top`, or where there is none of this name of the only one that none calls.

    Lines outside of all subcircuits are one, too.

    Raises
    ------
    FileError
        The file cannot be read.
    NetlistError
        There are several subcircuits to choose from, a line cannot be understood, or there is no transistor.
    """
    lines = netlist_lines(path)
    subcircuits, outside = _subcircuits(path, lines)
    chosen = _top(path, subcircuits, outside, top.lower())
    scope = Scope(outside.texts)
    found = list(_flat(path, subcircuits, chosen, scope, {}, "", 1, 0))
    if not found:
        raise NetlistError(
            f"{path}: {chosen.name or 'the netlist'} holds no transistor (X or M lines of SKY130 models)"
        )
    return found


def _subcircuits(path: Path, lines: Iterable[str]) -> tuple[dict[str, _Subcircuit], _Subcircuit]:
    outside = _Subcircuit("", [], {})
    found: dict[str, _Subcircuit] = {}
    current = outside
    for line in lines:
        words = line.split()
        if words[0] == ".subckt":
            if current is not outside or len(words) < 2:
                raise NetlistError(f"{path}: {line!r} stands where no .subckt may, or has no name")
            names = _positional(line)[1:]
            current = _Subcircuit(names[0], [n for n in names[1:] if n != "params:"], assignments(line))
        elif words[0] == ".ends":
            if current is outside:
                raise NetlistError(f"{path}: .ends without .subckt")
            found[current.name] = current
            current = outside
        elif words[0] in (".param", ".parameter"):
            current.texts.update(assignments(line))
        elif line[0] in "xm":
            current.lines.append(line)
    if current is not outside:
        raise NetlistError(f"{path}: .subckt {current.name} is not closed by .ends")
    return found, outside


def _positional(line: str) -> list[str]:
    """The words before the first ``name=value``."""
    if "=" not in line:
        return line.split()
    return line.partition("=")[0].split()[:-1]


def _top(path: Path, subcircuits: Mapping[str, _Subcircuit], outside: _Subcircuit, name: str) -> _Subcircuit:
    if name in subcircuits:
        return subcircuits[name]
    called = {_positional(line)[-1] for sub in (outside, *subcircuits.values()) for line in sub.lines}
    free = [sub for key, sub in subcircuits.items() if key not in called]
    if outside.lines:
        free.append(outside)
    if len(free) == 1:
        return free[0]
    raise NetlistError(
        f"{path} has no .subckt {name}, the layout's top cell, and not just one that no other calls; "
        f"it has: {', '.join(sorted(subcircuits)) or 'none'}"
    )


def _flat(
    path: Path,
    subcircuits: Mapping[str, _Subcircuit],
    sub: _Subcircuit,
    outer: Scope,
    nets: Mapping[str, str],
    prefix: str,
    copies: int,
    depth: int,
) -> Iterator[Wanted]:
    if depth > _DEPTH_MAX:
        raise NetlistError(f"{path}: .subckt {sub.name} contains itself, or is nested more than {_DEPTH_MAX} deep")
    scope = Scope(sub.texts, outer)
    for line in sub.lines:
        name, *nodes, model = _positional(line)
        values = assignments(line) if "=" in line else {}
        joined = [nets.get(node, node if node == "0" else prefix + node) for node in nodes]
        times = copies * _count(path, line, scope, values, "m")
        inner = subcircuits.get(model)
        if inner is not None and name[0] == "x":
            if len(nodes) != len(inner.pins):
                raise NetlistError(f"{path}: {line!r}: {model} has {len(inner.pins)} pins, {len(nodes)} nets are given")
            given = {**inner.defaults, **{key: text for key, text in values.items() if key != "m"}}
            numbers = {key: _value(path, line, scope, text) for key, text in given.items()}
            below = Scope({}, scope, numbers)
            connected = dict(zip(inner.pins, joined, strict=True))
            yield from _flat(path, subcircuits, inner, below, connected, f"{prefix}{name}.", times, depth + 1)
        elif _MOS.fullmatch(model.removeprefix(_PREFIX)):
            yield _device(path, line, prefix + name, model, joined, values, scope, times)


def _device(
    path: Path,
    line: str,
    name: str,
    model: str,
    nets: Sequence[str],
    values: Mapping[str, str],
    scope: Scope,
    copies: int,
) -> Wanted:
    if len(nets) != _TERMINALS:
        raise NetlistError(f"{path}: {line!r}: a transistor has {_TERMINALS} terminals, {len(nets)} nets are given")
    sizes = []
    for key in ("w", "l"):
        if key not in values:
            raise NetlistError(f"{path}: {line!r}: {key}= is missing")
        size = _value(path, line, scope, values[key])
        size *= 1e9 if abs(size) < _METRES_MAX else 1e3
        if not _SIZE_MIN_NM <= size <= _SIZE_MAX_NM:
            raise NetlistError(f"{path}: {line!r}: {key}={values[key]} is {size / 1000:g} um: no size of a transistor")
        sizes.append(round(size, 3))
    fingers = _count(path, line, scope, values, "nf") if "nf" in values else 0
    drain, gate, source, bulk = nets
    return Wanted(name, model.removeprefix(_PREFIX), drain, gate, source, bulk, sizes[0], sizes[1], fingers, copies)


def _value(path: Path, line: str, scope: Scope, text: str) -> float:
    try:
        return scope.value(text)
    except NetlistError as error:
        raise NetlistError(f"{path}: {line!r}: {error}") from error


def _count(path: Path, line: str, scope: Scope, values: Mapping[str, str], key: str) -> int:
    value = _value(path, line, scope, values.get(key, "1"))
    if value < 1 or value != int(value):
        raise NetlistError(f"{path}: {line!r}: {key}={values[key]} must be a whole number from 1")
    return int(value)
