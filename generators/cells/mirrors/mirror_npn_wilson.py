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

With several outputs the loop is a branch of its own, one unit from vdd: an output in the loop would carry the base
currents of all, and exceed the other outputs by 8 % with ratios 2, 3, 5. The outputs then agree, but less cancels: the
upper bases take their current from the input.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mirrorneuron.generators.cell import Cell
from mirrorneuron.generators.cells.mirrors.parts import checks, npn
from mirrorneuron.generators.cells.mirrors.parts.npn_theory import npn_values
from mirrorneuron.generators.cells.mirrors.parts.theory import BY_DESIGN, SQUARE
from mirrorneuron.generators.circuit import Netlist, Parts
from mirrorneuron.generators.hand import Hand
from mirrorneuron.generators.primitives.drawing import Drawing
from mirrorneuron.generators.spec import NAME_TEXT, Name, kind_of_cell
from mirrorneuron.generators.units import BipolarArray
from mirrorneuron.pdk_sky130.devices import bipolar
from pydantic import Field

if TYPE_CHECKING:
    from klayout import db as kdb

__all__ = ["CELL", "MirrorNpnWilsonSpec"]

_VDD, _VSS = "vdd", "vss"
_LOOP = "loop"


class MirrorNpnWilsonSpec(npn.NpnMirrorSpec, init=False):
    """The npn Wilson mirror: an error of 2 / beta squared and half of beta times the output resistance."""

    cell: Annotated[str, kind_of_cell("mirror_npn_wilson")] = Field("mirror_npn_wilson", description="Kind of cell")
    name: Name = Field("mirror_npn_wilson", description=NAME_TEXT)

    @property
    def systematic_error(self) -> float:
        """Ratio error by hand with the outputs at the input's voltage [%]: what remains of the base currents."""
        return 100 * (_error_of_loop(self) if len(self.outputs) > 1 else _error_of_ratio(self))


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
    draw = Drawing(spec.name, _supplies(spec), spec.variant)
    branches = _branches(spec)
    low = {branch: f"low_{branch}" for branch in branches}
    lower = {owner: (net, low[_loop(spec)], _VSS) for owner, net in {"iin": "iin", **low}.items()}
    upper = {branch: (_collector(branch), "iin", low[branch]) for branch in branches}
    return draw.finish(
        left=[npn.draw_npn(draw, "main", _main(spec), lower, _VSS)],
        right=[npn.draw_npn(draw, "upper", npn.npn_array(spec.device, branches), upper, _VSS)],
        pins=[*_supplies(spec), *spec.counts],
    )


def hand(spec: MirrorNpnWilsonSpec) -> dict[str, Hand]:
    """Hand values: the second-order error of the base currents, beta V_A / (2 I) of output resistance."""
    device = bipolar(spec.main_device)
    beta = device.beta
    held = {"input_voltage": Hand(2 * device.base_emitter(spec.unit_current), "2 V_BE", SQUARE)}
    if len(spec.outputs) == 1:
        error, formula = -2 / (beta**2 + 2 * beta + 2), "-2 / (beta^2 + 2 beta + 2), for 1:1, without V_A"
        return {**npn_values(spec, error, formula, stacked=True), **held}
    formula = "beta / (beta + 1 + upper units over the input's) - 1, without V_A"
    current = 1e6 * spec.unit_current * (1 + _lower_units(spec) / beta)
    return {
        **npn_values(spec, _error_of_loop(spec), formula, stacked=True),
        **held,
        "supply_current": Hand(current, "a unit of the loop, and the lower base currents", SQUARE),
        "power": Hand(spec.supply * (1e6 * spec.current + current), "V (I_in + I_loop)", BY_DESIGN),
    }


def _error_of_ratio(spec: MirrorNpnWilsonSpec) -> float:
    """Ratio error of a single output in the loop, relative to the current.

    The upper transistor's base is on the input, those of the lower ones on the output, which carries their current.
    """
    beta, units = bipolar(spec.main_device).beta, spec.ratios[1] / spec.ratios[0]
    lower = units + (1 + units) / beta
    return lower * beta / (beta + 1) / (1 + lower / (beta + 1)) / units - 1


def _error_of_loop(spec: MirrorNpnWilsonSpec) -> float:
    """Ratio error of outputs beside the loop, relative to the current: the input feeds all upper bases."""
    beta = bipolar(spec.main_device).beta
    upper = sum(spec.ratios[1:]) + 1 + _lower_units(spec) / beta
    return beta / (beta + 1 + upper / spec.ratios[0]) - 1


def _lower_units(spec: MirrorNpnWilsonSpec) -> int:
    """The lower transistors with the loop's own unit, which carries all their base currents."""
    return sum(spec.ratios) + 1


def _loop(spec: MirrorNpnWilsonSpec) -> str:
    """The branch that drives the lower bases."""
    return spec.outputs[0] if len(spec.outputs) == 1 else _LOOP


def _branches(spec: MirrorNpnWilsonSpec) -> dict[str, int]:
    """Units by branch, without the input's."""
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
    checks.fits_under_the_supply(spec, "input", {"V_BE": voltage, "V_BE of the upper transistor": voltage})


CELL = Cell(spec=MirrorNpnWilsonSpec, circuit=circuit, layout=layout, family="mirror", hand=hand)
