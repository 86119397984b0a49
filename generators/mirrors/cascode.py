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

from mirrorneuron.generators.circuit import Parts
from mirrorneuron.generators.mirrors.parts import sizing
from mirrorneuron.generators.mirrors.parts.spec import Mirror, MirrorSpec
from mirrorneuron.generators.primitives.drawing import Drawing
from mirrorneuron.generators.spec import NAME_TEXT, Name, kind_of_cell
from pydantic import Field

if TYPE_CHECKING:
    from klayout import db as kdb
    from mirrorneuron.generators.circuit import Netlist

__all__ = ["MIRROR", "MirrorCascodeSpec"]


class MirrorCascodeSpec(MirrorSpec, init=False):
    """The cascode mirror: a high output resistance for two gate-source voltages of input."""

    P_DEVICE = "pfet_01v8_lvt"

    cell: Annotated[str, kind_of_cell("mirror_cascode")] = Field("mirror_cascode", description="Kind of cell")
    name: Name = Field("mirror_cascode", description=NAME_TEXT)


def circuit(spec: MirrorCascodeSpec) -> Netlist:
    """Pins: ``iin``, the outputs, the rail."""
    rail = spec.side.rail
    _check(spec)
    parts = Parts()
    gate = "iin_x"
    parts.array("main", sizing.main_array(spec), rail, rail, {pin: (f"{pin}_x", gate) for pin in spec.counts})
    for pin, size in sizing.cascode_arrays(spec).items():
        parts.array(f"{pin}_cascode", size, f"{pin}_x", rail, {"cascode": (pin, "iin")})
    return parts.netlist(spec.name, [*spec.counts, rail], spec.lines())


def layout(spec: MirrorCascodeSpec) -> kdb.Layout:
    """The matched array on the left of a spine, each pin's cascodes on the right."""
    rail = spec.side.rail
    _check(spec)
    draw = Drawing(spec.name, [rail])
    pins = list(spec.counts)
    main = draw.array(
        "main",
        sizing.main_array(spec),
        gates=dict.fromkeys(pins, "low_iin"),
        drains={pin: f"low_{pin}" for pin in pins},
        source=rail,
    )
    cascodes = [
        draw.array(
            f"cascode_{pin}",
            size,
            gates={"cascode": "iin"},
            drains={"cascode": pin},
            source=f"low_{pin}",
            bulk=rail,
        )
        for pin, size in sizing.cascode_arrays(spec).items()
    ]
    return draw.finish(left=[main], right=cascodes, pins=[rail, *pins])


def _check(spec: MirrorCascodeSpec) -> None:
    units = (sizing.unit_of(spec), sizing.cascode_unit(spec))
    lower, upper = (sizing.gate_source(spec, unit) for unit in units)
    sizing.fits_under_the_supply(spec, "input", {"V_GS of the unit": lower, "V_GS of the cascode": upper})


MIRROR = Mirror(spec=MirrorCascodeSpec, circuit=circuit, layout=layout)
