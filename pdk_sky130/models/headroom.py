"""What a transistor needs and leaks at the corners, by its size: what decides whether a circuit fits under its supply.

`headroom.csv` beside this file holds how far the continuous models are from the hand model (`hand`), which knows no
short or narrow channels: a correction of V_GS at ss, for the worse of -40 and 125 C, and the current of a transistor
that is off at ff, 125 C and 1.8 V. ``benchmarks/headroom.py`` makes it. Between its sizes and currents straight lines
are taken over their logarithms; beyond them the nearest.
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
"""Currents of a square that the table is for [A]."""


@dataclass(frozen=True)
class _Row:
    off: float
    more: tuple[float, ...]


@cache
def _table() -> dict[str, dict[float, dict[float, _Row]]]:
    """By device, W and L [um]."""
    found: dict[str, dict[float, dict[float, _Row]]] = {}
    with HEADROOM_CSV.open(encoding="utf-8", newline="") as file:
        for device, w, length, off, *more in list(csv.reader(file))[1:]:
            row = _Row(float(off), tuple(float(one) / 1000 for one in more if one))
            found.setdefault(device, {}).setdefault(float(w), {})[float(length)] = row
    return found


def gate_source(device: str, current: float, w_um: float, l_um: float) -> float:
    """V_GS [V] that carries a current [A] at ss, and -40 or 125 C, whichever takes more.

    Raises
    ------
    SpecError
        There is no hand model of the device.
    """
    model, square = hand_model(device), current * l_um / w_um

    def more(row: _Row) -> float:
        return _between({log(one): volt for one, volt in zip(CURRENTS_A, row.more, strict=False)}, log(square))

    if device not in _table():
        return model.gate_source(square, 1.0, slow=True)
    by_width = {
        log(w): _between({log(length): more(row) for length, row in rows.items()}, log(l_um))
        for w, rows in _table()[device].items()
    }
    return model.gate_source(square, 1.0) + _between(by_width, log(w_um))


def leakage(device: str, w_um: float, l_um: float) -> float:
    """Current of a transistor with V_GS = 0 at ff, 125 C and 1.8 V of V_DS [A]; 0 for a device that the table lacks."""
    if device not in _table():
        return 0.0
    by_width = {
        log(w): _between({log(length): log(row.off) for length, row in rows.items()}, log(l_um))
        for w, rows in _table()[device].items()
    }
    return exp(_between(by_width, log(w_um))) * w_um / l_um


def _between(known: dict[float, float], at: float) -> float:
    """A straight line between the neighbours of `at`; beyond the ends the nearest."""
    places = sorted(known)
    at = min(max(at, places[0]), places[-1])
    for low, high in pairwise(places):
        if at <= high:
            return known[low] + (known[high] - known[low]) * (at - low) / (high - low)
    return known[places[-1]]
