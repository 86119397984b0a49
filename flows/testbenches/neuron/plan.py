"""The simulations of a neuron.

::

            vdd o---+------------+-----------+--- ... -----.
                    |            |           |             | vdd
                   (I) 0.1 Ifs  (I) x0      (I) x1      .--+--------.
                    |            |           |          |           | iout
                    |            |           '-- iin1 --|  neuron   |------o Voltage vref, measures the output
                    |            '-------------- iin0 --|           |
                    '--------------------------- ibias -|           |------o Voltage vref
                                                        '--+--------'
                                                        vss| 0 V

The output is held at `vref`, where the input of the next neuron would hold it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from mirrorneuron.flows.simulate import Condition, Data
from mirrorneuron.flows.simulate.bench import Bench, CurrentInput, Points, Tran, Voltage, random_points, step, sweep
from mirrorneuron.flows.testbenches.conditions import TYPICAL
from mirrorneuron.flows.testbenches.neuron.measurement import Floats
from mirrorneuron.generators.cells.neuron.spec import NeuronSpec

__all__ = ["BEFORE_S", "SEED", "VECTORS", "NeuronPlan", "output"]

VECTORS: Final = 128
SEED: Final = 2024
BEFORE_S: Final = 0.1e-6
"""Time before a step [s]."""

_SWEEP_POINTS: Final = 17
_REFERENCE_POINTS: Final = 33  # for each sign; twice as many change the error by less than 0.003 % of full scale
_OVERDRIVE: Final = 2.0  # of its full scale: the largest input current of the reference transfer
_HOLD_S: Final = 2e-6  # at 1 uA full scale; charging takes longer with less current
_RISE_S: Final = 1e-9
_LOW, _HIGH, _SMALL = 0.1, 1.0, 0.2  # of full scale


class NeuronPlan:
    """The analyses of a spec.

    Attributes
    ----------
    pins, ratios
        Input pins, and their weights over the reference units.
    unit, full_scale
        Full scale of an input, and of the ideal sum [A].
    reference, random
        Rows of input currents [A]: along which the sum rises, and drawn at random.
    ramp
        Input currents [A] from 0 to full scale.
    hold_s
        Duration of a step [s].
    """

    def __init__(self, spec: NeuronSpec) -> None:
        """Derive input currents and durations from the spec."""
        self.spec = spec
        self.pins = [f"iin{k}" for k in range(len(spec.weights))]
        self.ratios = np.asarray(spec.weights, dtype=float) / spec.reference_units
        self.unit = spec.full_scale_current
        self.full_scale = float(np.abs(self.ratios).sum()) * self.unit
        drawn = random_points(dict.fromkeys(self.pins, (0.0, self.unit)), VECTORS, SEED)
        self.reference = self._reference()
        self.random = np.column_stack([drawn.values[pin] for pin in self.pins])
        self.ramp = np.linspace(0.0, self.unit, _SWEEP_POINTS)
        self.hold_s = _HOLD_S * max(1.0, 1e-6 / self.unit)

    def sums(self, inputs: Floats) -> Floats:
        """Ideal sums [A] of rows of input currents."""
        return np.asarray(inputs @ self.ratios, dtype=float)

    def _reference(self) -> Floats:
        """Rows of input currents along which the sum rises."""
        rows = np.zeros((1, len(self.pins)))
        for sign in (-1.0, 1.0):
            parts = np.maximum(sign * self.ratios, 0.0)
            if not parts.any():
                continue
            strongest = int(np.argmax(parts))
            needed = float(parts.sum() / parts[strongest])
            direction = (parts > 0).astype(float)
            if needed <= _OVERDRIVE:
                direction = np.zeros(len(parts))
                direction[strongest] = needed
            steps = np.linspace(0.0, self.unit, _REFERENCE_POINTS)[1:, None]
            rows = np.vstack([rows, steps * direction])
        return rows[np.argsort(self.sums(rows), kind="stable")]

    def points(self, inputs: Floats, seed: int | None = None) -> Points:
        """Operating points at rows of input currents."""
        return Points(dict(zip(self.pins, inputs.T, strict=True)), seed=seed)

    def bench(self, netlist: Path, condition: Condition) -> Bench:
        """The bench of a condition: the weighted sum everywhere, everything else at tt, 27 C."""
        analyses: dict[str, Points | Tran] = {
            "reference": self.points(self.reference),
            "random": self.points(self.random, seed=SEED),
        }
        if condition == TYPICAL:
            still = dict.fromkeys(self.pins, 0.0)
            for pin in self.pins:
                analyses[pin] = Points({**still, pin: self.ramp})
            analyses["together"] = sweep(self.ramp, *self.pins)
            analyses["mid"] = sweep(self.unit / 2, *self.pins)
            analyses["idle"] = sweep(0.0, *self.pins)
            analyses.update(self.transients())
        return self.with_analyses(netlist, analyses)

    def with_analyses(self, netlist: Path, analyses: Mapping[str, Points | Tran]) -> Bench:
        """A bench with the neuron's sources and these analyses."""
        spec = self.spec
        volts = {"vdd": spec.supply, "vss": 0.0, "vref": spec.vref, "iout": spec.vref}
        currents = {"ibias": spec.bias_current, **dict.fromkeys(self.pins, _LOW * self.unit)}
        sources = [Voltage(pin, volt) for pin, volt in volts.items()]
        inputs = [CurrentInput(pin, ampere) for pin, ampere in currents.items()]
        return Bench(netlist, spec.name, [*sources, *inputs], analyses)

    def transients(self) -> dict[str, Tran]:
        """Steps by ``kind inputs``; inputs that do not move stay at a tenth of full scale."""
        strongest = self.pins[int(np.argmax(np.abs(self.ratios)))]
        moved = {strongest: [strongest]} | ({"all inputs": self.pins} if len(self.pins) > 1 else {})
        back = BEFORE_S + self.hold_s
        waves = {
            kind: step(_LOW * self.unit, high * self.unit, BEFORE_S, _RISE_S, back)
            for kind, high in (("full", _HIGH), ("small", _SMALL))
        }
        return {
            f"{kind} {name}": Tran(BEFORE_S + 2 * self.hold_s, dict.fromkeys(pins, wave), self.hold_s / 400)
            for kind, wave in waves.items()
            for name, pins in moved.items()
        }


def output(data: Data) -> Floats:
    """Current out of the output pin [A]."""
    return np.asarray(-data.i("iout"), dtype=float)
