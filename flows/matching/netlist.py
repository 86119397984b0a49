"""The transistors, npn and high-ohmic resistors of a SPICE netlist, for the matching report, in one level.

Any netlist with X or M lines; other elements are of no interest here. `w` is the sum over the `nf` fingers of one copy,
`m` the number of copies, as in the SKY130 models; the name of a resistor may tell its `w`, and the name of an npn its
sizes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mirrorneuron.pdk_sky130.devices import BIPOLARS, MODEL_PREFIX
from mirrorneuron.pdk_sky130.errors import NetlistError
from mirrorneuron.pdk_sky130.spice import devices, netlist
from mirrorneuron.pdk_sky130.spice.devices import BIPOLAR_AREAS_UM2, FIXED_WIDTHS_UM
from mirrorneuron.pdk_sky130.spice.flatten import FlatElement, flatten

__all__ = ["Wanted", "read"]

_MOS: Final = re.compile(r"(special_)?[np](fet|mos)\w*")
# The general device, and the width [um] that the name tells.
_RESISTORS: Final[dict[str, tuple[str, float | None]]] = {
    **{name: (name, None) for name in ("res_high_po", "res_xhigh_po")},
    **{
        name.removeprefix(MODEL_PREFIX): (kind.removeprefix(MODEL_PREFIX), width)
        for name, (kind, width) in FIXED_WIDTHS_UM.items()
    },
}
_NPN_W_NM: Final = 1000.0


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


def read(path: Path, top: str) -> list[Wanted]:
    """The devices of the subcircuit `top`, or where there is none of this name of the only one that no other calls.

    Elements outside of all subcircuits are a circuit, too.

    Raises
    ------
    FileError
        The file cannot be read.
    NetlistError
        There are several subcircuits to choose from, a line is not understood, or the circuit holds no device that is
        read.
    """
    circuits = netlist.read(path)
    circuit = circuits.top(top)
    transistors = list(_devices(flatten(circuits, circuit, devices.DEVICES.__contains__)))
    if not transistors:
        raise NetlistError(
            f"{path}: {circuit.name or 'the netlist'} holds no transistor, npn or high-ohmic resistor "
            "(X or M lines of SKY130 models)"
        )
    return transistors


def _devices(elements: Iterable[FlatElement]) -> Iterator[Wanted]:
    for element in elements:
        if element.letter not in "xm" or not element.words:
            continue
        model = element.words[-1].removeprefix(MODEL_PREFIX)
        if _MOS.fullmatch(model):
            yield _transistor(element, model)
        elif model in _RESISTORS:
            yield _resistor(element, model)
        elif model in BIPOLARS:
            yield _npn(element, model)


def _transistor(element: FlatElement, model: str) -> Wanted:
    drain, gate, source, bulk = _nets(element, 4, "a transistor")
    fingers = _count(element, "nf") if "nf" in element.parameters else 0
    w, length = (_size(element, key) for key in ("w", "l"))
    return Wanted(element.name, model, drain, gate, source, bulk, w, length, fingers, _copies(element))


def _resistor(element: FlatElement, model: str) -> Wanted:
    first, second, bulk = _nets(element, 3, "a resistor")
    kind, width = _RESISTORS[model]
    w = _size(element, "w") if width is None else 1000 * width
    length = _size(element, "l")
    return Wanted(element.name, kind, first, bulk, second, bulk, w, length, 1, _copies(element))


def _npn(element: FlatElement, model: str) -> Wanted:
    collector, base, emitter, bulk = _nets(element, 4, "an npn")
    length = 1000 * BIPOLAR_AREAS_UM2[MODEL_PREFIX + model][1]
    return Wanted(element.name, model, collector, base, emitter, bulk, _NPN_W_NM, length, 1, _copies(element))


def _nets(element: FlatElement, terminals: int, kind: str) -> tuple[str, ...]:
    nodes = element.words[:-1]
    if len(nodes) != terminals:
        raise element.error(f"{kind} has {terminals} terminals, {len(nodes)} nets are given")
    return element.nets(nodes)


def _size(element: FlatElement, key: str) -> float:
    """W or L [nm]."""
    if key not in element.parameters:
        raise element.error(f"{key}= is missing")
    size = devices.micrometres(element.parameter(key))
    if not devices.LENGTH_MIN_UM <= size <= devices.LENGTH_MAX_UM:
        raise element.error(
            f"{key}={element.parameters[key]} is {size:g} um: no size of a device; sizes from "
            f"{devices.LENGTH_MIN_UM:g} to {devices.LENGTH_MAX_UM:g} um are possible"
        )
    return round(1000 * size, 3)


def _copies(element: FlatElement) -> int:
    copies = element.copies
    if copies < 1 or copies != int(copies):
        raise element.error(f"the calls that lead here have m={copies:g}, which must be a whole number from 1")
    return int(copies) * _count(element, "m")


def _count(element: FlatElement, key: str) -> int:
    if key not in element.parameters:
        return 1
    count = element.parameter(key)
    if count < 1 or count != int(count):
        raise element.error(f"{key}={element.parameters[key]} must be a whole number from 1")
    return int(count)
