"""The five-transistor amplifier for inputs near a rail, as regulated mirrors have them: p inputs for the lower supply.

::

             other
               |
    bias --| tail
               |
         .-----+-----.
    plus |           | minus      out rises with plus
         |           |
      diode ---.    out
         |     |     |
         '-| load |-'
              rail
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirrorneuron.generators.units import ArraySize

if TYPE_CHECKING:
    from mirrorneuron.generators.circuit import Parts
    from mirrorneuron.generators.primitives.drawing import Drawing
    from mirrorneuron.generators.primitives.sheet import Block

__all__ = [
    "FiveTransistorNets",
    "FiveTransistorSize",
    "add_five_transistor",
    "draw_five_transistor",
    "five_transistor_blocks",
]


@dataclass(frozen=True)
class FiveTransistorSize:
    """Arrays and their owners: ``tail`` (``tail``), ``pair`` (``plus``, ``minus``), ``load`` (``diode``, ``out``)."""

    tail: ArraySize
    pair: ArraySize
    load: ArraySize


@dataclass(frozen=True, kw_only=True)
class FiveTransistorNets:
    """The amplifier's nets: inputs, output, gate line of the tail, the load's supply and the tail's."""

    plus: str
    minus: str
    out: str
    bias: str
    rail: str = "vss"
    other: str = "vdd"


def add_five_transistor(parts: Parts, name: str, size: FiveTransistorSize, nets: FiveTransistorNets) -> None:
    """Add the amplifier's transistors to a circuit."""
    top, diode = f"{name}_tail", f"{name}_diode"
    parts.array(f"{name}_tail", size.tail, nets.other, nets.other, {"tail": (top, nets.bias)})
    pair = {"plus": (diode, nets.plus), "minus": (nets.out, nets.minus)}
    parts.array(f"{name}_pair", size.pair, top, nets.other, pair)
    parts.array(f"{name}_load", size.load, nets.rail, nets.rail, {"diode": (diode, diode), "out": (nets.out, diode)})


def five_transistor_blocks(
    draw: Drawing, name: str, size: FiveTransistorSize, nets: FiveTransistorNets
) -> tuple[Block, Block, Block]:
    """Draw the amplifier's arrays: pair, load and tail."""
    top, diode = f"{name}_tail", f"{name}_diode"
    load = draw.array(
        f"{name}_load",
        size.load,
        gates={"diode": diode, "out": diode},
        drains={"diode": diode, "out": nets.out},
        source=nets.rail,
    )
    pair = draw.array(
        f"{name}_pair",
        size.pair,
        gates={"plus": nets.plus, "minus": nets.minus},
        drains={"plus": diode, "minus": nets.out},
        source=top,
        bulk=nets.other,
    )
    tail = draw.array(f"{name}_tail", size.tail, gates={"tail": nets.bias}, drains={"tail": top}, source=nets.other)
    return pair, load, tail


def draw_five_transistor(draw: Drawing, name: str, size: FiveTransistorSize, nets: FiveTransistorNets) -> Block:
    """Draw the amplifier as one block: load, pair and tail stacked left of a spine."""
    pair, load, tail = five_transistor_blocks(draw, name, size, nets)
    exports = [nets.plus, nets.minus, nets.out, nets.bias, nets.other, nets.rail]
    return draw.compose(f"{name}_amplifier", left=[load, pair, tail], exports=exports)
