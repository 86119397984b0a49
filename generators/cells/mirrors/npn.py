"""The npn mirror: a diode and transistors at its base, all of whose base currents the input pays.

::

    iin --+---.          iout1   iout2
          |   |            |       |
          |   +------------+-------+--  bases
        \\_|__/            \\|     \\|
          |              1 : n1 :  n2
         vss              vss     vss

The error is - (1 + n1 + ...) / beta, about -5 % for 1:1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mirrorneuron.generators.cells.mirrors.parts import npn, sizing
from mirrorneuron.generators.cells.mirrors.parts.spec import Mirror
from mirrorneuron.generators.circuit import Parts
from mirrorneuron.generators.primitives.drawing import Drawing
from mirrorneuron.generators.spec import NAME_TEXT, Name, kind_of_cell
from pydantic import Field

if TYPE_CHECKING:
    from klayout import db as kdb
    from mirrorneuron.generators.circuit import Netlist

__all__ = ["MIRROR", "MirrorNpnSpec"]

_VSS = "vss"


class MirrorNpnSpec(npn.NpnMirrorSpec, init=False):
    """The npn mirror: good matching and an Early voltage of 100 V, less what the bases take."""

    cell: Annotated[str, kind_of_cell("mirror_npn")] = Field("mirror_npn", description="Kind of cell")
    name: Name = Field("mirror_npn", description=NAME_TEXT)


def circuit(spec: MirrorNpnSpec) -> Netlist:
    """Pins: ``iin``, the outputs, ``vss``."""
    _check(spec)
    parts = Parts()
    size = npn.npn_array(spec.device, spec.counts)
    parts.bipolar("main", size, _VSS, {pin: (pin, "iin", _VSS) for pin in spec.counts})
    return parts.netlist(spec.name, [*spec.counts, _VSS], spec.lines())


def layout(spec: MirrorNpnSpec) -> kdb.Layout:
    """One matched array."""
    _check(spec)
    draw = Drawing(spec.name, [_VSS])
    pins = list(spec.counts)
    size = npn.npn_array(spec.device, spec.counts)
    main = npn.draw_npn(draw, "main", size, {pin: (pin, "iin", _VSS) for pin in pins}, _VSS)
    return draw.finish(left=[main], pins=[_VSS, *pins])


def _check(spec: MirrorNpnSpec) -> None:
    npn.npn_alone(spec)
    sizing.fits_under_the_supply(spec, "input", {"V_BE": npn.base_emitter(spec)})


MIRROR = Mirror(spec=MirrorNpnSpec, circuit=circuit, layout=layout)
