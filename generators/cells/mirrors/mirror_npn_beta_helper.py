"""The npn mirror with a beta helper: a follower, an npn or an nfet, supplies the base currents from vdd.

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

from mirrorneuron.generators.cell import Cell
from mirrorneuron.generators.cells.mirrors.parts import checks, npn, sizing
from mirrorneuron.generators.cells.mirrors.parts.npn_theory import npn_values, units_per_input
from mirrorneuron.generators.cells.mirrors.parts.theory import SQUARE
from mirrorneuron.generators.circuit import Netlist, Parts
from mirrorneuron.generators.hand import Hand
from mirrorneuron.generators.primitives.drawing import Drawing
from mirrorneuron.generators.spec import NAME_TEXT, Name, OneOf, kind_of_cell
from mirrorneuron.generators.units import ArraySize, BipolarArray, Unit
from mirrorneuron.pdk_sky130.devices import bipolar
from mirrorneuron.pdk_sky130.models import headroom
from mirrorneuron.pdk_sky130.models.hand import BODY_FACTOR
from pydantic import Field

if TYPE_CHECKING:
    from klayout import db as kdb

__all__ = ["CELL", "MirrorNpnBetaHelperSpec"]

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

    @property
    def systematic_error(self) -> float:
        """Ratio error by hand with the outputs at the input's voltage [%]: the helper's base current."""
        return 100 * _error(self)


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
    draw = Drawing(spec.name, [_VDD, _VSS], spec.variant)
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


def hand(spec: MirrorNpnBetaHelperSpec) -> dict[str, Hand]:
    """Hand values: the error of the helper's base current, and the input at V_BE and the helper's."""
    if spec.helper != "npn":
        return npn_values(spec, _error(spec), "0: a gate takes no current; without V_A")
    device = bipolar(spec.main_device)
    through = spec.current * units_per_input(spec) / device.beta
    held = device.base_emitter(spec.unit_current) + device.base_emitter(through)
    return {
        **npn_values(spec, _error(spec), "1 / (1 + 2 / (beta (beta + 1))) - 1, without V_A"),
        "input_voltage": Hand(held, "V_BE + V_BE of the helper", SQUARE),
        "supply_current": Hand(1e6 * through, "the bases' currents", SQUARE),
    }


def _error(spec: MirrorNpnBetaHelperSpec) -> float:
    """Ratio error by the helper's base current, relative to the current; 0 with an nfet."""
    beta = bipolar(spec.main_device).beta
    return 1 / (1 + units_per_input(spec) / (beta * (beta + 1))) - 1 if spec.helper == "npn" else 0.0


def _helper(spec: MirrorNpnBetaHelperSpec) -> BipolarArray:
    return npn.npn_array(spec.device, {"helper": 1})


def _follower() -> ArraySize:
    return sizing.array(_NFET, {"helper": 1})


def _check(spec: MirrorNpnBetaHelperSpec) -> None:
    npn.npn_alone(spec)
    device = bipolar(spec.device)
    bases = spec.unit_current * sum(spec.ratios) / device.beta
    if spec.helper == "npn":
        follower = {"V_BE of the helper": device.base_emitter(bases, slow=True)}
    else:
        body = (BODY_FACTOR - 1) * npn.base_emitter(spec)
        gate = headroom.gate_source(_NFET.device, bases, _NFET.width_nm / 1000, _NFET.length_nm / 1000) + body
        follower = {"V_GS of the helper": gate}
    checks.fits_under_the_supply(spec, "input", {**follower, "V_BE": npn.base_emitter(spec)})


CELL = Cell(spec=MirrorNpnBetaHelperSpec, circuit=circuit, layout=layout, family="mirror", hand=hand)
