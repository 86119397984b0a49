"""What varies from one matched array to the next: the ratios, at one gate voltage and equal drain voltages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from mirrorneuron.flows import simulate
from mirrorneuron.flows.results.quantity import Quantity
from mirrorneuron.flows.simulate import Condition, Data
from mirrorneuron.flows.simulate.bench import Bench
from mirrorneuron.flows.testbench import Spread
from mirrorneuron.flows.testbenches.matched_array.measurement import relative_errors
from mirrorneuron.flows.testbenches.matched_array.plan import ArrayPlan
from mirrorneuron.generators.cells.matched_array.spec import MatchedArraySpec
from numpy.typing import NDArray

__all__ = ["SPREAD"]


def _quantities(spec: MatchedArraySpec) -> Mapping[str, Quantity]:
    ratios = {f"ratio_{pin}": Quantity(f"Ratio error of {pin} to d0", "%") for pin in spec.drains[1:]}
    return {**ratios, "ratio_worst": Quantity("Ratio error, maximum over outputs", "%")}


def _bench(spec: MatchedArraySpec, netlist: Path, condition: Condition) -> Bench:
    plan = ArrayPlan(spec)
    return plan.held(netlist, plan.voltage(simulate.run(plan.diode(netlist), condition)))


def _numbers(spec: MatchedArraySpec, data: Mapping[str, Data]) -> Mapping[str, NDArray[np.float64]]:
    # The last axis is that of the points, of which this bench has one.
    currents = np.stack([data["equal"].i(pin)[..., 0] for pin in spec.drains])
    errors = relative_errors(currents, np.asarray(spec.ratios, dtype=float))
    each = {f"ratio_{pin}": error for pin, error in zip(spec.drains[1:], errors, strict=True)}
    return {**each, "ratio_worst": np.abs(errors).max(axis=0)}


SPREAD = Spread(quantities=_quantities, bench=_bench, numbers=_numbers)
