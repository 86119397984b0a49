"""The testbench of every matched array: the same measurement on its schematic and on its extracted netlist."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mirrorneuron.flows.simulate import Result
from mirrorneuron.flows.testbench import Testbench
from mirrorneuron.flows.testbenches.conditions import CONDITIONS, TYPICAL
from mirrorneuron.flows.testbenches.matched_array.evaluate import compared, evaluate
from mirrorneuron.flows.testbenches.matched_array.measurement import ArrayMeasurement
from mirrorneuron.flows.testbenches.matched_array.plan import ArrayPlan
from mirrorneuron.flows.testbenches.matched_array.plots import plots, tables
from mirrorneuron.flows.testbenches.matched_array.quantities import LAYOUT_ONLY, QUANTITIES
from mirrorneuron.flows.testbenches.matched_array.spread import SPREAD
from mirrorneuron.flows.testbenches.rounds import Rounds, Run, Span, in_rounds
from mirrorneuron.generators import catalog
from mirrorneuron.generators.cells.matched_array.spec import MatchedArraySpec

__all__ = ["BENCH", "measure"]


@in_rounds
def measure(spec: MatchedArraySpec, netlists: Sequence[Path], rounds: Rounds) -> list[ArrayMeasurement]:
    """Measure the matched array of a spec on each of several netlists."""
    plan = ArrayPlan(spec)
    diodes: list[Run] = [(plan.diode(netlist), condition) for netlist in netlists for condition in CONDITIONS]
    each, more = len(CONDITIONS), len(CONDITIONS) + 1
    size, second = len(netlists) * each, len(netlists) * more
    first = rounds.run("reference", diodes, Span(0, size, size + second))
    runs = [run for result in first for run in _second_round(plan, result)]
    held = rounds.run("outputs", runs, Span(size, second, size + second))
    return [
        evaluate(plan, first[k * each : (k + 1) * each], held[k * more : (k + 1) * more]) for k in range(len(netlists))
    ]


def _second_round(plan: ArrayPlan, diode: Result) -> list[Run]:
    """The runs at the V_GS of the reference; at tt, 27 C also the sweep of the outputs.

    The sweep is a run of its own: sources that move through a sweep are not held to the last microvolt.
    """
    condition, volt = diode.condition, plan.voltage(diode)
    runs: list[Run] = [(plan.held(diode.netlist, volt), condition)]
    if str(condition) == str(TYPICAL):
        runs.append((plan.swept(diode.netlist, volt), condition))
    return runs


BENCH: Final = Testbench(
    spec=MatchedArraySpec,
    quantities=QUANTITIES,
    layout_only=LAYOUT_ONLY,
    targets=catalog.targets_of("matched_array"),
    measure=measure,
    compared=compared,
    plots=plots,
    tables=tables,
    spread=SPREAD,
)
"""The testbench of every matched array."""
