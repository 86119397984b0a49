"""Faults that circuit and layout have alike, as from a wrong generator or a wrong idea: both netlists agree.

They are planted in the circuit, whose netlist is then measured and held against the cell's targets. Nothing that has to
agree with the layout is asked. Dummies are left alone: they carry no current.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from mirrorneuron.generators import catalog
from mirrorneuron.generators.circuit import Bipolar, Capacitor, Device, Netlist, Resistor, Transistor
from mirrorneuron.pdk_sky130.devices import BIPOLARS, POLY_RESISTORS
from mirrorneuron.pdk_sky130.errors import NetlistError
from mirrorneuron.pdk_sky130.rules import GRID_NM

from mutation.fault import CIRCUIT_KINDS, MIRROR_KINDS, Mutant, NotHere, kind
from mutation.subjects import subject

D = TypeVar("D", bound=Device)

_WORDS: dict[type, tuple[str, ...]] = {
    Transistor: ("drain", "gate", "source", "bulk"),
    Bipolar: ("collector", "base", "emitter"),
    Resistor: ("r0", "r1"),
    Capacitor: ("top", "bottom"),
}
_FETS = {
    "nfet_01v8": "nfet_01v8_lvt",
    "nfet_01v8_lvt": "nfet_01v8",
    "pfet_01v8": "pfet_01v8_lvt",
    "pfet_01v8_lvt": "pfet_01v8",
}


def _circuit(m: Mutant) -> Netlist:
    spec = subject(m.name).spec
    if spec is None:
        raise NotHere
    return catalog.circuit_of(spec).flattened()


def _devices(m: Mutant, *kinds: type[D]) -> list[D]:
    """The devices of these kinds, without dummies."""
    return [
        device for device in _circuit(m).devices if isinstance(device, kinds) and not device.name.endswith("_dummy")
    ]


def _with(m: Mutant, changes: Mapping[str, Device | None]) -> None:
    """Replace devices by name; None leaves a device out."""
    circuit = _circuit(m)
    devices = [changes.get(device.name, device) for device in circuit.devices]
    try:
        new = replace(circuit, devices=tuple(device for device in devices if device))
    except NetlistError as error:  # a net with one connection: the generator refuses it
        raise NotHere from error
    m.netlist = new.to_spice()


def _rewired(m: Mutant, device: Device, word: str, new: str) -> str:
    old = getattr(device, word)
    if new == old:
        raise NotHere
    _with(m, {device.name: replace(device, **{word: new})})
    return f"{device.name}: {word} on {new} instead of {old}"


def _net(m: Mutant) -> str:
    return m.choice(sorted({net for device in _circuit(m).devices for net in device.nets}))


@kind("unit count wrong in both", CIRCUIT_KINDS)
def units(m: Mutant) -> str:
    """One more or less, of a transistor, an npn or a bar."""
    device: Any = m.choice(_devices(m, Transistor, Bipolar, Resistor))
    copies = device.copies + m.choice((1, -1))
    if not copies:
        raise NotHere
    _with(m, {device.name: replace(device, copies=copies)})
    return f"{device.name}: m={copies} instead of {device.copies}"


@kind("W or L wrong in both", CIRCUIT_KINDS)
def sizes(m: Mutant) -> str:
    """Of one owner's transistors, by 10 to 50 %."""
    device = m.choice(_devices(m, Transistor))
    field, part = m.choice(("width_nm", "length_nm")), m.choice((0.5, 0.8, 0.9, 1.1, 1.25, 1.5))
    old = getattr(device, field)
    new = round(old * part / (2 * GRID_NM)) * 2 * GRID_NM
    _with(m, {device.name: replace(device, **{field: new})})
    return f"{device.name}: {field} {new} instead of {old}"


@kind("device wrong in both", CIRCUIT_KINDS)
def model(m: Mutant) -> str:
    """Of one owner: lvt instead of regular, the foundry's other npn, another resistor."""
    device = m.choice(_devices(m, Transistor, Bipolar, Resistor))
    if isinstance(device, Transistor):
        new = _FETS[device.device]
    else:
        new = m.choice(list(BIPOLARS if isinstance(device, Bipolar) else POLY_RESISTORS))
    if new == device.device:
        raise NotHere
    _with(m, {device.name: replace(device, device=new)})
    return f"{device.name}: {new} instead of {device.device}"


@kind("gate wrong in both", CIRCUIT_KINDS)
def gate(m: Mutant) -> str:
    """A gate or a base on another net: of a cascode, an amplifier, a bias line."""
    device = m.choice(_devices(m, Transistor, Bipolar))
    return _rewired(m, device, _WORDS[type(device)][1], _net(m))


@kind("drain wrong in both", CIRCUIT_KINDS)
def drain(m: Mutant) -> str:
    """A drain or a collector on another net."""
    device = m.choice(_devices(m, Transistor, Bipolar))
    return _rewired(m, device, _WORDS[type(device)][0], _net(m))


@kind("source wrong in both", CIRCUIT_KINDS)
def source(m: Mutant) -> str:
    """A source or an emitter on another net."""
    device = m.choice(_devices(m, Transistor, Bipolar))
    return _rewired(m, device, _WORDS[type(device)][2], _net(m))


@kind("n-well wrong in both", CIRCUIT_KINDS)
def well(m: Mutant) -> str:
    """The bulk of p transistors; that of n ones is the substrate, which no layout can have wrong unnoticed."""
    device = m.choice([fet for fet in _devices(m, Transistor) if fet.device.startswith("p")])
    return _rewired(m, device, "bulk", _net(m))


@kind("part left out in both", CIRCUIT_KINDS)
def left_out(m: Mutant) -> str:
    """An owner's devices: a cascode, a diode, a capacitor, a resistor."""
    device = m.choice(_devices(m, Transistor, Bipolar, Resistor, Capacitor))
    _with(m, {device.name: None})
    return f"{device.name} left out"


@kind("part bypassed in both", CIRCUIT_KINDS)
def bypassed(m: Mutant) -> str:
    """An owner's devices with a short in their place: degeneration, a cascode."""
    device = m.choice(_devices(m, Transistor, Bipolar, Resistor))
    words = _WORDS[type(device)]
    ends = [getattr(device, words[0]), getattr(device, words[-1] if len(words) == 2 else words[2])]
    circuit = _circuit(m)
    inner = [net for net in ends if net not in circuit.pins]
    if not inner or ends[0] == ends[1]:
        raise NotHere
    gone = inner[-1]
    kept = ends[0] if gone == ends[1] else ends[1]

    changes: dict[str, Device | None] = {other.name: _renamed(other, {gone: kept}) for other in circuit.devices}
    _with(m, {**changes, device.name: None})
    return f"{device.name} bypassed"


def _renamed(device: Device, nets: Mapping[str, str]) -> Device:
    """The device with nets renamed."""
    words = [word for word in (*_WORDS[type(device)], "bulk", "substrate") if hasattr(device, word)]
    return replace(device, **{word: nets.get(getattr(device, word), getattr(device, word)) for word in words})


@kind("nets exchanged in both", CIRCUIT_KINDS)
def exchanged(m: Mutant) -> str:
    """Gates or drains of two devices, such as an amplifier's inputs; two terminals of an npn; a capacitor's plates."""
    device = m.choice(_devices(m, Transistor, Bipolar, Capacitor))
    if isinstance(device, Transistor):
        word = m.choice(("gate", "drain"))
        other = m.choice([fet for fet in _devices(m, Transistor) if getattr(fet, word) != getattr(device, word)])
        a, b = getattr(device, word), getattr(other, word)
        _with(m, {device.name: replace(device, **{word: b}), other.name: replace(other, **{word: a})})
        return f"{word}s of {' and '.join(sorted((device.name, other.name)))} exchanged"
    words = _WORDS[type(device)]
    first, second = m.rng.sample(words, 2)
    a, b = getattr(device, first), getattr(device, second)
    if a == b:
        raise NotHere
    _with(m, {device.name: replace(device, **{first: b, second: a})})
    return f"{device.name}: {' and '.join(sorted((first, second)))} exchanged"


@kind("resistor wrong in both", CIRCUIT_KINDS)
def resistor(m: Mutant) -> str:
    """The length of all bars, or of one in a series, by 10 or 20 %."""
    bars = _devices(m, Resistor)
    changed, part = m.choice((bars, [m.choice(bars)])), m.choice((0.8, 0.9, 1.1, 1.2))
    new = round(bars[0].length_nm * part / GRID_NM) * GRID_NM
    _with(m, {bar.name: replace(bar, length_nm=new) for bar in changed})
    return f"{changed[0].name if len(changed) == 1 else 'all bars'}: {new} nm instead of {bars[0].length_nm} nm"


@kind("capacitor wrong in both", CIRCUIT_KINDS)
def capacitor(m: Mutant) -> str:
    """A half, or twice the side."""
    device = m.choice(_devices(m, Capacitor))
    side = m.choice((device.side_nm // 20 * 10, 2 * device.side_nm))
    _with(m, {device.name: replace(device, side_nm=side)})
    return f"{device.name}: {side} nm instead of {device.side_nm} nm"


@kind("outputs exchanged in both", CIRCUIT_KINDS)
def outputs(m: Mutant) -> str:
    """All that two outputs' pins are connected to."""
    circuit = _circuit(m)
    pins = [pin for pin in circuit.pins if pin.startswith("iout")]
    if len(pins) < 2:
        raise NotHere
    a, b = sorted(m.rng.sample(pins, 2))
    swap = {a: b, b: a}
    _with(m, {device.name: _renamed(device, swap) for device in circuit.devices})
    return f"{a} and {b} exchanged"


@kind("circuit changed in the netlist", MIRROR_KINDS)
def in_the_netlist(m: Mutant) -> str:
    """Any of the above in the netlist alone, which the layout then differs from."""
    return CIRCUIT_KINDS[m.choice(list(CIRCUIT_KINDS))](m)
