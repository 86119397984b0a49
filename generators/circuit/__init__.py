"""Circuits: devices, arrays of them, the netlist, and its builder."""

from mirrorneuron.generators.circuit.arrays import array_bipolars, array_resistors, array_transistors
from mirrorneuron.generators.circuit.builder import Parts
from mirrorneuron.generators.circuit.devices import Bipolar, Capacitor, Device, Resistor, Transistor
from mirrorneuron.generators.circuit.netlist import Netlist

__all__ = [
    "Bipolar",
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
