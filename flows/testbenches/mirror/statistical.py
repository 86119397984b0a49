"""Statistical numbers of a mirror: noise, and mismatch from samples."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import numpy as np
from mirrorneuron.flows.results.measurement import Numbers
from mirrorneuron.flows.simulate.bench import Points
from mirrorneuron.flows.testbenches.conditions import TYPICAL
from mirrorneuron.flows.testbenches.mirror.measurement import Floats
from mirrorneuron.flows.testbenches.mirror.plan import MirrorPlan
from mirrorneuron.flows.testbenches.mirror.results import MirrorResults
from mirrorneuron.flows.variation import sampling
from mirrorneuron.flows.variation.samples import Samples, Variation
from mirrorneuron.generators import catalog
from mirrorneuron.generators.cells.mirrors.parts.spec import MirrorSpec
from mirrorneuron.generators.circuit import Bipolar, Resistor
from mirrorneuron.pdk_sky130.errors import EvidenceError

__all__ = ["enter_mismatch", "enter_noise", "sample"]

_SAMPLES: Final = 192
_MORE_SAMPLES: Final = 24  # for each output beyond the first
_ALONE: Final = 48  # samples where each takes a process of ngspice
_SEED: Final = 1
_SPARE: Final = 8  # samples beyond the number of terms
_NOT_GATES: Final = 0.1  # part of the mismatch: if more does not come from gates, gate area cannot mend it


def sample(plan: MirrorPlan, netlist: Path, folder: Path | None) -> Samples:
    """The samples of a netlist at tt, 27 C, for its mismatch."""
    count = _SAMPLES + _MORE_SAMPLES * (len(plan.outputs) - 1)
    if _has_other_devices(plan.spec):
        count = _ALONE
    bench = plan.bench(netlist, {"nominal": Points()})
    return sampling.sample(bench, TYPICAL, Variation(count, _SEED, method="lhs"), folder=folder)


def _has_other_devices(spec: MirrorSpec) -> bool:
    """Whether a mirror has resistors or npn transistors beside MOS transistors and capacitors: their samples take a
    process of ngspice each."""
    return any(isinstance(device, Bipolar | Resistor) for device in catalog.circuit_of(spec).flattened().devices)


def enter_noise(numbers: Numbers, results: MirrorResults) -> None:
    """Enter the noise of the first output; its white part at a tenth of the bandwidth, which is known already."""
    data = results.typical["noise"]
    frequency, density = data.x, np.asarray(data.i(results.plan.outputs[0]), dtype=float)

    def at(hertz: float) -> float:
        return 1e12 * float(np.exp(np.interp(np.log(hertz), np.log(frequency), np.log(density))))

    def white() -> float:
        bandwidth = numbers.values.get("bandwidth")
        if bandwidth is None:
            raise EvidenceError("the bandwidth is missing, a tenth of which is the frequency of this number")
        return at(1e5 * bandwidth)

    numbers.take("noise_1k", lambda: at(1e3))
    numbers.take("noise_white", white)
    numbers.take("noise_rms", lambda: 1e9 * float(np.sqrt(np.trapezoid(density**2, frequency))))


def enter_mismatch(numbers: Numbers, results: MirrorResults) -> list[tuple[str, float]]:
    """Enter the mismatch of the first output's ratio; each device's share of its variance, largest first."""
    samples = results.samples
    shares: dict[str, float] = {}
    by_threshold = np.array([name.endswith(".vth") for name in samples.names])

    def sigmas() -> list[float]:
        effects = _effects(results.plan, samples)
        for name, effect in zip(samples.names, effects, strict=True):
            device = name.rpartition(".")[0]
            shares[device] = shares.get(device, 0.0) + float(effect**2)
        parts = [float(np.sqrt((effects[which] ** 2).sum())) for which in (by_threshold, ~by_threshold)]
        return [math.hypot(*parts), *parts]

    numbers.take(["mismatch", "mismatch_vth", "mismatch_factor"], sigmas)
    if by_threshold.all():
        numbers.lack(["mismatch_factor"], "the models vary the transistors' thresholds alone")
    if not by_threshold.any():
        numbers.lack(["mismatch_vth"], "no device of the mirror has a threshold voltage")
    numbers.take("mismatch_area", lambda: _area(results.plan, numbers))
    total = sum(shares.values()) or 1.0
    return sorted(((name, share / total) for name, share in shares.items()), key=lambda item: -item[1])


def _effects(plan: MirrorPlan, samples: Samples) -> Floats:
    """The effect of one sigma of each term on the first output's ratio [%], by linear regression."""
    terms = len(samples.names)
    if len(samples) < terms + _SPARE:
        raise EvidenceError(f"{len(samples)} samples are too few to separate {terms} terms of mismatch")
    data = samples["nominal"]
    ratio = (data.i(plan.outputs[0]) / data.i("iin"))[:, 0]
    drawn = np.column_stack([np.ones(len(samples)), samples.drawn])
    return np.asarray(100 * np.linalg.lstsq(drawn, ratio / ratio.mean(), rcond=None)[0][1:], dtype=float)


def _area(plan: MirrorPlan, numbers: Numbers) -> float:
    """Gate area of a unit for a sigma of 1 % [um^2], as the variance goes with 1 / (W L)."""
    sigma, area = numbers.values.get("mismatch"), plan.spec.gate_area_um2
    if sigma is None or not area:
        raise EvidenceError("there is no gate area, or no sigma")
    if numbers.values.get("mismatch_factor", 0.0) > _NOT_GATES * sigma:
        raise EvidenceError(f"more than {_NOT_GATES:.0%} of the mismatch does not come from the gates")
    return area * sigma**2
