"""The layout of a neuron, from its spec and sizes; its nets are named here, independently of the circuit.

::

    left of the spine: a row for each input        right: the path of the columns' currents
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

from mirrorneuron.generators.blocks.five_transistor import (
    FiveTransistorNets,
    FiveTransistorSize,
    draw_five_transistor,
)
from mirrorneuron.generators.cells.neuron.sizing import NeuronSizing, size_neuron
from mirrorneuron.generators.cells.neuron.spec import NeuronSpec
from mirrorneuron.generators.primitives.drawing import Drawing
from mirrorneuron.generators.primitives.sheet import Block

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
    size, draw = size_neuron(spec), Drawing(spec.name, SUPPLIES, spec.variant)
    inputs = [f"iin{i}" for i in range(len(spec.weights))]
    return draw.finish(
        left=[_row(draw, size, i, weight) for i, weight in enumerate(spec.weights)],
        right=[_bias(draw, size), _column(draw, size, "p"), _column(draw, size, "n"), _sigmoid(draw, size)],
        pins=["iout", "vref", "ibias", VDD, VSS, *inputs],
        at_edge=inputs,
    )


def _row(draw: Drawing, size: NeuronSizing, i: int, weight: int) -> Block:
    """An input: its amplifier on the left, on the right its matched array and the capacitor from gate to input."""
    gate, line, column = f"g{i}", f"iin{i}", "colp" if weight > 0 else "coln"
    array = draw.array(
        f"row{i}_array",
        size.rows[i],
        gates={"ref": gate, "weight": gate},
        drains={"ref": line, "weight": column},
        source=VSS,
    )
    capacitor = draw.capacitor(f"row{i}_capacitor", size.row_capacitor_nm[i], top=gate, bottom=line)
    nets = FiveTransistorNets(plus=line, minus="vref", out=gate, bias="pb")
    amplifier = draw_five_transistor(draw, f"row{i}", FiveTransistorSize(size.tail, size.pair, size.load), nets)
    return draw.compose(
        f"row{i}",
        left=[amplifier],
        right=[array, capacitor],
        exports=[line, "vref", "pb", VDD, VSS, *([column] if weight else [])],
        ports={line: "iin", column: "col"},
    )


def _column(draw: Drawing, size: NeuronSizing, sign: str) -> Block:
    """A summing column's regulated cascode on the left, on the right the mirror that divides its current."""
    name, column, gate, drain = f"column_{sign}", f"col{sign}", f"h{sign}", f"x{sign}"
    out = "x" if sign == "p" else "sink"
    regulated = draw.array(
        f"{name}_cascode",
        size.regulated,
        gates={"cascode": gate},
        drains={"cascode": drain},
        source=column,
        bulk=VSS,
    )
    nets = FiveTransistorNets(plus="vref", minus=column, out=gate, bias="pb")
    amplifier = draw_five_transistor(draw, name, FiveTransistorSize(size.column_tail, size.pair, size.load), nets)
    return draw.compose(
        name,
        left=[amplifier, regulated],
        right=_mirror(draw, size, sign, drain, out),
        exports=[column, out, "vref", "pb", VDD, VSS],
        ports={column: "col", out: "out"},
    )


def _mirror(draw: Drawing, size: NeuronSizing, sign: str, drain: str, out: str) -> list[Block]:
    """A column's cascode mirror, from the net `drain` to `out`."""
    name, inner_in, inner_out = f"column_{sign}_mirror", f"y{sign}", f"z{sign}"
    mirror = draw.array(
        name,
        size.mirror,
        gates={"in": drain, "out": drain},
        drains={"in": inner_in, "out": inner_out},
        source=VDD,
    )
    cascode_in = draw.array(
        f"{name}_cascode_in",
        size.mirror_cascode_in,
        gates={"in": drain},
        drains={"in": drain},
        source=inner_in,
        bulk=VDD,
    )
    cascode_out = draw.array(
        f"{name}_cascode_out",
        size.mirror_cascode_out,
        gates={"out": drain},
        drains={"out": out},
        source=inner_out,
        bulk=VDD,
    )
    return [mirror, cascode_in, cascode_out]


def _bias(draw: Drawing, size: NeuronSizing) -> Block:
    """The mirrors that spread the bias current."""
    n = draw.array(
        "bias_n",
        size.bias_n,
        gates=dict.fromkeys(("in", "pb", "lg", "colp", "coln"), "ibias"),
        drains={"in": "ibias", "pb": "pb", "lg": "lg", "colp": "colp", "coln": "coln"},
        source=VSS,
    )
    p = draw.array(
        "bias_p",
        size.bias_p,
        gates=dict.fromkeys(("in", "x", "y", "tail"), "pb"),
        drains={"in": "pb", "x": "pedx", "y": "pedy", "tail": "ty"},
        source=VDD,
    )
    resistor = draw.array("resistor_bias", size.resistor_bias, gates={"in": "lg"}, drains={"in": "lg"}, source=VDD)
    return draw.compose(
        "bias",
        left=[n, resistor],
        right=[p],
        exports=["ibias", "lg", "colp", "coln", "pb", "pedx", "pedy", "ty", VDD, VSS],
    )


def _sigmoid(draw: Drawing, size: NeuronSizing) -> Block:
    """The subtraction at node x on the left; on the right the triode transistors and the pair that compares x and y."""
    sink = draw.array(
        "sink",
        size.sink,
        gates={"in": "sink", "out": "sink"},
        drains={"in": "sink_in", "out": "sink_out"},
        source=VSS,
    )
    return draw.compose(
        "sigmoid",
        left=[sink, *_sink_cascodes(draw, size), *_pedestals(draw, size)],
        right=_output_stage(draw, size),
        exports=["x", "sink", "lg", "pb", "pedx", "pedy", "ty", "iout", VDD, VSS],
    )


def _sink_cascodes(draw: Drawing, size: NeuronSizing) -> list[Block]:
    return [
        draw.array(
            f"sink_cascode_{side}",
            size.sink_cascode,
            gates={"cascode": "sink"},
            drains={"cascode": drain},
            source=f"sink_{side}",
            bulk=VSS,
        )
        for side, drain in (("in", "sink"), ("out", "x"))
    ]


def _pedestals(draw: Drawing, size: NeuronSizing) -> list[Block]:
    return [
        draw.array(
            f"pedestal_cascode_{node}",
            size.pedestal_cascode,
            gates={"cascode": "pb"},
            drains={"cascode": node},
            source=f"ped{node}",
            bulk=VDD,
        )
        for node in "xy"
    ]


def _output_stage(draw: Drawing, size: NeuronSizing) -> list[Block]:
    """The triode transistors, the pair, and the output's cascode."""
    resistor = draw.array(
        "resistor", size.resistor, gates={"x": "lg", "y": "lg"}, drains={"x": "x", "y": "y"}, source=VSS
    )
    pair = draw.array(
        "pair",
        size.sigmoid,
        gates={"y": "y", "x": "x"},
        drains={"y": "op", "x": VSS},
        source="ty",
        bulk="ty",
    )
    output = draw.array(
        "output_cascode",
        size.output_cascode,
        gates={"cascode": VSS},
        drains={"cascode": "iout"},
        source="op",
        bulk=VDD,
    )
    return [resistor, pair, output]
