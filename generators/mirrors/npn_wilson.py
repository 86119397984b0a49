"""The npn Wilson mirror: base currents of both levels cancel to the second order, and feedback raises the resistance.

::

    iin --+--------------.   iout1
          |              '--|  upper
          |                 |
          |                x1 --+
          |                 |   |
       |--------------------|---'
      main                 main, a diode
      vss                  vss

Further outputs hang on the same two bases; only the first is inside the loop, and the more there are, the less cancels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mirrorneuron.generators.circuit import Parts
from mirrorneuron.generators.mirrors.parts import npn, sizing
from mirrorneuron.generators.mirrors.parts.spec import Mirror
from mirrorneuron.generators.primitives.drawing import Drawing
from mirrorneuron.generators.spec import NAME_TEXT, Name, kind_of_cell
from pydantic import Field

if TYPE_CHECKING:
    from klayout import db as kdb
    from mirrorneuron.generators.circuit import Netlist

__all__ = ["MIRROR", "MirrorNpnWilsonSpec"]

_VSS = "vss"


class MirrorNpnWilsonSpec(npn.NpnMirrorSpec, init=False):
    """The npn Wilson mirror: an error of 2 / beta squared and half of beta times the output resistance."""

    cell: Annotated[str, kind_of_cell("mirror_npn_wilson")] = Field("mirror_npn_wilson", description="Kind of cell")
    name: Name = Field("mirror_npn_wilson", description=NAME_TEXT)


def circuit(spec: MirrorNpnWilsonSpec) -> Netlist:
    """Pins: ``iin``, the outputs, ``vss``."""
    _check(spec)
    parts = Parts()
    bases = f"{spec.outputs[0]}_x"
    drains = {"iin": "iin"} | {pin: f"{pin}_x" for pin in spec.outputs}
    main = npn.npn_array(spec.device, spec.counts)
    parts.bipolar("main", main, _VSS, {pin: (net, bases, _VSS) for pin, net in drains.items()})
    upper = npn.npn_array(spec.device, _upper(spec))
    parts.bipolar("upper", upper, _VSS, {pin: (pin, "iin", drains[pin]) for pin in spec.outputs})
    return parts.netlist(spec.name, [*spec.counts, _VSS], spec.lines())


def layout(spec: MirrorNpnWilsonSpec) -> kdb.Layout:
    """The matched array on the left of a spine, the upper transistors on the right."""
    _check(spec)
    draw = Drawing(spec.name, [_VSS])
    collectors = {"iin": "iin", **{pin: f"low_{pin}" for pin in spec.outputs}}
    lower = {pin: (net, "low_iout1", _VSS) for pin, net in collectors.items()}
    upper = {pin: (pin, "iin", f"low_{pin}") for pin in spec.outputs}
    return draw.finish(
        left=[npn.draw_npn(draw, "main", npn.npn_array(spec.device, spec.counts), lower, _VSS)],
        right=[npn.draw_npn(draw, "upper", npn.npn_array(spec.device, _upper(spec)), upper, _VSS)],
        pins=[_VSS, *spec.counts],
    )


def _upper(spec: MirrorNpnWilsonSpec) -> dict[str, int]:
    return {pin: spec.counts[pin] for pin in spec.outputs}


def _check(spec: MirrorNpnWilsonSpec) -> None:
    npn.npn_alone(spec)
    voltage = npn.base_emitter(spec)
    sizing.fits_under_the_supply(spec, "input", {"V_BE": voltage, "V_BE of the upper transistor": voltage})


MIRROR = Mirror(spec=MirrorNpnWilsonSpec, circuit=circuit, layout=layout)
