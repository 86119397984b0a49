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

__all__ = ["FiveTransistorSize", "add_five_transistor", "draw_five_transistor", "five_transistor_blocks"]


@dataclass(frozen=True)
class FiveTransistorSize:
    """Arrays and their owners: ``tail`` (``tail``), ``pair`` (``plus``, ``minus``), ``load`` (``diode``, ``out``)."""

    tail: ArraySize
    pair: ArraySize
    load: ArraySize


def add_five_transistor(
    parts: Parts,
    name: str,
    size: FiveTransistorSize,
    *,
    plus: str,
    minus: str,
    out: str,
    bias: str,
    rail: str = "vss",
    other: str = "vdd",
) -> None:
    """Add the amplifier's transistors to a circuit; `bias` is the gate line of its tail."""
    top, diode = f"{name}_tail", f"{name}_diode"
    parts.array(f"{name}_tail", size.tail, other, other, {"tail": (top, bias)})
    parts.array(f"{name}_pair", size.pair, top, other, {"plus": (diode, plus), "minus": (out, minus)})
    parts.array(f"{name}_load", size.load, rail, rail, {"diode": (diode, diode), "out": (out, diode)})


def five_transistor_blocks(
    drawing: Drawing,
    name: str,
    size: FiveTransistorSize,
    *,
    plus: str,
    minus: str,
    out: str,
    bias: str,
    rail: str = "vss",
    other: str = "vdd",
) -> list[Block]:
    """Draw the amplifier's arrays: pair, load and tail."""
    top, diode = f"{name}_tail", f"{name}_diode"
    load = drawing.array(
        f"{name}_load",
        size.load,
        gates={"diode": diode, "out": diode},
        drains={"diode": diode, "out": out},
        source=rail,
    )
    pair = drawing.array(
        f"{name}_pair",
        size.pair,
        gates={"plus": plus, "minus": minus},
        drains={"plus": diode, "minus": out},
        source=top,
        bulk=other,
    )
    tail = drawing.array(f"{name}_tail", size.tail, gates={"tail": bias}, drains={"tail": top}, source=other)
    return [pair, load, tail]


def draw_five_transistor(
    drawing: Drawing, name: str, size: FiveTransistorSize, *, plus: str, minus: str, out: str, bias: str
) -> Block:
    """Draw the amplifier as one block: load, pair and tail on each other, left of a spine."""
    pair, load, tail = five_transistor_blocks(drawing, name, size, plus=plus, minus=minus, out=out, bias=bias)
    return drawing.compose(f"{name}_amplifier", left=[load, pair, tail], exports=[plus, minus, out, bias, "vdd", "vss"])
