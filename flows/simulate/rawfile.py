"""Reads the binary raw files of ngspice."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from mirrorneuron.pdk_sky130.errors import EvidenceError
from numpy.typing import NDArray

__all__ = ["RawPlot", "read"]

_HEADER: Final = re.compile(
    rb"Title:.*?\nPlotname: (?P<plot>[^\n]*)\nFlags: (?P<flags>[^\n]*)\nNo\. Variables: (?P<variables>\d+)\s*\n"
    rb"No\. Points: (?P<points>\d+)\s*\n.*?Variables:\n(?P<list>.*?)Binary:\n",
    re.DOTALL,
)


@dataclass(frozen=True)
class RawPlot:
    """One analysis of a raw file, which ngspice calls a plot: its name, and its vectors (real, or complex for AC)."""

    name: str
    vectors: dict[str, NDArray[Any]]


def read(path: Path) -> list[RawPlot]:
    """All plots of a raw file, in order.

    Raises
    ------
    EvidenceError
        The file is missing, empty, truncated, or no raw file.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise EvidenceError(f"ngspice left no {path.name}") from error
    plots: list[RawPlot] = []
    position = 0
    while position < len(data):
        header = _HEADER.match(data, position)
        if header is None:
            raise EvidenceError(f"{path.name} is no raw file of ngspice (at byte {position})")
        names = [line.split(b"\t")[2].decode("utf-8", "replace") for line in header["list"].splitlines()]
        columns, rows = int(header["variables"]), int(header["points"])
        kind: np.dtype[Any] = np.dtype(np.complex128 if b"complex" in header["flags"] else np.float64)
        size = columns * rows * kind.itemsize
        if len(names) != columns or header.end() + size > len(data):
            raise EvidenceError(f"{path.name} is cut short: its header promises {columns} x {rows} numbers")
        table = np.frombuffer(data, kind, columns * rows, header.end()).reshape(rows, columns)
        plots.append(RawPlot(header["plot"].decode(), {name: table[:, k] for k, name in enumerate(names)}))
        position = header.end() + size
    if not plots:
        raise EvidenceError(f"{path.name} is empty")
    return plots
