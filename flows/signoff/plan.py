"""The steps of a sign-off. A new check of a cell is a new step here.

::

    build --+-- drc ----------------------------+
            |-- lvs ----------------------------|
            |-- matching -----------------------|
            |-- extract -- simulate (layout) ---+-- judge -- report
            `-- simulate (schematic) -----------'

A step that fails does not stop the others; a step that cannot run because of it is a failed check with the reason. A
cell without a testbench is not simulated, and does not pass.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from mirrorneuron.flows import drc, judge, lvs, matching
from mirrorneuron.flows.drc import DrcResult
from mirrorneuron.flows.extract import ExtractResult
from mirrorneuron.flows.judge import Judgement
from mirrorneuron.flows.lvs import LvsResult
from mirrorneuron.flows.matching import MatchingResult
from mirrorneuron.flows.results.check import Check
from mirrorneuron.flows.signoff import page
from mirrorneuron.flows.signoff.result import Signoff, centroid_limit
from mirrorneuron.flows.steps import Inputs, Product, Record, Skip, Step
from mirrorneuron.flows.steps.cell import BENCH, BUILD, BUILT, JOB, JUDGED, TARGETS, extracted
from mirrorneuron.flows.testbench import LAYOUT, SCHEMATIC, Measurement
from mirrorneuron.flows.tools.folders import store
from mirrorneuron.generators import catalog
from mirrorneuron.generators.circuit import Bipolar, Resistor, Transistor

__all__ = ["COMMAND", "PLAN", "STEPS", "VERSIONS", "result_of"]

VERSIONS: Final = Product[Mapping[str, str]]("versions")
COMMAND: Final = Product[str]("command")
DRC: Final = Product[DrcResult]("drc", "the design rules were not checked")
LVS: Final = Product[LvsResult]("lvs", "layout and netlist were not compared")
MATCHING: Final = Product[MatchingResult]("matching", "the matching was not measured")
EXTRACTED: Final = Product[ExtractResult]("extracted", "the layout was not extracted")
SCHEMATIC_MEASURED: Final = Product[Measurement]("schematic measured", "the schematic was not simulated")
LAYOUT_MEASURED: Final = Product[Measurement]("layout measured", "the extracted netlist was not simulated")
REPORT: Final = Product[dict[str, str]]("report", "no report was written")


def _drc(inputs: Inputs) -> tuple[DrcResult, list[Check]]:
    job = inputs[JOB]
    # One process is left to the other steps.
    result = drc.run(inputs[BUILT].gds, work=job.folder / "drc", jobs=max(1, job.jobs - 1))
    return result, result.checks()


def _lvs(inputs: Inputs) -> tuple[LvsResult, list[Check]]:
    built = inputs[BUILT]
    result = lvs.run(built.gds, built.spice, work=inputs[JOB].folder / "lvs", hierarchy="judged")
    return result, result.checks()


def _matching(inputs: Inputs) -> tuple[MatchingResult, list[Check]]:
    spec, built = inputs[JOB].spec, inputs[BUILT]
    if not any(
        isinstance(device, Transistor | Bipolar | Resistor) for device in catalog.circuit_of(spec).flattened().devices
    ):
        raise Skip("matching reads transistors, npn and resistors, and the cell has none")
    result = matching.run(built.gds, built.spice, centroid_limit=centroid_limit(spec))
    return result, [*result.checks(), result.ring_check()]


def _schematic(inputs: Inputs) -> tuple[Measurement, list[Check]]:
    # With one process: it runs beside other steps.
    return _measured(inputs, SCHEMATIC, inputs[BUILT].spice, 1)


def _layout(inputs: Inputs) -> tuple[Measurement, list[Check]]:
    measurement, checks = _measured(inputs, LAYOUT, inputs[EXTRACTED].pex, inputs[JOB].jobs)
    schematic = inputs.get(SCHEMATIC_MEASURED)
    return measurement if schematic is None else inputs[BENCH].compared(schematic, measurement), checks


def _measured(inputs: Inputs, name: str, netlist: Path, jobs: int) -> tuple[Measurement, list[Check]]:
    bench = inputs[BENCH]
    (measurement,) = bench.measure(inputs[JOB].spec, [netlist], jobs=jobs, progress=inputs.task.progress)
    return measurement, bench.checks(name, measurement)


def _judge(inputs: Inputs) -> tuple[list[Judgement], list[Check]]:
    measured = inputs.get(SCHEMATIC_MEASURED), inputs.get(LAYOUT_MEASURED)
    judgements = judge.judge(inputs[BENCH], inputs[TARGETS], *measured)
    return judgements, judge.checks(judgements)


def _report(inputs: Inputs) -> tuple[dict[str, str], list[Check]]:
    folder = inputs[JOB].folder
    html, record = folder / "report.html", folder / "report.json"
    files = {"report": str(html), "json": str(record)}
    check = Check("report", "written", True, html.name)
    # The report's own check is on it.
    result = result_of(inputs.record, files, [check])
    store(html, page.render(result))
    store(record, json.dumps(result.as_record(), indent=2) + "\n")
    return files, [check]


PLAN: Final[tuple[Step[Any], ...]] = (
    BUILD,
    Step("drc", (JOB, BUILT), DRC, _drc, seconds=50),
    Step("lvs", (JOB, BUILT), LVS, _lvs, seconds=8),
    Step("matching", (JOB, BUILT), MATCHING, _matching, seconds=2),
    Step("extract", (JOB, BUILT), EXTRACTED, extracted, seconds=6),
    Step("simulate", (JOB, BENCH, BUILT), SCHEMATIC_MEASURED, _schematic, part=SCHEMATIC, seconds=18),
    # After the others, so that it has all processes.
    Step(
        "simulate",
        (JOB, BENCH, EXTRACTED),
        LAYOUT_MEASURED,
        _layout,
        part=LAYOUT,
        after=(DRC, LVS, MATCHING, SCHEMATIC_MEASURED),
    ),
    Step("judge", (BENCH, TARGETS), JUDGED, _judge, after=(SCHEMATIC_MEASURED, LAYOUT_MEASURED)),
    Step("report", (JOB, BUILT), REPORT, _report, after=(DRC, LVS, MATCHING, JUDGED)),
)
"""In the order of the report."""

STEPS: Final = tuple(dict.fromkeys(step.name for step in PLAN))
"""The steps' names; each of them leaves at least one check."""


def result_of(record: Record, files: Mapping[str, str] | None = None, checks: Sequence[Check] = ()) -> Signoff:
    """The result of a run, or of the run so far with files and checks added."""
    built, extraction = record[BUILT], record.get(EXTRACTED)
    pex = {"pex": str(extraction.pex)} if extraction is not None else {}
    report = record.get(REPORT)
    return Signoff(
        spec=record[JOB].spec,
        bench=record.get(BENCH),
        built=built,
        steps=STEPS,
        checks=[*record.checks, *checks],
        files={**built.files(), **pex, **(report or {}), **(files or {})},
        seconds=record.seconds,
        versions=record[VERSIONS],
        errors=record.errors,
        drc=record.get(DRC),
        lvs=record.get(LVS),
        matching=record.get(MATCHING),
        extracted=extraction,
        schematic=record.get(SCHEMATIC_MEASURED),
        layout=record.get(LAYOUT_MEASURED),
        judgements=record.get(JUDGED) or (),
        command=record[COMMAND],
    )
