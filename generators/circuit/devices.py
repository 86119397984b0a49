"""The devices of a circuit, each with its nets and its line of SPICE.

Sizes are integers [nm] up to the line of text, where they are um without a suffix, as the PDK's models want them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from mirrorneuron.pdk_sky130.devices import MODEL_PREFIX

__all__ = ["Bipolar", "Capacitor", "Device", "Resistor", "Transistor"]


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

    def on(self, nets: Sequence[str]) -> Transistor:
        """The same transistor on other nets, in the order of `nets`."""
        drain, gate, source, bulk = nets
        return replace(self, drain=drain, gate=gate, source=source, bulk=bulk)

    def to_spice(self) -> str:
        """The X line."""
        sizes = f"w={_um(self.width_nm)} l={_um(self.length_nm)} nf={self.fingers} m={self.copies}"
        return f"X{self.name} {' '.join(self.nets)} {MODEL_PREFIX}{self.device} {sizes}"


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

    def on(self, nets: Sequence[str]) -> Capacitor:
        """The same capacitor on other nets, in the order of `nets`."""
        top, bottom = nets
        return replace(self, top=top, bottom=bottom)

    def to_spice(self) -> str:
        """The X line."""
        side = _um(self.side_nm)
        return f"X{self.name} {' '.join(self.nets)} {MODEL_PREFIX}{self.device} w={side} l={side} m=1"


@dataclass(frozen=True)
class Resistor:
    """`copies` equal bars in parallel; the device's name fixes their width, ``bulk`` is the well under them."""

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

    def on(self, nets: Sequence[str]) -> Resistor:
        """The same resistor on other nets, in the order of `nets`."""
        r0, r1, bulk = nets
        return replace(self, r0=r0, r1=r1, bulk=bulk)

    def to_spice(self) -> str:
        """The X line."""
        return f"X{self.name} {' '.join(self.nets)} {MODEL_PREFIX}{self.device} l={_um(self.length_nm)} m={self.copies}"


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

    def on(self, nets: Sequence[str]) -> Bipolar:
        """The same transistor on other nets, in the order of `nets`."""
        collector, base, emitter, substrate = nets
        return replace(self, collector=collector, base=base, emitter=emitter, substrate=substrate)

    def to_spice(self) -> str:
        """The X line."""
        return f"X{self.name} {' '.join(self.nets)} {MODEL_PREFIX}{self.device} m={self.copies}"


Device: TypeAlias = Transistor | Capacitor | Resistor | Bipolar


def _um(nanometres: int) -> str:
    whole, rest = divmod(nanometres, 1000)
    return f"{whole}.{rest:03d}".rstrip("0").rstrip(".")
