"""The degenerated mirror: a simple mirror with a resistor in each source, of the same voltage in all.

::

    iin --+---.          iout1   iout2
          |   |            |       |
          |   +------------+-------+--  gates
       |--'                |       |
         ref             1 : n1 :  n2
          |                |       |
          R              R/n1    R/n2
         rail             rail    rail

The resistors' voltage counts where the thresholds differ, and holds the current where V_DS does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mirrorneuron.generators.cells.mirrors.parts import sizing
from mirrorneuron.generators.cells.mirrors.parts.resistors import BODY_FACTOR, RESISTOR_TEXT, Resistor, resistor_array
from mirrorneuron.generators.cells.mirrors.parts.spec import Mirror, MirrorSpec
from mirrorneuron.generators.circuit import Parts
from mirrorneuron.generators.primitives.drawing import Drawing
from mirrorneuron.generators.spec import NAME_TEXT, Name, SiQuantity, kind_of_cell
from pydantic import Field

if TYPE_CHECKING:
    from klayout import db as kdb
    from mirrorneuron.generators.circuit import Netlist
    from mirrorneuron.generators.fixed_units import ResistorArray

__all__ = ["MIRROR", "MirrorDegeneratedSpec"]


class MirrorDegeneratedSpec(MirrorSpec, init=False):
    """The degenerated mirror: resistors in the sources for matching and output resistance, at the cost of headroom."""

    P_DEVICE = "pfet_01v8_lvt"

    cell: Annotated[str, kind_of_cell("mirror_degenerated")] = Field("mirror_degenerated", description="Kind of cell")
    name: Name = Field("mirror_degenerated", description=NAME_TEXT)
    drop: Annotated[
        float,
        SiQuantity(
            low=0.01, high=1.0, unit="V", rule="it adds to V_GS and to the lowest output voltage", remedy="0.1 to 0.4 V"
        ),
    ] = Field(0.2, description="Voltage across the resistors at the input current")
    resistor: Resistor = Field("res_xhigh_po_0p69", description=RESISTOR_TEXT)

    @property
    def unit_resistance(self) -> float:
        """In the source of each unit [ohm]."""
        return self.drop / self.unit_current


def circuit(spec: MirrorDegeneratedSpec) -> Netlist:
    """Pins: ``iin``, the outputs, the rail."""
    rail = spec.side.rail
    _check(spec)
    parts = Parts()
    sources = {pin: f"{pin}_s" for pin in spec.counts}
    parts.array("main", sizing.main_array(spec), sources, rail, {pin: (pin, "iin") for pin in spec.counts})
    parts.resistor("degeneration", _resistors(spec), rail, {pin: (sources[pin], rail) for pin in spec.counts})
    return parts.netlist(spec.name, [*spec.counts, rail], spec.lines())


def layout(spec: MirrorDegeneratedSpec) -> kdb.Layout:
    """The matched array on the left of a spine, the resistors on the right."""
    rail = spec.side.rail
    _check(spec)
    draw = Drawing(spec.name, [rail])
    pins = list(spec.counts)
    below = {pin: f"below_{pin}" for pin in pins}
    main = draw.array(
        "main",
        sizing.main_array(spec),
        gates=dict.fromkeys(pins, "iin"),
        drains={pin: pin for pin in pins},
        source=below,
        bulk=rail,
    )
    ends = {pin: (net, rail) for pin, net in below.items()}
    resistors = draw.resistors("resistors", _resistors(spec), ends, rail, in_well=spec.polarity == "p")
    return draw.finish(left=[main], right=[resistors], pins=[rail, *pins])


def _resistors(spec: MirrorDegeneratedSpec) -> ResistorArray:
    what = f"drop is {spec.drop:g} V, the resistor of a unit ({spec.unit_current * 1e6:g} uA)"
    return resistor_array(spec.resistor, spec.unit_resistance, spec.counts, what)


def _check(spec: MirrorDegeneratedSpec) -> None:
    unit = sizing.unit_of(spec)
    body = (BODY_FACTOR - 1) * spec.drop
    parts = {"V_GS": sizing.gate_source(spec, unit), "body effect": body, "drop": spec.drop}
    sizing.fits_under_the_supply(spec, "input", parts)


MIRROR = Mirror(spec=MirrorDegeneratedSpec, circuit=circuit, layout=layout)
