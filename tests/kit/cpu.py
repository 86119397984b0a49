"""Processor time of this process and of its programs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

RUNNING: Final[set[int]] = set()
"""Numbers of processes that outlive a test; others count when they have ended."""


def seconds() -> float:
    """Processor time [s] of this process, of all programs that have ended under it, and of those in `RUNNING`."""
    return sum(os.times()[:4]) + sum(map(_so_far, RUNNING))


def _so_far(process: int) -> float:
    """Processor time [s] of a running process and of its children that have ended; 0 where there is no /proc."""
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return 0.0
    ticks = text.rpartition(")")[2].split()[11:15]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
