"""Commands on cells: what there is, and drawing one."""

from __future__ import annotations

from dataclasses import asdict

from mirrorneuron.flows.cli import options
from mirrorneuron.flows.cli.outcome import Outcome, judged
from mirrorneuron.flows.reports import console

__all__ = ["build", "list_cells", "show"]


def list_cells() -> Outcome:
    """List the cells that can be built."""
    from mirrorneuron.generators import catalog

    cells = {name: catalog.summary(name) for name in catalog.names()}
    return Outcome(0, {"passed": True, "cells": cells}, "\n".join(console.table((), list(cells.items()))))


def show(cell: options.Cell) -> Outcome:
    """Show a cell's fields with unit, default and limits."""
    from mirrorneuron.generators import catalog

    rows = catalog.describe(cell)
    data = {"passed": True, "cell": cell, "fields": [asdict(row) for row in rows]}
    head = ("field", "default", "unit", "limits", "description")
    return Outcome(0, data, "\n".join(console.table(head, [[getattr(row, key) for key in head] for row in rows])))


def build(spec: options.Spec, changes: options.Set = None, out: options.Out = options.OUT) -> Outcome:
    """Draw a cell: GDS, netlist and picture."""
    from mirrorneuron.flows import build as step
    from mirrorneuron.generators import catalog

    cell = catalog.load(spec, changes or ())
    data = step.build(cell, out).as_json()
    return judged(data, cell.name, [*console.checks(data["checks"]), *console.files(data["files"])])
