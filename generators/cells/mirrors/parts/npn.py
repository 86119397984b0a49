"""Shared parts of the mirrors of npn transistors: fields, arrays, V_BE."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import TYPE_CHECKING, Annotated, ClassVar

from mirrorneuron.generators.cells.mirrors.parts.spec import MirrorSpec
from mirrorneuron.generators.placement import common_centroid
from mirrorneuron.generators.placement.rows import centred_rows
from mirrorneuron.generators.primitives.bipolar import draw_bipolars
from mirrorneuron.generators.spec import OneOf
from mirrorneuron.generators.units import BipolarArray
from mirrorneuron.pdk_sky130.devices import BIPOLARS, NO_PNP, bipolar
from mirrorneuron.pdk_sky130.errors import SpecError
from pydantic import Field

if TYPE_CHECKING:
    from mirrorneuron.generators.primitives.drawing import Drawing
    from mirrorneuron.generators.primitives.sheet import Block

__all__ = ["NPN", "NpnMirrorSpec", "base_emitter", "draw_npn", "npn_alone", "npn_array"]

NPN = tuple(BIPOLARS)
"""The npn transistors."""


class NpnMirrorSpec(MirrorSpec, init=False):
    """A mirror of npn transistors, whose sizes the foundry fixes."""

    w: ClassVar[float]  # type: ignore[misc]
    l: ClassVar[float]  # type: ignore[misc]  # noqa: E741

    device: Annotated[
        str,
        OneOf(
            words=NPN,
            rule=f"the npn transistors of the process that have a model; {NO_PNP}",
            remedy="other sizes by their count",
        ),
    ] = Field(NPN[0], description="Unit transistor")

    @property
    def main_device(self) -> str:
        """The unit transistor's name."""
        return self.device


def npn_alone(spec: MirrorSpec) -> None:
    """Refuse polarity p.

    Raises
    ------
    SpecError
        The polarity is p.
    """
    if spec.polarity == "p":
        raise SpecError(
            f"polarity is p: {spec.cell} is n alone with bipolar transistors: {NO_PNP}. Take a mirror of p "
            "transistors, such as mirror_cascode"
        )


def npn_array(device: str, counts: Mapping[str, int]) -> BipolarArray:
    """An array of so many npn by owner, about as high as wide."""
    units = sum(counts.values())
    rows = centred_rows(max(1, round(sqrt(units))), counts)
    return BipolarArray(device, common_centroid(counts, rows=min(rows, units), edge_columns=0))


def draw_npn(
    draw: Drawing, name: str, size: BipolarArray, nets: Mapping[str, tuple[str, str, str]], substrate: str
) -> Block:
    """Draw the array, with collector, base and emitter by owner."""
    return draw_bipolars(draw.sheet, draw.part(name), size, nets, substrate)


def base_emitter(spec: MirrorSpec) -> float:
    """V_BE of a unit at the spec's current, at ss and -40 C [V], by hand."""
    return bipolar(spec.main_device).base_emitter(spec.unit_current, slow=True)
