"""Layout versus schematic: KLayout with our deck, and Magic with netgen as a second opinion. Both must match."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from mirrorneuron.flows import tools
from mirrorneuron.flows.lvs import alike as lvs_alike
from mirrorneuron.flows.lvs import netgen as lvs_netgen
from mirrorneuron.flows.lvs import schematic as lvs_netlist
from mirrorneuron.flows.tools import gds as gds_file
from mirrorneuron.lvs import DECK
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import EvidenceError, FileError

__all__ = ["LvsResult", "run"]

_TIMEOUT_S: Final = 1800.0
_TOLD_MAX: Final = 100
_EVIDENCE_KEYS: Final = {"passed", "devices", "layout_devices", "netlist_devices", "errors"}


@dataclass(frozen=True)
class LvsResult:
    """The verdict of both tools.

    ``devices`` counts the layout's devices (gates, plates) that KLayout matched; ``errors`` begin with the tool's name.
    ``unseen`` says what of these devices Magic and netgen cannot compare, so that it rests on KLayout alone.
    """

    passed: bool
    devices: int
    klayout: bool
    netgen: bool
    errors: tuple[str, ...]
    unseen: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The result as a JSON object."""
        return {**asdict(self), "errors": list(self.errors), "unseen": list(self.unseen)}


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
    schematic = lvs_netlist.read(netlist, cell.name)
    pdk = install.locate()
    for tool in ("klayout", "magic", "netgen"):
        tools.find(tool)
    try:
        work.mkdir(parents=True, exist_ok=True)
        (work / "given.spice").write_text(schematic.text)
    except OSError as error:
        raise FileError(f"{work} cannot be written: {error.strerror}") from error
    devices, klayout_errors = _klayout(gds, cell.name, work)
    extracted = lvs_netgen.extract(layout, cell, pdk, work)
    compared, netgen_errors = lvs_netgen.compare(extracted, schematic, pdk, work)
    klayout_matches = not klayout_errors and devices > 0
    netgen_matches = not netgen_errors and compared > 0
    return LvsResult(
        passed=klayout_matches and netgen_matches,
        devices=devices,
        klayout=klayout_matches,
        netgen=netgen_matches,
        errors=(*_told("klayout", klayout_errors, work), *_told("netgen", netgen_errors, work)),
        unseen=lvs_alike.unseen(schematic.models, adapted=extracted.adapted),
    )


def _told(tool: str, errors: tuple[str, ...], work: Path) -> list[str]:
    lines = [f"{tool}: {error}" for error in errors[:_TOLD_MAX]]
    if len(errors) > _TOLD_MAX:
        lines.append(f"{tool}: and {len(errors) - _TOLD_MAX} more; all are in {work / f'{tool}.json'}")
    return lines


def _klayout(gds: Path, top: str, work: Path) -> tuple[int, tuple[str, ...]]:
    evidence = work / "klayout.json"
    evidence.unlink(missing_ok=True)
    variables = {
        "input": gds,
        "top": top,
        "schematic": work / "given.spice",
        "report": work / "klayout.lvsdb",
        "target_netlist": work / "klayout.cir",
        "evidence": evidence,
    }
    arguments: list[str | Path] = ["-b", "-r", DECK]
    for name, value in variables.items():
        arguments += ["-rd", f"{name}={value}"]
    # A home of its own keeps the user's macros and packages out.
    home = {"KLAYOUT_HOME": str(work / "klayout_home")}
    tools.run("klayout", arguments, cwd=work, log=work / "klayout.log", timeout_s=_TIMEOUT_S, env=home)
    try:
        found = json.loads(evidence.read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise EvidenceError(f"KLayout left no verdict ({error}); see {work / 'klayout.log'}") from error
    if not isinstance(found, dict) or set(found) != _EVIDENCE_KEYS or found["passed"] == bool(found["errors"]):
        raise EvidenceError(f"KLayout's verdict {evidence} is not of the form that the deck writes")
    return found["devices"], tuple(found["errors"])
