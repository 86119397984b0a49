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

from mirrorneuron.generators.neuron.sizing import size_neuron
from mirrorneuron.generators.neuron.spec import NeuronSpec
from mirrorneuron.generators.primitives.array import ArrayNets, draw_array
from mirrorneuron.generators.primitives.capacitor import draw_mim_capacitor
from mirrorneuron.generators.primitives.sheet import Block, Sheet
from mirrorneuron.generators.primitives.spine import compose, draw_pins
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
    top = compose(
        draw.sheet,
        spec.name,
        left=[draw.row(i) for i in range(len(spec.weights))],
        right=[draw.bias(), draw.column("p"), draw.column("n"), draw.sigmoid()],
        exports=["iout", "vref", "ibias", VDD, VSS],
        through=inputs,
        power=SUPPLIES,
    )
    draw_pins(draw.sheet, top, inputs)
    return draw.sheet.finish()


class _Neuron:
    """The blocks of one neuron on one sheet."""

    def __init__(self, spec: NeuronSpec) -> None:
        self.spec, self.size, self.sheet = spec, size_neuron(spec), Sheet()

    def row(self, i: int) -> Block:
        """An input: its amplifier on the left, on the right its matched array and the capacitor from gate to input."""
        weight = self.spec.weights[i]
        gate, line, column = f"g{i}", f"iin{i}", "colp" if weight > 0 else "coln"
        array = self._array(
            f"row{i}_array",
            self.size.rows[i],
            gates={"ref": gate, "weight": gate},
            drains={"ref": line, "weight": column},
            source=VSS,
        )
        capacitor = draw_mim_capacitor(
            self.sheet, self._name(f"row{i}_capacitor"), self.size.row_capacitor_nm[i], top=gate, bottom=line
        )
        return compose(
            self.sheet,
            self._name(f"row{i}"),
            left=[self._amplifier(f"row{i}", self.size.tail, plus=line, minus="vref", out=gate)],
            right=[array, capacitor],
            exports=[line, "vref", "pb", VDD, VSS, *([column] if weight else [])],
            power=SUPPLIES,
        )

    def column(self, sign: str) -> Block:
        """A summing column's regulated cascode and the mirror that scales its current down."""
        column, gate, drain = f"col{sign}", f"h{sign}", f"x{sign}"
        out = "x" if sign == "p" else "sink"
        regulated = self._array(
            f"column_{sign}_cascode",
            self.size.regulated,
            gates={"cascode": gate},
            drains={"cascode": drain},
            source=column,
            bulk=VSS,
        )
        mirror = self._array(
            f"column_{sign}_mirror",
            self.size.mirror,
            gates={"in": drain, "out": drain},
            drains={"in": f"y{sign}", "out": f"z{sign}"},
            source=VDD,
        )
        cascodes = [
            self._array(
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
        return compose(
            self.sheet,
            self._name(f"column_{sign}"),
            left=[
                self._amplifier(f"column_{sign}", self.size.column_tail, plus="vref", minus=column, out=gate),
                regulated,
            ],
            right=[mirror, *cascodes],
            exports=[column, out, "vref", "pb", VDD, VSS],
            power=SUPPLIES,
        )

    def bias(self) -> Block:
        """The mirrors that spread the bias current."""
        n = self._array(
            "bias_n",
            self.size.bias_n,
            gates=dict.fromkeys(("in", "pb", "lg", "colp", "coln"), "ibias"),
            drains={"in": "ibias", "pb": "pb", "lg": "lg", "colp": "colp", "coln": "coln"},
            source=VSS,
        )
        p = self._array(
            "bias_p",
            self.size.bias_p,
            gates=dict.fromkeys(("in", "x", "y", "tail"), "pb"),
            drains={"in": "pb", "x": "pedx", "y": "pedy", "tail": "ty"},
            source=VDD,
        )
        resistor = self._array(
            "resistor_bias", self.size.resistor_bias, gates={"in": "lg"}, drains={"in": "lg"}, source=VDD
        )
        return compose(
            self.sheet,
            self._name("bias"),
            left=[n, resistor],
            right=[p],
            exports=["ibias", "lg", "colp", "coln", "pb", "pedx", "pedy", "ty", VDD, VSS],
            power=SUPPLIES,
        )

    def sigmoid(self) -> Block:
        """The subtraction at node x, the triode transistors that turn its current into a voltage, and the pair."""
        sink = self._array(
            "sink",
            self.size.sink,
            gates={"in": "sink", "out": "sink"},
            drains={"in": "sink_in", "out": "sink_out"},
            source=VSS,
        )
        sink_cascodes = [
            self._array(
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
            self._array(
                f"pedestal_cascode_{node}",
                self.size.pedestal_cascode,
                gates={"cascode": "pb"},
                drains={"cascode": node},
                source=f"ped{node}",
                bulk=VDD,
            )
            for node in "xy"
        ]
        resistor = self._array(
            "resistor", self.size.resistor, gates={"x": "lg", "y": "lg"}, drains={"x": "x", "y": "y"}, source=VSS
        )
        pair = self._array(
            "pair",
            self.size.sigmoid,
            gates={"y": "y", "x": "x"},
            drains={"y": "op", "x": VSS},
            source="ty",
            bulk="ty",
        )
        output = self._array(
            "output_cascode",
            self.size.output_cascode,
            gates={"cascode": VSS},
            drains={"cascode": "iout"},
            source="op",
            bulk=VDD,
        )
        return compose(
            self.sheet,
            self._name("sigmoid"),
            left=[sink, *sink_cascodes, *pedestals],
            right=[resistor, pair, output],
            exports=["x", "sink", "lg", "pb", "pedx", "pedy", "ty", "iout", VDD, VSS],
            power=SUPPLIES,
        )

    def _amplifier(self, owner: str, tail: ArraySize, *, plus: str, minus: str, out: str) -> Block:
        """A five-transistor amplifier with p inputs: a tail, the pair, and the n mirror that loads it."""
        inner_tail, diode = f"{owner}_tail", f"{owner}_diode"
        load = self._array(
            f"{owner}_load",
            self.size.load,
            gates={"diode": diode, "out": diode},
            drains={"diode": diode, "out": out},
            source=VSS,
        )
        pair = self._array(
            f"{owner}_pair",
            self.size.pair,
            gates={"plus": plus, "minus": minus},
            drains={"plus": diode, "minus": out},
            source=inner_tail,
            bulk=VDD,
        )
        top = self._array(f"{owner}_tail", tail, gates={"tail": "pb"}, drains={"tail": inner_tail}, source=VDD)
        return compose(
            self.sheet,
            self._name(f"{owner}_amplifier"),
            left=[load, pair, top],
            exports=[plus, minus, out, "pb", VDD, VSS],
            power=SUPPLIES,
        )

    def _array(
        self,
        name: str,
        size: ArraySize,
        *,
        gates: dict[str, str],
        drains: dict[str, str],
        source: str,
        bulk: str | None = None,
    ) -> Block:
        return draw_array(self.sheet, self._name(name), size, ArrayNets(gates, drains, source, bulk or source))

    def _name(self, part: str) -> str:
        return f"{self.spec.name}_{part}"
