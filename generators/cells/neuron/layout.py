"""The layout of a neuron, from its spec and the sizes; nets are named here anew, never taken from the circuit.

::

    left of the spine: a row for each input        right: what the columns' currents pass through
    +--------------------------------+  | |  +-----------------------------+
    | amplifier |s| array, capacitor |==| |==| sigmoid: subtraction, pair  |
    +--------------------------------+  | |  +-----------------------------+
    |    ...                         |  | |  | column p: amplifier, mirror |
    +--------------------------------+  | |  | column n                    |
    | amplifier |s| array, capacitor |==| |==| bias                        |
    +--------------------------------+  | |  +-----------------------------+
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirrorneuron.generators.blocks.five_transistor import FiveTransistorSize, draw_five_transistor
from mirrorneuron.generators.cells.neuron.sizing import size_neuron
from mirrorneuron.generators.cells.neuron.spec import NeuronSpec
from mirrorneuron.generators.primitives.drawing import Drawing
from mirrorneuron.generators.primitives.sheet import Block
from mirrorneuron.generators.units import ArraySize

if TYPE_CHECKING:
    from klayout import db as kdb

__all__ = ["draw_neuron"]

VDD, VSS = "vdd", "vss"
SUPPLIES = (VDD, VSS)


def draw_neuron(spec: NeuronSpec) -> kdb.Layout:
    """Draw a neuron: one top cell of the spec's name, with its pins.

    Raises
    ------
    SpecError
        A size cannot be drawn.
    """
    draw = _Neuron(spec)
    inputs = [f"iin{i}" for i in range(len(spec.weights))]
    return draw.draw.finish(
        left=[draw.row(i) for i in range(len(spec.weights))],
        right=[draw.bias(), draw.column("p"), draw.column("n"), draw.sigmoid()],
        pins=["iout", "vref", "ibias", VDD, VSS, *inputs],
        at_edge=inputs,
    )


class _Neuron:
    """The blocks of one neuron on one sheet."""

    def __init__(self, spec: NeuronSpec) -> None:
        self.spec, self.size, self.draw = spec, size_neuron(spec), Drawing(spec.name, SUPPLIES)

    def row(self, i: int) -> Block:
        """An input: its amplifier on the left, on the right its matched array and the capacitor from gate to input."""
        weight = self.spec.weights[i]
        gate, line, column = f"g{i}", f"iin{i}", "colp" if weight > 0 else "coln"
        array = self.draw.array(
            f"row{i}_array",
            self.size.rows[i],
            gates={"ref": gate, "weight": gate},
            drains={"ref": line, "weight": column},
            source=VSS,
        )
        capacitor = self.draw.capacitor(f"row{i}_capacitor", self.size.row_capacitor_nm[i], top=gate, bottom=line)
        return self.draw.compose(
            f"row{i}",
            left=[self._amplifier(f"row{i}", self.size.tail, plus=line, minus="vref", out=gate)],
            right=[array, capacitor],
            exports=[line, "vref", "pb", VDD, VSS, *([column] if weight else [])],
        )

    def column(self, sign: str) -> Block:
        """A summing column's regulated cascode and the mirror that scales its current down."""
        column, gate, drain = f"col{sign}", f"h{sign}", f"x{sign}"
        out = "x" if sign == "p" else "sink"
        regulated = self.draw.array(
            f"column_{sign}_cascode",
            self.size.regulated,
            gates={"cascode": gate},
            drains={"cascode": drain},
            source=column,
            bulk=VSS,
        )
        mirror = self.draw.array(
            f"column_{sign}_mirror",
            self.size.mirror,
            gates={"in": drain, "out": drain},
            drains={"in": f"y{sign}", "out": f"z{sign}"},
            source=VDD,
        )
        cascodes = [
            self.draw.array(
                f"column_{sign}_mirror_cascode_{which}",
                size,
                gates={which: drain},
                drains={which: to},
                source=source,
                bulk=VDD,
            )
            for which, size, source, to in (
                ("in", self.size.mirror_cascode_in, f"y{sign}", drain),
                ("out", self.size.mirror_cascode_out, f"z{sign}", out),
            )
        ]
        return self.draw.compose(
            f"column_{sign}",
            left=[
                self._amplifier(f"column_{sign}", self.size.column_tail, plus="vref", minus=column, out=gate),
                regulated,
            ],
            right=[mirror, *cascodes],
            exports=[column, out, "vref", "pb", VDD, VSS],
        )

    def bias(self) -> Block:
        """The mirrors that spread the bias current."""
        n = self.draw.array(
            "bias_n",
            self.size.bias_n,
            gates=dict.fromkeys(("in", "pb", "lg", "colp", "coln"), "ibias"),
            drains={"in": "ibias", "pb": "pb", "lg": "lg", "colp": "colp", "coln": "coln"},
            source=VSS,
        )
        p = self.draw.array(
            "bias_p",
            self.size.bias_p,
            gates=dict.fromkeys(("in", "x", "y", "tail"), "pb"),
            drains={"in": "pb", "x": "pedx", "y": "pedy", "tail": "ty"},
            source=VDD,
        )
        resistor = self.draw.array(
            "resistor_bias", self.size.resistor_bias, gates={"in": "lg"}, drains={"in": "lg"}, source=VDD
        )
        return self.draw.compose(
            "bias",
            left=[n, resistor],
            right=[p],
            exports=["ibias", "lg", "colp", "coln", "pb", "pedx", "pedy", "ty", VDD, VSS],
        )

    def sigmoid(self) -> Block:
        """The subtraction at node x, the triode transistors that turn its current into a voltage, and the pair."""
        sink = self.draw.array(
            "sink",
            self.size.sink,
            gates={"in": "sink", "out": "sink"},
            drains={"in": "sink_in", "out": "sink_out"},
            source=VSS,
        )
        sink_cascodes = [
            self.draw.array(
                f"sink_cascode_{which}",
                self.size.sink_cascode,
                gates={"cascode": "sink"},
                drains={"cascode": drain},
                source=f"sink_{which}",
                bulk=VSS,
            )
            for which, drain in (("in", "sink"), ("out", "x"))
        ]
        pedestals = [
            self.draw.array(
                f"pedestal_cascode_{node}",
                self.size.pedestal_cascode,
                gates={"cascode": "pb"},
                drains={"cascode": node},
                source=f"ped{node}",
                bulk=VDD,
            )
            for node in "xy"
        ]
        resistor = self.draw.array(
            "resistor", self.size.resistor, gates={"x": "lg", "y": "lg"}, drains={"x": "x", "y": "y"}, source=VSS
        )
        pair = self.draw.array(
            "pair",
            self.size.sigmoid,
            gates={"y": "y", "x": "x"},
            drains={"y": "op", "x": VSS},
            source="ty",
            bulk="ty",
        )
        output = self.draw.array(
            "output_cascode",
            self.size.output_cascode,
            gates={"cascode": VSS},
            drains={"cascode": "iout"},
            source="op",
            bulk=VDD,
        )
        return self.draw.compose(
            "sigmoid",
            left=[sink, *sink_cascodes, *pedestals],
            right=[resistor, pair, output],
            exports=["x", "sink", "lg", "pb", "pedx", "pedy", "ty", "iout", VDD, VSS],
        )

    def _amplifier(self, owner: str, tail: ArraySize, *, plus: str, minus: str, out: str) -> Block:
        size = FiveTransistorSize(tail, self.size.pair, self.size.load)
        return draw_five_transistor(self.draw, owner, size, plus=plus, minus=minus, out=out, bias="pb")
