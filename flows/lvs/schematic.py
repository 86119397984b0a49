"""The schematic side of LVS: a netlist is read, checked and flattened before a tool may see it.

KLayout and netgen both guess where they do not understand (an unknown parameter is dropped, an undefined subcircuit
becomes a device). So the tools get a netlist in one level that holds devices of the PDK alone, with numbers for sizes;
a netlist that would need a guess is an input error. ``lvs/README.md`` has the devices and what of each is compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from mirrorneuron.flows.lvs import vpp as lvs_vpp
from mirrorneuron.flows.lvs.circuit import LvsCircuit, LvsDevice
from mirrorneuron.pdk_sky130.errors import NetlistError
from mirrorneuron.pdk_sky130.spice import calls, devices, netlist
from mirrorneuron.pdk_sky130.spice.devices import DeviceForm
from mirrorneuron.pdk_sky130.spice.flatten import FlatElement, flatten
from mirrorneuron.pdk_sky130.spice.netlist import SpiceNetlist

__all__ = ["DEVICES", "Schematic", "load", "read"]

DEVICES: Final[Mapping[str, DeviceForm]] = {
    **devices.DEVICES,
    **{model: DeviceForm(terminals, (), "c") for model, terminals in lvs_vpp.models().items()},
}
"""Devices that LVS compares, in lower case, and their form."""

_SHORTS: Final = "rv"
_VALUED: Final = "rcv"


@dataclass(frozen=True)
class _SizeLimits:
    """What a size may be in `unit`, how many units the models' number 1 is, and what to write instead."""

    smallest: float
    largest: float
    scale: float
    unit: str
    remedy: str


_LIMITS: Final = {
    "area": _SizeLimits(1e-4, 1e8, 1e-12, "um2", "The models take 1e-12 um2: 1 um2 is area=1e12"),
    "perim": _SizeLimits(0.04, 1e6, 1e-6, "um", "The models take 1e-6 um: 1 um is perim=1e6"),
}


@dataclass(frozen=True)
class Schematic:
    """A netlist for LVS.

    Attributes
    ----------
    circuit
        What is compared, without pins that are tied to another.
    ties
        Those pins, each with the pin that it is one net with.
    notes
        What of the netlist was left out or taken otherwise, for the reader of the result.
    """

    circuit: LvsCircuit
    ties: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read(path: Path, top: str) -> LvsCircuit:
    """The circuit of `load`."""
    return load(path, top).circuit


def load(path: Path, top: str, libraries: Sequence[Path] = ()) -> Schematic:
    """Read, check and flatten the netlist of the cell `top` (any case), or of the only circuit that no other calls.

    Parameters
    ----------
    libraries
        Further files with subcircuits that the netlist calls.

    Raises
    ------
    FileError
        A file is missing, empty, or no text.
    NetlistError
        There is no such ``.subckt`` and not just one to choose, or a line cannot be compared.
    """
    circuits = netlist.read(path, libraries)
    _check_lines(circuits)
    circuit = circuits.top(top)
    reader = _LvsDeviceReader()
    compared = tuple(_named(reader.devices(flatten(circuits, circuit, DEVICES.__contains__, separate_copies=True))))
    ties = reader.ties(circuit.pins)
    notes = [
        *_notes(circuits),
        *reader.notes(),
        *(f"pins {pin} and {other} are one net" for pin, other in ties.items()),
    ]
    if circuit.name != top.lower():
        notes.insert(0, f"the netlist's circuit {circuit.name} is compared with the cell {top}")
    compared = (
        tuple(replace(d, nets=tuple(map(reader.root, d.nets))) for d in compared) if reader.has_ties else compared
    )
    pins = tuple(reader.root(pin) for pin in circuit.pins if pin not in ties)
    return Schematic(LvsCircuit(circuit.name, pins, tuple(compared)), ties, tuple(notes))


def _check_lines(circuits: SpiceNetlist) -> None:
    lines = [*circuits.unread, *(element.line for element in circuits.outside.elements.values())]
    if lines:
        raise NetlistError(
            f"LVS cannot use the line {lines[0]}. A netlist for LVS is made of .subckt with device lines and calls, "
            f".ends, .param, .global and .include; a title line begins with *"
        )


def _notes(circuits: SpiceNetlist) -> list[str]:
    keywords = dict.fromkeys(line.keyword for line in circuits.noted)
    return [f"not followed: {', '.join(keywords)} (no influence on the circuit)"] if keywords else []


def _named(devices_of: Iterator[LvsDevice]) -> Iterator[LvsDevice]:
    """Devices whose names begin with the letter that the tools want, each name once."""
    names: set[str] = set()
    for device in devices_of:
        letter = DEVICES[device.model].letter
        name = device.name if device.name[0] == letter else letter + device.name
        while name in names:
            name += "_"
        names.add(name)
        yield replace(device, name=name)


class _LvsDeviceReader:
    """Makes devices of elements, and keeps what is none: shorts, capacitors by value, parameters without influence."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}
        self._dropped: Counter[str] = Counter()
        self._capacitances: list[float] = []

    @property
    def has_ties(self) -> bool:
        """Whether the netlist ties nets."""
        return bool(self._parents)

    def devices(self, elements: Iterable[FlatElement]) -> Iterator[LvsDevice]:
        for element in elements:
            device = self._device(element)
            if device is not None:
                yield device

    def root(self, net: str) -> str:
        """The net that stands for all that are tied to `net`."""
        last = net
        while last in self._parents:
            last = self._parents[last]
        while net != last:  # so that a long chain is walked once
            self._parents[net], net = last, self._parents[net]
        return last

    def ties(self, pins: Sequence[str]) -> dict[str, str]:
        """The pins that are one net with an earlier pin, with that pin; pins become the roots of their nets."""
        first: dict[str, str] = {}
        tied = {}
        for pin in pins:
            known = first.setdefault(self.root(pin), pin)
            if known != pin:
                tied[pin] = known
        for root, pin in first.items():
            if root != pin:
                del self._parents[pin]
                self._parents[root] = pin
        return tied

    def notes(self) -> list[str]:
        notes = []
        if self._dropped:
            listed = ", ".join(f"{key} ({count})" for key, count in sorted(self._dropped.items()))
            notes.append(f"parameters without influence on the devices, and how many have them: {listed}")
        if self._capacitances:
            total, largest = sum(self._capacitances) * 1e15, max(self._capacitances) * 1e15
            notes.append(
                f"{len(self._capacitances)} capacitors by value are left out: {total:.4g} fF in sum, "
                f"the largest {largest:.4g} fF"
            )
        return notes

    def _device(self, element: FlatElement) -> LvsDevice | None:
        if len(element.words) < 2:
            raise element.error("has no nets and no model")
        model, nodes = calls.model_and_nodes(element, DEVICES)
        form = DEVICES.get(model)
        if form is None and element.letter in _VALUED:
            self._valued(element)
            return None
        if form is None:
            raise element.error(
                f"{element.words[-1]} is neither a .subckt of this netlist nor a device that LVS compares; "
                "lvs/README.md has the list. A file of subcircuits can be given with --library"
            )
        if element.letter not in ("x", form.element):
            raise element.error(f"{model} must stand in an X line")
        if len(nodes) != len(form.terminals):
            raise element.error(f"{model} has {len(form.terminals)} terminals, {len(nodes)} nets are given")
        sizes = {key: _size(element, key) for key in form.sizes}
        self._dropped.update(calls.dropped(element, model, form))
        return LvsDevice(element.name, element.nets(nodes), model, {**sizes, "m": calls.copies(element)})

    def _valued(self, element: FlatElement) -> None:
        """An element by value: a capacitor is left out, a resistor or a source of 0 is a short."""
        kind = {"r": "resistor", "c": "capacitor", "v": "source"}[element.letter]
        nodes, rest = element.words[:2], list(element.words[2:])
        text = rest.pop() if rest else element.parameters.get(element.letter)
        try:
            value = element.value(text or "nothing")
        except NetlistError:
            raise element.error(f"{text} is no {kind} that LVS compares; lvs/README.md has the list") from None
        if rest not in ([], ["dc"]):
            raise element.error(f"{' '.join(rest)} is not understood in a {kind} by value")
        if element.letter == "c":
            self._capacitances.append(value)
        elif value == 0:
            first, second = map(self.root, element.nets(nodes))
            if first != second:
                self._parents[second] = first
        else:
            raise element.error(
                f"{text} is no {kind} that LVS compares: a value has no sizes. Name its model; a short has the value 0"
            )


def _size(element: FlatElement, key: str) -> float:
    """A size in the unit of the models."""
    limits = _LIMITS.get(key)
    if limits is None:
        return calls.length_um(element, key)
    if key == "perim":
        key = calls.perimeter_text(element)
    if key not in element.parameters:
        raise element.error(f"{key}= is missing")
    size = element.parameter(key)
    if not limits.smallest <= size * limits.scale <= limits.largest:
        raise element.error(
            f"{key}={element.parameters[key]} is {size * limits.scale:g} {limits.unit}; sizes from "
            f"{limits.smallest:g} to {limits.largest:g} {limits.unit} are possible. {limits.remedy}"
        )
    return size
