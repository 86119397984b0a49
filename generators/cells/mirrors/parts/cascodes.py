"""What mirrors with cascodes share: a cascode on each branch, and the bias of a wide-swing one's gates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mirrorneuron.generators.cells.mirrors.parts import sizing

if TYPE_CHECKING:
    from mirrorneuron.generators.cells.mirrors.parts.spec import Cascoded, MirrorSpec
    from mirrorneuron.generators.circuit import Parts
    from mirrorneuron.generators.primitives.drawing import Drawing
    from mirrorneuron.generators.primitives.sheet import Block

__all__ = ["add_cascode_bias", "add_cascodes", "draw_cascode_bias", "draw_cascodes"]


def add_cascodes(parts: Parts, spec: MirrorSpec, gate: str, drains: Mapping[str, str]) -> None:
    """Add a cascode on node ``PIN_x`` of each pin in `drains`."""
    sizes = sizing.cascode_arrays(spec)
    for pin, drain in drains.items():
        parts.array(f"{pin}_cascode", sizes[pin], f"{pin}_x", spec.side.rail, {"cascode": (drain, gate)})


def draw_cascodes(draw: Drawing, spec: MirrorSpec, gate: str, drains: dict[str, str]) -> list[Block]:
    """Draw a cascode on node ``low_PIN`` of each pin in `drains`, bottom up: the first next to the array."""
    sizes = sizing.cascode_arrays(spec)
    return [
        draw.array(
            f"cascode_{pin}",
            sizes[pin],
            gates={"cascode": gate},
            drains={"cascode": drains[pin]},
            source=f"low_{pin}",
            bulk=spec.side.rail,
        )
        for pin in reversed(drains)
    ]


def add_cascode_bias(parts: Parts, spec: Cascoded, gate: str, across: float) -> None:
    """Add what makes the gate line ``vb`` from the gate line `gate` of the units, for `across` [V] of V_DS below the
    cascodes: a copy of the current, a mirror that folds it back, and a diode.

    The copy has no cascode, whose gate would be ``vb`` again: without current it would never start.
    """
    rail, other = spec.side.rail, spec.side.other
    sizes = sizing.bias_arrays(spec, across)
    parts.array("copy", sizes.copy, rail, rail, {"copy": ("fold", gate)})
    parts.array("fold", sizes.fold, other, other, {"in": ("fold", "fold"), "out": ("vb", "fold")})
    parts.array("diode", sizes.diode, rail, rail, {"diode": ("vb", "vb")})


def draw_cascode_bias(draw: Drawing, spec: Cascoded, gate: str, across: float) -> list[Block]:
    """Draw what makes the gate line ``vcasc`` from the line `gate`: mirror, diode and copy, bottom up."""
    rail = spec.side.rail
    sizes = sizing.bias_arrays(spec, across)
    fold = draw.array(
        "fold",
        sizes.fold,
        gates={"in": "turn", "out": "turn"},
        drains={"in": "turn", "out": "vcasc"},
        source=spec.side.other,
    )
    diode = draw.array("diode", sizes.diode, gates={"diode": "vcasc"}, drains={"diode": "vcasc"}, source=rail)
    copy = draw.array("copy", sizes.copy, gates={"copy": gate}, drains={"copy": "turn"}, source=rail)
    return [fold, diode, copy]
