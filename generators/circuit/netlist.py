"""A cell's circuit: one flat subcircuit of PDK devices.

It is flat because KLayout's comparison and netgen's then need no agreement about hierarchy.
"""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from mirrorneuron.generators.circuit.devices import Device
from mirrorneuron.pdk_sky130.errors import NetlistError

__all__ = ["Netlist"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_OPERATORS = frozenset({"ne", "eq", "lt", "gt", "le", "ge", "and", "or", "not"})
"""Names of nodes that ngspice reads as operators."""


@dataclass(frozen=True)
class Netlist:
    """One subcircuit: its name, its pins in order, its devices, and comment lines for the head of the file.

    Raises
    ------
    NetlistError
        Two devices or two pins share a name, SPICE or ngspice does not accept a name, a pin leads nowhere, or a net
        has a single connection.
    """

    name: str
    pins: tuple[str, ...]
    devices: tuple[Device, ...]
    comments: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check names and connections."""
        # SPICE is not case-sensitive.
        nets = Counter(net.lower() for device in self.devices for net in device.nets)
        names = [self.name, *self.pins, *(device.name for device in self.devices)]
        illegal = {name for name in [*names, *nets] if not _NAME.fullmatch(name)} | (_OPERATORS & nets.keys())
        pins = {pin.lower() for pin in self.pins}
        open_nets = sorted(net for net, count in nets.items() if count == 1 and net not in pins)
        for problem, culprits in (
            ("devices of one name", _repeated(device.name for device in self.devices)),
            ("pins of one name", _repeated(self.pins)),
            ("names that SPICE does not take", sorted(illegal)),
            ("pins that lead nowhere", [pin for pin in self.pins if pin.lower() not in nets]),
            ("nets with a single connection", open_nets),
        ):
            if culprits:
                raise NetlistError(f"circuit {self.name} has {problem}: {', '.join(culprits)}")

    def to_spice(self) -> str:
        """The netlist as SPICE text; equal circuits give equal text."""
        head = [f"* {line}".rstrip() for line in self.comments]
        start = textwrap.wrap(f".subckt {self.name} {' '.join(self.pins)}", 100, subsequent_indent="+ ")
        return "\n".join([*head, *start, *(device.to_spice() for device in self.devices), f".ends {self.name}", ""])


def _repeated(names: Iterable[str]) -> list[str]:
    counts = Counter(name.lower() for name in names)
    return sorted(name for name, count in counts.items() if count > 1)
