"""The simple mirror: a diode, and transistors at its gate.

::

    iin --+---.          iout1   iout2
          |   |            |       |
          |   +------------+-------+--  gates
       |--'                |       |
         ref             1 : n1 :  n2
          |                |       |
         rail             rail    rail
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mirrorneuron.generators.cells.mirrors.parts import sizing
from mirrorneuron.generators.cells.mirrors.parts.spec import Mirror, MirrorSpec
from mirrorneuron.generators.circuit import Parts
from mirrorneuron.generators.primitives.drawing import Drawing
from mirrorneuron.generators.spec import NAME_TEXT, Name, kind_of_cell
from pydantic import Field

if TYPE_CHECKING:
    from klayout import db as kdb
    from mirrorneuron.generators.circuit import Netlist

__all__ = ["MIRROR", "MirrorSimpleSpec"]


class MirrorSimpleSpec(MirrorSpec, init=False):
    """The simple mirror: as small as a mirror can be, and as good as V_DS is equal."""

    cell: Annotated[str, kind_of_cell("mirror_simple")] = Field("mirror_simple", description="Kind of cell")
    name: Name = Field("mirror_simple", description=NAME_TEXT)


def circuit(spec: MirrorSimpleSpec) -> Netlist:
    """Pins: ``iin``, the outputs, the rail."""
    rail = spec.side.rail
    _check(spec)
    parts = Parts()
    parts.array("main", sizing.main_array(spec), rail, rail, {pin: (pin, "iin") for pin in spec.counts})
    return parts.netlist(spec.name, [*spec.counts, rail], spec.lines())


def layout(spec: MirrorSimpleSpec) -> kdb.Layout:
    """One matched array."""
    rail = spec.side.rail
    _check(spec)
    draw = Drawing(spec.name, [rail])
    pins = list(spec.counts)
    main = draw.array(
        "main",
        sizing.main_array(spec),
        gates=dict.fromkeys(pins, "iin"),
        drains={pin: pin for pin in pins},
        source=rail,
    )
    return draw.finish(left=[main], pins=[rail, *pins])


def _check(spec: MirrorSimpleSpec) -> None:
    unit = sizing.unit_of(spec)
    sizing.fits_under_the_supply(spec, "input", {"V_GS": sizing.gate_source(spec, unit)})


MIRROR = Mirror(spec=MirrorSimpleSpec, circuit=circuit, layout=layout)
