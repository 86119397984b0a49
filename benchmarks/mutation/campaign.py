"""The campaign: which faults, who caught each, what is shown harmless, and what escaped."""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from mirrorneuron.flows import testbenches, tools
from mirrorneuron.flows.compute.executor import LocalExecutor, Progress, Task, environment
from mirrorneuron.flows.compute.sweep import Sweep
from mirrorneuron.pdk_sky130.errors import EvidenceError, SpecError

from mirrorneuron import lvs, pdk_sky130
from mutation import (  # noqa: F401 - the kinds enter themselves
    circuits,
    devices,
    drawings,
    judges,
    labels,
    netlists,
    targets,
    wires,
)
from mutation.fault import CIRCUIT_KINDS, KINDS, MIRROR_KINDS, Fault, NotHere, changes, plant, sites
from mutation.harmless import Evidence, evidence
from mutation.judges import DECKS, JUDGES, NETLISTS, TARGETS, Told
from mutation.subjects import CELLS, FIELDS, RATIOS, WEIGHTS, subject

__all__ = ["GROUPS", "Outcome", "first", "judged", "planned", "planned_each"]

GROUPS = {"common": KINDS, "mirror": MIRROR_KINDS, "circuit": CIRCUIT_KINDS}
"""Kinds of faults: those that any cell has, those of mirrors alone, those in circuit and layout alike."""

_USUAL = 6
_TRIES = 400
_TRIES_EACH = 80
_FINGERS = 5000
"""Of all mutants in a batch for the design rules."""
_LEAST = 60
"""What a cell counts for there that has fewer fingers, or none."""


@dataclass(frozen=True)
class Outcome:
    """A fault, what was done, what each judge told of it, and if none told anything, whether it was shown harmless."""

    fault: Fault
    text: str
    told: dict[str, tuple[str, ...]] = field(default_factory=dict)
    evidence: Evidence | None = None

    @property
    def caught(self) -> bool:
        """By at least one judge."""
        return bool(self.told)

    @property
    def harmless(self) -> bool:
        """Shown to be, by evidence that no judge gave."""
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
            "told": {judge: list(lines) for judge, lines in self.told.items()},
            "evidence": None if self.evidence is None else self.evidence.as_json(),
        }


def planned(count: int, seed: int, cells: Sequence[str] = tuple(FIELDS)) -> list[tuple[Fault, str]]:
    """So many faults with what they do, the kinds in turn, all different, each in a cell that has a place for it.

    Raises
    ------
    SpecError
        None of the cells has a place for a kind, or not for so many different faults.
    """
    # Every other one first: a sample has the same mixture.
    names = [*list(KINDS)[::2], *list(KINDS)[1::2]]
    found: list[tuple[Fault, str]] = []
    seen: set[tuple[str, str]] = set()
    for number in range(count):
        name = names[number % len(names)]
        for attempt in range(_TRIES):
            text_seed = f"{seed} {name} {number // len(names)} {attempt}"
            weights = [WEIGHTS.get(cell, _USUAL) for cell in cells]
            cell = Random(text_seed).choices(list(cells), weights)[0]
            fault = Fault(number, name, cell, text_seed)
            try:
                mutant, text = plant(fault)
            except NotHere:
                continue
            if (cell, text) in seen or not changes(mutant):
                continue
            seen.add((cell, text))
            found.append((fault, text))
            break
        else:
            raise SpecError(f"no place for fault {number} ({name}) in {', '.join(cells)}; ask for fewer, or more cells")
    return found


def planned_each(
    count: int, seed: int, cells: Sequence[str], groups: Sequence[str] = tuple(GROUPS)
) -> list[tuple[Fault, str]]:
    """So many faults in all, equally many in each mirror, or as many different ones as it has places for.

    Half of them are in circuit and layout alike, if both halves are among the groups. The kinds take turns; a cell's
    faults do not depend on the other cells.

    Raises
    ------
    SpecError
        A cell has no place for any.
    """
    alike = {name for name in groups if name == "circuit"}
    halves = [[name for name in groups if name in half] for half in (GROUPS.keys() - alike, alike)]
    # An array of other ratios is drawn as any other; what is wrong in both there is of interest.
    wanted = [(cell, half) for half in halves for cell in cells if half and (half == ["circuit"] or cell not in RATIOS)]
    found: list[tuple[Fault, str]] = []
    for index, (cell, half) in enumerate(wanted):
        own = _of_cell(cell, half, seed, len(range(index, count, len(wanted))))
        found += [(replace(fault, number=len(found) + k), text) for k, (fault, text) in enumerate(own)]
    if not found:
        raise SpecError(f"no place for any fault in {', '.join(cells)}")
    return found


def _of_cell(cell: str, groups: Sequence[str], seed: int, count: int) -> list[tuple[Fault, str]]:
    """At most so many different faults of a cell, the kinds of these groups in turn."""
    names = [name for group in groups for name in GROUPS[group]]
    Random(f"{seed} {cell}").shuffle(names)
    found: dict[str, Fault] = {}
    turn = 0
    while len(found) < count and names:
        for name in list(names):
            if len(found) == count:
                break
            fault, text = _another(name, cell, f"{seed} {cell} {name} {turn}", found)
            if fault is None:
                names.remove(name)
            else:
                found[text] = fault
        turn += 1
    return [(fault, text) for text, fault in found.items()]


def first(name: str, cell: str, seed: int) -> tuple[Fault | None, str]:
    """A fault of a kind in a cell, and what it does; None if the cell has no place for it."""
    return _another(name, cell, f"{seed} {cell} {name} 0", ())


def _another(name: str, cell: str, seed: str, seen: Container[str]) -> tuple[Fault | None, str]:
    """A fault of a kind that is none of those seen; None if there seems to be none."""
    for attempt in range(_TRIES_EACH):
        fault = Fault(0, name, cell, f"{seed} {attempt}")
        try:
            mutant, text = plant(fault)
        except NotHere:
            continue
        if text not in seen and changes(mutant):
            return fault, text
    return None, ""


def _batches(faults: Iterable[Fault]) -> list[tuple[Fault, ...]]:
    """Faults in the layout, cell by cell, as many together as make a layout of a handy size."""
    batches: list[list[Fault]] = []
    room = 0
    for fault in sorted(faults, key=lambda one: (list(CELLS).index(one.cell), one.number)):
        size = max(_LEAST, len(sites(fault.cell)))
        if not batches or room < size:
            batches.append([])
            room = _FINGERS
        batches[-1].append(fault)
        room -= size
    return [tuple(batch) for batch in batches]


def work(kind: str, *arguments: Any) -> Any:
    """One task of the sweep, in a worker: `rules` (deck, faults), `netlists` (fault), `drawn` (cell), `evidence`, or
    `measured` (cell, fault)."""
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
    """What a verdict depends on: all text of ours, decks included, and the programs."""
    digest = hashlib.sha256()
    folders = [Path(path) for package in (pdk_sky130, lvs, testbenches) for path in package.__path__]
    for path in sorted(path for folder in [*folders, Path(__file__).parent] for path in folder.rglob("*.*")):
        if path.suffix in (".drc", ".lvs", ".csv", ".py", ".yaml"):
            digest.update(path.name.encode() + path.read_bytes())
    found = {tool: tools.version(tool) for tool in ("klayout", "magic", "netgen", "ngspice")}
    return {**environment(), **found, "decks": digest.hexdigest()}


def judged(
    plan: Sequence[tuple[Fault, str]],
    *,
    folder: Path | None = None,
    jobs: int = 1,
    checks: Sequence[str] = JUDGES,
    progress: Progress | None = None,
) -> list[Outcome]:
    """Judge every fault.

    Parameters
    ----------
    folder
        Where results are kept, so that an interrupted run goes on; a temporary one by default.
    checks
        Which judges are asked: with fewer of them faults must escape.

    Raises
    ------
    EvidenceError
        A cell as drawn does not pass, or a judge left no verdict.
    """
    with tempfile.TemporaryDirectory(prefix="mutants_") as temporary:
        return _judged(plan, folder or Path(temporary), jobs, checks, progress)


def _judged(
    plan: Sequence[tuple[Fault, str]], folder: Path, jobs: int, checks: Sequence[str], progress: Progress | None
) -> list[Outcome]:
    in_both = [(fault, text) for fault, text in plan if fault.kind in CIRCUIT_KINDS]
    of_circuits = _judged_circuits(in_both, folder, jobs, progress) if TARGETS in checks else {}
    plan_here = [one for one in plan if one not in in_both]
    of_layouts = _judged_layouts(plan_here, folder, jobs, checks, progress)
    return [{**of_layouts, **of_circuits}.get(fault.number, Outcome(fault, text)) for fault, text in plan]


def _judged_circuits(
    plan: Sequence[tuple[Fault, str]], folder: Path, jobs: int, progress: Progress | None
) -> dict[int, Outcome]:
    """Of faults in circuit and layout alike."""
    cells = sorted({fault.cell for fault, _ in plan})
    tasks = [Task(f"{cell} as it is", ("measured", cell)) for cell in cells]
    tasks += [Task(f"fault {fault.number}", ("measured", fault.cell, fault)) for fault, _ in plan]
    results = _run(tasks, folder, jobs, progress)
    outcomes = {}
    for fault, text in plan:
        before, after = results[f"{fault.cell} as it is"], results[f"fault {fault.number}"]
        missed = targets.missed(fault.cell, before, after)
        shown = None if missed else Evidence(targets.differences(before, after), measured=True)
        outcomes[fault.number] = Outcome(fault, text, {TARGETS: missed} if missed else {}, shown)
    return outcomes


def _judged_layouts(
    plan: Sequence[tuple[Fault, str]], folder: Path, jobs: int, checks: Sequence[str], progress: Progress | None
) -> dict[int, Outcome]:
    """Of faults in the layout, or in the netlist that it is compared with."""
    faults = [fault for fault, _ in plan]
    in_layout = [fault for fault in faults if judges.changed_layout(fault)]
    batches = _batches(in_layout)
    tasks = [
        Task(f"{deck}, batch {k}", ("rules", deck, batch))
        for k, batch in enumerate(batches)
        for deck in DECKS
        if deck in checks
    ]
    compared = set(NETLISTS) & set(checks)
    if compared:
        tasks += [Task(f"{cell} as drawn", ("drawn", cell)) for cell in sorted({fault.cell for fault in faults})]
        tasks += [Task(f"fault {fault.number}", ("netlists", fault)) for fault in faults]
    results = _run(tasks, folder, jobs, progress)
    told: dict[int, dict[str, tuple[str, ...]]] = {fault.number: {} for fault in faults}
    extracted: dict[str | int, str] = {}
    for task in tasks:
        value = results[task.name]
        if task.arguments[0] == "rules":
            for number, rules in value.items():
                told[number][task.arguments[1]] = rules
        elif task.arguments[0] == "drawn":
            _clean(task.arguments[1], value)
            extracted[task.arguments[1]] = value.netlist
        else:
            extracted[task.arguments[1].number] = value.netlist
            told[task.arguments[1].number] |= {who: lines for who, lines in value.errors.items() if who in compared}
    quiet = [fault for fault in faults if not told[fault.number]]
    shown = _run(
        [
            Task(
                f"evidence {fault.number}",
                ("evidence", fault, extracted.get(fault.cell, ""), extracted.get(fault.number, "")),
            )
            for fault in quiet
        ],
        folder,
        jobs,
        progress,
    )
    return {
        fault.number: Outcome(
            fault,
            text,
            {judge: told[fault.number][judge] for judge in JUDGES if judge in told[fault.number]},
            shown.get(f"evidence {fault.number}"),
        )
        for fault, text in plan
    }


def _clean(cell: str, told: Told) -> None:
    if told.errors:
        lines = "; ".join(f"{judge}: {lines[0]}" for judge, lines in told.errors.items())
        raise EvidenceError(f"{cell} as drawn does not pass ({lines}): its mutants prove nothing")


def _run(tasks: Sequence[Task], folder: Path, jobs: int, progress: Progress | None) -> dict[str, Any]:
    if not tasks:
        return {}
    sweep: Sweep[Any] = Sweep(work, tasks, folder, versions=_versions())
    values = sweep.run(LocalExecutor(jobs), progress=progress).values
    return {task.name: value for task, value in zip(tasks, values, strict=True)}


def table(outcomes: Sequence[Outcome], *, markdown: bool, by: str = "fault") -> list[str]:
    """Kinds of faults, or cells, against judges: how many each caught."""
    planted = {one.fault.kind for one in outcomes}
    shown = [judge for judge in JUDGES if judge != TARGETS or planted & CIRCUIT_KINDS.keys()]
    head = [by, "planted", *shown, "caught", "harmless", "escaped"]
    rows = []
    if by == "fault":
        names = [name for group in GROUPS.values() for name in group if name in planted]
    else:
        names = [name for name in CELLS if name in {one.fault.cell for one in outcomes}]
    for name in [*names, "all"]:
        own = [one for one in outcomes if name in (one.fault.kind, one.fault.cell, "all")]
        counts = Counter(judge for one in own for judge in one.told)
        numbers = [len(own), *(counts[judge] for judge in shown)]
        numbers += [sum(getattr(one, verdict) for one in own) for verdict in ("caught", "harmless", "escaped")]
        rows.append([name, *map(str, numbers)])
    if markdown:
        return ["| " + " | ".join(row) + " |" for row in (head, ["---"] + ["---:"] * (len(head) - 1), *rows)]
    widths = [max(len(row[k]) for row in (head, *rows)) for k in range(len(head))]
    return [
        "  ".join(
            text.ljust(w) if k == 0 else text.rjust(w) for k, (text, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in (head, *rows)
    ]


Printer = Callable[[str], None]


def drawn_cells(plan: Sequence[tuple[Fault, str]]) -> list[str]:
    """Which cells have how many faults."""
    counts = Counter(fault.cell for fault, _ in plan)
    return [f"{cell} {count}" for cell, count in sorted(counts.items()) if subject(cell)]
