"""Which cell has which testbench. A bench is imported when it is needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final, cast

from mirrorneuron.flows.testbench import Testbench
from mirrorneuron.generators.spec import CellSpec
from mirrorneuron.pdk_sky130.errors import InputError

__all__ = ["BENCHES", "FAMILIES", "bench_of", "needed"]

BENCHES: Final = {
    "matched_array": "matched_array",
    "neuron": "neuron",
}
"""The module of this package that holds the ``BENCH`` of a cell."""

FAMILIES: Final = {"mirror_": "mirror"}
"""The module that holds the function ``bench_of`` of all cells whose names begin like this."""


def bench_of(spec: CellSpec) -> Testbench[Any, Any] | None:
    """The testbench of a spec's cell; None if there is none."""
    if spec.cell in BENCHES:
        return cast("Testbench[Any, Any]", import_module(f"{__package__}.{BENCHES[spec.cell]}.bench").BENCH)
    family = next((module for prefix, module in FAMILIES.items() if spec.cell.startswith(prefix)), None)
    if family is None:
        return None
    return cast("Testbench[Any, Any]", import_module(f"{__package__}.{family}.bench").bench_of(spec))


def needed(spec: CellSpec) -> Testbench[Any, Any]:
    """The testbench of a spec's cell.

    Raises
    ------
    InputError
        There is none.
    """
    bench = bench_of(spec)
    if bench is None:
        raise InputError(
            f"there is no testbench for {spec.cell}, so it cannot be simulated or judged; build, drc, lvs, matching "
            "and extract can do without"
        )
    return bench
