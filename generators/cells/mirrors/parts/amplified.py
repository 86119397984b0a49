"""Shared parts of mirrors with amplifiers: the amplifiers' bias, and a regulated cascode for every output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirrorneuron.generators.blocks.five_transistor import (
    FiveTransistorNets,
    add_five_transistor,
    five_transistor_blocks,
)
from mirrorneuron.generators.cells.mirrors.parts import checks, sizing
from mirrorneuron.generators.cells.mirrors.parts.amplifiers import OUTPUT_CAPACITOR_NM, amplifier_sizes
from mirrorneuron.pdk_sky130.errors import SpecError

if TYPE_CHECKING:
    from mirrorneuron.generators.cells.mirrors.parts.spec import Amplified
    from mirrorneuron.generators.circuit import Parts
    from mirrorneuron.generators.primitives.drawing import Drawing
    from mirrorneuron.generators.primitives.sheet import Block

__all__ = [
    "SUPPLIES",
    "add_amplifier",
    "add_bias",
    "add_outputs",
    "check_input",
    "check_output_gates",
    "draw_amplifier",
    "draw_bias",
    "draw_outputs",
]

SUPPLIES: Final = ("vdd", "vss")

_REACH_UNITS: Final = {"n": 0.70, "p": 0.60}
_REACH_CASCODE: Final = {"n": 0.75, "p": 0.65}
"""Swing of an amplifier's output beyond its inputs [V], up to the sources of its pair, by the mirror's polarity: n
pairs have less V_GS than p pairs. From the highest currents at which units of 2/2 held their ratio within 10 % at five
corners and three temperatures."""


def check_output_gates(spec: Amplified, node: tuple[str, float], headroom: tuple[str, float]) -> None:
    """Refuse a mirror whose cascodes' gates are out of reach: of the amplifiers, or of the supply.

    Where an amplifier does not reach its gate, the held node falls; that costs little as long as the units stay
    saturated.

    Parameters
    ----------
    node
        The voltage that the cascodes' sources are held at, by name [V].
    headroom
        The amplifier's voltage between its output and the supply, by name [V].

    Raises
    ------
    SpecError
        A gate is out of reach; the message has the numbers.
    """
    held = node[1]
    cascode = checks.gate_source(spec, sizing.cascode_unit(spec), above=held)
    fall = max(0.0, held - checks.saturation(spec, sizing.unit_of(spec)))
    _check_reach(spec, "cascodes' gates", held + cascode, held + _REACH_CASCODE[spec.polarity] + fall)
    checks.fits_under_the_supply(spec, "output's gate", dict([("V_GS of the cascode", cascode), node, headroom]))


def check_input(spec: Amplified, reference: float) -> None:
    """Refuse a mirror whose input's amplifier, with its input at `reference` [V], does not reach the units' gates.

    Raises
    ------
    SpecError
        The gates are out of reach; the message has the numbers.
    """
    gate = checks.gate_source(spec, sizing.unit_of(spec))
    _check_reach(spec, "units' gates", gate, reference + _REACH_UNITS[spec.polarity])


def _check_reach(spec: Amplified, gates: str, needed: float, reach: float) -> None:
    if needed > reach:
        lvt = "" if spec.main_device.endswith("_lvt") else f" device: {spec.main_device}_lvt,"
        raise SpecError(
            f"current is {spec.current * 1e6:g} uA, {spec.unit_current * 1e6:g} uA a unit of {spec.w:g}/{spec.l:g} um: "
            f"the {gates} must be {needed:.2f} V from {spec.side.rail} at ss, -40 or 125 C, and the amplifiers reach "
            f"{reach:.2f} V. Take less current a unit,{lvt} wider units or cascodes, or another mirror"
        )


def add_bias(parts: Parts, spec: Amplified) -> None:
    """Add the mirrors from pin ``ibias`` to the gate line ``tails`` of the amplifiers' tails."""
    sizes, rail, other = amplifier_sizes(spec), spec.side.rail, spec.side.other
    parts.array("bias", sizes.bias, rail, rail, {"in": ("ibias", "ibias"), "out": ("tails", "ibias")})
    parts.array("bias_tails", sizes.tails, other, other, {"diode": ("tails", "tails")})


def draw_bias(draw: Drawing, spec: Amplified) -> list[Block]:
    """Draw the mirrors from pin ``ibias`` to the gate line ``pb`` of the amplifiers' tails."""
    sizes, rail, other = amplifier_sizes(spec), spec.side.rail, spec.side.other
    first = draw.array(
        "bias",
        sizes.bias,
        gates={"in": "ibias", "out": "ibias"},
        drains={"in": "ibias", "out": "pb"},
        source=rail,
    )
    return [first, draw.array("bias_tails", sizes.tails, gates={"diode": "pb"}, drains={"diode": "pb"}, source=other)]


def add_amplifier(parts: Parts, spec: Amplified, name: str, *, plus: str, minus: str, out: str) -> None:
    """Add an amplifier of the mirror's polarity."""
    side = spec.side
    nets = FiveTransistorNets(plus=plus, minus=minus, out=out, bias="tails", rail=side.rail, other=side.other)
    add_five_transistor(parts, name, amplifier_sizes(spec).amplifier, nets)


def draw_amplifier(draw: Drawing, spec: Amplified, name: str, *, plus: str, minus: str, out: str) -> list[Block]:
    """Draw an amplifier of the mirror's polarity as arrays, the pair last: next to what is stacked on it."""
    side = spec.side
    nets = FiveTransistorNets(plus=plus, minus=minus, out=out, bias="pb", rail=side.rail, other=side.other)
    return [*reversed(five_transistor_blocks(draw, name, amplifier_sizes(spec).amplifier, nets))]


def add_outputs(parts: Parts, spec: Amplified, reference: str) -> None:
    """For every output add a cascode, and an amplifier that holds the cascode's source at the net `reference`."""
    cascodes, rail = sizing.cascode_arrays(spec), spec.side.rail
    for pin in spec.outputs:
        node, gate = f"{pin}_x", f"{pin}_gate"
        parts.array(f"{pin}_cascode", cascodes[pin], node, rail, {"cascode": (pin, gate)})
        add_amplifier(parts, spec, pin, plus=reference, minus=node, out=gate)
        parts.capacitor(f"{pin}_capacitor", OUTPUT_CAPACITOR_NM, top=gate, bottom=rail)


def draw_outputs(draw: Drawing, spec: Amplified, reference: str) -> list[Block]:
    """For every output draw its amplifier, capacitor and cascode, bottom up, the first output last: next to the
    array."""
    cascodes, rail = sizing.cascode_arrays(spec), spec.side.rail
    blocks: list[Block] = []
    for pin in reversed(spec.outputs):
        node, gate = f"low_{pin}", f"drive_{pin}"
        blocks += draw_amplifier(draw, spec, pin, plus=reference, minus=node, out=gate)
        blocks.append(draw.capacitor(f"{pin}_capacitor", OUTPUT_CAPACITOR_NM, top=gate, bottom=rail))
        cascode = draw.array(
            f"{pin}_cascode",
            cascodes[pin],
            gates={"cascode": gate},
            drains={"cascode": pin},
            source=node,
            bulk=rail,
        )
        blocks.append(cascode)
    return blocks
