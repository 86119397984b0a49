"""Circuits: devices, arrays of them, blocks, the netlist, and its builder."""

from mirrorneuron.generators.circuit.arrays import array_bipolars, array_resistors, array_transistors
from mirrorneuron.generators.circuit.builder import Parts
from mirrorneuron.generators.circuit.devices import Bipolar, Capacitor, Device, Resistor, Transistor
from mirrorneuron.generators.circuit.netlist import BlockInstance, Netlist

__all__ = [
    "Bipolar",
    "BlockInstance",
    "Capacitor",
    "Device",
    "Netlist",
    "Parts",
    "Resistor",
    "Transistor",
    "array_bipolars",
    "array_resistors",
    "array_transistors",
]
