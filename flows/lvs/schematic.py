"""The schematic side of LVS: a netlist is read, checked and flattened before a tool may see it.

KLayout and netgen both guess where they do not understand (an unknown parameter is dropped, an undefined subcircuit
becomes a device). So the tools get a netlist in one level that holds devices of the PDK alone, with numbers for sizes;
a netlist that would need a guess is an input error. ``lvs/README.md`` has the devices and what of each is compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mirrorneuron.flows.lvs import vpp as lvs_vpp
from mirrorneuron.flows.lvs.circuit import LvsCircuit, LvsDevice
from mirrorneuron.pdk_sky130.errors import NetlistError
from mirrorneuron.pdk_sky130.spice import devices, netlist
from mirrorneuron.pdk_sky130.spice.devices import FIXED_WIDTHS_UM, DeviceForm
from mirrorneuron.pdk_sky130.spice.flatten import FlatElement, flatten
from mirrorneuron.pdk_sky130.spice.netlist import SpiceNetlist

__all__ = ["DEVICES", "read"]

DEVICES: Final[Mapping[str, DeviceForm]] = {
    **devices.DEVICES,
    **{model: DeviceForm(terminals, (), "c") for model, terminals in lvs_vpp.models().items()},
}
"""Devices that LVS compares, in lower case, and their form."""

# Diffusion areas and distances follow from the layout, and are none of the sizes that LVS compares.
_GEOMETRY: Final = frozenset(("ad", "as", "pd", "ps", "nrd", "nrs", "sa", "sb", "sd"))
# The mismatch models' and capacitors' own words for `m`.
_MULTIPLIERS: Final = ("mult", "mf")


@dataclass(frozen=True)
class _SizeLimits:
    """What a size may be in `unit`, how many units the models' number 1 is, and what to write instead."""

    smallest: float
    largest: float
    scale: float
    unit: str
    remedy: str


_LENGTH: Final = _SizeLimits(
    devices.LENGTH_MIN_UM, devices.LENGTH_MAX_UM, 1.0, "um", "Write micrometres without a suffix, or metres (2u, 2e-6)"
)
_LIMITS: Final = {
    "w": _LENGTH,
    "l": _LENGTH,
    "area": _SizeLimits(1e-4, 1e8, 1e-12, "um2", "The models take 1e-12 um2: 1 um2 is area=1e12"),
    "perim": _SizeLimits(0.04, 1e6, 1e-6, "um", "The models take 1e-6 um: 1 um is perim=1e6"),
}


def read(path: Path, top: str) -> LvsCircuit:
    """Read, check and flatten the netlist of the cell `top` (any case).

    Raises
    ------
    FileError
        The file is missing, empty, or no text.
    NetlistError
        It has no ``.subckt`` of that name, or holds a line that LVS cannot compare.
    """
    circuits = netlist.read(path)
    _check_lines(circuits)
    circuit = circuits.subcircuit(top)
    elements = flatten(circuits, circuit, DEVICES.__contains__, separate_copies=True)
    return LvsCircuit(circuit.name, circuit.pins, tuple(_named(map(_device, elements))))


def _check_lines(circuits: SpiceNetlist) -> None:
    lines = [*circuits.unread, *(element.line for element in circuits.outside.elements.values())]
    if lines:
        raise NetlistError(
            f"LVS cannot use the line {lines[0]}. A netlist for LVS is made of .subckt with device lines and calls, "
            f".ends, .param, .global and .include; a title line begins with *"
        )


def _named(devices_of: Iterator[LvsDevice]) -> Iterator[LvsDevice]:
    """Devices whose names begin with the letter that the tools want, each name once."""
    names: set[str] = set()
    for device in devices_of:
        letter = DEVICES[device.model].letter
        name = device.name if device.name[0] == letter else letter + device.name
        while name in names:
            name += "_"
        names.add(name)
        yield LvsDevice(name, device.nets, device.model, device.sizes)


def _device(element: FlatElement) -> LvsDevice:
    if len(element.words) < 2:
        raise element.error("has no nets and no model")
    *nodes, word = element.words
    model = devices.full_name(word)
    form = DEVICES.get(model)
    if form is None and element.letter == "r":
        raise element.error(f"{word} is no resistor that LVS compares")
    if form is None:
        raise element.error(
            f"{word} is neither a .subckt of this netlist nor a device that LVS compares; lvs/README.md has the list"
        )
    if element.letter not in ("x", form.element):
        raise element.error(f"{model} must stand in an X line")
    if len(nodes) != len(form.terminals):
        raise element.error(f"{model} has {len(form.terminals)} terminals, {len(nodes)} nets are given")
    sizes = {key: _size(element, key) for key in form.sizes}
    _check_parameters(element, model, form)
    copies = _count(element, "m")
    return LvsDevice(element.name, element.nets(tuple(nodes)), model, {**sizes, "m": copies})


def _size(element: FlatElement, key: str) -> float:
    """A size in the unit of the models."""
    if key not in element.parameters:
        raise element.error(f"{key}= is missing")
    limits, size = _LIMITS[key], element.parameter(key)
    if limits is _LENGTH:
        size = devices.micrometres(size)
    if not limits.smallest <= size * limits.scale <= limits.largest:
        raise element.error(
            f"{key}={element.parameters[key]} is {size * limits.scale:g} {limits.unit}; sizes from "
            f"{limits.smallest:g} to {limits.largest:g} {limits.unit} are possible. {limits.remedy}"
        )
    return size


def _count(element: FlatElement, key: str) -> float:
    if key not in element.parameters:
        return 1.0
    count = element.parameter(key)
    if count < 1 or count != int(count):
        raise element.error(f"{key}={element.parameters[key]} must be a whole number from 1")
    return count


def _check_parameters(element: FlatElement, model: str, form: DeviceForm) -> None:
    """Refuse parameters that would make another device, which LVS cannot compare."""
    for key, text in element.parameters.items():
        if key in form.sizes or key == "m" or (form.element == "m" and key in _GEOMETRY):
            continue
        if key == "nf" and form.element == "m":
            _count(element, key)
        elif key == "w" and model in FIXED_WIDTHS_UM:
            width = FIXED_WIDTHS_UM[model][1]
            if abs(_size(element, key) - width) > 1e-9:
                raise element.error(f"{model} is {width:g} um wide, not w={text}; leave w out")
        elif key in _MULTIPLIERS:
            if element.parameter(key) not in (1.0, _count(element, "m")):
                raise element.error(f"{key}={text} is neither 1 nor m; write the number of copies as m={text}")
        else:
            raise element.error(f"{key}={text} is no size of {model} that LVS can compare; leave it out")
