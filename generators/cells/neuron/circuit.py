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

Each input is held at vref by an amplifier that drives the gate of its row: the reference units carry the input, the
weight's units pull the same current each from a summing column, which a regulated cascode holds at vref too. So all
units of a row have one VDS. The two columns' currents are divided by mirrors; the inhibitory one is turned round by a
sink; their difference and a pedestal flow into a transistor in triode, whose twin carries the pedestal alone. The
sigmoid pair compares the two voltages.
"""

from __future__ import annotations

from mirrorneuron.generators.blocks.five_transistor import FiveTransistorSize, add_five_transistor
from mirrorneuron.generators.cells.neuron.sizing import size_neuron
from mirrorneuron.generators.cells.neuron.spec import NeuronSpec
from mirrorneuron.generators.circuit import Netlist, Parts
from mirrorneuron.generators.units import ArraySize

__all__ = ["build_neuron"]


def build_neuron(spec: NeuronSpec) -> Netlist:
    """The circuit of a neuron.

    Pins: ``iin0`` ... ``iout vref ibias vdd vss``; currents flow into ``iin`` and ``ibias`` and out of ``iout``.
    """
    size = size_neuron(spec)
    parts = Parts()
    n = ("vss", "vss")
    p = ("vdd", "vdd")
    parts.array(
        "bias_n",
        size.bias_n,
        *n,
        {
            "in": ("ibias", "ibias"),
            "pb": ("pb", "ibias"),
            "lg": ("lg", "ibias"),
            # The columns' loops stay alive when all inputs are 0.
            "colp": ("colp", "ibias"),
            "coln": ("coln", "ibias"),
        },
    )
    parts.array(
        "bias_p",
        size.bias_p,
        *p,
        {"in": ("pb", "pb"), "x": ("pedx", "pb"), "y": ("pedy", "pb"), "tail": ("ty", "pb")},
    )
    parts.array("resistor_bias", size.resistor_bias, *p, {"in": ("lg", "lg")})

    def amplifier(name: str, tail: ArraySize, plus: str, minus: str, out: str) -> None:
        amplifier_size = FiveTransistorSize(tail, size.pair, size.load)
        add_five_transistor(parts, name, amplifier_size, plus=plus, minus=minus, out=out, bias="pb")

    for i, weight in enumerate(spec.weights):
        name, pin, gate = f"row{i}", f"iin{i}", f"gate{i}"
        owners = {"ref": (pin, gate)}
        if weight:
            owners["weight"] = ("colp" if weight > 0 else "coln", gate)
        parts.array(name, size.rows[i], *n, owners)
        parts.capacitor(f"{name}_capacitor", size.row_capacitor_nm[i], top=gate, bottom=pin)
        amplifier(name, size.tail, plus=pin, minus="vref", out=gate)

    for column, out in (("colp", "x"), ("coln", "sink")):
        gate, mirror = f"{column}_gate", f"{column}_mirror"
        amplifier(column, size.column_tail, plus="vref", minus=column, out=gate)
        parts.array(f"{column}_regulated", size.regulated, column, "vss", {"cascode": (mirror, gate)})
        inner_in, inner_out = f"{mirror}_in", f"{mirror}_out"
        parts.array(mirror, size.mirror, *p, {"in": (inner_in, mirror), "out": (inner_out, mirror)})
        parts.array(f"{mirror}_cascode_in", size.mirror_cascode_in, inner_in, "vdd", {"in": (mirror, mirror)})
        parts.array(f"{mirror}_cascode_out", size.mirror_cascode_out, inner_out, "vdd", {"out": (out, mirror)})

    parts.array("sink", size.sink, *n, {"in": ("sink_in", "sink"), "out": ("sink_out", "sink")})
    parts.array("sink_cascode_in", size.sink_cascode, "sink_in", "vss", {"cascode": ("sink", "sink")})
    parts.array("sink_cascode_out", size.sink_cascode, "sink_out", "vss", {"cascode": ("x", "sink")})
    parts.array("pedestal_cascode_x", size.pedestal_cascode, "pedx", "vdd", {"cascode": ("x", "pb")})
    parts.array("pedestal_cascode_y", size.pedestal_cascode, "pedy", "vdd", {"cascode": ("y", "pb")})
    parts.array("resistor", size.resistor, *n, {"x": ("x", "lg"), "y": ("y", "lg")})
    # The pair's well follows its sources, so that no body effect bends the sigmoid.
    parts.array("sigmoid", size.sigmoid, "ty", "ty", {"x": ("vss", "x"), "y": ("op", "y")})
    parts.array("output_cascode", size.output_cascode, "op", "vdd", {"cascode": ("iout", "vss")})
    pins = (*(f"iin{i}" for i in range(len(spec.weights))), "iout", "vref", "ibias", "vdd", "vss")
    return parts.netlist(spec.name, pins, spec.lines())
