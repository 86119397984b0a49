"""The neuron's circuit.

::

                      vdd                     vdd        vdd                  vdd
                       |                       |          |                    |
     row i:          tail       column p, n:  mirror   pedestals x, y      tail (ty)
            vref -|minus  plus|-- iin          |  1 : n    |                 /    \\
                   |        |                 cascode   cascodes     y -| pair y  pair x |- x
                  gate <- load              regulated     |               |          |
                   |                        cascode       |              op         vss
     iin -- ref --+-- weight -- colp, coln ----+       x, y nodes         |
            |  |            |                             |            cascode
           vss vss         vss                        resistors           |
                                                          |              iout
                                                         vss

An amplifier holds each input at vref by driving the gate of its row: the reference units carry the input's current, and
each of the weight's units draws the same current from a summing column, which a regulated cascode holds at vref, too.
So all units of a row have one V_DS. Mirrors divide the currents of the two columns, and a sink inverts the inhibitory
one. Their difference and a pedestal flow into a transistor in triode; a second one carries the pedestal alone. The
sigmoid pair compares the two voltages.
"""

from __future__ import annotations

from mirrorneuron.generators.blocks.five_transistor import (
    FiveTransistorNets,
    FiveTransistorSize,
    add_five_transistor,
)
from mirrorneuron.generators.cells.neuron.sizing import NeuronSizing, size_neuron
from mirrorneuron.generators.cells.neuron.spec import NeuronSpec
from mirrorneuron.generators.circuit import Netlist, Parts

__all__ = ["build_neuron"]

_VSS = ("vss", "vss")
_VDD = ("vdd", "vdd")
"""Source and bulk of arrays on a supply."""


def build_neuron(spec: NeuronSpec) -> Netlist:
    """The circuit of a neuron.

    Pins: ``iin0`` ... ``iout vref ibias vdd vss``; currents flow into ``iin`` and ``ibias`` and out of ``iout``.
    """
    size = size_neuron(spec)
    parts = Parts()
    _add_bias(parts, size)
    for i, weight in enumerate(spec.weights):
        _add_row(parts, size, i, weight)
    _add_column(parts, size, "colp", out="x")
    _add_column(parts, size, "coln", out="sink")
    _add_subtraction(parts, size)
    # The pair's well follows its sources, so that no body effect bends the sigmoid.
    parts.array("sigmoid", size.sigmoid, "ty", "ty", {"x": ("vss", "x"), "y": ("op", "y")})
    parts.array("output_cascode", size.output_cascode, "op", "vdd", {"cascode": ("iout", "vss")})
    pins = (*(f"iin{i}" for i in range(len(spec.weights))), "iout", "vref", "ibias", "vdd", "vss")
    return parts.netlist(spec.name, pins, spec.lines())


def _add_bias(parts: Parts, size: NeuronSizing) -> None:
    """The mirrors that spread the bias current."""
    from_ibias = {
        "in": ("ibias", "ibias"),
        "pb": ("pb", "ibias"),
        "lg": ("lg", "ibias"),
        # The columns' loops stay alive when all inputs are 0.
        "colp": ("colp", "ibias"),
        "coln": ("coln", "ibias"),
    }
    from_pb = {"in": ("pb", "pb"), "x": ("pedx", "pb"), "y": ("pedy", "pb"), "tail": ("ty", "pb")}
    parts.array("bias_n", size.bias_n, *_VSS, from_ibias)
    parts.array("bias_p", size.bias_p, *_VDD, from_pb)
    parts.array("resistor_bias", size.resistor_bias, *_VDD, {"in": ("lg", "lg")})


def _add_row(parts: Parts, size: NeuronSizing, i: int, weight: int) -> None:
    """An input: its matched array, the capacitor from gate to input, the amplifier that drives the gate."""
    name, pin, gate = f"row{i}", f"iin{i}", f"gate{i}"
    owners = {"ref": (pin, gate)}
    if weight:
        owners["weight"] = ("colp" if weight > 0 else "coln", gate)
    parts.array(name, size.rows[i], *_VSS, owners)
    parts.capacitor(f"{name}_capacitor", size.row_capacitor_nm[i], top=gate, bottom=pin)
    amplifier = FiveTransistorSize(size.tail, size.pair, size.load)
    add_five_transistor(parts, name, amplifier, FiveTransistorNets(plus=pin, minus="vref", out=gate, bias="pb"))


def _add_column(parts: Parts, size: NeuronSizing, column: str, out: str) -> None:
    """A summing column: the regulated cascode that holds it at vref, and the mirror that divides its current."""
    gate, mirror = f"{column}_gate", f"{column}_mirror"
    inner_in, inner_out = f"{mirror}_in", f"{mirror}_out"
    amplifier = FiveTransistorSize(size.column_tail, size.pair, size.load)
    add_five_transistor(parts, column, amplifier, FiveTransistorNets(plus="vref", minus=column, out=gate, bias="pb"))
    parts.array(f"{column}_regulated", size.regulated, column, "vss", {"cascode": (mirror, gate)})
    parts.array(mirror, size.mirror, *_VDD, {"in": (inner_in, mirror), "out": (inner_out, mirror)})
    parts.array(f"{mirror}_cascode_in", size.mirror_cascode_in, inner_in, "vdd", {"in": (mirror, mirror)})
    parts.array(f"{mirror}_cascode_out", size.mirror_cascode_out, inner_out, "vdd", {"out": (out, mirror)})


def _add_subtraction(parts: Parts, size: NeuronSizing) -> None:
    """The sink that subtracts at node x, the pedestals, and the triode transistors at x and y."""
    parts.array("sink", size.sink, *_VSS, {"in": ("sink_in", "sink"), "out": ("sink_out", "sink")})
    parts.array("sink_cascode_in", size.sink_cascode, "sink_in", "vss", {"cascode": ("sink", "sink")})
    parts.array("sink_cascode_out", size.sink_cascode, "sink_out", "vss", {"cascode": ("x", "sink")})
    parts.array("pedestal_cascode_x", size.pedestal_cascode, "pedx", "vdd", {"cascode": ("x", "pb")})
    parts.array("pedestal_cascode_y", size.pedestal_cascode, "pedy", "vdd", {"cascode": ("y", "pb")})
    parts.array("resistor", size.resistor, *_VSS, {"x": ("x", "lg"), "y": ("y", "lg")})
