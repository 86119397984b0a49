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

__all__ = ["MIRROR", "MirrorWilsonImprovedSpec"]


class MirrorWilsonImprovedSpec(Cascoded, init=False):
    """The improved Wilson mirror: feedback like Wilson's, and equal V_DS."""

    P_DEVICE = "pfet_01v8_lvt"

    cell: Annotated[str, kind_of_cell("mirror_wilson_improved")] = Field(
        "mirror_wilson_improved", description="Kind of cell"
    )
    name: Name = Field("mirror_wilson_improved", description=NAME_TEXT)
    # Wider than other cascodes, for a calm loop.
    cascode_w: CascodeWidth = Field(8.0, description=CASCODE_WIDTH_TEXT)


def circuit(spec: MirrorWilsonImprovedSpec) -> Netlist:
    """Pins: ``iin``, the outputs, the rail."""
    rail = spec.side.rail
    _check(spec)
    parts = Parts()
    gate = f"{spec.outputs[0]}_x"
    drains = {"iin": "iin_x"} | {pin: f"{pin}_x" for pin in spec.outputs}
    parts.array("main", sizing.main_array(spec), rail, rail, {pin: (net, gate) for pin, net in drains.items()})
    add_cascodes(parts, spec, "iin", {pin: pin for pin in spec.counts})
    return parts.netlist(spec.name, [*spec.counts, rail], spec.lines())


def layout(spec: MirrorWilsonImprovedSpec) -> kdb.Layout:
    """The matched array on the left of a spine, the cascodes on the right."""
    rail = spec.side.rail
    _check(spec)
    draw = Drawing(spec.name, [rail])
    main = draw.array(
        "main",
        sizing.main_array(spec),
        gates=dict.fromkeys(spec.counts, "low_iout1"),
        drains={"iin": "low_iin", **{pin: f"low_{pin}" for pin in spec.outputs}},
        source=rail,
    )
    cascodes = draw_cascodes(draw, spec, "iin", {pin: pin for pin in spec.counts})
    return draw.finish(left=[main], right=cascodes, pins=[rail, *spec.counts], hang=True)


def _check(spec: MirrorWilsonImprovedSpec) -> None:
    sizing.stack_fits(spec)
    checks.wilson_settles(spec, sum(spec.ratios))


MIRROR = Mirror(spec=MirrorWilsonImprovedSpec, circuit=circuit, layout=layout)
