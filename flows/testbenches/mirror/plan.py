"""The simulations of a mirror; voltages are counted from the rail of its sources.

::

         other supply o---+-----------+-------------.
                          |           |             |
                         (I) iin     (I) ibias   .--+-------.
                          |           |          |          |-- iout1 --o Voltage, measures the output
                          '-----------'----------|  mirror  |-- iout2 --o Voltage
                                          vref --|          |
                                                 '--+-------'
                                                    rail o

A mirror without a pin on the other supply still has that source beside it: the compliance of a current input ends
there. For a p mirror everything is upside down.

There are two rounds. The first finds the output range and the input currents that the mirror takes; the second measures
in the middle of that range, and at input currents that are taken.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from mirrorneuron.flows import simulate
from mirrorneuron.flows.simulate import Condition
from mirrorneuron.flows.simulate.bench import (
    CLAMP_A_PER_V2,
    RAIL_MARGIN_V,
    Ac,
    Analysis,
    Bench,
    CurrentInput,
    Noise,
    Points,
    Pwl,
    Source,
    Tran,
    Voltage,
    step,
    sweep,
)
from mirrorneuron.flows.testbenches.conditions import CORNERS, TYPICAL
from mirrorneuron.generators import catalog
from mirrorneuron.generators.cells.mirrors.parts.spec import Cascoded, MirrorSpec
from mirrorneuron.pdk_sky130.constants import GATE_F_PER_UM2
from mirrorneuron.pdk_sky130.errors import InputError
from numpy.typing import NDArray

__all__ = ["BEFORE_S", "DYNAMIC", "INPUTS", "SMALLEST", "STARTED", "STEP", "MirrorPlan"]

Floats: TypeAlias = NDArray[np.float64]

DYNAMIC: Final = (
    *simulate.conditions(CORNERS, [27.0]),
    Condition("ss", -40.0),
    Condition("ff", 125.0),
)
"""Where small steps are simulated: every corner at 27 C, and the two extremes of speed."""
STARTED: Final = (TYPICAL, *DYNAMIC[-2:])
"""Where power-up is simulated."""

INPUTS: Final = (0.02, 0.1, 0.3, 1.0, 5.0)
"""Input currents of the small steps, relative to the spec's current."""
SMALLEST: Final = INPUTS[0]

STEP: Final = 1.1
"""Final over initial input current of a small step."""
BEFORE_S: Final = 50e-9
"""Time before a step [s]."""
_RISE_S: Final = 1e-9
_POWER_UP_S: Final = 10e-6

_HELD: Final = 0.75  # of the supply
_VOLTS: Final = 181  # 10 mV at 1.8 V
_RANGE: Final = np.logspace(-3, 1.5, 73)
_LEAST_A: Final = 1e-10  # below, the 1e-12 S that the simulator adds at every junction dominate
_OTHER: Final = 0.4e-12  # F: compensation and wires
_SLOW_S: Final = 2e-6
_SLEW_V: Final = 1.0  # largest swing of an amplifier's output; a small step takes as long, by the slow pole
_TAIL: Final = 0.2  # of the bias current
_CONSTANTS: Final = 40  # time constants in the record of a step
_SLOPE_V: Final = 0.04  # n kT/q


class MirrorPlan:
    """The benches of a mirror's spec."""

    def __init__(self, spec: MirrorSpec) -> None:
        """Take pins, currents and voltages from the spec."""
        self.spec = spec
        self.side = spec.side
        self.pins = list(catalog.circuit_of(spec).pins)
        self.outputs = list(spec.outputs)
        self.current = spec.current
        self.half = spec.supply / 2
        self.held = _HELD * spec.supply
        """Voltage of outputs that are not swept, from the rail [V]: above the compliance of any mirror."""
        self.volts = np.linspace(0.0, spec.supply, _VOLTS)
        inputs = self.current * _RANGE
        self.inputs = inputs[inputs >= _LEAST_A]
        self.ideal = np.array([spec.transfer(pin) for pin in self.outputs])
        """Nominal currents of the outputs relative to the input."""

    def volt(self, from_rail: Floats | float) -> Floats:
        """A voltage from ground [V], from a voltage that is counted from the rail; and the other way round."""
        return np.asarray(from_rail if self.side.sign > 0 else self.spec.supply - np.asarray(from_rail), dtype=float)

    def bench(
        self, netlist: Path, analyses: Mapping[str, Analysis], *, out: float | None = None, current: float | None = None
    ) -> Bench:
        """A bench with all outputs at `out` from the rail [V], by default `held`, and an input `current` [A]."""
        spec, sign = self.spec, self.side.sign
        held = float(self.volt(self.held if out is None else out))
        sources: list[Source] = [Voltage("vdd", spec.supply), Voltage("vss", 0.0)]
        sources += [Voltage(pin, held) for pin in self.outputs]
        sources.append(CurrentInput("iin", sign * (self.current if current is None else current)))
        for pin in self.pins:
            if pin == "vref":
                sources.append(Voltage(pin, float(self.volt(self.reference))))
            elif pin == "ibias":
                sources.append(CurrentInput(pin, sign * self.bias))
        return Bench(netlist, spec.name, sources, analyses)

    @property
    def reference(self) -> float:
        """Voltage of the pin vref, from the rail [V]."""
        return self._field("reference")

    @property
    def bias(self) -> float:
        """Current of the pin ibias [A]; 0 if there is none."""
        return self._field("bias") if "ibias" in self.pins else 0.0

    def _field(self, name: str) -> float:
        value = getattr(self.spec, name, None)
        if value is None:
            raise InputError(
                f"{self.spec.cell} has a pin that takes its value from the field {name}, and its spec has no such field"
            )
        return float(value)

    def first(self, netlist: Path) -> Bench:
        """The first round: outputs swept from rail to supply, input from 1/1000 to 30 times the spec's current, but
        not below 0.1 nA."""
        analyses: dict[str, Analysis] = {
            "nominal": Points(),
            "outputs": sweep(self.volt(self.volts), *self.outputs),
            "input": sweep(self.side.sign * self.inputs, "iin"),
        }
        # Where the mirror takes no current, the clamp of the input source takes all of the largest one.
        beyond = math.sqrt(float(self.inputs[-1]) / CLAMP_A_PER_V2)
        return replace(self.bench(netlist, analyses), rail_margin_v=RAIL_MARGIN_V + beyond)

    def small(self, netlist: Path, current: float, middle: float) -> Bench:
        """Small signals at an input current [A]."""
        return self.bench(netlist, {"small": _TRANSFER}, out=middle, current=current)

    def typical(self, netlist: Path, middle: float) -> Bench:
        """All that is measured at tt, 27 C alone, with outputs in the middle of their range."""
        low, high = (self.side.sign * part * self.current for part in (0.1, 1.0))
        hold = self.hold_s(0.1)
        analyses: dict[str, Analysis] = {
            "transfer": _TRANSFER,
            **{f"out {pin}": _resistance(pin) for pin in self.outputs},
            "noise": Noise(self.outputs[0], "iin", 1.0, 1e9),
            "full": Tran(
                BEFORE_S + 2 * hold,
                {"iin": step(low, high, BEFORE_S, _RISE_S, BEFORE_S + hold)},
                hold / 400,
            ),
        }
        return self.bench(netlist, analyses, out=middle)

    def anywhere(self, netlist: Path, middle: float) -> Bench:
        """The output resistance, which is measured at every condition."""
        return self.bench(netlist, {"out": Ac(self.outputs[0], 0.01, 1.0, 1)}, out=middle)

    def power_up(self, netlist: Path, middle: float) -> Bench:
        """All sources rise from 0 together."""
        bench = self.bench(netlist, {}, out=middle)
        ends = {source.pin: source.volt if isinstance(source, Voltage) else source.ampere for source in bench.sources}
        waves = {pin: Pwl(((0.0, 0.0), (_POWER_UP_S, end))) for pin, end in ends.items() if end}
        stop = _POWER_UP_S + self.hold_s(0.1)
        # On its way a node may float above the supply; only its end is compared with the operating point.
        analyses = {"start": Tran(stop, waves, stop / 400)}
        return replace(bench, analyses=analyses, rail_margin_v=self.spec.supply)

    def steps(self, netlist: Path, middle: float, parts: Sequence[float]) -> Bench:
        """Small steps at input currents of `parts` times the spec's current."""
        analyses: dict[str, Analysis] = {}
        for part in parts:
            low, hold = self.side.sign * part * self.current, self.hold_s(part)
            wave = step(low, STEP * low, BEFORE_S, _RISE_S, BEFORE_S + hold)
            analyses[self.step_name(part)] = Tran(BEFORE_S + 2 * hold, {"iin": wave}, hold / 250, reltol=1e-5)
        return self.bench(netlist, analyses, out=middle)

    @staticmethod
    def step_name(part: float) -> str:
        """The name of the analysis of a small step."""
        return f"step {part:g}"

    def hold_s(self, part: float) -> float:
        """Duration of the record of a step at a part of the spec's current [s]: so many time constants of the gates."""
        area = sum(self.spec.ratios) * self.spec.gate_area_um2
        if isinstance(self.spec, Cascoded) and not self.bias:
            area += sum(self.spec.ratios) * self.spec.cascode_w * self.spec.cascode_l
        settled = _CONSTANTS * (GATE_F_PER_UM2 * area + _OTHER) * _SLOPE_V / (part * self.current)
        if not self.bias:
            return _SLOW_S + settled
        cascodes = max(self.spec.ratios) * self._field("cascode_w") * self._field("cascode_l")
        tail = _TAIL * self.bias
        return _SLOW_S + settled + (GATE_F_PER_UM2 * max(area, cascodes) + _OTHER) * _SLEW_V / tail


_TRANSFER: Final = Ac("iin", 100.0, 10e9, 20)


def _resistance(pin: str) -> Ac:
    """The admittance of an output over frequency."""
    return Ac(pin, 0.01, 1e9, 8)
