"""All steps in order, and the verdict.

::

    build --+-- drc ----------------------------+
            |-- lvs ----------------------------|
            |-- matching -----------------------|
            |-- extract -- simulate (layout) ---+-- judge -- report
            `-- simulate (schematic) -----------'

A step that fails does not stop the others; one that cannot run for it is a failed check that says so. So is the
simulation of a cell that has no testbench: such a cell cannot pass.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from mirrorneuron.flows import drc, extract, judge, lvs, matching
from mirrorneuron.flows.build import Built, build
from mirrorneuron.flows.judge import Judgement, Target
from mirrorneuron.flows.results.check import Check
from mirrorneuron.flows.results.watch import Watcher
from mirrorneuron.flows.signoff import page as report
from mirrorneuron.flows.signoff.checks import of_drc, of_lvs, of_matching
from mirrorneuron.flows.testbench import LAYOUT, SCHEMATIC, Measurement, Testbench
from mirrorneuron.flows.testbenches import registry
from mirrorneuron.flows.tools.folders import alone, store, writable
from mirrorneuron.generators import catalog
from mirrorneuron.generators.circuit import Bipolar, Resistor, Transistor
from mirrorneuron.generators.spec import CellSpec
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import MirrorneuronError

__all__ = ["STEPS", "Signoff", "Watcher", "run", "simulate"]

STEPS: Final = ("build", "drc", "lvs", "matching", "extract", "simulate", "judge", "report")
"""Each of them leaves at least one check."""

_T = TypeVar("_T")


@dataclass
class Signoff:
    """What all steps found.

    ``status`` is the exit status: 0 all passed, 1 a check failed, 2 or 3 a step had bad input or a broken tool.
    ``seconds`` is by task; tasks overlap. ``command`` is what the user typed.
    """

    spec: CellSpec
    bench: Testbench[Any, Any] | None
    built: Built
    checks: list[Check] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    errors: list[MirrorneuronError] = field(default_factory=list)
    drc: drc.DrcResult | None = None
    lvs: lvs.LvsResult | None = None
    matching: matching.MatchingResult | None = None
    extracted: extract.ExtractResult | None = None
    schematic: Measurement | None = None
    layout: Measurement | None = None
    judgements: Sequence[Judgement] = ()
    command: str = ""

    @property
    def centroid_limit(self) -> float | None:
        """How far centroids may be off by the pattern asked for [um]; None for cells that do not say."""
        limit: float | None = getattr(self.spec, "centroid_limit", None)
        return limit

    @property
    def measured(self) -> dict[str, Measurement]:
        """The measurements that there are, by their names."""
        found = {SCHEMATIC: self.schematic, LAYOUT: self.layout}
        return {name: one for name, one in found.items() if one is not None}

    @property
    def passed(self) -> bool:
        """Every step left a check, and all checks passed."""
        return {check.step for check in self.checks} >= set(STEPS) and all(check.passed for check in self.checks)

    @property
    def status(self) -> int:
        """The exit status."""
        worst = max((error.exit_status for error in self.errors), default=0)
        return worst or (0 if self.passed else 1)

    def by_step(self) -> dict[str, list[Check]]:
        """The checks of each step that left any, in the order of the steps."""
        found = {step: [check for check in self.checks if check.step == step] for step in STEPS}
        return {step: checks for step, checks in found.items() if checks}

    def as_json(self) -> dict[str, Any]:
        """The verdict, the checks in the order of the steps, and the files."""
        checks = [check.as_json() for group in self.by_step().values() for check in group]
        return {"passed": self.passed, "checks": checks, "files": dict(self.files)}

    def as_record(self) -> dict[str, Any]:
        """`as_json`, and what the numbers were measured on and with; without times, so the same for the same cell."""
        return {
            **self.as_json(),
            "spec": self.spec.model_dump(mode="json"),
            "versions": dict(self.versions),
            "matching": None if self.matching is None else self.matching.as_json(),
            "measured": {name: found.as_json() for name, found in self.measured.items()},
        }


def run(
    spec: CellSpec,
    out: Path,
    *,
    targets: Sequence[Target],
    jobs: int = 1,
    watcher: Watcher | None = None,
    command: str = "",
) -> Signoff:
    """Take a cell through all steps.

    Parameters
    ----------
    out
        Everything is written in ``out/<name>``.
    targets
        Of the cell's testbench; what a cell without one is given is not looked at.
    jobs
        How many programs may run at the same time.
    command
        What the user typed, for the report.

    Raises
    ------
    InputError
        The cell cannot be built, or not there, or a target is none of its testbench.
    ToolError
        The PDK is missing. Errors of later steps are in the result.
    """
    pdk = install.locate()
    started = time.monotonic()
    bench, built = registry.bench_of(spec), build(spec, out)
    found = Signoff(spec, bench, built, [*built.checks], built.files(), {"build": time.monotonic() - started})
    found.versions = report.versions(pdk)
    found.command = command
    if watcher is not None:
        watcher.started("build")
        watcher.ended("build", built.passed, found.seconds["build"])
    with alone(built.gds.parent):
        return _Run(found, targets, jobs, watcher).all()


def simulate(
    spec: CellSpec,
    out: Path,
    *,
    extracted: Path | None,
    targets: Sequence[Target],
    jobs: int = 1,
    watcher: Watcher | None = None,
) -> dict[str, Any]:
    """Measure and judge alone: verdict, checks and numbers as a JSON object.

    The netlist is written to ``out/<name>/<name>.spice``, ngspice's decks and results beside it in ``simulate``.

    Raises
    ------
    InputError
        There is no testbench for the cell, nothing can be written there, or the extracted netlist cannot be used.
    ToolError
        ngspice or the PDK is missing, broke, or found no solution.
    """
    bench = registry.needed(spec)
    text = catalog.circuit_of(spec).to_spice()
    folder = writable(out / spec.name, out)
    netlist = folder / f"{spec.name}.spice"
    store(netlist, text)
    netlists = {SCHEMATIC: netlist} | ({LAYOUT: extracted} if extracted is not None else {})
    task = "simulate"

    def progress(done: int, of: int, _: str) -> None:
        if watcher is not None:
            watcher.advanced(task, done, of)

    started = time.monotonic()
    if watcher is not None:
        watcher.started(task)
    with alone(folder):
        found = bench.measure(spec, [*netlists.values()], jobs=jobs, progress=progress, folder=folder / "simulate")
    measured = dict(zip(netlists, found, strict=True))
    if extracted is not None:
        measured[LAYOUT] = bench.compared(*found)
    checks = [check for name, one in measured.items() for check in bench.checks(name, one)]
    if extracted is not None:
        count = len(re.findall(r"^c", extracted.read_text(errors="replace"), re.MULTILINE | re.IGNORECASE))
        what = f"{LAYOUT}: capacitors in the netlist"
        checks.append(Check("simulate", what, count > 0, count, detail="" if count else "this is no extracted netlist"))
    layout = measured.get(LAYOUT)
    judgements = judge.judge(bench, targets, measured[SCHEMATIC], layout, of_layout=layout is not None)
    checks += [judgement.check() for judgement in judgements]
    passed = all(check.passed for check in checks)
    if watcher is not None:
        watcher.ended(task, passed, time.monotonic() - started)
    return {
        "passed": passed,
        "checks": [check.as_json() for check in checks],
        "measured": {name: one.as_json() for name, one in measured.items()},
    }


class _Run:
    def __init__(self, found: Signoff, targets: Sequence[Target], jobs: int, watcher: Watcher | None) -> None:
        self._found = found
        self._targets = targets
        self._jobs = max(1, jobs)
        self._watcher = watcher
        self._lock = threading.Lock()
        self._folder = found.built.gds.parent

    def all(self) -> Signoff:
        found, built = self._found, self._found.built
        pool = ThreadPoolExecutor(self._jobs)
        try:
            # The longest first.
            checked = pool.submit(self._task, "drc", self._drc)
            extracted = pool.submit(self._task, "extract", self._extract)
            compared = pool.submit(self._task, "lvs", self._lvs)
            matched = pool.submit(self._matched)
            simulated = pool.submit(self._simulate, SCHEMATIC, built.spice, 1)
            found.extracted = extracted.result()
            found.drc, found.lvs, found.matching = checked.result(), compared.result(), matched.result()
            found.schematic = simulated.result()
        finally:
            pool.shutdown(cancel_futures=True)
        if found.bench is None:
            why = f"there is no testbench for {found.spec.cell}"
            self._skip("simulate", f"{SCHEMATIC}, {LAYOUT}", why)
            self._skip("judge", "targets", why)
        else:
            if found.extracted is None:
                self._skip("simulate", LAYOUT, "the layout was not extracted")
            else:
                found.layout = self._simulate(LAYOUT, found.extracted.pex, self._jobs)
            self._judge(found.bench)
        self._report()
        return found

    def _task(self, step: str, action: Callable[[], tuple[_T, list[Check]]], name: str | None = None) -> _T | None:
        """Do a step, or a part `name` of it; None if it broke, which is then a failed check."""
        task = f"{step} {name}" if name else step
        if self._watcher is not None:
            self._watcher.started(task)
        started = time.monotonic()
        result: _T | None = None
        try:
            result, checks = action()
        except MirrorneuronError as error:
            checks = [Check(step, f"{name}: ran" if name else "ran", False, detail=str(error))]
            with self._lock:
                self._found.errors.append(error)
        seconds = time.monotonic() - started
        with self._lock:
            self._found.checks += checks
            self._found.seconds[task] = seconds
        if self._watcher is not None:
            self._watcher.ended(task, all(check.passed for check in checks), seconds)
        return result

    def _skip(self, step: str, name: str, why: str) -> None:
        with self._lock:
            self._found.checks.append(Check(step, name, False, detail=f"skipped because {why}"))

    def _drc(self) -> tuple[drc.DrcResult, list[Check]]:
        result = drc.run(self._found.built.gds, work=self._folder / "drc", jobs=max(1, self._jobs - 1))
        return result, of_drc(result)

    def _lvs(self) -> tuple[lvs.LvsResult, list[Check]]:
        built = self._found.built
        result = lvs.run(built.gds, built.spice, work=self._folder / "lvs")
        return result, of_lvs(result)

    def _matched(self) -> matching.MatchingResult | None:
        read = (Transistor, Bipolar, Resistor)
        if not any(isinstance(device, read) for device in catalog.circuit_of(self._found.spec).devices):
            why = "it reads transistors, npn and resistors, and the cell has none"
            self._skip("matching", "groups of devices", why)
            return None
        return self._task("matching", self._matching)

    def _matching(self) -> tuple[matching.MatchingResult, list[Check]]:
        built = self._found.built
        result = matching.run(built.gds, built.spice, centroid_limit=self._found.centroid_limit)
        return result, of_matching(result)

    def _extract(self) -> tuple[extract.ExtractResult, list[Check]]:
        built = self._found.built
        pex = self._folder / f"{self._found.spec.name}.pex.spice"
        pex.unlink(missing_ok=True)
        result = extract.run(built.gds, out=pex, work=self._folder / "extract", schematic=built.spice)
        with self._lock:
            self._found.files["pex"] = str(pex)
        warnings, total = "; ".join(result.warnings), result.total_capacitance * 1e15
        return result, [
            Check("extract", "devices extracted", result.devices > 0, result.devices, detail=warnings),
            Check("extract", "capacitance extracted", result.capacitors > 0, total, unit="fF"),
        ]

    def _simulate(self, name: str, netlist: Path, jobs: int) -> Measurement | None:
        bench = self._found.bench
        if bench is None:
            return None

        def progress(done: int, of: int, _: str) -> None:
            if self._watcher is not None:
                self._watcher.advanced(f"simulate {name}", done, of)

        def measured() -> tuple[Measurement, list[Check]]:
            (found,) = bench.measure(self._found.spec, [netlist], jobs=jobs, progress=progress)
            return found, bench.checks(name, found)

        return self._task("simulate", measured, name)

    def _judge(self, bench: Testbench[Any, Any]) -> None:
        found = self._found

        def judged() -> tuple[list[Judgement], list[Check]]:
            if found.schematic is not None and found.layout is not None:
                found.layout = bench.compared(found.schematic, found.layout)
            judgements = judge.judge(bench, self._targets, found.schematic, found.layout)
            if not judgements:
                return [], [Check("judge", "targets", False, 0, detail="there is no target to judge by")]
            return judgements, [judgement.check() for judgement in judgements]

        found.judgements = self._task("judge", judged) or []

    def _report(self) -> None:
        found = self._found
        page, record = self._folder / "report.html", self._folder / "report.json"
        found.files |= {"report": str(page), "json": str(record)}

        def written() -> tuple[None, list[Check]]:
            # The report tells of itself too, so its check stands before it is written.
            check = Check("report", "written", True, page.name)
            found.checks.append(check)
            try:
                store(page, report.render(found))
                store(record, json.dumps(found.as_record(), indent=2) + "\n")
            finally:
                found.checks.remove(check)
            return None, [check]

        self._task("report", written)
        for name in [name for name, path in found.files.items() if not Path(path).is_file()]:
            del found.files[name]
