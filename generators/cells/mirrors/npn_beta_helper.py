"""The npn mirror with a beta helper: a follower, of an npn or of an nfet, pays the base currents from vdd.

::

                   vdd
                    |
    iin --+-----| helper         iout1   iout2
          |         |              |       |
          |         +--------------+-------+--  bases
          |--------'|              |       |
         main                    1 : n1 :  n2
         vss                      vss     vss

With an npn the error is that of the plain mirror over beta + 1; the input is at 2 V_BE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mirrorneuron.generators.cells.mirrors.parts import npn, sizing
from mirrorneuron.generators.cells.mirrors.parts.resistors import BODY_FACTOR
from mirrorneuron.generators.cells.mirrors.parts.spec import Mirror
from mirrorneuron.generators.circuit import Parts
from mirrorneuron.generators.primitives.drawing import Drawing
from mirrorneuron.generators.spec import NAME_TEXT, Name, OneOf, kind_of_cell
from mirrorneuron.generators.units import Unit
from mirrorneuron.pdk_sky130.devices import bipolar
from mirrorneuron.pdk_sky130.models import headroom
from pydantic import Field

if TYPE_CHECKING:
    from klayout import db as kdb
    from mirrorneuron.generators.circuit import Netlist
    from mirrorneuron.generators.fixed_units import BipolarArray
    from mirrorneuron.generators.units import ArraySize

__all__ = ["MIRROR", "MirrorNpnBetaHelperSpec"]

_VDD, _VSS = "vdd", "vss"
_NFET = Unit("nfet_01v8_lvt", 2000, 500)


class MirrorNpnBetaHelperSpec(npn.NpnMirrorSpec, init=False):
    """The npn mirror with a beta helper: the bases take their current from vdd."""

    cell: Annotated[str, kind_of_cell("mirror_npn_beta_helper")] = Field(
        "mirror_npn_beta_helper", description="Kind of cell"
    )
    name: Name = Field("mirror_npn_beta_helper", description=NAME_TEXT)
    helper: Annotated[
        str,
        OneOf(
            words=("npn", "nfet"),
            rule="what feeds the bases",
            remedy="an nfet takes no current from the input, and less voltage",
        ),
    ] = Field("npn", description="Kind of the follower that feeds the bases")


def circuit(spec: MirrorNpnBetaHelperSpec) -> Netlist:
    """Pins: ``iin``, the outputs, both supplies."""
    _check(spec)
    parts = Parts()
    size = npn.npn_array(spec.device, spec.counts)
    parts.bipolar("main", size, _VSS, {pin: (pin, "bases", _VSS) for pin in spec.counts})
    if spec.helper == "npn":
        parts.bipolar("helper", _helper(spec), _VSS, {"helper": (_VDD, "iin", "bases")})
    else:
        parts.array("helper", _follower(), "bases", _VSS, {"helper": (_VDD, "iin")})
    return parts.netlist(spec.name, [*spec.counts, _VDD, _VSS], spec.lines())


def layout(spec: MirrorNpnBetaHelperSpec) -> kdb.Layout:
    """The matched array on the left of a spine, the helper on the right."""
    _check(spec)
    draw = Drawing(spec.name, [_VDD, _VSS])
    pins = list(spec.counts)
    size = npn.npn_array(spec.device, spec.counts)
    main = npn.draw_npn(draw, "main", size, {pin: (pin, "base_line", _VSS) for pin in pins}, _VSS)
    if spec.helper == "npn":
        helper = npn.draw_npn(draw, "helper", _helper(spec), {"helper": (_VDD, "iin", "base_line")}, _VSS)
    else:
        helper = draw.array(
            "helper", _follower(), gates={"helper": "iin"}, drains={"helper": _VDD}, source="base_line", bulk=_VSS
        )
    return draw.finish(left=[main], right=[helper], pins=[_VDD, _VSS, *pins])


def _helper(spec: MirrorNpnBetaHelperSpec) -> BipolarArray:
    return npn.npn_array(spec.device, {"helper": 1})


def _follower() -> ArraySize:
    return sizing.array(_NFET, {"helper": 1})


def _check(spec: MirrorNpnBetaHelperSpec) -> None:
    npn.npn_alone(spec)
    device = bipolar(spec.device)
    bases = spec.unit_current * sum(spec.ratios) / device.beta
    if spec.helper == "npn":
        parts = {"V_BE of the helper": device.base_emitter(bases, slow=True)}
    else:
        below = (BODY_FACTOR - 1) * npn.base_emitter(spec)
        gate = headroom.gate_source(_NFET.device, bases, _NFET.width_nm / 1000, _NFET.length_nm / 1000) + below
        parts = {"V_GS of the helper": gate}
    sizing.fits_under_the_supply(spec, "input", {**parts, "V_BE": npn.base_emitter(spec)})


MIRROR = Mirror(spec=MirrorNpnBetaHelperSpec, circuit=circuit, layout=layout)
