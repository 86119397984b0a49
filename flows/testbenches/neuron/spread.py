"""What varies from one neuron to the next: its weighted sum, and its output."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from mirrorneuron.flows.results.quantity import Quantity
from mirrorneuron.flows.simulate import Condition, Data
from mirrorneuron.flows.simulate.bench import Bench, sweep
from mirrorneuron.flows.testbench import Spread
from mirrorneuron.flows.testbenches.neuron.measurement import Floats, OutputCurve
from mirrorneuron.flows.testbenches.neuron.plan import NeuronPlan, output
from mirrorneuron.flows.testbenches.neuron.weighted_sum import refer, rms
from mirrorneuron.generators.cells.neuron.spec import NeuronSpec
from mirrorneuron.pdk_sky130.errors import EvidenceError

__all__ = ["SPREAD"]

_VECTORS: Final = 16  # of the plan's random vectors
_EVERY: Final = 3  # of the plan's points of the transfer

_QUANTITIES: Final[Mapping[str, Quantity]] = {
    "sum_error": Quantity("Weighted-sum error by the neuron's own transfer, RMS", "%"),
    "output_idle": Quantity("Output current, inputs at zero", "uA"),
    "output_mid": Quantity("Output current, inputs at half of full scale", "uA"),
    "output_high": Quantity("Maximum output current", "uA"),
}


def _quantities(spec: NeuronSpec) -> Mapping[str, Quantity]:
    del spec
    return _QUANTITIES


def _bench(spec: NeuronSpec, netlist: Path, condition: Condition) -> Bench:
    del condition
    plan = NeuronPlan(spec)
    analyses = {
        "reference": plan.points(_thinned(plan.reference)),
        "random": plan.points(plan.random[:_VECTORS]),
        "mid": sweep(plan.unit / 2, *plan.pins),
        "idle": sweep(0.0, *plan.pins),
    }
    return plan.with_analyses(netlist, analyses)


def _thinned(rows: Floats) -> Floats:
    """Every third point of the transfer, and its last."""
    kept = np.unique(np.append(np.arange(0, len(rows), _EVERY), len(rows) - 1))
    return np.take(rows, kept, axis=0)


def _numbers(spec: NeuronSpec, data: Mapping[str, Data]) -> Mapping[str, Floats]:
    plan = NeuronPlan(spec)
    transfers, outputs = output(data["reference"]), output(data["random"])
    pairs = zip(np.atleast_2d(transfers), np.atleast_2d(outputs), strict=True)
    errors = [_sum_error(plan, transfer, sample) for transfer, sample in pairs]
    return {
        "sum_error": np.asarray(errors).reshape(transfers.shape[:-1]),
        "output_idle": 1e6 * output(data["idle"])[..., 0],
        "output_mid": 1e6 * output(data["mid"])[..., 0],
        "output_high": 1e6 * transfers.max(axis=-1),
    }


def _sum_error(plan: NeuronPlan, transfer: Floats, outputs: Floats) -> float:
    """The weighted-sum error of one sample [% of full scale], from its transfer and its outputs of random vectors [A].

    Raises
    ------
    EvidenceError
        More than half of the outputs lie in the flat part of the transfer.
    """
    ideal = plan.sums(plan.random[:_VECTORS])
    referred = refer(OutputCurve(plan.sums(_thinned(plan.reference)), transfer), outputs)
    usable = np.isfinite(referred)
    if usable.sum() < _VECTORS / 2:
        raise EvidenceError(
            f"{plan.spec.name}: {_VECTORS - usable.sum()} of {_VECTORS} outputs lie in the flat part of the transfer; "
            f"at least {_VECTORS // 2} must lie in its steep part"
        )
    return 100 * rms(referred[usable] - ideal[usable]) / plan.full_scale


SPREAD = Spread(quantities=_quantities, bench=_bench, numbers=_numbers)
