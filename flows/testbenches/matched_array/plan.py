"""The simulations of a matched array.

::

        V      V      V      V
        |      |      |      |
        g     d0     d1     d2  ...      s (and b) at 0 V; for p transistors at the supply, and V below it
        '-------| array |-------'
                    |
                    s

All drains are at the gate voltage V, each on a source of its own that measures its current: the reference ``d0`` is a
diode, and each output is compared with it at equal voltages. The first round sweeps V; the V_GS of the reference is
where it carries its units times the unit current. In the second round V stays there at each condition, and the currents
of that one solution give the ratios. (With a current source at the reference the simulator would have to find V, and
its tolerance would be in every ratio.) At tt, 27 C the outputs alone are then swept.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from mirrorneuron.flows.simulate import Result
from mirrorneuron.flows.simulate.bench import Bench, Points, Voltage, sweep
from mirrorneuron.flows.testbenches.matched_array.measurement import Floats
from mirrorneuron.generators.cells.matched_array.spec import MatchedArraySpec
from mirrorneuron.pdk_sky130.devices import mosfet

__all__ = ["SUPPLY", "ArrayPlan"]

SUPPLY: Final = 1.8
"""Largest voltage between source and outputs [V]."""
_SQUARE_A: Final = {"n": 2.5e-6, "p": 0.6e-6}  # unit current of W/L = 1
_SWEEP_POINTS: Final = 181  # 10 mV


class ArrayPlan:
    """The benches of a spec.

    Attributes
    ----------
    pins, units
        Drains and their units, the reference first.
    unit_current, reference_current
        Nominal currents of a unit and of the reference [A].
    sign, source
        1 for n, -1 for p; the voltage of the sources [V].
    through
        The voltages of a sweep, from the source [V].
    """

    def __init__(self, spec: MatchedArraySpec) -> None:
        """Derive currents and voltages from the spec."""
        self.spec = spec
        self.pins = list(spec.drains)
        self.units = np.asarray(spec.ratios, dtype=float)
        polarity = mosfet(spec.device).polarity
        self.unit_current = _SQUARE_A[polarity] * spec.w / spec.l
        self.reference_current = self.unit_current * self.units[0]
        self.sign, self.source = (1.0, 0.0) if polarity == "n" else (-1.0, SUPPLY)
        self.through = np.linspace(0.0, SUPPLY, _SWEEP_POINTS)
        fixed = ["s", *(["b"] if spec.bulk == "own" else [])]
        self._fixed = [Voltage(pin, self.source) for pin in fixed]

    def diode(self, netlist: Path) -> Bench:
        """Gate and drains swept together."""
        through = sweep(self._volts(self.through), "g", *self.pins)
        return Bench(netlist, self.spec.name, self._sources(SUPPLY), {"reference": through})

    def voltage(self, diode: Result) -> float:
        """The V_GS at which the reference carries its nominal current [V]; the supply if it nowhere does."""
        currents = self.sign * diode["reference"].i("d0")
        reached = np.flatnonzero(currents >= self.reference_current)
        if not len(reached):
            return SUPPLY
        ends = slice(max(0, int(reached[0]) - 1), int(reached[0]) + 1)
        # Nearly exponential from one voltage to the next.
        logs = np.log(np.maximum(currents[ends], np.finfo(float).tiny))
        return float(np.interp(np.log(self.reference_current), logs, self.through[ends]))

    def held(self, netlist: Path, volt: float) -> Bench:
        """Gate and drains at one voltage [V from the source]."""
        return Bench(netlist, self.spec.name, self._sources(volt), {"equal": Points()})

    def swept(self, netlist: Path, volt: float) -> Bench:
        """Gate and reference at a voltage [V from the source], the outputs swept."""
        through = sweep(self._volts(self.through), *self.pins[1:])
        return Bench(netlist, self.spec.name, self._sources(volt), {"outputs": through})

    def _volts(self, from_source: Floats) -> Floats:
        return self.source + self.sign * from_source

    def _sources(self, volt: float) -> list[Voltage]:
        at = self.source + self.sign * volt
        return [*self._fixed, *(Voltage(pin, at) for pin in ("g", *self.pins))]
