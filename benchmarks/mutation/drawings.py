"""Faults in how a mirror is drawn: a part has another net, size or owner, and the rest of the drawing follows it.

The layout is drawn again with one call changed. It violates no design rule, so only the comparison with the netlist can
catch the fault.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, cast
from unittest import mock

import klayout.db as kdb
from mirrorneuron.generators import catalog
from mirrorneuron.generators.cells.mirrors.parts import npn
from mirrorneuron.generators.placement import Pattern
from mirrorneuron.generators.primitives.drawing import Drawing
from mirrorneuron.generators.units import ArraySize, BipolarArray, ResistorArray
from mirrorneuron.pdk_sky130.devices import BIPOLARS, POLY_RESISTORS
from mirrorneuron.pdk_sky130.errors import SpecError

from mutation.fault import MIRROR_KINDS, Mutant, NotHere, kind
from mutation.subjects import flattened, subject

_NFETS, _PFETS = ("nfet_01v8", "nfet_01v8_lvt"), ("pfet_01v8", "pfet_01v8_lvt", "pfet_01v8_hvt")


@dataclass(frozen=True)
class _Call:
    """The drawing of one part: ``array``, ``resistors``, ``capacitor`` or ``npn``, its name, and all arguments."""

    part: str
    arguments: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.arguments["name"])

    def nets(self) -> Iterator[str]:
        """All nets that it is wired to."""
        for key in ("gates", "drains", "source", "bulk", "ends", "nets", "substrate", "top", "bottom"):
            value = self.arguments.get(key)
            for nets in value.values() if isinstance(value, Mapping) else (value,):
                yield from (nets,) if isinstance(nets, str) else nets or ()


Change = Callable[[int, _Call], dict[str, Any]]


@contextmanager
def _changed(change: Change) -> Iterator[None]:
    """Within this context parts are drawn with the arguments that `change` returns for a call and its number."""
    count = 0

    def patched(part: str, original: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(original)

        def draw(*args: Any, **keywords: Any) -> Any:
            nonlocal count
            bound = signature.bind(*args, **keywords)
            bound.apply_defaults()
            bound.arguments.update(change(count, _Call(part, dict(bound.arguments))))
            count += 1
            return original(*bound.args, **bound.kwargs)

        return draw

    with (
        mock.patch.object(Drawing, "array", patched("array", Drawing.array)),
        mock.patch.object(Drawing, "resistors", patched("resistors", Drawing.resistors)),
        mock.patch.object(Drawing, "capacitor", patched("capacitor", Drawing.capacitor)),
        mock.patch.object(npn, "draw_bipolars", patched("npn", npn.draw_bipolars)),
    ):
        yield


@cache
def _all_calls(name: str) -> tuple[_Call, ...]:
    """The parts that a cell is drawn of, in order."""
    calls: list[_Call] = []

    def note(_: int, call: _Call) -> dict[str, Any]:
        calls.append(call)
        return {}

    spec = subject(name).spec
    if spec is not None:
        with _changed(note):
            catalog.layout_of(spec)
    return tuple(calls)


def _calls(m: Mutant, *parts: str) -> list[tuple[int, _Call]]:
    """The calls of these kinds, with their numbers."""
    return [(number, call) for number, call in enumerate(_all_calls(m.name)) if call.part in parts]


def _redraw(m: Mutant, number: int, arguments: dict[str, Any]) -> None:
    """Draw the cell with the call of this number changed."""
    spec = subject(m.name).spec
    assert spec is not None  # it has calls
    with _changed(lambda count, _: arguments if count == number else {}):
        try:
            layout = catalog.layout_of(spec)
        except SpecError as error:  # a net that leads nowhere now, or an owner without units
            raise NotHere from error
    m.layout = flattened(layout, cast(kdb.Cell, layout.top_cell()))


def _another(m: Mutant, old: str) -> str:
    every = sorted({net for call in _all_calls(m.name) for net in call.nets()})
    return m.choice([net for net in every if net != old])


def _moved(m: Mutant, *keys: str) -> str:
    """A net of an array, by owner or of all."""
    number, call = m.choice(_calls(m, "array"))
    key = m.choice([key for key in keys if call.arguments[key] is not None])
    value = call.arguments[key]
    if isinstance(value, str):
        new = _another(m, value)
        _redraw(m, number, {key: new})
        return f"{key} of {call.name} on {new} instead of {value}"
    owner = m.choice(sorted(value))
    new = _another(m, value[owner])
    _redraw(m, number, {key: {**value, owner: new}})
    return f"{key} of {owner} in {call.name} on {new} instead of {value[owner]}"


@kind("gate drawn on another net", MIRROR_KINDS)
def gate(m: Mutant) -> str:
    """An owner's, in an array."""
    return _moved(m, "gates")


@kind("drain drawn on another net", MIRROR_KINDS)
def drain(m: Mutant) -> str:
    """The same."""
    return _moved(m, "drains")


@kind("source or bulk drawn on another net", MIRROR_KINDS)
def source(m: Mutant) -> str:
    """The same, or the bulk of an array."""
    return _moved(m, "source", "source", "bulk")


@kind("nets drawn exchanged", MIRROR_KINDS)
def exchanged(m: Mutant) -> str:
    """Gates, drains or sources of two owners; two terminals of an npn; a capacitor's plates."""
    number, call = m.choice(_calls(m, "array", "npn", "capacitor"))
    if call.part == "capacitor":
        _redraw(m, number, {"top": call.arguments["bottom"], "bottom": call.arguments["top"]})
        return f"plates of {call.name} exchanged"
    if call.part == "npn":
        nets = call.arguments["nets"]
        owner, (i, j) = m.choice(sorted(nets)), m.choice(((0, 1), (1, 2), (0, 2)))
        new = list(nets[owner])
        new[i], new[j] = new[j], new[i]
        _redraw(m, number, {"nets": {**nets, owner: tuple(new)}})
        words = ("collector", "base", "emitter")
        return f"{words[i]} and {words[j]} of {owner} in {call.name} exchanged"
    key = m.choice([key for key in ("gates", "drains", "source") if isinstance(call.arguments[key], Mapping)])
    nets = call.arguments[key]
    if len(nets) < 2:
        raise NotHere
    a, b = sorted(m.rng.sample(sorted(nets), 2))
    _redraw(m, number, {key: {**nets, a: nets[b], b: nets[a]}})
    return f"{key} of {a} and {b} in {call.name} exchanged"


@kind("npn drawn on another net", MIRROR_KINDS)
def bipolar(m: Mutant) -> str:
    """Collector, base or emitter of an owner."""
    number, call = m.choice(_calls(m, "npn"))
    nets = call.arguments["nets"]
    owner, index = m.choice(sorted(nets)), m.choice((0, 1, 2))
    new = _another(m, nets[owner][index])
    moved = (*nets[owner][:index], new, *nets[owner][index + 1 :])
    _redraw(m, number, {"nets": {**nets, owner: moved}})
    word = ("collector", "base", "emitter")[index]
    return f"{word} of {owner} in {call.name} on {new} instead of {nets[owner][index]}"


@kind("resistor drawn on another net", MIRROR_KINDS)
def resistor(m: Mutant) -> str:
    """An end of an owner's, also onto the other end's net, which bypasses it."""
    number, call = m.choice(_calls(m, "resistors"))
    ends = call.arguments["ends"]
    owner, index = m.choice(sorted(ends)), m.choice((0, 1))
    new = m.choice((ends[owner][1 - index], _another(m, ends[owner][index])))
    moved = (new, ends[owner][1]) if index == 0 else (ends[owner][0], new)
    _redraw(m, number, {"ends": {**ends, owner: moved}})
    return f"resistor of {owner} in {call.name} from {moved[0]} to {moved[1]}"


@kind("size drawn wrongly", MIRROR_KINDS)
def size(m: Mutant) -> str:
    """Of all units of a part: W, L, length of bars, a capacitor's side, another device or foundry's cell."""
    number, call = m.choice(_calls(m, "array", "resistors", "npn", "capacitor"))
    if call.part == "capacitor":
        old = call.arguments["side_nm"]
        side = old + m.choice((100, 500, -100, -500))
        _redraw(m, number, {"side_nm": side})
        return f"side of {call.name} {side} nm instead of {old} nm"
    was = call.arguments["size"]
    if isinstance(was, BipolarArray):
        new: Any = replace(was, device=m.choice([name for name in BIPOLARS if name != was.device]))
        text = f"{new.device} instead of {was.device}"
    elif isinstance(was, ResistorArray):
        if m.choice((True, False)):
            new = replace(was, device=m.choice([name for name in POLY_RESISTORS if name != was.device]))
            text = f"{new.device} instead of {was.device}"
        else:
            new = replace(was, length_nm=was.length_nm + m.choice((5, 100, -5, -100)))
            text = f"bars of {new.length_nm} nm instead of {was.length_nm} nm"
    else:
        unit = was.unit
        field = m.choice(("device", "width_nm", "length_nm"))
        if field == "device":
            like = _NFETS if unit.device in _NFETS else _PFETS
            value: Any = m.choice([name for name in like if name != unit.device])
        else:
            value = getattr(unit, field) + m.choice((20, 100, 500, -20, -100))
        new = replace(was, unit=replace(unit, **{field: value}))
        text = f"{field} {value} instead of {getattr(unit, field)}"
    _redraw(m, number, {"size": new})
    return f"{call.name}: {text}"


@kind("unit drawn for another owner", MIRROR_KINDS)
def owner(m: Mutant) -> str:
    """A unit that is another owner's, or a dummy; or a dummy that is an owner's."""
    number, call = m.choice(_calls(m, "array", "resistors", "npn"))
    was: ArraySize | ResistorArray | BipolarArray = call.arguments["size"]
    rows = [list(row) for row in was.pattern.rows]
    y, x = m.choice([(y, x) for y, row in enumerate(rows) for x in range(len(row))])
    old = rows[y][x]
    rows[y][x] = m.choice([name for name in (*was.pattern.owners, None) if name != old])
    pattern = Pattern(tuple(map(tuple, rows)))
    if pattern.owners != was.pattern.owners:
        raise NotHere
    try:
        new = replace(was, pattern=pattern)
    except SpecError as error:  # bars in series need whole groups
        raise NotHere from error
    _redraw(m, number, {"size": new})
    return f"unit {x}, {y} of {call.name} is {rows[y][x] or 'a dummy'} instead of {old or 'a dummy'}"
