"""What mirrors with cascodes share: a cascode on each branch, and the bias of a wide-swing one's gates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mirrorneuron.generators.mirrors.parts import sizing

if TYPE_CHECKING:
    from mirrorneuron.generators.circuit import Parts
    from mirrorneuron.generators.mirrors.parts.spec import Cascoded, MirrorSpec
    from mirrorneuron.generators.primitives.drawing import Drawing
    from mirrorneuron.generators.primitives.sheet import Block

__all__ = ["add_cascode_bias", "add_cascodes", "draw_cascode_bias", "draw_cascodes"]


def add_cascodes(parts: Parts, spec: MirrorSpec, gate: str, drains: Mapping[str, str]) -> None:
    """Add a cascode on node ``BRANCH_x`` of each branch in `drains`; a branch is a pin, or ``bias``."""
    sizes = sizing.cascode_arrays(spec, bias=1)
    for branch, drain in drains.items():
        parts.array(f"{branch}_cascode", sizes[branch], f"{branch}_x", spec.side.rail, {"cascode": (drain, gate)})


def draw_cascodes(draw: Drawing, spec: MirrorSpec, gate: str, drains: Mapping[str, str]) -> list[Block]:
    """Draw a cascode on node ``low_BRANCH`` of each branch in `drains`; a branch is a pin, or ``bias``."""
    sizes = sizing.cascode_arrays(spec, bias=1)
    return [
        draw.array(
            f"cascode_{branch}",
            sizes[branch],
            gates={"cascode": gate},
            drains={"cascode": drain},
            source=f"low_{branch}",
            bulk=spec.side.rail,
        )
        for branch, drain in drains.items()
    ]


def add_cascode_bias(parts: Parts, spec: Cascoded, across: float) -> None:
    """Add what turns the current at ``fold`` into the gate line ``vb``, for `across` [V] of V_DS below the cascodes."""
    rail, other = spec.side.rail, spec.side.other
    parts.array("fold", sizing.fold_array(spec), other, other, {"in": ("fold", "fold"), "out": ("vb", "fold")})
    diode = sizing.array(sizing.bias_unit(spec, across), {"diode": 1})
    parts.array("diode", diode, rail, rail, {"diode": ("vb", "vb")})


def draw_cascode_bias(draw: Drawing, spec: Cascoded, across: float) -> list[Block]:
    """Draw what turns the current at ``copy`` into the gate line ``vcasc``: the diode, and the mirror above it."""
    fold = draw.array(
        "fold",
        sizing.fold_array(spec),
        gates={"in": "copy", "out": "copy"},
        drains={"in": "copy", "out": "vcasc"},
        source=spec.side.other,
    )
    size = sizing.array(sizing.bias_unit(spec, across), {"diode": 1})
    diode = draw.array("diode", size, gates={"diode": "vcasc"}, drains={"diode": "vcasc"}, source=spec.side.rail)
    return [diode, fold]
