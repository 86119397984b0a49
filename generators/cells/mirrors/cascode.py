"""The cascode mirror: two simple mirrors on each other. The upper one keeps the lower one's V_DS equal.

::

    iin --+--.            iout1
          |  |              |
       |--'  +------------|  cascode
       | ref cascode        |
    x1 +--.                x2
       |  |                 |
       |--'---------------|  main
      ref                   |
      rail                rail
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mirrorneuron.generators.cells.mirrors.parts import sizing
from mirrorneuron.generators.cells.mirrors.parts.cascodes import add_cascodes, draw_cascodes
from mirrorneuron.generators.cells.mirrors.parts.spec import Cascoded, Mirror
from mirrorneuron.generators.circuit import Parts
from mirrorneuron.generators.primitives.drawing import Drawing
from mirrorneuron.generators.spec import NAME_TEXT, Name, kind_of_cell
from pydantic import Field

if TYPE_CHECKING:
    from klayout import db as kdb
    from mirrorneuron.generators.circuit import Netlist

__all__ = ["MIRROR", "MirrorCascodeSpec"]


class MirrorCascodeSpec(Cascoded, init=False):
    """The cascode mirror: a high output resistance for two gate-source voltages of input."""

    P_DEVICE = "pfet_01v8_lvt"

    cell: Annotated[str, kind_of_cell("mirror_cascode")] = Field("mirror_cascode", description="Kind of cell")
    name: Name = Field("mirror_cascode", description=NAME_TEXT)


def circuit(spec: MirrorCascodeSpec) -> Netlist:
    """Pins: ``iin``, the outputs, the rail."""
    rail = spec.side.rail
    sizing.stack_fits(spec)
    parts = Parts()
    gate = "iin_x"
    parts.array("main", sizing.main_array(spec), rail, rail, {pin: (f"{pin}_x", gate) for pin in spec.counts})
    add_cascodes(parts, spec, "iin", {pin: pin for pin in spec.counts})
    return parts.netlist(spec.name, [*spec.counts, rail], spec.lines())


def layout(spec: MirrorCascodeSpec) -> kdb.Layout:
    """The matched array on the left of a spine, each pin's cascodes on the right."""
    rail = spec.side.rail
    sizing.stack_fits(spec)
    draw = Drawing(spec.name, [rail])
    pins = list(spec.counts)
    main = draw.array(
        "main",
        sizing.main_array(spec),
        gates=dict.fromkeys(pins, "low_iin"),
        drains={pin: f"low_{pin}" for pin in pins},
        source=rail,
    )
    cascodes = draw_cascodes(draw, spec, "iin", {pin: pin for pin in spec.counts})
    return draw.finish(left=[main], right=cascodes, pins=[rail, *pins], hang=True)


MIRROR = Mirror(spec=MirrorCascodeSpec, circuit=circuit, layout=layout)
