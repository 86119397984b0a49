"""What mirrors with amplifiers share: the lines that bias them, and a regulated cascode for every output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirrorneuron.generators.blocks.five_transistor import add_five_transistor, five_transistor_blocks
from mirrorneuron.generators.cells.mirrors.parts import sizing
from mirrorneuron.pdk_sky130.errors import SpecError

if TYPE_CHECKING:
    from mirrorneuron.generators.cells.mirrors.parts.spec import Amplified
    from mirrorneuron.generators.circuit import Parts
    from mirrorneuron.generators.primitives.drawing import Drawing
    from mirrorneuron.generators.primitives.sheet import Block

__all__ = [
    "add_amplifier",
    "add_bias",
    "add_outputs",
    "check_gates",
    "check_input",
    "draw_amplifier",
    "draw_bias",
    "draw_outputs",
]


_REACH = {"n": (0.70, 0.75), "p": (0.60, 0.65)}
"""How far beyond its inputs an amplifier's output goes, to units and to a cascode [V]: to the sources of its pair. From
the highest currents at which units of 2/2 held their ratio within 10 % at five corners and three temperatures; n pairs
have less V_GS than p ones."""


def check_gates(spec: Amplified, reference: float) -> None:
    """Refuse a mirror whose outputs' amplifiers, held at `reference` [V], do not reach the cascodes' gates.

    Where they do not, the node between falls, which costs little as long as the units stay saturated.

    Raises
    ------
    SpecError
        They do not; the message has the numbers.
    """
    upper = sizing.gate_source(spec, sizing.cascode_unit(spec), above=reference)
    falls = max(0.0, reference - sizing.saturation(spec, sizing.unit_of(spec)))
    _reached(spec, "cascodes' gates", reference + upper, reference + _REACH[spec.polarity][1] + falls)


def check_input(spec: Amplified, reference: float) -> None:
    """Refuse a mirror whose input's amplifier does not reach the units' gates; raises as `check_gates`."""
    gate = sizing.gate_source(spec, sizing.unit_of(spec))
    _reached(spec, "units' gates", gate, reference + _REACH[spec.polarity][0])


def _reached(spec: Amplified, what: str, gate: float, most: float) -> None:
    if gate > most:
        lvt = "" if spec.main_device.endswith("_lvt") else f" device: {spec.main_device}_lvt,"
        raise SpecError(
            f"current is {spec.current * 1e6:g} uA, {spec.unit_current * 1e6:g} uA a unit of {spec.w:g}/{spec.l:g} um: "
            f"the {what} must be {gate:.2f} V from {spec.side.rail} at ss, -40 or 125 C, and the amplifiers reach "
            f"{most:.2f} V. Take less current a unit,{lvt} wider units or cascodes, or another mirror"
        )


def add_bias(parts: Parts, spec: Amplified) -> None:
    """The mirrors from pin ``ibias`` to the gate line ``tails`` of the amplifiers' tails."""
    sizes, rail, other = sizing.amplifier_sizes(spec), spec.side.rail, spec.side.other
    parts.array("bias", sizes.bias, rail, rail, {"in": ("ibias", "ibias"), "out": ("tails", "ibias")})
    parts.array("bias_tails", sizes.tails, other, other, {"diode": ("tails", "tails")})


def add_amplifier(parts: Parts, spec: Amplified, name: str, *, plus: str, minus: str, out: str) -> None:
    """An amplifier of the mirror's polarity."""
    side, size = spec.side, sizing.amplifier_sizes(spec).amplifier
    add_five_transistor(
        parts, name, size, plus=plus, minus=minus, out=out, bias="tails", rail=side.rail, other=side.other
    )


def add_outputs(parts: Parts, spec: Amplified, reference: str) -> None:
    """For every output a cascode, and an amplifier that holds the cascode's source at the net `reference`."""
    cascodes, rail = sizing.cascode_arrays(spec), spec.side.rail
    for pin in spec.outputs:
        node, gate = f"{pin}_x", f"{pin}_gate"
        parts.array(f"{pin}_cascode", cascodes[pin], node, rail, {"cascode": (pin, gate)})
        add_amplifier(parts, spec, pin, plus=reference, minus=node, out=gate)
        parts.capacitor(f"{pin}_capacitor", sizing.OUTPUT_CAPACITOR_NM, top=gate, bottom=rail)


def draw_bias(draw: Drawing, spec: Amplified) -> list[Block]:
    """The bias mirrors."""
    sizes, rail, other = sizing.amplifier_sizes(spec), spec.side.rail, spec.side.other
    first = draw.array(
        "bias",
        sizes.bias,
        gates={"in": "ibias", "out": "ibias"},
        drains={"in": "ibias", "out": "pb"},
        source=rail,
    )
    return [first, draw.array("bias_tails", sizes.tails, gates={"diode": "pb"}, drains={"diode": "pb"}, source=other)]


def draw_amplifier(draw: Drawing, spec: Amplified, name: str, *, plus: str, minus: str, out: str) -> list[Block]:
    """The arrays of an amplifier of the mirror's polarity, the pair's last: next to what is stacked on it."""
    side, size = spec.side, sizing.amplifier_sizes(spec).amplifier
    blocks = five_transistor_blocks(
        draw, name, size, plus=plus, minus=minus, out=out, bias="pb", rail=side.rail, other=side.other
    )
    return blocks[::-1]


def draw_outputs(draw: Drawing, spec: Amplified, reference: str) -> list[Block]:
    """For every output its amplifier, capacitor and cascode, bottom up, the first output's last: next to the array."""
    cascodes, rail = sizing.cascode_arrays(spec), spec.side.rail
    blocks: list[Block] = []
    for pin in reversed(spec.outputs):
        node, gate = f"low_{pin}", f"drive_{pin}"
        blocks += draw_amplifier(draw, spec, pin, plus=reference, minus=node, out=gate)
        blocks.append(draw.capacitor(f"{pin}_capacitor", sizing.OUTPUT_CAPACITOR_NM, top=gate, bottom=rail))
        blocks.append(
            draw.array(
                f"{pin}_cascode",
                cascodes[pin],
                gates={"cascode": gate},
                drains={"cascode": pin},
                source=node,
                bulk=rail,
            )
        )
    return blocks
