"""The parts of a SKY130 PDK that mirrorneuron reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["PARTS", "Pdk"]

PARTS: Final[dict[str, str]] = {
    "continuous": "SPICE models (continuous set)",
    "drc_deck": "KLayout DRC deck",
    "zero_area_deck": "KLayout zero-area check",
    "pin_label_deck": "KLayout pin-label check",
    "magic_tech": "Magic technology",
    "netgen_setup": "netgen set-up",
    "fd_pr": "foundry cells of fixed layout",
    "sc_hd": "foundry standard cells",
}
"""The parts of a `Pdk` in words, by attribute."""


@dataclass(frozen=True)
class Pdk:
    """Where the parts of the PDK lie.

    Attributes
    ----------
    root
        The folder that holds all parts.
    source
        In one line, whether it is installed or assembled, and from what.
    version
        Empty if the installation does not record it.
    continuous
        Folder with ``sky130.lib.spice`` of the continuous models.
    zero_area_deck, pin_label_deck
        None in an installation that does not ship the check.
    fd_pr, sc_hd
        In the layout of the foundry's repositories (``<fd_pr>/cells/<family>/<cell>.gds``,
        ``<sc_hd>/<family>/<cell>.gds`` and ``.spice``); None in an open_pdks installation, which keeps its cells
        differently.
    """

    root: Path
    source: str
    version: str
    continuous: Path
    drc_deck: Path
    magic_tech: Path
    netgen_setup: Path
    zero_area_deck: Path | None = None
    pin_label_deck: Path | None = None
    fd_pr: Path | None = None
    sc_hd: Path | None = None
