"""What every verb on a cell shares: its job, and the steps that build, extract, measure and judge it.

::

    build --+-- extract --.
            `-------------+-- simulate -- judge
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from mirrorneuron.flows import build, extract, judge
from mirrorneuron.flows.build import Built
from mirrorneuron.flows.extract import ExtractResult
from mirrorneuron.flows.judge import Judgement, Target
from mirrorneuron.flows.results.check import Check
from mirrorneuron.flows.steps.step import Inputs, Product, Step
from mirrorneuron.flows.testbench import LAYOUT, SCHEMATIC, Measurement, Testbench
from mirrorneuron.generators.spec import CellSpec

__all__ = [
    "BENCH",
    "BUILD",
    "BUILT",
    "JOB",
    "JUDGED",
    "JUDGEMENT",
    "LAYOUT_NETLIST",
    "MEASURE",
    "MEASURED",
    "TARGETS",
    "CellJob",
    "Netlists",
    "extracted",
]

Netlists: TypeAlias = Mapping[str, Path]
"""Netlists by `SCHEMATIC` and `LAYOUT`."""


@dataclass(frozen=True)
class CellJob:
    """The cell that a verb works on: everything is written in ``out/<name>``, by at most `jobs` processes at a time."""

    spec: CellSpec
    out: Path
    jobs: int = 1

    @property
    def folder(self) -> Path:
        """The cell's folder."""
        return self.out / self.spec.name


JOB: Final = Product[CellJob]("job")
BENCH: Final = Product[Testbench[Any, Any]]("testbench")
TARGETS: Final = Product[Sequence[Target]]("targets")
BUILT: Final = Product[Built]("built", "the cell was not built")
LAYOUT_NETLIST: Final = Product[Path]("layout netlist", "the layout was not extracted")
MEASURED: Final = Product[Mapping[str, Measurement]]("measured", "the cell was not simulated")
JUDGED: Final = Product[Sequence[Judgement]]("judged", "nothing was judged")


def _build(inputs: Inputs) -> tuple[Built, Sequence[Check]]:
    job = inputs[JOB]
    built = build.build(job.spec, job.out)
    return built, built.checks


def extracted(inputs: Inputs) -> tuple[ExtractResult, list[Check]]:
    """Extract the layout into ``<name>.pex.spice``. One of an earlier run is removed first: it is no evidence."""
    job, built = inputs[JOB], inputs[BUILT]
    pex = job.folder / f"{job.spec.name}.pex.spice"
    pex.unlink(missing_ok=True)
    result = extract.run(built.gds, out=pex, work=job.folder / "extract", schematic=built.spice)
    warnings, total = "; ".join(result.warnings), result.total_capacitance * 1e15
    return result, [
        Check("extract", "devices extracted", result.devices > 0, result.devices, detail=warnings),
        Check("extract", "capacitance extracted", result.capacitors > 0, total, unit="fF"),
    ]


def _layout_netlist(inputs: Inputs) -> tuple[Path, list[Check]]:
    result, checks = extracted(inputs)
    return result.pex, checks


def _measure(inputs: Inputs) -> tuple[dict[str, Measurement], list[Check]]:
    layout = inputs.get(LAYOUT_NETLIST)
    netlists = {SCHEMATIC: inputs[BUILT].spice} | ({LAYOUT: layout} if layout is not None else {})
    return measure(inputs, netlists)


def measure(
    inputs: Inputs, netlists: Netlists, folder: Path | None = None
) -> tuple[dict[str, Measurement], list[Check]]:
    """Simulate the cell on all netlists together; the layout's measurement also has the numbers that compare it.

    The simulator's files stay in `folder`, if it is stated.
    """
    job, bench = inputs[JOB], inputs[BENCH]
    results = bench.measure(job.spec, [*netlists.values()], jobs=job.jobs, progress=inputs.task.progress, folder=folder)
    measured = dict(zip(netlists, results, strict=True))
    if LAYOUT in measured:
        measured[LAYOUT] = bench.compared(measured[SCHEMATIC], measured[LAYOUT])
    return measured, [check for name, result in measured.items() for check in bench.checks(name, result)]


def _judge(inputs: Inputs) -> tuple[list[Judgement], list[Check]]:
    measured = inputs[MEASURED]
    judgements = judge.judge(
        inputs[BENCH], inputs[TARGETS], measured.get(SCHEMATIC), measured.get(LAYOUT), of_layout=LAYOUT in measured
    )
    return judgements, judge.checks(judgements)


BUILD: Final = Step("build", (JOB,), BUILT, _build, vital=True)
EXTRACT: Final = Step("extract", (JOB, BUILT), LAYOUT_NETLIST, _layout_netlist, vital=True)
MEASURE: Final = Step("simulate", (JOB, BENCH, BUILT), MEASURED, _measure, after=(LAYOUT_NETLIST,), vital=True)
JUDGEMENT: Final = Step("judge", (BENCH, TARGETS, MEASURED), JUDGED, _judge, vital=True)
