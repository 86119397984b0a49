"""The test bench of a cell: that of its record's family. A bench is imported when it is needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

from mirrorneuron.flows.testbench import Testbench
from mirrorneuron.generators import catalog
from mirrorneuron.generators.spec import CellSpec
from mirrorneuron.pdk_sky130.errors import InputError

__all__ = ["bench_of", "needed"]


def bench_of(spec: CellSpec) -> Testbench[Any, Any] | None:
    """The test bench of a spec's cell; None if it has none.

    A family is a package here. Its module ``bench`` has a ``BENCH``, or, where the bench depends on the spec, a
    function ``bench_of``.
    """
    family = catalog.cell(spec.cell).family
    if family is None:
        return None
    module = import_module(f"{__package__}.{family}.bench")
    bench = module.bench_of(spec) if hasattr(module, "bench_of") else module.BENCH
    return cast("Testbench[Any, Any]", bench)


def needed(spec: CellSpec) -> Testbench[Any, Any]:
    """The test bench of a spec's cell.

    Raises
    ------
    InputError
        The cell has none.
    """
    bench = bench_of(spec)
    if bench is None:
        raise InputError(
            f"there is no testbench for {spec.cell}, so it cannot be simulated or judged; build, drc, lvs, matching "
            "and extract can do without"
        )
    return bench
