"""How an extraction agrees with another Magic's."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
from mirrorneuron.flows import tools
from mirrorneuron.flows.extract.result import Agreement, ExtractResult
from mirrorneuron.flows.extract.run import run
from mirrorneuron.pdk_sky130.errors import EvidenceError

__all__ = ["compare"]

_COMPARED_F: Final = 0.3e-15
"""Nets of less capacitance are not compared."""


def compare(result: ExtractResult, gds: Path, magic_program: Path, *, work: Path, top: str | None = None) -> Agreement:
    """Compare an extraction with that of another Magic for the same layout.

    Not for use beside other runs of Magic in one process: they would get the other program, too.

    Raises
    ------
    EvidenceError
        The two have no net above 0.3 fF in common.
    InputError, ToolError
        As for `run`.
    """
    with _magic(magic_program):
        other = run(gds, out=work / "other.pex.spice", work=work, top=top)
    own, others = _sums(result.pex), _sums(other.pex)
    ratios = [own[net] / value for net, value in others.items() if value > _COMPARED_F and net in own]
    if not ratios:
        raise EvidenceError(f"{result.tool} and {other.tool} have no net above {_COMPARED_F * 1e15:g} fF in common")
    low, median, high = (float(value) for value in np.percentile(ratios, (10, 50, 90)))
    return Agreement(other.tool, len(ratios), median, low, high)


@contextmanager
def _magic(program: Path) -> Iterator[None]:
    """Another Magic for a while."""
    variable = tools.TOOLS["magic"].variable
    before = os.environ.get(variable)
    os.environ[variable] = str(program)
    try:
        yield
    finally:
        if before is None:
            del os.environ[variable]
        else:
            os.environ[variable] = before


def _sums(netlist: Path) -> dict[str, float]:
    """Capacitance [F] of each net of an extracted netlist; places on a net's wires count for the net."""
    sums: dict[str, float] = defaultdict(float)
    for line in netlist.read_text().splitlines():
        if line.startswith("C"):
            _, first, second, value = line.split()
            sums[first] += float(value)
            sums[second] += float(value)
    return sums
