"""A cell's circuit: devices of the PDK, and instances of blocks, which are circuits themselves.

A circuit's text holds a subcircuit for each of its blocks, once, before the first that calls it. A block has the name
of its cell in the layout, so circuit and layout can be compared block by block.
"""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from mirrorneuron.generators.circuit.devices import Device
from mirrorneuron.pdk_sky130.errors import NetlistError

__all__ = ["BlockInstance", "Netlist"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_OPERATORS = frozenset({"ne", "eq", "lt", "gt", "le", "ge", "and", "or", "not"})
"""Names of nodes that ngspice reads as operators."""


@dataclass(frozen=True)
class BlockInstance:
    """An instance of a circuit; `nets` are in the order of the circuit's pins.

    Raises
    ------
    NetlistError
        The numbers of nets and pins differ.
    """

    name: str
    circuit: Netlist
    nets: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check the number of nets."""
        if len(self.nets) != len(self.circuit.pins):
            raise NetlistError(
                f"block {self.name}: {self.circuit.name} has {len(self.circuit.pins)} pins, {len(self.nets)} nets are "
                "connected"
            )

    def to_spice(self) -> str:
        """The X line."""
        return _wrapped(f"X{self.name} {' '.join(self.nets)} {self.circuit.name}")


@dataclass(frozen=True)
class Netlist:
    """One subcircuit: its name, its pins in order, its devices and blocks, and comment lines for the head of the file.

    Raises
    ------
    NetlistError
        Two devices, two blocks or two pins share a name, SPICE or ngspice does not accept a name, a pin leads nowhere,
        a net has a single connection, or two different blocks have one name.
    """

    name: str
    pins: tuple[str, ...]
    devices: tuple[Device, ...]
    comments: tuple[str, ...] = ()
    blocks: tuple[BlockInstance, ...] = ()

    def __post_init__(self) -> None:
        """Check names and connections."""
        parts: tuple[Device | BlockInstance, ...] = (*self.devices, *self.blocks)
        # SPICE is not case-sensitive.
        nets = Counter(net.lower() for part in parts for net in part.nets)
        names = [self.name, *self.pins, *(part.name for part in parts)]
        illegal = {name for name in [*names, *nets] if not _NAME.fullmatch(name)} | (_OPERATORS & nets.keys())
        pins = {pin.lower() for pin in self.pins}
        open_nets = sorted(net for net, count in nets.items() if count == 1 and net not in pins)
        circuits = {circuit.name: circuit for circuit in self._circuits()}
        for problem, culprits in (
            ("devices of one name", _repeated(part.name for part in parts)),
            ("pins of one name", _repeated(self.pins)),
            ("names that SPICE does not take", sorted(illegal)),
            ("pins that lead nowhere", [pin for pin in self.pins if pin.lower() not in nets]),
            ("nets with a single connection", open_nets),
            ("different blocks of one name", sorted({c.name for c in self._circuits() if c != circuits[c.name]})),
        ):
            if culprits:
                raise NetlistError(f"circuit {self.name} has {problem}: {', '.join(culprits)}")

    def to_spice(self) -> str:
        """The netlist as SPICE text, blocks first; equal circuits give equal text."""
        head = [f"* {line}".rstrip() for line in self.comments]
        blocks = dict.fromkeys(text for circuit in self._circuits() for text in [circuit._subcircuit()])
        return "\n".join([*head, *blocks, self._subcircuit(), ""])

    def flattened(self) -> Netlist:
        """The same circuit without blocks: the names of a block's devices and inner nets follow the block's name."""
        devices = [*self.devices]
        for block in self.blocks:
            inner = block.circuit.flattened()
            nets = {pin.lower(): net for pin, net in zip(inner.pins, block.nets, strict=True)}
            devices += (_inside(block.name, device, nets) for device in inner.devices)
        return Netlist(self.name, self.pins, tuple(devices), self.comments)

    def _subcircuit(self) -> str:
        parts = (part.to_spice() for part in (*self.devices, *self.blocks))
        return "\n".join([_wrapped(f".subckt {self.name} {' '.join(self.pins)}"), *parts, f".ends {self.name}"])

    def _circuits(self) -> Iterator[Netlist]:
        """The circuits of all blocks, innermost first, as often as they are called."""
        for block in self.blocks:
            yield from block.circuit._circuits()
            yield block.circuit


def _inside(block: str, device: Device, nets: Mapping[str, str]) -> Device:
    """A device of a block as a part of the circuit around the block."""
    return replace(
        device.on([nets.get(net.lower(), f"{block}_{net}") for net in device.nets]), name=f"{block}_{device.name}"
    )


def _wrapped(line: str) -> str:
    return "\n".join(textwrap.wrap(line, 100, subsequent_indent="+ ", break_long_words=False, break_on_hyphens=False))


def _repeated(names: Iterable[str]) -> list[str]:
    counts = Counter(name.lower() for name in names)
    return sorted(name for name, count in counts.items() if count > 1)
