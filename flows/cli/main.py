"""The command ``mirrorneuron``.

A command imports what it needs when it runs, so that ``--help`` is quick, and returns an `Outcome`; `main` alone prints
it and turns it, or an exception, into the exit status: 0 passed, 1 a check failed, 2 bad input, 3 a tool is missing or
broke, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shlex
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import click
import typer
from mirrorneuron.flows import tools
from mirrorneuron.flows.reports import console
from mirrorneuron.flows.results.check import Check
from mirrorneuron.flows.tools.folders import alone, check_writable, store, writable
from mirrorneuron.pdk_sky130.errors import FileError, InputError, MirrorneuronError, SpecError, ToolError
from typer.core import TyperCommand

__all__ = ["Outcome", "app", "main"]

_INTERRUPTED = 130  # what typer returns after Ctrl-C


@dataclass(frozen=True)
class Outcome:
    """What a command found: exit status, JSON object for ``--json``, text to print without it, checks for reports."""

    status: int
    data: Mapping[str, Any]
    text: str
    checks: Sequence[Check] = ()


class _Command(TyperCommand):
    """A command that also takes ``--json``, which `main` reads."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        text = "Print the result as JSON on stdout, and nothing else there."
        self.params.append(click.Option(["--json"], is_flag=True, expose_value=False, help=text))


class _Checked(_Command):
    """A command whose checks a CI system can read: ``--junit`` and ``--summary``, whose files `main` writes."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for name, text in (
            ("--junit", "Write the checks as JUnit XML."),
            ("--summary", "Add the checks as Markdown to the end of a file."),
        ):
            option = click.Option([name], metavar="FILE", help=text, expose_value=False, callback=_file_for)
            self.params.append(option)


def _file_for(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    """Keep where a report goes, and see that it can be written before anything else is done."""
    if not value:
        return
    path = Path(value)
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise FileError(f"{parameter.opts[0]} {path}: cannot be written. Name a file in a folder that can be written.")
    context.obj[parameter.name] = path


app = typer.Typer(
    name="mirrorneuron",
    help="Weights into silicon: matched current-mirror neurons on SKY130, drawn, verified and simulated.",
    epilog="Exit status: 0 passed, 1 a check failed, 2 bad input, 3 a tool is missing or broke.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Gds = Annotated[Path, typer.Argument(metavar="GDS", help="A layout, also one that somebody else made.")]
Netlist = Annotated[Path, typer.Argument(metavar="SPICE", help="The netlist that the layout must match.")]
Schematic = Annotated[
    Path | None,
    typer.Option("--schematic", metavar="SPICE", help="Netlist whose pin order the extracted one takes over."),
]
Cell = Annotated[str, typer.Argument(metavar="CELL", help="A cell's name; `mirrorneuron list` shows them.")]
Spec = Annotated[str, typer.Argument(metavar="SPEC", help="A YAML file, or a cell's name for its defaults.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="Change a field of the spec: weights=[1,2,-3].")
]
Targets = Annotated[
    Path | None,
    typer.Option("--targets", metavar="FILE", help="Targets to judge by; default: SPEC's .targets.yaml beside it."),
]
Extracted = Annotated[
    Path | None, typer.Option("--netlist", metavar="FILE", help="Extracted netlist, to be judged beside the schematic.")
]
Wanted = Annotated[
    Path | None,
    typer.Option("--netlist", metavar="SPICE", help="Netlist whose units, W, L and ratios must be drawn."),
]
Centroid = Annotated[
    float | None,
    typer.Option("--centroid", metavar="UM", help="How far centroids may be off; default: what the counts force."),
]
Ignore = Annotated[
    list[str] | None, typer.Option("--ignore", metavar="CHECK", help="A check that shall not fail the report.")
]
Characterized = Annotated[
    Path | None, typer.Option("--netlist", metavar="FILE", help="Netlist to characterize in the schematic's place.")
]
Specs = Annotated[
    list[str] | None, typer.Argument(metavar="[SPEC]...", help="YAML files or names of mirrors; default: all mirrors.")
]
SchematicAlone = Annotated[bool, typer.Option("--schematic", help="Compare schematics: quicker, and without wires.")]
Corners = Annotated[str, typer.Option("--corners", metavar="LIST", help="Corners, with commas between them.")]
Temperatures = Annotated[str, typer.Option("--temperatures", metavar="LIST", help="Temperatures [C].")]
Supplies = Annotated[str | None, typer.Option("--supplies", metavar="LIST", help="Voltages of the pin vdd [V].")]
Mismatch = Annotated[int, typer.Option("--mismatch", metavar="N", min=0, help="Samples whose devices differ.")]
ProcessToo = Annotated[bool, typer.Option("--process", help="Let the process vary too, from sample to sample.")]
Seed = Annotated[int, typer.Option("--seed", metavar="N", min=0, help="The same seed gives the same samples.")]
Method = Annotated[str, typer.Option("--method", metavar="NAME", help="random, lhs or sobol.")]
Scheduler = Annotated[
    str | None, typer.Option("--scheduler", metavar="ADDRESS", help="A Dask cluster, tcp://host:port, to run on.")
]
Deck = Annotated[str, typer.Option("--deck", metavar="NAME", help="ours, official, magic or all.")]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the results.")]
Top = Annotated[str | None, typer.Option("--top", metavar="CELL", help="Top cell; needed if the GDS has several.")]
Jobs = Annotated[int, typer.Option("--jobs", metavar="N", min=1, help="How many processes to use.")]

_OUT = Path("gds_out")
_JOBS = os.cpu_count() or 1


@app.callback()
def _program() -> None:
    """Make the app a group of commands, also while it has few."""


@app.command(cls=_Command)
def doctor() -> Outcome:
    """Show which tools and PDK were found, and the command that brings what is missing."""
    from mirrorneuron.flows.tools.doctor import examine

    found = examine()
    # It says nothing about a design, so what is missing is exit status 3, not a failed check.
    return Outcome(0 if found.passed else 3, found.as_json(), found.as_text())


@app.command("list", cls=_Command)
def list_cells() -> Outcome:
    """List the cells that can be built."""
    from mirrorneuron.generators import catalog

    cells = {name: catalog.summary(name) for name in catalog.names()}
    width = max(len(name) for name in cells)
    lines = [f"{name:{width}}  {text}" for name, text in cells.items()]
    return Outcome(0, {"passed": True, "cells": cells}, "\n".join(lines))


@app.command(cls=_Command)
def show(cell: Cell) -> Outcome:
    """Show a cell's fields with unit, default and limits."""
    from mirrorneuron.generators import catalog

    rows = catalog.describe(cell)
    data = {"passed": True, "cell": cell, "fields": [asdict(row) for row in rows]}
    field, default, unit = (max(len(getattr(row, key)) for row in rows) for key in ("field", "default", "unit"))
    lines = [
        line
        for row in rows
        for line in (
            f"{row.field:{field}}  {row.default:{default}}  {row.unit:{unit}}  {row.limits}",
            f"{'':{field}}  {row.description}",
        )
    ]
    return Outcome(0, data, "\n".join(lines))


@app.command(cls=_Command)
def build(spec: Spec, changes: Set = None, out: Out = _OUT) -> Outcome:
    """Draw a cell: GDS, netlist and picture."""
    from mirrorneuron.flows import build as step
    from mirrorneuron.generators import catalog

    chosen = catalog.load(spec, changes or ())
    data = step.build(chosen, out).as_json()
    return _judged(data, chosen.name, [*console.checks(data["checks"]), *console.files(data["files"])])


@app.command(cls=_Command)
def simulate(
    spec: Spec,
    changes: Set = None,
    netlist: Extracted = None,
    targets: Targets = None,
    out: Out = _OUT,
    jobs: Jobs = _JOBS,
) -> Outcome:
    """Measure a cell's schematic, or schematic and extracted netlist, and hold the numbers against the targets."""
    from mirrorneuron.generators import catalog

    chosen = catalog.load(spec, changes or ())
    from mirrorneuron.flows import judge, signoff
    from mirrorneuron.flows.cli import progress
    from mirrorneuron.flows.testbenches import registry

    limits = judge.targets(registry.needed(chosen), targets or judge.companion(spec))
    with progress.Display() as display:
        data = signoff.simulate(chosen, out, extracted=netlist, targets=limits, jobs=jobs, watcher=display)
    return _judged(data, chosen.name, console.checks(data["checks"]))


@app.command(cls=_Command)
def characterize(
    spec: Spec,
    changes: Set = None,
    netlist: Characterized = None,
    corners: Corners = "tt,ss,ff,sf,fs",
    temperatures: Temperatures = "-40,27,125",
    supplies: Supplies = None,
    mismatch: Mismatch = 0,
    process: ProcessToo = False,
    seed: Seed = 1,
    method: Method = "random",
    scheduler: Scheduler = None,
    targets: Targets = None,
    out: Out = _OUT,
    jobs: Jobs = _JOBS,
) -> Outcome:
    """Measure a cell over corners, temperatures and supplies, and with mismatch: spread, yield, what it comes from.

    A mirror gets its datasheet too; --netlist is then what was extracted from its layout.

    Samples are drawn at the first corner and the temperature nearest to 27 C. A run that was interrupted goes on where
    it stopped.
    """
    from mirrorneuron.generators import catalog

    chosen = catalog.load(spec, changes or ())
    from mirrorneuron.flows import build as first
    from mirrorneuron.flows import characterize as step
    from mirrorneuron.flows import judge
    from mirrorneuron.flows.cli import progress
    from mirrorneuron.flows.compute.executor import open_executor
    from mirrorneuron.flows.testbenches import registry
    from mirrorneuron.flows.variation.sampling import Variation

    at = sorted(_numbers(temperatures, "--temperatures"), key=lambda one: abs(one - 27))
    conditions = step.conditions_of(corners.split(","), at, _numbers(supplies, "--supplies"))
    quantities = step.quantities_of(chosen)
    limits = step.limits_of(targets or judge.companion(spec), quantities) if mismatch else []
    variation = Variation(mismatch, seed, process=process, method=method) if mismatch else None
    source = netlist or first.build(chosen, out).spice
    bench = registry.needed(chosen)
    goals = judge.targets(bench, targets or judge.companion(spec)) if bench.theory else []
    folder = writable(out / chosen.name / "characterize", out)
    with alone(folder), progress.Display() as display:
        found = step.characterize(
            chosen,
            source,
            conditions=conditions,
            variation=variation,
            limits=limits,
            executor=open_executor(jobs, scheduler),
            folder=folder,
            watcher=display,
        )
        if bench.theory is None:
            return _judged(found.as_json(), chosen.name, [*step.lines(found), *console.files(found.files)])
        from mirrorneuron.flows import datasheet

        sheet = datasheet.make(chosen, out, targets=goals, netlist=netlist, jobs=jobs, watcher=display)
        datasheet.write(sheet, folder.parent)
    data = {**found.as_json(), "datasheet": sheet.as_json(), "passed": found.passed and sheet.passed}
    lines = [*datasheet.lines(sheet), *step.lines(found)]
    lines += [*console.checks([one.as_json() for one in sheet.checks]), *console.files({**found.files, **sheet.files})]
    return _judged(data, chosen.name, lines)


@app.command(cls=_Command)
def compare(
    specs: Specs = None, changes: Set = None, schematic: SchematicAlone = False, out: Out = _OUT, jobs: Jobs = _JOBS
) -> Outcome:
    """Measure several mirrors, all of them by default, and put them side by side: a table, error and resistance."""
    from mirrorneuron.generators import catalog

    names = specs or [name for name in catalog.names() if name.startswith("mirror_")]
    chosen = [catalog.load(name, changes or ()) for name in names]
    from mirrorneuron.flows import compare as step
    from mirrorneuron.flows.cli import progress

    check_writable(out)
    with progress.Display() as display:
        found = step.compare(chosen, out, layout=not schematic, jobs=jobs, watcher=display)
    step.write(found, out)
    return _judged(found.as_json(), f"{len(chosen)} mirrors", [*step.lines(found), *console.files(found.files)])


def _numbers(text: str | None, option: str) -> list[float]:
    try:
        return [float(one) for one in text.split(",")] if text else []
    except ValueError:
        raise SpecError(f"{option} {text}: must be numbers with commas between them, such as -40,27,125") from None


@app.command(cls=_Checked)
def signoff(spec: Spec, changes: Set = None, targets: Targets = None, out: Out = _OUT, jobs: Jobs = _JOBS) -> Outcome:
    """Take a cell through all steps, judge it, and write a report."""
    from mirrorneuron.generators import catalog

    chosen = catalog.load(spec, changes or ())
    from mirrorneuron.flows import judge
    from mirrorneuron.flows import signoff as steps
    from mirrorneuron.flows.cli import progress
    from mirrorneuron.flows.testbenches import registry

    # Targets given for a cell without a testbench would be passed over.
    bench = registry.needed(chosen) if targets else registry.bench_of(chosen)
    limits = judge.targets(bench, targets or judge.companion(spec)) if bench else []
    command = shlex.join(["mirrorneuron", *sys.argv[1:]])
    with progress.Display() as display:
        found = steps.run(chosen, out, targets=limits, jobs=jobs, watcher=display, command=command)
    data = found.as_json()
    lines = [*console.checks(data["checks"]), *console.files(data["files"]), *map(str, found.errors)]
    text = "\n".join([console.verdict(found.passed, chosen.name), *lines])
    return Outcome(found.status, data, text, [check for group in found.by_step().values() for check in group])


@app.command(cls=_Checked)
def drc(gds: Gds, deck: Deck = "all", top: Top = None, out: Out = _OUT, jobs: Jobs = _JOBS) -> Outcome:
    """Check a layout against the design rules: our KLayout deck, the official one with its side checks, and Magic."""
    from mirrorneuron.flows import drc as step
    from mirrorneuron.flows.signoff.checks import of_drc

    with _work(out, gds, "drc") as work:
        found = step.run(gds, work=work, top=top, decks=step.DECKS if deck == "all" else (deck,), jobs=jobs)
    data = found.as_json()
    what = f"{gds}: {data['rules_run']} rules, {len(data['violations'])} violations"
    lines = [*console.violations(data["violations"]), *console.not_applicable(data["not_applicable"])]
    return _judged(data, what, lines, of_drc(found))


@app.command(cls=_Checked)
def lvs(gds: Gds, netlist: Netlist, top: Top = None, out: Out = _OUT) -> Outcome:
    """Compare a layout with a netlist, in KLayout and in netgen; both must agree."""
    from mirrorneuron.flows import lvs as step

    with _work(out, gds, "lvs") as work:
        found = step.run(gds, netlist, work=work, top=top)
    data = found.as_json()
    verdicts = ", ".join(f"{tool} {'matches' if data[tool] else 'does not match'}" for tool in ("klayout", "netgen"))
    what = f"{gds}: {data['devices']} devices; {verdicts}"
    lines = [f"  {error}" for error in data["errors"]] + [f"  KLayout alone: {one}" for one in data["unseen"]]
    return _judged(data, what, lines, found.checks())


@app.command(cls=_Checked)
def matching(
    gds: Gds, netlist: Wanted = None, top: Top = None, centroid: Centroid = None, ignore: Ignore = None
) -> Outcome:
    """Report how well the devices of a layout match, as drawn; with a netlist also its sizes and ratios."""
    from mirrorneuron.flows import matching as step
    from mirrorneuron.flows.signoff.checks import of_matching

    found = step.run(gds, netlist, top=top, centroid_limit=centroid, ignore=ignore or ())
    data = found.as_json()
    judged = sum(not group["logic"] for group in data["groups"])
    kinds = ", ".join(f"{data[kind]} {kind}" for kind in ("transistors", "bipolars", "resistors") if data[kind])
    what = f"{gds}: {kinds}, {judged} groups, {len(data['errors'])} errors"
    remarks = [("error", data["errors"]), ("ignored", data["ignored"]), ("note", data["notes"])]
    lines = [f"{word}: {line}" for word, texts in remarks for line in texts]
    return _judged(data, what, [*console.groups(data["groups"]), *lines], of_matching(found))


@app.command(cls=_Command)
def extract(
    gds: Gds,
    schematic: Schematic = None,
    top: Top = None,
    resistance: Annotated[bool, typer.Option("--resistance", help="Wires and contacts as resistors, too.")] = False,
    compare: Annotated[
        Path | None, typer.Option("--compare", metavar="MAGIC", help="Another Magic to hold the capacitances against.")
    ] = None,
    out: Out = _OUT,
) -> Outcome:
    """Extract a layout's devices, capacitances and on demand resistances as a SPICE netlist."""
    from mirrorneuron.flows import extract as step

    with _work(out, gds, "extract") as work:
        pex = work.parent / f"{gds.stem}.pex.spice"
        result = step.run(gds, out=pex, work=work, top=top, schematic=schematic, resistance=resistance)
        if compare is not None:
            agreement = step.compare(result, gds, compare, work=work / "compare", top=top)
            result = replace(result, agreement=agreement)
    total = result.total_capacitance * 1e15
    counts = f"{result.devices} devices, {result.capacitors} capacitors, {total:.4g} fF in sum"
    if resistance:
        counts += f", {result.resistors} resistors"
    lines = [f"{result.pex}: {counts}", f"  {result.accuracy}", *(f"  {warning}" for warning in result.warnings)]
    if (by := result.agreement) is not None:
        lines.append(
            f"  over {by.tool}, {by.nets} nets: median {by.median:.3f}, "
            f"10th to 90th percentile {by.p10:.3f} to {by.p90:.3f}"
        )
    return Outcome(0, {"passed": True, **result.as_json()}, "\n".join(lines))


@contextlib.contextmanager
def _work(out: Path, gds: Path, step: str) -> Iterator[Path]:
    """The folder for the logs and reports of a step; bad input leaves none behind."""
    if gds.stem in {"", ".", ".."}:
        raise FileError(f"results of {gds} would have the name {gds.stem!r} in --out. Rename the file.")
    folder = out / gds.stem / step
    absent = [path for path in (folder, *folder.parents) if not path.exists()]
    writable(folder, out)
    try:
        with alone(folder):
            yield folder
    except InputError:
        for path in absent:
            with contextlib.suppress(OSError):  # not empty: something of use was written
                path.rmdir()
        raise


def _judged(data: Mapping[str, Any], what: str, lines: Sequence[str], checks: Sequence[Check] = ()) -> Outcome:
    passed = bool(data["passed"])
    return Outcome(0 if passed else 1, data, "\n".join([console.verdict(passed, what), *lines]), checks)


@contextlib.contextmanager
def _quiet_stdout(quiet: bool) -> Iterator[None]:
    """Under ``--json`` whatever a library prints goes to stderr."""
    if quiet:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    else:
        yield


def _run(arguments: list[str], as_json: bool) -> tuple[int, str | None, str | None]:
    """Exit status, text for stdout, text for stderr; the reports for a CI system are written."""
    reports: dict[str, Path] = {}
    status, text, message, checks = _done(arguments, as_json, reports)
    if not reports:
        return status, text, message
    from mirrorneuron.flows.reports import ci

    title = " ".join(["mirrorneuron", *arguments])
    try:
        if "junit" in reports:
            store(reports["junit"], ci.junit(title, checks, status, message))
        if "summary" in reports:
            _append(reports["summary"], ci.markdown(title, checks, status, message))
    except FileError as error:
        # Whoever reads the report would take the last one for this one.
        return max(status, error.exit_status), text, f"mirrorneuron: {error}"
    return status, text, message


def _append(path: Path, text: str) -> None:
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror}. Choose another file.") from error


def _done(
    arguments: list[str], as_json: bool, reports: dict[str, Path]
) -> tuple[int, str | None, str | None, Sequence[Check]]:
    """Exit status, text for stdout, text for stderr, checks; `reports` is filled with the files that are wanted."""
    try:
        with _quiet_stdout(as_json):
            result = app(arguments, prog_name="mirrorneuron", standalone_mode=False, obj=reports)
    except MirrorneuronError as error:
        status, message = error.exit_status, str(error)
    except OSError as error:
        # A full disk, a log that is a folder: nothing is known of the design then.
        status, message = ToolError.exit_status, f"{error.filename or 'the file system'}: {error.strerror or error}"
    except click.ClickException as error:
        context = error.ctx if isinstance(error, click.UsageError) else None
        hint = f" See: {context.command_path} --help" if context else ""
        status, message = error.exit_code, error.format_message() + hint
    except click.Abort:  # Ctrl-C in older releases of typer
        status, message = _INTERRUPTED, "interrupted"
    else:
        if isinstance(result, Outcome):
            return result.status, json.dumps(result.data, indent=2) if as_json else result.text, None, result.checks
        if result != _INTERRUPTED:  # --help
            return 0, None, None, ()
        status, message = _INTERRUPTED, "interrupted"
    failure = json.dumps({"passed": False, "error": message}, indent=2) if as_json else None
    return status, failure, f"mirrorneuron: {message}", ()


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    tools.stop_all()
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command with `arguments` (default: those of the process) and exit."""
    chosen = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    logging.getLogger("mirrorneuron").setLevel(logging.INFO)
    status, text, message = _run(chosen, "--json" in chosen)
    try:
        if text is not None:
            print(text, flush=True)
    except OSError as error:
        # Nobody reads on, or there is no room: the interpreter must not try again when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            status, message = ToolError.exit_status, f"mirrorneuron: cannot write the result: {error.strerror}"
    if message is not None:
        print(message, file=sys.stderr)
    sys.exit(status)
