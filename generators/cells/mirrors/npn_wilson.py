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

With several outputs the loop is a branch of its own, one unit from vdd: an output in it would carry all base currents
beside its own, and be 8 % more than its fellows with ratios 2, 3, 5. The outputs agree, but less cancels: the upper
bases take their current from the input.
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
    from mirrorneuron.generators.fixed_units import BipolarArray

__all__ = ["MIRROR", "MirrorNpnWilsonSpec"]

_VDD, _VSS = "vdd", "vss"
_LOOP = "loop"


class MirrorNpnWilsonSpec(npn.NpnMirrorSpec, init=False):
    """The npn Wilson mirror: an error of 2 / beta squared and half of beta times the output resistance."""

    cell: Annotated[str, kind_of_cell("mirror_npn_wilson")] = Field("mirror_npn_wilson", description="Kind of cell")
    name: Name = Field("mirror_npn_wilson", description=NAME_TEXT)


def circuit(spec: MirrorNpnWilsonSpec) -> Netlist:
    """Pins: ``iin``, the outputs, ``vss``; with several outputs also ``vdd``."""
    _check(spec)
    parts = Parts()
    branches = _branches(spec)
    bases = f"{_loop(spec)}_x"
    drains = {"iin": "iin"} | {branch: f"{branch}_x" for branch in branches}
    parts.bipolar("main", _main(spec), _VSS, {owner: (net, bases, _VSS) for owner, net in drains.items()})
    upper = npn.npn_array(spec.device, branches)
    nets = {branch: (_collector(branch), "iin", drains[branch]) for branch in branches}
    parts.bipolar("upper", upper, _VSS, nets)
    return parts.netlist(spec.name, [*spec.counts, *_supplies(spec)], spec.lines())


def layout(spec: MirrorNpnWilsonSpec) -> kdb.Layout:
    """The matched array on the left of a spine, the upper transistors on the right."""
    _check(spec)
    draw = Drawing(spec.name, _supplies(spec))
    branches = _branches(spec)
    low = {branch: f"low_{branch}" for branch in branches}
    lower = {owner: (net, low[_loop(spec)], _VSS) for owner, net in {"iin": "iin", **low}.items()}
    upper = {branch: (_collector(branch), "iin", low[branch]) for branch in branches}
    return draw.finish(
        left=[npn.draw_npn(draw, "main", _main(spec), lower, _VSS)],
        right=[npn.draw_npn(draw, "upper", npn.npn_array(spec.device, branches), upper, _VSS)],
        pins=[*_supplies(spec), *spec.counts],
    )


def _loop(spec: MirrorNpnWilsonSpec) -> str:
    """The branch that drives the lower bases."""
    return spec.outputs[0] if len(spec.outputs) == 1 else _LOOP


def _branches(spec: MirrorNpnWilsonSpec) -> dict[str, int]:
    """Units by branch but the input's."""
    own = {pin: spec.counts[pin] for pin in spec.outputs}
    return own if len(own) == 1 else {**own, _LOOP: 1}


def _main(spec: MirrorNpnWilsonSpec) -> BipolarArray:
    return npn.npn_array(spec.device, {"iin": spec.counts["iin"], **_branches(spec)})


def _collector(branch: str) -> str:
    return _VDD if branch == _LOOP else branch


def _supplies(spec: MirrorNpnWilsonSpec) -> list[str]:
    return [_VSS] if len(spec.outputs) == 1 else [_VDD, _VSS]


def _check(spec: MirrorNpnWilsonSpec) -> None:
    npn.npn_alone(spec)
    voltage = npn.base_emitter(spec)
    sizing.fits_under_the_supply(spec, "input", {"V_BE": voltage, "V_BE of the upper transistor": voltage})


MIRROR = Mirror(spec=MirrorNpnWilsonSpec, circuit=circuit, layout=layout)
