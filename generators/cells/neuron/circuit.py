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

Bias, rows, columns and sigmoid are subcircuits, with the names of the layout's cells.
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
_COMMON = ("pb", "vdd", "vss")
"""Pins of every block: the tails' gate line, and the supplies."""


def build_neuron(spec: NeuronSpec) -> Netlist:
    """The circuit of a neuron.

    Pins: ``iin0`` ... ``iout vref ibias vdd vss``; currents flow into ``iin`` and ``ibias`` and out of ``iout``.
    """
    size = size_neuron(spec)
    parts = Parts()

    def add(name: str, block: Netlist, **nets: str) -> None:
        parts.block(name, block, {pin: nets.get(pin, pin) for pin in block.pins})

    add("bias", _bias(size, _block_name(spec, "bias")))
    for i, weight in enumerate(spec.weights):
        row = _row(size, i, weight, _block_name(spec, f"row{i}"))
        add(f"row{i}", row, iin=f"iin{i}", col="colp" if weight > 0 else "coln")
    for sign, out in (("p", "x"), ("n", "sink")):
        column = _column(size, _block_name(spec, f"column_{sign}"))
        add(f"column_{sign}", column, col=f"col{sign}", out=out)
    add("sigmoid", _sigmoid(size, _block_name(spec, "sigmoid")))
    pins = (*(f"iin{i}" for i in range(len(spec.weights))), "iout", "vref", "ibias", "vdd", "vss")
    return parts.netlist(spec.name, pins, spec.lines())


def _block_name(spec: NeuronSpec, block: str) -> str:
    return f"{spec.name}_{block}_{spec.variant}"


def _bias(size: NeuronSizing, name: str) -> Netlist:
    """The mirrors that spread the bias current."""
    parts = Parts()
    from_ibias = {
        "in": ("ibias", "ibias"),
        "pb": ("pb", "ibias"),
        "lg": ("lg", "ibias"),
        # The columns' loops stay alive when all inputs are 0.
        "colp": ("colp", "ibias"),
        "coln": ("coln", "ibias"),
    }
    from_pb = {"in": ("pb", "pb"), "x": ("pedx", "pb"), "y": ("pedy", "pb"), "tail": ("ty", "pb")}
    parts.array("n", size.bias_n, *_VSS, from_ibias)
    parts.array("p", size.bias_p, *_VDD, from_pb)
    parts.array("resistor", size.resistor_bias, *_VDD, {"in": ("lg", "lg")})
    return parts.netlist(name, ("ibias", "lg", "colp", "coln", "pedx", "pedy", "ty", *_COMMON))


def _row(size: NeuronSizing, i: int, weight: int, name: str) -> Netlist:
    """An input: its matched array, the capacitor from gate to input, the amplifier that drives the gate."""
    parts = Parts()
    owners = {"ref": ("iin", "gate")} | ({"weight": ("col", "gate")} if weight else {})
    parts.array("synapse", size.rows[i], *_VSS, owners)
    parts.capacitor("capacitor", size.row_capacitor_nm[i], top="gate", bottom="iin")
    amplifier = FiveTransistorSize(size.tail, size.pair, size.load)
    nets = FiveTransistorNets(plus="iin", minus="vref", out="gate", bias="pb")
    add_five_transistor(parts, "amplifier", amplifier, nets)
    return parts.netlist(name, ("iin", *(["col"] if weight else []), "vref", *_COMMON))


def _column(size: NeuronSizing, name: str) -> Netlist:
    """A summing column: the regulated cascode that holds it at vref, and the mirror that divides its current."""
    parts = Parts()
    amplifier = FiveTransistorSize(size.column_tail, size.pair, size.load)
    nets = FiveTransistorNets(plus="vref", minus="col", out="gate", bias="pb")
    add_five_transistor(parts, "amplifier", amplifier, nets)
    parts.array("regulated", size.regulated, "col", "vss", {"cascode": ("line", "gate")})
    parts.array("mirror", size.mirror, *_VDD, {"in": ("inner_in", "line"), "out": ("inner_out", "line")})
    parts.array("mirror_cascode_in", size.mirror_cascode_in, "inner_in", "vdd", {"in": ("line", "line")})
    parts.array("mirror_cascode_out", size.mirror_cascode_out, "inner_out", "vdd", {"out": ("out", "line")})
    return parts.netlist(name, ("col", "out", "vref", *_COMMON))


def _sigmoid(size: NeuronSizing, name: str) -> Netlist:
    """The sink that subtracts at node x, the pedestals, the triode transistors at x and y, the pair and its output."""
    parts = Parts()
    parts.array("sink", size.sink, *_VSS, {"in": ("sink_in", "sink"), "out": ("sink_out", "sink")})
    parts.array("sink_cascode_in", size.sink_cascode, "sink_in", "vss", {"cascode": ("sink", "sink")})
    parts.array("sink_cascode_out", size.sink_cascode, "sink_out", "vss", {"cascode": ("x", "sink")})
    parts.array("pedestal_cascode_x", size.pedestal_cascode, "pedx", "vdd", {"cascode": ("x", "pb")})
    parts.array("pedestal_cascode_y", size.pedestal_cascode, "pedy", "vdd", {"cascode": ("y", "pb")})
    parts.array("resistor", size.resistor, *_VSS, {"x": ("x", "lg"), "y": ("y", "lg")})
    # The pair's well follows its sources, so that no body effect bends the sigmoid.
    parts.array("pair", size.sigmoid, "ty", "ty", {"x": ("vss", "x"), "y": ("op", "y")})
    parts.array("output_cascode", size.output_cascode, "op", "vdd", {"cascode": ("iout", "vss")})
    return parts.netlist(name, ("x", "sink", "lg", "pedx", "pedy", "ty", "iout", *_COMMON))
