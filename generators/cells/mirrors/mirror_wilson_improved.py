"""The improved Wilson mirror: a diode more, so that both lower transistors have one V_DS.

::

    iin --+--.             iout1
          |  +------------|  cascode
       |--'                 |
    x1 |  diode            x2 --+
       |                    |   |
       |--------------------|---'
      ref                  main, a diode
      rail                  rail

Further outputs hang on the same two gates; only the first is inside the loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mirrorneuron.generators.cell import Cell
from mirrorneuron.generators.cells.mirrors.parts.theory import MirrorPoint, counted_units, equal_v_ds
from mirrorneuron.generators.cells.mirrors.parts.wilson import WilsonSpec, wilson_circuit, wilson_hand, wilson_layout
from mirrorneuron.generators.circuit import Netlist
from mirrorneuron.generators.hand import Hand
from mirrorneuron.generators.spec import NAME_TEXT, Name, kind_of_cell
from pydantic import Field

if TYPE_CHECKING:
    from klayout import db as kdb

__all__ = ["CELL", "MirrorWilsonImprovedSpec"]


class MirrorWilsonImprovedSpec(WilsonSpec, init=False):
    """The improved Wilson mirror: feedback like Wilson's, and equal V_DS."""

    cell: Annotated[str, kind_of_cell("mirror_wilson_improved")] = Field(
        "mirror_wilson_improved", description="Kind of cell"
    )
    name: Name = Field("mirror_wilson_improved", description=NAME_TEXT)


def circuit(spec: MirrorWilsonImprovedSpec) -> Netlist:
    """Pins: ``iin``, the outputs, the rail."""
    return wilson_circuit(spec, diode=True)


def layout(spec: MirrorWilsonImprovedSpec) -> kdb.Layout:
    """The matched array on the left of a spine, the cascodes on the right."""
    return wilson_layout(spec, diode=True)


def hand(spec: MirrorWilsonImprovedSpec) -> dict[str, Hand]:
    """Hand values: those of the Wilson mirror, without its error."""
    at = MirrorPoint(spec)
    return counted_units(at, {**wilson_hand(at), **equal_v_ds(at_supply=True)})


CELL = Cell(spec=MirrorWilsonImprovedSpec, circuit=circuit, layout=layout, family="mirror", hand=hand)
