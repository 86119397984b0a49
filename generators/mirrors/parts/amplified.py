"""What mirrors with amplifiers share: the lines that bias them, and a regulated cascode for every output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirrorneuron.generators.amplifiers.five_transistor import add_five_transistor, five_transistor_blocks
from mirrorneuron.generators.mirrors.parts import sizing

if TYPE_CHECKING:
    from mirrorneuron.generators.circuit import Parts
    from mirrorneuron.generators.mirrors.parts.spec import Amplified
    from mirrorneuron.generators.primitives.drawing import Drawing
    from mirrorneuron.generators.primitives.sheet import Block

__all__ = ["add_bias", "add_outputs", "draw_bias", "draw_outputs"]

_VDD, _VSS = "vdd", "vss"


def add_bias(parts: Parts) -> None:
    """The mirrors from pin ``ibias`` to the line ``pb`` of the amplifiers' tails."""
    sizes = sizing.amplifier_sizes()
    parts.array("bias_n", sizes.bias_n, _VSS, _VSS, {"in": ("ibias", "ibias"), "pb": ("pb", "ibias")})
    parts.array("bias_p", sizes.bias_p, _VDD, _VDD, {"in": ("pb", "pb")})


def add_outputs(parts: Parts, spec: Amplified, reference: str) -> None:
    """For every output a cascode, and an amplifier that holds the cascode's source at the net `reference`."""
    cascodes, amplifier = sizing.cascode_arrays(spec), sizing.amplifier_sizes().amplifier
    for pin in spec.outputs:
        node, gate = f"{pin}_x", f"{pin}_gate"
        parts.array(f"{pin}_cascode", cascodes[pin], node, _VSS, {"cascode": (pin, gate)})
        add_five_transistor(parts, pin, amplifier, plus=reference, minus=node, out=gate, bias="pb")
        parts.capacitor(f"{pin}_capacitor", sizing.OUTPUT_CAPACITOR_NM, top=gate, bottom=_VSS)


def draw_bias(draw: Drawing) -> list[Block]:
    """The bias mirrors."""
    sizes = sizing.amplifier_sizes()
    n = draw.array(
        "bias_n",
        sizes.bias_n,
        gates={"in": "ibias", "pb": "ibias"},
        drains={"in": "ibias", "pb": "tails"},
        source=_VSS,
    )
    p = draw.array("bias_p", sizes.bias_p, gates={"in": "tails"}, drains={"in": "tails"}, source=_VDD)
    return [n, p]


def draw_outputs(draw: Drawing, spec: Amplified, reference: str) -> list[Block]:
    """For every output its amplifier, capacitor and cascode, bottom up, the first output's last: next to the array."""
    sizes, amplifier = sizing.cascode_arrays(spec), sizing.amplifier_sizes().amplifier
    blocks: list[Block] = []
    for pin in reversed(spec.outputs):
        node, gate = f"low_{pin}", f"drive_{pin}"
        blocks += reversed(
            five_transistor_blocks(draw, pin, amplifier, plus=reference, minus=node, out=gate, bias="tails")
        )
        blocks.append(draw.capacitor(f"{pin}_capacitor", sizing.OUTPUT_CAPACITOR_NM, top=gate, bottom=_VSS))
        blocks.append(
            draw.array(
                f"{pin}_cascode",
                sizes[pin],
                gates={"cascode": gate},
                drains={"cascode": pin},
                source=node,
                bulk=_VSS,
            )
        )
    return blocks
