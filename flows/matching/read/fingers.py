"""What the matching report holds against each other: fingers of transistors, bars of resistors, bipolar transistors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import klayout.db as kdb

__all__ = ["BAR", "BIPOLAR", "FET", "NO_NET", "Finger", "Oddity"]

NO_NET: Final = -1
"""Net of a terminal that lies on nothing that conducts."""

FET: Final = "transistor"
BAR: Final = "resistor"
BIPOLAR: Final = "npn"


@dataclass(frozen=True, slots=True)
class Finger:
    """A gate with its two ends; or a bar of a poly resistor; or a bipolar transistor: `sort` tells which.

    ``axis`` is the direction of the row that it stands in, "x" or "y"; ``ends`` are the nets on the low and the high
    side along the current, ``columns`` the pieces of diffusion there (two fingers that share one have the same number),
    ``reach`` how far the diffusion goes on from the gate on either side, other gates not counted (SA, SB). ``poly`` and
    ``island`` number the pieces of poly and of diffusion that the gate is part of, ``instance`` the placed cell that
    holds both (-1: none). ``loop`` is the innermost closed loop of tap around it (index in `Extraction.loops`, -1:
    none). ``plain`` is false where the gate is no rectangle with one W; W is then the mean over both sides and L the
    area over it. ``logic``: in a standard cell.

    A transistor's current flows along its row, a bar's across it. A bar's ``box`` is its body, its ``gate`` the well
    under it. Of a bipolar transistor ``gate`` is the base, ``ends`` are collector and emitter, ``bulk`` is the
    substrate, W and L are the emitter's and ``box`` is the deep n-well's. Neither has columns, reach, island or
    instance.
    """

    model: str
    polarity: str
    w: int
    l: int  # noqa: E741
    box: kdb.Box
    axis: str
    gate: int
    ends: tuple[int, int]
    bulk: int
    columns: tuple[int, int]
    reach: tuple[int, int]
    poly: int
    island: int
    instance: int
    loop: int
    plain: bool
    logic: bool
    sort: str = FET

    @property
    def x(self) -> float:
        """Centre [nm]."""
        return (self.box.left + self.box.right) / 2

    @property
    def y(self) -> float:
        """Centre [nm]."""
        return (self.box.bottom + self.box.top) / 2

    @property
    def flow(self) -> str:
        """Direction of the current, "x" or "y"; nothing for a bipolar transistor, whose current goes down."""
        if self.sort == BAR:
            return "y" if self.axis == "x" else "x"
        return self.axis if self.sort == FET else ""


@dataclass(frozen=True, slots=True)
class Oddity:
    """What looks like a device and is not extracted as one: its centre [nm] and why."""

    x: float
    y: float
    reason: str
