"""From the first round at one condition: the output range, and the input currents that the mirror takes."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from mirrorneuron.flows.simulate import Result
from mirrorneuron.flows.testbenches.mirror.plan import MirrorPlan
from numpy.typing import NDArray

__all__ = ["DEAD", "OperatingRange"]

Floats: TypeAlias = NDArray[np.float64]

DEAD: Final = 0.01
"""Of the nominal output, or of its nominal change: an output with less does not work."""

_LOSSES: Final = (0.01, 0.05)
_TAKEN: Final = 1e-4  # part of an input current that may be missing, as in `Data.limited`
_STEEP: Final = 0.05  # 1/V: no mirror's lambda is as large
_ABOUT_V: Final = 0.02


class OperatingRange:
    """What the first round shows at one condition; voltages [V] from the rail.

    Attributes
    ----------
    volts, ratios
        Output voltages, and for each output a row of its currents over their nominal values.
    lows
        Output compliance for 1 % and 5 % of loss; None where there is none.
    middle
        Middle of the output range.
    refuses
        Whether the mirror does not take its input current although the outputs are in their range.
    input_voltage, supply_current
        At the spec's input current; the supply's current without the input's [A].
    taken, transfer
        For each input current of the plan, whether the mirror takes it, and the first output over its nominal value.
    """

    def __init__(self, plan: MirrorPlan, result: Result) -> None:
        """Evaluate the result of the first round at one condition."""
        self.condition = result.condition
        self.result = result
        sign = plan.side.sign
        outputs, swept, nominal = result["outputs"], result["input"], result["nominal"]
        currents = sign * np.array([outputs.i(pin) for pin in plan.outputs])
        self.volts = plan.volts
        self.ratios = currents / plan.current / plan.ideal[:, None]
        start = plan.held if self._slope(plan.half) > max(_STEEP, 10 * self._slope(plan.held)) else plan.half
        self.lows = [self._compliance(start, loss) for loss in _LOSSES]
        low = self.lows[0]
        self.middle = plan.held if low is None else (low + plan.spec.supply) / 2
        # A Wilson mirror whose output is too low takes less and less input current, too.
        refused = np.abs(sign * outputs.i("iin") / plan.current - 1) > _LOSSES[0]
        self.refuses = bool(refused[plan.volts >= (plan.held if low is None else low)].any())
        self.input_voltage = float(plan.volt(nominal.v("iin"))[0])
        other = plan.side.other
        self.supply_current = abs(float(nominal.i(other)[0])) if other in plan.pins else 0.0
        into = sign * swept.i("iin")
        self.taken = np.abs(into - plan.inputs) <= _TAKEN * plan.inputs
        self.transfer = sign * swept.i(plan.outputs[0]) / into / plan.ideal[0]

    def takes(self, current: float, inputs: Floats) -> bool:
        """Whether the mirror takes an input of this current [A] and of 20 % more, from its answer at `inputs` [A]."""
        refused = inputs[~self.taken]
        return not len(refused) or current * 1.2 < float(refused.min())

    def _at(self, volt: float) -> Floats:
        return np.array([np.interp(volt, self.volts, row) for row in self.ratios])

    def _slope(self, volt: float) -> float:
        """The largest slope of an output's current at a voltage, relative to its nominal current [1/V]."""
        return float(np.abs(self._at(volt + _ABOUT_V) - self._at(volt - _ABOUT_V)).max()) / (2 * _ABOUT_V)

    def _compliance(self, start: float, loss: float) -> float | None:
        """The lowest voltage, going down from `start`, at which every output keeps its current but for `loss`."""
        at_start = self._at(start)
        if not (at_start > DEAD).all():
            return None
        kept = (self.ratios / at_start[:, None]).min(axis=0)
        below = np.flatnonzero((self.volts < start) & (kept < 1 - loss))
        if not len(below):
            return None
        here = slice(int(below[-1]), int(below[-1]) + 2)
        return float(np.interp(1 - loss, kept[here], self.volts[here]))
