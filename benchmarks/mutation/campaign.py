"""The campaign: every fault of a plan held against the judges, and evidence for those that no judge catches."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mirrorneuron.flows import testbenches, tools
from mirrorneuron.flows.compute.executor import LocalExecutor, Progress, Task, environment
from mirrorneuron.flows.compute.sweep import Sweep
from mirrorneuron.pdk_sky130.errors import EvidenceError

from mirrorneuron import lvs, pdk_sky130
from mutation import judges, targets
from mutation.fault import Fault, sites
from mutation.harmless import Evidence, evidence
from mutation.judges import DECKS, JUDGES, NETLISTS, TARGETS, JudgedMutant
from mutation.kinds import GROUPS
from mutation.planning import Plan
from mutation.subjects import CELLS

__all__ = ["MutantVerdict", "judged"]

_BATCH_FINGERS = 5000
"""Of all mutants in a batch for the design rules."""
_LEAST_FINGERS = 60
"""A cell with fewer fingers, or none, counts for this number there."""

_Errors = dict[int, dict[str, tuple[str, ...]]]
"""Lines by the fault's number and judge."""


@dataclass(frozen=True)
class MutantVerdict:
    """A fault, what it does, the errors of each judge; and where there are none, evidence of whether it is harmless."""

    fault: Fault
    text: str
    errors: dict[str, tuple[str, ...]] = field(default_factory=dict)
    evidence: Evidence | None = None

    @property
    def caught(self) -> bool:
        """By at least one judge."""
        return bool(self.errors)

    @property
    def harmless(self) -> bool:
        """Shown to be, by evidence that does not come from the judges."""
        return not self.caught and self.evidence is not None and not self.evidence.against

    @property
    def escaped(self) -> bool:
        """Neither caught nor shown harmless."""
        return not self.caught and not self.harmless

    def as_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "number": self.fault.number,
            "kind": self.fault.kind,
            "cell": self.fault.cell,
            "fault": self.text,
            "verdict": "caught" if self.caught else "harmless" if self.harmless else "escaped",
            "told": {judge: list(lines) for judge, lines in self.errors.items()},
            "evidence": None if self.evidence is None else self.evidence.as_json(),
        }


@dataclass(frozen=True)
class _Sweeper:
    """Runs tasks; results are kept in a folder."""

    folder: Path
    jobs: int
    progress: Progress | None

    def run(self, tasks: Sequence[Task]) -> dict[str, Any]:
        """Values of tasks by name."""
        if not tasks:
            return {}
        sweep: Sweep[Any] = Sweep(work, tasks, self.folder, versions=_versions())
        values = sweep.run(LocalExecutor(self.jobs), progress=self.progress).values
        return {task.name: value for task, value in zip(tasks, values, strict=True)}


def work(kind: str, *arguments: Any) -> Any:
    """One task of the sweep, in a worker.

    Parameters
    ----------
    kind
        `rules` (deck, faults), `netlists` (fault), `drawn` (cell), `evidence` (as `evidence`), or `measured` (cell,
        fault).
    """
    match kind:
        case "rules":
            return judges.design_rules(*arguments)
        case "netlists":
            return judges.netlists(*arguments)
        case "drawn":
            return judges.netlists(None, *arguments)
        case "measured":
            return targets.measured(*arguments)
        case _:
            return evidence(*arguments)


def _versions() -> dict[str, str]:
    """Versions of everything that a verdict depends on: all text of ours, decks included, and the programs."""
    digest = hashlib.sha256()
    folders = [Path(path) for package in (pdk_sky130, lvs, testbenches) for path in package.__path__]
    for path in sorted(path for folder in [*folders, Path(__file__).parent] for path in folder.rglob("*.*")):
        if path.suffix in (".drc", ".lvs", ".csv", ".py", ".yaml"):
            digest.update(path.name.encode() + path.read_bytes())
    versions = {tool: tools.version(tool) for tool in ("klayout", "magic", "netgen", "ngspice")}
    return {**environment(), **versions, "decks": digest.hexdigest()}


def judged(
    plan: Plan,
    *,
    folder: Path | None = None,
    jobs: int = 1,
    checks: Sequence[str] = JUDGES,
    progress: Progress | None = None,
) -> list[MutantVerdict]:
    """Judge every fault.

    Parameters
    ----------
    folder
        Where results are kept, so that an interrupted run goes on; a temporary one by default.
    checks
        The judges that are asked: with fewer of them faults must escape.

    Raises
    ------
    EvidenceError
        A cell as drawn does not pass, or a judge left no verdict.
    """
    in_both = [(fault, text) for fault, text in plan if fault.kind in GROUPS["circuit"]]
    in_one = [entry for entry in plan if entry not in in_both]
    with tempfile.TemporaryDirectory(prefix="mutants_") as temporary:
        sweeper = _Sweeper(folder or Path(temporary), jobs, progress)
        verdicts = _judged_circuits(in_both, sweeper) if TARGETS in checks else {}
        verdicts |= _judged_layouts(in_one, sweeper, checks)
    return [verdicts.get(fault.number, MutantVerdict(fault, text)) for fault, text in plan]


def _judged_circuits(plan: Plan, sweeper: _Sweeper) -> dict[int, MutantVerdict]:
    """Verdicts on faults in circuit and layout alike."""
    cells = sorted({fault.cell for fault, _ in plan})
    tasks = [Task(f"{cell} as it is", ("measured", cell)) for cell in cells]
    tasks += [Task(f"fault {fault.number}", ("measured", fault.cell, fault)) for fault, _ in plan]
    results = sweeper.run(tasks)
    verdicts = {}
    for fault, text in plan:
        before, after = results[f"{fault.cell} as it is"], results[f"fault {fault.number}"]
        missed = targets.missed(fault.cell, before, after)
        shown = None if missed else Evidence(targets.differences(before, after), measured=True)
        verdicts[fault.number] = MutantVerdict(fault, text, {TARGETS: missed} if missed else {}, shown)
    return verdicts


def _judged_layouts(plan: Plan, sweeper: _Sweeper, checks: Sequence[str]) -> dict[int, MutantVerdict]:
    """Verdicts on faults in the layout, or in the netlist that it is compared with."""
    faults = [fault for fault, _ in plan]
    tasks = [*_rule_tasks(faults, checks), *_netlist_tasks(faults, checks)]
    errors, extracted = _errors(tasks, sweeper.run(tasks), checks)
    silent = [fault for fault in faults if not errors.get(fault.number)]
    shown = sweeper.run([_evidence_task(fault, extracted) for fault in silent])
    return {
        fault.number: MutantVerdict(
            fault,
            text,
            {judge: own[judge] for judge in JUDGES if judge in own},
            shown.get(f"evidence {fault.number}"),
        )
        for fault, text in plan
        for own in (errors.get(fault.number, {}),)
    }


def _rule_tasks(faults: Sequence[Fault], checks: Sequence[str]) -> Iterator[Task]:
    for k, batch in enumerate(_batches(fault for fault in faults if judges.changed_layout(fault))):
        for deck in DECKS:
            if deck in checks:
                yield Task(f"{deck}, batch {k}", ("rules", deck, batch))


def _netlist_tasks(faults: Sequence[Fault], checks: Sequence[str]) -> Iterator[Task]:
    if set(NETLISTS) & set(checks):
        for cell in sorted({fault.cell for fault in faults}):
            yield Task(f"{cell} as drawn", ("drawn", cell))
        for fault in faults:
            yield Task(f"fault {fault.number}", ("netlists", fault))


def _evidence_task(fault: Fault, extracted: dict[str | int, str]) -> Task:
    netlists = extracted.get(fault.cell, ""), extracted.get(fault.number, "")
    return Task(f"evidence {fault.number}", ("evidence", fault, *netlists))


def _errors(
    tasks: Sequence[Task], results: dict[str, Any], checks: Sequence[str]
) -> tuple[_Errors, dict[str | int, str]]:
    """Errors of each judge that is asked, and KLayout's netlists by the fault's number or the cell as drawn."""
    errors: _Errors = {}
    extracted: dict[str | int, str] = {}
    for task in tasks:
        value, (kind, subject, *_) = results[task.name], task.arguments
        if kind == "rules":
            for number, rules in value.items():
                errors.setdefault(number, {})[subject] = rules
        elif kind == "drawn":
            _clean(subject, value)
            extracted[subject] = value.netlist
        else:
            extracted[subject.number] = value.netlist
            own = {judge: lines for judge, lines in value.errors.items() if judge in checks}
            errors.setdefault(subject.number, {}).update(own)
    return errors, extracted


def _clean(cell: str, drawn: JudgedMutant) -> None:
    if drawn.errors:
        lines = "; ".join(f"{judge}: {lines[0]}" for judge, lines in drawn.errors.items())
        raise EvidenceError(f"{cell} as drawn does not pass ({lines}): its mutants prove nothing")


def _batches(faults: Iterable[Fault]) -> list[tuple[Fault, ...]]:
    """Faults in the layout, cell by cell, in batches of at most `_BATCH_FINGERS` fingers."""
    batches: list[list[Fault]] = []
    room = 0
    for fault in sorted(faults, key=lambda fault: (list(CELLS).index(fault.cell), fault.number)):
        size = max(_LEAST_FINGERS, len(sites(fault.cell)))
        if not batches or room < size:
            batches.append([])
            room = _BATCH_FINGERS
        batches[-1].append(fault)
        room -= size
    return [tuple(batch) for batch in batches]
