"""The parts of an open_pdks installation."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Final

from mirrorneuron.pdk_sky130.errors import MissingToolError
from mirrorneuron.pdk_sky130.install.pdk import PARTS, Pdk

__all__ = ["installed"]

_OPTIONAL: Final = frozenset({"zero_area_deck", "pin_label_deck"})
_TECH: Final = PurePosixPath("libs.tech")
_REMEDY: Final = "Correct it, or unset it to use mirrorneuron's own assembly."


def installed(root: Path, variant: str) -> Pdk:
    """The parts of an open_pdks installation. The binned models are no substitute for the continuous ones.

    Parameters
    ----------
    root, variant
        ``PDK_ROOT``, and the folder in it, ``PDK``.

    Raises
    ------
    MissingToolError
        It is no SKY130 PDK or lacks a part that is needed.
    """
    folder = root / variant
    if not variant.startswith("sky130"):
        raise MissingToolError(f"PDK={variant} is no SKY130 process (expected sky130A). {_REMEDY}")
    if not (folder / _TECH).is_dir():
        hint = f" Did you mean PDK_ROOT={root.parent}, PDK={root.name}?" if (root / _TECH).is_dir() else ""
        raise MissingToolError(f"PDK_ROOT={root} holds no {variant}/libs.tech, so it is no PDK.{hint} {_REMEDY}")
    parts: dict[str, Path] = {}
    for name, place in _places(variant).items():
        path = folder / place
        if path.is_file():
            parts[name] = path
        elif name not in _OPTIONAL:
            raise MissingToolError(f"PDK_ROOT={root}: no {path}, the {PARTS[name]}. Update that PDK. {_REMEDY}")
    parts["continuous"] = parts["continuous"].parent
    return Pdk(root=folder, source=f"installed, PDK_ROOT={root}", version=_open_pdks_version(folder), **parts)


def _places(variant: str) -> dict[str, PurePosixPath]:
    """Where an installation keeps the parts, by attribute of `Pdk`."""
    decks = _TECH / "klayout/drc"
    return {
        "continuous": _TECH / "combined/continuous/sky130.lib.spice",
        "drc_deck": decks / f"{variant}_mr.drc",
        "zero_area_deck": decks / "zeroarea.rb.drc",
        "pin_label_deck": decks / "pin_label_purposes_overlapping_drawing.rb.drc",
        "magic_tech": _TECH / f"magic/{variant}.tech",
        "netgen_setup": _TECH / f"netgen/{variant}_setup.tcl",
    }


def _open_pdks_version(folder: Path) -> str:
    """The commit that open_pdks recorded of itself; older ones record nothing, which is no reason to refuse them."""
    try:
        recorded = json.loads((folder / ".config/nodeinfo.json").read_text())
        return str(recorded["commit"]["open_pdks"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
