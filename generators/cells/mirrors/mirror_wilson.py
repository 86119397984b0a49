"""The Wilson mirror: the output's current, mirrored back, is held against the input's by the output's own gate.

::

    iin --+--------------.   iout1
          |              '--|  cascode
          |                 |
          |                x2 --+
          |                 |   |
       |--------------------|---'
      ref                  main, a diode
      rail                  rail

Further outputs hang on the same two gates; only the first is inside the loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mirrorneuron.generators.cell import Cell
from mirrorneuron.generators.cells.mirrors.parts.theory import MirrorPoint, counted_units
from mirrorneuron.generators.cells.mirrors.parts.wilson import (
    WilsonSpec,
    wilson_circuit,
    wilson_error,
    wilson_hand,
    wilson_layout,
)
from mirrorneuron.generators.circuit import Netlist
from mirrorneuron.generators.hand import Hand
from mirrorneuron.generators.spec import NAME_TEXT, Name, kind_of_cell
from pydantic import Field

if TYPE_CHECKING:
    from klayout import db as kdb

__all__ = ["CELL", "MirrorWilsonSpec"]


class MirrorWilsonSpec(WilsonSpec, init=False):
    """The Wilson mirror: a high output resistance by feedback; its V_DS differ by a gate-source voltage."""

    cell: Annotated[str, kind_of_cell("mirror_wilson")] = Field("mirror_wilson", description="Kind of cell")
    name: Name = Field("mirror_wilson", description=NAME_TEXT)

    @property
    def systematic_error(self) -> float:
        """Ratio error by hand with the outputs at the input's voltage [%]: -lambda V_GS, at any output voltage."""
        return wilson_error(MirrorPoint(self))


def circuit(spec: MirrorWilsonSpec) -> Netlist:
    """Pins: ``iin``, the outputs, the rail."""
    return wilson_circuit(spec, diode=False)


def layout(spec: MirrorWilsonSpec) -> kdb.Layout:
    """The matched array on the left of a spine, the cascodes on the right."""
    return wilson_layout(spec, diode=False)


def hand(spec: MirrorWilsonSpec) -> dict[str, Hand]:
    """Hand values: the error of unequal V_DS, r_o (2 + g_m r_o) of output resistance."""
    at = MirrorPoint(spec)
    return counted_units(at, wilson_hand(at))


CELL = Cell(spec=MirrorWilsonSpec, circuit=circuit, layout=layout, family="mirror", hand=hand)
