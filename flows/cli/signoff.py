"""The command that takes a cell through all steps."""

from __future__ import annotations

import shlex
import sys

from mirrorneuron.flows.cli import options
from mirrorneuron.flows.cli.outcome import Outcome
from mirrorneuron.flows.reports import console

__all__ = ["signoff"]


def signoff(
    spec: options.Spec,
    changes: options.Set = None,
    targets: options.Targets = None,
    out: options.Out = options.OUT,
    jobs: options.Jobs = options.CORES,
) -> Outcome:
    """Take a cell through all steps, judge it, and write a report."""
    from mirrorneuron.generators import catalog

    cell = catalog.load(spec, changes or ())
    # After a bad spec is refused: these take a second to import.
    from mirrorneuron.flows import judge
    from mirrorneuron.flows import signoff as verb
    from mirrorneuron.flows.cli.progress import Display
    from mirrorneuron.flows.testbenches import registry

    # Targets for a cell without a testbench are refused: they would be ignored.
    bench = registry.needed(cell) if targets else registry.bench_of(cell)
    limits = judge.targets(bench, targets or judge.companion(spec)) if bench else []
    command = shlex.join(["mirrorneuron", *sys.argv[1:]])
    with Display() as display:
        result = verb.run(cell, out, targets=limits, jobs=jobs, watcher=display, command=command)
    data = result.as_json()
    lines = [*console.checks(data["checks"]), *console.files(data["files"]), *map(str, result.errors)]
    text = "\n".join([console.verdict(result.passed, cell.name), *lines])
    return Outcome(result.status, data, text, [check for group in result.by_step().values() for check in group])
