"""Commands that take one step, on a layout of any origin."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from mirrorneuron.flows.cli import options
from mirrorneuron.flows.cli.outcome import Outcome, judged
from mirrorneuron.flows.reports import console
from mirrorneuron.pdk_sky130.errors import FileError, InputError

__all__ = ["drc", "extract", "lvs", "matching"]


def drc(
    gds: options.Gds,
    deck: options.Deck = "all",
    profile: options.Profile = "full",
    waivers: options.Waivers = None,
    top: options.Top = None,
    out: options.Out = options.OUT,
    jobs: options.Jobs = options.CORES,
) -> Outcome:
    """Check a layout against the design rules: our KLayout deck, the official one with its side checks, and Magic."""
    from mirrorneuron.flows import drc as step

    accepted = step.read_waivers(waivers) if waivers else ()
    with _work(out, gds, "drc") as work:
        decks = None if deck == "all" else (deck,)
        result = step.run(gds, work=work, top=top, decks=decks, profile=profile, jobs=jobs)
    if waivers:
        result = step.waive(result, accepted, gds, top)
    data = result.as_json()
    waived = f", {len(data['waived'])} waived" if waivers else ""
    subject = f"{gds}: {data['rules_run']} rules, {len(data['violations'])} violations{waived}"
    return judged(data, subject, console.drc(data), result.checks())


def lvs(
    gds: options.Gds,
    netlist: options.Netlist,
    top: options.Top = None,
    libraries: options.Libraries = None,
    tolerance: options.Tolerance = "official",
    hierarchy: options.Hierarchy = "reported",
    out: options.Out = options.OUT,
) -> Outcome:
    """Compare a layout with a netlist, in KLayout and in netgen; both must agree."""
    from mirrorneuron.flows import lvs as step

    if tolerance not in [*step.Tolerance]:
        raise InputError(f"--tolerance {tolerance} is none; choose exact or official")
    with _work(out, gds, "lvs") as work:
        allowed = step.Tolerance(tolerance)
        result = step.run(
            gds, netlist, work=work, top=top, libraries=libraries or (), tolerance=allowed, hierarchy=hierarchy
        )
    data = result.as_json()
    verdicts = ", ".join(f"{tool} {'matches' if data[tool] else 'does not match'}" for tool in ("klayout", "netgen"))
    subject = f"{gds}: {data['devices']} devices; {verdicts}"
    remarks = [
        ("", data["errors"]),
        ("KLayout alone: ", data["unseen"]),
        (f"inside the {tolerance} tolerance: ", data["deviations"]),
        ("note: ", data["notes"]),
    ]
    lines = [f"  {word}{line}" for word, texts in remarks for line in texts]
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
    group: options.Group = None,
    libraries: options.Libraries = None,
) -> Outcome:
    """Report how well the devices of a layout match, as drawn; with a netlist also its sizes and ratios."""
    from mirrorneuron.flows import matching as step

    result = step.run(
        gds,
        netlist,
        top=top,
        centroid_limit=centroid,
        ignore=ignore or (),
        select=group or (),
        libraries=libraries or (),
    )
    data = result.as_json()
    groups = sum(not record["logic"] for record in data["groups"])
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
    from mirrorneuron.flows.tools.gds import stem

    with _work(out, gds, "extract") as work:
        pex = work.parent / f"{stem(gds)}.pex.spice"
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
    from mirrorneuron.flows.tools.gds import stem

    name = stem(gds)
    if name in {"", ".", ".."}:
        raise FileError(f"results of {gds} would have the name {name!r} in --out. Rename the file.")
    with workspace(name, out) as folder, made(folder / step, out) as work:
        yield work
