"""The Widlar mirror: a resistor in the outputs' emitters or sources makes them carry much less than the input.

::

    iin --+---.          iout1   iout2
          |   |            |       |
          |   +------------+-------+--
       |--'               n1 :    n2         npn, or transistors with gates
         vss               |       |
                          R/n1   R/n2
                          vss     vss

I R = n V_T ln(I_in / I), both currents those of a unit (R. J. Widlar, 1965); with MOS transistors V_GS takes V_BE's
place, and the body effect a part of the resistor's voltage. Each unit of an output has a resistor, so all of them carry
the same.
"""

from __future__ import annotations

from math import exp, log
from typing import TYPE_CHECKING, Annotated

from mirrorneuron.generators.cells.mirrors.parts import checks, npn, sizing
from mirrorneuron.generators.cells.mirrors.parts.resistors import BODY_FACTOR, RESISTOR_TEXT, Resistor, resistor_array
from mirrorneuron.generators.cells.mirrors.parts.spec import Mirror, MirrorSpec
from mirrorneuron.generators.circuit import Parts
from mirrorneuron.generators.primitives.drawing import Drawing
from mirrorneuron.generators.spec import NAME_TEXT, Name, OneOf, SiQuantity, kind_of_cell
from mirrorneuron.pdk_sky130.devices import BIPOLARS, NO_PNP, bipolar
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.models.hand import hand_model
from pydantic import Field

if TYPE_CHECKING:
    from klayout import db as kdb
    from mirrorneuron.generators.circuit import Netlist
    from mirrorneuron.generators.fixed_units import ResistorArray

__all__ = ["MIRROR", "MirrorWidlarSpec"]

_LEAST = 1e-4
"""Part of the input's unit current below which an output is leakage more than current."""


class MirrorWidlarSpec(MirrorSpec, init=False):
    """The Widlar mirror: small currents from a large one, by a resistor that is not huge."""

    P_DEVICE = "pfet_01v8_lvt"

    cell: Annotated[str, kind_of_cell("mirror_widlar")] = Field("mirror_widlar", description="Kind of cell")
    name: Name = Field("mirror_widlar", description=NAME_TEXT)
    device: Annotated[
        str,
        OneOf(
            words=(*npn.NPN, "auto", "nfet_01v8", "nfet_01v8_lvt", "pfet_01v8", "pfet_01v8_lvt"),
            rule=f"the npn and the 1.8 V transistors of the process; {NO_PNP}",
            remedy="auto takes a transistor with a gate, of the polarity; w and l are its sizes alone",
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
        """Whether it is made of npn transistors."""
        return self.device in BIPOLARS

    @property
    def main_device(self) -> str:
        """The unit transistor's name; raises as that of `MirrorSpec`."""
        return self.device if self.is_npn else super().main_device

    @property
    def unit_output(self) -> float:
        """Current of each unit of the outputs [A], by hand.

        Raises
        ------
        SpecError
            Both or none of `output` and `resistance` are given, or the resistor leaves no current.
        """
        self._one_of_both()
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
        self._one_of_both()
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
        """An output's current over the input's, by hand."""
        return self.unit_output * self.counts[pin] / self.current

    def _one_of_both(self) -> None:
        if (self.output is None) == (self.resistance is None):
            both = "both output and resistance are given" if self.output else "neither output nor resistance is given"
            raise SpecError(f"{both}: one follows from the other. Give one, and leave the other empty (output=null)")

    def _input(self, output: float) -> float:
        """What a unit of the input carries [A] beside an output: all, or what the bases leave."""
        if not self.is_npn:
            return self.unit_current
        beta = bipolar(self.device).beta
        others = sum(self.ratios[1:]) / self.ratios[0] * output
        return (self.unit_current - others / beta) / (1 + 1 / beta)

    def _ohm(self, output: float) -> float:
        """Widlar's resistor for an output [ohm]; 0 where the input has too little."""
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
        parts.array("main", sizing.main_array(spec), sources, rail, {pin: (pin, "iin") for pin in spec.counts})
    parts.resistor("widlar", _resistors(spec), rail, {pin: (sources[pin], rail) for pin in spec.outputs})
    return parts.netlist(spec.name, [*spec.counts, rail], spec.lines())


def layout(spec: MirrorWidlarSpec) -> kdb.Layout:
    """The matched array on the left of a spine, the resistors on the right."""
    rail = spec.side.rail
    _check(spec)
    draw = Drawing(spec.name, [rail])
    pins = list(spec.counts)
    below = {pin: f"below_{pin}" for pin in spec.outputs}
    low = {"iin": rail, **below}
    if spec.is_npn:
        size = npn.npn_array(spec.device, spec.counts)
        main = npn.draw_npn(draw, "main", size, {pin: (pin, "iin", low[pin]) for pin in pins}, rail)
    else:
        main = draw.array(
            "main",
            sizing.main_array(spec),
            gates=dict.fromkeys(pins, "iin"),
            drains={pin: pin for pin in pins},
            source=low,
            bulk=rail,
        )
    ends = {pin: (net, rail) for pin, net in below.items()}
    resistors = draw.resistors("resistors", _resistors(spec), ends, rail, in_well=spec.polarity == "p")
    return draw.finish(left=[main], right=[resistors], pins=[rail, *pins])


def _resistors(spec: MirrorWidlarSpec) -> ResistorArray:
    counts = {pin: spec.counts[pin] for pin in spec.outputs}
    what = f"output is {spec.unit_output * 1e9:.4g} nA a unit, its resistor"
    return resistor_array(spec.resistor, spec.unit_resistance, counts, what)


def _check(spec: MirrorWidlarSpec) -> None:
    if not spec.is_npn:
        sizing.fits_under_the_supply(spec, "input", {"V_GS": sizing.gate_source(spec, sizing.unit_of(spec))})
        checks.above_leakage(spec, "output", spec.unit_output, spec.unit_output)
        return
    npn.npn_alone(spec)
    sizes = {name: getattr(spec, name) for name in ("w", "l")}
    if sizes != {name: MirrorWidlarSpec.model_fields[name].default for name in sizes}:
        raise SpecError(
            f"w is {spec.w:g} um and l {spec.l:g} um, but device is {spec.device}, whose size is the foundry's: leave "
            "w and l, or take device: auto"
        )
    sizing.fits_under_the_supply(spec, "input", {"V_BE": npn.base_emitter(spec)})


MIRROR = Mirror(spec=MirrorWidlarSpec, circuit=circuit, layout=layout)
