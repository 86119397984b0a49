"""What varies from one mirror to the next: ratios, with outputs at three quarters of the supply, and input voltage."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from mirrorneuron.flows.results.quantity import Quantity
from mirrorneuron.flows.simulate import Condition, Data
from mirrorneuron.flows.simulate.bench import Bench, Points
from mirrorneuron.flows.testbench import Spread
from mirrorneuron.flows.testbenches.mirror.plan import MirrorPlan
from mirrorneuron.generators.cells.mirrors.parts.spec import MirrorSpec
from numpy.typing import NDArray

__all__ = ["SPREAD"]


def _quantities(spec: MirrorSpec) -> Mapping[str, Quantity]:
    errors = {f"error_{pin}": Quantity(f"Ratio error of {pin}", "%") for pin in spec.outputs}
    return {**errors, "input_voltage": Quantity("Input voltage", "V")}


def _bench(spec: MirrorSpec, netlist: Path, condition: Condition) -> Bench:
    del condition
    return MirrorPlan(spec).bench(netlist, {"nominal": Points()})


def _numbers(spec: MirrorSpec, data: Mapping[str, Data]) -> Mapping[str, NDArray[np.float64]]:
    plan, nominal = MirrorPlan(spec), data["nominal"]
    errors = {
        f"error_{pin}": 100 * (nominal.i(pin)[..., 0] / nominal.i("iin")[..., 0] / ideal - 1)
        for pin, ideal in zip(plan.outputs, plan.ideal, strict=True)
    }
    return {**errors, "input_voltage": plan.volt(nominal.v("iin")[..., 0])}


SPREAD = Spread(quantities=_quantities, bench=_bench, numbers=_numbers)
