"""The cell's targets as a judge: a mutated circuit is measured as sign-off measures it, before layout.

A target that the cell itself misses is replaced by the cell's own value. The judge reports missed targets, inputs whose
current source is out of compliance, and circuits without an operating point.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mirrorneuron.flows import judge
from mirrorneuron.flows.testbenches import registry
from mirrorneuron.flows.testbenches.mirror.quantities import QUANTITIES
from mirrorneuron.generators.spec import CellSpec
from mirrorneuron.pdk_sky130.errors import FileError, MirrorneuronError, MissingToolError

from mutation.fault import Fault, plant
from mutation.subjects import subject

__all__ = ["FLOORS", "PART", "TEXT", "Measured", "differences", "measured", "missed", "netlist"]

PART = 0.02
"""What a number may change by, and still be called the same."""
FLOORS = {"%": 0.02, "dB": 0.1, "V": 1e-3, "mV": 1.0, "mV/K": 0.01, "us": 0.01, "uA": 1e-3}
"""The same, by unit, where `PART` of it is less."""
TEXT = (
    f"of a fault in circuit and layout: no measured number changes by more than {100 * PART:g} %, or, where that is "
    f"less, {', '.join(f'{value:g} {unit}' for unit, value in FLOORS.items())}"
)


@dataclass(frozen=True)
class Measured:
    """A circuit's numbers by key, why others are missing, and which checks of the measurement it fails."""

    numbers: Mapping[str, float] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)


def measured(cell: str, fault: Fault | None = None) -> Measured:
    """Measure a cell, or a fault in it.

    Raises
    ------
    MirrorneuronError
        The cell as it is cannot be measured, or a tool or file is missing.
    """
    if fault is None:
        return netlist(_spec(cell), subject(cell).netlist)
    try:
        return netlist(_spec(cell), plant(fault)[0].netlist)
    except (FileError, MissingToolError):
        raise
    except MirrorneuronError as error:
        return Measured(failed={"simulation": re.sub(r"\S*/", "", str(error).splitlines()[0])})


def netlist(spec: CellSpec, text: str) -> Measured:
    """Measure a netlist as the cell of a spec.

    Raises
    ------
    MirrorneuronError
        It cannot be measured.
    """
    bench = registry.needed(spec)
    with tempfile.TemporaryDirectory(prefix="mutant_") as folder:
        path = Path(folder) / f"{spec.name}.spice"
        path.write_text(text)
        (measurement,) = bench.measure(spec, [path])
    checks = {check.name: check.detail for check in bench.checks("circuit", measurement) if not check.passed}
    return Measured(dict(measurement.numbers), dict(measurement.missing), checks)


def _spec(cell: str) -> CellSpec:
    spec = subject(cell).spec
    if spec is None:
        raise FileError(f"{cell} is read from released files, without a spec: no targets for it")
    return spec


def missed(cell: str, before: Measured, after: Measured) -> tuple[str, ...]:
    """Targets that a mutant misses and the cell itself does not, or misses by less."""
    lines = [f"{name}: {detail}" for name, detail in after.failed.items() if name not in before.failed]
    if "simulation" in after.failed:
        return tuple(lines)
    bench = registry.needed(_spec(cell))
    for wanted in judge.targets(bench):
        target, value = _met(wanted, before), after.numbers.get(wanted.value)
        unit = QUANTITIES[wanted.value].unit
        if target is None:
            continue
        if value is None:
            lines.append(f"{target.value}: {after.missing[target.value]}")
        elif target.margin(value) < 0:
            lines.append(f"{target.value} {value:.4g} {unit}".rstrip() + f" ({target.limits_text(unit)})")
    return tuple(lines)


def _met(target: judge.Target, before: Measured) -> judge.Target | None:
    """A target, or the same with a limit that the cell as it is meets; None if the cell has no number for it."""
    value = before.numbers.get(target.value)
    if value is None:
        return None
    room = _room(target.value, value)
    low = value - room if target.min is not None and value < target.min else target.min
    high = value + room if target.max is not None and value > target.max else target.max
    return target.model_copy(update={"min": low, "max": high})


def _room(key: str, value: float) -> float:
    """What a number may change by."""
    return max(PART * abs(value), FLOORS.get(QUANTITIES[key].unit, 0.0))


def differences(before: Measured, after: Measured) -> tuple[str, ...]:
    """The numbers that changed, with their values before and after."""
    lines = []
    for key, quantity in QUANTITIES.items():
        old, new = (measured.numbers.get(key) for measured in (before, after))
        if old is None or new is None:
            if old is not new:
                lines.append(f"{key} {_text(old)} to {_text(new)}")
        elif abs(new - old) > _room(key, old):
            lines.append(f"{key} {_text(old)} to {_text(new)} {quantity.unit}".rstrip())
    return tuple(lines)


def _text(number: float | None) -> str:
    return "none" if number is None else f"{number:.4g}"
