"""Layout versus schematic: KLayout with our deck, and Magic with netgen as a second opinion. Both must match.

The third opinion, Magic and netgen with the hierarchy kept, shows what the flow that most people run says of a layout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import klayout.db as kdb
from mirrorneuron.flows import tools
from mirrorneuron.flows.lvs import hierarchy as third
from mirrorneuron.flows.lvs import klayout, labels, magic, netgen, schematic
from mirrorneuron.flows.lvs.circuit import LvsCircuit
from mirrorneuron.flows.lvs.names import PlainNames
from mirrorneuron.flows.lvs.normalise import unseen
from mirrorneuron.flows.lvs.result import NOT_COMPARED, HierarchyVerdict, LvsResult
from mirrorneuron.flows.lvs.tolerance import Tolerance, official
from mirrorneuron.flows.tools import gds as gds_file
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import FileError, ToolError
from mirrorneuron.pdk_sky130.install import Pdk

__all__ = ["HIERARCHY", "run"]

HIERARCHY: Final = ("judged", "reported", "off")
"""What the third opinion may be."""

_MESSAGES_MAX: Final = 100
_NOT_ASKED: Final = "not run: the layout holds shapes of unknown effect on its devices (KLayout lists them)"


def run(
    gds: Path,
    netlist: Path,
    *,
    work: Path,
    top: str | None = None,
    libraries: Sequence[Path] = (),
    tolerance: Tolerance = Tolerance.EXACT,
    hierarchy: str = "off",
) -> LvsResult:
    """Compare a layout with a netlist.

    Parameters
    ----------
    work
        Where the tools' files and logs go; made if it is not there.
    top
        The cell to compare; may be left out if the layout has one top cell.
    libraries
        Netlists with subcircuits that `netlist` calls.
    tolerance
        Whether sizes must be equal, or may differ as the official set-up allows.
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
    given = schematic.load(netlist, cell.name, libraries)
    pdk = install.locate()
    for tool in ("klayout", "magic", "netgen"):
        tools.find(tool)
    tolerances = official(pdk.netgen_setup) if tolerance is Tolerance.OFFICIAL else None
    third_verdict = None
    if hierarchy != "off":
        netlists = (netlist, *libraries)
        third_verdict = _third(
            (layout, cell), netlists, given.circuit, pdk, work / "hierarchy", judged=hierarchy == "judged"
        )
    names = PlainNames()
    pins = labels.prepare(cell, given.circuit.pins, given.ties, names)
    plain, circuit = _inputs(layout, cell, given.circuit, names, work)
    ours = klayout.compare(plain.path, work / "given.spice", plain.top, work, tolerances)
    compared, adapted = 0, False
    theirs: tuple[str, ...] = (_NOT_ASKED,)
    if not ours.foreign:
        extracted = magic.extract(layout, cell, pdk, work)
        adapted = extracted.adapted
        compared, theirs = netgen.compare(extracted, circuit, pdk, work, tolerances)
    lost = tuple(f"pin {pin} is in the netlist, but the layout has no such label" for pin in pins.missing)
    klayout_errors = tuple(dict.fromkeys(map(names.restore, (*lost, *ours.errors))))
    netgen_errors = tuple(map(names.restore, theirs))
    klayout_matches = not klayout_errors and ours.devices > 0
    netgen_matches = not netgen_errors and compared > 0
    return LvsResult(
        passed=klayout_matches and netgen_matches and (third_verdict is None or third_verdict.passed),
        devices=ours.devices,
        klayout=klayout_matches,
        netgen=netgen_matches,
        errors=(*_messages("klayout", klayout_errors, work), *_messages("netgen", netgen_errors, work)),
        unseen=unseen(circuit.models, adapted=adapted),
        tolerance=tolerance.value,
        deviations=tuple(map(names.restore, ours.deviations)),
        notes=(*given.notes, *pins.notes),
        hierarchy=third_verdict,
    )


def _inputs(
    layout: kdb.Layout, cell: kdb.Cell, circuit: LvsCircuit, names: PlainNames, work: Path
) -> tuple[gds_file.PlainGds, LvsCircuit]:
    """Layout and netlist as every tool reads them, in the folder `work`."""
    try:
        work.mkdir(parents=True, exist_ok=True)
        plain = gds_file.plain_copy(layout, cell, work / "given.gds")
        same = names.circuit(circuit, plain.top.lower())
        (work / "given.spice").write_text(same.text)
    except OSError as error:
        raise FileError(f"{work} cannot be written: {error.strerror}") from error
    return plain, same


def _third(
    drawn: tuple[kdb.Layout, kdb.Cell],
    netlists: Sequence[Path],
    circuit: LvsCircuit,
    pdk: Pdk,
    work: Path,
    *,
    judged: bool,
) -> HierarchyVerdict:
    if len(netlists) > 1:
        note = "netgen is given one netlist as it is, and there are libraries beside it"
        return HierarchyVerdict(NOT_COMPARED, notes=(note,), judged=judged)
    try:
        verdict = third.compare(*drawn, netlists[0], circuit, pdk, work)
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
