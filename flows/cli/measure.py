"""Commands that simulate: one cell, its spread, several mirrors side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirrorneuron.flows.cli import options
from mirrorneuron.flows.cli.outcome import Outcome, judged
from mirrorneuron.flows.reports import console
from mirrorneuron.pdk_sky130.errors import SpecError

if TYPE_CHECKING:  # at run time a command imports what it needs, so that --help is quick
    from mirrorneuron.flows.characterize import Characterization
    from mirrorneuron.flows.datasheet import Datasheet

__all__ = ["characterize", "compare", "simulate"]

_ROOM_C: Final = 27.0


def simulate(
    spec: options.Spec,
    changes: options.Set = None,
    netlist: options.ExtractedNetlist = None,
    targets: options.Targets = None,
    out: options.Out = options.OUT,
    jobs: options.Jobs = options.CORES,
) -> Outcome:
    """Measure a cell's schematic, or schematic and extracted netlist, and hold the numbers against the targets."""
    from mirrorneuron.generators import catalog

    cell = catalog.load(spec, changes or ())
    # After a bad spec is refused: these take a second to import.
    from mirrorneuron.flows import judge, signoff
    from mirrorneuron.flows.cli.progress import Display
    from mirrorneuron.flows.testbenches import registry

    limits = judge.targets(registry.needed(cell), targets or judge.companion(spec))
    with Display() as display:
        result = signoff.simulate(cell, out, extracted=netlist, targets=limits, jobs=jobs, watcher=display)
    data = result.as_json()
    return judged(data, cell.name, console.checks(data["checks"]))


# Fourteen parameters, because typer takes the options of a command from its signature.
def characterize(
    spec: options.Spec,
    changes: options.Set = None,
    netlist: options.CharacterizedNetlist = None,
    corners: options.Corners = "tt,ss,ff,sf,fs",
    temperatures: options.Temperatures = "-40,27,125",
    supplies: options.Supplies = None,
    mismatch: options.Mismatch = 0,
    process: options.Process = False,
    seed: options.Seed = 1,
    method: options.Method = "random",
    scheduler: options.Scheduler = None,
    targets: options.Targets = None,
    out: options.Out = options.OUT,
    jobs: options.Jobs = options.CORES,
) -> Outcome:
    """Measure a cell over corners, temperatures and supplies, and with mismatch: spread, yield, contributions.

    A mirror gets its datasheet too; --netlist is then the netlist extracted from its layout.

    Samples are drawn at the first corner and the temperature nearest to 27 C. An interrupted run continues where it
    stopped.
    """
    from mirrorneuron.generators import catalog

    cell = catalog.load(spec, changes or ())
    # After a bad spec is refused: these take a second to import.
    from mirrorneuron.flows import build, datasheet, judge
    from mirrorneuron.flows import characterize as verb
    from mirrorneuron.flows.cli.progress import Display
    from mirrorneuron.flows.compute.executor import open_executor
    from mirrorneuron.flows.testbenches import registry
    from mirrorneuron.flows.tools.folders import made, workspace
    from mirrorneuron.flows.variation.sampling import Variation

    bench, targets = registry.needed(cell), targets or judge.companion(spec)
    at = sorted(_numbers(temperatures, "--temperatures"), key=lambda temperature: abs(temperature - _ROOM_C))
    study = verb.Study(
        conditions=verb.conditions_of(corners.split(","), at, _numbers(supplies, "--supplies")),
        variation=Variation(mismatch, seed, process=process, method=method) if mismatch else None,
        limits=verb.limits_of(targets, verb.quantities_of(cell)) if mismatch else (),
    )
    limits = judge.targets(bench, targets) if bench.theory else []
    with workspace(cell.name, out) as folder, made(folder / "characterize", out) as kept, Display() as display:
        source, executor = netlist or build.build(cell, out).spice, open_executor(jobs, scheduler)
        result = verb.characterize(cell, source, study, executor=executor, folder=kept, watcher=display)
        sheet = None
        if bench.theory is not None:
            sheet = datasheet.make(cell, out, targets=limits, netlist=netlist, jobs=jobs, watcher=display)
            datasheet.write(sheet, folder)
    return _characterized(result, sheet)


def _characterized(result: Characterization, sheet: Datasheet | None) -> Outcome:
    from mirrorneuron.flows import characterize as verb
    from mirrorneuron.flows import datasheet

    if sheet is None:
        return judged(result.as_json(), result.name, [*verb.lines(result), *console.files(result.files)])
    data = {**result.as_json(), "datasheet": sheet.as_json(), "passed": result.passed and sheet.passed}
    checks = console.checks([check.as_json() for check in sheet.checks])
    files = console.files({**result.files, **sheet.files})
    return judged(data, result.name, [*datasheet.lines(sheet), *verb.lines(result), *checks, *files])


def _numbers(text: str | None, option: str) -> list[float]:
    try:
        return [float(number) for number in text.split(",")] if text else []
    except ValueError:
        raise SpecError(f"{option} {text}: must be numbers separated by commas, such as -40,27,125") from None


def compare(
    specs: options.Specs = None,
    changes: options.Set = None,
    schematic: options.SchematicOnly = False,
    out: options.Out = options.OUT,
    jobs: options.Jobs = options.CORES,
) -> Outcome:
    """Measure several mirrors, all of them by default, and put them side by side: a table, error and resistance."""
    from mirrorneuron.generators import catalog

    names = specs or [name for name in catalog.names() if name.startswith("mirror_")]
    cells = [catalog.load(name, changes or ()) for name in names]
    # After a bad spec is refused: these take a second to import.
    from mirrorneuron.flows import compare as verb
    from mirrorneuron.flows.cli.progress import Display

    with Display() as display:
        comparison = verb.compare(cells, out, layout=not schematic, jobs=jobs, watcher=display)
    verb.write(comparison, out)
    lines = [*verb.lines(comparison), *console.files(comparison.files)]
    return judged(comparison.as_json(), f"{len(cells)} mirrors", lines)
