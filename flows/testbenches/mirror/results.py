"""The results of both rounds on one netlist, by what they are for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from mirrorneuron.flows.simulate import Result
from mirrorneuron.flows.testbenches.conditions import TYPICAL
from mirrorneuron.flows.testbenches.mirror.measurement import Floats, MirrorCorner
from mirrorneuron.flows.testbenches.mirror.operating_range import OperatingRange
from mirrorneuron.flows.testbenches.mirror.plan import DYNAMIC, INPUTS, SMALLEST, STARTED, MirrorPlan
from mirrorneuron.flows.testbenches.rounds import Run
from mirrorneuron.flows.variation.samples import Samples

__all__ = ["MirrorResults", "resistance", "second_round"]


def second_round(plan: MirrorPlan, ranges: Sequence[OperatingRange]) -> list[Run]:
    """The runs of the second round, in the order that `MirrorResults.of` reads: typical, smallest input, output
    resistance at every condition, small steps, power-up."""
    netlist = ranges[0].result.netlist
    typical = next(operating for operating in ranges if operating.condition == TYPICAL)
    smallest = plan.side.sign * SMALLEST * plan.current
    runs: list[Run] = [
        (plan.typical(netlist, typical.middle), TYPICAL),
        (plan.small(netlist, smallest, typical.middle), TYPICAL),
        *((plan.anywhere(netlist, operating.middle), operating.condition) for operating in ranges),
    ]
    for operating in ranges:
        if operating.condition in DYNAMIC:
            parts = [part for part in INPUTS if part <= 1 or operating.takes(part * plan.current, plan.inputs)]
            runs.append((plan.steps(netlist, operating.middle, parts), operating.condition))
    started = [operating for operating in ranges if operating.condition in STARTED]
    return [*runs, *((plan.power_up(netlist, operating.middle), operating.condition) for operating in started)]


@dataclass(frozen=True, eq=False, kw_only=True)
class MirrorResults:
    """All results on one netlist: `ranges` from the first round, the others from the second, and the samples.

    ``typical`` and ``small`` are at tt, 27 C; ``anywhere`` has a result for each of `ranges`; ``stepped`` are the small
    steps, ``started`` the power-ups.
    """

    plan: MirrorPlan
    ranges: Sequence[OperatingRange]
    typical: Result
    small: Result
    anywhere: Sequence[Result]
    stepped: Sequence[Result]
    started: Sequence[Result]
    samples: Samples

    @classmethod
    def of(
        cls, plan: MirrorPlan, ranges: Sequence[OperatingRange], second: Sequence[Result], samples: Samples
    ) -> MirrorResults:
        """Sort the results of `second_round`."""
        after = 2 + len(ranges)
        stepped = len(second) - after - sum(operating.condition in STARTED for operating in ranges)
        return cls(
            plan=plan,
            ranges=ranges,
            typical=second[0],
            small=second[1],
            anywhere=second[2:after],
            stepped=second[after : after + stepped],
            started=second[after + stepped :],
            samples=samples,
        )

    @property
    def typical_range(self) -> OperatingRange:
        """The output range at tt, 27 C."""
        return next(operating for operating in self.ranges if operating.condition == TYPICAL)

    @property
    def units(self) -> Floats:
        """The units of each output."""
        counts = self.plan.spec.counts
        return np.array([counts[pin] for pin in self.plan.outputs], dtype=float)

    def corners(self) -> list[MirrorCorner]:
        """The static behaviour at each condition."""
        first = self.plan.outputs[0]
        return [
            MirrorCorner(
                condition=operating.condition,
                ratios=operating.ratios,
                volts=operating.volts,
                low=math.nan if operating.lows[0] is None else operating.lows[0],
                middle=operating.middle,
                input_voltage=operating.input_voltage,
                resistance=float(self.units[0] * resistance(result["out"].i(first)[0])),
            )
            for operating, result in zip(self.ranges, self.anywhere, strict=True)
        ]


def resistance(admittance: complex) -> float:
    """The resistance of the real part of an admittance [ohm]; infinite if it is 0."""
    real = float(np.real(admittance))
    return 1 / real if real else math.inf
