"""Commands that take one step, on a layout of any origin."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from mirrorneuron.flows.cli import options
from mirrorneuron.flows.cli.outcome import Outcome, judged
from mirrorneuron.flows.reports import console
from mirrorneuron.pdk_sky130.errors import FileError

__all__ = ["drc", "extract", "lvs", "matching"]


def drc(
    gds: options.Gds,
    deck: options.Deck = "all",
    top: options.Top = None,
    out: options.Out = options.OUT,
    jobs: options.Jobs = options.CORES,
) -> Outcome:
    """Check a layout against the design rules: our KLayout deck, the official one with its side checks, and Magic."""
    from mirrorneuron.flows import drc as step

    with _work(out, gds, "drc") as work:
        result = step.run(gds, work=work, top=top, decks=step.DECKS if deck == "all" else (deck,), jobs=jobs)
    data = result.as_json()
    subject = f"{gds}: {data['rules_run']} rules, {len(data['violations'])} violations"
    lines = [*console.violations(data["violations"]), *console.not_applicable(data["not_applicable"])]
    return judged(data, subject, lines, result.checks())


def lvs(
    gds: options.Gds,
    netlist: options.Netlist,
    top: options.Top = None,
    hierarchy: options.Hierarchy = "reported",
    out: options.Out = options.OUT,
) -> Outcome:
    """Compare a layout with a netlist, in KLayout and in netgen; both must agree."""
    from mirrorneuron.flows import lvs as step

    with _work(out, gds, "lvs") as work:
        result = step.run(gds, netlist, work=work, top=top, hierarchy=hierarchy)
    data = result.as_json()
    verdicts = ", ".join(f"{tool} {'matches' if data[tool] else 'does not match'}" for tool in ("klayout", "netgen"))
    subject = f"{gds}: {data['devices']} devices; {verdicts}"
    lines = [f"  {error}" for error in data["errors"]] + [f"  KLayout alone: {unseen}" for unseen in data["unseen"]]
    if (third := result.hierarchy) is not None:
        lines.append(f"  hierarchy kept ({'judged' if third.judged else 'reported'}): {third.verdict}")
        lines += [f"    {text}" for text in (*third.errors, *third.notes)]
    return judged(data, subject, lines, result.checks())


def matching(
    gds: options.Gds,
    netlist: options.WantedNetlist = None,
    top: options.Top = None,
    centroid: options.Centroid = None,
    ignore: options.Ignore = None,
) -> Outcome:
    """Report how well the devices of a layout match, as drawn; with a netlist also its sizes and ratios."""
    from mirrorneuron.flows import matching as step

    result = step.run(gds, netlist, top=top, centroid_limit=centroid, ignore=ignore or ())
    data = result.as_json()
    groups = sum(not group["logic"] for group in data["groups"])
    kinds = ", ".join(f"{data[kind]} {kind}" for kind in ("transistors", "bipolars", "resistors") if data[kind])
    subject = f"{gds}: {kinds}, {groups} groups, {len(data['errors'])} errors"
    remarks = [("error", data["errors"]), ("ignored", data["ignored"]), ("note", data["notes"])]
    lines = [f"{word}: {line}" for word, texts in remarks for line in texts]
    return judged(data, subject, [*console.groups(data["groups"]), *lines], result.checks())


def extract(
    gds: options.Gds,
    schematic: options.PinOrder = None,
    top: options.Top = None,
    resistance: options.Resistance = False,
    compare: options.OtherMagic = None,
    out: options.Out = options.OUT,
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
    if (other := result.agreement) is not None:
        lines.append(
            f"  relative to {other.tool}, {other.nets} nets: median {other.median:.3f}, "
            f"10th to 90th percentile {other.p10:.3f} to {other.p90:.3f}"
        )
    return Outcome(0, {"passed": True, **result.as_json()}, "\n".join(lines))


@contextlib.contextmanager
def _work(out: Path, gds: Path, step: str) -> Iterator[Path]:
    """The folder for the logs and reports of a step, in the cell's workspace; bad input leaves neither behind."""
    from mirrorneuron.flows.tools.folders import made, workspace

    if gds.stem in {"", ".", ".."}:
        raise FileError(f"results of {gds} would have the name {gds.stem!r} in --out. Rename the file.")
    with workspace(gds.stem, out) as folder, made(folder / step, out) as work:
        yield work
