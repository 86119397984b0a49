"""Layout versus schematic: KLayout with our deck, and Magic with netgen as a second opinion. Both must match.

The third opinion, Magic and netgen with the hierarchy kept, shows what the flow that most people run says of a layout.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import klayout.db as kdb
from mirrorneuron.flows import tools
from mirrorneuron.flows.lvs import hierarchy as third
from mirrorneuron.flows.lvs import klayout, magic, netgen, schematic
from mirrorneuron.flows.lvs.circuit import LvsCircuit
from mirrorneuron.flows.lvs.normalise import unseen
from mirrorneuron.flows.lvs.result import NOT_COMPARED, HierarchyVerdict, LvsResult
from mirrorneuron.flows.tools import gds as gds_file
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import FileError, ToolError
from mirrorneuron.pdk_sky130.install import Pdk

__all__ = ["HIERARCHY", "run"]

HIERARCHY: Final = ("judged", "reported", "off")
"""What the third opinion may be."""

_MESSAGES_MAX: Final = 100


def run(gds: Path, netlist: Path, *, work: Path, top: str | None = None, hierarchy: str = "off") -> LvsResult:
    """Compare a layout with a netlist.

    Parameters
    ----------
    work
        Where the tools' files and logs go; made if it is not there.
    top
        The cell to compare; may be left out if the layout has one top cell.
    hierarchy
        One of `HIERARCHY`: whether the third opinion is asked for, and whether it is part of the verdict.

    Raises
    ------
    FileError
        A file is missing or is no layout or netlist, or `work` cannot be written, or `hierarchy` is none of these.
    NetlistError
        A file does not hold the cell, or the netlist is not of the form in ``lvs/README.md``.
    ToolError
        A program is missing, fails, or leaves no evidence.
    """
    if hierarchy not in HIERARCHY:
        raise FileError(f"hierarchy is {hierarchy!r}: it must be one of {', '.join(HIERARCHY)}")
    gds, work = gds.resolve(), work.resolve()
    layout = gds_file.read(gds)
    cell = gds_file.top_cell(layout, gds, top)
    circuit = schematic.read(netlist, cell.name)
    pdk = install.locate()
    for tool in ("klayout", "magic", "netgen"):
        tools.find(tool)
    flat = work / "given.spice"
    try:
        work.mkdir(parents=True, exist_ok=True)
        flat.write_text(circuit.text)
    except OSError as error:
        raise FileError(f"{work} cannot be written: {error.strerror}") from error
    third_verdict = None
    if hierarchy != "off":
        third_verdict = _third((layout, cell), netlist, circuit, pdk, work / "hierarchy", judged=hierarchy == "judged")
    matched, klayout_errors = klayout.compare(gds, flat, cell.name, work)
    extracted = magic.extract(layout, cell, pdk, work)
    compared, netgen_errors = netgen.compare(extracted, circuit, pdk, work)
    klayout_matches = not klayout_errors and matched > 0
    netgen_matches = not netgen_errors and compared > 0
    return LvsResult(
        passed=klayout_matches and netgen_matches and (third_verdict is None or third_verdict.passed),
        devices=matched,
        klayout=klayout_matches,
        netgen=netgen_matches,
        errors=(*_messages("klayout", klayout_errors, work), *_messages("netgen", netgen_errors, work)),
        unseen=unseen(circuit.models, adapted=extracted.adapted),
        hierarchy=third_verdict,
    )


def _third(
    drawn: tuple[kdb.Layout, kdb.Cell], netlist: Path, circuit: LvsCircuit, pdk: Pdk, work: Path, *, judged: bool
) -> HierarchyVerdict:
    try:
        verdict = third.compare(*drawn, netlist, circuit, pdk, work)
    except ToolError as error:
        if judged:
            raise
        verdict = HierarchyVerdict(NOT_COMPARED, notes=(str(error),))
    return replace(verdict, judged=judged)


def _messages(tool: str, errors: tuple[str, ...], work: Path) -> list[str]:
    messages = [f"{tool}: {error}" for error in errors[:_MESSAGES_MAX]]
    if len(errors) > _MESSAGES_MAX:
        messages.append(f"{tool}: and {len(errors) - _MESSAGES_MAX} more; all are in {work / f'{tool}.json'}")
    return messages
