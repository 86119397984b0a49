"""What varies from one neuron to the next: its weighted sum, and its output."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from mirrorneuron.flows.simulate.bench import sweep
from mirrorneuron.flows.testbench import Quantity, Spread
from mirrorneuron.generators.cells.neuron.spec import NeuronSpec
from mirrorneuron.pdk_sky130.errors import EvidenceError

if TYPE_CHECKING:
    from mirrorneuron.flows.simulate import Condition, Data
    from mirrorneuron.flows.simulate.bench import Bench
    from numpy.typing import NDArray

__all__ = ["SPREAD"]

_VECTORS: Final = 16  # of the testbench's random vectors
_EVERY: Final = 3  # of the testbench's points of the transfer

_QUANTITIES: Final[Mapping[str, Quantity]] = {
    "sum_error": Quantity("Weighted-sum error by the neuron's own transfer, RMS of full scale", "%"),
    "output_idle": Quantity("Output without inputs", "uA"),
    "output_mid": Quantity("Output with all inputs at half of full scale", "uA"),
    "output_high": Quantity("Largest output", "uA"),
}


def _quantities(spec: NeuronSpec) -> Mapping[str, Quantity]:
    del spec
    return _QUANTITIES


def _bench(spec: NeuronSpec, netlist: Path, condition: Condition) -> Bench:
    del condition
    from mirrorneuron.flows.testbenches.neuron.bench import Plan

    plan = Plan(spec)
    analyses = {
        "reference": plan.points(_along(plan.reference)),
        "random": plan.points(plan.random[:_VECTORS]),
        "mid": sweep(plan.unit / 2, *plan.pins),
        "idle": sweep(0.0, *plan.pins),
    }
    return plan.with_analyses(netlist, analyses)


def _along(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Some of the points of the transfer, its ends among them."""
    some = np.unique(np.append(np.arange(0, len(rows), _EVERY), len(rows) - 1))
    return np.take(rows, some, axis=0)


def _numbers(spec: NeuronSpec, data: Mapping[str, Data]) -> Mapping[str, NDArray[np.float64]]:
    from mirrorneuron.flows.testbenches.neuron.bench import Curve, Plan, output, refer

    plan = Plan(spec)
    sums, ideal = plan.sums(_along(plan.reference)), plan.sums(plan.random[:_VECTORS])
    transfers, outputs = output(data["reference"]), output(data["random"])
    errors = []
    for transfer, seen in zip(np.atleast_2d(transfers), np.atleast_2d(outputs), strict=True):
        referred = refer(Curve(sums, transfer), seen)
        usable = np.isfinite(referred)
        if usable.sum() < _VECTORS / 2:
            raise EvidenceError(f"{spec.name}: {_VECTORS - usable.sum()} of {_VECTORS} outputs lie where it is flat")
        errors.append(100 * np.sqrt(np.mean((referred[usable] - ideal[usable]) ** 2)) / plan.full_scale)
    return {
        "sum_error": np.asarray(errors).reshape(transfers.shape[:-1]),
        "output_idle": 1e6 * output(data["idle"])[..., 0],
        "output_mid": 1e6 * output(data["mid"])[..., 0],
        "output_high": 1e6 * transfers.max(axis=-1),
    }


SPREAD = Spread(quantities=_quantities, bench=_bench, numbers=_numbers)
