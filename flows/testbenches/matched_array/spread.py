"""What varies from one matched array to the next: the ratios, at one gate voltage and equal drain voltages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from mirrorneuron.flows import simulate
from mirrorneuron.flows.testbench import Quantity, Spread
from mirrorneuron.generators.cells.matched_array.spec import MatchedArraySpec

if TYPE_CHECKING:
    from mirrorneuron.flows.simulate import Condition, Data
    from mirrorneuron.flows.simulate.bench import Bench
    from numpy.typing import NDArray

__all__ = ["SPREAD", "errors_of"]


def _quantities(spec: MatchedArraySpec) -> Mapping[str, Quantity]:
    ratios = {f"ratio_{pin}": Quantity(f"Ratio error of {pin} to d0", "%") for pin in spec.drains[1:]}
    return {**ratios, "ratio_worst": Quantity("Ratio error, largest of the outputs", "%")}


def _bench(spec: MatchedArraySpec, netlist: Path, condition: Condition) -> Bench:
    from mirrorneuron.flows.testbenches.matched_array.bench import Plan

    plan = Plan(spec)
    return plan.held(netlist, plan.voltage(simulate.run(plan.diode(netlist), condition)))


def _numbers(spec: MatchedArraySpec, data: Mapping[str, Data]) -> Mapping[str, NDArray[np.float64]]:
    # The last axis is that of the points; the bench has one.
    currents = np.stack([data["equal"].i(pin)[..., 0] for pin in spec.drains])
    errors = errors_of(currents, np.asarray(spec.ratios, dtype=float))
    each = {f"ratio_{pin}": error for pin, error in zip(spec.drains[1:], errors, strict=True)}
    return {**each, "ratio_worst": np.abs(errors).max(axis=0)}


def errors_of(currents: NDArray[np.float64], units: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ratio errors [%] of the outputs, from the currents of all drains, shape (drains, ...); the reference is first."""
    units = units.reshape(-1, *[1] * (currents.ndim - 1))
    return np.asarray(100 * (currents[1:] / currents[0] * (units[0] / units[1:]) - 1), dtype=float)


SPREAD = Spread(quantities=_quantities, bench=_bench, numbers=_numbers)
