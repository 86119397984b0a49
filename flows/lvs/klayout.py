"""KLayout's comparison, by our deck."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from mirrorneuron.flows import tools
from mirrorneuron.lvs import DECK
from mirrorneuron.pdk_sky130.errors import EvidenceError

__all__ = ["compare"]

_TIMEOUT_S: Final = 1800.0
_EVIDENCE_KEYS: Final = {"passed", "devices", "layout_devices", "netlist_devices", "errors"}


def compare(gds: Path, schematic: Path, top: str, work: Path) -> tuple[int, tuple[str, ...]]:
    """Number of devices that KLayout matched in the folder `work`, and every difference.

    Raises
    ------
    ToolError
        KLayout is missing, fails, or leaves no verdict.
    """
    evidence = work / "klayout.json"
    evidence.unlink(missing_ok=True)
    variables = {
        "input": gds,
        "top": top,
        "schematic": schematic,
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
        verdict = json.loads(evidence.read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise EvidenceError(f"KLayout left no verdict ({error}); see {work / 'klayout.log'}") from error
    if not isinstance(verdict, dict) or set(verdict) != _EVIDENCE_KEYS or verdict["passed"] == bool(verdict["errors"]):
        raise EvidenceError(f"KLayout's verdict {evidence} does not have the form that the deck writes")
    return verdict["devices"], tuple(verdict["errors"])
