"""The transistors, npn and high-ohmic resistors of a SPICE netlist, for the matching report, in one level.

Any file with X or M lines. `w` is the sum over the `nf` fingers of one copy, `m` the number of copies, as in the SKY130
models; a resistor's `w` may be in its name, and an npn's sizes are. Sizes are in um
without a suffix; what is below `_METRES_MAX` was meant in metres.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mirrorneuron.flows.lvs.schematic import BIPOLAR_AREAS_UM2, FIXED_WIDTHS_UM
from mirrorneuron.pdk_sky130.devices import BIPOLARS
from mirrorneuron.pdk_sky130.errors import NetlistError
from mirrorneuron.pdk_sky130.spice import Scope, assignments, netlist_lines

__all__ = ["Wanted", "read"]

_PREFIX: Final = "sky130_fd_pr__"
_MOS: Final = re.compile(r"(special_)?[np](fet|mos)\w*")
_RESISTORS: Final = {
    **{name: (name, None) for name in ("res_high_po", "res_xhigh_po")},
    **{
        name.removeprefix(_PREFIX): (kind.removeprefix(_PREFIX), width)
        for name, (kind, width) in FIXED_WIDTHS_UM.items()
    },
}
_TERMINALS: Final = 4
_BAR_TERMINALS: Final = 3
_NPN_W_NM: Final = 1000.0
_METRES_MAX: Final = 1e-3
_SIZE_MIN_NM: Final = 10
_SIZE_MAX_NM: Final = 10_000_000
_DEPTH_MAX: Final = 50


@dataclass(frozen=True)
class Wanted:
    """A transistor of the netlist: W [nm] over all fingers of a copy, L [nm]; ``fingers`` is 0 where none are given.

    An npn's collector, base, emitter and substrate are its drain, gate, source and bulk, and its W and L the emitter's;
    a resistor's ends are its drain and source, and its gate is its bulk.
    """

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
    """The devices of the subcircuit `top`, or where there is none of this name of the only one that none calls.

    Lines outside of all subcircuits are one, too.

    Raises
    ------
    FileError
        The file cannot be read.
    NetlistError
        There are several subcircuits to choose from, a line cannot be understood, or there is no device that is read.
    """
    lines = netlist_lines(path)
    subcircuits, outside = _subcircuits(path, lines)
    chosen = _top(path, subcircuits, outside, top.lower())
    scope = Scope(outside.texts)
    found = list(_flat(path, subcircuits, chosen, scope, {}, "", 1, 0))
    if not found:
        raise NetlistError(
            f"{path}: {chosen.name or 'the netlist'} holds no transistor, npn or high-ohmic resistor "
            "(X or M lines of SKY130 models)"
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
        elif (resistor := model.removeprefix(_PREFIX)) in _RESISTORS:
            yield _bar(path, line, prefix + name, resistor, joined, values, scope, times)
        elif (npn := model.removeprefix(_PREFIX)) in BIPOLARS:
            if len(joined) != _TERMINALS:
                raise NetlistError(f"{path}: {line!r}: an npn has {_TERMINALS} terminals, {len(joined)} nets are given")
            area = BIPOLAR_AREAS_UM2[_PREFIX + npn][1]
            collector, base, emitter, bulk = joined
            yield Wanted(prefix + name, npn, collector, base, emitter, bulk, _NPN_W_NM, 1000 * area, 1, times)


def _bar(
    path: Path,
    line: str,
    name: str,
    model: str,
    nets: Sequence[str],
    values: Mapping[str, str],
    scope: Scope,
    copies: int,
) -> Wanted:
    if len(nets) != _BAR_TERMINALS:
        raise NetlistError(f"{path}: {line!r}: a resistor has {_BAR_TERMINALS} terminals, {len(nets)} nets are given")
    kind, width = _RESISTORS[model]
    w = _size(path, line, scope, values, "w") if width is None else 1000 * width
    one, other, bulk = nets
    return Wanted(name, kind, one, bulk, other, bulk, w, _size(path, line, scope, values, "l"), 1, copies)


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
    w, length = (_size(path, line, scope, values, key) for key in ("w", "l"))
    fingers = _count(path, line, scope, values, "nf") if "nf" in values else 0
    drain, gate, source, bulk = nets
    return Wanted(name, model.removeprefix(_PREFIX), drain, gate, source, bulk, w, length, fingers, copies)


def _size(path: Path, line: str, scope: Scope, values: Mapping[str, str], key: str) -> float:
    """W or L [nm]."""
    if key not in values:
        raise NetlistError(f"{path}: {line!r}: {key}= is missing")
    size = _value(path, line, scope, values[key])
    size *= 1e9 if abs(size) < _METRES_MAX else 1e3
    if not _SIZE_MIN_NM <= size <= _SIZE_MAX_NM:
        raise NetlistError(f"{path}: {line!r}: {key}={values[key]} is {size / 1000:g} um: no size of a device")
    return round(size, 3)


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
