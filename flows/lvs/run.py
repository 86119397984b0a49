"""Layout versus schematic: KLayout with our deck, and Magic with netgen as a second opinion. Both must match."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from mirrorneuron.flows import tools
from mirrorneuron.flows.lvs import klayout, magic, netgen, schematic
from mirrorneuron.flows.lvs.normalise import unseen
from mirrorneuron.flows.lvs.result import LvsResult
from mirrorneuron.flows.tools import gds as gds_file
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import FileError

__all__ = ["run"]

_MESSAGES_MAX: Final = 100


def run(gds: Path, netlist: Path, *, work: Path, top: str | None = None) -> LvsResult:
    """Compare a layout with a netlist.

    Parameters
    ----------
    work
        Where the tools' files and logs go; made if it is not there.
    top
        The cell to compare; may be left out if the layout has one top cell.

    Raises
    ------
    FileError
        A file is missing or is no layout or netlist, or `work` cannot be written.
    NetlistError
        A file does not hold the cell, or the netlist is not of the form in ``lvs/README.md``.
    ToolError
        A program is missing, fails, or leaves no evidence.
    """
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
    matched, klayout_errors = klayout.compare(gds, flat, cell.name, work)
    extracted = magic.extract(layout, cell, pdk, work)
    compared, netgen_errors = netgen.compare(extracted, circuit, pdk, work)
    klayout_matches = not klayout_errors and matched > 0
    netgen_matches = not netgen_errors and compared > 0
    return LvsResult(
        passed=klayout_matches and netgen_matches,
        devices=matched,
        klayout=klayout_matches,
        netgen=netgen_matches,
        errors=(*_messages("klayout", klayout_errors, work), *_messages("netgen", netgen_errors, work)),
        unseen=unseen(circuit.models, adapted=extracted.adapted),
    )


def _messages(tool: str, errors: tuple[str, ...], work: Path) -> list[str]:
    messages = [f"{tool}: {error}" for error in errors[:_MESSAGES_MAX]]
    if len(errors) > _MESSAGES_MAX:
        messages.append(f"{tool}: and {len(errors) - _MESSAGES_MAX} more; all are in {work / f'{tool}.json'}")
    return messages
