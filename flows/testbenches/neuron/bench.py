"""The testbench of every neuron: the same measurement on its schematic and on the netlist extracted from its layout."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mirrorneuron.flows.testbench import Testbench
from mirrorneuron.flows.testbenches.conditions import CONDITIONS
from mirrorneuron.flows.testbenches.neuron.evaluate import compared, evaluate
from mirrorneuron.flows.testbenches.neuron.measurement import NeuronMeasurement
from mirrorneuron.flows.testbenches.neuron.plan import NeuronPlan
from mirrorneuron.flows.testbenches.neuron.plots import plots, tables
from mirrorneuron.flows.testbenches.neuron.quantities import LAYOUT_ONLY, QUANTITIES
from mirrorneuron.flows.testbenches.neuron.spread import SPREAD
from mirrorneuron.flows.testbenches.rounds import Rounds, Span, in_rounds
from mirrorneuron.generators import catalog
from mirrorneuron.generators.cells.neuron.spec import NeuronSpec

__all__ = ["BENCH", "measure"]


@in_rounds
def measure(spec: NeuronSpec, netlists: Sequence[Path], rounds: Rounds) -> list[NeuronMeasurement]:
    """Measure the neuron of a spec on each of several netlists."""
    plan = NeuronPlan(spec)
    runs = [(plan.bench(netlist, condition), condition) for netlist in netlists for condition in CONDITIONS]
    results = rounds.run("all", runs, Span(0, 100, 100))
    size = len(CONDITIONS)
    return [evaluate(plan, results[k * size : (k + 1) * size]) for k in range(len(netlists))]


BENCH: Final = Testbench(
    spec=NeuronSpec,
    quantities=QUANTITIES,
    layout_only=LAYOUT_ONLY,
    targets=catalog.targets_of("neuron"),
    measure=measure,
    compared=compared,
    plots=plots,
    tables=tables,
    spread=SPREAD,
)
"""The testbench of every neuron."""
