"""The result of a sign-off: checks, step results, measurements and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mirrorneuron.flows.build import Built
from mirrorneuron.flows.drc import DrcResult
from mirrorneuron.flows.extract import ExtractResult
from mirrorneuron.flows.judge import Judgement
from mirrorneuron.flows.lvs import LvsResult
from mirrorneuron.flows.matching import MatchingResult
from mirrorneuron.flows.results.check import Check
from mirrorneuron.flows.testbench import LAYOUT, SCHEMATIC, Measurement, Testbench
from mirrorneuron.generators import catalog
from mirrorneuron.generators.spec import CellSpec
from mirrorneuron.pdk_sky130.errors import MirrorneuronError

__all__ = ["Signoff", "centroid_limit"]


def centroid_limit(spec: CellSpec) -> float | None:
    """How far the centroids may be apart by the pattern of the spec [um]; None for cells whose spec has no pattern."""
    limit = catalog.cell(spec.cell).centroid_limit
    return limit(spec) if limit else None


@dataclass(frozen=True, kw_only=True)
class Signoff:
    """The results of all steps.

    Attributes
    ----------
    steps
        Names of the steps, in the report's order; each must leave a check.
    files
        The files that were written, by kind.
    seconds
        Duration of each task [s]; tasks overlap.
    errors
        Bad input and broken tools of steps, each also a failed check.
    drc, lvs, matching, extracted, schematic, layout
        The steps' results and the measurements; None for a step that did not run to its end.
    command
        The command line, for the report.
    """

    spec: CellSpec
    bench: Testbench[Any, Any] | None
    built: Built
    steps: Sequence[str]
    checks: list[Check]
    files: Mapping[str, str]
    seconds: dict[str, float]
    versions: Mapping[str, str] = field(default_factory=dict)
    errors: Sequence[MirrorneuronError] = ()
    drc: DrcResult | None = None
    lvs: LvsResult | None = None
    matching: MatchingResult | None = None
    extracted: ExtractResult | None = None
    schematic: Measurement | None = None
    layout: Measurement | None = None
    judgements: Sequence[Judgement] = ()
    command: str = ""

    @property
    def centroid_limit(self) -> float | None:
        """As `centroid_limit` of the spec [um]."""
        return centroid_limit(self.spec)

    @property
    def measured(self) -> dict[str, Measurement]:
        """The measurements that were made, by `SCHEMATIC` and `LAYOUT`."""
        both = {SCHEMATIC: self.schematic, LAYOUT: self.layout}
        return {name: measurement for name, measurement in both.items() if measurement is not None}

    @property
    def passed(self) -> bool:
        """Whether every step left a check, and all checks passed."""
        return {check.step for check in self.checks} >= set(self.steps) and all(check.passed for check in self.checks)

    @property
    def status(self) -> int:
        """The exit status: 0 passed, 1 a check failed, 2 a step had bad input, 3 a tool is missing or broke."""
        worst = max((error.exit_status for error in self.errors), default=0)
        return worst or (0 if self.passed else 1)

    def by_step(self) -> dict[str, list[Check]]:
        """The checks of each step that left any, in the order of the steps."""
        groups = {step: [check for check in self.checks if check.step == step] for step in self.steps}
        return {step: checks for step, checks in groups.items() if checks}

    def as_json(self) -> dict[str, Any]:
        """The verdict, the checks in the order of the steps, and the files."""
        checks = [check.as_json() for group in self.by_step().values() for check in group]
        return {"passed": self.passed, "checks": checks, "files": dict(self.files)}

    def as_record(self) -> dict[str, Any]:
        """`as_json`, spec, versions and numbers. It holds no times, so that it is the same for the same cell."""
        return {
            **self.as_json(),
            "spec": self.spec.model_dump(mode="json"),
            "versions": dict(self.versions),
            "matching": None if self.matching is None else self.matching.as_json(),
            "measured": {name: measurement.as_json() for name, measurement in self.measured.items()},
        }
