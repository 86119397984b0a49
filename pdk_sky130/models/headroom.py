"""V_GS and leakage of a transistor at the corners, by its size: they decide whether a circuit fits under its supply.

`headroom.csv` beside this file holds the difference between the continuous models and the hand model (`hand`), which
knows no short or narrow channels: a correction of V_GS at ss, for the worse of -40 and 125 C, and the current of a
transistor that is off at ff, 125 C and 1.8 V. ``benchmarks/headroom.py`` makes it. Values between its sizes and
currents are interpolated linearly over their logarithms; values beyond them are those of the nearest.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import exp, log
from pathlib import Path
from typing import Final

from mirrorneuron.pdk_sky130.models.hand import hand_model

__all__ = ["CURRENTS_A", "HEADROOM_CSV", "gate_source", "leakage"]

HEADROOM_CSV: Final = Path(__file__).with_name("headroom.csv")
CURRENTS_A: Final = (1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 3e-5, 1e-4)
"""Currents per square of the table [A]."""


@dataclass(frozen=True)
class _Row:
    off: float
    more: tuple[float, ...]


@cache
def _table() -> dict[str, dict[float, dict[float, _Row]]]:
    """The table by device, W and L [um]."""
    table: dict[str, dict[float, dict[float, _Row]]] = {}
    with HEADROOM_CSV.open(encoding="utf-8", newline="") as file:
        for device, w, length, off, *more in list(csv.reader(file))[1:]:
            row = _Row(float(off), tuple(float(mv) / 1000 for mv in more if mv))
            table.setdefault(device, {}).setdefault(float(w), {})[float(length)] = row
    return table


def gate_source(device: str, current: float, w_um: float, l_um: float) -> float:
    """V_GS [V] that carries a current [A] at ss, the larger of -40 and 125 C.

    Raises
    ------
    SpecError
        There is no hand model of the device.
    """
    model, square = hand_model(device), current * l_um / w_um

    def more(row: _Row) -> float:
        return _between({log(ampere): volt for ampere, volt in zip(CURRENTS_A, row.more, strict=False)}, log(square))

    if device not in _table():
        return model.gate_source(square, 1.0, slow=True)
    by_width = {
        log(w): _between({log(length): more(row) for length, row in rows.items()}, log(l_um))
        for w, rows in _table()[device].items()
    }
    return model.gate_source(square, 1.0) + _between(by_width, log(w_um))


def leakage(device: str, w_um: float, l_um: float) -> float:
    """Current of a transistor with V_GS = 0 at ff, 125 C and V_DS = 1.8 V [A]; 0 for a device outside the table."""
    if device not in _table():
        return 0.0
    by_width = {
        log(w): _between({log(length): log(row.off) for length, row in rows.items()}, log(l_um))
        for w, rows in _table()[device].items()
    }
    return exp(_between(by_width, log(w_um))) * w_um / l_um


def _between(known: dict[float, float], at: float) -> float:
    """Linear interpolation between the neighbours of `at`; beyond the ends the nearest value."""
    places = sorted(known)
    at = min(max(at, places[0]), places[-1])
    for low, high in pairwise(places):
        if at <= high:
            return known[low] + (known[high] - known[low]) * (at - low) / (high - low)
    return known[places[-1]]
