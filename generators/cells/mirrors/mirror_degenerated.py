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

The resistors' voltage reduces the effect of threshold mismatch, and of unequal V_DS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mirrorneuron.generators.cell import Cell
from mirrorneuron.generators.cells.mirrors.parts import checks, sizing
from mirrorneuron.generators.cells.mirrors.parts.degeneration import (
    add_source_resistors,
    add_units_with_sources,
    draw_source_resistors,
    draw_units_with_sources,
)
from mirrorneuron.generators.cells.mirrors.parts.resistors import RESISTOR_TEXT, Resistor, resistor_array
from mirrorneuron.generators.cells.mirrors.parts.spec import MirrorSpec
from mirrorneuron.generators.cells.mirrors.parts.theory import (
    EKV,
    PELGROM,
    RAZAVI,
    MirrorPoint,
    counted_units,
    lowest_output,
    mismatch_percent,
    no_supply,
)
from mirrorneuron.generators.circuit import Netlist, Parts
from mirrorneuron.generators.hand import Hand
from mirrorneuron.generators.primitives.drawing import Drawing
from mirrorneuron.generators.spec import NAME_TEXT, Name, SiQuantity, kind_of_cell
from mirrorneuron.generators.units import ResistorArray
from mirrorneuron.pdk_sky130.models.hand import BODY_FACTOR
from pydantic import Field

if TYPE_CHECKING:
    from klayout import db as kdb

__all__ = ["CELL", "MirrorDegeneratedSpec"]


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
        """Resistance in the source of each unit [ohm]."""
        return self.drop / self.unit_current


def circuit(spec: MirrorDegeneratedSpec) -> Netlist:
    """Pins: ``iin``, the outputs, the rail."""
    _check(spec)
    parts = Parts()
    sources = {pin: f"{pin}_s" for pin in spec.counts}
    add_units_with_sources(parts, spec, sources)
    add_source_resistors(parts, spec, "degeneration", _resistors(spec), sources)
    return parts.netlist(spec.name, [*spec.counts, spec.side.rail], spec.lines())


def layout(spec: MirrorDegeneratedSpec) -> kdb.Layout:
    """The matched array on the left of a spine, the resistors on the right."""
    rail = spec.side.rail
    _check(spec)
    draw = Drawing(spec.name, [rail], spec.variant)
    below = {pin: f"below_{pin}" for pin in spec.counts}
    main = draw_units_with_sources(draw, spec, below)
    resistors = draw_source_resistors(draw, spec, _resistors(spec), below)
    return draw.finish(left=[main], right=[resistors], pins=[rail, *spec.counts])


def hand(spec: MirrorDegeneratedSpec) -> dict[str, Hand]:
    """Hand values: output resistance and threshold mismatch by the factor 1 + n g_m R."""
    at = MirrorPoint(spec)
    unit, drop = at.unit, spec.drop
    resistance = drop / unit.current
    factor = 1 + unit.model.n * unit.gm * resistance
    output = unit.ro * factor + resistance
    held = unit.vgs + drop
    mismatch_text = "g_m / I A_VT / sqrt(2 W L) sqrt(1/N_in + 1/N) / (1 + n g_m R)"
    errors = {
        key: Hand(100 * (volt - held) / (output * unit.current), "(V_out - V_in) / (R_out I)", RAZAVI)
        for key, volt in (("error_half", at.half), ("error_top", at.supply))
    }
    own: dict[str, Hand | None] = {
        **errors,
        **lowest_output(unit.sat + drop, "V_DSsat + I R", RAZAVI),
        "output_resistance": Hand(1e-9 * output, "r_o (1 + n g_m R) + R", RAZAVI),
        "input_voltage": Hand(held, "V_GS + I R, without body effect", EKV),
        **no_supply(spec),
        # The resistors' own mismatch is as large as that of the units, and has no textbook formula.
        **dict.fromkeys(("bandwidth", "settling_small", "noise_white", "mismatch", "mismatch_area")),
        "mismatch_vth": Hand(mismatch_percent(at) / factor, mismatch_text, PELGROM),
    }
    return counted_units(at, own)


def _resistors(spec: MirrorDegeneratedSpec) -> ResistorArray:
    description = f"drop is {spec.drop:g} V, the resistor of a unit ({spec.unit_current * 1e6:g} uA)"
    return resistor_array(spec.resistor, spec.unit_resistance, spec.counts, description)


def _check(spec: MirrorDegeneratedSpec) -> None:
    unit = sizing.unit_of(spec)
    body = (BODY_FACTOR - 1) * spec.drop
    voltages = {"V_GS": checks.gate_source(spec, unit), "body effect": body, "drop": spec.drop}
    checks.fits_under_the_supply(spec, "input", voltages)


CELL = Cell(spec=MirrorDegeneratedSpec, circuit=circuit, layout=layout, family="mirror", hand=hand)
