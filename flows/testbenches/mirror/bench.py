"""The testbench of every mirror: the same measurement on its schematic and on the netlist extracted from its layout."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mirrorneuron.flows.simulate import Result
from mirrorneuron.flows.testbench import Testbench
from mirrorneuron.flows.testbenches.conditions import CONDITIONS
from mirrorneuron.flows.testbenches.mirror import statistical
from mirrorneuron.flows.testbenches.mirror.evaluate import compared, evaluate
from mirrorneuron.flows.testbenches.mirror.hand import hand_values
from mirrorneuron.flows.testbenches.mirror.measurement import MirrorMeasurement
from mirrorneuron.flows.testbenches.mirror.operating_range import OperatingRange
from mirrorneuron.flows.testbenches.mirror.plan import MirrorPlan
from mirrorneuron.flows.testbenches.mirror.plots import plots, tables
from mirrorneuron.flows.testbenches.mirror.quantities import LAYOUT_ONLY, QUANTITIES
from mirrorneuron.flows.testbenches.mirror.results import MirrorResults, second_round
from mirrorneuron.flows.testbenches.mirror.spread import SPREAD
from mirrorneuron.flows.testbenches.rounds import Rounds, Span, in_rounds
from mirrorneuron.generators import catalog
from mirrorneuron.generators.cells.mirrors.parts.spec import MirrorSpec
from mirrorneuron.generators.spec import CellSpec

__all__ = ["QUANTITIES", "bench_of", "is_default", "measure"]

_WHOLE = 300
"""The progress of a measurement: a hundred parts for each round, and for the samples."""


@in_rounds
def measure(spec: MirrorSpec, netlists: Sequence[Path], rounds: Rounds) -> list[MirrorMeasurement]:
    """Measure the mirror of a spec on each of several netlists."""
    plan = MirrorPlan(spec)
    first = [(plan.first(netlist), condition) for netlist in netlists for condition in CONDITIONS]
    ranges = [
        [OperatingRange(plan, result) for result in group]
        for group in _grouped(rounds.run("dc", first, Span(0, 100, _WHOLE)), len(netlists))
    ]
    second = [run for group in ranges for run in second_round(plan, group)]
    results = _grouped(rounds.run("dynamics", second, Span(100, 100, _WHOLE)), len(netlists))
    measurements: list[MirrorMeasurement] = []
    for k, (netlist, group, result) in enumerate(zip(netlists, ranges, results, strict=True)):
        samples = statistical.sample(plan, netlist, rounds.place(f"mismatch{k}"))
        measurements.append(evaluate(MirrorResults.of(plan, group, result, samples)))
        rounds.report(200 + 100 * (k + 1) // len(netlists), _WHOLE, "mismatch")
    return measurements


def _grouped(results: Sequence[Result], netlists: int) -> list[Sequence[Result]]:
    """Results by netlist, each of which has equally many."""
    size = len(results) // netlists
    return [results[k * size : (k + 1) * size] for k in range(netlists)]


def is_default(spec: CellSpec) -> bool:
    """Whether a spec has its cell's default values, whatever its name."""
    return type(spec)(name=spec.name) == spec


def bench_of(spec: CellSpec) -> Testbench[MirrorSpec, MirrorMeasurement]:
    """The testbench of a mirror.

    All mirrors have the targets in ``mirror.targets.yaml``, whatever their spec. The targets of one cell,
    ``<cell>.targets.yaml``, hold for its default spec: other ratios, sizes and currents give other numbers by their
    nature, and the user's own targets limit those.
    """
    common, *own = catalog.targets_of(spec.cell)
    return Testbench(
        spec=MirrorSpec,
        quantities=QUANTITIES,
        layout_only=LAYOUT_ONLY,
        targets=(common, *own) if is_default(spec) else (common,),
        measure=measure,
        compared=compared,
        plots=plots,
        tables=tables,
        spread=SPREAD,
        theory=hand_values,
    )
