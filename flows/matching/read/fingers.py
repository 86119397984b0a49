"""The devices that the matching report compares: fingers of transistors, bars of resistors, bipolar transistors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import klayout.db as kdb

__all__ = ["BAR", "BIPOLAR", "FET", "NO_NET", "Finger", "Oddity"]

NO_NET: Final = -1
"""Net of a terminal that lies on no conductor."""

FET: Final = "transistor"
BAR: Final = "resistor"
BIPOLAR: Final = "npn"


@dataclass(frozen=True, slots=True)
class Finger:
    """A gate with its two ends; or a bar of a poly resistor; or a bipolar transistor, by its ``sort``.

    Attributes
    ----------
    w, l
        W and L [nm]. ``plain`` is false where the gate is no rectangle with one W; W is then the mean over both sides
        and L the area over it.
    axis
        Direction of the row that it stands in, "x" or "y". A transistor's current flows along its row, a bar's across.
    gate, ends, bulk
        Nets; ``ends`` on the low and on the high side along the current.
    columns
        Numbers of the pieces of diffusion at the ends (two fingers that share a piece have the same number).
    reach
        How far the diffusion goes on from the gate on either side, other gates not counted (SA, SB) [nm].
    poly, island
        Numbers of the pieces of poly and of diffusion that the gate is part of.
    instance
        Number of the placed cell that holds both; -1 if there is none.
    loop
        The innermost closed loop of tap around it (index in `Extraction.loops`); -1 if there is none.

    A bar's ``box`` is its body, its ``gate`` the well under it. Of a bipolar transistor ``gate`` is the base, ``ends``
    are collector and emitter, ``bulk`` is the substrate, W and L are the emitter's and ``box`` is the deep n-well's.
    Neither has columns, reach, island or instance.
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
        """Direction of the current, "x" or "y"; empty for a bipolar transistor, whose current flows downwards."""
        if self.sort == BAR:
            return "y" if self.axis == "x" else "x"
        return self.axis if self.sort == FET else ""


@dataclass(frozen=True, slots=True)
class Oddity:
    """A shape that looks like a device and is not extracted as one: its centre [nm] and the reason."""

    x: float
    y: float
    reason: str

    @classmethod
    def at(cls, box: kdb.Box, reason: str) -> Oddity:
        """The oddity of a shape with this box."""
        return cls((box.left + box.right) / 2, (box.bottom + box.top) / 2, reason)
