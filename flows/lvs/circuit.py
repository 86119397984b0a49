"""A circuit in one level, as the tools of LVS get it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["LvsCircuit", "LvsDevice"]


@dataclass(frozen=True)
class LvsDevice:
    """A device: its nets in the order of the model's terminals, and its sizes by name.

    The name begins with the device's letter. Sizes are in the units of the models: ``w`` and ``l`` in um, ``area`` in
    1e-12 um2, ``perim`` in 1e-6 um, ``m`` the number of copies.
    """

    name: str
    nets: tuple[str, ...]
    model: str
    sizes: Mapping[str, float]

    def to_spice(self) -> str:
        """Its line of a netlist."""
        return " ".join([self.name, *self.nets, self.model, *(f"{key}={size:.9g}" for key, size in self.sizes.items())])


@dataclass(frozen=True)
class LvsCircuit:
    """A circuit: its name, its pins in order, its devices. All names are lower case."""

    name: str
    pins: tuple[str, ...]
    devices: tuple[LvsDevice, ...]

    @property
    def models(self) -> frozenset[str]:
        """The models of its devices."""
        return frozenset(device.model for device in self.devices)

    @property
    def text(self) -> str:
        """Its netlist: one subcircuit."""
        head = " ".join([".subckt", self.name, *self.pins])
        return "\n".join([head, *(device.to_spice() for device in self.devices), ".ends", ""])
