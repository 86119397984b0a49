"""How much a size of the layout may differ from the netlist's.

``exact``: not at all (1 nm, a fifth of the grid). ``official``: what the official netgen set-up of the installed PDK
allows for each kind of device; every size that differs and is inside it is listed.
"""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Final

from mirrorneuron.pdk_sky130.errors import EvidenceError
from mirrorneuron.pdk_sky130.spice.devices import DEVICES

__all__ = ["Tolerance", "Tolerances", "official"]

Tolerances = dict[str, dict[str, float]]
"""By model and size (W, L, A, P), how much of the netlist's the difference may be."""

_SIZES: Final = {"w": "W", "l": "L", "area": "A", "perim": "P"}
_LIST: Final = re.compile(r"set devices \{(.*)\}|lappend devices (.+)")
_PROPERTY: Final = re.compile(r'property "-circuit1 \$dev" tolerance (.+)')
_LIMIT: Final = re.compile(r"\{(\w+) ([\d.]+)\}")


class Tolerance(StrEnum):
    """How strictly sizes are compared."""

    EXACT = "exact"
    OFFICIAL = "official"


def official(setup: Path) -> Tolerances:
    """What netgen's set-up file allows.

    Raises
    ------
    EvidenceError
        The file has no tolerance for a transistor: it is not of the form that is read.
    """
    tolerances: Tolerances = {}
    listed: list[str] = []
    for line in setup.read_text().splitlines():
        words = line.strip()
        if match := _LIST.fullmatch(words):
            listed = (match[1] or "").split() if match[2] is None else [*listed, *match[2].split()]
        elif match := _PROPERTY.fullmatch(words):
            limits = {_SIZES[name]: float(part) for name, part in _LIMIT.findall(match[1]) if name in _SIZES}
            tolerances |= {device.lower(): limits for device in listed if device.lower() in DEVICES}
    if "sky130_fd_pr__nfet_01v8" not in tolerances:
        raise EvidenceError(f"{setup} has no tolerances that can be read; use --tolerance exact")
    return tolerances
