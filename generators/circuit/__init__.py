"""Circuits: devices, arrays of them, and the netlist."""

from mirrorneuron.generators.circuit.netlist import (
    Bipolar,
    Capacitor,
    Device,
    Netlist,
    Parts,
    Resistor,
    Transistor,
    array_resistors,
    array_transistors,
)

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
