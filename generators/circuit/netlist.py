"""A cell's circuit as the flow reads it: one flat subcircuit of PDK devices.

It is flat because KLayout's comparison and netgen's then need no agreement about hierarchy. Sizes are integers [nm] up
to the line of text, where they are um without a suffix, as the PDK's models want them.
"""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirrorneuron.generators.fixed_units import BipolarArray, ResistorArray
from mirrorneuron.generators.units import ArraySize
from mirrorneuron.pdk_sky130.errors import NetlistError

if TYPE_CHECKING:
    from mirrorneuron.generators.placement import Pattern

__all__ = [
    "Bipolar",
    "Capacitor",
    "Device",
    "Netlist",
    "Parts",
    "Resistor",
    "Transistor",
    "array_resistors",
    "array_transistors",
]

_MODEL_PREFIX = "sky130_fd_pr__"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_OPERATORS = frozenset({"ne", "eq", "lt", "gt", "le", "ge", "and", "or", "not"})
"""What ngspice takes for an operator where a node's name should be."""


@dataclass(frozen=True)
class Transistor:
    """`copies` equal transistors in parallel, each of `fingers` gates that are `width_nm` wide together."""

    name: str
    device: str
    drain: str
    gate: str
    source: str
    bulk: str
    width_nm: int
    length_nm: int
    fingers: int
    copies: int

    @property
    def nets(self) -> tuple[str, ...]:
        """Drain, gate, source, bulk."""
        return (self.drain, self.gate, self.source, self.bulk)

    def to_spice(self) -> str:
        """Its X line."""
        sizes = f"w={_um(self.width_nm)} l={_um(self.length_nm)} nf={self.fingers} m={self.copies}"
        return f"X{self.name} {' '.join(self.nets)} {_MODEL_PREFIX}{self.device} {sizes}"


@dataclass(frozen=True)
class Capacitor:
    """A square MIM capacitor; `top` is the plate's net, `bottom` that of the metal below."""

    name: str
    device: str
    top: str
    bottom: str
    side_nm: int

    @property
    def nets(self) -> tuple[str, ...]:
        """Top, bottom."""
        return (self.top, self.bottom)

    def to_spice(self) -> str:
        """Its X line."""
        side = _um(self.side_nm)
        return f"X{self.name} {' '.join(self.nets)} {_MODEL_PREFIX}{self.device} w={side} l={side} m=1"


@dataclass(frozen=True)
class Resistor:
    """`copies` equal bars in parallel; the device's name tells their width, ``bulk`` is the well under them."""

    name: str
    device: str
    r0: str
    r1: str
    bulk: str
    length_nm: int
    copies: int

    @property
    def nets(self) -> tuple[str, ...]:
        """Both ends, bulk."""
        return (self.r0, self.r1, self.bulk)

    def to_spice(self) -> str:
        """Its X line."""
        return (
            f"X{self.name} {' '.join(self.nets)} {_MODEL_PREFIX}{self.device} l={_um(self.length_nm)} m={self.copies}"
        )


@dataclass(frozen=True)
class Bipolar:
    """`copies` equal npn transistors in parallel."""

    name: str
    device: str
    collector: str
    base: str
    emitter: str
    substrate: str
    copies: int

    @property
    def nets(self) -> tuple[str, ...]:
        """Collector, base, emitter, substrate."""
        return (self.collector, self.base, self.emitter, self.substrate)

    def to_spice(self) -> str:
        """Its X line."""
        return f"X{self.name} {' '.join(self.nets)} {_MODEL_PREFIX}{self.device} m={self.copies}"


Device = Transistor | Capacitor | Resistor | Bipolar


@dataclass(frozen=True)
class Netlist:
    """One subcircuit: its name, its pins in order, its devices, and lines of text for the file's head.

    Raises
    ------
    NetlistError
        A device or pin is there twice, a name is none that SPICE and ngspice take, a pin leads nowhere, or a net has
        a single connection.
    """

    name: str
    pins: tuple[str, ...]
    devices: tuple[Device, ...]
    comments: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check names and connections."""
        # SPICE knows no case.
        nets = Counter(net.lower() for device in self.devices for net in device.nets)
        names = [self.name, *self.pins, *(device.name for device in self.devices)]
        bad = sorted({name for name in [*names, *nets] if not _NAME.fullmatch(name)} | (_OPERATORS & nets.keys()))
        pins = {pin.lower() for pin in self.pins}
        problems = (
            ("devices of one name", _twice(device.name for device in self.devices)),
            ("pins of one name", _twice(self.pins)),
            ("names that SPICE does not take", bad),
            ("pins that lead nowhere", [pin for pin in self.pins if pin.lower() not in nets]),
            ("nets with a single connection", sorted(n for n, count in nets.items() if count == 1 and n not in pins)),
        )
        for what, found in problems:
            if found:
                raise NetlistError(f"circuit {self.name} has {what}: {', '.join(found)}")

    def to_spice(self) -> str:
        """The netlist's text, the same for the same circuit."""
        head = [f"* {line}".rstrip() for line in self.comments]
        start = textwrap.wrap(f".subckt {self.name} {' '.join(self.pins)}", 100, subsequent_indent="+ ")
        return "\n".join([*head, *start, *(device.to_spice() for device in self.devices), f".ends {self.name}", ""])


def array_transistors(
    name: str,
    size: ArraySize,
    *,
    source: str | Mapping[str, str],
    bulk: str,
    owners: Mapping[str, tuple[str, str]],
) -> tuple[Transistor, ...]:
    """An array's transistors, with drain and gate by owner, and its dummies.

    `source` is one net, or one for each owner. Dummies are switched off: on the source's net, or, where there are
    several, on the bulk's.

    Raises
    ------
    NetlistError
        The pattern's owners are not those that are connected.
    """
    unit, pattern = size.unit, size.pattern
    sources = dict.fromkeys(owners, source) if isinstance(source, str) else source
    _check_owners(name, pattern, owners)
    _check_owners(name, pattern, sources)
    units = [
        (f"{name}_{owner}", drain, gate, sources[owner], pattern.count(owner))
        for owner, (drain, gate) in owners.items()
    ]
    if pattern.dummies:
        idle = source if isinstance(source, str) else bulk
        units.append((f"{name}_dummy", idle, idle, idle, pattern.dummies))
    sizes = (unit.width_nm, unit.length_nm, unit.fingers)
    return tuple(
        Transistor(instance, unit.device, drain, gate, its_source, bulk, *sizes, count)
        for instance, drain, gate, its_source, count in units
    )


def array_resistors(
    name: str, size: ResistorArray, *, bulk: str, ends: Mapping[str, tuple[str, str]]
) -> tuple[Resistor, ...]:
    """Matched resistors, with both ends by owner, and dummies, both of whose ends are on the bulk's net.

    Raises
    ------
    NetlistError
        The pattern's owners are not those that are connected.
    """
    pattern, series = size.pattern, size.series
    _check_owners(name, pattern, ends)
    bars: list[tuple[str, str, str, int]] = []
    for owner, (r0, r1) in ends.items():
        nodes = [r0, *(f"{name}_{owner}_{i}" for i in range(1, series)), r1]
        for i in range(series):
            part = f"_{i + 1}" if series > 1 else ""
            bars.append((f"{name}_{owner}{part}", nodes[i], nodes[i + 1], pattern.count(owner) // series))
    if pattern.dummies:
        bars.append((f"{name}_dummy", bulk, bulk, pattern.dummies))
    return tuple(
        Resistor(instance, size.device, r0, r1, bulk, size.length_nm, count) for instance, r0, r1, count in bars
    )


def _check_owners(name: str, pattern: Pattern, connected: Mapping[str, object]) -> None:
    if set(pattern.owners) != connected.keys():
        raise NetlistError(f"array {name} holds {list(pattern.owners)}, but {sorted(connected)} are connected")


class Parts:
    """Collects a circuit's devices, array by array."""

    def __init__(self) -> None:
        """Begin with none."""
        self.devices: list[Device] = []

    def array(
        self,
        name: str,
        size: ArraySize,
        source: str | Mapping[str, str],
        bulk: str,
        owners: Mapping[str, tuple[str, str]],
    ) -> None:
        """Add an array's transistors, with drain and gate by owner, and its dummies; raises as `array_transistors`."""
        self.devices += array_transistors(name, size, source=source, bulk=bulk, owners=owners)

    def capacitor(self, name: str, side_nm: int, *, top: str, bottom: str) -> None:
        """Add a square MIM capacitor."""
        self.devices.append(Capacitor(name, "cap_mim_m3_1", top, bottom, side_nm))

    def resistor(self, name: str, size: ResistorArray, bulk: str, ends: Mapping[str, tuple[str, str]]) -> None:
        """Add matched resistors, with both ends by owner, and their dummies; raises as `array_resistors`."""
        self.devices += array_resistors(name, size, bulk=bulk, ends=ends)

    def bipolar(
        self, name: str, size: BipolarArray, substrate: str, owners: Mapping[str, tuple[str, str, str]]
    ) -> None:
        """Add npn transistors, with collector, base and emitter by owner.

        Raises
        ------
        NetlistError
            The pattern's owners are not those that are connected.
        """
        _check_owners(name, size.pattern, owners)
        for owner, nets in owners.items():
            self.devices.append(Bipolar(f"{name}_{owner}", size.device, *nets, substrate, size.pattern.count(owner)))

    def netlist(self, name: str, pins: Iterable[str], comments: Iterable[str]) -> Netlist:
        """The circuit of what was added."""
        return Netlist(name, tuple(pins), tuple(self.devices), tuple(comments))


def _twice(names: Iterable[str]) -> list[str]:
    counts = Counter(name.lower() for name in names)
    return sorted(name for name, count in counts.items() if count > 1)


def _um(nanometres: int) -> str:
    whole, rest = divmod(nanometres, 1000)
    return f"{whole}.{rest:03d}".rstrip("0").rstrip(".")
