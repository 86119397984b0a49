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

from mirrorneuron.generators.cells.mirrors.parts import checks, sizing
from mirrorneuron.generators.cells.mirrors.parts.cascodes import add_cascodes, draw_cascodes
from mirrorneuron.generators.cells.mirrors.parts.spec import CASCODE_WIDTH_TEXT, Cascoded, CascodeWidth, Mirror
from mirrorneuron.generators.circuit import Parts
from mirrorneuron.generators.primitives.drawing import Drawing
from mirrorneuron.generators.spec import NAME_TEXT, Name, kind_of_cell
from pydantic import Field

if TYPE_CHECKING:
    from klayout import db as kdb
    from mirrorneuron.generators.circuit import Netlist

__all__ = ["MIRROR", "MirrorWilsonSpec"]


class MirrorWilsonSpec(Cascoded, init=False):
    """The Wilson mirror: a high output resistance by feedback; its V_DS differ by a gate-source voltage."""

    P_DEVICE = "pfet_01v8_lvt"

    cell: Annotated[str, kind_of_cell("mirror_wilson")] = Field("mirror_wilson", description="Kind of cell")
    name: Name = Field("mirror_wilson", description=NAME_TEXT)
    # Wider than other cascodes: the V_DS differ by their V_GS; and the loop is calmer.
    cascode_w: CascodeWidth = Field(8.0, description=CASCODE_WIDTH_TEXT)


def circuit(spec: MirrorWilsonSpec) -> Netlist:
    """Pins: ``iin``, the outputs, the rail."""
    rail = spec.side.rail
    _check(spec)
    parts = Parts()
    gate = f"{spec.outputs[0]}_x"
    drains = {"iin": "iin"} | {pin: f"{pin}_x" for pin in spec.outputs}
    parts.array("main", sizing.main_array(spec), rail, rail, {pin: (net, gate) for pin, net in drains.items()})
    add_cascodes(parts, spec, "iin", {pin: pin for pin in spec.outputs})
    return parts.netlist(spec.name, [*spec.counts, rail], spec.lines())


def layout(spec: MirrorWilsonSpec) -> kdb.Layout:
    """The matched array on the left of a spine, the cascodes on the right."""
    rail = spec.side.rail
    _check(spec)
    draw = Drawing(spec.name, [rail])
    main = draw.array(
        "main",
        sizing.main_array(spec),
        gates=dict.fromkeys(spec.counts, "low_iout1"),
        drains={"iin": "iin", **{pin: f"low_{pin}" for pin in spec.outputs}},
        source=rail,
    )
    cascodes = draw_cascodes(draw, spec, "iin", {pin: pin for pin in spec.outputs})
    return draw.finish(left=[main], right=cascodes, pins=[rail, *spec.counts], hang=True)


def _check(spec: MirrorWilsonSpec) -> None:
    sizing.stack_fits(spec)
    checks.wilson_settles(spec, sum(spec.ratios[1:]))


MIRROR = Mirror(spec=MirrorWilsonSpec, circuit=circuit, layout=layout)
