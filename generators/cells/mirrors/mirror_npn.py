"""The npn mirror: a diode and transistors at its base; the input supplies all base currents.

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

from mirrorneuron.generators.cell import Cell
from mirrorneuron.generators.cells.mirrors.parts import checks, npn
from mirrorneuron.generators.cells.mirrors.parts.npn_theory import diode_input, npn_values, units_per_input
from mirrorneuron.generators.circuit import Netlist, Parts
from mirrorneuron.generators.hand import Hand
from mirrorneuron.generators.primitives.drawing import Drawing
from mirrorneuron.generators.spec import NAME_TEXT, Name, kind_of_cell
from mirrorneuron.pdk_sky130.devices import bipolar
from pydantic import Field

if TYPE_CHECKING:
    from klayout import db as kdb

__all__ = ["CELL", "MirrorNpnSpec"]

_VSS = "vss"


class MirrorNpnSpec(npn.NpnMirrorSpec, init=False):
    """The npn mirror: good matching and an Early voltage of 100 V; the base currents are its error."""

    cell: Annotated[str, kind_of_cell("mirror_npn")] = Field("mirror_npn", description="Kind of cell")
    name: Name = Field("mirror_npn", description=NAME_TEXT)

    @property
    def systematic_error(self) -> float:
        """Ratio error by hand with the outputs at the input's voltage [%]: the base currents."""
        return 100 * _error(self)


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
    draw = Drawing(spec.name, [_VSS], spec.variant)
    pins = list(spec.counts)
    size = npn.npn_array(spec.device, spec.counts)
    main = npn.draw_npn(draw, "main", size, {pin: (pin, "iin", _VSS) for pin in pins}, _VSS)
    return draw.finish(left=[main], pins=[_VSS, *pins])


def hand(spec: MirrorNpnSpec) -> dict[str, Hand]:
    """Hand values: the error of the base currents, V_A / I of output resistance."""
    formula = "1 / (1 + 2 / beta) - 1; for 2 the sum of units over the input's, without V_A"
    return {**npn_values(spec, _error(spec), formula), **diode_input(spec)}


def _error(spec: MirrorNpnSpec) -> float:
    """Ratio error by the base currents, relative to the current."""
    return 1 / (1 + units_per_input(spec) / bipolar(spec.main_device).beta) - 1


def _check(spec: MirrorNpnSpec) -> None:
    npn.npn_alone(spec)
    checks.fits_under_the_supply(spec, "input", {"V_BE": npn.base_emitter(spec)})


CELL = Cell(spec=MirrorNpnSpec, circuit=circuit, layout=layout, family="mirror", hand=hand)
