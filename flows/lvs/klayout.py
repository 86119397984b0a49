"""KLayout's comparison, by our deck."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mirrorneuron.flows import tools
from mirrorneuron.flows.lvs.tolerance import Tolerances
from mirrorneuron.lvs import DECK
from mirrorneuron.pdk_sky130.errors import EvidenceError

__all__ = ["KlayoutVerdict", "compare"]

_TIMEOUT_S: Final = 1800.0
_EVIDENCE_KEYS: Final = {
    "passed",
    "devices",
    "layout_devices",
    "netlist_devices",
    "errors",
    "foreign",
    "deviations",
}


@dataclass(frozen=True)
class KlayoutVerdict:
    """What KLayout says: devices that it matched, every difference, and every size that differs inside the tolerance.

    ``foreign`` are the errors of shapes that change devices unknown to the deck: no tool can judge such a layout, and
    Magic may not even come to an end.
    """

    devices: int
    errors: tuple[str, ...]
    foreign: tuple[str, ...]
    deviations: tuple[str, ...]


def compare(gds: Path, schematic: Path, top: str, work: Path, tolerances: Tolerances | None = None) -> KlayoutVerdict:
    """KLayout's verdict on the cell `top`, from a run in the folder `work`.

    Parameters
    ----------
    tolerances
        How much sizes may differ; without it not at all.

    Raises
    ------
    ToolError
        KLayout is missing, fails, or leaves no verdict.
    """
    evidence = work / "klayout.json"
    evidence.unlink(missing_ok=True)
    variables: dict[str, Path | str] = {
        "input": gds,
        "top": top,
        "schematic": schematic,
        "report": work / "klayout.lvsdb",
        "target_netlist": work / "klayout.cir",
        "evidence": evidence,
    }
    if tolerances is not None:
        allowed = work / "tolerances.json"
        allowed.write_text(json.dumps(tolerances))
        variables["tolerances"] = allowed
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
    lists = (tuple(verdict[key]) for key in ("errors", "foreign", "deviations"))
    return KlayoutVerdict(verdict["devices"], *lists)
