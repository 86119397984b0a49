"""The Widlar mirror: a resistor in the outputs' emitters or sources makes them carry much less than the input.

::

    iin --+---.          iout1   iout2
          |   |            |       |
          |   +------------+-------+--
       |--'               n1 :    n2         npn, or transistors with gates
         vss               |       |
                          R/n1   R/n2
                          vss     vss

I R = n V_T ln(I_in / I), both currents those of a unit (R. J. Widlar, 1965). With MOS transistors V_GS takes the place
of V_BE, and the body effect takes a part of the resistor's voltage. Each unit of an output has its own resistor, so all
units carry the same current.
"""

from __future__ import annotations

from math import exp, log
from typing import TYPE_CHECKING, Annotated

from mirrorneuron.generators.cell import Cell
from mirrorneuron.generators.cells.mirrors.parts import checks, npn, sizing
from mirrorneuron.generators.cells.mirrors.parts.degeneration import (
    add_source_resistors,
    add_units_with_sources,
    draw_source_resistors,
    draw_units_with_sources,
)
from mirrorneuron.generators.cells.mirrors.parts.npn_theory import diode_input
from mirrorneuron.generators.cells.mirrors.parts.resistors import RESISTOR_TEXT, Resistor, resistor_array
from mirrorneuron.generators.cells.mirrors.parts.spec import MirrorSpec
from mirrorneuron.generators.cells.mirrors.parts.theory import (
    BY_DESIGN,
    EKV,
    RAZAVI,
    SQUARE,
    WIDLAR,
    MirrorPoint,
    OperatingPoint,
    counted_units,
    no_supply,
)
from mirrorneuron.generators.circuit import Netlist, Parts
from mirrorneuron.generators.hand import Hand
from mirrorneuron.generators.primitives.drawing import Drawing
from mirrorneuron.generators.spec import NAME_TEXT, Name, OneOf, SiQuantity, kind_of_cell
from mirrorneuron.generators.units import ResistorArray
from mirrorneuron.pdk_sky130.constants import UT
from mirrorneuron.pdk_sky130.devices import BIPOLARS, NO_PNP, bipolar
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.models.hand import BODY_FACTOR, hand_model
from pydantic import Field

if TYPE_CHECKING:
    from klayout import db as kdb

__all__ = ["CELL", "MirrorWidlarSpec"]

_LEAST = 1e-4
"""Smallest output over the input, both of a unit: below it the output is leakage rather than current."""


class MirrorWidlarSpec(MirrorSpec, init=False):
    """The Widlar mirror: small currents from a large one, by a resistor of moderate size."""

    P_DEVICE = "pfet_01v8_lvt"

    cell: Annotated[str, kind_of_cell("mirror_widlar")] = Field("mirror_widlar", description="Kind of cell")
    name: Name = Field("mirror_widlar", description=NAME_TEXT)
    device: Annotated[
        str,
        OneOf(
            words=(*npn.NPN, "auto", "nfet_01v8", "nfet_01v8_lvt", "pfet_01v8", "pfet_01v8_lvt"),
            rule=f"the npn and the 1.8 V transistors of the process; {NO_PNP}",
            remedy="auto takes a MOS transistor of the polarity; w and l are sizes of MOS transistors only",
        ),
    ] = Field(npn.NPN[0], description="Unit transistor")
    output: Annotated[
        float | None,
        SiQuantity(
            low=1e-9,
            high=1e-3,
            unit="A",
            optional=True,
            rule="less than the input's unit carries",
            remedy="nothing where resistance is given",
        ),
    ] = Field(300e-9, description="Current of each unit of the outputs")
    resistance: Annotated[
        float | None,
        SiQuantity(
            low=10,
            high=100e6,
            unit="ohm",
            optional=True,
            rule="what can be drawn",
            remedy="nothing where output is given",
        ),
    ] = Field(None, description="Resistor of each unit of the outputs")
    resistor: Resistor = Field("res_xhigh_po_0p69", description=RESISTOR_TEXT)

    @property
    def is_npn(self) -> bool:
        """Whether the units are npn transistors."""
        return self.device in BIPOLARS

    @property
    def main_device(self) -> str:
        """The unit transistor's name; raises as `MirrorSpec.main_device`."""
        return self.device if self.is_npn else super().main_device

    @property
    def unit_output(self) -> float:
        """Current of each unit of the outputs [A], by hand.

        Raises
        ------
        SpecError
            Both or none of `output` and `resistance` are given, or the resistor leaves no current.
        """
        self._check_fields()
        if self.output is not None:
            return self.output
        low, high = log(_LEAST * self.unit_current), log(self.unit_current)
        if self._ohm(exp(low)) < (self.resistance or 0.0):
            raise SpecError(
                f"resistance is {self.resistance:.4g} ohm: of {self.unit_current * 1e6:g} uA a unit it would leave "
                f"less than {exp(low) * 1e12:.3g} pA. At most {self._ohm(exp(low)):.4g} ohm"
            )
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if self._ohm(exp(middle)) > (self.resistance or 0.0) else (low, middle)
        return exp(low)

    @property
    def unit_resistance(self) -> float:
        """Resistor of each unit of the outputs [ohm], by hand; raises as `unit_output`."""
        self._check_fields()
        if self.resistance is not None:
            return self.resistance
        output = self.output or 0.0
        if not _LEAST * self.unit_current <= output < self._input(output):
            raise SpecError(
                f"output is {output * 1e6:g} uA a unit, and the input's unit carries {self._input(output) * 1e6:.4g} "
                f"uA: a Widlar mirror gives less than that, and at least {_LEAST:g} of it. Take a mirror without a "
                "resistor, other ratios, or more current"
            )
        return self._ohm(output)

    def transfer(self, pin: str) -> float:
        """Nominal current of an output over that of the input, by hand."""
        return self.unit_output * self.counts[pin] / self.current

    def _check_fields(self) -> None:
        if (self.output is None) == (self.resistance is None):
            both = "both output and resistance are given" if self.output else "neither output nor resistance is given"
            raise SpecError(f"{both}: each follows from the other. Give one of them, the other empty (output=null)")

    def _input(self, output: float) -> float:
        """Collector or drain current of a unit of the input [A] for an output current: less the bases' currents."""
        if not self.is_npn:
            return self.unit_current
        beta = bipolar(self.device).beta
        others = sum(self.ratios[1:]) / self.ratios[0] * output
        return (self.unit_current - others / beta) / (1 + 1 / beta)

    def _ohm(self, output: float) -> float:
        """Widlar's resistor for an output current [ohm]; 0 where the input's unit carries less."""
        left = self._input(output)
        if left <= output:
            return 0.0
        if self.is_npn:
            device = bipolar(self.device)
            return (device.base_emitter(left) - device.base_emitter(output)) / (output * (1 + 1 / device.beta))
        model, squares = hand_model(self.main_device), self.w / self.l
        return (model.gate_source(left, squares) - model.gate_source(output, squares)) / (BODY_FACTOR * output)


def circuit(spec: MirrorWidlarSpec) -> Netlist:
    """Pins: ``iin``, the outputs, the rail."""
    rail = spec.side.rail
    _check(spec)
    parts = Parts()
    sources = {"iin": rail, **{pin: f"{pin}_x" for pin in spec.outputs}}
    if spec.is_npn:
        size = npn.npn_array(spec.device, spec.counts)
        parts.bipolar("main", size, rail, {pin: (pin, "iin", net) for pin, net in sources.items()})
    else:
        add_units_with_sources(parts, spec, sources)
    add_source_resistors(parts, spec, "widlar", _resistors(spec), {pin: sources[pin] for pin in spec.outputs})
    return parts.netlist(spec.name, [*spec.counts, rail], spec.lines())


def layout(spec: MirrorWidlarSpec) -> kdb.Layout:
    """The matched array on the left of a spine, the resistors on the right."""
    rail = spec.side.rail
    _check(spec)
    draw = Drawing(spec.name, [rail], spec.variant)
    below = {pin: f"below_{pin}" for pin in spec.outputs}
    low = {"iin": rail, **below}
    if spec.is_npn:
        size = npn.npn_array(spec.device, spec.counts)
        main = npn.draw_npn(draw, "main", size, {pin: (pin, "iin", low[pin]) for pin in spec.counts}, rail)
    else:
        main = draw_units_with_sources(draw, spec, low)
    resistors = draw_source_resistors(draw, spec, _resistors(spec), below)
    return draw.finish(left=[main], right=[resistors], pins=[rail, *spec.counts])


def hand(spec: MirrorWidlarSpec) -> dict[str, Hand]:
    """Hand values: the logarithm's error, compliance and output resistance with the resistor."""
    error = Hand(0.0, "0: measured against I R = n V_T ln(I_in / I)", WIDLAR)
    return _npn_hand(spec, error) if spec.is_npn else _mos_hand(spec, error)


def _mos_hand(spec: MirrorWidlarSpec, error: Hand) -> dict[str, Hand]:
    at = MirrorPoint(spec)
    output, resistor = OperatingPoint.of(sizing.unit_of(spec), spec.unit_output), spec.unit_resistance
    resistance = output.ro * (1 + output.model.n * output.gm * resistor) + resistor
    # The formulas of counted units do not hold: an output's unit carries another current than the input's.
    invalid = ("bandwidth", "settling_small", "noise_white", "error_drift", "mismatch", "mismatch_vth", "mismatch_area")
    own: dict[str, Hand | None] = {
        **dict.fromkeys(invalid),
        "error_half": error,
        "output_low": Hand(output.sat + spec.unit_output * resistor, "V_DSsat + I R", RAZAVI),
        "output_resistance": Hand(1e-9 * resistance, "r_o (1 + n g_m R) + R", RAZAVI),
        "input_voltage": Hand(at.unit.vgs, "V_GS", EKV),
        **no_supply(spec),
    }
    return counted_units(at, own)


def _npn_hand(spec: MirrorWidlarSpec, error: Hand) -> dict[str, Hand]:
    device, current, resistor = bipolar(spec.main_device), spec.unit_output, spec.unit_resistance
    resistance = 1e-9 * device.early_v / current * (1 + current / UT * resistor)
    return {
        "error_half": error,
        "outputs_apart": Hand(0.0, "0: equal units", BY_DESIGN),
        "output_low": Hand(device.saturated_v + current * resistor, "V_CEsat + I R", SQUARE),
        "output_resistance": Hand(resistance, "V_A / I (1 + g_m R)", SQUARE),
        **diode_input(spec),
        **no_supply(spec),
    }


def _resistors(spec: MirrorWidlarSpec) -> ResistorArray:
    counts = {pin: spec.counts[pin] for pin in spec.outputs}
    description = f"output is {spec.unit_output * 1e9:.4g} nA a unit, its resistor"
    return resistor_array(spec.resistor, spec.unit_resistance, counts, description)


def _check(spec: MirrorWidlarSpec) -> None:
    if not spec.is_npn:
        checks.fits_under_the_supply(spec, "input", {"V_GS": checks.gate_source(spec, sizing.unit_of(spec))})
        checks.above_leakage(spec, "output", spec.unit_output, spec.unit_output)
        return
    npn.npn_alone(spec)
    sizes = {name: getattr(spec, name) for name in ("w", "l")}
    if sizes != {name: MirrorWidlarSpec.model_fields[name].default for name in sizes}:
        raise SpecError(
            f"w is {spec.w:g} um and l {spec.l:g} um, but device is {spec.device}, whose size is the foundry's: leave "
            "w and l, or take device: auto"
        )
    checks.fits_under_the_supply(spec, "input", {"V_BE": npn.base_emitter(spec)})


CELL = Cell(spec=MirrorWidlarSpec, circuit=circuit, layout=layout, family="mirror", hand=hand)
