"""The builder of a circuit: it collects devices, array by array, and blocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mirrorneuron.generators.circuit.arrays import array_bipolars, array_resistors, array_transistors
from mirrorneuron.generators.circuit.devices import Capacitor, Device
from mirrorneuron.generators.circuit.netlist import BlockInstance, Netlist
from mirrorneuron.generators.units import ArraySize, BipolarArray, ResistorArray
from mirrorneuron.pdk_sky130.devices import MIM
from mirrorneuron.pdk_sky130.errors import NetlistError

__all__ = ["Parts"]


class Parts:
    """Collects a circuit's devices and blocks; `netlist` makes the circuit of them."""

    def __init__(self) -> None:
        """Start without devices and blocks."""
        self.devices: list[Device] = []
        self.blocks: list[BlockInstance] = []

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
        self.devices.append(Capacitor(name, MIM.name, top, bottom, side_nm))

    def resistor(self, name: str, size: ResistorArray, bulk: str, ends: Mapping[str, tuple[str, str]]) -> None:
        """Add matched resistors, with both ends by owner, and their dummies; raises as `array_resistors`."""
        self.devices += array_resistors(name, size, bulk=bulk, ends=ends)

    def bipolar(
        self, name: str, size: BipolarArray, substrate: str, owners: Mapping[str, tuple[str, str, str]]
    ) -> None:
        """Add npn transistors, with collector, base and emitter by owner; raises as `array_bipolars`."""
        self.devices += array_bipolars(name, size, substrate=substrate, owners=owners)

    def block(self, name: str, circuit: Netlist, nets: Mapping[str, str]) -> None:
        """Add an instance of a circuit, its nets by pin.

        Raises
        ------
        NetlistError
            The circuit's pins differ from the connected ones.
        """
        if nets.keys() != set(circuit.pins):
            raise NetlistError(f"block {name} has the pins {sorted(circuit.pins)}, but {sorted(nets)} are connected")
        self.blocks.append(BlockInstance(name, circuit, tuple(nets[pin] for pin in circuit.pins)))

    def netlist(self, name: str, pins: Iterable[str], comments: Iterable[str] = ()) -> Netlist:
        """The circuit of all added devices and blocks; raises as `Netlist`."""
        return Netlist(name, tuple(pins), tuple(self.devices), tuple(comments), tuple(self.blocks))
